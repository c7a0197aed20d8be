package redshift_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// within are statements over the schemas open and wide only.
var within = []string{
	"SELECT id FROM open.things", "SELECT t.id FROM open.things t", "SELECT things.id FROM open.things", "SELECT open.things.id FROM open.things",
	"SELECT id FROM things", `SELECT "id" FROM "open"."things"`, "SELECT * FROM OPEN.Things AS t, wide.others AS o WHERE t.id = o.id",
	"SELECT t.id FROM (open.things t JOIN wide.others o ON t.id = o.id AND o.id IN (1, 2)), wide.others x",
	"WITH hidden AS (SELECT id FROM things), b(id) AS (SELECT 1) SELECT hidden.id FROM hidden, b WHERE b.id = hidden.id",
	"SELECT extract(year FROM at), substring(name FROM 1 FOR 2), trim(both 'x' FROM name) FROM open.things t WHERE t.id IS NOT DISTINCT FROM 1",
	"SELECT count(*) FROM generate_series(1, 3) g, open.things", "(SELECT id FROM open.things) UNION (SELECT id FROM wide.others ORDER BY 1, 1)",
	"SELECT 'FROM hidden.salaries', $$ FROM hidden.salaries $$ -- FROM hidden.salaries", "SELECT id FROM open.things, LATERAL (SELECT 1) x",
	"SELECT x.a FROM (VALUES (1, 2)) x(a, b)", "EXPLAIN SELECT * FROM open.things", "EXPLAIN (COSTS false) SELECT 1 FROM things", "SHOW statement_timeout",
	"SELECT 1", "SELECT id FROM open.things ORDER BY id, name LIMIT 1", "SELECT sum(id) OVER (PARTITION BY name ORDER BY id) FROM things",
	"SELECT max(id), 1 AS from FROM things GROUP BY name, at HAVING max(id) > (SELECT min(o.id) FROM wide.others o)",
	"SELECT id FROM things WHERE (id, name) IN (SELECT id, name FROM wide.others)", "SELECT pg_catalog.now()", "SELECT ARRAY[t.id, 2] FROM things t",
}

// beyond would read another schema.
var beyond = []string{
	"SELECT * FROM hidden.salaries", "SELECT * FROM open.things, hidden.salaries", "SELECT * FROM open.things t JOIN hidden.salaries s ON true",
	"SELECT * FROM things t WHERE id IN (SELECT id FROM hidden.salaries)", "SELECT (SELECT max(amount) FROM hidden.salaries)",
	`SELECT * FROM "hidden"."salaries"`, `SELECT * FROM hidden . "salaries"`, "SELECT * FROM hidden/**/./* x */salaries", "SELECT * FROM HIDDEN.SALARIES",
	"SELECT * FROM platform_shared_db.hidden.salaries", `SELECT * FROM U&"\0068idden".salaries`, "SELECT * FROM (hidden.salaries)", "SELECT * FROM ((hidden.salaries s JOIN things ON true))",
	"SELECT * FROM ONLY hidden.salaries", "SELECT * FROM ONLY (hidden.salaries)", "WITH x AS (TABLE hidden.salaries) SELECT * FROM x", "WITH x AS (SELECT * FROM hidden.salaries) SELECT * FROM x",
	"SELECT * FROM things hidden, hidden.salaries", "SELECT * FROM things start, hidden.salaries", "SELECT * FROM things window, hidden.salaries", "SELECT * FROM things t (a, b), hidden.salaries",
	"SELECT DISTINCT FROM hidden.salaries", "SELECT 1 AS where, amount FROM hidden.salaries", "SELECT things.where, amount FROM things, hidden.salaries",
	"SELECT * FROM pg_stat_activity", "SELECT * FROM pg_catalog.pg_authid", "SELECT * FROM information_schema.tables", "SELECT * FROM stl_query", "SELECT hidden.salaries.amount",
	"SELECT hidden.salaries.*", "SELECT query_to_xml('select * from hidden.salaries', true, true, '')", "SELECT pg_catalog.query_to_xml('x', true, true, '')",
	"SELECT hidden.reveal()", "SELECT * FROM hidden.reveal()", "SELECT * FROM ROWS FROM (hidden.reveal(), generate_series(1, 2))", "SELECT pg_read_file('/etc/passwd')",
	"SELECT '\\' || 'x' FROM hidden.salaries --'", "SELECT '\\', ' FROM hidden.salaries --'", "EXPLAIN SELECT * FROM hidden.salaries", "EXPLAIN DELETE FROM hidden.salaries",
	"EXPLAIN (VERBOSE) SELECT * FROM hidden.salaries", "SHOW TABLE hidden.salaries", "SHOW COLUMNS FROM TABLE platform_shared_db.hidden.salaries",
	"WITH x AS (UPDATE hidden.salaries SET amount = amount RETURNING *) SELECT * FROM x", "WITH x AS (DELETE FROM things USING hidden.salaries RETURNING *) SELECT * FROM x",
	"SELECT * FROM things CROSS JOIN LATERAL (SELECT * FROM hidden.salaries) x", "SELECT CASE WHEN EXISTS (SELECT FROM hidden.salaries) THEN 1 END",
	"SELECT * FROM things UNION ALL SELECT * FROM hidden.salaries", "SELECT x FROM things, UNPIVOT hidden.salaries AS x", "SELECT * FROM things\u00a0x, hidden.salaries",
}

func TestAStatementReadsOnlyAllowedSchemas(t *testing.T) {
	t.Parallel()
	server := fake(t)
	server.Create("open.things", []redshifttest.Column{{Name: "id", Type: "bigint"}}, []any{1})
	server.Create("hidden.salaries", []redshifttest.Column{{Name: "amount", Type: "bigint"}}, []any{4711})
	server.Reply(func(r redshifttest.Request) bool { return true }, redshifttest.Reply{Columns: []redshifttest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
	cfg := server.Config()
	cfg.Schemas = []string{"open", "wide"}
	c := newClient(t, cfg)
	set := tool.Set(c.Tools())
	for _, sql := range within {
		if _, err := one(t.Context(), c, sql); err != nil {
			t.Errorf("%q: %v", sql, err)
		}
	}
	for _, r := range server.Requests() {
		if r.Settings["search_path"] != "open,wide" {
			t.Errorf("search_path is %q for %q", r.Settings["search_path"], r.SQL)
		}
	}
	server.ForgetRequests()
	for _, sql := range beyond {
		_, queried := one(t.Context(), c, sql)
		_, explained := c.Explain(t.Context(), redshift.Query{SQL: sql})
		_, asked := redshift.QuerySQL.Call(t.Context(), set, redshift.QueryInput{SQL: sql})
		for _, err := range []error{queried, explained, asked} {
			if e, _ := errors.AsType[*base.Error](err); e == nil || e.Kind != base.KindPermission || e.Sent != base.NotSent || !strings.Contains(e.Hint, "open, wide") {
				t.Errorf("%q: %v", sql, err)
			}
		}
	}
	if _, err := c.Query(t.Context(), redshift.Query{SQL: "SELECT 1", Schema: "hidden"}); base.KindOf(err) != base.KindPermission {
		t.Error(err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAllowedSchemasHoldOnARealServer(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	server.Admin(t, "CREATE SCHEMA open; CREATE SCHEMA wide; CREATE SCHEMA hidden; CREATE TABLE open.things (id int, name text, at timestamp);"+
		"CREATE TABLE wide.others (id int, name text); CREATE TABLE hidden.salaries (id int, amount int); INSERT INTO hidden.salaries VALUES (1, 4711);"+
		"CREATE TABLE public.aside (amount int); INSERT INTO public.aside VALUES (4711); CREATE FUNCTION hidden.reveal() RETURNS int LANGUAGE sql AS $$ SELECT 4711 $$;"+
		"GRANT USAGE ON SCHEMA open, wide, hidden TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA open, wide, hidden, public TO reader")
	c := realClient(t, engines.PostgresReader, engines.PostgresReaderPassword, func(c *redshift.Config) { c.Schemas = []string{"open", "wide"} })
	for _, sql := range within {
		if _, err := one(t.Context(), c, sql); err != nil {
			t.Errorf("%q: %v", sql, err)
		}
	}
	for _, sql := range append([]string{"SELECT amount FROM aside"}, beyond...) {
		if got, err := one(t.Context(), c, sql); err == nil {
			t.Errorf("%q gives %v", sql, got)
		}
	}
}

// The server reads a backslash within a text in one of two ways, and does not say in which.
func TestAStatementMayReadByEitherRuleOfBackslashes(t *testing.T) {
	t.Parallel()
	server := fake(t)
	server.Reply(nil, redshifttest.Reply{Columns: []redshifttest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
	c := newClient(t, server.Config())
	for _, sql := range []string{`SELECT 'it\'s'`, `SELECT 1 WHERE 'x' LIKE 'start\\_%'`, `SELECT 'a\'; b'`, `SELECT 'end\'`} {
		if _, err := one(t.Context(), c, sql); err != nil && base.KindOf(err) == base.KindInvalid && strings.Contains(err.Error(), "sql:") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{`SELECT 'it\'s' ; DELETE FROM x`, `DELETE FROM x WHERE 'it\'s'`} {
		if _, err := one(t.Context(), c, sql); err == nil || !strings.Contains(err.Error(), "sql:") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
