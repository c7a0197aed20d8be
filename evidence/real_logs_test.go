package evidence_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/trino"
)

// TestRealStoresThatOverlapGiveOneList asks a real ClickHouse and a real Trino that keep the same records for twenty days,
// with Athena behind Trino: a real one but for its SQL, see [athenaStand].
func TestRealStoresThatOverlapGiveOneList(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	written := keptLogs(now)
	past := older(written, now, historyBegins)
	live := realLive(t, younger(written, now, liveKeeps))
	first := realHistory(t, past)
	second, archived := realArchive(t, past)
	t.Logf("stores are filled after %s", time.Since(now).Round(time.Second))
	checkStores(t, logStores{live, []logs.Source{first, second}}, now, written)
	if archived.queries() == 0 {
		t.Error("Athena was not asked")
	}
	t.Logf("Trino with Athena behind it: checked after %s", time.Since(now).Round(time.Second))
	network := engines.Proxy(t, engines.SharedTrino(t).Addr)
	gone := newStriking(t, func() { // Trino is gone, for new connections too
		network.Refuse(true)
		network.Cut()
	})
	cut := realTrino(t, network.Addr, base.Limits{Concurrency: 1}, base.WithTransport(gone)) // one piece of the window after the other
	checkStruck(t, logStores{live, []logs.Source{cut, second}}, gone, 40, func() { network.Refuse(false) }, now, written)
}

// realLive is a ClickHouse with the tables of SigNoz, as far as a search of logs needs them.
func realLive(t *testing.T, written []logs.Record) *clickhouse.Client {
	t.Helper()
	server := engines.Shared(t)
	exec := func(sql string) { server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, sql) }
	exec("CREATE DATABASE signoz_logs")
	exec(`CREATE TABLE signoz_logs.distributed_logs_v2 (ts_bucket_start UInt64, resource_fingerprint String, timestamp UInt64, id String,
		trace_id String, span_id String, severity_text LowCardinality(String), severity_number UInt8, body String,
		attributes_string Map(LowCardinality(String), String), attributes_number Map(LowCardinality(String), Float64),
		attributes_bool Map(LowCardinality(String), Bool), resources_string Map(LowCardinality(String), String))
		ENGINE = MergeTree ORDER BY (ts_bucket_start, resource_fingerprint, severity_text, timestamp, id)`)
	exec(`CREATE TABLE signoz_logs.distributed_logs_v2_resource (labels String, fingerprint String, seen_at_ts_bucket_start Int64)
		ENGINE = ReplacingMergeTree ORDER BY (labels, fingerprint, seen_at_ts_bucket_start)`)
	var records, resources strings.Builder
	for _, r := range written {
		labels, _ := json.Marshal(r.Resources) // a map of strings cannot fail
		bucket := r.Time.Unix() / 1800 * 1800
		row, err := json.Marshal(map[string]any{
			"ts_bucket_start": bucket, "resource_fingerprint": "service.name=till;hash=1", "timestamp": r.Time.UnixNano(), "id": r.ID, "trace_id": r.TraceID,
			"span_id": r.SpanID, "severity_text": r.SeverityText, "severity_number": r.Severity, "body": r.Body, "resources_string": r.Resources,
		})
		if err != nil {
			t.Fatal(err)
		}
		records.Write(append(row, '\n'))
		fmt.Fprintf(&resources, "{\"labels\": %q, \"fingerprint\": \"service.name=till;hash=1\", \"seen_at_ts_bucket_start\": %d}\n", labels, bucket)
	}
	exec("INSERT INTO signoz_logs.distributed_logs_v2 FORMAT JSONEachRow\n" + records.String())
	exec("INSERT INTO signoz_logs.distributed_logs_v2_resource FORMAT JSONEachRow\n" + resources.String())
	client, err := clickhouse.New(t.Context(), clickhouse.Config{Addresses: []string{server.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// realHistory is a Trino with a table of logs by day.
func realHistory(t *testing.T, written []logs.Record) *trino.Client {
	t.Helper()
	server := engines.SharedTrino(t)
	run := func(sql string) {
		if _, err := server.Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE SCHEMA IF NOT EXISTS memory.log")
	run(`CREATE TABLE memory.log.logs (timestamp bigint, id varchar, trace_id varchar, span_id varchar, severity_text varchar, severity_number integer,
		body varchar, attributes_string map(varchar, varchar), attributes_number map(varchar, double), attributes_bool map(varchar, boolean),
		resources_string map(varchar, varchar), datestr varchar)`)
	var rows []string
	for _, r := range written {
		rows = append(rows, fmt.Sprintf("(%d, '%s', '%s', '%s', '%s', %d, '%s', NULL, NULL, NULL, MAP(ARRAY['service.name'], ARRAY['%s']), '%s')",
			r.Time.UnixNano(), r.ID, r.TraceID, r.SpanID, r.SeverityText, r.Severity, r.Body, r.Service, r.Time.Format(time.DateOnly)))
	}
	run("INSERT INTO memory.log.logs VALUES " + strings.Join(rows, ", "))
	return realTrino(t, server.Addr, base.Limits{})
}

// realTrino is a client of the Trino at an address.
func realTrino(t *testing.T, address string, limits base.Limits, opts ...base.Option) *trino.Client {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	client, err := trino.New(t.Context(), trino.Config{
		Host: host, Port: port, Plaintext: true, Proxy: "none", Catalog: "memory", Schema: "log", Limits: limits,
	}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}
