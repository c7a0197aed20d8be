package evidence

import (
	"maps"
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
	past     []followed // of the baseline
}

// followed is what followed in one trace.
type followed struct {
	caller string // the service that called, empty at the root
	steps  []transition
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

// find is the first step that the test is true of, or the first of all.
func (f followed) find(test func(string) bool) (proof, bool) {
	i := slices.IndexFunc(f.steps, func(t transition) bool { return test(t.to) })
	return f.steps[max(i, 0)].proof, i >= 0
}

// habits are the sequences of both windows.
type habits map[question]*habit

func (h habits) of(q question) *habit {
	one := h[q]
	if one == nil {
		one = &habit{question: q}
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
			one, steps := h.of(q), walk.steps[q]
			what := followed{steps[0].proof.node.caller(), steps}
			if f.baseline {
				one.past = append(one.past, what)
			} else {
				one.own = append(one.own, what)
			}
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
				all = append(all, one.signal(to, rule, share))
			}
		}
		if share >= ruleShare {
			all = append(all, one.signal("", rule, share))
		}
	}
	return all
}

// rule is what follows the most in quiet times, as far as those are known, and in what share of the traces: of the
// baseline, and of the first third of the window.
func (h *habit) rule() (string, float64) {
	counts, n := map[string]int{}, 0
	for _, all := range [][]followed{h.past, h.own[:(len(h.own)+2)/3]} {
		for _, f := range all {
			n++
			for _, to := range f.each() {
				counts[to]++
			}
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
func (h *habit) signal(to, rule string, share float64) *signal {
	shows := func(what string) bool { return what == to || to == "" && what != rule }
	q := h.question
	q.to = to
	s := &signal{question: q, usual: rule}
	knownBy := map[string]tally{}
	for _, f := range h.past {
		_, shown := f.find(shows)
		knownBy[f.caller] = knownBy[f.caller].plus(tallyOf([]event{{shown: shown}}))
		if p, ok := f.find(func(what string) bool { return what == rule }); ok && len(s.quiet) == 0 {
			s.quiet = []proof{p}
		}
	}
	for _, f := range h.own {
		p, shown := f.find(shows)
		s.events = append(s.events, event{at: p.at, shown: shown, proof: p, caller: f.caller})
	}
	sortEvents(s.events)
	s.compare(knownBy)
	if s.step.strength > 0 {
		s.step.strength *= h.worse(s) * s.fresh(share)
	}
	return s
}

// compare finds the step among those callers that are known from before it, to compare like with like: who else calls
// with other things in hand may well see something else.
func (s *signal) compare(knownBy map[string]tally) {
	all := s.events
	strange := map[string]bool{}
	for range len(knownBy) + 2 {
		s.known = tally{}
		for caller, t := range knownBy {
			if !strange[caller] {
				s.known = s.known.plus(t)
			}
		}
		s.events = slices.DeleteFunc(slices.Clone(all), func(e event) bool { return strange[e.caller] })
		s.step = findStep(s.events, s.known)
		if s.step.strength <= 0 || !s.strangers(knownBy, strange) {
			return
		}
	}
}

// strangers adds the callers that did not come before the step, or saw the thing then already.
func (s *signal) strangers(knownBy map[string]tally, strange map[string]bool) bool {
	before := maps.Clone(knownBy)
	for _, e := range s.events[:s.step.first] {
		before[e.caller] = before[e.caller].plus(tallyOf([]event{e}))
	}
	found := false
	for _, e := range s.events[s.step.first:] {
		if t := before[e.caller]; e.shown && (t.n == 0 || t.rate() > rare) {
			strange[e.caller] = true
			found = true
		}
	}
	return found
}

// fresh halves what was there before where there is no rule to break: there what follows depends on who asks for what.
func (s *signal) fresh(share float64) float64 {
	if share >= ruleShare || s.step.before.shown == 0 {
		return 1
	}
	return 0.5
}

// worse weighs by whether what shows now is worse than what was: nothing where it was an error before, and is none now.
// What goes on instead of ending may be better or worse.
func (h *habit) worse(s *signal) float64 {
	shown := s.shown()
	var quiet []proof
	for _, e := range s.events[:s.step.first] {
		if !e.shown {
			quiet = append(quiet, e.proof)
		}
	}
	for _, f := range h.past {
		if p, ok := f.find(func(to string) bool { return to == s.usual }); ok {
			quiet = append(quiet, p)
		}
	}
	now, before := failing(shown), failing(quiet)
	switch {
	case before > 0.5 && now < before/2:
		return 0
	case s.usual == endOf && now < 0.5 && (shown[0].line != nil || shown[0].next != nil):
		return 0.5
	}
	return 1
}

// failing is the share of traces in which the service itself wrote an error, or failed.
func failing(all []proof) float64 {
	n := 0
	for _, p := range all {
		if slices.ContainsFunc(p.node.tree.nodes, func(other *node) bool {
			return other.service == p.node.service && (other.failed || slices.ContainsFunc(other.lines, (*line).severe))
		}) {
			n++
		}
	}
	return float64(n) / float64(max(len(all), 1))
}

func (l *line) severe() bool { return l != nil && l.severity >= logs.SeverityError }
