package mcp_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
	"github.com/fourkites/sources/mcp"
)

const (
	stuckLoad  = "482900111"
	stuckTrace = "7c1d02e94a6f4f0c8e55b1a93d27f6a1"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// trouble is fakes that hold one load whose relationship is not live, with clients of them.
type trouble struct {
	click    *clickhouse.Client
	tracking *fkapi.TrackingClient
	company  *fkapi.CompanyClient
	tickets  *jira.Client
	h        *house
	api      *fkapitest.Server
}

func newTrouble(t *testing.T) *trouble {
	t.Helper()
	h := &house{fakes: map[string]func() int{}}
	click, api, tickets := clickhousetest.NewServer(), fkapitest.NewServer(), jiratest.NewServer()
	none := func() int { return 0 }
	w := &trouble{h: h, api: api}
	w.click = join(t, h, click, none, click.Config(), clickhouse.New)
	w.tracking = join(t, h, api, none, api.Config(), fkapi.NewTracking, api.Options()...)
	w.company = join(t, h, api, none, api.Config(), fkapi.NewCompany, api.Options()...)
	w.tickets = join(t, h, tickets, none, tickets.Config(), jira.New)
	no := false
	api.AddLoad(fkapi.Load{
		ID: stuckLoad, LoadNumber: "LP20417", Status: fkapi.StatusAwaitingTrackingInfo, CreatedAt: noon,
		Shipper: fkapi.Party{ID: "acme"}, Carrier: fkapi.Party{ID: "swift"}, PickupAppointment: noon.Add(2 * time.Hour),
	})
	api.AddCompany(fkapi.Company{Permalink: "acme"}, fkapi.Company{Permalink: "swift"})
	api.AddRelationship("acme", fkapi.Relationship{ID: "70412", Status: "pending", Active: &no, CreatedAt: noon.Add(-24 * time.Hour), Target: fkapi.Company{Permalink: "swift"}})
	for i := range 3 {
		click.Insert(logs.Record{
			Time: noon.Add(time.Duration(1+15*i) * time.Minute), Service: "assigner", Severity: logs.SeverityWarn, TraceID: stuckTrace, SpanID: "c44e19ad7705b2f3",
			Body: fmt.Sprintf(`{"message":"not <assigned> & 'relationship' is not live","attempt":%d,"tracking_id":"%s"}`, i, stuckLoad),
		})
	}
	click.InsertSpans(traces.Span{
		TraceID: stuckTrace, SpanID: "c44e19ad7705b2f3", Service: "assigner", Name: "assign", Failed: true, StatusMessage: "relationship is not live",
		Start: noon.Add(time.Minute), Duration: 310 * time.Millisecond,
	})
	tickets.AddIssue(jira.Issue{Summary: "load " + stuckLoad + " is stuck", Description: "Shipper acme says that it is awaiting tracking info since 12:00 UTC."})
	return w
}

func (w *trouble) local() evidence.Sources {
	return evidence.Sources{
		Logs: w.click, Traces: w.click, Loads: []evidence.LoadSource{w.tracking}, Networks: []evidence.NetworkSource{w.company}, Tickets: w.tickets,
	}
}

// remote are the same sources behind one session.
func (w *trouble) remote(t *testing.T, stateless bool) evidence.Sources {
	t.Helper()
	_, url := serving(t, mcp.ServerConfig{Stateless: stateless}, w.h.boxes...)
	s := dialled(t, mcp.ClientConfig{URL: url})
	click := clickhouse.Remote("clickhouse", s)
	return evidence.Sources{
		Logs: click, Traces: click, Loads: []evidence.LoadSource{fkapi.Remote("tracking", s)},
		Networks: []evidence.NetworkSource{fkapi.Remote("company", s)}, Tickets: jira.Remote("jira", s),
	}
}

func toolsOf(s evidence.Sources) tool.Set { return s.Tools() }

func window() base.Window { return base.Window{From: noon, To: noon.Add(time.Hour)} }

// timelessly is an answer without how long it took, how often was asked, and which method of the client answered.
func timelessly(t *testing.T, answer any) any {
	t.Helper()
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return timeless(v)
}

func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if strings.HasPrefix(key, "elapsed") || strings.HasPrefix(key, "took") || strings.HasPrefix(key, "query_id") || key == "calls" || key == "op" || key == "attempts" {
				delete(v, key)
				continue
			}
			v[key] = timeless(value)
		}
		if rows, ok := v["sources"].([]any); ok { // in the order in which they were asked, some side by side
			slices.SortFunc(rows, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	case []any:
		for i := range v {
			v[i] = timeless(v[i])
		}
	}
	return v
}

func TestTheSameQuestionHasTheSameAnswerFromRemoteSources(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"with sessions": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTrouble(t)
			question := evidence.StuckLoadQuestion{TrackingID: stuckLoad, Now: noon.Add(3 * time.Hour)}
			local, err := evidence.StuckLoad(t.Context(), question, w.local())
			if err != nil || len(local.Causes) == 0 || len(local.Evidence) < 3 {
				t.Fatalf("%v: %+v", err, local)
			}
			remote, err := evidence.StuckLoad(t.Context(), question, w.remote(t, stateless))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(timelessly(t, local), timelessly(t, remote)); diff != "" {
				t.Errorf("local, remote: %s", diff)
			}
		})
	}
}

func TestAFailureOfASourceIsTheSameFromRemoteSources(t *testing.T) {
	t.Parallel()
	w := newTrouble(t)
	remote := w.remote(t, false)
	_, here := w.tracking.Load(t.Context(), "999")
	_, there := remote.Loads[0].(*fkapi.RemoteClient).Load(t.Context(), "999")
	if here == nil || there == nil || here.Error() != there.Error() {
		t.Errorf("local %v, remote %v", here, there)
	}
	var whole []evidence.LogPage
	for _, s := range []evidence.Sources{w.local(), remote} {
		page, err := evidence.SearchLogs.Call(t.Context(), toolsOf(s), evidence.LogsInput{Window: window(), Contains: []string{"not <assigned>"}})
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, page)
	}
	if diff := cmp.Diff(timelessly(t, whole[0]), timelessly(t, whole[1])); diff != "" || len(whole[0].Items) != 3 {
		t.Errorf("local, remote: %s", diff)
	}
}
