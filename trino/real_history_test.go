package trino_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/trino"
)

// lay makes the tables of history with real partitions by day, once.
func lay(t *testing.T, server *engines.TrinoServer) {
	t.Helper()
	laid.Do(func() { layTables(t, server) })
}

var laid sync.Once

func layTables(t *testing.T, server *engines.TrinoServer) {
	t.Helper()
	day := func(n int) string { return now.AddDate(0, 0, -n).Format(time.DateOnly) }
	var callbacks, files []string
	for n := range 16 {
		callbacks = append(callbacks, fmt.Sprintf("('id-%02d', TIMESTAMP '%s 12:00:00.123456', '123456789', 7, 'LOAD1', 'acme', 'https://hooks.example.com', '%d', 'ARRIVAL', NULL, '%s')",
			n, day(n), 200+n%2*303, day(n)))
		files = append(files, fmt.Sprintf("('123456789', 'file-%02d.csv', ARRAY[1, 2], '%s')", n, day(n)))
	}
	for _, sql := range []string{
		"CREATE SCHEMA IF NOT EXISTS hive.log",
		"CREATE TABLE IF NOT EXISTS hive.log.callbacks_v2 (uuid varchar, ts timestamp(3), fk_tracking_id varchar, config_id bigint, load_number varchar, " +
			"company_id varchar, ext_url varchar, ext_request_status varchar, message_type varchar, error_msg varchar, datestr varchar) " +
			"WITH (partitioned_by = ARRAY['datestr'])",
		"INSERT INTO hive.log.callbacks_v2 VALUES " + strings.Join(callbacks, ", "),
		"CREATE TABLE IF NOT EXISTS hive.log.load_files (fk_tracking_id varchar, file_name varchar, parts array(integer), datestr varchar) WITH (partitioned_by = ARRAY['datestr'])",
		"INSERT INTO hive.log.load_files VALUES " + strings.Join(files, ", "),
		"CREATE TABLE IF NOT EXISTS hive.log.logs (timestamp bigint, id varchar, trace_id varchar, span_id varchar, severity_text varchar, severity_number integer, " +
			"body varchar, attributes_string map(varchar, varchar), attributes_number map(varchar, double), attributes_bool map(varchar, boolean), " +
			"resources_string map(varchar, varchar), datestr varchar) WITH (partitioned_by = ARRAY['datestr'])",
		fmt.Sprintf("INSERT INTO hive.log.logs VALUES (%d, 'a', '', '', 'ERROR', 17, 'Load 123456789 isn''t there', MAP(ARRAY['k'], ARRAY['v']), MAP(ARRAY['n'], ARRAY[7e0]), "+
			"MAP(ARRAY['ok'], ARRAY[true]), MAP(ARRAY['service.name'], ARRAY['tracker']), '%s'), (%d, 'b', NULL, NULL, 'INFO', 9, 'load 1234567890', NULL, NULL, NULL, NULL, '%s')",
			now.Add(time.Hour).UnixNano()+1, day(0), now.Add(2*time.Hour).UnixNano(), day(0)),
		"CREATE OR REPLACE VIEW hive.log.vw_location_processing_flow AS SELECT fk_tracking_id, file_name AS carrier_file, datestr FROM hive.log.load_files",
		"CREATE TABLE IF NOT EXISTS memory.default.text_times (uuid varchar, ts varchar, datestr varchar)",
		fmt.Sprintf("INSERT INTO memory.default.text_times VALUES ('iso', '%s', '%s'), ('sql', '%s 03:04:05.6', '%s'), ('none', 'soon', '%s')",
			now.Add(time.Hour).Format(time.RFC3339Nano), day(0), day(0), day(0), day(0)),
	} {
		if _, err := server.Query(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func TestRealHistoryIsReadByItsPartitions(t *testing.T) {
	server := engines.SharedTrino(t)
	lay(t, server)
	client := realClient(t, server, func(c *trino.Config) { c.Catalog, c.Schema = "hive", "log" })
	ctx := t.Context()
	window := daysAgo(15, -1)

	callbacks, err := base.Collect(client.Callbacks(ctx, trino.CallbacksOptions{Window: window, TrackingID: "123456789"}))
	if err != nil || len(callbacks) != 16 || !slices.IsSortedFunc(callbacks, func(a, b trino.Callback) int { return b.Time.Compare(a.Time) }) {
		t.Fatalf("%d callbacks, %v", len(callbacks), err)
	}
	want := trino.Callback{
		ID: "id-01", Time: now.AddDate(0, 0, -1).Add(12*time.Hour + 123*time.Millisecond), TrackingID: "123456789", LoadNumber: "LOAD1", CompanyID: "acme",
		ConfigID: "7", MessageType: "ARRIVAL", URL: "https://hooks.example.com", Status: "503", Date: now.AddDate(0, 0, -1).Format(time.DateOnly),
	}
	if diff := cmp.Diff(want, callbacks[1]); diff != "" {
		t.Error(diff)
	}
	failed, err := base.Collect(client.Callbacks(ctx, trino.CallbacksOptions{Window: window, Delivery: trino.NotDelivered, OldestFirst: true}))
	if err != nil || len(failed) != 8 || failed[0].ID != "id-15" {
		t.Errorf("%d not delivered, %v", len(failed), err)
	}
	var paged []trino.Callback
	for cursor, more := "", true; more; {
		p, err := client.CallbacksPage(ctx, trino.CallbacksOptions{Window: window, Limit: 5}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		paged, cursor, more = append(paged, p.Items...), p.Cursor, p.More
	}
	if diff := cmp.Diff(callbacks, paged); diff != "" {
		t.Error(diff)
	}

	files, err := base.Collect(client.LoadFiles(ctx, trino.FilesOptions{TrackingID: "123456789", Window: window}))
	if err != nil || len(files) != 16 || files[0].Fields["file_name"] != "file-00.csv" {
		t.Errorf("%+v %v", files, err)
	}
	steps, err := base.Collect(client.LocationProcessing(ctx, trino.FilesOptions{TrackingID: "123456789", Window: window}))
	if err != nil || len(steps) != 16 || steps[0].Fields["carrier_file"] != "file-00.csv" {
		t.Errorf("%+v %v", steps, err)
	}
	records, err := base.Collect(client.Logs(ctx, logs.Query{
		Window: window, TrackingID: "123456789", Services: []string{"tracker"}, MinSeverity: logs.SeverityWarn, Contains: []string{"ISN'T"},
		Attributes: map[string]string{"k": "v", "n": "7", "ok": "true"}, Regexp: `load \d+`,
	}))
	if err != nil || len(records) != 1 || records[0].ID != "a" || records[0].Time.Nanosecond() != 1 || records[0].Attributes["n"] != 7.0 {
		t.Errorf("%+v %v", records, err)
	}
	if all, err := base.Collect(client.Logs(ctx, logs.Query{Window: window})); err != nil || len(all) != 2 {
		t.Errorf("%+v %v", all, err)
	}
	texts := realClient(t, server, func(c *trino.Config) {
		c.Catalog, c.Schema, c.Tables.Callbacks = "memory", "default", "text_times"
	})
	found, err := base.Collect(texts.Callbacks(ctx, trino.CallbacksOptions{Window: window}))
	if err != nil || len(found) != 2 || found[0].ID != "sql" || !found[1].Time.Equal(now.Add(time.Hour)) {
		t.Errorf("times as text: %+v %v", found, err)
	}
}

func TestRealPlansNamesAndWalls(t *testing.T) {
	server := engines.SharedTrino(t)
	lay(t, server)
	client := realClient(t, server, func(c *trino.Config) {
		c.Catalog, c.Schema, c.Schemas, c.Tables.Retention = "hive", "log", []string{"hive.log"}, -1
	})
	ctx := t.Context()
	q := trino.Query{SQL: "SELECT uuid FROM callbacks_v2 WHERE datestr >= ? AND fk_tracking_id = ?", Args: []any{"2020-01-01", "1"}}
	for _, kind := range []trino.ExplainType{trino.Logical, trino.Distributed, trino.IO, trino.Validate} {
		e, err := client.Explain(ctx, q, kind)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if kind == trino.IO && (len(e.Reads) != 1 || e.Reads[0].Table != "hive.log.callbacks_v2" || !slices.Contains(e.Reads[0].Constraints, "datestr")) {
			t.Errorf("%+v", e)
		}
		if kind == trino.Validate && !e.Valid {
			t.Errorf("%+v", e)
		}
	}
	if n, err := count(client.Query(ctx, q)); err != nil || n != 0 {
		t.Errorf("%d %v", n, err)
	}
	long := q
	long.SQL += " AND message_type <> '" + strings.Repeat("x", 10_000) + "'"
	if n, err := count(client.Query(ctx, long)); err != nil || n != 0 {
		t.Errorf("a long statement: %d %v", n, err)
	}
	for _, sql := range []string{
		"SELECT datestr FROM callbacks_v2", "SELECT uuid FROM callbacks_v2 WHERE datestr = '2999-01-02' OR true",
		"SELECT carrier_file FROM vw_location_processing_flow v WHERE v.datestr <> 'x'", "SELECT id FROM logs WHERE datestr >= '2999-01-01' UNION ALL SELECT uuid FROM callbacks_v2", "WITH a AS (SELECT * FROM logs) SELECT count(*) FROM a",
		"SELECT uuid FROM callbacks_v2 WHERE datestr <= '2025-01-02'",
	} {
		if _, err := client.Query(ctx, trino.Query{SQL: sql}); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "without a bound") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		"SELECT carrier_file FROM vw_location_processing_flow WHERE datestr BETWEEN '2020-01-01' AND '2020-01-02'",
		"WITH a AS (SELECT * FROM logs WHERE datestr IN ('2020-01-01', '2020-01-03')) SELECT id FROM a",
		"SELECT l.id FROM logs l JOIN callbacks_v2 c ON l.datestr = c.datestr WHERE l.datestr > '2999-01-01' AND c.datestr > '2999-01-01'",
	} {
		if n, err := count(client.Query(ctx, trino.Query{SQL: sql})); err != nil || n != 0 {
			t.Errorf("%s: %d %v", sql, n, err)
		}
	}
	for _, sql := range []string{
		"SELECT * FROM tpch.tiny.nation", "SELECT (SELECT max(nationkey) FROM tpch.tiny.nation) FROM (VALUES 1)", "SHOW TABLES FROM tpch.tiny",
		"WITH a AS (SELECT * FROM memory.default.text_times) SELECT uuid FROM a",
	} {
		if _, err := client.Query(ctx, trino.Query{SQL: sql}); base.KindOf(err) != base.KindPermission {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if all, err := client.Catalogs(ctx); err != nil || !slices.Equal(all, []string{"hive"}) {
		t.Error(all, err)
	}
	if all, err := client.Schemas(ctx, ""); err != nil || !slices.Equal(all, []string{"log"}) {
		t.Error(all, err)
	}
	tables, err := client.Tables(ctx, trino.TablesOptions{Like: "%l%"})
	if err != nil || len(tables) != 4 || tables[0] != (trino.Table{Catalog: "hive", Schema: "log", Name: "callbacks_v2", History: true}) {
		t.Errorf("%+v %v", tables, err)
	}
	d, err := client.DescribeTable(ctx, "callbacks_v2", 3)
	if err != nil || d.Columns[len(d.Columns)-1] != (trino.Column{Name: "datestr", Type: "varchar", Extra: "partition key"}) {
		t.Errorf("%+v %v", d, err)
	}
}
