package evidence_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/evidence"
)

const correlationID = "c-4711-9f"

// spanShelf holds spans by trace; what fails holds the error of a trace.
type spanShelf struct {
	spans []traces.Span
	fails map[string]error
}

func (*spanShelf) Name() string { return "spans" }

func (s *spanShelf) Spans(_ context.Context, q traces.Query) iter.Seq2[traces.Span, error] {
	return func(yield func(traces.Span, error) bool) {
		n := 0
		for _, span := range s.spans {
			if span.TraceID != q.TraceID {
				continue
			}
			if n == q.Limit {
				yield(traces.Span{}, base.NewIncomplete(base.Truncated, "spans", "Spans", int64(n), "more match", nil))
				return
			}
			if n++; !yield(span, nil) {
				return
			}
		}
		if err := s.fails[q.TraceID]; err != nil {
			yield(traces.Span{}, err)
		}
	}
}

// said is a record of a service that belongs to a trace, if one is named.
func said(at time.Time, service, trace string, severity logs.Severity, body string) logs.Record {
	return logs.Record{Time: at, ID: service + body, Service: service, Severity: severity, TraceID: trace, Body: body}
}

func spanned(at time.Time, service, trace, id string, d time.Duration) traces.Span {
	return traces.Span{TraceID: trace, SpanID: id, Service: service, Name: "do " + id, Start: at, Duration: d}
}

// flow is a request of forty days ago whose answer came yesterday.
func flow() (live, history *shelf, spans *spanShelf) {
	live = newShelf("live", said(ago(1), "notifier", "t2", logs.SeverityError, "not delivered"), said(ago(1).Add(time.Second), "notifier", "", 0, "retry"))
	history = newShelf("history", said(ago(40), "gateway", "t1", logs.SeverityInfo, "accepted"), said(ago(39), "matcher", "t1", logs.SeverityInfo, "matched"))
	failed := spanned(ago(1), "mailer", "t2", "b", time.Second)
	failed.ParentID, failed.Failed, failed.StatusMessage = "a", true, "refused"
	return live, history, &spanShelf{spans: []traces.Span{failed, spanned(ago(1).Add(-time.Second), "edge", "t2", "a", 2*time.Second)}}
}

func follow(t *testing.T, s evidence.Sources) evidence.CorrelationReport {
	t.Helper()
	r, err := evidence.Correlation(t.Context(), evidence.CorrelationQuestion{CorrelationID: correlationID}, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func names(r evidence.CorrelationReport) string {
	var all []string
	for _, s := range r.Services {
		all = append(all, s.Service)
	}
	return strings.Join(all, " ")
}

func whats(r evidence.CorrelationReport) string {
	var all []string
	for _, e := range r.Timeline {
		all = append(all, e.What)
	}
	return strings.Join(all, ", ")
}

func TestACorrelationIDIsFollowedThroughLogsOfAllAgesAndTheirTraces(t *testing.T) {
	t.Parallel()
	live, history, spans := flow()
	r := follow(t, evidence.Sources{Logs: byAge(live, history), Traces: spans})
	if r.Outcome != base.Data || len(r.NotSeen) != 0 || r.Records != 4 || r.Spans != 2 {
		t.Errorf("%s %v %d %d", r.Outcome, r.NotSeen, r.Records, r.Spans)
	}
	if got := names(r); got != "gateway matcher edge mailer notifier" {
		t.Errorf("services: %s", got)
	}
	if got := whats(r); got != "accepted, matched, do a, do b: refused, not delivered, retry" {
		t.Errorf("timeline: %s", got)
	}
	want := []string{"t1 no_data 2 0 ", "t2 data 1 2 edge do a"}
	for i, trace := range r.Traces {
		if got := fmt.Sprint(trace.TraceID, " ", trace.Outcome, " ", trace.Records, " ", trace.Spans, " ", trace.Root); i >= len(want) || got != want[i] {
			t.Errorf("trace %d: %s", i, got)
		}
	}
	if last := r.Services[4]; last.Records != 2 || last.Errors != 1 || !last.First.Equal(ago(1)) || !last.Last.Equal(ago(1).Add(time.Second)) || r.Services[3].Failed != 1 {
		t.Errorf("%+v", r.Services)
	}
	if len(r.Coverage.Parts) != 2 || len(r.Coverage.Gaps) != 0 || !r.Window.From.Equal(ago(180)) || len(r.Sources) != 2 {
		t.Errorf("%+v %+v %+v", r.Coverage, r.Window, r.Sources)
	}
	for _, store := range []*shelf{live, history} {
		if q := store.asked[0]; q.CorrelationID != correlationID || q.Order != logs.OldestFirst {
			t.Errorf("%s was asked %+v", store.name, q)
		}
	}
}

func TestWhatOfACorrelationCouldNotBeSeenIsSaid(t *testing.T) {
	t.Parallel()
	gone, lost := base.NewError(base.KindUnavailable, errors.New("gone")), base.NewError(base.KindNotFound, nil)
	for name, one := range map[string]struct {
		change  func(*request)
		outcome base.Outcome
		says    string
	}{
		"a tier fails":            {func(q *request) { q.history.failAfter = 0 }, base.Partial, "history"},
		"a tier fails midway":     {func(q *request) { q.history.failAfter = 1 }, base.Partial, "history"},
		"a trace fails":           {func(q *request) { q.spans.fails = map[string]error{"t1": gone} }, base.Partial, "trace t1"},
		"a trace fails midway":    {func(q *request) { q.spans.fails = map[string]error{"t2": gone} }, base.Partial, "trace t2"},
		"a table is not there":    {func(q *request) { q.spans.fails = map[string]error{"t1": lost} }, base.Partial, "trace t1: not found"},
		"no source of traces":     {func(q *request) { q.sources.Traces = nil }, base.Partial, "traces of the log records: no client"},
		"a source that panics":    {func(q *request) { q.sources.Traces = panickingSpans{} }, base.Partial, "panicked"},
		"a trace of many spans":   {func(q *request) { q.spans.spans = crowd("t2", 501) }, base.Truncated, "trace t2: truncated"},
		"spans beyond the limit":  {func(q *request) { q.spans.spans = crowd("t2", 300) }, base.Truncated, "104 spans are left out"},
		"more traces than is fit": {func(q *request) { q.live.records = append(q.live.records, manyTraced(20)...) }, base.Truncated, "6 more"},
		"no history is given":     {func(q *request) { q.sources.Logs = byAge(q.live) }, base.Data, ""},
	} {
		q := &request{}
		q.live, q.history, q.spans = flow()
		q.sources = evidence.Sources{Logs: byAge(q.live, q.history), Traces: q.spans}
		one.change(q)
		r := follow(t, q.sources)
		if r.Outcome != one.outcome || !strings.Contains(strings.Join(r.NotSeen, "\n"), one.says) || (one.says == "") != (len(r.NotSeen) == 0) {
			t.Errorf("%s: %s, not seen %q", name, r.Outcome, r.NotSeen)
		}
		if len(r.Timeline) > 200 || !strings.Contains(whats(r), "not delivered") {
			t.Errorf("%s: %d events without the log", name, len(r.Timeline))
		}
	}
}

// request is a flow with what it can be asked of.
type request struct {
	live, history *shelf
	spans         *spanShelf
	sources       evidence.Sources
}

type panickingSpans struct{}

func (panickingSpans) Name() string { return "spans" }

func (panickingSpans) Spans(context.Context, traces.Query) iter.Seq2[traces.Span, error] {
	panic("a defect")
}

func crowd(trace string, n int) []traces.Span {
	var all []traces.Span
	for i := range n {
		all = append(all, spanned(ago(1), "edge", trace, fmt.Sprintf("s%03d", i), time.Duration(i)))
	}
	return all
}

func manyTraced(n int) []logs.Record {
	var all []logs.Record
	for i := range n {
		all = append(all, said(ago(2), "s", fmt.Sprintf("many%d", i), logs.SeverityInfo, fmt.Sprintf("b%d", i)))
	}
	return all
}

func TestLogsOfACorrelationThatNobodyGivesAreAnError(t *testing.T) {
	t.Parallel()
	live, history, spans := flow()
	live.failAfter, history.failAfter = 0, 0
	_, err := evidence.Correlation(t.Context(), evidence.CorrelationQuestion{CorrelationID: correlationID}, evidence.Sources{Logs: byAge(live, history), Traces: spans})
	if !errors.Is(err, base.ErrUnavailable) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	live, history, spans = flow()
	live.opens = func(ctx context.Context) error { cancel(); return ctx.Err() }
	_, err = evidence.Correlation(ctx, evidence.CorrelationQuestion{CorrelationID: correlationID}, evidence.Sources{Logs: byAge(live, history), Traces: spans})
	if !errors.Is(err, base.ErrCanceled) {
		t.Error(err)
	}
}

func TestTheLimitOfACorrelationCutsTheNewestRecords(t *testing.T) {
	t.Parallel()
	live, history, spans := flow()
	sources := evidence.Sources{Logs: byAge(live, history), Traces: spans}
	r, err := evidence.Correlation(t.Context(), evidence.CorrelationQuestion{CorrelationID: correlationID, Limit: 2}, sources)
	if err != nil || r.Outcome != base.Truncated || whats(r) != "accepted, matched" || len(r.NotSeen) != 1 || !strings.Contains(r.NotSeen[0], "truncated after 2") {
		t.Errorf("%s %s %q, %v", r.Outcome, whats(r), r.NotSeen, err)
	}
	narrow := base.Window{From: ago(40), To: ago(39.5)}
	r, err = evidence.Correlation(t.Context(), evidence.CorrelationQuestion{CorrelationID: correlationID, Window: narrow}, sources)
	if err != nil || r.Outcome != base.Data || whats(r) != "accepted" || r.Window != narrow {
		t.Errorf("%s %s %+v, %v", r.Outcome, whats(r), r.Window, err)
	}
}

func TestAnUnknownCorrelationIDIsNoDataWithEmptyLists(t *testing.T) {
	t.Parallel()
	r := follow(t, evidence.Sources{Logs: byAge(newShelf("live"), newShelf("history")), Traces: &spanShelf{}})
	text, err := json.Marshal(r)
	if err != nil || r.Outcome != base.NoData || strings.Contains(string(text), "null") {
		t.Errorf("%s, %v", text, err)
	}
	fits(t, evidence.Sources{}.Tools(), "evidence_trace_correlation", text)
}

func TestQuestionsForACorrelationThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	live, history, _ := flow()
	var none *spanShelf
	whole := evidence.Sources{Logs: byAge(live, history)}
	for want, one := range map[string]struct {
		question evidence.CorrelationQuestion
		sources  evidence.Sources
	}{
		"correlation_id: empty":        {evidence.CorrelationQuestion{CorrelationID: " "}, whole},
		"longer than":                  {evidence.CorrelationQuestion{CorrelationID: strings.Repeat("x", 257)}, whole},
		"control":                      {evidence.CorrelationQuestion{CorrelationID: "a\nb"}, whole},
		"limit":                        {evidence.CorrelationQuestion{CorrelationID: "a", Limit: 2001}, whole},
		"no client of logs was given":  {evidence.CorrelationQuestion{CorrelationID: "a"}, evidence.Sources{}},
		"sources.traces":               {evidence.CorrelationQuestion{CorrelationID: "a"}, evidence.Sources{Logs: live, Traces: none}},
		"window":                       {evidence.CorrelationQuestion{CorrelationID: "a", Window: base.Window{From: ago(1), To: ago(2)}}, whole},
		"older than 180 days, and no ": {evidence.CorrelationQuestion{CorrelationID: "a", Window: base.Window{From: ago(300), To: ago(200)}}, whole},
	} {
		_, err := evidence.Correlation(t.Context(), one.question, one.sources)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if len(live.asked)+len(history.asked) != 0 {
		t.Error("a source was asked")
	}
}

// The same over a client of a real kind, with the older name and a store that fails.
func TestTheOlderToolOfACorrelationAsksAStoreOfLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	first := said(at, "api", traceA, logs.SeverityInfo, "accepted "+correlationID)
	second := said(at.Add(time.Minute), "files", "", logs.SeverityWarn, "late")
	second.Attributes = map[string]any{"correlation_id": correlationID}
	w.logs.Insert(second, first, said(at, "other", "", logs.SeverityInfo, "accepted c-1"))
	w.logs.InsertSpans(spanned(at, "api", traceA, "9d30e7b1f4a86c55", time.Second))
	set := tool.Set(w.sources.Aliases())
	call := func() (r evidence.CorrelationReport, err error) {
		answer, err := set.CallTool(t.Context(), "trace_correlation_id", json.RawMessage(`{"correlation_id":"`+correlationID+`"}`))
		if err == nil {
			fits(t, set, "trace_correlation_id", answer)
			err = json.Unmarshal(answer, &r)
		}
		return r, err
	}
	r, err := call()
	if diff := cmp.Diff("do 9d30e7b1f4a86c55, accepted "+correlationID+", late", whats(r)); err != nil || diff != "" || r.Outcome != base.Data || names(r) != "api files" {
		t.Errorf("%s%+v, %v", diff, r, err)
	}
	w.logs.Fail(fault.Reset(), -1)
	if r, err := call(); !errors.Is(err, base.ErrUnavailable) {
		t.Errorf("%+v, %v", r, err)
	}
}
