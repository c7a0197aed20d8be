package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

// realStore writes rows as the collector does to a real server.
type realStore struct {
	t      *testing.T
	server *engines.Server
}

func (s *realStore) exec(sql string) string {
	s.t.Helper()
	return s.server.HTTPQuery(s.t, engines.UserDefault, engines.PasswordDefault, sql)
}

func (s *realStore) write(table string, all []map[string]any) {
	s.t.Helper()
	if len(all) == 0 {
		return
	}
	var b strings.Builder
	b.WriteString("INSERT INTO " + table + " FORMAT JSONEachRow\n")
	for _, row := range all {
		text, err := json.Marshal(row)
		if err != nil {
			s.t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	s.exec(b.String())
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// resource gives labels, fingerprint and bucket, and the row for the table of resources.
func resource(resources map[string]string, service string, at time.Time) (all map[string]string, row map[string]any) {
	all = map[string]string{}
	maps.Copy(all, resources)
	if service != "" {
		all["service.name"] = service
	}
	labels, _ := json.Marshal(all) // a map of strings cannot fail
	return all, map[string]any{
		"labels": string(labels), "fingerprint": fmt.Sprintf("service.name=%s;hash=%d", service, hashOf(string(labels))),
		"seen_at_ts_bucket_start": at.Unix() / 1800 * 1800,
	}
}

func byType(attributes map[string]any) (text map[string]string, number map[string]float64, flag map[string]bool) {
	text, number, flag = map[string]string{}, map[string]float64{}, map[string]bool{}
	for k, v := range attributes {
		switch v := v.(type) {
		case string:
			text[k] = v
		case float64:
			number[k] = v
		case bool:
			flag[k] = v
		}
	}
	return text, number, flag
}

func (s *realStore) Insert(records ...logs.Record) {
	s.t.Helper()
	var written, resources []map[string]any
	seen := map[string]bool{}
	for _, r := range records {
		all, of := resource(r.Resources, r.Service, r.Time)
		text, number, flag := byType(r.Attributes)
		severity := r.SeverityText
		if severity == "" && r.Severity > 0 {
			severity = r.Severity.String()
		}
		written = append(written, map[string]any{
			"ts_bucket_start": of["seen_at_ts_bucket_start"], "resource_fingerprint": of["fingerprint"], "timestamp": r.Time.UnixNano(),
			"id": r.ID, "trace_id": r.TraceID, "span_id": r.SpanID, "severity_text": severity, "severity_number": r.Severity,
			"body": r.Body, "attributes_string": text, "attributes_number": number, "attributes_bool": flag, "resources_string": all,
		})
		if key := fmt.Sprint(of); !seen[key] {
			seen[key] = true
			resources = append(resources, of)
		}
	}
	s.write("signoz_logs.distributed_logs_v2", written)
	s.write("signoz_logs.distributed_logs_v2_resource", resources)
}

func (s *realStore) InsertSpans(spans ...traces.Span) {
	s.t.Helper()
	kinds := map[string]int{"Internal": 1, "Server": 2, "Client": 3, "Producer": 4, "Consumer": 5}
	var written, resources, summaries []map[string]any
	for _, span := range spans {
		all, of := resource(span.Resources, span.Service, span.Start)
		text, number, flag := byType(span.Attributes)
		stamp := func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000000000") }
		written = append(written, map[string]any{
			"ts_bucket_start": of["seen_at_ts_bucket_start"], "resource_fingerprint": of["fingerprint"], "timestamp": stamp(span.Start),
			"trace_id": span.TraceID, "span_id": span.SpanID, "parent_span_id": span.ParentID, "name": span.Name, "kind": kinds[span.Kind],
			"duration_nano": int64(span.Duration), "has_error": span.Failed, "status_message": span.StatusMessage,
			"attributes_string": text, "attributes_number": number, "attributes_bool": flag, "resources_string": all,
		})
		resources = append(resources, of)
		summaries = append(summaries, map[string]any{"trace_id": span.TraceID, "start": stamp(span.Start), "end": stamp(span.End()), "num_spans": 1})
	}
	s.write("signoz_traces.distributed_signoz_index_v3", written)
	s.write("signoz_traces.distributed_traces_v3_resource", resources)
	s.write("signoz_traces.distributed_trace_summary", summaries)
}

func (s *realStore) InsertMetrics(points ...metrics.Point) {
	s.t.Helper()
	for _, p := range points {
		named := map[string]string{"__name__": p.Metric}
		maps.Copy(named, p.Labels)
		labels, _ := json.Marshal(named)
		of := map[string]any{"metric_name": p.Metric, "fingerprint": hashOf(string(labels)), "unix_milli": p.Time.Truncate(time.Hour).UnixMilli(), "labels": string(labels)}
		s.write("signoz_metrics.distributed_time_series_v4", []map[string]any{of})
		value := any(p.Value)
		if math.IsNaN(p.Value) {
			value = "nan"
		}
		s.write("signoz_metrics.distributed_samples_v4", []map[string]any{{
			"metric_name": p.Metric, "fingerprint": of["fingerprint"], "unix_milli": p.Time.UnixMilli(), "value": value,
		}})
	}
}

func (s *realStore) truncate() {
	for _, database := range []string{"signoz_logs", "signoz_traces", "signoz_metrics"} {
		for table := range strings.FieldsSeq(s.exec("SELECT name FROM system.tables WHERE database = '" + database + "'")) {
			s.exec("TRUNCATE TABLE " + database + "." + table)
		}
	}
}

// TestARealServerGivesTheSameAnswers runs what the fake is tested with on a real server, in both lineages.
func TestARealServerGivesTheSameAnswers(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		server := engines.ClickHouse(t)
		s := &realStore{t, server}
		for _, sql := range signozDDL(legacy) {
			s.exec(sql)
		}
		for _, user := range [][2]string{{engines.UserDefault, engines.PasswordDefault}, {engines.UserReader, engines.PasswordReader}} {
			config := clickhouse.Config{Addresses: []string{server.Addr}, User: user[0], MaxRows: -1}
			if user[1] != "" {
				config.Password = secret.Literal(user[1])
			}
			c := client(t, config)
			for name, run := range map[string]func(*testing.T, store, *clickhouse.Client){
				"filters": filters, "burst": burst, "context": around, "counting": counting, "tracing": tracing, "measuring": measuring, "pods": pods,
				"ghost": func(t *testing.T, s store, c *clickhouse.Client) {
					ghost(t, s, c, func(sql string) { s.(*realStore).exec(sql) })
				},
			} {
				t.Run(fmt.Sprintf("legacy %v, %s, %s", legacy, user[0], name), func(t *testing.T) {
					s := &realStore{t, server}
					s.truncate()
					run(t, s, c)
				})
			}
		}
	}
}

// What is kept as FixedString, and what as the state of an aggregate, differs from the fake most.
func TestExceptionsOfOneInstantArePagedWithoutLoss(t *testing.T) {
	server := engines.ClickHouse(t)
	s := &realStore{t, server}
	for _, sql := range signozDDL(false) {
		s.exec(sql)
	}
	c := client(t, clickhouse.Config{Addresses: []string{server.Addr}})
	s.exec(fmt.Sprintf(`INSERT INTO signoz_traces.distributed_signoz_error_index_v2 (timestamp, errorID, groupID, traceID, serviceName, exceptionType)
		SELECT fromUnixTimestamp64Nano(toInt64(%d)), lower(hex(MD5(toString(number)))), 'group', '%s', 'till', 'Refused' FROM numbers(25)`, noon.UnixNano(), traceID))
	seen, cursor := map[string]bool{}, ""
	for {
		p, err := c.ExceptionsPage(t.Context(), clickhouse.ExceptionsOptions{Window: day, TraceID: traceID, GroupID: "group", Limit: 4}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Items {
			seen[e.ID] = true
		}
		if cursor = p.Cursor; !p.More {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25", len(seen))
	}
	s.exec(fmt.Sprintf(`INSERT INTO signoz_traces.distributed_dependency_graph_minutes_v2
		SELECT 'shop', 'till', quantilesState(0.5, 0.75, 0.9, 0.95, 0.99)(toFloat64(number * 1000000)), 3, 100, toDateTime(%d) FROM numbers(100)`, noon.Unix()))
	edges, err := c.ServiceDependencies(t.Context(), day)
	if err != nil || len(edges) != 1 || edges[0].Calls != 100 || edges[0].Failed != 3 || edges[0].P50.Round(time.Millisecond) != 50*time.Millisecond {
		t.Error(edges, err)
	}
}

// TestALogSearchReadsNoMoreThanTheTwoStepPlan counts the rows that a real server read.
func TestALogSearchReadsNoMoreThanTheTwoStepPlan(t *testing.T) {
	server := engines.ClickHouse(t)
	s := &realStore{t, server}
	for _, sql := range signozDDL(false) {
		s.exec(sql)
	}
	const services, total = 60, 1_000_000
	s.exec(fmt.Sprintf(`INSERT INTO signoz_logs.distributed_logs_v2 (ts_bucket_start, resource_fingerprint, timestamp, id, severity_text,
		severity_number, body, resources_string)
		SELECT intDiv(at, 1800) * 1800, concat('service.name=svc-', toString(number %% %d), ';hash=1'), at * 1000000000 + number, toString(number), 'INFO', 9,
		concat('request ', toString(number), ' handled', if(number = 777777, ' NullPointerMarker oom', '')), map('service.name', concat('svc-', toString(number %% %d)))
		FROM (SELECT number, toUInt64(%d) + intDiv(number * 86400, %d) AS at FROM numbers(%d))`,
		services, services, day.From.Unix(), total, total))
	s.exec(`INSERT INTO signoz_logs.distributed_logs_v2_resource (labels, fingerprint, seen_at_ts_bucket_start)
		SELECT DISTINCT concat('{"service.name":"', resources_string['service.name'], '"}'), resource_fingerprint, toInt64(ts_bucket_start) FROM signoz_logs.distributed_logs_v2`)
	c := client(t, clickhouse.Config{Addresses: []string{server.Addr}, MaxRows: -1})
	if _, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: base.Window{From: noon, To: noon.Add(1)}})); err != nil {
		t.Fatal(err) // probes the schema
	}
	read := func(q logs.Query, want int) int64 {
		t.Helper()
		var stats base.Stats
		got, err := base.Collect(c.Logs(base.WithStats(t.Context(), &stats), q))
		if len(got) != want {
			t.Errorf("%d records: %v", len(got), err)
		}
		return stats.RowsRead
	}
	last := base.Window{From: day.To.Add(-time.Hour), To: day.To}
	// byHand is the two-step plan over a window, written by hand with literals, as an operator would.
	byHand := func(w base.Window) int64 {
		var stats base.Stats
		ctx := base.WithStats(t.Context(), &stats)
		for _, sql := range []string{
			fmt.Sprintf(`SELECT fingerprint FROM signoz_logs.distributed_logs_v2_resource WHERE simpleJSONExtractString(labels, 'service.name') = 'svc-17'
				AND labels LIKE '%%"service.name":"svc-17"%%' AND seen_at_ts_bucket_start >= %d AND seen_at_ts_bucket_start <= %d GROUP BY fingerprint`,
				w.From.Unix()-1800, w.To.Unix()),
			fmt.Sprintf(`SELECT * FROM signoz_logs.distributed_logs_v2 WHERE resource_fingerprint IN ('service.name=svc-17;hash=1')
				AND timestamp >= %d AND timestamp < %d AND ts_bucket_start >= %d AND ts_bucket_start <= %d ORDER BY timestamp DESC, id DESC LIMIT 101`,
				w.From.UnixNano(), w.To.UnixNano(), w.From.Unix()-1800, w.To.Unix()),
		} {
			answer, err := c.Query(ctx, clickhouse.Query{SQL: sql})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := rows.Collect(answer, rows.ToMap); err != nil {
				t.Fatal(err)
			}
		}
		return stats.RowsRead
	}
	for name, test := range map[string]struct {
		q    logs.Query
		want int
		most int64
	}{
		"an hour of a service":    {logs.Query{Window: last, Services: []string{"svc-17"}, Limit: 100}, 100, byHand(last)},
		"a day, the newest first": {logs.Query{Window: day, Services: []string{"svc-17"}, Limit: 100}, 100, byHand(last)},
		"a rare word":             {logs.Query{Window: day, Contains: []string{"nullpointermarker"}, Limit: 100}, 1, total / 8},
		"three letters":           {logs.Query{Window: day, Contains: []string{"OOM"}, Limit: 100}, 1, total / 8},
	} {
		if got := read(test.q, test.want); got > test.most || got == 0 {
			t.Errorf("%s read %d rows, more than %d", name, got, test.most)
		} else {
			t.Logf("%s: %d rows of at most %d", name, got, test.most)
		}
	}
	s.exec("SYSTEM FLUSH LOGS")
	if n := s.exec(`SELECT count() FROM system.query_log WHERE log_comment = 'clickhouse.Logs' AND type = 'QueryFinish' AND Settings['readonly'] = '1'
		AND Settings['query_plan_max_limit_for_lazy_materialization'] = '10001'`); n == "0" {
		t.Error("no list asked for its wide columns to be read last")
	}
}
