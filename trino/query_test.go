package trino_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

func count(r *rows.Rows, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n := 0
	for _, err := range r.All() {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func TestValuesAreBoundByTheServerAndNeverPartOfTheStatement(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddTable("hive.log.t", []trinotest.Column{{Name: "name", Type: "varchar"}}, []any{"O'Hare; DROP"}, []any{"other"})
	client := clientOf(t, server)
	for _, pad := range []string{"", strings.Repeat(" ", 5000)} { // by header, and where that is too long, in the body
		q := trino.Query{SQL: "SELECT name FROM t WHERE name = ?" + pad, Args: []any{"O'Hare; DROP"}}
		if n, err := count(client.Query(t.Context(), q)); n != 1 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		all := server.Statements()
		if got := all[len(all)-1].SQL; got != q.SQL {
			t.Errorf("prepared %q", got)
		}
	}
	for number, want := range map[json.Number]string{"9007199254740993": "9007199254740993", "-1.50": "-1.50", "1e3": "1e3"} {
		server.Reply(nil, trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
		if _, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT ?", Args: []any{number}})); err != nil {
			t.Errorf("%s: %v", number, err)
		}
		all := server.Statements()
		if got := all[len(all)-1].Body; got != "EXECUTE statement1 USING "+want {
			t.Errorf("%s was sent as %q", number, got)
		}
	}
	for _, bad := range []any{json.Number("1; DROP"), json.Number(""), struct{}{}, make(chan int), "nul\x00", time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := client.Query(t.Context(), trino.Query{SQL: "SELECT ?", Args: []any{1, bad}}); !errors.Is(err, base.ErrInvalid) ||
			!strings.Contains(err.Error(), "args[1]") {
			t.Errorf("%T: %v", bad, err)
		}
	}
}

// A server, or a proxy before it, refuses a header of any length.
func TestALongStatementGoesIntoTheBodyWhateverItIsAskedFor(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, keepsAll, func(c *trino.Config) { c.Schemas = []string{"hive.log"} })
	q := trino.Query{
		SQL:  "SELECT uuid FROM callbacks_v2 WHERE datestr = ? AND message_type <> '" + strings.Repeat("x", 10_000) + "'",
		Args: []any{"2025-01-02"},
	}
	if _, err := count(client.Query(t.Context(), q)); err != nil {
		t.Error(err)
	}
	if _, err := client.Explain(t.Context(), q, trino.IO); err != nil {
		t.Error(err)
	}
	all := server.Statements()
	for _, r := range all {
		if n := len(r.Header.Get("X-Trino-Prepared-Statement")); n != 0 || !strings.Contains(r.Body, "EXECUTE IMMEDIATE") {
			t.Errorf("a header of %d bytes beside %.60q", n, r.Body)
		}
	}
	if len(all) != 4 { // each with the plan that holds it to the schemas
		t.Errorf("%d statements", len(all))
	}
}

func TestTheCapHandsOutSoManyRowsSeesOneMoreAndCancels(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(100, 50))
	client := clientOf(t, server, func(c *trino.Config) { c.MaxRows = 250 })
	var stats base.Stats
	answer, err := client.Query(base.WithStats(t.Context(), &stats), trino.Query{SQL: "SELECT * FROM bulk", MaxRows: -1})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var last error
	for _, err := range answer.All() {
		if last = err; err == nil {
			n++
		}
	}
	if n != 250 || !errors.Is(last, base.ErrTruncated) || answer.Outcome() != base.Truncated {
		t.Errorf("%d rows, %v, %v", n, last, answer.Outcome())
	}
	if got := server.Cancelled(); len(got) != 1 || got[0] != stats.QueryID || server.Running() != 0 {
		t.Errorf("cancelled %v, stats %+v", got, stats)
	}
	if stats.Rows != 250 || stats.RowsRead == 0 {
		t.Errorf("%+v", stats)
	}
}

// In each of these ways an answer can be left, and each time the server must hear of it (defects T1 and T2).
func TestWhoeverLeavesAnAnswerStopsTheQueryAtTheServer(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(t *testing.T, client *trino.Client, cancel context.CancelFunc, r *rows.Rows){
		"cancel while nobody reads": func(t *testing.T, _ *trino.Client, cancel context.CancelFunc, r *rows.Rows) {
			cancel()
			eventually(t, "the reader hears of it", func() bool { return !r.Next() })
			if err := r.Err(); !errors.Is(err, context.Canceled) || base.KindOf(err) != base.KindCanceled {
				t.Errorf("%v", err)
			}
		},
		"close": func(t *testing.T, _ *trino.Client, _ context.CancelFunc, r *rows.Rows) {
			if !r.Next() {
				t.Error(r.Err())
			}
			_ = r.Close()
		},
		"leave the loop": func(_ *testing.T, _ *trino.Client, _ context.CancelFunc, r *rows.Rows) {
			for range r.All() { //nolint:errcheck // the loop is left at once; it is the first to read
				break
			}
		},
		"close the client": func(t *testing.T, client *trino.Client, _ context.CancelFunc, r *rows.Rows) {
			if !r.Next() {
				t.Error(r.Err())
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := started(t)
			server.ReplyTo("bulk", trinotest.Bulk(10, 1000))
			client := clientOf(t, server)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r, err := client.Query(ctx, trino.Query{SQL: "SELECT * FROM bulk"})
			if err != nil {
				t.Fatal(err)
			}
			if server.Running() != 1 {
				t.Fatal("the query does not run")
			}
			leave(t, client, cancel, r)
			eventually(t, "the query is gone", func() bool { return server.Running() == 0 })
			eventually(t, "one DELETE", func() bool { return len(server.Cancelled()) == 1 })
			_ = r.Close()
		})
	}
}

func TestACallThatIsCancelledWhileTheStatementWaitsStopsIt(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Reply(nil, trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}, Delay: time.Minute})
	client := clientOf(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := client.Query(ctx, trino.Query{SQL: "SELECT 1"})
	if base.KindOf(err) != base.KindDeadline || !strings.Contains(err.Error(), "hint: the caller's deadline") {
		t.Errorf("%v", err)
	}
	eventually(t, "the query is gone", func() bool { return server.Running() == 0 && len(server.Cancelled()) == 1 })
}

func TestCloseCutsWhatStillWaitsAndStopsIt(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("slow", trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}, Delay: time.Hour})
	client, err := trino.New(t.Context(), server.Config())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := client.Query(context.WithoutCancel(t.Context()), trino.Query{SQL: "SELECT slow"})
		done <- err
	}()
	eventually(t, "the query waits", func() bool { return server.Running() == 1 })
	began := time.Now()
	if err := client.Close(); err == nil || !strings.Contains(err.Error(), "cut") || time.Since(began) > 8*time.Second {
		t.Errorf("%s, %v", time.Since(began), err)
	}
	if err := <-done; err == nil {
		t.Error("the call went on")
	}
	eventually(t, "the query is gone", func() bool { open, _ := server.Connections(); return server.Running() == 0 && open == 0 })
}

func TestALinkThatCouldNotBeServedIsAskedForAgainAtItsPlace(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{fault.Status(502), fault.Status(503), fault.Status(504), fault.Reset(), fault.CutMidBody(), fault.Cut(400)} {
		server := started(t)
		server.ReplyTo("bulk", trinotest.Bulk(10, 5))
		client := clientOf(t, server)
		server.FailNext(f, 2)
		began := time.Now()
		n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"}))
		if n != 50 || err != nil || len(server.Statements()) != 1 {
			t.Errorf("%s: %d rows, %d statements, %v", f, n, len(server.Statements()), err)
		}
		if took := time.Since(began); f.Kind == fault.KindStatus && (took < 100*time.Millisecond || took > time.Second) {
			t.Errorf("%s: two waits of 50 to 100 ms took %s", f, took)
		}
	}
}

func TestAPageThatIsLostInTheMiddleIsAskedForAgain(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 20))
	client := clientOf(t, server)
	r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%50 == 0 {
			server.FailNext(fault.ResetMidBody(), 1)
		}
	}
	if n != 200 || r.Outcome() != base.Data {
		t.Errorf("%d rows, %v", n, r.Outcome())
	}
}

func TestAStatementThatTheClusterCannotBeginIsRunAnew(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 1))
	client := clientOf(t, server)
	noNodes := trinotest.NewError(65536, "nodes is empty")
	server.Reply(nil, trinotest.Reply{Err: noNodes, Times: 2})
	if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})); n != 10 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	if n := len(server.Statements()); n != 3 {
		t.Errorf("%d statements", n)
	}
}

func TestARestartBeforeTheFirstRowIsRiddenOutAndLaterIsAnError(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 50))
	client := clientOf(t, server)
	server.FailNext(fault.Status(404), 1)
	r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})
	if err != nil || len(server.Statements()) != 2 {
		t.Fatalf("%d statements, %v", len(server.Statements()), err)
	}
	server.Restart()
	n, err := count(r, nil)
	if n != 10 || base.KindOf(err) != base.KindUnavailable || !strings.Contains(err.Error(), "restarted") || r.Outcome() != base.Partial {
		t.Errorf("%d rows, %v, %v", n, r.Outcome(), err)
	}
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Code != "404" || e.QueryID == "" || errors.Is(err, base.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})); n != 500 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestAnErrorBehindRowsIsNeverAnEnd(t *testing.T) {
	t.Parallel()
	server := started(t)
	reply := trinotest.Bulk(10, 3)
	reply.Err = trinotest.NewError(65542, "a worker died")
	server.ReplyTo("bulk", reply)
	r, err := clientOf(t, server).Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})
	n, err := count(r, err)
	server2, ok := errors.AsType[*trino.ServerError](err)
	if n != 30 || !errors.Is(err, base.ErrUnavailable) || r.Outcome() != base.Partial || !ok || server2.Name != "REMOTE_TASK_ERROR" {
		t.Errorf("%d rows, %v, %v", n, r.Outcome(), err)
	}
	if n := len(server.Statements()); n != 1 {
		t.Errorf("%d statements: rows would come twice", n)
	}
}

func TestAnAccountThatMaySetNothingIsNoticedOnce(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.RefuseProperty("query_max_run_time")
	server.ReplyTo("bulk", trinotest.Bulk(10, 1))
	client := clientOf(t, server)
	for range 2 {
		answer, err := client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})
		if n, err := count(answer, err); n != 10 || err != nil {
			t.Fatalf("%d rows, %v", n, err)
		}
		if notes := answer.Stats().Notes; len(notes) != 1 || !strings.Contains(notes[0], "no limit on time") {
			t.Errorf("%v", notes)
		}
	}
	if n := len(server.Statements()); n != 4 { // refused, probe, without; without
		t.Errorf("%d statements", n)
	}
}

func TestWhatGoesWithAStatement(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, func(c *trino.Config) {
		c.Tags, c.Source, c.Session, c.MaxScan = []string{"rca", "nightly"}, "bot", trino.Session{"join_distribution_type": "BROADCAST"}, 1<<30
	})
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
	defer cancel()
	var seen []trino.Progress
	_, err := count(client.Query(ctx, trino.Query{
		SQL: "SELECT 1", Schema: "other", Session: trino.Session{"hive.x": "a b"}, Progress: func(p trino.Progress) { seen = append(seen, p) },
	}))
	if err != nil {
		t.Fatal(err)
	}
	r := server.Statements()[0]
	want := map[string]string{
		"query_max_run_time": "7s", "query_max_scan_physical_bytes": "1073741824B", "join_distribution_type": "BROADCAST", "hive.x": "a b",
	}
	if diff := cmp.Diff(want, r.Session()); diff != "" {
		t.Error(diff)
	}
	for name, value := range map[string]string{
		"X-Trino-Client-Tags": "rca,nightly", "X-Trino-Source": "bot", "X-Trino-Catalog": "hive", "X-Trino-Schema": "other",
		"X-Trino-Time-Zone": "UTC", "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME", "X-Trino-User": trinotest.User,
		"X-Trino-Query-Data-Encoding": "json+zstd,json", "X-Trino-Client-Info": "trino.Query",
	} {
		if got := r.Header.Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(seen) < 3 || seen[0].State != "QUEUED" || seen[len(seen)-1].State != "FINISHED" || seen[0].QueryID == "" {
		t.Errorf("%+v", seen)
	}
	for _, name := range []string{"query_max_run_time", "a=b", ""} {
		if _, err := client.Query(ctx, trino.Query{SQL: "SELECT 1", Session: trino.Session{name: "x"}}); !errors.Is(err, base.ErrInvalid) {
			t.Errorf("session property %q: %v", name, err)
		}
	}
}

func TestSegmentsAreFetchedWithoutACredentialAndAcknowledged(t *testing.T) {
	t.Parallel()
	server := started(t, trinotest.WithTLS(), trinotest.WithSpooling())
	server.ReplyTo("bulk", trinotest.Bulk(1000, 6))
	client := clientOf(t, server)
	if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})); n != 6000 || err != nil {
		t.Fatalf("%d rows, %v", n, err)
	}
	if n := server.Acknowledged(); n != 5 {
		t.Errorf("%d segments acknowledged", n)
	}
	for _, h := range server.Fetched() {
		for name := range h {
			if name == "Authorization" || strings.HasPrefix(name, "X-Trino") {
				t.Errorf("%s was sent to the storage", name)
			}
		}
	}
	direct := clientOf(t, server, func(c *trino.Config) { c.Spooling = "off" })
	if n, err := count(direct.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})); n != 6000 || err != nil || server.Acknowledged() != 5 {
		t.Errorf("direct: %d rows, %v", n, err)
	}
}

func TestATokenGoesAsBearerAndARefusedOneOnlyOnce(t *testing.T) {
	t.Parallel()
	server := started(t, trinotest.WithTLS())
	server.SetTokens("header.payload.signature")
	client := clientOf(t, server, func(c *trino.Config) {
		c.User, c.Password, c.Token = "", secret.Value{}, secret.Literal("header.payload.signature")
	})
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if user := server.Statements()[0].Header.Get("X-Trino-User"); user != "" {
		t.Errorf("user %q beside a token, which names one", user)
	}
	server.SetTokens()
	before := len(server.Requests())
	for range 3 {
		if err := client.Ping(t.Context()); !errors.Is(err, base.ErrUnauthenticated) || strings.Contains(err.Error(), "payload") {
			t.Errorf("%v", err)
		}
	}
	if n := len(server.Requests()) - before; n != 1 {
		t.Errorf("a refused token was sent %d times", n)
	}
}

func TestAnEndOfTheContextWhileRowsAreReadNamesTheQuery(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 1000))
	client := clientOf(t, server)
	for _, kind := range []base.Kind{base.KindCanceled, base.KindDeadline} {
		ctx, cancel := context.WithCancel(t.Context())
		q := trino.Query{SQL: "SELECT * FROM bulk"}
		if kind == base.KindDeadline {
			q.Timeout = 100 * time.Millisecond
		}
		r, err := client.Query(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if kind == base.KindCanceled {
			cancel()
		} else {
			eventually(t, "the query is over", func() bool { return server.Running() == 0 })
		}
		_, err = count(r, nil)
		e, ok := errors.AsType[*base.Error](err)
		if !ok || e.Kind != kind || e.QueryID == "" || (e.Hint == "") == (kind == base.KindDeadline) {
			t.Errorf("%v", err)
		}
		cancel()
	}
}
