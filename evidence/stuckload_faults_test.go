package evidence_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/evidence"
)

func TestTheVerdictStandsThoughASourceIsDown(t *testing.T) {
	t.Parallel()
	down := fault.Status(503)
	for name, c := range map[string]struct {
		strike     func(*world)
		verdict    evidence.Verdict
		kind       evidence.CauseKind
		confidence float64
		failed     string
	}{
		"logs": {func(w *world) { w.logs.Fail(fault.Error(241, "memory limit exceeded"), -1) }, evidence.Fault, evidence.Configuration, 0.75, "clickhouse"},
		"the table of logs is not there": {
			func(w *world) { w.logs.Fail(fault.Error(60, "Table does not exist"), -1) }, evidence.Fault, evidence.Configuration, 0.75, "clickhouse",
		},
		"the Company API": {
			func(w *world) { w.sources.Networks = []evidence.NetworkSource{panicking{}} }, evidence.Fault, evidence.Configuration, 0.55, "panicking",
		},
		"loads": {
			func(w *world) {
				w.sources.Loads = []evidence.LoadSource{warehouse{err: base.NewError(base.KindUnavailable, nil)}}
			},
			evidence.Fault, evidence.Configuration, 0.55, "warehouse",
		},
		"the whole API": {func(w *world) { w.api.Fail(down, -1) }, evidence.Fault, evidence.Configuration, 0.55, "tracking"},
	} {
		w := newWorld(t)
		w.fill()
		c.strike(w)
		r, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{
			TrackingID: stuckID, Window: base.Around(noon, time.Hour, 3*time.Hour), Now: noon.Add(3 * time.Hour),
		}, w.sources)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sound(t, r)
		if r.Verdict != c.verdict || len(r.Causes) == 0 || r.Causes[0].Kind != c.kind || r.Causes[0].Confidence != c.confidence {
			t.Errorf("%s: %s %+v", name, r.Verdict, r.Causes)
		}
		if outcomes(r)[c.failed] != "failed" || !slices.ContainsFunc(r.NotSeen, func(s string) bool { return strings.HasPrefix(s, c.failed+": ") }) {
			t.Errorf("%s: %v, not seen: %q", name, outcomes(r), r.NotSeen)
		}
	}
}
