package clickhouse_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

var (
	noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	day  = base.Window{From: noon.Add(-12 * time.Hour), To: noon.Add(12 * time.Hour)}
)

// store takes records as the collector does, and is asked by a client: the fake, or a real server.
type store interface {
	Insert(records ...logs.Record)
	InsertSpans(spans ...traces.Span)
	InsertMetrics(points ...metrics.Point)
}

func fake(t *testing.T) (*clickhousetest.Server, *clickhouse.Client) {
	t.Helper()
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	return server, client(t, clickhouse.Config{Addresses: []string{server.Addr()}, MaxRows: -1})
}

func client(t *testing.T, c clickhouse.Config) *clickhouse.Client {
	t.Helper()
	out, err := clickhouse.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return out
}

func bodies(records []logs.Record) (out []string) {
	for _, r := range records {
		out = append(out, r.Body)
	}
	return out
}

func TestWhatCannotBeAskedNamesTheField(t *testing.T) {
	t.Parallel()
	_, c := fake(t)
	ok := logs.Query{Window: day}
	with := func(change func(*logs.Query)) logs.Query {
		q := ok
		change(&q)
		return q
	}
	long := strings.Repeat("x", 10<<10)
	for want, q := range map[string]logs.Query{
		"window.to: ":          with(func(q *logs.Query) { q.Window.To = q.Window.From.Add(-1) }),
		"window.from: missing": with(func(q *logs.Query) { q.Window = base.Window{} }),
		"window.from: 1999":    with(func(q *logs.Query) { q.Window.From = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"lies in the future": with(func(q *logs.Query) {
			q.Window = base.Window{From: time.Now().Add(99 * time.Hour), To: time.Now().Add(100 * time.Hour)}
		}),
		"trace_id: must be 32":         with(func(q *logs.Query) { q.TraceID = "not-hex" }),
		"trace_id: is all zero":        with(func(q *logs.Query) { q.TraceID = strings.Repeat("0", 32) }),
		"span_id: must be 16":          with(func(q *logs.Query) { q.SpanID = "12" }),
		"tracking_id: the character":   with(func(q *logs.Query) { q.TrackingID = "12/34" }),
		"correlation_id: the char":     with(func(q *logs.Query) { q.CorrelationID = "a\nb" }),
		"record_uuid: 10240 bytes":     with(func(q *logs.Query) { q.RecordUUID = long }),
		"contains[1]: is empty":        with(func(q *logs.Query) { q.Contains = []string{"a", ""} }),
		"not_contains[0]: 10240 bytes": with(func(q *logs.Query) { q.NotContains = []string{long} }),
		"regexp: ":                     with(func(q *logs.Query) { q.Regexp = "(" }),
		"services[0]: is empty":        with(func(q *logs.Query) { q.Services = []string{""} }),
		"services[0]: the character":   with(func(q *logs.Query) { q.Services = []string{"a\nb"} }),
		"min_severity: 25":             with(func(q *logs.Query) { q.MinSeverity = 25 }),
	} {
		_, err := base.Collect(c.Logs(t.Context(), q))
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := c.Trace(t.Context(), "x"); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
	if _, err := c.LogContext(t.Context(), clickhouse.LogContextOptions{Time: noon}); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
	old := client(t, clickhouse.Config{Host: "127.0.0.1", Tables: clickhouse.Tables{Retention: base.Duration(24 * time.Hour)}})
	if _, err := base.Collect(old.Logs(t.Context(), ok)); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "window.to: ") {
		t.Error(err)
	}
}

func TestLogsAreFilteredByEveryCondition(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	filters(t, server, c)
}

const correlation = "a1b2c3d4e5f6"

var traceID = strings.Repeat("0af7", 8)

// filters is the same for the fake and for a real server.
func filters(t *testing.T, s store, c *clickhouse.Client) {
	t.Helper()
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	s.Insert(
		logs.Record{Time: at(0), ID: "i0", Service: "cart", Severity: logs.SeverityError, Body: "NullPointerException at Cart", Resources: map[string]string{"k8s.pod.name": "p1"}},
		logs.Record{Time: at(1), ID: "i1", Service: "cart", Severity: logs.SeverityInfo, Body: `{"status": 500, "path": "/pay"}`, Attributes: map[string]any{"order": 7.0, "retry": true, "path": "/pay"}},
		logs.Record{Time: at(2), ID: "i2", Service: "r&d <x>", SeverityText: "FATAL", Body: "oom killer", TraceID: traceID, SpanID: "00f067aa0ba902b7"},
		logs.Record{Time: at(3), ID: "i3", Service: "pay", Body: "room 50%_off for load 123456789"},
		logs.Record{Time: at(4), ID: "i4", Service: "pay", Body: "[" + correlation + `] "record"=>"0b2f5a1e-9c1d-4b62-8f1e-0a1b2c3d4e5f"`},
		logs.Record{Time: at(5), ID: "i5", Service: "pay", Body: "by attribute", Attributes: map[string]any{"tracking_id": "123456789", "correlation_id": correlation}},
		logs.Record{Time: at(6), ID: "i6", Service: "pay", Body: "by number, GRÖSSE", Attributes: map[string]any{"load": 123456789.0}},
		logs.Record{Time: at(7), ID: "i7", Service: "it's \\ \"quoted\"", Body: "line one\nline two\ttab 'quote' \\ back"},
		logs.Record{Time: at(-600), ID: "i8", Service: "cart", Body: "earlier"},
	)
	for name, test := range map[string]struct {
		q    logs.Query
		want string
	}{
		"service":              {logs.Query{Services: []string{"cart"}}, "i1 i0 i8"},
		"oldest first":         {logs.Query{Services: []string{"cart"}, Order: logs.OldestFirst}, "i8 i0 i1"},
		"services":             {logs.Query{Services: []string{"cart", "r&d <x>"}}, "i2 i1 i0 i8"},
		"name with & < >":      {logs.Query{Services: []string{"r&d <x>"}}, "i2"},
		"name with quotes":     {logs.Query{Services: []string{"it's \\ \"quoted\""}}, "i7"},
		"severity":             {logs.Query{MinSeverity: logs.SeverityError}, "i2 i0"},
		"any case":             {logs.Query{Contains: []string{"nullpointerEXCEPTION"}}, "i0"},
		"three letters":        {logs.Query{Contains: []string{"OOM"}}, "i2"},
		"phrase with marks":    {logs.Query{Contains: []string{`"status": 500, "path"`}}, "i1"},
		"like's own marks":     {logs.Query{Contains: []string{"50%_OFF"}}, "i3"},
		"not like's wildcards": {logs.Query{Contains: []string{"r__m 50"}}, ""},
		"beyond ASCII":         {logs.Query{Contains: []string{"größe"}}, ""},
		"folded":               {logs.Query{Contains: []string{"number, grösse"}}, "i6"},
		"newline and quotes":   {logs.Query{Contains: []string{"ONE\nline two\ttab 'quote' \\ b"}}, "i7"},
		"not contains":         {logs.Query{Services: []string{"cart"}, NotContains: []string{"nullpointer"}}, "i1 i8"},
		"regexp":               {logs.Query{Regexp: `nullPointer\S+ AT [A-Z]+`}, "i0"},
		"attribute":            {logs.Query{Attributes: map[string]string{"path": "/pay"}}, "i1"},
		"number":               {logs.Query{Attributes: map[string]string{"order": "7"}}, "i1"},
		"bool":                 {logs.Query{Attributes: map[string]string{"retry": "true"}}, "i1"},
		"resource":             {logs.Query{Resources: map[string]string{"k8s.pod.name": "p1"}}, "i0"},
		"trace":                {logs.Query{TraceID: strings.ToUpper(traceID)}, "i2"},
		"span":                 {logs.Query{SpanID: "00f067aa0ba902b7"}, "i2"},
		"tracking id":          {logs.Query{TrackingID: "123456789"}, "i6 i5 i3"},
		"correlation id":       {logs.Query{CorrelationID: correlation}, "i5 i4"},
		"record":               {logs.Query{RecordUUID: "0b2f5a1e-9c1d-4b62-8f1e-0a1b2c3d4e5f"}, "i4"},
		"nothing":              {logs.Query{Services: []string{"absent"}}, ""},
	} {
		test.q.Window = day
		var stats base.Stats
		got, err := base.Collect(c.Logs(base.WithStats(t.Context(), &stats), test.q))
		var ids []string
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		if diff := cmp.Diff(test.want, strings.Join(ids, " ")); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if !stats.Covered.From.Equal(day.From) || !stats.Covered.To.Equal(day.To) {
			t.Errorf("%s: covered %v", name, stats.Covered)
		}
	}
}

func TestABurstIsPagedWithoutLoss(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	burst(t, server, c)
}

// burst is 1,000 records at 50 per millisecond, read 30 at a time.
func burst(t *testing.T, s store, c *clickhouse.Client) {
	t.Helper()
	var records []logs.Record
	for i := range 1000 {
		records = append(records, logs.Record{
			Time: noon.Add(time.Duration(i/50) * time.Millisecond), ID: fmt.Sprintf("id%06d", i*7919%1000), Service: "burst", Body: fmt.Sprint(i),
		})
	}
	s.Insert(records...)
	for _, order := range []logs.Order{logs.NewestFirst, logs.OldestFirst} {
		seen, cursor, last := map[string]bool{}, "", int64(0)
		for {
			p, err := c.LogsPage(t.Context(), logs.Query{Window: day, Services: []string{"burst"}, Order: order, Limit: 30}, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Items {
				if seen[r.ID] {
					t.Fatalf("%s came twice", r.ID)
				}
				if now := r.Time.UnixNano(); last != 0 && (order == logs.NewestFirst) != (now <= last) && now != last {
					t.Fatalf("%s is out of order", r.ID)
				}
				seen[r.ID], last = true, r.Time.UnixNano()
			}
			if cursor = p.Cursor; !p.More {
				break
			}
		}
		if len(seen) != 1000 {
			t.Errorf("order %d: %d of 1000", order, len(seen))
		}
	}
}

func TestALimitEndsWithACursorThatGoesOn(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	for i := range 10 {
		server.Insert(logs.Record{Time: noon.Add(time.Duration(i) * time.Minute), Service: "cart", Body: fmt.Sprint(i)})
	}
	q := logs.Query{Window: day, Limit: 4}
	got, err := base.Collect(c.Logs(t.Context(), q))
	e, ok := errors.AsType[*base.IncompleteError](err)
	if !ok || !errors.Is(err, base.ErrTruncated) || e.Seen != 4 {
		t.Fatal(err)
	}
	next, err := c.LogsPage(t.Context(), q, e.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"9", "8", "7", "6", "5", "4", "3", "2"}
	if diff := cmp.Diff(want, append(bodies(got), bodies(next.Items)...)); diff != "" || !next.More {
		t.Error(diff)
	}
	q.Contains = []string{"other"}
	if _, err := c.LogsPage(t.Context(), q, e.Cursor); !errors.Is(err, base.ErrInvalid) {
		t.Error("a cursor of another question was taken:", err)
	}
	q = logs.Query{Window: day, Limit: -1}
	if all, err := base.Collect(c.Logs(t.Context(), q)); err != nil || len(all) != 10 {
		t.Error("all:", len(all), err)
	}
	q.Limit = 10
	if all, err := base.Collect(c.Logs(t.Context(), q)); err != nil || len(all) != 10 {
		t.Error("a limit that is just reached cuts nothing:", len(all), err)
	}
}

func TestALimitAboveWhatIsGatheredSaysWhetherItCut(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	const n, limit = 10_050, 10_010 // what is above 10,000 is streamed
	for i := range n {
		server.Insert(logs.Record{Time: noon.Add(time.Duration(i) * time.Second), Service: "cart", Body: fmt.Sprint(i)})
	}
	q := logs.Query{Window: day, Limit: limit, Order: logs.OldestFirst}
	got, err := base.Collect(c.Logs(t.Context(), q))
	e, ok := errors.AsType[*base.IncompleteError](err)
	if !ok || !errors.Is(err, base.ErrTruncated) || e.Seen != limit || len(got) != limit {
		t.Fatalf("%d records, %v", len(got), err)
	}
	next, err := c.LogsPage(t.Context(), q, e.Cursor)
	if err != nil || next.More || len(next.Items) != n-limit || next.Items[0].Body != fmt.Sprint(limit) {
		t.Errorf("%d more, %v", len(next.Items), err)
	}
	q.Limit = n
	if all, err := base.Collect(c.Logs(t.Context(), q)); err != nil || len(all) != n {
		t.Error("a limit that is just reached cuts nothing:", len(all), err)
	}
}

func TestAnAbsentResourceRowIsNotTakenForNoData(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	ghost(t, server, c, func(sql string) {
		if err := server.Exec(sql); err != nil {
			t.Fatal(err)
		}
	})
	server.ForgetRequests()
	got, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Services: []string{"absent"}}))
	if err != nil || len(got) != 0 || len(server.Requests()) != 2 {
		t.Error("no data is said after asking the rows too, and then nothing else is asked:", len(server.Requests()), err)
	}
}

// ghost has rows whose resources were not written.
func ghost(t *testing.T, s store, c *clickhouse.Client, exec func(sql string)) {
	t.Helper()
	s.Insert(logs.Record{Time: noon, ID: "g1", Service: "ghost", Body: "still here"})
	s.InsertSpans(traces.Span{TraceID: traceID, SpanID: "00000000000000a1", Service: "ghost", Name: "GET", Start: noon, Duration: time.Second})
	exec("TRUNCATE TABLE signoz_logs.distributed_logs_v2_resource")
	exec("TRUNCATE TABLE signoz_traces.distributed_traces_v3_resource")
	var stats base.Stats
	ctx := base.WithStats(t.Context(), &stats)
	if got, err := base.Collect(c.Logs(ctx, logs.Query{Window: day, Services: []string{"ghost"}})); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
	if got, err := base.Collect(c.Spans(ctx, traces.Query{Window: day, Services: []string{"ghost"}})); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
	if counts, err := c.LogCounts(ctx, logs.Query{Window: day, Services: []string{"ghost"}}); err != nil || len(counts) != 1 || counts[0].Count != 1 {
		t.Error(counts, err)
	}
	if !strings.Contains(strings.Join(stats.Notes, "\n"), "lacks resources") {
		t.Errorf("the reader is not told: %q", stats.Notes)
	}
	if services, err := c.Services(ctx, day); err != nil || len(services) != 1 || !services[0].Logs || services[0].Spans != 1 {
		t.Error(services, err)
	}
}

func TestTheTimeOfATraceNarrowsTheWindow(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	server.InsertSpans(traces.Span{TraceID: traceID, SpanID: "00f067aa0ba902b7", Service: "cart", Name: "GET", Start: noon, Duration: time.Second})
	server.Insert(
		logs.Record{Time: noon.Add(-4 * time.Minute), Service: "cart", Body: "near", TraceID: traceID},
		logs.Record{Time: noon.Add(-time.Hour), Service: "cart", Body: "far", TraceID: traceID},
		logs.Record{Time: noon, Service: "cart", Body: "unknown trace", TraceID: strings.Repeat("1", 32)},
	)
	for id, want := range map[string]string{traceID: "near", strings.Repeat("1", 32): "unknown trace"} {
		got, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: day, TraceID: id}))
		if diff := cmp.Diff([]string{want}, bodies(got)); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if _, err := c.Trace(t.Context(), strings.Repeat("2", 32)); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
}

func TestBothLineagesAnswer(t *testing.T) {
	t.Parallel()
	for _, lineage := range []clickhousetest.SchemaLineage{clickhousetest.Fresh, clickhousetest.Legacy} {
		server, c := fake(t)
		server.Lineage(lineage)
		server.Insert(logs.Record{Time: noon, Service: "cart", Body: "connection refused by peer"})
		got, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Contains: []string{"connection refused by"}}))
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %v %v", lineage, got, err)
		}
		words := false
		for _, r := range server.Requests() {
			words = words || strings.Contains(r.SQL, "hasToken(")
		}
		if words != (lineage == clickhousetest.Fresh) {
			t.Errorf("%s: hasToken is used: %v", lineage, words)
		}
	}
}

func TestTheNewestSliceIsReadFirst(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	for i := range 5 {
		server.Insert(logs.Record{Time: day.To.Add(-time.Minute * time.Duration(i+1)), Service: "cart", Body: "x"})
	}
	_, _ = base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Limit: 1})) // probes the schema
	server.ForgetRequests()
	var stats base.Stats
	_, err := base.Collect(c.Logs(base.WithStats(t.Context(), &stats), logs.Query{Window: day, Limit: 3}))
	if !errors.Is(err, base.ErrTruncated) || len(server.Requests()) != 1 {
		t.Errorf("%d queries for a page that an hour fills: %v", len(server.Requests()), err)
	}
	if covered := stats.Covered.Duration(); covered == 0 || covered > time.Hour {
		t.Errorf("covered %s", covered)
	}
}

// failNth makes the nth list of logs fail with a cap of the server.
func failNth(server *clickhousetest.Server, nth int32) {
	var lists atomic.Int32
	server.Reply(func(r clickhousetest.Request) bool {
		return strings.Contains(r.SQL, "x_body") && lists.Add(1) == nth
	}, clickhousetest.Reply{Err: &clickhousetest.Exception{Code: 241, Message: "memory limit exceeded"}})
}

func TestAListThatFailsHalfWaySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	server.Insert(
		logs.Record{Time: day.To.Add(-time.Minute), Service: "cart", Body: "late"},
		logs.Record{Time: day.From.Add(time.Minute), Service: "cart", Body: "early"},
	)
	q := logs.Query{Window: day, Services: []string{"cart"}, Limit: 100}
	failNth(server, 2)
	got, err := base.Collect(c.Logs(t.Context(), q))
	e, ok := errors.AsType[*base.IncompleteError](err)
	if !ok || !errors.Is(err, base.ErrPartial) || !errors.Is(err, base.ErrQuotaExceeded) || len(got) != 1 || e.Cursor == "" {
		t.Fatal(got, err)
	}
	rest, err := c.LogsPage(t.Context(), q, e.Cursor)
	if diff := cmp.Diff([]string{"early"}, bodies(rest.Items)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	server.ClearReplies()
	failNth(server, 2)
	p, err := c.LogsPage(t.Context(), q, "")
	if err != nil || p.Outcome != base.Partial || !p.More || len(p.Items) != 1 || len(p.Stats.Notes) != 1 {
		t.Error(p, err)
	}
	server.ClearReplies()
	failNth(server, 1)
	if got, err := base.Collect(c.Logs(t.Context(), q)); len(got) != 0 || !errors.Is(err, base.ErrQuotaExceeded) || errors.Is(err, base.ErrPartial) {
		t.Error(got, err)
	}
}

func TestAServiceOfVeryManyPodsIsFoundWhole(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	pods(t, server, c)
}

// pods has more fingerprints than are sent as a list.
func pods(t *testing.T, s store, c *clickhouse.Client) {
	t.Helper()
	var records []logs.Record
	for i := range 1100 {
		service := "many"
		if i >= 1010 {
			service = "some"
		}
		records = append(records, logs.Record{
			Time: noon.Add(time.Duration(i) * time.Millisecond), ID: fmt.Sprintf("pod%04d", i), Service: service, Body: "x",
			Resources: map[string]string{"k8s.pod.name": fmt.Sprint("pod-", i)},
		})
	}
	s.Insert(records...)
	for service, want := range map[string]int{"many": 1010, "some": 90} {
		got, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Services: []string{service}}))
		if err != nil || len(got) != want {
			t.Errorf("%s: %d of %d: %v", service, len(got), want, err)
		}
	}
}
