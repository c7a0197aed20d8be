package clickhouse_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/internal/engines"
)

// foreign is a table of logs that another program writes: times as DateTime64, no buckets, no fingerprints.
var foreign = clickhouse.Tables{
	Logs: "app.lines",
	LogColumns: clickhouse.LogColumns{
		Time: "at", ID: "line_id", Body: "msg", SeverityText: "level", Resources: "tags", Bucket: "-", Fingerprint: "-", TraceID: "-",
		SpanID: "-", SeverityNumber: "-", StringAttributes: "-", NumberAttributes: "-", BoolAttributes: "-",
	},
}

func TestATableOfAnotherProgramIsRead(t *testing.T) {
	t.Parallel()
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	server.Put(clickhousetest.Table{
		Name: "app.lines",
		Columns: []clickhousetest.Column{
			{Name: "at", Type: "DateTime64(9)"},
			{Name: "line_id", Type: "String"},
			{Name: "msg", Type: "String"},
			{Name: "level", Type: "String"},
			{Name: "tags", Type: "Map(String, String)"},
		},
		Rows: [][]any{
			{noon, "l1", "Disk full", "error", map[string]any{"service.name": "db"}},
			{noon.Add(time.Second), "l2", "fine", "info", map[string]any{"service.name": "db"}},
			{noon.Add(2 * time.Second), "l3", "fine", "info", map[string]any{"service.name": "web"}},
		},
	})
	dialect(t, client(t, clickhouse.Config{Addresses: []string{server.Addr()}, Tables: foreign}))
}

func TestATableOfAnotherProgramIsReadOnARealServer(t *testing.T) {
	server := engines.ClickHouse(t)
	for _, sql := range []string{
		"CREATE DATABASE app",
		`CREATE TABLE app.lines (at DateTime64(9), line_id String, msg String, level LowCardinality(String),
			tags Map(LowCardinality(String), String)) ENGINE = MergeTree ORDER BY at`,
		`INSERT INTO app.lines VALUES ('2026-03-04 12:00:00', 'l1', 'Disk full', 'error', {'service.name': 'db'}),
			('2026-03-04 12:00:01', 'l2', 'fine', 'info', {'service.name': 'db'}), ('2026-03-04 12:00:02', 'l3', 'fine', 'info', {'service.name': 'web'})`,
	} {
		server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, sql)
	}
	dialect(t, client(t, clickhouse.Config{Addresses: []string{server.Addr}, Database: "app", Tables: foreign}))
}

func dialect(t *testing.T, c *clickhouse.Client) {
	t.Helper()
	for name, test := range map[string]struct {
		q    logs.Query
		want []string
	}{
		"all":      {logs.Query{}, []string{"l3", "l2", "l1"}},
		"service":  {logs.Query{Services: []string{"db"}}, []string{"l2", "l1"}},
		"severity": {logs.Query{MinSeverity: logs.SeverityWarn}, []string{"l1"}},
		"text":     {logs.Query{Contains: []string{"DISK"}}, []string{"l1"}},
		"id":       {logs.Query{TrackingID: "123456789"}, nil},
	} {
		test.q.Window = day
		got, err := base.Collect(c.Logs(t.Context(), test.q))
		var ids []string
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		if diff := cmp.Diff(test.want, ids); diff != "" || err != nil {
			t.Errorf("%s: %s %v", name, diff, err)
		}
	}
	p, err := c.LogsPage(t.Context(), logs.Query{Window: day, Limit: 2}, "")
	if err != nil || !p.More || p.Items[0].Severity != logs.SeverityInfo || !p.Items[0].Time.Equal(noon.Add(2*time.Second)) {
		t.Fatal(p, err)
	}
	if p, err = c.LogsPage(t.Context(), logs.Query{Window: day, Limit: 2}, p.Cursor); err != nil || p.More || len(p.Items) != 1 {
		t.Error(p, err)
	}
	if buckets, err := c.LogHistogram(t.Context(), logs.Query{Window: base.Around(noon, 0, time.Minute)}, time.Minute); err != nil || buckets[0].Count != 3 || buckets[0].Errors != 1 {
		t.Error(buckets, err)
	}
	for field, q := range map[string]logs.Query{
		"trace_id": {TraceID: traceID}, "attributes.x": {Attributes: map[string]string{"x": "y"}},
	} {
		q.Window = day
		if _, err := base.Collect(c.Logs(t.Context(), q)); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
