package evidence

import (
	"slices"

	"github.com/fourkites/sources/base/logs"
)

// The ends of every sequence.
const (
	startOf = "START"
	endOf   = "END"
)

// transition is one pair of things that followed each other within a span.
type transition struct {
	to    string
	proof proof
}

// habit is everything that followed one thing within the spans of one service and operation.
type habit struct {
	question // without to
	own      []followed
	known    map[string]int   // in how many traces of the baseline each thing followed
	quiet    map[string]proof // an example of each from the baseline
	traces   int              // of the baseline
}

// followed is what followed in one trace.
type followed struct {
	tree  *tree
	steps []transition
}

func (f followed) each() []string {
	var all []string
	for _, s := range f.steps {
		if !slices.Contains(all, s.to) {
			all = append(all, s.to)
		}
	}
	return all
}

// habits are the sequences of both windows.
type habits map[question]*habit

func (h habits) of(q question) *habit {
	one := h[q]
	if one == nil {
		one = &habit{question: q, known: map[string]int{}, quiet: map[string]proof{}}
		h[q] = one
	}
	return one
}

// learn walks through the spans of all whole traces.
func (h habits) learn(f *forest) {
	for _, t := range f.trees {
		if !t.whole {
			continue
		}
		walk := &walk{steps: map[question][]transition{}}
		for _, n := range t.nodes {
			if t.heard {
				walk.lines(n)
			}
			if !t.bare {
				walk.calls(n)
				walk.failure(n)
			}
		}
		for _, q := range walk.order {
			h.of(q).add(followed{t, walk.steps[q]}, f.baseline)
		}
	}
}

func (h *habit) add(f followed, baseline bool) {
	if !baseline {
		h.own = append(h.own, f)
		return
	}
	h.traces++
	for _, to := range f.each() {
		h.known[to]++
	}
	for _, s := range f.steps {
		if _, ok := h.quiet[s.to]; !ok {
			h.quiet[s.to] = s.proof
		}
	}
}

// walk gathers the pairs of one trace.
type walk struct {
	steps map[question][]transition
	order []question
}

func (w *walk) note(q question, to string, p proof) {
	if _, ok := w.steps[q]; !ok {
		w.order = append(w.order, q)
	}
	w.steps[q] = append(w.steps[q], transition{to, p})
}

// lines are the pairs of lines that followed each other in a span, with its ends.
func (w *walk) lines(n *node) {
	q := question{family: lineFamily, service: n.service, op: n.name, from: startOf}
	var last *line
	for _, l := range n.lines {
		if l.service != n.service {
			continue
		}
		w.note(q, l.key, proof{node: n, at: l.at, from: last, line: l})
		last = l
		q.from = l.key
	}
	w.note(q, endOf, proof{node: n, at: n.end, from: last})
}

// calls are the pairs of calls that followed each other in a span, with its ends. The same call again and again counts
// once, for how often a loop runs depends on the data.
func (w *walk) calls(n *node) {
	if len(n.children) == 1 && n.remote() != nil {
		return // the two ends of one call
	}
	q := question{family: callFamily, service: n.service, op: n.name, from: startOf}
	var last *node
	for _, c := range n.children {
		call := callOf(c)
		if call != q.from {
			w.note(q, call, proof{node: n, at: c.start, last: last, next: c})
			q.from = call
		}
		last = c
	}
	w.note(q, endOf, proof{node: n, at: n.end, last: last})
}

// failedOf is what follows the end of a span that failed.
const failedOf = "FAILED"

func (w *walk) failure(n *node) {
	q := question{family: failFamily, service: n.service, op: n.name, from: endOf}
	to := endOf
	if n.failed {
		to = failedOf
	}
	w.note(q, to, proof{node: n, at: n.end})
}

// callOf names a call by who answered it.
func callOf(c *node) string {
	if r := c.remote(); r != nil {
		return r.service + " " + r.name
	}
	return c.service + " " + c.name
}

// ruleShare is the share of traces from which on what follows is a rule, so that its absence is a question of its own.
const ruleShare = 0.8

// signals turns each habit into questions: did this follow, and did something else follow than what does as a rule.
func (h habits) signals() []*signal {
	var all []*signal
	for _, one := range h {
		rule, share := one.rule()
		seen := map[string]bool{}
		for _, f := range one.own {
			for _, to := range f.each() {
				seen[to] = true
			}
		}
		if len(seen) == 0 || len(seen) == 1 && seen[rule] {
			continue // as ever
		}
		for to := range seen {
			if to != rule {
				all = append(all, one.signal(to, rule))
			}
		}
		if share >= ruleShare {
			all = append(all, one.signal("", rule))
		}
	}
	return all
}

// rule is what follows the most in quiet times, as far as those are known, and in what share of the traces: of the
// baseline, and of the first third of the window.
func (h *habit) rule() (string, float64) {
	counts, n := map[string]int{}, h.traces
	for to, k := range h.known {
		counts[to] += k
	}
	for _, f := range h.own[:(len(h.own)+2)/3] {
		n++
		for _, to := range f.each() {
			counts[to]++
		}
	}
	best := ""
	for to, k := range counts {
		if k > counts[best] || (k == counts[best] && to < best) {
			best = to
		}
	}
	return best, float64(counts[best]) / float64(max(n, 1))
}

// signal asks whether to followed, or, where it is empty, anything but the rule.
func (h *habit) signal(to, rule string) *signal {
	shows := func(what string) bool { return what == to || to == "" && what != rule }
	q := h.question
	q.to = to
	s := &signal{question: q, usual: rule, known: tally{n: float64(h.traces)}}
	for what, k := range h.known {
		if shows(what) {
			s.known.shown = max(s.known.shown, float64(k)) // several may be of one trace
		}
	}
	if p, ok := h.quiet[rule]; ok {
		s.quiet = []proof{p}
	}
	for _, f := range h.own {
		e := event{at: f.steps[0].proof.at, proof: f.steps[0].proof}
		if i := slices.IndexFunc(f.steps, func(t transition) bool { return shows(t.to) }); i >= 0 {
			e = event{at: f.steps[i].proof.at, shown: true, proof: f.steps[i].proof}
		}
		s.events = append(s.events, e)
	}
	sortEvents(s.events)
	s.step = findStep(s.events, s.known)
	s.step.strength *= s.worse(h.severe(rule))
	return s
}

// severe says whether a line that follows is an error.
func (h *habit) severe(key string) bool {
	if p, ok := h.quiet[key]; ok {
		return p.line.severe()
	}
	for _, f := range h.own {
		for _, t := range f.steps {
			if t.to == key {
				return t.proof.line.severe()
			}
		}
	}
	return false
}

// worse weighs by whether what follows now is worse than the rule. Where the rule is an error, nothing else is; where it
// is the end, whatever goes on instead may be better or worse.
func (s *signal) worse(ruleSevere bool) float64 {
	shown := s.shown()
	if len(shown) == 0 {
		return 1
	}
	first := shown[0]
	switch {
	case first.line.severe() || s.family == failFamily:
		return 1
	case ruleSevere:
		return 0
	case s.usual == endOf && (first.line != nil || first.next != nil):
		return 0.5
	}
	return 1
}

func (l *line) severe() bool { return l != nil && l.severity >= logs.SeverityError }
