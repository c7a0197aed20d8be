package evidence

import (
	"cmp"
	"slices"
)

// timing is where time went: by itself within a service's operation, or between a caller and the one that answers.
type timing struct {
	question
	own    []timed
	known  []int64 // of the baseline, one per trace
	quiet  []proof // of the baseline, at most one
	spans  int
	worked int // spans that are the service's own work for sure
}

type timed struct {
	at    int64
	took  int64
	proof proof
}

type timings map[question]*timing

// learn measures all whole traces: one value per trace and question, the mean of its spans.
func (h timings) learn(f *forest) {
	for _, t := range f.trees {
		if t.whole && !t.bare {
			h.measure(t, f.baseline)
		}
	}
}

func (h timings) measure(t *tree, baseline bool) {
	sums := map[question]*timed{}
	counts := map[question]int64{}
	var order []question
	for _, n := range t.nodes {
		q, took := elapsed(n)
		e := sums[q]
		if e == nil {
			e = &timed{at: n.start}
			sums[q] = e
			order = append(order, q)
		}
		if e.proof.node == nil || took > e.proof.took {
			e.proof = proof{node: n, at: n.end, took: took}
		}
		e.took += took
		counts[q]++
		m := h.of(q)
		m.spans++
		if len(n.children) > 0 || n.parent == nil || n.parent.service != n.service {
			m.worked++
		}
	}
	for _, q := range order {
		sums[q].took /= counts[q]
		h.of(q).add(*sums[q], baseline)
	}
}

func (h timings) of(q question) *timing {
	m := h[q]
	if m == nil {
		m = &timing{question: q}
		h[q] = m
	}
	return m
}

func (m *timing) add(e timed, baseline bool) {
	if !baseline {
		m.own = append(m.own, e)
		return
	}
	m.known = append(m.known, e.took)
	if len(m.quiet) == 0 {
		m.quiet = append(m.quiet, e.proof)
	}
}

// elapsed is what a span's time is spent on beside its children.
func elapsed(n *node) (question, int64) {
	if r := n.remote(); r != nil && len(n.children) == 1 {
		return question{family: edgeFamily, service: n.service, peer: r.service, op: r.name}, max(0, (n.end-n.start)-(r.end-r.start))
	}
	return question{family: selfFamily, service: n.service, op: n.name}, n.exclusive()
}

// exclusive is the time in which no child ran, and no span beside it that began later: it waits for that one. What
// outlasts the span counts up to its end.
func (n *node) exclusive() int64 {
	free, at := int64(0), n.start
	for _, c := range n.inner() {
		if c.start > at {
			free += min(c.start, n.end) - at
		}
		at = max(at, min(c.end, n.end))
		if at >= n.end {
			break
		}
	}
	return free + max(0, n.end-at)
}

// inner are the children, and the later spans beside it that begin before it ends, by start.
func (n *node) inner() []*node {
	if n.parent == nil {
		return n.children
	}
	var later []*node
	for _, c := range n.parent.children {
		if c != n && c.start > n.start && c.start < n.end {
			later = append(later, c)
		}
	}
	if len(later) == 0 {
		return n.children
	}
	later = append(later, n.children...)
	slices.SortFunc(later, func(a, b *node) int { return cmp.Compare(a.start, b.start) })
	return later
}

// What slow is, as a multiple of what is usual. Which multiple shows best is tried.
const (
	leastUsual = 1_000_000 // nanoseconds: many clocks tick in milliseconds
	usualRank  = 0.1       // of the window's values: stays usual while nine tenths of them are slow
)

var slowFactors = [...]float64{2, 4, 8, 16, 32, 64}

// maxKnownTimes bounds how much the baseline says about time: another day is slower or faster by itself.
const maxKnownTimes = 10

// signals finds for each timing the multiple at which a step shows best.
func (h timings) signals() []*signal {
	var all []*signal
	for _, m := range h {
		var best *signal
		for _, factor := range slowFactors {
			if s := m.signal(factor); best == nil || s.step.strength > best.step.strength {
				best = s
			}
		}
		if len(best.events) > 0 {
			all = append(all, best)
		}
	}
	return all
}

func (m *timing) signal(factor float64) *signal {
	limit := int64(factor * float64(max(m.usual(), leastUsual)))
	s := &signal{question: m.question, quiet: m.quiet, work: 2*m.worked > m.spans}
	for _, e := range m.own {
		s.events = append(s.events, event{at: e.at, shown: e.took > limit, proof: e.proof})
	}
	sortEvents(s.events)
	for _, took := range m.known {
		s.known.n++
		if took > limit {
			s.known.shown++
		}
	}
	if s.known.n > maxKnownTimes {
		s.known = tally{maxKnownTimes, s.known.rate() * maxKnownTimes}
	}
	s.step = findStep(s.events, s.known)
	return s
}

func (m *timing) usual() int64 {
	values := make([]int64, 0, len(m.own))
	for _, e := range m.own {
		values = append(values, e.took)
	}
	slices.Sort(values)
	return quantile(values, usualRank)
}
