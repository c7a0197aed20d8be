package redshift_test

import (
	"context"
	"errors"
	"math"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/redshift"
)

func realConfig(s *engines.PostgresServer, user, password string) redshift.Config {
	host, port, _ := net.SplitHostPort(s.Addr)
	n, _ := strconv.Atoi(port)
	return redshift.Config{
		Host: host, Port: n, Database: engines.PostgresDatabase, User: user, Password: secret.Literal(password), CAFile: s.CAFile,
	}
}

func realClient(t *testing.T, user, password string, change func(*redshift.Config)) *redshift.Client {
	t.Helper()
	cfg := realConfig(engines.SharedPostgres(t), user, password)
	if change != nil {
		change(&cfg)
	}
	return newClient(t, cfg)
}

func realReader(t *testing.T) *redshift.Client {
	t.Helper()
	return realClient(t, engines.PostgresReader, engines.PostgresReaderPassword, nil)
}

func newClient(t *testing.T, cfg redshift.Config, opts ...base.Option) *redshift.Client {
	t.Helper()
	c, err := redshift.New(t.Context(), cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// one asks for a single value.
func one(ctx context.Context, c *redshift.Client, sql string, args ...any) (any, error) {
	r, err := c.Query(ctx, redshift.Query{SQL: sql, Args: args})
	if err != nil {
		return nil, err
	}
	var got any
	for row, err := range r.All() {
		if err != nil {
			return nil, err
		}
		got = row.Value(0)
	}
	return got, nil
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("%s: still not so after %v", what, within)
		case <-tick.C:
		}
	}
}

func TestEveryTypeOfARealServerIsDecoded(t *testing.T) {
	t.Parallel()
	c := realReader(t)
	at := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	for _, test := range []struct {
		sql  string
		want any
	}{
		{"true", true},
		{"(-32768)::int2", int16(-32768)},
		{"2147483647", int32(math.MaxInt32)},
		{"-9223372036854775808", int64(math.MinInt64)},
		{"9223372036854775807", int64(math.MaxInt64)},
		{"1.5::real", float32(1.5)},
		{"-2.5e-3::float8", -0.0025},
		{"'NaN'::float8 = 'NaN'", true},
		{"'-Infinity'::float8", math.Inf(-1)},
		{"12345678901234567890.05", "12345678901234567890.05"},
		{"42::oid", uint32(42)},
		{"'it''s ü'", "it's ü"},
		{"''", ""},
		{"repeat('x', 300000)", strings.Repeat("x", 300000)},
		{"'ab'::char(4)", "ab  "},
		{`'\x00ff'::bytea`, []byte{0, 255}},
		{"NULL", nil},
		{"NULL::int", nil},
		{"'2024-02-29'::date", at.Truncate(24 * time.Hour)},
		{"'0044-03-15 BC'::date", time.Date(-43, 3, 15, 0, 0, 0, 0, time.UTC)},
		{"'2024-02-29 12:34:56'::timestamp", at},
		{"'2024-02-29 12:34:56.000001'::timestamp", at.Add(time.Microsecond)},
		{"'2024-02-29 18:04:56+05:30'::timestamptz", at},
		{"'1950-01-01'::timestamp", time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"'12:34:56.5'::time", "12:34:56.5"},
		{"'3 days 2 hours'::interval", "3 days 02:00:00"},
		{"'61f0c404-5cb3-11e7-907b-a6006ad3dba0'::uuid", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"},
		{`'{"a": 1}'::json`, `{"a": 1}`},
		{"ARRAY['a','b']", "{a,b}"},
	} {
		got, err := one(t.Context(), c, "SELECT "+test.sql)
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", test.sql, err, diff)
		}
	}
	for sql, part := range map[string]string{"SELECT 'infinity'::timestamp AS odd": `"odd"`, "SELECT '294276-12-31'::timestamp": "does not fit"} {
		if _, err := one(t.Context(), c, sql); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestParametersAreBoundByTheServer(t *testing.T) {
	t.Parallel()
	c := realReader(t)
	nasty := "it's \\ a\nb\tc\r \\n $1 -- ' OR 1=1 \u2028 ü \b; DROP TABLE x"
	at := time.Date(2024, 2, 29, 12, 34, 56, 123456000, time.UTC)
	for _, test := range []struct {
		typ       string
		arg, want any
	}{
		{"text", nasty, nasty},
		{"text", nil, nil},
		{"bigint", int64(math.MaxInt64), int64(math.MaxInt64)},
		{"int", 7, int32(7)},
		{"int", "7", int32(7)},
		{"float8", 0.1, 0.1},
		{"boolean", true, true},
		{"timestamp", at, at},
		{"timestamp", at.In(time.FixedZone("x", 3600)), at},
		{"timestamptz", at, at},
		{"bytea", []byte{0, 1}, []byte{0, 1}},
		{"bigint", uint32(9), int64(9)},
	} {
		got, err := one(t.Context(), c, "SELECT $1::"+test.typ, test.arg)
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s %v: %v %s", test.typ, test.arg, err, diff)
		}
	}
	for _, arg := range []any{[]string{"a"}, "a\x00b", "a\xffb", map[string]string{}, struct{}{}} {
		if _, err := one(t.Context(), c, "SELECT $1::text", arg); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "args[0]") {
			t.Errorf("%T: %v", arg, err)
		}
	}
}

func TestAReadOnlyTransactionHoldsAgainstEveryEscape(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	c := realClient(t, engines.PostgresWriter, engines.PostgresWriterPassword, nil)
	server.Admin(t, "CREATE TABLE IF NOT EXISTS guarded (id int); CREATE SEQUENCE IF NOT EXISTS guarded_ids; GRANT ALL ON guarded_ids TO writer;"+
		"CREATE OR REPLACE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO guarded VALUES (1); RETURN 1; END $$;"+
		"CREATE OR REPLACE FUNCTION escape() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); INSERT INTO guarded VALUES (1); RETURN 1; END $$;")
	for _, sql := range []string{
		"INSERT INTO guarded VALUES (1)", "COMMIT", "END", "ROLLBACK", "BEGIN READ WRITE", "SET TRANSACTION READ WRITE", "SET transaction_read_only TO off",
		"SELECT 1; COMMIT; INSERT INTO guarded VALUES (1)", "SELECT 1; INSERT INTO guarded VALUES (1)", "/* SELECT */ INSERT INTO guarded VALUES (1)",
		"SELECT 1 /* ; */ ; COMMIT", "-- SELECT\nDELETE FROM guarded", "/* /* */ SELECT 1; */ DELETE FROM guarded",
		"WITH x AS (INSERT INTO guarded VALUES (1) RETURNING id) SELECT * FROM x", "SELECT sneak()", "SELECT escape()", "SELECT nextval('guarded_ids')",
		"SELECT set_config('transaction_read_only', 'off', false) FROM sneak()", "SELECT * INTO pwned FROM guarded", "SELECT id FROM guarded FOR UPDATE",
		"EXPLAIN ANALYZE INSERT INTO guarded VALUES (1)", "EXPLAIN (ANALYZE) INSERT INTO guarded VALUES (1)", `EXPLAIN ("analyze") DELETE FROM guarded`,
		`EXPLAIN (COSTS, U&"\0061nalyze" true) DELETE FROM guarded`, "EXPLAIN VERBOSE ANALYZE DELETE FROM guarded", "EXPLAIN EXECUTE x",
		"CALL sneak()", "DO $$ BEGIN DELETE FROM guarded; END $$", "TRUNCATE guarded", "VACUUM", "COPY guarded TO '/tmp/x'", "PREPARE x AS DELETE FROM guarded",
		"(((INSERT INTO guarded VALUES (1))))", "TABLE guarded; COMMIT", "", ";", "SELECT 'open", "SELECT $x$ open", "/* open",
	} {
		_, err := one(t.Context(), c, sql)
		if kind := base.KindOf(err); kind != base.KindInvalid && kind != base.KindPermission {
			t.Errorf("%q: %v", sql, err)
		}
	}
	// Without the client's first wall the server's still stands: the same session then reads and cannot write.
	for _, sql := range []string{"SELECT set_config('transaction_read_only', 'off', false)", "SELECT set_config('default_transaction_read_only', 'off', false)"} {
		_, _ = one(t.Context(), c, sql)
	}
	if _, err := one(t.Context(), c, "SELECT sneak()"); base.KindOf(err) != base.KindPermission {
		t.Errorf("after the attempts to switch it off: %v", err)
	}
	if n := server.Admin(t, "SELECT count(*) FROM guarded"); n != "0" {
		t.Errorf("%s rows were written", n)
	}
	if got := server.Admin(t, "SELECT count(*) FROM pg_class WHERE relname IN ('pwned', 'pwned2')"); got != "0" {
		t.Error("a table was made")
	}
	for _, sql := range []string{
		"SELECT count(*) FROM guarded;", "WITH x AS (SELECT 1) SELECT * FROM x", "(SELECT 1) UNION (SELECT 2)", "SHOW statement_timeout", "EXPLAIN SELECT 1",
		"EXPLAIN (FORMAT JSON, VERBOSE) SELECT 1", "EXPLAIN INSERT INTO guarded VALUES (1)", "SELECT ';' -- ;\n; /* ; */", "SELECT $$;$$", "SELECT E'\\';'",
	} {
		if _, err := one(t.Context(), c, sql); err != nil {
			t.Errorf("%q: %v", sql, err)
		}
	}
}

func TestWithPlainTransactionsNothingStays(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	server.Admin(t, "CREATE TABLE IF NOT EXISTS plain (id int)")
	c := realClient(t, engines.PostgresWriter, engines.PostgresWriterPassword, func(c *redshift.Config) { c.PlainTransactions = true })
	if _, err := one(t.Context(), c, "WITH x AS (INSERT INTO plain VALUES (1) RETURNING id) SELECT * FROM x"); err != nil {
		t.Errorf("the switch does nothing: %v", err)
	}
	if n := server.Admin(t, "SELECT count(*) FROM plain"); n != "0" {
		t.Errorf("%s rows stayed", n)
	}
}

func TestCodesOfARealServerHaveTheirKinds(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	server.Admin(t, "CREATE TABLE IF NOT EXISTS secret_table (id int); REVOKE ALL ON secret_table FROM reader")
	c := realReader(t)
	for sql, want := range map[string]struct {
		code string
		kind base.Kind
	}{
		"SELECT * FROM no_such_table":             {"42P01", base.KindNotFound},
		"SELECT * FROM no_such_schema.t":          {"42P01", base.KindNotFound},
		"SELECT no_such_column":                   {"42703", base.KindInvalid},
		"SELECT no_such_function()":               {"42883", base.KindInvalid},
		"SELECT 1 FROM":                           {"42601", base.KindInvalid},
		"SELECT 1/0":                              {"22012", base.KindInvalid},
		"SELECT 'x'::int":                         {"22P02", base.KindInvalid},
		"SELECT * FROM secret_table":              {"42501", base.KindPermission},
		"SHOW no_such_setting":                    {"42704", base.KindInvalid},
		"SELECT pg_terminate_backend(1)":          {"", base.KindUnknown},
		"SELECT * FROM other_db.public.t":         {"0A000", base.KindInvalid},
		"SELECT array_fill(1, ARRAY[1000000000])": {"54000", base.KindQuotaExceeded},
	} {
		_, err := one(t.Context(), c, sql)
		e, _ := errors.AsType[*base.Error](err)
		if want.code == "" {
			continue
		}
		if e == nil || e.Code != want.code || e.Kind != want.kind || e.Attempts != 1 {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if s, ok := errors.AsType[*redshift.ServerError](err); !ok || s.Code != want.code {
			t.Errorf("%s: no ServerError in %v", sql, err)
		}
	}
}

func TestCapsCutTheAnswerAndSaySo(t *testing.T) {
	t.Parallel()
	c := realReader(t)
	for _, test := range []struct {
		max  int64
		rows int
		cut  bool
	}{{1, 1, true}, {9, 9, true}, {10, 10, false}, {11, 10, false}, {0, 10, false}} {
		r, err := c.Query(t.Context(), redshift.Query{SQL: "SELECT generate_series(1, 10)", MaxRows: test.max})
		if err != nil {
			t.Fatal(err)
		}
		all, err := rows.Collect(r, rows.To[int32])
		if len(all) != test.rows || errors.Is(err, base.ErrTruncated) != test.cut || test.cut != (r.Outcome() == base.Truncated) {
			t.Errorf("MaxRows %d: %d rows, %v, %v", test.max, len(all), r.Outcome(), err)
		}
	}
	r, err := c.Query(t.Context(), redshift.Query{SQL: "SELECT repeat('x', 1000) FROM generate_series(1, 100000)", MaxRows: -1, MaxBytes: 5000})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := rows.Collect(r, rows.To[string]); len(all) == 0 || len(all) > 5 || !errors.Is(err, base.ErrTruncated) {
		t.Errorf("%d rows under MaxBytes, %v", len(all), err)
	}
	if r, err = c.Query(t.Context(), redshift.Query{SQL: "SELECT 1 WHERE false"}); err != nil {
		t.Fatal(err)
	}
	if all, err := rows.Collect(r, rows.To[int32]); len(all) != 0 || err != nil || r.Outcome() != base.NoData {
		t.Error(all, err, r.Outcome())
	}
}

func TestLeavingAndCancellingStopTheServerWithinASecond(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	c := realClient(t, engines.PostgresReader, engines.PostgresReaderPassword, func(c *redshift.Config) { c.Name = "stopper"; c.MaxRows = -1 })
	running := func() string {
		return server.Admin(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stopper' AND state <> 'idle'")
	}
	stops := func(what string) {
		t.Helper()
		began := time.Now()
		eventually(t, what, 5*time.Second, func() bool { return running() == "0" })
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: the server stopped after %v", what, took)
		}
	}
	const endless = "SELECT i, pg_sleep(0.001)::text FROM generate_series(1, 1000000) i"
	for range 3 {
		r, err := c.Query(t.Context(), redshift.Query{SQL: endless})
		if err != nil {
			t.Fatal(err)
		}
		if running() == "0" {
			t.Error("nothing runs, so the check proves nothing")
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		stops("left")

		ctx, cancel := context.WithCancel(t.Context())
		if r, err = c.Query(ctx, redshift.Query{SQL: endless}); err != nil {
			t.Fatal(err)
		}
		cancel()
		for _, e := range r.All() {
			err = e
		}
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		stops("cancelled")

		ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		began := time.Now()
		if _, err = one(ctx, c, "SELECT pg_sleep(60)"); base.KindOf(err) != base.KindDeadline {
			t.Error(err)
		}
		if took := time.Since(began); took > 350*time.Millisecond {
			t.Errorf("a deadline of 100 ms ended after %v", took)
		}
		cancel()
		stops("deadline")
	}
	if n := server.Admin(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stopper'"); n != "1" && n != "2" {
		t.Errorf("%s connections: those of cancelled statements are not used again", n)
	}
}

func TestTheServerItselfBoundsTheTime(t *testing.T) {
	t.Parallel()
	c := realClient(t, engines.PostgresReader, engines.PostgresReaderPassword, func(c *redshift.Config) { c.MaxExecution = base.Duration(200 * time.Millisecond) })
	_, err := one(t.Context(), c, "SELECT pg_sleep(60)")
	if e, _ := errors.AsType[*base.Error](err); e == nil || e.Kind != base.KindQuotaExceeded || e.Code != "57014" || e.Attempts != 1 {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	c = realReader(t)
	if got, err := one(ctx, c, "SHOW statement_timeout"); err != nil || got != "3s" {
		t.Errorf("with 3 s left the server allows %v, %v", got, err)
	}
	if got, err := one(t.Context(), c, "SHOW statement_timeout"); err != nil || got != "5min" {
		t.Errorf("without a deadline the server allows %v, %v", got, err)
	}
}
