package clickhouse_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// Records of any size are read in pages that max_bytes holds, without loss; one that is larger than that is an error.
func TestMaxBytesCutsAListThatItsCursorGoesOnFrom(t *testing.T) {
	t.Parallel()
	server := bulkServer(t)
	cfg := fakeConfig(server)
	cfg.MaxBytes = 200 << 10
	c := newClient(t, cfg)
	for i := range 20 {
		at := noon.Add(time.Duration(i) * time.Second)
		server.Insert(logs.Record{Time: at, Service: "cart", ID: fmt.Sprintf("id%02d", i), Body: strings.Repeat("x", 50<<10)})
		server.InsertSpans(traces.Span{
			TraceID: traceID, SpanID: fmt.Sprintf("%016x", i+1), Service: "cart", Name: "GET", Start: at, Failed: true,
			Attributes: map[string]any{"payload": strings.Repeat("y", 50<<10), "exception.type": "E", "exception.message": strings.Repeat("z", 50<<10)},
		})
	}
	seen, cursor, pages := map[string]bool{}, "", 0
	for {
		p, err := c.LogsPage(t.Context(), logs.Query{Window: day, Services: []string{"cart"}}, cursor)
		if err != nil || len(p.Items) == 0 {
			t.Fatal(len(p.Items), err)
		}
		pages++
		for _, r := range p.Items {
			if len(r.Body) != 50<<10 || seen[r.ID] {
				t.Fatalf("%s: %d bytes, again: %v", r.ID, len(r.Body), seen[r.ID])
			}
			seen[r.ID] = true
		}
		if cursor = p.Cursor; !p.More {
			break
		}
	}
	if len(seen) != 20 || pages < 5 {
		t.Errorf("%d of 20 in %d pages", len(seen), pages)
	}
	got, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: day}))
	if e, ok := errors.AsType[*base.IncompleteError](err); !ok || len(got) != 3 || e.Cursor == "" || !errors.Is(err, base.ErrTruncated) {
		t.Errorf("%d records, %v", len(got), err)
	}
	spans, err := c.SpansPage(t.Context(), traces.Query{Window: day, Services: []string{"cart"}}, "")
	if err != nil || !spans.More || len(spans.Items) == 0 || len(spans.Items) == 20 {
		t.Errorf("%d spans, %v", len(spans.Items), err)
	}
	thrown, err := c.ExceptionsPage(t.Context(), clickhouse.ExceptionsOptions{Window: day}, "")
	if err != nil || !thrown.More || len(thrown.Items) == 0 || len(thrown.Items) == 20 {
		t.Errorf("%d exceptions, %v", len(thrown.Items), err)
	}
	if trace, err := c.Trace(t.Context(), traceID); err != nil || trace.Outcome != base.Truncated || len(trace.Spans) == 20 {
		t.Errorf("%d spans of the trace, %v, %v", len(trace.Spans), trace.Outcome, err)
	}
	o := clickhouse.LogContextOptions{Time: noon.Add(10 * time.Second), Service: "cart", Before: 8, After: 8}
	if around, err := c.LogContext(t.Context(), o); !errors.Is(err, base.ErrTruncated) {
		t.Errorf("a context that is cut: %d records before, %v", len(around.Before), err)
	}
	server.Insert(logs.Record{Time: noon.Add(time.Minute), Service: "huge", Body: strings.Repeat("x", 1<<20)})
	if got, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Services: []string{"huge"}})); err == nil || len(got) != 0 {
		t.Errorf("a record above max_bytes: %d records, %v", len(got), err)
	}
}

// No question lifts what the operator allows, and the cursor goes on from there.
func TestPagesKeepToTheOperatorsCap(t *testing.T) {
	t.Parallel()
	server := bulkServer(t)
	cfg := fakeConfig(server)
	cfg.MaxRows = 5
	c := newClient(t, cfg)
	for i := range 20 {
		at := noon.Add(time.Duration(i) * time.Second)
		server.Insert(logs.Record{Time: at, Service: fmt.Sprintf("cart-%d", i), Body: "x"})
		server.InsertSpans(traces.Span{
			TraceID: traceID, SpanID: fmt.Sprintf("%016x", i+1), Service: "cart", Name: "GET", Start: at, Failed: true,
			Attributes: map[string]any{"exception.type": "E", "exception.message": "m"},
		})
	}
	for _, limit := range []int{0, 20, -1} {
		records, err := c.LogsPage(t.Context(), logs.Query{Window: day, Limit: limit}, "")
		if err != nil || len(records.Items) != 5 || !records.More || records.Cursor == "" {
			t.Errorf("limit %d: %d records, %v", limit, len(records.Items), err)
		}
		spans, err := c.SpansPage(t.Context(), traces.Query{Window: day, Limit: limit}, "")
		if err != nil || len(spans.Items) != 5 || !spans.More || spans.Cursor == "" {
			t.Errorf("limit %d: %d spans, %v", limit, len(spans.Items), err)
		}
		thrown, err := c.ExceptionsPage(t.Context(), clickhouse.ExceptionsOptions{Window: day, Limit: limit}, "")
		if err != nil || len(thrown.Items) != 5 || !thrown.More || thrown.Cursor == "" {
			t.Errorf("limit %d: %d exceptions, %v", limit, len(thrown.Items), err)
		}
		counts, err := c.LogCounts(t.Context(), logs.Query{Window: day, Limit: limit}, "service")
		if !errors.Is(err, base.ErrTruncated) || len(counts) != 5 {
			t.Errorf("limit %d: %d counts, %v", limit, len(counts), err)
		}
	}
}

// A list that the client itself bounds says so.
func TestListsOfVeryManyServicesSayThatTheyAreCut(t *testing.T) {
	t.Parallel()
	server := bulkServer(t)
	c := newClient(t, fakeConfig(server))
	reply := func(extra string) clickhousetest.Reply {
		rows := make([][]any, 10_001)
		for i := range rows {
			rows[i] = []any{fmt.Sprintf("svc-%05d", i), "other", uint64(1), uint64(0), []any{1.0, 1.0, 1.0, 1.0, 1.0}}
			if extra == "" {
				rows[i] = append(rows[i][:1], rows[i][2:]...)
			}
		}
		columns := []clickhousetest.Column{
			{Name: "x_name", Type: "String"},
			{Name: "x_other", Type: "String"},
			{Name: "x_count", Type: "UInt64"},
			{Name: "x_failed", Type: "UInt64"},
			{Name: "x_quantiles", Type: "Array(Float64)"},
		}
		if extra == "" {
			columns = append(columns[:1], columns[2:]...)
		}
		return clickhousetest.Reply{Columns: columns, Rows: rows}
	}
	server.ReplyTo("quantiles(0.5, 0.99)", reply(""))
	server.ReplyTo("quantilesMerge", reply("x_other"))
	services, err := c.Services(t.Context(), day)
	if !errors.Is(err, base.ErrTruncated) || len(services) < 10_000 {
		t.Errorf("%d services, %v", len(services), err)
	}
	edges, err := c.ServiceDependencies(t.Context(), day)
	if !errors.Is(err, base.ErrTruncated) || len(edges) != 10_000 {
		t.Errorf("%d dependencies, %v", len(edges), err)
	}
}

// What a tool hands to a model is JSON, whatever the values are.
func TestTheToolForSQLHandsOutValuesAsJSON(t *testing.T) {
	t.Parallel()
	server := bulkServer(t)
	server.ReplyTo("odd", clickhousetest.Reply{
		Columns: []clickhousetest.Column{
			{Name: "f64", Type: "Float64"},
			{Name: "f32", Type: "Float32"},
			{Name: "list64", Type: "Array(Float64)"},
			{Name: "list32", Type: "Array(Float32)"},
			{Name: "bytes", Type: "Array(UInt8)"},
			{Name: "map", Type: "Map(String, Float64)"},
			{Name: "nested", Type: "Array(Array(Float64))"},
			{Name: "tuple", Type: "Tuple(a Float64, b Array(UInt8))"},
			{Name: "text", Type: "String"},
			{Name: "null", Type: "Nullable(String)"},
			{Name: "big", Type: "UInt64"},
		},
		Rows: [][]any{{
			math.NaN(), math.Inf(1),
			[]any{math.Inf(-1), 1.5},
			[]any{math.NaN()},
			[]any{uint64(1), uint64(255)},
			map[string]any{"x": math.NaN()},
			[]any{[]any{math.NaN()}},
			[]any{math.NaN(), []any{uint64(7)}},
			"a\xffb", nil, uint64(math.MaxUint64),
		}},
	})
	c := newClient(t, fakeConfig(server))
	for _, one := range c.Tools() {
		if one.Name() != "clickhouse_query_sql" {
			continue
		}
		text, err := one.Call(t.Context(), json.RawMessage(`{"sql":"SELECT odd"}`))
		if err != nil {
			t.Fatal(err)
		}
		var out struct{ Items []map[string]any }
		if err := json.Unmarshal(asJSON(t, text), &out); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"f64": "NaN", "f32": "+Inf", "list64": []any{"-Inf", 1.5}, "list32": []any{"NaN"}, "bytes": []any{1.0, 255.0}, "map": map[string]any{"x": "NaN"},
			"nested": []any{[]any{"NaN"}}, "tuple": map[string]any{"a": "NaN", "b": []any{7.0}}, "text": "a\ufffdb", "null": nil, "big": float64(math.MaxUint64),
		}
		if diff := cmp.Diff(want, out.Items[0]); diff != "" {
			t.Error(diff)
		}
		return
	}
	t.Error("there is no such tool")
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	if raw, ok := v.(json.RawMessage); ok {
		return raw
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAQueryInALoopOverRowsDoesNotWaitForThatLoop(t *testing.T) {
	t.Parallel()
	server := bulkServer(t)
	cfg := fakeConfig(server)
	cfg.Limits.Concurrency = 1
	c := newClient(t, cfg)
	server.ReplyTo("SELECT endless", clickhousetest.Reply{
		Columns: []clickhousetest.Column{{Name: "n", Type: "UInt8"}}, Rows: [][]any{{1}}, Repeat: -1,
	})
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT endless"})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT 1"}); base.KindOf(err) != base.KindLimitExceeded {
			t.Errorf("%v", err)
		}
		break
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it waited %s", took)
	}
}
