package evidence_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
	"github.com/fourkites/sources/internal/race"
)

// quietMinutes are the healthy parts of the recorded incidents of one application, joined.
func quietMinutes(t *testing.T, app byte, rng *rand.Rand) incident.Case {
	t.Helper()
	var parts []incident.Case
	var measured []metrics.Point
	for _, p := range healthyParts[app] {
		part := until(recording(t, p.name), p.until)
		parts = append(parts, part)
		if len(part.Metrics) > len(measured) {
			measured = part.Metrics
		}
	}
	return joined(rng, parts, measured)
}

// found counts how often the first cause is right.
type found struct{ runs, service, kind, onset, code int }

func (f *found) add(truth injection, r evidence.Report) {
	f.runs++
	if r.Verdict != evidence.Fault || r.Causes[0].Service != truth.service {
		return
	}
	cause := r.Causes[0]
	f.service++
	if cause.Kind == truth.kind {
		f.kind++
	}
	if cause.Onset.Sub(truth.onset).Abs() <= 90*time.Second {
		f.onset++
	}
	if pointsAt(cause, fmt.Sprintf("%s#%d_%s#%d", lastPart(truth.symbol), truth.lines[0], lastPart(truth.symbol), truth.lines[1])) {
		f.code++
	}
}

// injected are faults that are put into healthy minutes, and how many of them must be found. What was measured over
// many more runs is noted behind; a service that few traces reach is missed now and then.
var injected = map[string]struct {
	put  func(*injector) (injection, bool)
	runs int
	want found
}{
	"an exception":                {func(i *injector) (injection, bool) { return i.code(true, 1) }, 6, found{service: 4, kind: 4, onset: 4, code: 3}},
	"a wrong return":              {func(i *injector) (injection, bool) { return i.code(false, 1) }, 6, found{service: 4, kind: 3, onset: 4, code: 4}},
	"answers that nobody can use": {func(i *injector) (injection, bool) { return i.answers(2) }, 5, found{service: 2, kind: 2, onset: 2}},
	"a slow network":              {(*injector).network, 5, found{service: 3, kind: 3, onset: 3}},
	"cores taken by others":       {func(i *injector) (injection, bool) { return i.cores(evidence.CPUContention) }, 4, found{service: 4, kind: 3, onset: 4}},
	"cores burned by the code":    {func(i *injector) (injection, bool) { return i.cores(evidence.CPUConsumed) }, 4, found{service: 4, kind: 2, onset: 4}},
}

func TestIncidentInjectedFaultsAreFound(t *testing.T) {
	t.Parallel()
	quick(t)
	recordings(t)
	c := quietMinutes(t, 'C', rand.New(rand.NewPCG(1, 1)))
	day := recording(t, healthyDay("C"))
	for name, fault := range injected {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got found
			for run := range fault.runs {
				c := c
				c.Metrics = slices.Clone(c.Metrics)
				i := newInjector(rand.New(rand.NewPCG(uint64(run), 7)), c)
				truth, ok := fault.put(i)
				if !ok {
					t.Fatalf("run %d: no place for this fault", run)
				}
				r := investigate(t, i.finished(), &day)
				got.add(truth, r)
				if r.Verdict != evidence.Fault || r.Causes[0].Service != truth.service {
					t.Logf("run %d: %s: %s %+v", run, truth.story, r.Verdict, r.Causes)
				}
			}
			t.Logf("%+v", got)
			w := fault.want
			if got.service < w.service || got.kind < w.kind || got.onset < w.onset || got.code < w.code {
				t.Errorf("found %+v, at least %+v are to be found", got, w)
			}
		})
	}
}

func TestIncidentHealthyMinutesHaveNoFault(t *testing.T) {
	t.Parallel()
	quick(t)
	recordings(t)
	for app, parts := range healthyParts {
		for n, p := range parts {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				c := until(recording(t, p.name), p.until)
				day, next := recording(t, healthyDay(p.name)), parts[(n+1)%len(parts)]
				other := until(recording(t, next.name), next.until)
				for name, baseline := range map[string]*incident.Case{"alone": nil, "the healthy day": &day, "another": &other} {
					if r := investigate(t, c, baseline); r.Verdict != evidence.NoFault {
						t.Errorf("%s, compared with %s: %s %+v", string(app), name, r.Verdict, r.Causes)
					}
				}
			})
		}
	}
}

func TestIncidentScoresStandWithThreeQuartersOfTheTraces(t *testing.T) {
	t.Parallel()
	quick(t)
	for _, name := range recordings(t) {
		if healthy(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, day := recording(t, name), recording(t, healthyDay(name))
			truth, err := incident.ReadTruth(filepath.Join(recordedIncidents, name, "truth.json"))
			if err != nil {
				t.Fatal(err)
			}
			rng, kept := rand.New(rand.NewPCG(1, 5)), map[string]bool{}
			for _, s := range c.Spans {
				if _, known := kept[s.TraceID]; !known {
					kept[s.TraceID] = rng.Float64() < 0.75
				}
			}
			part := only(c, kept)
			p := pointsOf(truth, investigate(t, part, &day), c)
			if p.total(truth.Region != "") < 85 {
				t.Errorf("%+v", p)
			}
		})
	}
}

// quick leaves the long searches to runs without the race detector; one search of each case is made with it.
func quick(t *testing.T) {
	t.Helper()
	if race.Enabled {
		t.Skip("the race detector makes these searches ten times slower; TestIncidentScores runs under it")
	}
}
