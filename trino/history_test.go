package trino_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// now is a day within the retention of the tables.
var now = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -40)

func daysAgo(from, to int) base.Window {
	return base.Window{From: now.AddDate(0, 0, -from), To: now.AddDate(0, 0, -to)}
}

// withCallbacks is a server with one callback for each hour of so many days before now, every third one refused.
func withCallbacks(t testing.TB, days int, opts ...trinotest.Option) *trinotest.Server {
	server := started(t, opts...)
	for i := range 24 * days {
		c := trino.Callback{
			ID: fmt.Sprintf("id-%05d", i), Time: now.Add(-time.Duration(i) * time.Hour), TrackingID: "123456789", LoadNumber: "LOAD1",
			CompanyID: "acme", Status: "200", MessageType: "ARRIVAL", URL: "https://hooks.example.com/x",
		}
		if i%3 == 0 {
			c.Status, c.Error = "503", "unavailable"
		}
		server.AddCallbacks(c)
	}
	server.AddCallbacks(trino.Callback{ID: "other", Time: now.Add(-time.Hour), TrackingID: "987654321", Status: ""})
	return server
}

func TestCallbacksOfALongWindowComeInOrderFromPiecesSideBySide(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 30)
	client := clientOf(t, server)
	for _, oldest := range []bool{false, true} {
		before := len(server.Statements())
		var stats base.Stats
		got, err := base.Collect(client.Callbacks(base.WithStats(t.Context(), &stats), trino.CallbacksOptions{
			Window: daysAgo(29, 0), TrackingID: "123456789", OldestFirst: oldest,
		}))
		if err != nil || len(got) != 29*24 {
			t.Fatalf("%d callbacks, %v", len(got), err)
		}
		for i := 1; i < len(got); i++ {
			if got[i].Time.After(got[i-1].Time) != oldest {
				t.Fatalf("%d: %s after %s", i, got[i].Time, got[i-1].Time)
			}
		}
		pieces := 0
		for _, r := range server.Statements()[before:] {
			if strings.Contains(r.SQL, "SELECT") {
				if pieces++; !strings.Contains(r.SQL, `"datestr" BETWEEN ? AND ?`) {
					t.Errorf("not bounded: %s", r.SQL)
				}
			}
		}
		if pieces != 5 || stats.Asked != daysAgo(29, 0) || stats.Covered != daysAgo(29, 0) {
			t.Errorf("%d pieces, %+v", pieces, stats)
		}
	}
}

func TestCallbacksAreToldByTheirEnd(t *testing.T) {
	t.Parallel()
	client := clientOf(t, withCallbacks(t, 1))
	for delivery, want := range map[trino.Delivery]int{trino.AnyDelivery: 25, trino.Delivered: 16, trino.NotDelivered: 9} {
		got, err := base.Collect(client.Callbacks(t.Context(), trino.CallbacksOptions{Window: daysAgo(1, -1), Delivery: delivery}))
		if err != nil || len(got) != want {
			t.Errorf("%s: %d, %v", delivery, len(got), err)
		}
		for _, c := range got {
			if delivery != trino.AnyDelivery && c.Delivered != (delivery == trino.Delivered) {
				t.Errorf("%s: %+v", delivery, c)
			}
		}
	}
}

func TestThePagesOfCallbacksAreTheListAndTheLimitSaysSo(t *testing.T) {
	t.Parallel()
	client := clientOf(t, withCallbacks(t, 20))
	o := trino.CallbacksOptions{Window: daysAgo(19, -1), TrackingID: "123456789"}
	whole, err := base.Collect(client.Callbacks(t.Context(), o))
	if err != nil {
		t.Fatal(err)
	}
	var paged []trino.Callback
	for cursor, more := "", true; more; {
		o.Limit = 37
		p, err := client.CallbacksPage(t.Context(), o, cursor)
		if err != nil || p.Outcome != base.Data {
			t.Fatal(p.Outcome, err)
		}
		paged, cursor, more = append(paged, p.Items...), p.Cursor, p.More
	}
	if diff := cmp.Diff(whole, paged); diff != "" {
		t.Error(diff)
	}
	n := 0
	for _, failed := range client.Callbacks(t.Context(), o) {
		if err = failed; err == nil {
			n++
		}
	}
	cut, ok := errors.AsType[*base.IncompleteError](err)
	if n != 37 || !errors.Is(err, base.ErrTruncated) || !ok {
		t.Fatalf("%d, %v", n, err)
	}
	p, err := client.CallbacksPage(t.Context(), o, cut.Cursor)
	if err != nil || p.Items[0].ID != whole[37].ID {
		t.Errorf("%+v %v", p.Items, err)
	}
	if _, err := client.CallbacksPage(t.Context(), trino.CallbacksOptions{Window: o.Window}, cut.Cursor); !errors.Is(err, base.ErrInvalid) {
		t.Errorf("a cursor of another question: %v", err)
	}
}

func TestALimitAboveWhatIsGatheredSaysWhetherItCut(t *testing.T) {
	t.Parallel()
	server := started(t)
	const n, limit = 10_050, 10_010 // what is above 10,000 is streamed, piece after piece
	all := make([]trino.Callback, n)
	for i := range all {
		all[i] = trino.Callback{ID: fmt.Sprintf("id-%05d", i), Time: now.Add(-time.Duration(i) * time.Minute), TrackingID: "123456789", Status: "200"}
	}
	server.AddCallbacks(all...)
	client := clientOf(t, server, func(c *trino.Config) { c.MaxRows = 20_000 })
	for _, oldest := range []bool{false, true} {
		q := trino.CallbacksOptions{Window: daysAgo(10, -1), TrackingID: "123456789", OldestFirst: oldest, Limit: limit}
		got, err := base.Collect(client.Callbacks(t.Context(), q))
		e, ok := errors.AsType[*base.IncompleteError](err)
		if !ok || !errors.Is(err, base.ErrTruncated) || e.Seen != limit || len(got) != limit {
			t.Fatalf("%d callbacks, %v", len(got), err)
		}
		for i := 1; i < len(got); i++ {
			if got[i].Time.Equal(got[i-1].Time) || got[i].Time.After(got[i-1].Time) != oldest {
				t.Fatalf("%d: %s after %s", i, got[i].Time, got[i-1].Time)
			}
		}
		next, err := client.CallbacksPage(t.Context(), q, e.Cursor)
		if err != nil || next.More || len(next.Items) != n-limit {
			t.Errorf("%d more, %v", len(next.Items), err)
		}
		q.Limit = n
		var stats base.Stats
		if all, err := base.Collect(client.Callbacks(base.WithStats(t.Context(), &stats), q)); err != nil || len(all) != n || stats.Covered != q.Window {
			t.Error("a limit that is just reached cuts nothing:", len(all), err, stats.Covered)
		}
	}
}

func TestAPieceThatFailsEndsTheListAndSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 20)
	client := clientOf(t, server, func(c *trino.Config) { c.Limits.Retries, c.MaxRows = -1, -1 })
	if _, err := client.CallbacksPage(t.Context(), trino.CallbacksOptions{Window: daysAgo(1, 0)}, ""); err != nil { // learns the columns
		t.Fatal(err)
	}
	seen := 0
	var last error
	for c, err := range client.Callbacks(t.Context(), trino.CallbacksOptions{Window: daysAgo(19, 0), Limit: -1}) {
		if last = err; err != nil {
			break
		}
		if seen++; c.Time.Equal(now.AddDate(0, 0, -5)) {
			server.Fail(fault.Error(4, "Access Denied"), -1)
		}
	}
	if seen == 0 || seen >= 19*24 || !errors.Is(last, base.ErrPartial) || !errors.Is(last, base.ErrPermission) {
		t.Errorf("%d, %v", seen, last)
	}
}

func TestNothingIsHeldWhileTheLoopBodyRuns(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 3)
	client := clientOf(t, server, func(c *trino.Config) { c.Limits.Concurrency = 1 })
	for _, err := range client.Callbacks(t.Context(), trino.CallbacksOptions{Window: daysAgo(2, 0), Limit: -1}) {
		if err != nil {
			t.Fatal(err)
		}
		if h := client.Health(); h.InFlight != 0 {
			t.Fatalf("%d calls in flight within the loop", h.InFlight)
		}
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		break
	}
}

func TestLogsAreFoundByEachCondition(t *testing.T) {
	t.Parallel()
	server := started(t)
	at := now.Add(-time.Hour)
	record := func(id, body string, change func(*logs.Record)) logs.Record {
		r := logs.Record{Time: at, ID: id, Service: "tracker", Severity: logs.SeverityInfo, SeverityText: "INFO", Body: body}
		if change != nil {
			change(&r)
		}
		return r
	}
	server.AddLogs(
		record("a", "Load 123456789 stuck", nil),
		record("b", "load 1234567890 fine", func(r *logs.Record) { r.Severity, r.SeverityText = logs.SeverityError, "ERROR" }),
		record("c", "nothing", func(r *logs.Record) { r.Attributes = map[string]any{"load": "123456789", "n": 7.0, "ok": true} }),
		record("d", "warned", func(r *logs.Record) { r.Severity, r.SeverityText, r.Service = 0, "warning", "billing" }),
		record("e", "traced 'it'", func(r *logs.Record) {
			r.TraceID, r.Resources = "0af7651916cd43dd8448eb211c80319c", map[string]string{"pod": "p-1"}
		}),
		record("old", "Load 123456789", func(r *logs.Record) { r.Time = at.AddDate(0, 0, -3) }),
	)
	client := clientOf(t, server)
	for name, c := range map[string]struct {
		q    logs.Query
		want string
	}{
		"all":         {logs.Query{}, "edcba"},
		"oldest":      {logs.Query{Order: logs.OldestFirst}, "abcde"},
		"service":     {logs.Query{Services: []string{"billing", "none"}}, "d"},
		"severity":    {logs.Query{MinSeverity: logs.SeverityWarn}, "db"},
		"contains":    {logs.Query{Contains: []string{"LOAD", "stuck"}}, "a"},
		"quoted":      {logs.Query{Contains: []string{"'it'"}}, "e"},
		"without":     {logs.Query{NotContains: []string{"load"}}, "edc"},
		"regexp":      {logs.Query{Regexp: `load \d+ (stuck|lost)`}, "a"},
		"tracking id": {logs.Query{TrackingID: "123456789"}, "ca"},
		"attribute":   {logs.Query{Attributes: map[string]string{"n": "7", "ok": "true"}}, "c"},
		"resource":    {logs.Query{Resources: map[string]string{"pod": "p-1"}}, "e"},
		"trace":       {logs.Query{TraceID: "0af7651916cd43dd8448eb211c80319c"}, "e"},
		"nothing":     {logs.Query{Contains: []string{"absent"}}, ""},
	} {
		c.q.Window = base.Window{From: at, To: at.Add(1)}
		var got strings.Builder
		for r, err := range client.Logs(t.Context(), c.q) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got.WriteString(r.ID)
		}
		if got.String() != c.want {
			t.Errorf("%s: %q, want %q", name, got.String(), c.want)
		}
	}
	p, err := client.LogsPage(t.Context(), logs.Query{Window: base.Window{From: at, To: at.Add(1)}, Order: logs.OldestFirst, Limit: 3}, "")
	if err != nil || len(p.Items) != 3 || !p.More {
		t.Fatal(p, err)
	}
	want := logs.Record{
		Time: at, ID: "c", Service: "tracker", Severity: 9, SeverityText: "INFO", Body: "nothing",
		Attributes: map[string]any{"load": "123456789", "n": 7.0, "ok": true}, Resources: map[string]string{"service.name": "tracker"},
	}
	if diff := cmp.Diff(want, p.Items[2]); diff != "" {
		t.Error(diff)
	}
}

func TestLoadFilesAndLocationsKeepWhatTheirTablesHold(t *testing.T) {
	t.Parallel()
	server := started(t)
	day := func(n int) string { return now.AddDate(0, 0, -n).Format(time.DateOnly) }
	server.AddLoadFiles([4]string{"123456789", "loads.csv", "OK", day(3)}, [4]string{"123456789", "more.csv", "OK", day(12)}, [4]string{"1", "x", "y", day(3)})
	server.AddLocations([5]string{"123456789", "carrier.csv", "worker-1", "MATCHED", day(2)})
	client := clientOf(t, server)
	o := trino.FilesOptions{TrackingID: "123456789", Window: daysAgo(20, 0)}
	files, err := base.Collect(client.LoadFiles(t.Context(), o))
	want := []trino.LoadFile{
		{TrackingID: "123456789", Date: day(3), Fields: map[string]any{"file_name": "loads.csv", "status": "OK"}},
		{TrackingID: "123456789", Date: day(12), Fields: map[string]any{"file_name": "more.csv", "status": "OK"}},
	}
	if diff := cmp.Diff(want, files); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	steps, err := base.Collect(client.LocationProcessing(t.Context(), o))
	if err != nil || len(steps) != 1 || steps[0].Fields["outcome"] != "MATCHED" {
		t.Errorf("%+v %v", steps, err)
	}
}

// What was cut off is not claimed: of the day of the first row that is missing nothing is known for sure.
func TestAListByDayThatWasCutCoversTheDaysThatItCameThrough(t *testing.T) {
	t.Parallel()
	server := started(t)
	for n := 1; n <= 14; n++ {
		day := now.AddDate(0, 0, -n).Format(time.DateOnly)
		server.AddLoadFiles([4]string{"123456789", "loads.csv", "OK", day})
		server.AddLocations([5]string{"123456789", "carrier.csv", "worker-1", "MATCHED", day})
	}
	client := clientOf(t, server)
	for _, oldest := range []bool{false, true} {
		o := trino.FilesOptions{TrackingID: "123456789", Window: daysAgo(20, 0), Limit: 2, OldestFirst: oldest}
		want := base.Window{From: now.AddDate(0, 0, -2), To: o.Window.To} // the third row is of three days ago
		if oldest {
			want = base.Window{From: o.Window.From, To: now.AddDate(0, 0, -12)}
		}
		var files, steps base.Stats
		_, err := base.Collect(client.LoadFiles(base.WithStats(t.Context(), &files), o))
		if !errors.Is(err, base.ErrTruncated) || files.Covered != want || files.Asked != o.Window {
			t.Errorf("%v, covered %v, want %v", err, files.Covered, want)
		}
		_, err = base.Collect(client.LocationProcessing(base.WithStats(t.Context(), &steps), o))
		if !errors.Is(err, base.ErrTruncated) || steps.Covered != want {
			t.Errorf("%v, covered %v, want %v", err, steps.Covered, want)
		}
	}
}

func TestQuestionsAboutHistoryThatCannotBeAnsweredAreRefused(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	ok := daysAgo(2, 0)
	for want, err := range map[string]error{
		"window.from: missing":      first(base.Collect(client.Callbacks(t.Context(), trino.CallbacksOptions{TrackingID: "1"}))),
		"longer than the 180 days":  first(base.Collect(client.Callbacks(t.Context(), trino.CallbacksOptions{Window: daysAgo(300, 0)}))),
		"before what the tables":    first(base.Collect(client.Callbacks(t.Context(), trino.CallbacksOptions{Window: daysAgo(300, 299)}))),
		"begin at 20":               first(base.Collect(client.Callbacks(t.Context(), trino.CallbacksOptions{Window: daysAgo(260, 110)}))),
		"tracking_id: \"LOAD1\"":    first(base.Collect(client.Callbacks(t.Context(), trino.CallbacksOptions{Window: ok, TrackingID: "LOAD1"}))),
		"delivery":                  first(base.Collect(client.Callbacks(t.Context(), trino.CallbacksOptions{Window: ok, Delivery: "lost"}))),
		"tracking_id: missing":      first(base.Collect(client.LoadFiles(t.Context(), trino.FilesOptions{Window: ok}))),
		"tracking_id: \"x\"":        first(base.Collect(client.LocationProcessing(t.Context(), trino.FilesOptions{Window: ok, TrackingID: "x"}))),
		"window.to":                 first(base.Collect(client.Logs(t.Context(), logs.Query{Window: base.Window{From: now, To: now}}))),
		"regexp":                    first(base.Collect(client.Logs(t.Context(), logs.Query{Window: ok, Regexp: "("}))),
		"min_severity":              first(base.Collect(client.Logs(t.Context(), logs.Query{Window: ok, MinSeverity: 99}))),
		"NUL":                       first(base.Collect(client.Logs(t.Context(), logs.Query{Window: ok, Contains: []string{"\x00"}}))),
		"id: not the id of a query": second(client.QueryStatus(t.Context(), "x'; DROP")),
		"cursor":                    second(client.CallbacksPage(t.Context(), trino.CallbacksOptions{Window: ok}, "!")),
	} {
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	other := clientOf(t, server, func(c *trino.Config) { c.Tables.Logs, c.Tables.LogColumns.Body = "load_files", "file_name" })
	err := first(base.Collect(other.Logs(t.Context(), logs.Query{Window: ok})))
	if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "no column timestamp") {
		t.Error(err)
	}
}

func first[T any](_ []T, err error) error { return err }

func second[T any](_ T, err error) error { return err }

func TestTheServerIsAskedForItsNames(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 1)
	client := clientOf(t, server)
	ctx := t.Context()
	if all, err := client.Catalogs(ctx); err != nil || !cmp.Equal(all, []string{"hive", "system"}) {
		t.Error(all, err)
	}
	if all, err := client.Schemas(ctx, ""); err != nil || !cmp.Equal(all, []string{"information_schema", "log"}) {
		t.Error(all, err)
	}
	tables, err := client.Tables(ctx, trino.TablesOptions{Like: "%call%"})
	if diff := cmp.Diff([]trino.Table{{Catalog: "hive", Schema: "log", Name: "callbacks_v2", History: true}}, tables); err != nil || diff != "" {
		t.Error(err, diff)
	}
	d, err := client.DescribeTable(ctx, "log.callbacks_v2", 0)
	if err != nil || d.Table != "hive.log.callbacks_v2" || d.Columns[0] != (trino.Column{Name: "uuid", Type: "varchar"}) ||
		d.Columns[len(d.Columns)-1].Extra != "partition key" {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := client.DescribeTable(ctx, "absent", 0); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
	if _, err := client.Schemas(ctx, "absent"); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
	var stats base.Stats
	if _, err := count(client.Query(base.WithStats(ctx, &stats), trino.Query{SQL: "SELECT 1"})); err != nil {
		t.Fatal(err)
	}
	s, err := client.QueryStatus(ctx, stats.QueryID)
	if err != nil || s.State != "FINISHED" || s.SQL != "SELECT 1" || s.Created.IsZero() {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := client.QueryStatus(ctx, "20250101_000000_00001_zzzzz"); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
}

func TestAQueryIsEndedByItsID(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 1000))
	client := clientOf(t, server)
	r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})
	if err != nil {
		t.Fatal(err)
	}
	if known, err := client.Cancel(t.Context(), r.Stats().QueryID); err != nil || !known {
		t.Fatal(known, err)
	}
	if _, err = count(r, nil); base.KindOf(err) != base.KindCanceled {
		t.Errorf("%v", err)
	}
	const absent = "20250101_000000_00001_zzzzz"
	if known, err := client.Cancel(t.Context(), absent); err != nil || known {
		t.Errorf("an unknown query: %v %v", known, err)
	}
	out, err := call(t, client.Tools(), "trino_cancel_query", `{"query_id":"`+absent+`"}`)
	if err != nil || out["cancelled"] != false {
		t.Errorf("an unknown query by the tool: %v %v", out, err)
	}
}

func TestAPlanIsExplainedInFourWays(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	q := trino.Query{SQL: "SELECT uuid FROM callbacks_v2 WHERE fk_tracking_id = ?", Args: []any{"1"}}
	for _, kind := range []trino.ExplainType{"", trino.Logical, trino.Distributed, trino.IO, trino.Validate} {
		e, err := client.Explain(context.WithoutCancel(t.Context()), q, kind)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		switch kind {
		case trino.IO:
			if len(e.Reads) != 1 || e.Reads[0].Table != "hive.log.callbacks_v2" {
				t.Errorf("%+v", e)
			}
		case trino.Validate:
			if !e.Valid {
				t.Errorf("%+v", e)
			}
		default:
			if !strings.Contains(e.Plan, "TableScan") {
				t.Errorf("%+v", e)
			}
		}
	}
	for want, bad := range map[string]trino.Query{
		"none of": {SQL: "SELECT 1"}, "DELETE": {SQL: "DELETE FROM t"}, "leave it out": {SQL: "EXPLAIN SELECT 1"},
	} {
		kind := trino.Logical
		if want == "none of" {
			kind = "GRAPHVIZ"
		}
		if _, err := client.Explain(t.Context(), bad, kind); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
