package evidence

import (
	"math"
	"testing"
	"time"
)

// seconds makes one event a second; x shows the thing, a dot does not.
func seconds(shown string) []event {
	events := make([]event, 0, len(shown))
	for i, c := range shown {
		events = append(events, event{at: int64(i) * int64(time.Second), shown: c == 'x'})
	}
	return events
}

func TestAStepIsFoundWhereTheRateRises(t *testing.T) {
	t.Parallel()
	const quiet, bad = "....................", "xxxxxxxxxxxxxxxxxxxx"
	whole := findStep(seconds(quiet+bad), tally{})
	for name, test := range map[string]struct {
		events string
		known  tally
		first  int
		holds  func(strength float64) bool
	}{
		"a clear step":           {quiet + bad, tally{}, 20, func(s float64) bool { return s > 25 }},
		"a known baseline helps": {quiet + bad, tally{n: 50}, 20, func(s float64) bool { return s > whole.strength+3 }},
		"nothing shows":          {quiet + quiet, tally{}, 0, func(s float64) bool { return s == 0 }},
		"it was always so":       {bad + bad, tally{n: 20, shown: 20}, 0, func(s float64) bool { return s == 0 }},
		"it becomes less":        {bad + quiet, tally{}, 0, func(s float64) bool { return s < 4 }},
		"another day only":       {bad + bad, tally{n: 1000}, 0, func(s float64) bool { return s > 1 && s <= foreign/2 }},
		"half of the traces":     {quiet + "x.xx..x.x.xx..x.xx.x", tally{}, 20, func(s float64) bool { return s > 5 && s < whole.strength/2 }},
		"a blip that is over":    {quiet + "xxxxxxxxxxxxxxx" + quiet + quiet, tally{}, 20, func(s float64) bool { return s > 0 && s < 2 }},
		"too late to tell":       {quiet + quiet + quiet + "xx", tally{}, 60, func(s float64) bool { return s < 1 }},
		"runs":                   {"...........x.........." + "xxxxxxxx........xxxxxxxx........xxxxxxxx", tally{}, 22, func(s float64) bool { return s < 6 }},
		"no event":               {"", tally{n: 5}, 0, func(s float64) bool { return s == 0 }},
	} {
		s := findStep(seconds(test.events), test.known)
		if !test.holds(s.strength) || s.strength > 1 && s.first != test.first {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestAStepIsTheRatioOfLikelihoods(t *testing.T) {
	t.Parallel()
	got := rise(tally{n: 10}, tally{n: 10, shown: 10})
	if want := 20 * math.Log(2); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v, not %v", got, want)
	}
	if same := rise(tally{n: 10, shown: 5}, tally{n: 4, shown: 2}); math.Abs(same) > 1e-9 {
		t.Errorf("equal rates differ by %v", same)
	}
}

func TestUnitsOfCoresAreReadFromTheName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]unit{
		"CpuUsage(m)": millicores, "CpuUsageRate(%)": percent, "k8s.pod.cpu.utilization": fraction, "container.cpu.usage": cores,
		"NodeCpuUsageRate(%)": noCPU, "MemoryUsage": noCPU, "container_cpu_throttled": noCPU, "cpu_usage_percent": percent,
	} {
		if got := cpuUnit(name); got != want {
			t.Errorf("%s: %d, not %d", name, got, want)
		}
	}
}

func TestExclusiveTimeLeavesOutWhatRunsInside(t *testing.T) {
	t.Parallel()
	tr := &tree{id: "t"}
	add := func(id, parent string, start, end int64) *node {
		n := &node{tree: tr, id: id, parentID: parent, start: start, end: end}
		tr.nodes = append(tr.nodes, n)
		return n
	}
	root, early, late, outlasts := add("root", "", 0, 100), add("early", "root", 10, 60), add("late", "root", 20, 50), add("outlasts", "root", 90, 130)
	spans := map[spanKey]*node{}
	for _, n := range tr.nodes {
		spans[spanKey{tr.id, n.id}] = n
	}
	tr.join(spans)
	for n, want := range map[*node]int64{root: 40, early: 20, late: 30, outlasts: 40} {
		if got := n.exclusive(); got != want {
			t.Errorf("%s: %d, not %d", n.id, got, want)
		}
	}
}
