package athenatest_test

import (
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/athena/athenatest"
)

func TestAQueryOverATableAnswersInPagesAndInItsFile(t *testing.T) {
	t.Parallel()
	s, in := newServer(t), started("SELECT name, note, loads FROM carriers WHERE loads > ? ORDER BY name", "")
	s.AddTable("carriers", []athenatest.Column{{Name: "name", Type: "varchar"}, {Name: "note", Type: "varchar"}, {Name: "loads", Type: "bigint"}},
		[]any{"swift", `says "yes", twice` + "\nand 你好", 12}, []any{"none", nil, 7}, []any{"empty", "", 8}, []any{"slow", "x", 3})
	in.ExecutionParameters = []string{"5"}
	c := client(s)
	id := start(t, c, in)
	e := execution(t, c, id)
	if e.Status.State != types.QueryExecutionStateSucceeded || e.StatementType != types.StatementTypeDml {
		t.Fatalf("%v, a %v", e.Status.State, e.StatementType)
	}
	want := [][]string{
		{"name", "note", "loads"}, {"empty", "", "8"}, {"none", "NULL", "7"}, {"swift", "says \"yes\", twice\nand 你好", "12"},
	}
	rows, pages := table(t, c, id, 3)
	if diff := cmp.Diff(want, rows); diff != "" || pages != 2 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	csv := "\"name\",\"note\",\"loads\"\n\"empty\",\"\",\"8\"\n\"none\",,\"7\"\n\"swift\",\"says \"\"yes\"\", twice\nand 你好\",\"12\"\n"
	location := aws.ToString(e.ResultConfiguration.OutputLocation)
	if got := file(t, s, location, ""); got != csv {
		t.Errorf("the file holds\n%s", got)
	}
	if got := file(t, s, location, "bytes=1-4"); got != "name" {
		t.Errorf("a range holds %q", got)
	}
	if n := aws.ToInt64(e.Statistics.DataScannedInBytes); n == 0 {
		t.Error("nothing was scanned")
	}
}

func TestColumnsTellTheirTypes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	at := time.Date(2025, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	s.ReplyTo("SELECT", athenatest.Reply{
		Columns: []athenatest.Column{
			{Name: "a", Type: "decimal(38,10)"},
			{Name: "b", Type: "array(varchar)"},
			{Name: "c", Type: "timestamp(3) with time zone"},
			{Name: "d", Type: "double"},
			{Name: "e", Type: "map(varchar, varchar)"},
			{Name: "f", Type: "varbinary"},
		},
		Rows: [][]any{{"1.5", []any{"x", nil}, at, 1e10, map[string]any{"k": "v"}, []byte{1, 171}}},
	})
	c := client(s)
	id := start(t, c, started("SELECT 1", ""))
	out, err := c.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, column := range out.ResultSet.ResultSetMetadata.ColumnInfo {
		names = append(names, aws.ToString(column.Type))
	}
	if diff := cmp.Diff([]string{"decimal", "array", "timestamp with time zone", "double", "map", "varbinary"}, names); diff != "" {
		t.Error(diff)
	}
	if a := out.ResultSet.ResultSetMetadata.ColumnInfo[0]; a.Precision != 38 || a.Scale != 10 {
		t.Errorf("decimal(%d,%d)", a.Precision, a.Scale)
	}
	rows, _ := table(t, c, id, 0)
	if diff := cmp.Diff([]string{"1.5", "[x, null]", "2025-01-02 03:04:05.678 UTC", "1.0E10", "{k=v}", "01 ab"}, rows[1]); diff != "" {
		t.Error(diff)
	}
}

func TestARepeatedTokenGivesTheEarlierQuery(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := client(s)
	first := start(t, c, started("SELECT 1", "token"))
	if again := start(t, c, started("SELECT 1", "token")); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if other := start(t, c, started("SELECT 1", "other")); other == first {
		t.Error("another token gave the same query")
	}
	if _, err := c.StartQueryExecution(t.Context(), started("SELECT 2", "token")); code(err) != "InvalidRequestException" {
		t.Errorf("another statement under the same token: %v", err)
	}
	if n := len(s.Executions()); n != 2 {
		t.Errorf("%d queries began", n)
	}
}

func TestAQueryWaitsRunsAndWaitsAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("SELECT", athenatest.Reply{Queued: 2, Running: 1, Requeued: 1, Scanned: 77, Columns: []athenatest.Column{{Name: "a", Type: "integer"}}})
	c := client(s)
	id := start(t, c, started("SELECT 1", ""))
	if _, err := c.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id}); code(err) != "InvalidRequestException" {
		t.Errorf("results of a query that waits: %v", err)
	}
	if n := s.Running(); n != 1 {
		t.Errorf("%d run", n)
	}
	var states []types.QueryExecutionState
	var e *types.QueryExecution
	for range 6 {
		e = execution(t, c, id)
		states = append(states, e.Status.State)
	}
	if diff := cmp.Diff([]types.QueryExecutionState{"QUEUED", "QUEUED", "RUNNING", "QUEUED", "RUNNING", "SUCCEEDED"}, states); diff != "" {
		t.Error(diff)
	}
	if n := aws.ToInt64(e.Statistics.DataScannedInBytes); n != 77 || s.Running() != 0 {
		t.Errorf("%d bytes, %d run", n, s.Running())
	}
}

func TestAQueryTakesItsTime(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("SELECT", athenatest.Reply{Wait: 200 * time.Millisecond, Delay: 50 * time.Millisecond, Columns: []athenatest.Column{{Name: "a", Type: "integer"}}})
	c := client(s)
	id, began := start(t, c, started("SELECT 1", "")), time.Now()
	seen := map[types.QueryExecutionState]bool{}
	for e := execution(t, c, id); ; e = execution(t, c, id) {
		if seen[e.Status.State] = true; e.Status.State != types.QueryExecutionStateSucceeded {
			continue
		}
		if took := time.Since(began); took < 240*time.Millisecond {
			t.Errorf("over after %v", took)
		}
		if q, r := aws.ToInt64(e.Statistics.QueryQueueTimeInMillis), aws.ToInt64(e.Statistics.EngineExecutionTimeInMillis); q != 200 || r != 50 {
			t.Errorf("%d ms in the queue, %d ms in the engine", q, r)
		}
		break
	}
	if !seen["QUEUED"] {
		t.Errorf("saw %v", seen)
	}
}

func TestAQueryIsStopped(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("SELECT", athenatest.Reply{Delay: time.Hour})
	c := client(s)
	id := start(t, c, started("SELECT 1", ""))
	if _, err := c.StopQueryExecution(t.Context(), &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		t.Fatal(err)
	}
	if e := execution(t, c, id); e.Status.State != types.QueryExecutionStateCancelled || s.Running() != 0 {
		t.Errorf("%v, %d run", e.Status.State, s.Running())
	}
	if _, err := c.StopQueryExecution(t.Context(), &athena.StopQueryExecutionInput{QueryExecutionId: aws.String("nobody's")}); code(err) != "InvalidRequestException" {
		t.Errorf("an id that nobody has: %v", err)
	}
}

func TestAFailedQuerySaysWhy(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("big", athenatest.Reply{Err: athenatest.EngineFailed()})
	c := client(s)
	e := execution(t, c, start(t, c, started("SELECT big", "")))
	if a := e.Status.AthenaError; e.Status.State != "FAILED" || aws.ToInt32(a.ErrorCategory) != 1 || aws.ToInt32(a.ErrorType) != 200 || !a.Retryable {
		t.Errorf("%v: %+v", e.Status.State, a)
	}
	e = execution(t, c, start(t, c, started("SELECT a FROM missing", "")))
	if a := e.Status.AthenaError; e.Status.State != "FAILED" || aws.ToInt32(a.ErrorCategory) != 2 ||
		aws.ToString(e.Status.StateChangeReason) != "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.raw_data_db.missing' does not exist" {
		t.Errorf("%v: %s", e.Status.State, aws.ToString(e.Status.StateChangeReason))
	}
	if _, err := c.StartQueryExecution(t.Context(), started("SELEC 1", "")); code(err) != "InvalidRequestException" {
		t.Errorf("what is no SQL: %v", err)
	}
}

func TestResultsAreReusedByAge(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	column := []athenatest.Column{{Name: "n", Type: "integer"}}
	s.AddTable("counts", column, []any{1})
	c := client(s)
	in := started("SELECT n FROM counts", "")
	in.ResultReuseConfiguration = &types.ResultReuseConfiguration{
		ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: true, MaxAgeInMinutes: aws.Int32(10)},
	}
	for i, want := range []struct {
		older  time.Duration
		rows   int
		reused bool
	}{{0, 1, false}, {9 * time.Minute, 1, true}, {2 * time.Minute, 3, false}} {
		s.Age(want.older)
		in.ClientRequestToken = nil // the client has written one of its own into it
		id := start(t, c, in)
		e := execution(t, c, id)
		rows, _ := table(t, c, id, 0)
		if got := e.Statistics.ResultReuseInformation.ReusedPreviousResult; got != want.reused || len(rows)-1 != want.rows {
			t.Errorf("query %d: reused %v, %d rows", i, got, len(rows)-1)
		}
		if scanned := aws.ToInt64(e.Statistics.DataScannedInBytes); want.reused != (scanned == 0) {
			t.Errorf("query %d read %d bytes", i, scanned)
		}
		s.AddTable("counts", column, []any{2})
	}
	for _, e := range s.Executions() {
		s.DeleteObject(athenatest.Bucket, "results/"+e.ID+".csv")
	}
	in.ClientRequestToken = nil
	if e := execution(t, c, start(t, c, in)); e.Statistics.ResultReuseInformation.ReusedPreviousResult {
		t.Error("a result whose file is gone was reused")
	}
}

func TestManyExecutionsAreAskedForAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := client(s)
	ids := []string{start(t, c, started("SELECT 1", "")), "nobody's"}
	out, err := c.BatchGetQueryExecution(t.Context(), &athena.BatchGetQueryExecutionInput{QueryExecutionIds: ids})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.QueryExecutions) != 1 || len(out.UnprocessedQueryExecutionIds) != 1 {
		t.Errorf("%d found, %d not", len(out.QueryExecutions), len(out.UnprocessedQueryExecutionIds))
	}
}

func TestABulkOfRowsIsTheSameInPagesAndInItsFile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("SELECT", athenatest.Bulk(2500))
	c := client(s)
	for range 2 {
		id := start(t, c, started("SELECT bulk", ""))
		e := execution(t, c, id)
		rows, pages := table(t, c, id, 0)
		lines, err := csv.NewReader(strings.NewReader(file(t, s, aws.ToString(e.ResultConfiguration.OutputLocation), ""))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows, lines); diff != "" || pages != 3 || len(rows) != 2501 {
			t.Errorf("%d rows in %d pages (-page +file):\n%s", len(rows), pages, diff)
		}
	}
}

// BenchmarkServer is what the server costs a client of AWS: 200 pages, or one file.
func BenchmarkServer(b *testing.B) {
	s := athenatest.NewServer()
	defer s.Close()
	s.ReplyTo("SELECT", athenatest.Bulk(200_000))
	c := client(s)
	begun, err := c.StartQueryExecution(b.Context(), started("SELECT bulk", ""))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("pages", func(b *testing.B) {
		for b.Loop() {
			p := athena.NewGetQueryResultsPaginator(c, &athena.GetQueryResultsInput{QueryExecutionId: begun.QueryExecutionId})
			for p.HasMorePages() {
				if _, err := p.NextPage(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("file", func(b *testing.B) {
		for b.Loop() {
			key := "results/" + *begun.QueryExecutionId + ".csv"
			out, err := objects(s).GetObject(b.Context(), &s3.GetObjectInput{Bucket: aws.String(athenatest.Bucket), Key: &key})
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(io.Discard, out.Body)
			if _ = out.Body.Close(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(n)
		}
	})
}
