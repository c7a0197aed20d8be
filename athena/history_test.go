package athena_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
)

// now is a day within the retention of the tables.
var now = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -40)

func daysAgo(from, to int) base.Window {
	return base.Window{From: now.AddDate(0, 0, -from), To: now.AddDate(0, 0, -to)}
}

// withCallbacks is a server with one callback for each hour of so many days before now, every third one refused.
func withCallbacks(t testing.TB, days int) *athenatest.Server {
	server := started(t)
	for i := range 24 * days {
		c := athena.Callback{
			ID: fmt.Sprintf("id-%05d", i), Time: now.Add(-time.Duration(i) * time.Hour), TrackingID: "123456789", LoadNumber: "LOAD1",
			CompanyID: "acme", Status: "200", MessageType: "ARRIVAL", URL: "https://hooks.example.com/x",
		}
		if i%3 == 0 {
			c.Status, c.Error = "503", "unavailable"
		}
		server.AddCallbacks(c)
	}
	server.AddCallbacks(athena.Callback{ID: "other", Time: now.Add(-time.Hour), TrackingID: "987654321", Status: ""})
	return server
}

func TestCallbacksOfALongWindowComeInOrderFromPiecesSideBySide(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 30)
	client := clientOf(t, server)
	got, err := base.Collect(client.Callbacks(t.Context(), athena.CallbacksOptions{Window: daysAgo(29, 0), TrackingID: "123456789", OldestFirst: true}))
	if err != nil || len(got) != 29*24 {
		t.Fatalf("%d callbacks, %v", len(got), err)
	}
	for i := 1; i < len(got); i++ {
		if !got[i].Time.After(got[i-1].Time) {
			t.Fatalf("%d: %s after %s", i, got[i].Time, got[i-1].Time)
		}
	}
	all := server.Executions()
	if len(all) != 5 { // 29 days in pieces of seven
		t.Errorf("%d queries", len(all))
	}
	for _, e := range all {
		if !strings.Contains(e.SQL, `"datestr" BETWEEN ? AND ?`) {
			t.Errorf("no bound on the days: %s", e.SQL)
		}
	}
	lost, err := base.Collect(client.Callbacks(t.Context(), athena.CallbacksOptions{Window: daysAgo(6, 0), TrackingID: "123456789", Delivery: athena.NotDelivered}))
	if err != nil || len(lost) != 6*8 || lost[0].Delivered || lost[0].Status != "503" {
		t.Errorf("%d not delivered, %v", len(lost), err)
	}
}

func TestLogsAreFoundAndPagedWithTheirAttributes(t *testing.T) {
	t.Parallel()
	server := started(t)
	for i := range 30 {
		server.AddLogs(logs.Record{
			Time: now.Add(-time.Duration(i) * time.Hour), ID: fmt.Sprintf("l-%02d", i), Service: "billing", Severity: 17, SeverityText: "ERROR",
			Body: fmt.Sprintf("load 123456789 failed, attempt %d", i), Attributes: map[string]any{"step": "parse", "count": 2.5, "last": i == 0},
		})
	}
	client := clientOf(t, server)
	q := logs.Query{Window: daysAgo(9, -1), Services: []string{"billing"}, TrackingID: "123456789", MinSeverity: logs.SeverityError, Limit: 12}
	var all []logs.Record
	cursor := ""
	for range 4 {
		p, err := client.LogsPage(t.Context(), q, cursor)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Items...)
		if cursor = p.Cursor; !p.More {
			break
		}
	}
	if len(all) != 30 || all[0].ID != "l-00" || all[29].ID != "l-29" {
		t.Fatalf("%d records", len(all))
	}
	if diff := cmp.Diff(map[string]any{"step": "parse", "count": 2.5, "last": true}, all[0].Attributes); diff != "" || all[0].Service != "billing" {
		t.Errorf("%s %+v", diff, all[0])
	}
}

func TestARemoteClientGivesWhatTheClientGives(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 12)
	server.AddLoadFiles([4]string{"123456789", "loads.csv", "OK", now.Format("2006-01-02")})
	client := clientOf(t, server)
	remote := athena.Remote(tool.Set(client.Tools()))
	o := athena.CallbacksOptions{Window: daysAgo(11, -1), Limit: 200}
	mine, err1 := base.Collect(client.Callbacks(t.Context(), o))
	theirs, err2 := base.Collect(remote.Callbacks(t.Context(), o))
	if diff := cmp.Diff(mine, theirs); diff != "" || !errors.Is(err1, base.ErrTruncated) || !errors.Is(err2, base.ErrTruncated) {
		t.Errorf("%v %v %s", err1, err2, diff)
	}
	f := athena.FilesOptions{TrackingID: "123456789", Window: daysAgo(1, -1)}
	files, err1 := base.Collect(client.LoadFiles(t.Context(), f))
	copied, err2 := base.Collect(remote.LoadFiles(t.Context(), f))
	if diff := cmp.Diff(files, copied); diff != "" || len(files) != 1 || err1 != nil || err2 != nil {
		t.Errorf("%v %v %s", err1, err2, diff)
	}
	names, err1 := client.Tables(t.Context(), athena.TablesOptions{})
	same, err2 := remote.Tables(t.Context(), athena.TablesOptions{})
	if diff := cmp.Diff(names, same); diff != "" || len(names) < 4 || err1 != nil || err2 != nil {
		t.Errorf("%v %v %s", err1, err2, diff)
	}
	if d, err := remote.DescribeTable(t.Context(), "callbacks_v2", 0); err != nil || d.Columns[len(d.Columns)-1].Extra != "partition key" {
		t.Errorf("%+v %v", d, err)
	}
}

func call(t *testing.T, tools []tool.Tool, name, args string) (map[string]any, error) {
	t.Helper()
	raw, err := tool.Set(tools).CallTool(t.Context(), name, json.RawMessage(args))
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out, nil
}

func TestEveryToolIsOneThatHostsTake(t *testing.T) {
	t.Parallel()
	client := clientOf(t, started(t))
	names := map[string]bool{}
	for _, x := range append(client.Tools(), client.Aliases()...) {
		if err := x.Check(); err != nil {
			t.Error(err)
		}
		if names[x.Name()] {
			t.Errorf("%s is there twice", x.Name())
		}
		names[x.Name()] = true
		if writes := x.Name() == "athena_stop_query" || x.Name() == "athena_start_query"; x.ReadOnly() == writes {
			t.Errorf("%s: read only %v", x.Name(), x.ReadOnly())
		}
	}
	if len(names) != 18 {
		t.Errorf("%d tools", len(names))
	}
}

func TestAQueryIsStartedWatchedAndReadByTools(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(3))
	tools := clientOf(t, server).Tools()
	out, err := call(t, tools, "athena_start_query", `{"sql":"SELECT * FROM difficult"}`)
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf(`{"query_id":%q}`, out["query_id"])
	if out, err := call(t, tools, "athena_get_query", id); err != nil || out["state"] != "SUCCEEDED" {
		t.Errorf("%v %v", out, err)
	}
	if out, err := call(t, tools, "athena_get_results", id); err != nil || out["outcome"] != "data" || len(out["items"].([]any)) != 3 {
		t.Errorf("%v %v", out, err)
	}
	if out, err := call(t, tools, "athena_stop_query", id); err != nil || out["stopped"] != true {
		t.Errorf("%v %v", out, err)
	}
}

func TestSchemasAreAWall(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddTable("awsdatacatalog.secret_db.t", []athenatest.Column{{Name: "a", Type: "varchar"}}, []any{"x"})
	server.AddTable("open", []athenatest.Column{{Name: "a", Type: "varchar"}}, []any{"x"})
	client := clientOf(t, server, func(c *athena.Config) { c.Schemas = []string{"AwsDataCatalog.raw_data_db"} })
	if _, err := client.Query(t.Context(), athena.Query{SQL: "SELECT a FROM secret_db.t"}); base.KindOf(err) != base.KindPermission {
		t.Errorf("beyond the wall: %v", err)
	}
	if all, _ := read(t, client, "SELECT a FROM open"); len(all) != 1 {
		t.Errorf("%v", all)
	}
	if _, err := client.Tables(t.Context(), athena.TablesOptions{Database: "secret_db"}); base.KindOf(err) != base.KindPermission {
		t.Errorf("its tables: %v", err)
	}
}
