package trino_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

func dbOf(t *testing.T, client *trino.Client) *sql.DB {
	t.Helper()
	db, err := client.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestDatabaseSQLPassesThroughTheGuard(t *testing.T) {
	t.Parallel()
	server := started(t, trinotest.WithTLS())
	server.AddTable("hive.log.t", []trinotest.Column{{Name: "name", Type: "varchar"}}, []any{"O'Hare"}, []any{"other"})
	client := clientOf(t, server)
	db := dbOf(t, client)
	var name string
	server.Fail(fault.Status(503), 1) // retried by the guard, not by the driver
	if err := db.QueryRowContext(t.Context(), "SELECT name FROM t WHERE name = ?", "O'Hare").Scan(&name); err != nil || name != "O'Hare" {
		t.Errorf("%q %v", name, err)
	}
	if n := len(server.Statements()); n != 2 {
		t.Errorf("%d statements", n)
	}
	before := len(server.Statements()) // not requests: the driver may still be closing the query above
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t"); !errors.Is(err, base.ErrPermission) {
		t.Errorf("a write: %v", err)
	}
	if _, err := db.BeginTx(t.Context(), nil); !errors.Is(err, base.ErrPermission) {
		t.Errorf("a transaction: %v", err)
	}
	if n := len(server.Statements()) - before; n != 0 {
		t.Errorf("%d statements were sent", n)
	}
	_, err := db.QueryContext(t.Context(), "SELECT x FROM absent")
	if e, ok := errors.AsType[*trino.ServerError](err); !errors.Is(err, base.ErrNotFound) || !ok || e.Name != "TABLE_NOT_FOUND" {
		t.Errorf("%v", err)
	}
	server.SetPassword(trinotest.User, "another")
	if err := db.PingContext(t.Context()); !errors.Is(err, base.ErrUnauthenticated) {
		t.Errorf("%v", err)
	}
}

func TestDatabaseSQLHoldsAPermitUntilItsRowsAreClosed(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 1000))
	client := clientOf(t, server, func(c *trino.Config) { c.Limits.Concurrency = 1 })
	db := dbOf(t, client)
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM bulk")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := db.QueryContext(ctx, "SELECT 1"); !errors.Is(err, base.ErrLimitExceeded) {
		t.Errorf("%v", err)
	}
	began := time.Now()
	if err := errors.Join(rows.Close(), rows.Err()); err != nil || time.Since(began) > time.Second {
		t.Errorf("closing took %s, %v", time.Since(began), err)
	}
	eventually(t, "the query is gone", func() bool { return server.Running() == 0 })
	if err := db.QueryRowContext(t.Context(), "SELECT 1").Scan(new(int)); err != nil {
		t.Error(err)
	}
}

// Defect T2 of the driver: without help it tells the server nothing.
func TestDatabaseSQLStopsAQueryThatIsCancelledWhileNobodyReads(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 1000))
	db := dbOf(t, clientOf(t, server))
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := db.QueryContext(ctx, "SELECT * FROM bulk")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	cancel()
	eventually(t, "the query is gone", func() bool { return server.Running() == 0 && len(server.Cancelled()) > 0 })
	_ = rows.Close()
}

func TestDatabaseSQLSaysThatARestartedServerIsUnavailable(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 50))
	rows, err := dbOf(t, clientOf(t, server)).QueryContext(t.Context(), "SELECT * FROM bulk")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	server.FailNext(fault.Status(404), 1)
	for rows.Next() {
		continue
	}
	if err := rows.Err(); base.KindOf(err) != base.KindUnavailable || !strings.Contains(err.Error(), "restarted") {
		t.Errorf("%v", err)
	}
}

func TestCloseEndsTheRowsOfDatabaseSQL(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(5000, 1000))
	client := clientOf(t, server)
	db := dbOf(t, client)
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM bulk")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	began := time.Now()
	if err := client.Close(); err == nil || !strings.Contains(err.Error(), "cut") || time.Since(began) > 8*time.Second {
		t.Errorf("closing took %s, %v", time.Since(began), err)
	}
	if n := server.Running(); n != 0 {
		t.Errorf("%d queries run after Close", n)
	}
	before := len(server.Requests())
	if rows.Next() || !errors.Is(rows.Err(), base.ErrClosed) {
		t.Errorf("after Close: %v", rows.Err())
	}
	if _, err := db.QueryContext(t.Context(), "SELECT 1"); !errors.Is(err, base.ErrClosed) {
		t.Errorf("a statement after Close: %v", err)
	}
	if n := len(server.Requests()) - before; n != 0 {
		t.Errorf("%d requests after Close", n)
	}
}

func TestCloseCutsADatabaseSQLStatementThatHangs(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("slow", trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}, Delay: time.Hour})
	client := clientOf(t, server)
	db := dbOf(t, client)
	done := make(chan error, 1)
	go func() { done <- db.QueryRowContext(context.WithoutCancel(t.Context()), "SELECT slow").Scan(new(int)) }()
	eventually(t, "the query waits", func() bool { return server.Running() == 1 })
	began := time.Now()
	if err := client.Close(); err == nil || time.Since(began) > 8*time.Second {
		t.Errorf("closing took %s, %v", time.Since(began), err)
	}
	if err := <-done; !errors.Is(err, base.ErrClosed) {
		t.Errorf("the statement: %v", err)
	}
	eventually(t, "the query is gone", func() bool { return server.Running() == 0 })
}

// A coordinator that would lead the driver elsewhere is not followed, as on the typed path.
func TestDatabaseSQLFollowsNoLinkToAnotherHost(t *testing.T) {
	t.Parallel()
	elsewhere := started(t)
	client := handler(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"20250101_000000_00001_x","nextUri":"` + elsewhere.URL + `/v1/statement/queued/x/y/1","stats":{}}`))
	})
	_, err := dbOf(t, client).QueryContext(t.Context(), "SELECT 1")
	if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "not followed") {
		t.Errorf("%v", err)
	}
	if n := len(elsewhere.Requests()); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}
