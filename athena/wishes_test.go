package athena_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
)

// ageOf runs a statement and says how old its answer may be.
func ageOf(t *testing.T, client *athena.Client, q athena.Query) time.Duration {
	t.Helper()
	answer, err := client.Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Collect(answer, rows.ToMap); err != nil {
		t.Fatal(err)
	}
	return answer.Stats().Age
}

func TestAnEarlierAnswerIsGivenOnlyToWhoTakesIt(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(3))
	client := clientOf(t, server, func(c *athena.Config) { c.ReuseMaxAge = base.Duration(time.Hour) })
	q := athena.Query{SQL: "SELECT * FROM difficult"}
	if age := ageOf(t, client, q); age != 0 {
		t.Errorf("the first answer is %s old", age)
	}
	if age := ageOf(t, client, q); age != time.Hour {
		t.Errorf("by the configuration: %s", age)
	}
	q.ReuseMaxAge = 10 * time.Minute
	if age := ageOf(t, client, q); age != 10*time.Minute {
		t.Errorf("by the query: %s", age)
	}
	q.ReuseMaxAge = -1
	if age := ageOf(t, client, q); age != 0 {
		t.Errorf("it was not wanted: %s", age)
	}
	server.ForgetRequests()
	for range 2 {
		if _, err := client.Explain(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"}, athena.Logical); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range server.Requests() {
		if strings.Contains(r.Body, "ResultReuse") {
			t.Errorf("an old plan would be taken: %s", r.Body)
		}
	}
}

func TestAQueryHasItsOwnWorkgroupAlsoForItsPlan(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.SetWorkgroup(athenatest.Workgroup{Name: "own"})
	server.AddTable("open", []athenatest.Column{{Name: "a", Type: "varchar"}}, []any{"x"})
	client := clientOf(t, server, func(c *athena.Config) { c.Schemas = []string{"AwsDataCatalog.raw_data_db"} })
	if _, err := client.Query(t.Context(), athena.Query{SQL: "SELECT a FROM open", Workgroup: "own"}); err != nil {
		t.Fatal(err)
	}
	starts := 0
	for _, r := range server.Requests() {
		if r.Action != "StartQueryExecution" {
			continue
		}
		if starts++; !strings.Contains(r.Body, `"WorkGroup":"own"`) {
			t.Errorf("in another workgroup: %s", r.Body)
		}
	}
	if starts != 2 {
		t.Errorf("%d starts, and a plan and a query were wanted", starts)
	}
}

func TestWhatAQueryCostsIsToldOnceAndAtLeastTheLeast(t *testing.T) {
	t.Parallel()
	server := started(t)
	reply := difficult(3)
	reply.Scanned = 1
	server.ReplyTo("difficult", reply)
	client := clientOf(t, server)
	_, stats := read(t, client, "SELECT * FROM difficult")
	if want := 10_000_000 / 1e12 * 5; stats.Cost != want || stats.BytesRead != 1 {
		t.Errorf("%v for %d bytes, want %v", stats.Cost, stats.BytesRead, want)
	}
	answer, err := client.Results(t.Context(), stats.QueryID, athena.ResultsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Collect(answer, rows.ToMap); err != nil {
		t.Fatal(err)
	}
	if again := answer.Stats(); again.Cost != 0 || again.BytesRead != 0 || again.Rows != 3 {
		t.Errorf("it is counted twice: %+v", again)
	}
}

// Nobody will know the id of a query whose start was lost, so it must not run on.
func TestAStartThatIsLostLeavesNoQuery(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("long", athenatest.Reply{Running: 100_000})
	server.FailAction("StartQueryExecution", fault.Cut(0), 1)
	client := clientOf(t, server, func(c *athena.Config) { c.Limits.Retries = -1 })
	if _, err := client.StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM long"}); err == nil {
		t.Error("no error")
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if n := server.Running(); n != 0 || len(server.Executions()) != 1 {
		t.Errorf("%d queries run on of %+v", n, server.Executions())
	}
}

// A request is signed for one host; another must not see it.
func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	server := started(t)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		config := keyed(server)
		config.Limits.Retries = -1
		client := clientWith(t, config, base.WithTransport(redirecting{t, status}))
		if err := client.Ping(t.Context()); err == nil {
			t.Errorf("%d: no error", status)
		}
	}
}

type redirecting struct {
	t      *testing.T
	status int
}

func (r redirecting) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.URL.Host == "elsewhere.example.com" {
		r.t.Errorf("%d was followed with %q", r.status, q.Header.Get("Authorization"))
		return nil, errors.New("no such host")
	}
	return &http.Response{
		StatusCode: r.status, Header: http.Header{"Location": {"https://elsewhere.example.com/"}}, Body: io.NopCloser(strings.NewReader("")), Request: q,
	}, nil
}

// The bound is one on what is sent, values and EXPLAIN included.
func TestAStatementIsNoLongerThanTheServiceTakesWithItsValues(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("xxx", difficult(1))
	client := clientOf(t, server)
	whole := "SELECT '" + strings.Repeat("x", 262_144-len("SELECT ''")) + "'"
	if answer, err := client.Query(t.Context(), athena.Query{SQL: whole}); err != nil || answer.Close() != nil {
		t.Errorf("262,144 bytes: %.200v", err)
	}
	server.ForgetRequests()
	if _, err := client.Explain(t.Context(), athena.Query{SQL: whole}, athena.Logical); base.KindOf(err) != base.KindInvalid || len(server.Requests()) != 0 {
		t.Errorf("with EXPLAIN: %.200v", err)
	}
}

// The caller's own context is dead then, and the stop must not go by it.
func TestACallerWhoseContextEndsHasTheQueryStopped(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("long", athenatest.Reply{Running: 100_000})
	client := clientOf(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := client.Query(ctx, athena.Query{SQL: "SELECT * FROM long"}); base.KindOf(err) != base.KindDeadline {
		t.Error(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if n := server.Running(); n != 0 {
		t.Errorf("%d queries run on", n)
	}
}

func TestAPageThatIsFollowedByItselfIsNoAnswer(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("empty", athenatest.Reply{Columns: []athenatest.Column{{Name: "a", Type: "varchar"}}})
	asked := 0
	client := clientWith(t, keyed(server), base.WithTransport(scripted{"GetQueryResults": func(string) string {
		asked++
		return fmt.Sprintf(onePage, `{"Data":[{"VarCharValue":"a"}]}`, 7)
	}}))
	answer, err := client.Query(t.Context(), athena.Query{SQL: "SELECT a FROM empty", MaxRows: 50})
	if err == nil {
		_, err = rows.Collect(answer, rows.ToMap)
	}
	if base.KindOf(err) != base.KindProtocol {
		t.Errorf("after %d pages: %v", asked, err)
	}
}

// The owner is sent with the statement, and with each part of the file.
func TestABucketOfAnotherAccountIsNotRead(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(1500))
	id, err := clientOf(t, server).StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"})
	if err != nil {
		t.Fatal(err)
	}
	client := clientOf(t, server, func(c *athena.Config) { c.BucketOwner = "999999999999" })
	if _, err := client.StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"}); base.KindOf(err) != base.KindPermission {
		t.Errorf("its place of output: %v", err)
	}
	answer, err := client.Results(t.Context(), id, athena.ResultsOptions{})
	if err == nil {
		_, err = rows.Collect(answer, rows.ToMap)
	}
	if base.KindOf(err) != base.KindPermission {
		t.Errorf("its file: %v", err)
	}
}
