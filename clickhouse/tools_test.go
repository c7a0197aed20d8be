package clickhouse_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

func TestToolsAreSuchAsEveryHostTakes(t *testing.T) {
	t.Parallel()
	_, c := fake(t)
	seen := map[string]bool{}
	for _, one := range append(c.Tools(), c.Aliases()...) {
		if err := one.Check(); err != nil {
			t.Error(err)
		}
		if seen[one.Name()] || !one.ReadOnly() {
			t.Error(one.Name())
		}
		seen[one.Name()] = true
	}
	for _, one := range c.Tools() {
		if !strings.HasPrefix(one.Name(), "clickhouse_") {
			t.Error(one.Name())
		}
	}
}

func TestARemoteClientGivesTheSameAnswers(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	remote := clickhouse.Remote("far", tool.Set(c.Tools()))
	for i := range 2500 {
		server.Insert(logs.Record{Time: noon.Add(time.Duration(i/10) * time.Millisecond), Service: "cart", Body: fmt.Sprint(i), Attributes: map[string]any{"n": float64(i)}})
	}
	server.InsertSpans(traces.Span{TraceID: traceID, SpanID: "00000000000000a1", Service: "cart", Name: "GET", Start: noon, Duration: time.Second})
	server.InsertMetrics(metrics.Point{Time: noon, Metric: "odd", Value: math.Inf(-1)})
	for _, q := range []logs.Query{
		{Window: day},
		{Window: day, Order: logs.OldestFirst, Limit: 1500},
		{Window: day, Services: []string{"cart"}, Contains: []string{"249"}, Limit: 3},
		{Window: day, Attributes: map[string]string{"n": "7"}, Resources: map[string]string{"service.name": "cart"}},
	} {
		want, wantErr := base.Collect(c.Logs(t.Context(), q))
		got, gotErr := base.Collect(remote.Logs(t.Context(), q))
		if diff := cmp.Diff(want, got); diff != "" || errors.Is(wantErr, base.ErrTruncated) != errors.Is(gotErr, base.ErrTruncated) {
			t.Errorf("%+v: %v %v %.500s", q, wantErr, gotErr, diff)
		}
	}
	trace, err := remote.Trace(t.Context(), traceID)
	if err != nil || len(trace.Spans) != 1 || trace.Outcome != base.Data {
		t.Error(trace, err)
	}
	points, err := base.Collect(remote.Metrics(t.Context(), metrics.Query{Window: day}))
	if err != nil || len(points) != 1 || !math.IsInf(points[0].Value, -1) {
		t.Error(points, err)
	}
	spans, err := base.Collect(remote.Spans(t.Context(), traces.Query{Window: day}))
	if err != nil || len(spans) != 1 {
		t.Error(spans, err)
	}
	counts, err := remote.LogCounts(t.Context(), logs.Query{Window: day}, "service")
	if err != nil || len(counts) != 1 || counts[0].Count != 2500 {
		t.Error(counts, err)
	}
	if _, err := remote.Trace(t.Context(), "zz"); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}

// More means a cursor to go on from. A list that is given at once has none, and says by its outcome that it was cut.
func TestAListThatIsGivenAtOnceIsCutWithoutACursor(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	for i := range 5 {
		server.Insert(logs.Record{Time: noon, Service: fmt.Sprintf("cart-%d", i), Body: "x"})
	}
	set := tool.Set(c.Tools())
	q := logs.Query{Window: day, Limit: 2}
	in := clickhouse.LogCountsInput{Logs: clickhouse.LogsInput{Window: day, Limit: 2}, By: []string{"service"}}
	p, err := clickhouse.CountLogs.Call(t.Context(), set, in)
	if err != nil || p.Outcome != base.Truncated || p.More || len(p.Items) != 2 {
		t.Errorf("%+v %v", p, err)
	}
	counts, err := clickhouse.Remote("far", set).LogCounts(t.Context(), q, "service")
	if e, ok := errors.AsType[*base.IncompleteError](err); !ok || e.Source != "far" || !errors.Is(err, base.ErrTruncated) || len(counts) != 2 {
		t.Errorf("%d counts, %v", len(counts), err)
	}
}

func TestAStatementIsATool(t *testing.T) {
	t.Parallel()
	_, c := fake(t)
	set := tool.Set(c.Tools())
	out, err := clickhouse.QuerySQL.Call(t.Context(), set, clickhouse.QueryInput{
		SQL: "SELECT number, {x:String} AS x FROM numbers(5)", Args: map[string]string{"x": "it's"}, Limit: 3,
	})
	if err != nil || out.Outcome != base.Truncated || len(out.Items) != 3 || out.Items[0]["x"] != "it's" || len(out.Stats.Notes) == 0 || out.Stats.Attempts == 0 {
		t.Error(out, err)
	}
	if _, err := clickhouse.QuerySQL.Call(t.Context(), set, clickhouse.QueryInput{SQL: "SELECT 1; SELECT 2"}); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}

func TestTheOlderToolsAreKept(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	now := time.Now().UTC()
	server.Insert(logs.Record{Time: now.Add(-time.Minute), Service: "cart", Severity: logs.SeverityError, Body: "[" + correlation + "] no stock"})
	set := tool.Set(c.Aliases())
	for name, args := range map[string]string{
		"query_logs": `{"service":"cart","start_time":"` + now.Add(-time.Hour).Format(time.DateTime) + `","end_time":"` +
			now.Add(time.Minute).Format(time.RFC3339) + `","severity":"warn","contains":"STOCK","limit":5}`,
		"search_by_correlation_id": `{"correlation_id":"` + correlation + `"}`,
		"get_service_list":         `{}`,
		"get_log_statistics":       `{"service":"cart","time_range":"2h"}`,
	} {
		answer, err := set.CallTool(t.Context(), name, []byte(args))
		if err != nil || !strings.Contains(string(answer), `"outcome":"data"`) || !strings.Contains(string(answer), "cart") {
			t.Errorf("%s: %s %v", name, answer, err)
		}
	}
	for name, args := range map[string]string{
		"query_logs":               `{"service":"cart","start_time":"yesterday","end_time":"2026-01-01"}`,
		"search_by_correlation_id": `{"correlation_id":""}`,
		"get_log_statistics":       `{"time_range":"-1h"}`,
	} {
		if _, err := set.CallTool(t.Context(), name, []byte(args)); !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAnswerOfTheStatementToolIsBounded(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	small := make([]any, 9_000)
	for i := range small {
		small[i] = uint8(1)
	}
	column := []clickhousetest.Column{{Name: "a", Type: "Array(UInt8)"}}
	server.ReplyTo("long", clickhousetest.Reply{Columns: column, Rows: [][]any{{small}, {append(small, small...)}}})
	text := []clickhousetest.Column{{Name: "s", Type: "String"}}
	server.ReplyTo("wide", clickhousetest.Reply{Columns: text, Rows: [][]any{{"x"}, {strings.Repeat("x", 3<<20)}}})
	for sql, note := range map[string]string{"SELECT long": "arraySlice", "SELECT wide": "bytes"} {
		out, err := clickhouse.QuerySQL.Call(t.Context(), tool.Set(c.Tools()), clickhouse.QueryInput{SQL: sql})
		if err != nil || out.Outcome != base.Truncated || len(out.Items) != 1 || !strings.Contains(strings.Join(out.Stats.Notes, " "), note) {
			t.Errorf("%s: %d items, %s, %v, %v", sql, len(out.Items), out.Outcome, out.Stats.Notes, err)
		}
	}
}

func TestAPageCountsItsItemsAlone(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	for i := range 5 {
		server.Insert(logs.Record{Time: noon.Add(time.Duration(i) * time.Second), Service: "cart", Body: fmt.Sprint(i)})
	}
	for range 2 {
		p, err := c.LogsPage(t.Context(), logs.Query{Window: day}, "")
		if err != nil || len(p.Items) != 5 || p.Stats.Rows != 5 {
			t.Errorf("%d items, %d rows, %v", len(p.Items), p.Stats.Rows, err)
		}
	}
	for _, one := range c.Tools() {
		text := one.Description()
		if strings.Contains(text, "as a page") && (!strings.Contains(text, "more") || !strings.Contains(text, "cursor")) {
			t.Errorf("%s does not say how to go on", one.Name())
		}
	}
}
