package minisql_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/minisql"
)

const hour = 1747947600 // a full half hour, in seconds

// logs is a database with rows of two services, 50 in each millisecond.
func logs(rows int) *minisql.DB {
	db := minisql.New()
	text := "Map(LowCardinality(String), String)"
	db.Put(minisql.Table{Name: "signoz_logs.distributed_logs_v2", Columns: []minisql.Column{
		{Name: "ts_bucket_start", Type: "UInt64"},
		{Name: "resource_fingerprint", Type: "String"},
		{Name: "timestamp", Type: "UInt64"},
		{Name: "id", Type: "String"},
		{Name: "trace_id", Type: "String"},
		{Name: "span_id", Type: "String"},
		{Name: "trace_flags", Type: "UInt32"},
		{Name: "severity_text", Type: "LowCardinality(String)"},
		{Name: "severity_number", Type: "UInt8"},
		{Name: "body", Type: "String"},
		{Name: "attributes_string", Type: text},
		{Name: "attributes_number", Type: "Map(LowCardinality(String), Float64)"},
		{Name: "attributes_bool", Type: "Map(LowCardinality(String), Bool)"},
		{Name: "resources_string", Type: text},
		{Name: "scope_name", Type: "String"},
		{Name: "scope_version", Type: "String"},
		{Name: "scope_string", Type: text},
	}})
	all := make([][]any, rows)
	for i := range all {
		service := []string{"cartservice", "payservice"}[i%2]
		all[i] = []any{
			uint64(hour), "service.name=" + service + ";hash=1", uint64(hour*1e9 + i/50*1e6), fmt.Sprintf("id%06d", i), "", "", uint64(0), "INFO", uint64(9),
			"request " + strconv.Itoa(i) + " done",
			map[string]any{},
			map[string]any{},
			map[string]any{},
			map[string]any{"service.name": service},
			"", "",
			map[string]any{},
		}
	}
	if err := db.Append("signoz_logs.distributed_logs_v2", all...); err != nil {
		panic(err)
	}
	db.Put(minisql.Table{
		Name:    "signoz_logs.distributed_logs_v2_resource",
		Columns: []minisql.Column{{Name: "labels", Type: "String"}, {Name: "fingerprint", Type: "String"}, {Name: "seen_at_ts_bucket_start", Type: "Int64"}},
		Rows: [][]any{
			{`{"service.name":"cartservice"}`, "service.name=cartservice;hash=1", int64(hour)},
			{`{"service.name":"payservice"}`, "service.name=payservice;hash=1", int64(hour)},
			{`{"service.name":"cartservice"}`, "service.name=cartservice;hash=1", int64(hour - 1800)},
		},
	})
	return db
}

// list is the list query of SigNoz, with its arguments in their places.
const list = `WITH __resource_filter AS (
  SELECT fingerprint FROM signoz_logs.distributed_logs_v2_resource
  WHERE (simpleJSONExtractString(labels, 'service.name') = 'cartservice' AND labels LIKE '%service.name%' AND labels LIKE '%service.name":"cartservice%')
    AND seen_at_ts_bucket_start >= 1747945619 AND seen_at_ts_bucket_start <= 1747983448 GROUP BY fingerprint)
SELECT timestamp, id, trace_id, span_id, trace_flags, severity_text, severity_number, scope_name, scope_version, body,
       attributes_string, attributes_number, attributes_bool, resources_string, scope_string
FROM signoz_logs.distributed_logs_v2
WHERE resource_fingerprint GLOBAL IN (SELECT fingerprint FROM __resource_filter)
  AND timestamp >= '1747947419000000000' AND ts_bucket_start >= 1747945619 AND timestamp < '1747983448000000000' AND ts_bucket_start <= 1747983448 LIMIT 10`

func TestTheListQueryOfSigNozIsAnsweredVerbatim(t *testing.T) {
	t.Parallel()
	got, err := logs(100).Query(t.Context(), list, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 10 || len(got.Columns) != 15 || got.ReadRows != 103 {
		t.Errorf("%d rows of %d columns from %d rows read", len(got.Rows), len(got.Columns), got.ReadRows)
	}
	for i, row := range got.Rows {
		if want := fmt.Sprintf("id%06d", 2*i); row[1] != want {
			t.Errorf("row %d is %v, want %s", i, row[1], want)
		}
	}
	if got.Columns[5].Type != "LowCardinality(String)" || got.Columns[11].Type != "Map(LowCardinality(String), Float64)" {
		t.Errorf("%v", got.Columns)
	}
}

func TestPagesByKeysetLoseNoRowOfAMillisecond(t *testing.T) {
	t.Parallel()
	db := logs(1000)
	params := map[string]string{"at": "18446744073709551615", "id": ""}
	var seen []string
	for {
		got, err := db.Query(t.Context(), `SELECT timestamp, id FROM signoz_logs.distributed_logs_v2
			WHERE (timestamp, id) < ({at:UInt64}, {id:String}) ORDER BY timestamp DESC, id DESC LIMIT 30`, params)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range got.Rows {
			seen = append(seen, row[1].(string))
			params["at"], params["id"] = strconv.FormatUint(row[0].(uint64), 10), row[1].(string)
		}
		if len(got.Rows) < 30 {
			break
		}
	}
	slices.Sort(seen)
	if unique := slices.Compact(slices.Clone(seen)); len(seen) != 1000 || len(unique) != 1000 {
		t.Errorf("%d rows, %d different, want 1000", len(seen), len(unique))
	}
}

func TestNeighbouringNanosecondsStayApart(t *testing.T) {
	t.Parallel()
	db := minisql.New()
	db.Put(minisql.Table{Name: "d.t", Columns: []minisql.Column{{Name: "n", Type: "UInt64"}, {Name: "at", Type: "DateTime64(9)"}}})
	for i := range uint64(3) {
		if err := db.Append("d.t", []any{1747947419000000000 + i, time.Unix(1747947419, int64(i)).UTC()}); err != nil {
			t.Fatal(err)
		}
	}
	params := map[string]string{"text": "2025-05-22 20:56:59.000000001", "number": "1747947419.000000001"}
	for _, where := range []string{
		"n > 1747947419000000001", "n > '1747947419000000001'", "at > fromUnixTimestamp64Nano(1747947419000000001)",
		"at > {text:DateTime64(9)}", "at > {number:DateTime64(9)}", "n NOT IN (1747947419000000001, 1747947419000000000)",
	} {
		got, err := db.Query(t.Context(), "SELECT n FROM d.t WHERE "+where, params)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if diff := cmp.Diff(n(1747947419000000002), got.Rows); diff != "" {
			t.Errorf("%s: %s", where, diff)
		}
	}
}

func TestAStatementSeesOneStateOfTheTables(t *testing.T) {
	t.Parallel()
	db := logs(10)
	row := make([]any, 17)
	var writers sync.WaitGroup
	writers.Go(func() {
		for range 200 {
			if err := db.Append("signoz_logs.distributed_logs_v2", row); err != nil {
				t.Error(err)
			}
		}
	})
	const both = "SELECT (SELECT count() FROM signoz_logs.distributed_logs_v2) = (SELECT count(*) FROM signoz_logs.distributed_logs_v2)"
	for range 200 {
		got, err := db.Query(t.Context(), both, nil)
		if err != nil || got.Rows[0][0] != one {
			t.Fatalf("%v %v", got.Rows, err)
		}
	}
	writers.Wait()
	if table, ok := db.Table("signoz_logs.distributed_logs_v2"); !ok || len(table.Rows) != 210 {
		t.Errorf("%d rows", len(table.Rows))
	}
}

func TestALargeTableIsScannedQuickly(t *testing.T) {
	t.Parallel()
	const rows = 300_000
	db := logs(rows)
	sql := strings.Replace(list, "LIMIT 10", "AND lower(body) LIKE '%request%' AND hasToken(lower(body), 'done') AND (timestamp, id) < (1747983448000000000, '') ORDER BY timestamp DESC, id DESC LIMIT 10", 1)
	best := time.Hour
	for range 3 { // the best of three, as the machine may be busy
		start := time.Now()
		if _, err := db.Query(t.Context(), sql, nil); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	if best > 3*time.Second {
		t.Errorf("%d rows took %v", rows, best)
	}
	t.Logf("%d rows in %v", rows, best)
}
