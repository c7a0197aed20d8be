package redshift_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

func TestEachCodeHasItsKind(t *testing.T) {
	t.Parallel()
	server := fake(t)
	cfg := server.Config()
	cfg.Limits.Retries, cfg.Limits.Breaker.Ratio = -1, -1
	c := newClient(t, cfg)
	code := func(code, message string) *redshifttest.ServerError {
		return &redshifttest.ServerError{Code: code, Message: message}
	}
	for kind, all := range map[base.Kind][]*redshifttest.ServerError{
		base.KindPermission:    {code("42501", "permission denied"), code("25006", "transaction is read-only")},
		base.KindNotFound:      {code("42P01", "relation does not exist"), code("3F000", "schema"), code("3D000", "database")},
		base.KindInvalid:       {code("42601", "syntax"), code("42703", "column"), code("42883", "function"), code("22P02", "text"), code("0A000", "not supported"), code("26000", "x")},
		base.KindThrottled:     {code("53300", "too many connections"), redshifttest.TooManyConnections()},
		base.KindQuotaExceeded: {code("53200", "out of memory"), code("53400", "limit"), code("54001", "stack"), redshifttest.StatementTimeout(), redshifttest.RuleAborted(), code("57014", "canceling statement due to statement timeout")},
		base.KindOverloaded:    {code("53100", "disk full")},
		base.KindCanceled:      {redshifttest.UserCanceled(), code("57014", "canceling statement due to user request"), code("57014", "some new words")},
		base.KindUnavailable:   {code("08006", "connection"), code("57P01", "admin shutdown"), code("57P02", "crash"), code("57P03", "starting")},
		base.KindConflict:      {code("40001", "serialization"), code("40P01", "deadlock"), redshifttest.SerializableConflict(), code("55P03", "lock")},
		base.KindInternal:      {code("XX000", "internal"), code("99999", "unknown"), code("XX000", "1023 is not alone the code")},
	} {
		for _, e := range all {
			server.ClearReplies()
			server.ReplyTo("bad", redshifttest.Reply{Err: e})
			_, err := one(t.Context(), c, "SELECT bad")
			got, ok := errors.AsType[*base.Error](err)
			if !ok || got.Kind != kind || got.Code != e.Code || got.Sent != base.Answered || got.QueryID == "" {
				t.Errorf("%v: %v, want %v", e, err, kind)
			}
			if s, ok := errors.AsType[*redshift.ServerError](err); !ok || s.Message != e.Message {
				t.Errorf("%v: no ServerError in it", e)
			}
		}
	}
}

func TestBadInputIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for _, test := range []struct {
		q    redshift.Query
		part string
		kind base.Kind
	}{
		{redshift.Query{}, "sql: empty", base.KindInvalid},
		{redshift.Query{SQL: "DELETE FROM x"}, "only SELECT", base.KindPermission},
		{redshift.Query{SQL: "SELECT 1; DROP TABLE x"}, "second statement", base.KindInvalid},
		{redshift.Query{SQL: "SELECT 1 /* a */; -- b\n /* ; */ DELETE FROM x"}, "second statement", base.KindInvalid},
		{redshift.Query{SQL: "/* SELECT */ UPDATE x"}, "UPDATE", base.KindPermission},
		{redshift.Query{SQL: "SELECT '" + strings.Repeat("x", 1<<20) + "'"}, "limit", base.KindInvalid},
		{redshift.Query{SQL: "SELECT 1\x00"}, "NUL", base.KindInvalid},
		{redshift.Query{SQL: "SELECT 1", Timeout: -1}, "timeout", base.KindInvalid},
		{redshift.Query{SQL: "SELECT 1", Schema: `a"b`}, "schema", base.KindInvalid},
		{redshift.Query{SQL: "SELECT $1", Args: []any{make(chan int)}}, "args[0]", base.KindInvalid},
		{redshift.Query{SQL: "EXPLAIN ANALYZE SELECT 1"}, "ANALYZE", base.KindPermission},
	} {
		_, err := c.Query(t.Context(), test.q)
		if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != test.kind || e.Sent != base.NotSent || !strings.Contains(err.Error(), test.part) {
			t.Errorf("%.60q: %v", test.q.SQL, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// part is a piece of a secret that would be known again.
func part(secret string) string { return secret[8:28] }

func TestNoErrorShowsAPartOfASecretThatTheServerSent(t *testing.T) {
	t.Parallel()
	for what, answer := range map[string]func(*pgproto3.Backend){
		"a message": func(b *pgproto3.Backend) {
			b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: peerPassword, Message: "bad " + peerPassword, Detail: strings.Repeat("x", 580) + peerPassword, Hint: peerPassword})
		},
		"a whole number": func(b *pgproto3.Backend) { describe(b, oidInt4); row(b, peerPassword); complete(b, "SELECT 1") },
		"a number":       func(b *pgproto3.Backend) { describe(b, oidFloat8); row(b, "x"+peerPassword); complete(b, "SELECT 1") },
		"a long value": func(b *pgproto3.Backend) {
			describe(b, oidInt4)
			row(b, strings.Repeat("x", 180)+peerPassword)
			complete(b, "SELECT 1")
		},
		"a column": func(b *pgproto3.Backend) {
			b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte(peerPassword), DataTypeOID: oidInt4}}})
			row(b, "x")
			complete(b, "SELECT 1")
		},
	} {
		p := newPeer(t, &peer{answer: answer})
		_, err := one(t.Context(), newClient(t, p.config()), "SELECT 1")
		if text := everything(err); err == nil || strings.Contains(text, part(peerPassword)) {
			t.Errorf("%s: %s", what, text)
		}
	}
}

func TestNoErrorShowsAPartOfASecretThatTheCallerSent(t *testing.T) {
	t.Parallel()
	c := newClient(t, newPeer(t, &peer{}).config())
	if err := c.Ping(t.Context()); err != nil { // a password is known once it was used
		t.Fatal(err)
	}
	for _, sql := range []string{peerPassword, "SELECT 1; " + peerPassword, "EXPLAIN " + peerPassword, "EXPLAIN (" + peerPassword + ") SELECT 1", `"` + peerPassword + `"`} {
		if _, err := c.Query(t.Context(), redshift.Query{SQL: sql}); err == nil || strings.Contains(err.Error(), part(peerPassword)) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := c.Load(t.Context(), peerPassword); err == nil || strings.Contains(err.Error(), part(peerPassword)) {
		t.Error(err)
	}
}

func TestFunctionsThatActAreRefusedInEverySpelling(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for _, sql := range []string{
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "SELECT pg_cancel_backend (1)", "SELECT PG_Advisory_Lock(1)", "SELECT pg_try_advisory_xact_lock_shared(1)",
		`SELECT "pg_terminate_backend"(1)`, `SELECT pg_catalog."pg_terminate_backend" /* x */ (1)`, "SELECT pg_catalog . pg_reload_conf\n--\n()",
		`SELECT U&"pg\005fterminate_backend"(1)`, `SELECT u&"!0070g_reload_conf" UESCAPE '!' ()`, "WITH x AS (SELECT nextval('ids')) SELECT * FROM x", "SELECT * FROM dblink('x', 'DELETE FROM y') AS t(a int)",
		"SELECT set_config('statement_timeout', '0', false)", "SELECT lo_export(1, '/tmp/x')", "SELECT pg_read_binary_file('x')", "SELECT pg_notify('a', 'b')", "SELECT txid_current()",
		"SELECT query_to_xml('SELECT pg_reload_conf()', true, true, '')", "SELECT change_session_priority(1, 'high')", "SELECT dblink_exec('x')", "EXPLAIN SELECT pg_rotate_logfile()",
		`SELECT '\', pg_terminate_backend(1) --'`, `SELECT '\'', pg_reload_conf(), ' --'`,
	} {
		_, err := c.Query(t.Context(), redshift.Query{SQL: sql})
		if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindPermission || e.Sent != base.NotSent || !strings.Contains(err.Error(), "not allowed") {
			t.Errorf("%s: %v", sql, err)
		}
		if _, err := c.Explain(t.Context(), redshift.Query{SQL: sql}); base.KindOf(err) != base.KindPermission {
			t.Errorf("explained: %s: %v", sql, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	server.ReplyTo("harmless", redshifttest.Reply{Columns: columnsOf("n bigint")})
	for _, sql := range []string{
		"SELECT pg_sleep(0) AS harmless", "SELECT 'pg_terminate_backend(1)' AS harmless", "SELECT nextval, harmless FROM x WHERE (dblink) = 1", "SELECT /* nextval('x') */ lower(harmless)",
		"SELECT u & \"harmless\" FROM x", "SELECT U&'\\0061' AS harmless", "SELECT currval('harmless')", "SELECT lo_number(1) AS harmless", "SELECT $$nextval($$ AS harmless",
	} {
		if _, err := one(t.Context(), c, sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// twoFaced is a value, and for the driver also the one that replaces the statement.
type twoFaced struct{ asked *int }

func (v twoFaced) Value() (driver.Value, error) {
	*v.asked++
	return "x", nil
}

func (v twoFaced) RewriteQuery(context.Context, *pgx.Conn, string, []any) (string, []any, error) {
	return "DELETE FROM loads", nil, nil
}

// failing is a Valuer whose method panics.
type failing struct{}

func (failing) Value() (driver.Value, error) { panic("no value") }

func TestAnArgumentCannotReplaceTheStatement(t *testing.T) {
	t.Parallel()
	p := newPeer(t, &peer{})
	c := newClient(t, p.config())
	asked := 0
	if _, err := one(t.Context(), c, "SELECT $1", twoFaced{&asked}); err != nil || asked != 1 {
		t.Error(asked, err)
	}
	for _, arg := range []any{pgx.NamedArgs{"a": 1}, pgx.QueryExecModeSimpleProtocol, pgx.QueryResultFormats{1}, failing{}} {
		if _, err := one(t.Context(), c, "SELECT $1", arg); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "args[0]") {
			t.Errorf("%T: %v", arg, err)
		}
	}
	var none *sql.NullString
	if _, err := one(t.Context(), c, "SELECT $1", none); err != nil {
		t.Errorf("a pointer to nothing: %v", err)
	}
	if got := p.statements(); !slices.Equal(got, []string{"SELECT $1", "SELECT $1"}) {
		t.Errorf("the server got %q", got)
	}
}

func TestALoginThatIsRefusedSaysWhatToChange(t *testing.T) {
	t.Parallel()
	server := fake(t)
	for want, password := range map[string]secret.Value{
		"hint: no password is configured; set REDSHIFT_PASSWORD or IAM": {},
		"hint: user or password is wrong, or has expired":               secret.Literal("hunter2"),
	} {
		cfg := server.Config()
		cfg.Password = password
		err := newClient(t, cfg).Ping(t.Context())
		if base.KindOf(err) != base.KindUnauthenticated || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "secret:") {
			t.Errorf("%v, want %q", err, want)
		}
		if !password.IsZero() && !errors.Is(err, secret.ErrRefused) {
			t.Errorf("the refusal is not in the tree of %v", err)
		}
	}
}
