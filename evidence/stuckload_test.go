package evidence_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

const (
	stuckID = "482900111"
	traceA  = "7c1d02e94a6f4f0c8e55b1a93d27f6a1"
)

// world is fakes of every source, with clients of them.
type world struct {
	logs    *clickhousetest.Server
	api     *fkapitest.Server
	sources evidence.Sources
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server, click := clickhouseClient(t)
	api, tracking, company := fkapiClients(t)
	return &world{server, api, evidence.Sources{
		Logs: click, Traces: click, Loads: []evidence.LoadSource{tracking}, Networks: []evidence.NetworkSource{company},
	}}
}

// stuckLoad waits for tracking info since noon.
func stuckLoad() fkapi.Load {
	return fkapi.Load{
		ID: stuckID, LoadNumber: "LP20417", Status: fkapi.StatusAwaitingTrackingInfo, CreatedAt: noon,
		Shipper: fkapi.Party{ID: "acme"}, Carrier: fkapi.Party{ID: "swift"}, PickupAppointment: noon.Add(2 * time.Hour),
	}
}

func relationship(status string, active, tracked bool) fkapi.Relationship {
	return fkapi.Relationship{
		ID: "70412", Status: status, Active: &active, AllowTracking: &tracked, CreatedAt: noon.Add(-24 * time.Hour),
		Target: fkapi.Company{Permalink: "swift"},
	}
}

// fill is a load that is stuck as its relationship is not live: one service refuses it three times, another one is
// louder, but about something else.
func (w *world) fill() {
	w.api.AddLoad(stuckLoad())
	w.api.AddCompany(fkapi.Company{Permalink: "acme"}, fkapi.Company{Permalink: "swift"})
	w.api.AddRelationship("acme", relationship("pending", true, true))
	created := record(1, "api", logs.SeverityInfo, "LoadsController#create:64 load "+stuckID+" of shipper acme and carrier swift created")
	w.logs.Insert(created, record(5, "callbacks", logs.SeverityError, `{"msg":"callback failed: receiver answered 503","tracking_id":"`+stuckID+`"}`))
	for i := range 3 {
		r := record(60+float64(900*i), "assigner", logs.SeverityWarn, fmt.Sprintf(
			`[0a1b2c3d4e5%d] {"message"=>"not assigned: relationship is not live", "site"=>"Assigner#118", "relationship_id"=>"70412", "tracking_id"=>"%s"}`, i, stuckID))
		r.TraceID, r.SpanID = traceA, "c44e19ad7705b2f3"
		w.logs.Insert(r)
	}
	w.logs.InsertSpans(
		traces.Span{TraceID: traceA, SpanID: "9d30e7b1f4a86c55", Service: "files", Name: "process record", Start: noon.Add(time.Minute), Duration: time.Second},
		traces.Span{
			TraceID: traceA, SpanID: "c44e19ad7705b2f3", ParentID: "9d30e7b1f4a86c55", Service: "assigner", Name: "assign", Failed: true,
			StatusMessage: "relationship is not live", Start: noon.Add(time.Minute), Duration: 310 * time.Millisecond,
		})
}

// explain asks why the load is stuck, at three in the afternoon.
func (w *world) explain(t *testing.T) evidence.StuckLoadReport {
	t.Helper()
	r, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: stuckID, Now: noon.Add(3 * time.Hour)}, w.sources)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, r)
	return r
}

// sound checks what holds of every report.
func sound(t *testing.T, r evidence.StuckLoadReport) {
	t.Helper()
	ids := map[string]bool{}
	for _, item := range r.Evidence {
		if ids[item.ID] || item.ID == "" || item.Source == "" || item.Summary == "" {
			t.Errorf("item %+v", item)
		}
		ids[item.ID] = true
	}
	for i, cause := range r.Causes {
		if cause.Rank != i+1 || cause.Confidence <= 0 || cause.Confidence > 0.95 || len(cause.Evidence) == 0 || cause.Why == "" {
			t.Errorf("cause %+v", cause)
		}
		for _, id := range cause.Evidence {
			if !ids[id] {
				t.Errorf("cause %d cites %q, which is not there", cause.Rank, id)
			}
		}
	}
	for i, e := range r.Timeline {
		if e.At.Location() != time.UTC || i > 0 && e.At.Before(r.Timeline[i-1].At) || e.Evidence != "" && !ids[e.Evidence] {
			t.Errorf("timeline %+v", e)
		}
	}
	names := map[string]bool{}
	for _, row := range r.Sources {
		if names[row.Name] {
			t.Errorf("%s has two rows", row.Name)
		}
		names[row.Name] = true
	}
	if r.Headline == "" || len(r.Headline) > 160 {
		t.Errorf("headline %q", r.Headline)
	}
	if r.Conclusion == "" || r.Causes == nil || r.Evidence == nil || r.Timeline == nil || len(r.NotSeen) < 2 {
		t.Errorf("%+v", r)
	}
}

func outcomes(r evidence.StuckLoadReport) map[string]string {
	all := map[string]string{}
	for _, row := range r.Sources {
		all[row.Name] = row.Outcome
	}
	return all
}

func TestALoadIsStuckForItsRelationshipIsNotLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	r := w.explain(t)
	if r.Verdict != evidence.Fault || len(r.Causes) != 1 {
		t.Fatalf("%+v", r.Report)
	}
	cause := r.Causes[0]
	if cause.Service != "assigner" || cause.Kind != evidence.Configuration || cause.Confidence != 0.95 || !cause.Onset.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v", cause)
	}
	if want := "Load 482900111 waits for tracking info: relationship 70412 is not live (its status is \"pending\")."; r.Headline != want {
		t.Errorf("headline %s", r.Headline)
	}
	if want := []string{"Set relationship 70412 to live, in the Company API or the network settings of shipper acme"}; !slices.Equal(r.Next, want) {
		t.Errorf("next %q", r.Next)
	}
	if want := []evidence.CodeRegion{{Symbol: "Assigner", Lines: [2]int{118, 118}}}; !slices.Equal(cause.Code, want) {
		t.Errorf("code %+v", cause.Code)
	}
	for _, words := range []string{`status is "pending"`, "set relationship 70412 to live", "3 times", "assigner", "acme", "swift"} {
		if !strings.Contains(cause.Why, words) {
			t.Errorf("%q lacks %q", cause.Why, words)
		}
	}
	kinds := map[evidence.ItemType]int{}
	for _, item := range r.Evidence {
		if slices.Contains(cause.Evidence, item.ID) {
			kinds[item.Type]++
		}
	}
	if want := map[evidence.ItemType]int{evidence.DocumentItem: 2, evidence.LogItem: 3, evidence.SpanItem: 1}; !cmp.Equal(want, kinds) {
		t.Errorf("cites %v", kinds)
	}
	if want := map[string]string{"tracking": "data", "company": "data", "clickhouse": "data", "code": "skipped"}; !cmp.Equal(want, outcomes(r)) {
		t.Errorf("sources %v", r.Sources)
	}
	if want := (base.Window{From: noon.Add(-time.Hour), To: noon.Add(3 * time.Hour)}); r.Window != want {
		t.Errorf("window %v", r.Window)
	}
	if r.Load.Source != "tracking" || r.Network.Source != "company" || r.Network.Value.Verdict != fkapi.RelationshipNotLive || len(r.Patterns) != 3 {
		t.Errorf("%+v %+v %d", r.Load, r.Network, len(r.Patterns))
	}
	var what []string
	for _, e := range r.Timeline {
		what = append(what, e.At.Format("15:04:05 ")+e.What)
	}
	want := []string{
		"12:00:00 relationship 70412: created", "12:00:00 load: created",
		"12:00:01 INFO LoadsController#create:64 load " + stuckID + " of shipper acme and carrier swift created",
		"12:00:05 ERROR callback failed: receiver answered 503",
		"12:01:00 WARN not assigned: relationship is not live (3 times until 2026-03-04 12:31)",
		"12:01:00 assign failed after 310ms: relationship is not live",
		"12:31:00 WARN not assigned: relationship is not live", "14:00:00 load: appointment",
	}
	if diff := cmp.Diff(want, what); diff != "" {
		t.Error(diff)
	}
	if text, err := json.Marshal(r); err != nil || !strings.Contains(string(text), `"verdict":"fault"`) || !strings.Contains(string(text), `"not_seen":[`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestEveryBadRelationshipIsNamedWithItsRemedy(t *testing.T) {
	t.Parallel()
	for remedy, relationships := range map[string][]fkapi.Relationship{
		"create one":                       nil,
		"activate relationship 70412":      {relationship("live", false, true)},
		"set relationship 70412 to live":   {relationship("pending", true, true)},
		"allow tracking in relationship 7": {relationship("live", true, false)},
	} {
		w := newWorld(t)
		w.api.AddLoad(stuckLoad())
		w.api.AddCompany(fkapi.Company{Permalink: "acme"})
		w.api.AddRelationship("acme", relationships...)
		r := w.explain(t)
		if r.Verdict != evidence.Fault || r.Causes[0].Kind != evidence.Configuration || !strings.Contains(r.Causes[0].Why, remedy) {
			t.Errorf("%s: %s: %+v", remedy, r.Conclusion, r.Causes)
		}
		if c := r.Causes[0]; c.Service != "" || !c.Onset.Equal(noon) || !strings.Contains(c.Why, "no log line") {
			t.Errorf("without logs: %+v", c)
		}
	}
}

// withGoodNetwork is a load that waits though its relationship is fine.
func withGoodNetwork(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.api.AddLoad(stuckLoad())
	w.api.AddCompany(fkapi.Company{Permalink: "acme"})
	w.api.AddRelationship("acme", relationship("live", true, true))
	return w
}

func TestALoadThatWaitsThoughAllIsWellIsUnexplained(t *testing.T) {
	t.Parallel()
	w := withGoodNetwork(t)
	w.logs.Insert(record(1, "api", logs.SeverityInfo, "load "+stuckID+" created"))
	r := w.explain(t)
	if r.Verdict != evidence.Unknown || len(r.Causes) != 0 || !strings.Contains(r.Conclusion, "relationship of its shipper and carrier is fine") {
		t.Errorf("%+v", r.Report)
	}
	if len(r.Next) == 0 || !strings.Contains(r.Next[0], "swift since 2026-02-25") || !strings.Contains(r.Next[0], "LP20417") {
		t.Errorf("next: %q", r.Next)
	}
}

func TestAServiceThatComplainsIsTheCauseWhereTheRelationshipIsFine(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		kind       evidence.CauseKind
		confidence float64
	}{
		"store of load " + stuckID + " timed out":      {evidence.Dependency, 0.5},
		"load " + stuckID + ": equipment is malformed": {evidence.DataFault, 0.5},
		"load " + stuckID + ": oh no":                  {evidence.UnknownCause, 0.35},
	} {
		w := withGoodNetwork(t)
		w.logs.Insert(record(3, "matcher", logs.SeverityError, body), record(1, "noisy", logs.SeverityWarn, "load "+stuckID+" is slow"))
		r := w.explain(t)
		if r.Verdict != evidence.Fault || len(r.Causes) != 1 || r.Causes[0].Service != "matcher" || r.Causes[0].Kind != want.kind || r.Causes[0].Confidence != want.confidence {
			t.Errorf("%s: %+v", body, r.Causes)
		}
	}
}

func TestALoadThatTracksIsNotStuck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	load := stuckLoad()
	load.Stops = []fkapi.Stop{{ID: "1", Name: "dock 4", AppointmentTime: load.PickupAppointment}}
	load.Status, load.TerminatedAt = fkapi.StatusDelivered, noon.Add(time.Hour)
	w.api.AddLoad(load)
	r := w.explain(t)
	if r.Verdict != evidence.NoFault || !strings.Contains(r.Conclusion, "delivered") || !r.Window.To.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("%s, until %v", r.Conclusion, r.Window.To)
	}
	if last := r.Timeline[len(r.Timeline)-1]; last.What != "load: appointment at dock 4" || !last.Expected || len(r.Timeline) != 3 {
		t.Errorf("%+v", r.Timeline)
	}
}

func TestALoadWithoutACarrierWaitsForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	load := stuckLoad()
	load.Carrier = fkapi.Party{}
	w.api.AddLoad(load)
	r := w.explain(t)
	if r.Verdict != evidence.Fault || r.Causes[0].Kind != evidence.DataFault || outcomes(r)["company"] != "skipped" {
		t.Errorf("%+v", r.Report)
	}
}

func TestAnUnknownLoadIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	question := evidence.StuckLoadQuestion{TrackingID: "9", Window: base.Around(noon, time.Hour, time.Hour), Shipper: "acme", Carrier: "swift"}
	if _, err := evidence.StuckLoad(t.Context(), question, w.sources); !errors.Is(err, base.ErrNotFound) || !strings.Contains(err.Error(), "tracking id 9") {
		t.Error(err)
	}
}

func TestQuestionsAboutNoLoadAreRefused(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "1/2", "7\n", "LP20417", strings.Repeat("7", 10_000)} {
		_, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: id}, evidence.Sources{})
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "tracking_id") || len(err.Error()) > 300 {
			t.Errorf("%.20q: %v", id, err)
		}
	}
	reversed := base.Window{From: noon, To: noon.Add(-time.Hour)}
	if _, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: "7", Window: reversed}, evidence.Sources{}); base.KindOf(err) != base.KindInvalid {
		t.Error(err)
	}
}

func TestANilClientIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	var click *clickhouse.Client
	var tracking *fkapi.TrackingClient
	var company *fkapi.CompanyClient
	for field, sources := range map[string]evidence.Sources{
		"sources.logs":        {Logs: click},
		"sources.traces":      {Traces: click},
		"sources.metrics":     {Metrics: click},
		"sources.loads[0]":    {Loads: []evidence.LoadSource{tracking}},
		"sources.loads[1]":    {Loads: []evidence.LoadSource{warehouse{}, nil}},
		"sources.networks[0]": {Networks: []evidence.NetworkSource{company}},
	} {
		_, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: "7"}, sources)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), field+": holds a nil client") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestWithoutSourcesAReportSaysSo(t *testing.T) {
	t.Parallel()
	w := &world{}
	r := w.explain(t)
	want := map[string]string{"loads": "skipped", "logs": "skipped", "traces": "skipped", "network": "skipped"}
	if r.Verdict != evidence.Unknown || !cmp.Equal(want, outcomes(r)) || len(r.NotSeen) < 6 {
		t.Errorf("%+v", r.Report)
	}
}

func TestNamedCompaniesAreAskedThoughTheLoadCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.sources.Loads = []evidence.LoadSource{warehouse{err: base.NewError(base.KindUnavailable, nil)}}
	r, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: stuckID, Shipper: "acme", Carrier: "swift", Now: noon.Add(time.Hour)}, w.sources)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, r)
	if r.Verdict != evidence.Fault || r.Load != nil || r.Causes[0].Service != "assigner" || r.Causes[0].Confidence != 0.85 {
		t.Errorf("%+v", r.Report)
	}
	if r.Window.Duration() != 7*24*time.Hour || !slices.ContainsFunc(r.NotSeen, func(s string) bool { return strings.Contains(s, "seven days") }) {
		t.Errorf("%v, not seen: %q", r.Window, r.NotSeen)
	}
}

// panicking is a client with a defect.
type panicking struct{}

func (panicking) Name() string { return "panicking" }
func (panicking) CheckNetwork(context.Context, string, string) (fkapi.Network, error) {
	panic("index out of range")
}

func TestASourceThatIsClosedIsSkippedAndNotSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	if err := w.sources.Loads[0].(*fkapi.TrackingClient).Close(); err != nil {
		t.Fatal(err)
	}
	r := w.explain(t)
	if outcomes(r)["tracking"] != "skipped" || !slices.ContainsFunc(r.NotSeen, func(s string) bool { return strings.HasPrefix(s, "tracking: load ") }) {
		t.Errorf("%v, not seen: %q", outcomes(r), r.NotSeen)
	}
}

func TestALesserSourceCostsConfidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	behind := warehouse{network: fkapi.Network{Verdict: fkapi.NoRelationship, Shipper: "acme", Carrier: "swift", Reason: "none"}}
	w.sources.Networks = []evidence.NetworkSource{panicking{}, behind}
	r := w.explain(t)
	if r.Network.Source != "warehouse" || r.Network.Degraded == "" || r.Causes[0].Confidence != 0.8 || outcomes(r)["warehouse"] != "data" {
		t.Errorf("%+v %+v", r.Network, r.Causes)
	}
	if !slices.ContainsFunc(r.NotSeen, func(s string) bool { return strings.Contains(s, "up to 10 minutes old") }) {
		t.Errorf("not seen: %q", r.NotSeen)
	}
}

func TestProgressIsToldWhileSourcesAreAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	var mu sync.Mutex
	told := map[string][]string{}
	_, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{
		TrackingID: stuckID, Now: noon.Add(time.Hour),
		Progress: func(r evidence.SourceReport) {
			mu.Lock()
			defer mu.Unlock()
			told[r.Name] = append(told[r.Name], r.Outcome)
		},
	}, w.sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tracking", "company", "clickhouse"} {
		if all := told[name]; len(all) < 2 || all[0] != "pending" || all[len(all)-1] != "data" {
			t.Errorf("%s: %q", name, all)
		}
	}
}

func TestASourceThatHangsCostsItsPartOfTheDeadlineOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.logs.Fail(fault.Silent(), -1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r, err := evidence.StuckLoad(ctx, evidence.StuckLoadQuestion{TrackingID: stuckID, Now: noon.Add(time.Hour)}, w.sources)
	if err != nil {
		t.Fatal(err)
	}
	sound(t, r)
	if r.Verdict != evidence.Fault || r.Causes[0].Kind != evidence.Configuration || outcomes(r)["clickhouse"] != "failed" {
		t.Errorf("%+v", r.Report)
	}
}

func TestACanceledQuestionHasNoReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := evidence.StuckLoad(ctx, evidence.StuckLoadQuestion{TrackingID: stuckID}, w.sources)
	if base.KindOf(err) != base.KindCanceled || r.Verdict != "" {
		t.Errorf("%+v, %v", r, err)
	}
}
