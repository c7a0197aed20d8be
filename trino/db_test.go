package trino_test

import (
	"context"
	"database/sql"
	"errors"
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
	before := len(server.Requests())
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t"); !errors.Is(err, base.ErrPermission) {
		t.Errorf("a write: %v", err)
	}
	if _, err := db.BeginTx(t.Context(), nil); !errors.Is(err, base.ErrPermission) {
		t.Errorf("a transaction: %v", err)
	}
	if n := len(server.Requests()) - before; n != 0 {
		t.Errorf("%d requests were sent", n)
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
