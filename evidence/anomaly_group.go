package evidence

import (
	"cmp"
	"slices"
	"time"
)

// spanGroup is the spans of one operation: of all callers, or of one.
type spanGroup struct {
	service, op, caller string
	called              bool          // by that caller; otherwise by anyone
	sides               [2]*groupSide // before and during
}

// groupSide is what one window has of a group, one entry per trace.
type groupSide struct {
	traces []groupTrace
	spans  int
}

type groupTrace struct {
	took, own int64 // the mean of its spans, as the caller saw them where there is one
	failed    bool
	node      *node // the slowest
}

type groupKey struct {
	service, op, caller string
	called              bool
}

// spanGroups are all groups of two windows.
type spanGroups struct {
	groups  map[groupKey]*spanGroup
	callers [2]map[string][]*node // service → a span of it in each trace that has one, to know who might have called
	roots   [2][]*node
	minutes [2]float64
}

func newSpanGroups(past, now *forest) *spanGroups {
	g := &spanGroups{groups: map[groupKey]*spanGroup{}}
	for i, f := range []*forest{past, now} {
		g.callers[i] = map[string][]*node{}
		g.minutes[i] = f.window.Duration().Minutes()
		for _, t := range f.trees {
			if t.whole {
				g.learn(i, t)
			}
		}
	}
	return g
}

func (g *spanGroups) learn(side int, t *tree) {
	found := map[groupKey][]*node{}
	present := map[string]bool{}
	for _, n := range t.nodes {
		if !present[n.service] {
			present[n.service] = true
			g.callers[side][n.service] = append(g.callers[side][n.service], n)
		}
		any := groupKey{service: n.service, op: n.name}
		found[any] = append(found[any], n)
		if p := n.parent; p == nil || p.service != n.service {
			by := groupKey{service: n.service, op: n.name, called: true}
			if p != nil {
				by.caller = p.service
			}
			found[by] = append(found[by], n)
		}
	}
	g.roots[side] = append(g.roots[side], t.nodes[0])
	for key, nodes := range found {
		one := g.groups[key]
		if one == nil {
			one = &spanGroup{service: key.service, op: key.op, caller: key.caller, called: key.called, sides: [2]*groupSide{{}, {}}}
			g.groups[key] = one
		}
		one.sides[side].add(nodes, key.called)
	}
}

func (s *groupSide) add(nodes []*node, called bool) {
	var t groupTrace
	for _, n := range nodes {
		took, own := n.end-n.start, n.exclusive()
		if called {
			own = n.lost()
			took += own
		}
		t.took += took
		t.own += own
		t.failed = t.failed || n.failed
		if t.node == nil || took > t.node.end-t.node.start {
			t.node = n
		}
	}
	t.took /= int64(len(nodes))
	t.own /= int64(len(nodes))
	s.spans += len(nodes)
	s.traces = append(s.traces, t)
}

// lost is the time that a call takes at its caller beyond what it takes here.
func (n *node) lost() int64 {
	if p := n.parent; p != nil && len(p.children) == 1 {
		return max(0, (p.end-p.start)-(n.end-n.start))
	}
	return 0
}

// anomalies are those that pass the bar, the strongest first, and the bar.
func (g *spanGroups) anomalies(examples int) ([]Anomaly, float64) {
	var all []Anomaly
	questions := 0
	for _, key := range g.keys() {
		one := g.groups[key]
		var found []Anomaly
		if one.called {
			found = append(found, g.presence(one))
		}
		if !one.called || one.caller != "" { // what nobody calls is in both groups
			found = append(found, g.slower(one), g.failing(one))
		}
		questions += len(found)
		for _, a := range found {
			if a.Strength > 0 {
				g.illustrate(&a, one, examples)
				all = append(all, a)
			}
		}
	}
	bar := barFor(questions)
	all = slices.DeleteFunc(all, func(a Anomaly) bool { return a.Strength < bar })
	slices.SortStableFunc(all, func(a, b Anomaly) int { return cmp.Compare(b.Strength, a.Strength) })
	for i := range all {
		all[i].Strength, all[i].OwnStrength = rounded(all[i].Strength), rounded(all[i].OwnStrength)
	}
	return all, bar
}

func (g *spanGroups) keys() []groupKey {
	keys := make([]groupKey, 0, len(g.groups))
	for key := range g.groups {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b groupKey) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.op, b.op), cmp.Compare(a.caller, b.caller), compareBools(a.called, b.called))
	})
	return keys
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// tally counts the traces of one window that show a thing.
func (s *groupSide) tally(shows func(groupTrace) bool) tally {
	t := tally{n: float64(len(s.traces))}
	for _, one := range s.traces {
		if shows(one) {
			t.shown++
		}
	}
	return t
}

func (g *spanGroups) anomaly(kind AnomalyKind, one *spanGroup, before, during tally) Anomaly {
	return Anomaly{
		Kind: kind, Service: one.service, Operation: one.op, Caller: one.caller,
		Before: g.stats(one, 0, before), During: g.stats(one, 1, during), Strength: rise(before, during),
	}
}

func (g *spanGroups) stats(one *spanGroup, side int, t tally) SpanStats {
	s := one.sides[side]
	stats := SpanStats{Traces: int(t.n), Shown: int(t.shown), Spans: s.spans, PerMinute: rounded(float64(s.spans) / g.minutes[side])}
	var took, own []int64
	for _, t := range s.traces {
		took, own = append(took, t.took), append(own, t.own)
	}
	slices.Sort(took)
	slices.Sort(own)
	stats.Median, stats.P90 = time.Duration(quantile(took, 0.5)), time.Duration(quantile(took, 0.9))
	stats.OwnMedian = time.Duration(quantile(own, 0.5))
	return stats
}

// slower asks for which multiple of the usual the share of slow traces rose the most. The multiples are one question:
// they ask about the same traces.
func (g *spanGroups) slower(one *spanGroup) Anomaly {
	if len(one.sides[0].traces) == 0 || len(one.sides[1].traces) == 0 {
		return Anomaly{}
	}
	before, during, strength := one.rising(func(t groupTrace) int64 { return t.took })
	if strength == 0 {
		return Anomaly{}
	}
	a := g.anomaly(Slower, one, before, during)
	_, _, a.OwnStrength = one.rising(func(t groupTrace) int64 { return t.own })
	return a
}

func (one *spanGroup) rising(value func(groupTrace) int64) (before, during tally, strength float64) {
	var usual []int64
	for _, t := range one.sides[0].traces {
		usual = append(usual, value(t))
	}
	slices.Sort(usual)
	middle := float64(max(quantile(usual, 0.5), leastUsual))
	for _, factor := range slowFactors {
		slow := func(t groupTrace) bool { return float64(value(t)) > factor*middle }
		b, d := one.sides[0].tally(slow), one.sides[1].tally(slow)
		if s := rise(b, d); d.rate() > b.rate() && s > strength {
			before, during, strength = b, d, s
		}
	}
	return before, during, strength
}

func (g *spanGroups) failing(one *spanGroup) Anomaly {
	failed := func(t groupTrace) bool { return t.failed }
	before, during := one.sides[0].tally(failed), one.sides[1].tally(failed)
	if during.rate() <= before.rate() || before.n == 0 {
		return Anomaly{}
	}
	return g.anomaly(Failing, one, before, during)
}

// presence asks, of the traces that have the caller, how many have the call; of operations that nobody calls, of all
// traces.
func (g *spanGroups) presence(one *spanGroup) Anomaly {
	var t [2]tally
	for side := range t {
		t[side] = tally{n: float64(len(g.might(one, side))), shown: float64(len(one.sides[side].traces))}
	}
	switch before, during := t[0], t[1]; {
	case before.n == 0 || during.n == 0:
		return Anomaly{}
	case before.shown == 0:
		return g.anomaly(Novel, one, before, during)
	case during.rate() <= before.rate()/2:
		return g.anomaly(Missing, one, before, during)
	}
	return Anomaly{}
}

// might are spans of the traces that might have the call.
func (g *spanGroups) might(one *spanGroup, side int) []*node {
	if one.caller == "" {
		return g.roots[side]
	}
	return g.callers[side][one.caller]
}

// illustrate adds examples: of the incident those that show the anomaly the most, of the baseline what is usual.
func (g *spanGroups) illustrate(a *Anomaly, one *spanGroup, most int) {
	during := slices.Clone(one.sides[1].traces)
	slices.SortStableFunc(during, func(x, y groupTrace) int {
		return cmp.Or(compareBools(y.failed, x.failed), cmp.Compare(y.took, x.took))
	})
	for _, t := range during[:min(most, len(during))] {
		a.Examples = append(a.Examples, refOf(t.node))
	}
	if a.Kind == Missing {
		a.Examples = g.without(one, most)
	}
	before := slices.Clone(one.sides[0].traces)
	slices.SortStableFunc(before, func(x, y groupTrace) int { return cmp.Compare(x.took, y.took) })
	middle := max(0, (len(before)-most)/2)
	for _, t := range before[middle:min(middle+most, len(before))] {
		a.Baseline = append(a.Baseline, refOf(t.node))
	}
}

// without are callers of traces that lack the call.
func (g *spanGroups) without(one *spanGroup, most int) []TraceRef {
	has := map[*tree]bool{}
	for _, t := range one.sides[1].traces {
		has[t.node.tree] = true
	}
	var all []TraceRef
	for _, n := range g.might(one, 1) {
		if !has[n.tree] && len(all) < most {
			all = append(all, refOf(n))
		}
	}
	return all
}

func refOf(n *node) TraceRef {
	return TraceRef{TraceID: n.tree.id, SpanID: n.id, Start: time.Unix(0, n.start).UTC(), Duration: time.Duration(n.end - n.start)}
}
