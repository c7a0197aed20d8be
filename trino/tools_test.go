package trino_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

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
		if x.ReadOnly() == (x.Name() == "trino_cancel_query") {
			t.Errorf("%s: read only %v", x.Name(), x.ReadOnly())
		}
	}
	for _, name := range []string{"query", "query_load_files", "query_callbacks", "query_logs"} {
		if !names[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestARemoteClientGivesWhatTheClientGives(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 12)
	server.AddLogs(logs.Record{Time: now, ID: "a", Service: "s", Severity: 17, SeverityText: "ERROR", Body: "x"})
	server.AddLoadFiles([4]string{"123456789", "loads.csv", "OK", now.Format("2006-01-02")})
	client := clientOf(t, server)
	remote := trino.Remote(tool.Set(client.Tools()))
	o := trino.CallbacksOptions{Window: daysAgo(11, -1), Limit: 200}
	mine, err1 := base.Collect(client.Callbacks(t.Context(), o))
	theirs, err2 := base.Collect(remote.Callbacks(t.Context(), o))
	if diff := cmp.Diff(mine, theirs); diff != "" || !errors.Is(err1, base.ErrTruncated) || !errors.Is(err2, base.ErrTruncated) {
		t.Errorf("%v %v %s", err1, err2, diff)
	}
	q := logs.Query{Window: daysAgo(1, -1), MinSeverity: logs.SeverityError}
	found, err1 := base.Collect(client.Logs(t.Context(), q))
	again, err2 := base.Collect(remote.Logs(t.Context(), q))
	if diff := cmp.Diff(found, again); diff != "" || len(found) != 1 || err1 != nil || err2 != nil {
		t.Errorf("%v %v %s", err1, err2, diff)
	}
	f := trino.FilesOptions{TrackingID: "123456789", Window: daysAgo(1, -1)}
	files, err1 := base.Collect(client.LoadFiles(t.Context(), f))
	copied, err2 := base.Collect(remote.LoadFiles(t.Context(), f))
	if diff := cmp.Diff(files, copied); diff != "" || len(files) != 1 || err1 != nil || err2 != nil {
		t.Errorf("%v %v %s", err1, err2, diff)
	}
	names, err1 := client.Tables(t.Context(), trino.TablesOptions{})
	same, err2 := remote.Tables(t.Context(), trino.TablesOptions{})
	if diff := cmp.Diff(names, same); diff != "" || err1 != nil || err2 != nil {
		t.Errorf("%v %v %s", err1, err2, diff)
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

func TestTheShortNamesTakeTheirOwnParameters(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 3)
	server.ReplyTo("bulk", trinotest.Bulk(10, 20))
	client := clientOf(t, server)
	days := `"date_range":"` + now.AddDate(0, 0, -1).Format("2006-01-02") + ".." + now.AddDate(0, 0, -1).Format("2006-01-02") + `"`
	out, err := call(t, client.Aliases(), "query_callbacks", `{"tracking_id":"123456789",`+days+`}`)
	if err != nil || len(out["items"].([]any)) != 24 {
		t.Errorf("%v %v", out, err)
	}
	out, err = call(t, client.Aliases(), "query", `{"sql":"SELECT * FROM bulk"}`)
	if err != nil || out["outcome"] != "data" || len(out["items"].([]any)) != 200 {
		t.Errorf("%v %v", out["outcome"], err)
	}
	if _, err := call(t, client.Aliases(), "query", `{"sql":"SELECT 1","limit":3}`); err == nil {
		t.Error("a parameter that the tool does not have was taken")
	}
	for _, name := range []string{"query_load_files", "query_logs"} {
		args := `{"tracking_id":"123456789",` + days + `}`
		if name == "query_logs" {
			args = `{"service":"s","severity":"WARN",` + days + `}`
		}
		if out, err := call(t, client.Aliases(), name, args); err != nil || out["outcome"] != "no_data" {
			t.Errorf("%s: %v %v", name, out, err)
		}
		for _, bad := range []string{"", "yesterday", "2025-01-02..2025-01-01", "0d", "9999d"} {
			args := strings.Replace(args, days, `"date_range":"`+bad+`"`, 1)
			if _, err := call(t, client.Aliases(), name, args); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "date_range") {
				t.Errorf("%s %q: %v", name, bad, err)
			}
		}
	}
	out, err = call(t, client.Tools(), "trino_query_sql", `{"sql":"SELECT uuid FROM callbacks_v2 WHERE datestr = ? LIMIT 5","args":["`+now.AddDate(0, 0, -1).Format("2006-01-02")+`"]}`)
	if err != nil || out["outcome"] != "data" {
		t.Errorf("%v %v", out, err)
	}
}

func TestAToolRefusesWhatItsSchemaDoesNotAllow(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 1)
	client := clientOf(t, server)
	window := `"window":{"from":"` + now.AddDate(0, 0, -1).Format(time.RFC3339) + `","to":"` + now.Format(time.RFC3339) + `"}`
	for _, c := range []struct{ name, args, want string }{
		{"trino_get_query", `{"query_id":"a b"}`, "query_id: not the id"},
		{"trino_cancel_query", `{"query_id":"a b"}`, "query_id: not the id"},
		{"trino_search_logs", `{` + window + `,"trace_id":"xyz"}`, "trace_id: must be 32 hexadecimal digits"},
		{"trino_search_logs", `{` + window + `,"span_id":"abcd"}`, "span_id: must be 16 hexadecimal digits"},
		{"trino_search_logs", `{` + window + `,"limit":20000}`, "limit: 20000 is not between 1 and 10000"},
		{"trino_list_callbacks", `{` + window + `,"limit":-5}`, "limit: -5 is not between 1 and 10000"},
		{"trino_list_load_files", `{"tracking_id":"1",` + window + `,"limit":-5}`, "limit: -5 is not between 1 and 10000"},
		{"trino_list_locations", `{"tracking_id":"1",` + window + `,"limit":20000}`, "limit: 20000 is not between 1 and 10000"},
		{"trino_query_sql", `{"sql":"SELECT 1","limit":20000}`, "limit: 20000 is not between 1 and 10000"},
	} {
		if _, err := call(t, client.Tools(), c.name, c.args); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v", c.name, c.args, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	remote := trino.Remote(tool.Set(client.Tools()))
	for _, limit := range []int{-1, 20_000} { // what a Go caller may ask for
		if _, err := remote.CallbacksPage(t.Context(), trino.CallbacksOptions{Window: daysAgo(1, 0), Limit: limit}, ""); err != nil {
			t.Errorf("%d: %v", limit, err)
		}
	}
}
