package athena_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/race"
)

// difficult are values that a file in CSV and a page in JSON write differently.
func difficult(n int) athenatest.Reply {
	reply := athenatest.Reply{Columns: []athenatest.Column{
		{Name: "id", Type: "bigint"},
		{Name: "text", Type: "varchar"},
		{Name: "amount", Type: "decimal(38,10)"},
		{Name: "yes", Type: "boolean"},
		{Name: "rate", Type: "double"},
		{Name: "day", Type: "date"},
		{Name: "at", Type: "timestamp"},
		{Name: "zoned", Type: "timestamp with time zone"},
		{Name: "raw", Type: "varbinary"},
		{Name: "list", Type: "array(varchar)"},
		{Name: "small", Type: "tinyint"},
	}}
	texts := []any{nil, "", `"`, `a "quoted" word`, `""`, "two\nlines", "carriage\r\nreturn", ",", "naïve ☃ 𝄞", "plain", `\`, " ", "'", `ends with "`}
	at := time.Date(2024, 2, 29, 12, 34, 56, 789_000_000, time.UTC)
	for i := range n {
		row := []any{
			i, texts[i%len(texts)], "12345678901234567890.0123456789", i%2 == 0, float64(i) / 3, at.AddDate(0, 0, i%400).Format(time.DateOnly),
			at.Add(time.Duration(i) * time.Second), at,
			[]byte{0, 255, byte(i)},
			[]any{"a", "b, c"},
			i % 100,
		}
		if i%7 == 3 {
			for k := 1; k < len(row); k++ {
				row[k] = nil
			}
		}
		reply.Rows = append(reply.Rows, row)
	}
	return reply
}

func read(t testing.TB, client *athena.Client, sql string) ([]map[string]any, base.Stats) {
	t.Helper()
	answer, err := client.Query(t.Context(), athena.Query{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows.Collect(answer, rows.ToMap)
	if err != nil {
		t.Fatal(err)
	}
	return all, answer.Stats()
}

func count(server *athenatest.Server, action string) int {
	n := 0
	for _, a := range server.Actions() {
		if a == action {
			n++
		}
	}
	return n
}

func TestAFileAndPagesGiveTheSameRows(t *testing.T) {
	t.Parallel()
	const n = 2345
	server := started(t)
	server.ReplyTo("difficult", difficult(n))
	byFile, _ := read(t, clientOf(t, server), "SELECT * FROM difficult")
	if got := count(server, "GetObject"); got != 1 || count(server, "GetQueryResults") != 1 {
		t.Errorf("%v", server.Actions())
	}
	server.ForgetRequests()
	byPage, _ := read(t, clientOf(t, server, func(c *athena.Config) { c.Results = "pages" }), "SELECT * FROM difficult")
	if got := count(server, "GetQueryResults"); got != 3 || count(server, "GetObject") != 0 {
		t.Errorf("%v", server.Actions())
	}
	if len(byFile) != n {
		t.Fatalf("%d rows", len(byFile))
	}
	if diff := cmp.Diff(byPage, byFile); diff != "" {
		t.Error(diff)
	}
	want := map[string]any{
		"id": int64(3), "text": nil, "amount": nil, "yes": nil, "rate": nil, "day": nil, "at": nil, "zoned": nil, "raw": nil, "list": nil, "small": nil,
	}
	if diff := cmp.Diff(want, byFile[3]); diff != "" {
		t.Error(diff)
	}
	at := time.Date(2024, 2, 29, 12, 34, 56, 789_000_000, time.UTC)
	want = map[string]any{
		"id": int64(1), "text": "", "amount": "12345678901234567890.0123456789", "yes": false, "rate": 1.0 / 3, "day": time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
		"at": at.Add(time.Second), "zoned": at, "raw": []byte{0, 255, 1}, "list": byFile[1]["list"], "small": int8(1),
	}
	if diff := cmp.Diff(want, byFile[1]); diff != "" {
		t.Error(diff)
	}
}

func TestManagedResultsAreReadByPages(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.SetWorkgroup(athenatest.Workgroup{Name: "managed", Managed: true})
	server.ReplyTo("difficult", difficult(1500))
	client := clientOf(t, server, func(c *athena.Config) { c.Workgroup, c.OutputLocation = "managed", "" })
	if all, _ := read(t, client, "SELECT * FROM difficult"); len(all) != 1500 || count(server, "GetObject") != 0 {
		t.Errorf("%d rows, %v", len(all), server.Actions())
	}
}

func TestFailedStoppedTimedOutAndEmptyAreFourAnswers(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	server.ReplyTo("failed", athenatest.Reply{Err: &athenatest.Failure{Reason: "TABLE_NOT_FOUND: line 1:15: Table 'a.b.failed' does not exist", Category: 2, Type: 1006}})
	_, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM failed"})
	if e, ok := errors.AsType[*athena.ServerError](err); !ok || e.Code != "TABLE_NOT_FOUND" || base.KindOf(err) != base.KindNotFound {
		t.Errorf("failed: %v", err)
	}
	server.ReplyTo("stopped", athenatest.Reply{Running: 1000})
	id, err := client.StartQuery(t.Context(), athena.Query{SQL: "SELECT 1 FROM stopped"})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.StopQuery(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err = client.Results(t.Context(), id, athena.ResultsOptions{}); base.KindOf(err) != base.KindCanceled || errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	_, err = client.Query(t.Context(), athena.Query{SQL: "SELECT 1 FROM stopped", Timeout: 100 * time.Millisecond})
	if base.KindOf(err) != base.KindDeadline {
		t.Errorf("timed out: %v", err)
	}
	server.ReplyTo("empty", athenatest.Reply{Columns: []athenatest.Column{{Name: "a", Type: "varchar"}}})
	answer, err := client.Query(t.Context(), athena.Query{SQL: "SELECT a FROM empty"})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := rows.Collect(answer, rows.ToMap); err != nil || len(all) != 0 || answer.Outcome() != base.NoData {
		t.Errorf("empty: %v %v %s", all, err, answer.Outcome())
	}
}

// The server must hear of it also when the answer of the start was lost, so that the id is not known.
func TestWhoLeavesHasTheQueryStopped(t *testing.T) {
	t.Parallel()
	for name, strike := range map[string]func(*athenatest.Server){
		"while it runs":           func(*athenatest.Server) {},
		"while its start is lost": func(s *athenatest.Server) { s.FailAction("StartQueryExecution", fault.Cut(0), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := started(t)
			server.ReplyTo("long", athenatest.Reply{Running: 100_000})
			strike(server)
			client := clientOf(t, server, func(c *athena.Config) { c.Limits.Retries = -1 })
			_, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM long", Timeout: 200 * time.Millisecond})
			if err == nil {
				t.Fatal("no error")
			}
			if err := client.Close(); err != nil { // waits for what the client has begun
				t.Error(err)
			}
			if n := server.Running(); n != 0 {
				t.Errorf("%d queries run on after %v: %v", n, err, server.Actions())
			}
			if all := server.Executions(); len(all) != 1 || all[0].State != "CANCELLED" {
				t.Errorf("%+v", all)
			}
		})
	}
}

func TestARepeatedStartIsOneQueryAndTwoCallsAreTwo(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	server.AddTable("changing", []athenatest.Column{{Name: "n", Type: "bigint"}}, []any{1})
	server.FailAction("StartQueryExecution", fault.Cut(0), 1)
	first, _ := read(t, client, "SELECT n FROM changing")
	if all := server.Executions(); len(all) != 1 {
		t.Errorf("one call made %d queries: %v", len(all), server.Actions())
	}
	server.AddTable("changing", nil, []any{2})
	second, _ := read(t, client, "SELECT n FROM changing")
	if diff := cmp.Diff([]map[string]any{{"n": int64(1)}, {"n": int64(1)}, {"n": int64(2)}}, append(first, second...)); diff != "" {
		t.Errorf("an old answer was given again: %s", diff)
	}
}

func TestAnIDIsResumedByAnotherClient(t *testing.T) {
	t.Parallel()
	server := started(t)
	reply := difficult(1200)
	reply.Running = 3
	server.ReplyTo("difficult", reply)
	id, err := clientOf(t, server).StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"})
	if err != nil {
		t.Fatal(err)
	}
	other := clientOf(t, server)
	answer, err := other.Results(t.Context(), id, athena.ResultsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows.Collect(answer, rows.ToMap)
	if err != nil || len(all) != 1200 {
		t.Errorf("%d rows, %v", len(all), err)
	}
	if e, err := other.Execution(t.Context(), id); err != nil || e.State != "SUCCEEDED" || e.Err() != nil || !strings.HasPrefix(e.OutputLocation, "s3://") {
		t.Errorf("%+v %v", e, err)
	}
	if _, err := other.Execution(t.Context(), "00000000-0000-0000-0000-000000000000"); base.KindOf(err) != base.KindNotFound {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestACapIsProvedByOneRowMore(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(1500))
	client := clientOf(t, server)
	for _, limit := range []int64{10, 1200} {
		answer, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM difficult", MaxRows: limit})
		if err != nil {
			t.Fatal(err)
		}
		all, err := rows.Collect(answer, rows.ToMap)
		if int64(len(all)) != limit || !errors.Is(err, base.ErrTruncated) || answer.Stats().Rows != limit {
			t.Errorf("%d: %d rows, %v, %+v", limit, len(all), err, answer.Stats())
		}
	}
}

func TestBytesCostAndReuseAreInTheStats(t *testing.T) {
	t.Parallel()
	server := started(t)
	reply := difficult(3)
	reply.Scanned = 2_000_000_000_000
	server.ReplyTo("difficult", reply)
	client := clientOf(t, server)
	var stats base.Stats
	answer, err := client.Query(base.WithStats(t.Context(), &stats), athena.Query{SQL: "SELECT * FROM difficult"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Collect(answer, rows.ToMap); err != nil {
		t.Fatal(err)
	}
	if stats.BytesRead != 2_000_000_000_000 || stats.Cost != 10 || stats.Rows != 3 || stats.QueryID == "" {
		t.Errorf("%+v", stats)
	}
	again, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM difficult", ReuseMaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Collect(again, rows.ToMap); err != nil {
		t.Fatal(err)
	}
	if s := again.Stats(); s.Cost != 0 || s.Age != time.Hour || len(s.Notes) != 1 {
		t.Errorf("an answer that was given again: %+v", s)
	}
}

func TestABoundOnBytesRefusesBeforeAndTellsAfter(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("wide", athenatest.Reply{Columns: []athenatest.Column{{Name: "a", Type: "varchar"}}, Running: 2, Scanned: 5_000_000})
	server.ReplyTo("EXPLAIN", athenatest.Reply{
		Columns: []athenatest.Column{{Name: "Query Plan", Type: "varchar"}},
		Rows:    [][]any{{`{"inputTableColumnInfos":[{"table":{"catalog":"c","schemaTable":{"schema":"s","table":"t"}},"constraint":{"none":false,"columnConstraints":[]},"estimate":{"outputRowCount":1.0,"outputSizeInBytes":"NaN"}}]}`}},
	})
	client := clientOf(t, server)
	answer, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM wide", MaxScan: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if notes := answer.Stats().Notes; len(notes) != 1 || !strings.Contains(notes[0], "read 5000000 bytes") {
		t.Errorf("it had ended before: %q", notes)
	}
	server.ReplyTo("EXPLAIN", athenatest.Reply{
		Columns: []athenatest.Column{{Name: "Query Plan", Type: "varchar"}},
		Rows:    [][]any{{`{"inputTableColumnInfos":[{"table":{"catalog":"c","schemaTable":{"schema":"s","table":"t"}},"constraint":{"none":false,"columnConstraints":[]},"estimate":{"outputRowCount":1.0,"outputSizeInBytes":9000000.0}}]}`}},
	})
	before := len(server.Executions())
	_, err = client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM wide", MaxScan: 1_000_000})
	if base.KindOf(err) != base.KindQuotaExceeded || !strings.Contains(err.Error(), "was not started") || len(server.Executions()) != before+1 {
		t.Errorf("before it ran: %v", err)
	}
}

func TestTwentyFiveQueriesRunSideBySideAndNotOneMore(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.SetConcurrency(25)
	reply := difficult(1)
	reply.Delay = 50 * time.Millisecond
	server.ReplyTo("difficult", reply)
	client := clientOf(t, server)
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			if _, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(server.Executions()); n != 60 {
		t.Errorf("%d queries for 60 calls", n)
	}
}

func TestAClockThatIsOffCostsNoCall(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(1))
	client := clientOf(t, server)
	for _, skew := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		server.SetSkew(skew)
		server.ForgetRequests()
		if _, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"}); err != nil {
			t.Errorf("%s: %v", skew, err)
		}
		if n := count(server, "StartQueryExecution"); n > 2 {
			t.Errorf("%s: %d starts", skew, n)
		}
	}
	pinned := clientOf(t, server, func(c *athena.Config) { c.Limits.Retries = -1 })
	server.SetSkew(20 * time.Minute)
	if err := pinned.Ping(t.Context()); err != nil && !strings.Contains(err.Error(), "20m0s behind") && !strings.Contains(err.Error(), "19m59s behind") {
		t.Errorf("the difference is not named: %v", err)
	}
}

func TestBadRequestsAreRefusedBeforeTheyAreSent(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for text, q := range map[string]athena.Query{
		"262145 bytes":      {SQL: "SELECT '" + strings.Repeat("x", 262_145-9) + "'"},
		"empty":             {SQL: " "},
		"begins with":       {SQL: "DROP TABLE x"},
		"more than one":     {SQL: "SELECT 1; SELECT 2"},
		"1 values for 2":    {SQL: "SELECT ?, ?", Args: []any{1}},
		"args[0]":           {SQL: "SELECT ?", Args: []any{strings.Repeat("x", 1025)}},
		"bind it as []byte": {SQL: "SELECT ?", Args: []any{"bad \xff"}},
		"sql: not UTF-8":    {SQL: "SELECT 'bad \xff'"},
		"args[1]":           {SQL: "SELECT ?, ?", Args: []any{strings.Repeat("x", 1022), strings.Repeat("x", 1023)}},
		"NUL byte":          {SQL: "SELECT ?", Args: []any{"a\x00"}},
		"cannot be bound":   {SQL: "SELECT ?", Args: []any{struct{}{}}},
		"workgroup":         {SQL: "SELECT 1", Workgroup: "a b"},
		"whole number of":   {SQL: "SELECT 1", ReuseMaxAge: time.Second},
		"without a bound":   {SQL: "SELECT * FROM callbacks_v2"},
		"EXPLAIN ANALYZE":   {SQL: "EXPLAIN ANALYZE SELECT 1"},
		"max_scan":          {SQL: "SELECT 1", MaxScan: -1},
		"which is no day;":  {SQL: "SELECT * FROM callbacks_v2 WHERE datestr >= 'x'"},
	} {
		_, err := client.Query(t.Context(), q)
		if kind := base.KindOf(err); kind != base.KindInvalid && kind != base.KindPermission || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if n := len(server.Executions()); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

func TestAFileThatIsCutOrChangedIsAnErrorAndNeverTheWholeAnswer(t *testing.T) {
	t.Parallel()
	const n = 1500
	for name, damage := range map[string]func([]byte) []byte{
		"in a row":         func(b []byte) []byte { return b[:len(b)/2] },
		"between two rows": func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:500], '\n')+1] },
		"to nothing":       func([]byte) []byte { return nil },
		"of its columns":   func(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] },
	} {
		server := started(t)
		reply := athenatest.Reply{Columns: []athenatest.Column{{Name: "id", Type: "bigint"}, {Name: "name", Type: "varchar"}}}
		for i := range n {
			reply.Rows = append(reply.Rows, []any{i, fmt.Sprintf("row %d", i)})
		}
		server.ReplyTo("halves", reply)
		client := clientOf(t, server)
		id, err := client.StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM halves"})
		if err != nil {
			t.Fatal(err)
		}
		e, err := client.Execution(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		key := strings.TrimPrefix(e.OutputLocation, "s3://"+athenatest.Bucket+"/")
		server.PutObject(athenatest.Bucket, key, damage(server.Object(athenatest.Bucket, key)))
		answer, err := client.Results(t.Context(), id, athena.ResultsOptions{})
		got := 0
		if err == nil {
			for _, e := range answer.All() {
				if err = e; e == nil {
					got++
				}
			}
		}
		if kind := base.KindOf(err); kind != base.KindProtocol || got >= n || !says(err) {
			t.Errorf("cut %s: %d rows and %v", name, got, err)
		}
	}
}

func TestABucketThatRefusesIsNamed(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(1500))
	client := clientOf(t, server)
	id, err := client.StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"})
	if err != nil {
		t.Fatal(err)
	}
	server.DenyBucket(athenatest.Bucket, true)
	answer, err := client.Results(t.Context(), id, athena.ResultsOptions{})
	if err == nil {
		_, err = rows.Collect(answer, rows.ToMap)
	}
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindPermission || e.QueryID != id || !strings.Contains(err.Error(), "check output_location") {
		t.Error(err)
	}
}

func TestADisabledWorkgroupIsSaid(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.SetWorkgroup(athenatest.Workgroup{Name: "off", Disabled: true})
	client := clientOf(t, server, func(c *athena.Config) { c.Workgroup = "off" })
	if err := client.Ping(t.Context()); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "disabled") {
		t.Error(err)
	}
	if _, err := client.Query(t.Context(), athena.Query{SQL: "SELECT 1"}); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "disabled") {
		t.Error(err)
	}
	if err := clientOf(t, server).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// The SDK closes a request's body when the answer begins; with a server that is quick the connection was then dropped in
// the middle of it, about once in a hundred answers.
func TestAQuickServerLosesNoAnswer(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(1500))
	client := clientOf(t, server, func(c *athena.Config) { c.Results, c.Limits.Retries = "pages", -1 })
	id, err := client.StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range race.Of(200, 20) {
		answer, err := client.Results(t.Context(), id, athena.ResultsOptions{})
		if err == nil {
			_, err = rows.Collect(answer, rows.ToMap)
		}
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
	}
}
