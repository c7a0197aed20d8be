package trino_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

func TestAStatementThatShowsNamesIsHeldToTheSchemas(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, func(c *trino.Config) { c.Schemas = []string{"hive.log"} })
	for _, q := range []trino.Query{
		{SQL: "SHOW STATS FOR payroll", Schema: "secret"},
		{SQL: "SHOW STATS FOR payroll", Catalog: "other"},
		{SQL: "SHOW STATS FOR secret.payroll"},
		{SQL: "SHOW STATS FOR (SELECT * FROM callbacks_v2)"},
		{SQL: "SHOW STATS FOR (SELECT * FROM payroll)", Schema: "secret"},
		{SQL: "DESCRIBE payroll", Schema: "secret"},
		{SQL: "DESC other.log.payroll"},
		{SQL: "DESCRIBE INPUT statement1"},
		{SQL: "SHOW CREATE VIEW v", Schema: "secret"},
		{SQL: "SHOW CREATE MATERIALIZED VIEW secret.v"},
		{SQL: "SHOW CREATE TABLE secret.v"},
		{SQL: "SHOW CREATE SCHEMA secret"},
		{SQL: "SHOW CREATE FUNCTION secret.f"},
		{SQL: "SHOW TABLES FROM secret"},
		{SQL: "SHOW TABLES IN \"secret\""},
		{SQL: "SHOW TABLES", Schema: "secret"},
		{SQL: "SHOW TABLES FROM log", Catalog: "other"},
		{SQL: "SHOW TABLES FROM hive.log.x"},
		{SQL: "SHOW SCHEMAS FROM other"},
		{SQL: "SHOW SCHEMAS"},
		{SQL: "SHOW CATALOGS"},
		{SQL: "SHOW GRANTS ON TABLE secret.payroll"},
		{SQL: "SHOW FUNCTIONS FROM secret.x"},
		{SQL: "SHOW COLUMNS FROM log.payroll", Catalog: "other"},
		{SQL: "SHOW COLUMNS FROM t LIKE 'a' FROM secret"},
		{SQL: "SHOW COLUMNS FROM"},
		{SQL: `SHOW TABLES FROM U&"secret"`},
		{SQL: "EXPLAIN (TYPE IO, FORMAT JSON) SELECT * FROM hive.secret.payroll"},
		{SQL: "EXPLAIN SELECT 1"},
		{SQL: "SELECT * FROM TABLE(hive.system.table_changes(schema_name => 'secret', table_name => 'payroll', since_version => 0))"},
		{SQL: "SELECT * FROM TABLE (/* */ \"values\"(1))"},
		{SQL: "SELECT * FROM TABLE(other.system.sequence(start => 1, stop => 2))"},
	} {
		if _, err := client.Query(t.Context(), q); !errors.Is(err, base.ErrPermission) {
			t.Errorf("%s (%s.%s): %v", q.SQL, q.Catalog, q.Schema, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAStatementThatShowsNamesOfAnAllowedSchemaIsSent(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, func(c *trino.Config) { c.Schema, c.Schemas = "secret", []string{"hive.log", "Other.Raw"} })
	for _, q := range []trino.Query{
		{SQL: "SHOW TABLES", Schema: "log"},
		{SQL: "SHOW TABLES LIKE 'a%'", Schema: "LOG"},
		{SQL: "show tables from hive.log like 'a!_%' escape '!'"},
		{SQL: "SHOW TABLES IN log"},
		{SQL: "SHOW TABLES FROM raw", Catalog: "other"},
		{SQL: "SHOW COLUMNS FROM log.t"},
		{SQL: "SHOW COLUMNS IN other.raw.t LIKE 'x'"},
		{SQL: "SHOW STATS FOR hive.log.t"},
		{SQL: "SHOW CREATE VIEW log.v"},
		{SQL: "SHOW CREATE MATERIALIZED VIEW log.v"},
		{SQL: `DESCRIBE "hive"."log"."t"`},
		{SQL: "DESC t", Schema: "log"},
		{SQL: "SHOW SESSION LIKE 'query%'"},
		{SQL: "SHOW FUNCTIONS"},
	} {
		server.Reply(nil, trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
		if n, err := count(client.Query(t.Context(), q)); n != 1 || err != nil {
			t.Errorf("%s (%s.%s): %d rows, %v", q.SQL, q.Catalog, q.Schema, n, err)
		}
	}
	for _, sql := range []string{
		"SELECT * FROM TABLE(sequence(start => 1, stop => 3))", "SELECT * FROM TABLE(exclude_columns(input => TABLE(t), columns => DESCRIPTOR(a)))",
		"SELECT * FROM TABLE(SELECT (1))",
	} {
		plan := trinotest.Reply{Columns: []trinotest.Column{{Name: "Query Plan", Type: "varchar"}}, Rows: [][]any{{`{"inputTableColumnInfos":[]}`}}}
		server.Reply(nil, trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
		server.ReplyTo("EXPLAIN ", plan)
		if n, err := count(client.Query(t.Context(), trino.Query{SQL: sql})); n != 1 || err != nil {
			t.Errorf("%s: %d rows, %v", sql, n, err)
		}
	}
}

func TestAPlanThatDoesNotSayWhatIsReadAllowsNothing(t *testing.T) {
	t.Parallel()
	for _, plan := range []string{`{}`, `{"inputTableColumnInfos":null}`, `{"estimate":{}}`} {
		server := started(t)
		client := clientOf(t, server, func(c *trino.Config) { c.Schemas = []string{"hive.log"} })
		server.ReplyTo("EXPLAIN ", trinotest.Reply{Columns: []trinotest.Column{{Name: "Query Plan", Type: "varchar"}}, Rows: [][]any{{plan}}})
		if _, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 1"}); err == nil || !strings.Contains(err.Error(), "does not say what is read") {
			t.Errorf("%s: %v", plan, err)
		}
		if n := len(server.Statements()); n != 1 {
			t.Errorf("%d statements", n)
		}
	}
}

func TestAPlanIsHadOfAllowedSchemasOnly(t *testing.T) {
	t.Parallel()
	server := started(t)
	for _, name := range []string{"hive.secret.salaries", "hive.log.t"} {
		server.AddTable(name, []trinotest.Column{{Name: "x", Type: "bigint"}}, []any{1})
	}
	client := clientOf(t, server, func(c *trino.Config) { c.Schemas = []string{"hive.log"} })
	for _, kind := range []trino.ExplainType{trino.Logical, trino.Distributed, trino.IO, trino.Validate} {
		if _, err := client.Explain(t.Context(), trino.Query{SQL: "SELECT x FROM secret.salaries"}, kind); !errors.Is(err, base.ErrPermission) {
			t.Errorf("%s: %v", kind, err)
		}
		if _, err := client.Explain(t.Context(), trino.Query{SQL: "SELECT x FROM t"}, kind); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// Between two dollar signs and the next two stands a text, in which a quote begins nothing.
func TestATextBetweenDollarSignsHidesNoCode(t *testing.T) {
	t.Parallel()
	var sent bool
	client := handler(t, func(http.ResponseWriter, *http.Request) { sent = true })
	for sql, kind := range map[string]base.Kind{
		"SELECT $$ ' $$, x FROM TABLE(pg.system.query(query => 'DELETE FROM t')) -- '":                   base.KindPermission,
		"SELECT $$ ' $$; DROP TABLE t -- '":                                                              base.KindInvalid,
		"SELECT $$ open":                                                                                 base.KindInvalid,
		"WITH FUNCTION f() RETURNS bigint RETURN 1 SELECT f()":                                           base.KindPermission,
		"WITH FUNCTION f() RETURNS bigint LANGUAGE PYTHON WITH (handler = 'f') AS $$ ' $$ SELECT 1 -- '": base.KindPermission,
		"EXPLAIN WITH FUNCTION f() RETURNS bigint RETURN 1 SELECT f()":                                   base.KindPermission,
	} {
		if _, err := client.Query(t.Context(), trino.Query{SQL: sql}); base.KindOf(err) != kind || sent {
			t.Errorf("%s: %v", sql, err)
		}
	}
	server := started(t)
	for _, sql := range []string{"SELECT '$$' AS a", "WITH function AS (SELECT 1 x) SELECT x FROM function", "WITH function (x) AS (SELECT 1) SELECT x FROM function"} {
		server.Reply(nil, trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
		if n, err := count(clientOf(t, server).Query(t.Context(), trino.Query{SQL: sql})); n != 1 || err != nil {
			t.Errorf("%s: %d rows, %v", sql, n, err)
		}
	}
}
