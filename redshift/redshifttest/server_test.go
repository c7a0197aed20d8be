package redshifttest_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newServer(t *testing.T) *redshifttest.Server {
	t.Helper()
	s := redshifttest.NewServer()
	t.Cleanup(s.Close)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// standard is the configuration of pgx as it comes, but for texts instead of binary values.
func standard(t *testing.T, s *redshifttest.Server, user, password string, mode pgx.QueryExecMode) *pgx.ConnConfig {
	t.Helper()
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: s.Addr(), Path: redshifttest.DefaultDatabase, RawQuery: "sslmode=disable&client_encoding=UTF8"}
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		t.Fatal(err)
	}
	cfg.DefaultQueryExecMode = mode
	return cfg
}

func connect(t *testing.T, cfg *pgx.ConnConfig) *pgx.Conn {
	t.Helper()
	c, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestEveryWayOfAskingForAPassword(t *testing.T) {
	t.Parallel()
	for _, auth := range []redshifttest.Auth{redshifttest.MD5, redshifttest.Cleartext, redshifttest.SCRAM} {
		s := newServer(t)
		s.SetAuth(auth)
		c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec))
		if err := c.Ping(t.Context()); err != nil {
			t.Errorf("%d: %v", auth, err)
		}
		for user, password := range map[string]string{redshifttest.DefaultUser: "wrong", "nobody": redshifttest.DefaultPassword} {
			if _, err := pgx.ConnectConfig(t.Context(), standard(t, s, user, password, pgx.QueryExecModeExec)); code(err) != "28000" {
				t.Errorf("%d %s: %v", auth, user, err)
			}
		}
	}
}

func TestBothProtocolsAnswerAlike(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Insert(redshift.Load{ID: "7", LoadNumber: "it's"}, redshift.Load{ID: "8"}, redshift.Load{ID: "9", LoadNumber: "b"})
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, mode))
		var id int64
		var number *string
		sql := "SELECT load_id, load_number FROM platform.fact_loads WHERE load_number = $1 AND NOT load_id IN (8, 9)"
		if err := c.QueryRow(t.Context(), sql, "it's").Scan(&id, &number); err != nil || id != 7 || *number != "it's" {
			t.Errorf("%v: %d %v %v", mode, id, number, err)
		}
		if err := c.QueryRow(t.Context(), "SELECT load_number FROM platform.fact_loads WHERE load_number IS NULL").Scan(&number); err != nil || number != nil {
			t.Errorf("%v: %v", mode, err)
		}
		for sql, want := range map[string]string{
			"SELECT * FROM nothing": "42P01", "SELECT nothing FROM platform.fact_loads": "42703", "SELEC 1": "42601", "SELECT count(*) FROM x GROUP BY 1": "42601",
			"SHOW nothing": "42704", "SET IntervalStyle TO x": "42704", "SELECT current_setting('jit')": "42704", "INSERT INTO x VALUES (1)": "0A000", "SELECT nothing()": "42883",
		} {
			if _, err := c.Exec(t.Context(), sql); code(err) != want {
				t.Errorf("%v: %s: %v, want %s", mode, sql, err, want)
			}
		}
	}
	c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec))
	if r, err := c.Query(t.Context(), "SELECT 1; SELECT 2"); err == nil {
		r.Close()
		if code(r.Err()) != "42601" {
			t.Error(r.Err())
		}
	}
}

func TestTransactionsAreWhatTheirNameSays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeSimpleProtocol))
	run := func(sql, want string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql); (err == nil) != (want == "") || err != nil && code(err) != want {
			t.Errorf("%s: %v, want %q", sql, err, want)
		}
	}
	run("BEGIN READ ONLY; SET LOCAL statement_timeout TO 5000", "")
	run("DELETE FROM x", "25006")
	run("SELECT 1", "25P02")
	run("ROLLBACK", "")
	run("SELECT 1", "")
	requests := s.Requests()
	if last := requests[len(requests)-1]; last.Settings["statement_timeout"] != "0" || last.ReadOnly {
		t.Errorf("%+v", last)
	}
}

func TestARequestToCancelStopsTheStatement(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("endless", redshifttest.Reply{Columns: []redshifttest.Column{{Name: "n", Type: "integer"}}, Rows: [][]any{{1}}, Repeat: -1, Pause: time.Millisecond})
	c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec))
	r, err := c.Query(t.Context(), "SELECT endless")
	if err != nil || !r.Next() || s.Running() != 1 {
		t.Fatal(err, s.Running())
	}
	if err := c.PgConn().CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if code(r.Err()) != "57014" || s.Running() != 0 || !s.Requests()[0].Cancelled {
		t.Error(r.Err(), s.Requests())
	}
}

func TestTLSIsSpokenWhereItIsAsked(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if err := s.UseTLS(); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.ConnectConfig(t.Context(), standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec)); code(err) != "28000" {
		t.Error(err)
	}
	client, err := redshift.New(t.Context(), s.Config(), base.WithTLS(s.ClientTLS()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	untrusting, err := redshift.New(t.Context(), s.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = untrusting.Close() }()
	if err := untrusting.Ping(t.Context()); base.KindOf(err) != base.KindInvalid {
		t.Error(err)
	}
}

func TestAParameterThatRedshiftDoesNotHaveEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cfg := standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec)
	cfg.RuntimeParams["IntervalStyle"] = "iso_8601"
	if _, err := pgx.ConnectConfig(t.Context(), cfg); code(err) != "42704" {
		t.Error(err)
	}
}

func TestSystemViewsShowWhatRuns(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec))
	var status, version string
	if err := c.QueryRow(t.Context(), "SELECT version()").Scan(&version); err != nil || version == "" {
		t.Error(err)
	}
	if err := c.QueryRow(t.Context(), "SELECT status FROM stv_recents WHERE status = 'Done' AND query LIKE '%version%'").Scan(&status); err != nil {
		t.Error(err)
	}
	var aborted int64
	for _, view := range []string{"SELECT aborted FROM stl_query WHERE querytxt LIKE '%version%'", "SELECT aborted FROM svl_qlog WHERE substring LIKE '%version%'"} {
		if err := c.QueryRow(t.Context(), view).Scan(&aborted); err != nil || aborted != 0 {
			t.Errorf("%s: %d %v", view, aborted, err)
		}
	}
	if err := c.QueryRow(t.Context(), "SELECT status FROM sys_query_history WHERE status = 'success'").Scan(&status); err != nil {
		t.Error(err)
	}
}

func TestAReplyIsUsedAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("one", redshifttest.Reply{Columns: []redshifttest.Column{{Name: "n", Type: "integer"}}, Rows: [][]any{{5}}})
	s.ReplyTo("one", redshifttest.Reply{Err: redshifttest.SerializableConflict(), Times: 2})
	s.Fail(fault.ErrorAfter(1, 57014, "late"), 1)
	c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec))
	var n int
	for range 2 {
		if err := c.QueryRow(t.Context(), "SELECT one").Scan(&n); code(err) != "XX000" {
			t.Error(err)
		}
	}
	if err := c.QueryRow(t.Context(), "SELECT one").Scan(&n); err != nil || n != 5 {
		t.Error(n, err)
	}
}

func TestRepliesTakeTurnsAndTheLastStays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	number := func(n int) redshifttest.Reply {
		return redshifttest.Reply{Columns: []redshifttest.Column{{Name: "n", Type: "integer"}}, Rows: [][]any{{n}}}
	}
	s.ReplyTo("turns", number(1), number(2))
	c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec))
	for _, want := range []int{1, 2, 2} {
		var n int
		if err := c.QueryRow(t.Context(), "SELECT turns").Scan(&n); err != nil || n != want {
			t.Errorf("%d, %v, want %d", n, err, want)
		}
	}
}

func TestAStatementThatTheFakeDoesNotReadSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := connect(t, standard(t, s, redshifttest.DefaultUser, redshifttest.DefaultPassword, pgx.QueryExecModeExec))
	for _, sql := range []string{"SELECT count(*) FROM fact_loads", "SELECT 1 FROM fact_loads a JOIN fact_loads b ON true", "VALUES (1)"} {
		if _, err := c.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "script the answer with Reply") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
