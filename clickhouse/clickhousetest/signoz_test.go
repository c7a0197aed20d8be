package clickhousetest_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// cells reads some columns of a table, whose names are found in system.columns.
func cells(t *testing.T, s *clickhousetest.Server, table string, names ...string) [][]any {
	t.Helper()
	database, name, _ := strings.Cut(table, ".")
	rows, err := openStandard(t, s).Query(t.Context(), "DESCRIBE TABLE "+database+"."+name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var column, typeName, a, b, c, d, e string
		if err := rows.Scan(&column, &typeName, &a, &b, &c, &d, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, column)
	}
	var out [][]any
	for _, row := range s.Rows(table) {
		var picked []any
		for _, n := range names {
			at := slices.Index(all, n)
			if at < 0 {
				t.Fatalf("%s has no column %s", table, n)
			}
			picked = append(picked, row[at])
		}
		out = append(out, picked)
	}
	return out
}

func want(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestLogRecordsFillTheTablesOfTheCollector(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC)
	bucket := int64(1772600400)
	s.Insert(
		logs.Record{
			Time: at, Service: "r&d <x>", Severity: logs.SeverityError, Body: "payment refused", TraceID: "t1",
			Attributes: map[string]any{"order": "7", "amount": 12, "retry": true}, Resources: map[string]string{"k8s.pod.name": "p"},
		},
		logs.Record{Time: at.Add(time.Second), ID: "own", Service: "r&d <x>", Body: "again", Resources: map[string]string{"k8s.pod.name": "p"}},
	)
	for _, table := range []string{"signoz_logs.distributed_logs_v2", "signoz_logs.logs_v2"} {
		want(t, table, [][]any{
			{
				uint64(bucket), uint64(at.UnixNano()), "ERROR", uint64(17), "payment refused", "t1",
				map[string]any{"order": "7"},
				map[string]any{"amount": 12.0},
				map[string]any{"retry": true},
				map[string]any{"k8s.pod.name": "p", "service.name": "r&d <x>"},
			},
			{
				uint64(bucket), uint64(at.Add(time.Second).UnixNano()), "", uint64(0), "again", "",
				map[string]any{},
				map[string]any{},
				map[string]any{},
				map[string]any{"k8s.pod.name": "p", "service.name": "r&d <x>"},
			},
		}, cells(t, s, table, "ts_bucket_start", "timestamp", "severity_text", "severity_number", "body", "trace_id",
			"attributes_string", "attributes_number", "attributes_bool", "resources_string"))
	}
	ids := cells(t, s, "signoz_logs.logs_v2", "id", "resource_fingerprint")
	if ids[0][0] == "" || ids[1][0] != "own" || ids[0][1] != ids[1][1] {
		t.Errorf("ids and fingerprints: %v", ids)
	}
	want(t, "one resource per bucket", [][]any{
		{`{"k8s.pod.name":"p","service.name":"r\u0026d \u003cx\u003e"}`, ids[0][1], bucket},
	}, cells(t, s, "signoz_logs.distributed_logs_v2_resource", "labels", "fingerprint", "seen_at_ts_bucket_start"))
	keys := cells(t, s, "signoz_metadata.distributed_field_keys", "signal", "field_context", "field_name", "field_data_type")
	for _, key := range [][]any{
		{"logs", "attribute", "order", "string"},
		{"logs", "attribute", "amount", "number"},
		{"logs", "attribute", "retry", "bool"},
		{"logs", "resource", "service.name", "string"},
	} {
		if !slices.ContainsFunc(keys, func(k []any) bool { return slices.Equal(k, key) }) {
			t.Errorf("field keys lack %v: %v", key, keys)
		}
	}
}

func TestSpansFillTheTablesOfTheCollector(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	trace := strings.Repeat("a", 32)
	child := traces.Span{
		TraceID: trace, SpanID: "s2", ParentID: "s1", Service: "payment", Name: "charge", Kind: "Server", Start: instant,
		Duration: time.Millisecond, Failed: true, StatusMessage: "refused",
		Attributes: map[string]any{"exception.type": "CardError", "exception.message": "refused", "exception.stacktrace": "at pay()", "http.route": "/charge"},
	}
	parent := traces.Span{TraceID: trace, SpanID: "s1", Service: "shop", Name: "checkout", Kind: "Client", Start: instant.Add(-time.Second), Duration: 2 * time.Second}
	s.InsertSpans(child)
	s.InsertSpans(parent)
	want(t, "spans", [][]any{
		{instant, trace, "charge", int64(2), uint64(1e6), true, "Error", "payment", "/charge"},
		{instant.Add(-time.Second), trace, "checkout", int64(3), uint64(2e9), false, "Unset", "shop", ""},
	}, cells(t, s, "signoz_traces.distributed_signoz_index_v3", "timestamp", "trace_id", "name", "kind", "duration_nano",
		"has_error", "status_code_string", "resource_string_service$$name", "attribute_string_http$$route"))
	want(t, "summaries are not merged", [][]any{
		{trace, instant, uint64(1)}, {trace, instant.Add(-time.Second), uint64(1)},
	}, cells(t, s, "signoz_traces.distributed_trace_summary", "trace_id", "start", "num_spans"))
	want(t, "exceptions", [][]any{
		{"payment", "CardError", "refused", "at pay()", trace, "s2"},
	}, cells(t, s, "signoz_traces.distributed_signoz_error_index_v2", "serviceName", "exceptionType", "exceptionMessage",
		"exceptionStacktrace", "traceID", "spanID"))
	want(t, "calls, the caller coming later", [][]any{
		{"shop", "payment", uint64(1), uint64(1), []any{1e6}, instant.Truncate(time.Minute)},
	}, cells(t, s, "signoz_traces.distributed_dependency_graph_minutes_v2", "src", "dest", "error_count", "total_count",
		"duration_quantiles_state", "timestamp"))
	want(t, "operations", [][]any{
		{"charge", "payment"}, {"checkout", "shop"},
	}, cells(t, s, "signoz_traces.distributed_top_level_operations", "name", "serviceName"))
}

func TestMetricPointsFillTheTablesOfTheCollector(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	labels := map[string]string{"service.name": "shop"}
	s.InsertMetrics(
		metrics.Point{Time: instant, Metric: "cpu", Labels: labels, Value: 0.5},
		metrics.Point{Time: instant.Add(time.Minute), Metric: "cpu", Labels: labels, Value: math.Inf(1)},
		metrics.Point{Time: instant, Metric: "memory", Value: math.NaN()},
	)
	samples := cells(t, s, "signoz_metrics.distributed_samples_v4", "metric_name", "unix_milli", "value", "fingerprint")
	if len(samples) != 3 || samples[0][3] != samples[1][3] || samples[0][3] == samples[2][3] ||
		samples[1][2] != math.Inf(1) || !math.IsNaN(samples[2][2].(float64)) || samples[0][1] != instant.UnixMilli() {
		t.Errorf("samples: %v", samples)
	}
	want(t, "series, once an hour", [][]any{
		{"cpu", samples[0][3], instant.Truncate(time.Hour).UnixMilli(), `{"__name__":"cpu","service.name":"shop"}`},
		{"memory", samples[2][3], instant.Truncate(time.Hour).UnixMilli(), `{"__name__":"memory"}`},
	}, cells(t, s, "signoz_metrics.distributed_time_series_v4", "metric_name", "fingerprint", "unix_milli", "labels"))
}

func TestTheLineageShowsInTheSystemTables(t *testing.T) {
	t.Parallel()
	for lineage, want := range map[clickhousetest.SchemaLineage]bool{clickhousetest.Fresh: true, clickhousetest.Legacy: false} {
		t.Run(lineage.String(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Lineage(lineage)
			conn := openStandard(t, s)
			found := map[string]bool{}
			for _, sql := range []string{"SELECT table, name FROM system.columns", "SELECT table, name FROM system.data_skipping_indices"} {
				rows, err := conn.Query(t.Context(), sql)
				if err != nil {
					t.Fatal(err)
				}
				for rows.Next() {
					var table, name string
					if err := rows.Scan(&table, &name); err != nil {
						t.Fatal(err)
					}
					found[table+"."+name] = true
				}
				_ = rows.Close()
			}
			for _, name := range []string{"logs_v2._retention_days", "logs_v2.resource", "logs_v2.body_index_v2_token", "logs_v2.trace_id_idx"} {
				if found[name] != want {
					t.Errorf("%s is there: %v, want %v", name, found[name], want)
				}
			}
			if found["logs_v2.body_idx"] == want || !found["logs_v2.body"] {
				t.Errorf("body_idx %v, body %v", found["logs_v2.body_idx"], found["logs_v2.body"])
			}
		})
	}
}

func TestUnqualifiedNamesBelongToTheDatabaseOfTheConnection(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Insert(logs.Record{Time: instant, Body: "from nowhere"})
	conn := openStandard(t, s, inDatabase("signoz_logs"))
	var n uint64
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM logs_v2").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v; want 1", n, err)
	}
	if err := s.Exec("CREATE TABLE gone (a UInt8)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Exec("DROP TABLE gone"); err != nil {
		t.Fatal(err)
	}
	if err := openStandard(t, s).Exec(t.Context(), "SELECT a FROM gone"); codeOf(err) != 60 {
		t.Errorf("a dropped table: %v, want code 60", err)
	}
}
