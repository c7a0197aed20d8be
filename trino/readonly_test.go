package trino_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

func TestAStatementThatDoesNotOnlyReadIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for sql, want := range map[string]struct {
		kind base.Kind
		text string
	}{
		"INSERT INTO t VALUES (1)":                                {base.KindPermission, "INSERT"},
		"/* SELECT */ DELETE FROM t":                              {base.KindPermission, "DELETE"},
		"-- SELECT 1\nDROP TABLE t":                               {base.KindPermission, "DROP"},
		"CREATE TABLE x AS SELECT 1":                              {base.KindPermission, "CREATE"},
		"CALL system.sync_partition_metadata()":                   {base.KindPermission, "CALL"},
		"EXECUTE s":                                               {base.KindPermission, "EXECUTE"},
		"SET SESSION query_max_run_time = '10h'":                  {base.KindPermission, "SET"},
		"MERGE INTO t USING u ON TRUE WHEN MATCHED THEN DELETE":   {base.KindPermission, "MERGE"},
		"EXPLAIN ANALYZE SELECT 1":                                {base.KindPermission, "ANALYZE"},
		"EXPLAIN (TYPE IO) DELETE FROM t":                         {base.KindPermission, "DELETE"},
		"((INSERT INTO t VALUES (1)))":                            {base.KindPermission, "INSERT"},
		"WITH SESSION query_max_run_time = '10h' SELECT 1":        {base.KindPermission, "SESSION"},
		"SELECT * FROM TABLE(pg.system.query(query => 'DELETE'))": {base.KindPermission, "query"},
		"SELECT 1; DELETE FROM t":                                 {base.KindInvalid, "more than one"},
		"SELECT 1;;":                                              {base.KindInvalid, "semicolon"},
		"SELECT * FROM t WHERE a = $1":                            {base.KindInvalid, "values are ? here"},
		"SELECT 1 /* hidden":                                      {base.KindInvalid, "comment"},
		"SELECT 'open":                                            {base.KindInvalid, "text"},
		"":                                                        {base.KindInvalid, "no statement"},
		"-- nothing":                                              {base.KindInvalid, "no statement"},
		"SELECT * FROM callbacks_v2":                              {base.KindInvalid, "datestr"},

		`SELECT * FROM hive.log."logs" WHERE body LIKE '%datestr%'`:      {base.KindInvalid, "datestr"},
		"SELECT * FROM load_files WHERE fk_tracking_id = '1' -- datestr": {base.KindInvalid, "datestr"},
	} {
		_, err := client.Query(t.Context(), trino.Query{SQL: sql})
		if base.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%q: %v", sql, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestStatementsThatReadAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, keepsAll)
	for _, sql := range []string{
		"SELECT ';' AS \"a;b\" -- ; delete\n", "WITH a AS (SELECT 1) SELECT * FROM a", "(VALUES 1, 2)", "TABLE nation", "SHOW CATALOGS",
		"with session as (select 1 x) select * from session", "SELECT * FROM callbacks_v2 WHERE datestr = '2025-01-02'",
		"SELECT * FROM TABLE(sequence(start => 1, stop => 3))", "DESCRIBE callbacks_v2", "EXPLAIN SELECT 1",
	} {
		server.Reply(nil, trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
		if n, err := count(client.Query(t.Context(), trino.Query{SQL: sql})); n != 1 || err != nil {
			t.Errorf("%q: %d rows, %v", sql, n, err)
		}
		all := server.Statements()
		if got := all[len(all)-1].Body; got != sql {
			t.Errorf("%q was sent as %q", sql, got)
		}
	}
}

func TestOneSemicolonMayEndAStatement(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	one := trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}}
	server.ReplyTo("SELECT 1 AS x", one)
	if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1 AS x; \n"})); n != 1 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := dbOf(t, client).QueryRowContext(t.Context(), "SELECT 1 AS x;").Scan(new(int)); err != nil {
		t.Error(err)
	}
	for _, r := range server.Statements() {
		if strings.Contains(r.SQL, ";") {
			t.Errorf("%q was sent", r.SQL)
		}
	}
}

func TestOnlyTheAllowedSchemasAreRead(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddTable("hive.secret.salaries", []trinotest.Column{{Name: "x", Type: "bigint"}}, []any{1})
	client := clientOf(t, server, func(c *trino.Config) { c.Schemas, c.Tables.Retention = []string{"hive.log"}, -1 })
	for _, sql := range []string{
		"SELECT x FROM hive.secret.salaries", "SELECT x FROM secret.salaries /* hive.log */", "SHOW TABLES FROM hive.secret",
		"DESCRIBE secret.salaries",
	} {
		_, err := client.Query(t.Context(), trino.Query{SQL: sql})
		if !errors.Is(err, base.ErrPermission) || !strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", sql, err)
		}
	}
	if _, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM callbacks_v2 WHERE datestr = ?", Args: []any{"2025-01-01"}})); err != nil {
		t.Error(err)
	}
	if _, err := client.DescribeTable(t.Context(), "secret.salaries", 0); !errors.Is(err, base.ErrPermission) {
		t.Error(err)
	}
	if all, err := client.Schemas(t.Context(), ""); err != nil || !cmp.Equal(all, []string{"log"}) {
		t.Error(all, err)
	}
}

// Words can name the days without bounding them; then the plan decides.
func TestAStatementOverHistoryMustBoundItsDays(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddTable("hive.other.logs", []trinotest.Column{{Name: "body", Type: "varchar"}}, []any{"x"})
	client := clientOf(t, server, keepsAll)
	for _, sql := range []string{
		"SELECT datestr FROM logs",
		"SELECT body FROM logs ORDER BY datestr",
		"SELECT body FROM logs WHERE datestr = '2025-01-02' OR true",
		"SELECT body FROM hive.log.logs WHERE datestr <= '2025-01-02'",
		"SELECT body FROM LOGS WHERE datestr <> '2025-01-02'",
		"SELECT body FROM logs WHERE datestr IS NOT NULL",
		"SELECT body FROM logs WHERE lower(datestr) = '2025-01-02'",
		"SELECT body FROM logs WHERE datestr LIKE '2025-01%'",
		"SELECT body FROM logs WHERE datestr >= current_date - interval '1' day",
	} {
		before := len(server.Statements())
		_, err := client.Query(t.Context(), trino.Query{SQL: sql})
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "without a bound on datestr") ||
			!strings.Contains(err.Error(), "it must be a lower bound") {
			t.Errorf("%q: %v", sql, err)
		}
		if sent := server.Statements()[before:]; len(sent) > 1 || len(sent) == 1 && !strings.HasPrefix(sent[0].Body, "EXPLAIN (TYPE IO") {
			t.Errorf("%q: sent %v", sql, sent)
		}
	}
	for _, q := range []trino.Query{
		{SQL: "SELECT body FROM logs WHERE datestr = '2025-01-02'"},
		{SQL: "SELECT body FROM logs WHERE datestr >= ? AND body LIKE ?", Args: []any{"2025-01-02", "%x%"}},
		{SQL: "SELECT body FROM logs WHERE datestr BETWEEN '2025-01-02' AND '2025-01-03'"},
		{SQL: "SELECT body FROM logs WHERE datestr IN ('2025-01-02', '2025-01-05')"},
		{SQL: "SELECT body FROM logs WHERE '2025-01-02' <= datestr"},
		{SQL: "SELECT body FROM other.logs"},
		{SQL: "SELECT body FROM logs", Schema: "other"},
	} {
		if _, err := count(client.Query(t.Context(), q)); err != nil {
			t.Errorf("%q: %v", q.SQL, err)
		}
	}
}

// As texts compare, what is no day lies before or behind all of them: it would read all of history, or nothing.
func TestTheDaysOfHistoryAreDaysThatTheTablesKeep(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	day := now.Format(time.DateOnly)
	first := time.Now().UTC().AddDate(0, 0, -180).Format(time.DateOnly)
	for _, c := range []struct {
		where string
		args  []any
		want  string
	}{
		{"datestr >= '11/24/2026'", nil, `sql: datestr is compared with "11/24/2026", which is no day; write YYYY-MM-DD`},
		{"datestr >= '0'", nil, `"0", which is no day`},
		{"datestr = '20261124'", nil, `"20261124", which is no day`},
		{"datestr = 20261124", nil, `"20261124", which is no day`},
		{"datestr >= ?", []any{"11/24/2026"}, `"11/24/2026", which is no day`},
		{"body = ? AND datestr = ?", []any{"x", 20261124}, `"20261124", which is no day`},
		{"datestr IN ('" + day + "', 'x')", nil, `"x", which is no day`},
		{"'x' <= datestr", nil, `"x", which is no day`},
		{"datestr BETWEEN '" + day + "' AND '0'", nil, `"0", which is no day`},
		{"datestr >= '" + day + "' AND datestr < '12/24/2026'", nil, `"12/24/2026", which is no day`},
		{"datestr >= '2020-01-01'", nil, "datestr begins at 2020-01-01, before what the tables keep, which is 180 days; begin at " + first + " or later"},
		{"datestr >= ?", []any{"2020-01-01"}, "begin at " + first},
	} {
		_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT body FROM logs WHERE " + c.where, Args: c.args})
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.where, err)
		}
	}
	if n := len(server.Statements()); n != 0 {
		t.Errorf("%d statements were sent", n)
	}
	for _, where := range []string{"datestr >= '" + first + "'", "datestr = '" + day + "'", "datestr BETWEEN '" + day + "' AND '" + day + "'"} {
		if _, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT body FROM logs WHERE " + where})); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// A view of history is named in the statement, and the tables behind it in the plan.
func TestAViewOfHistoryIsBoundWhereOneOfItsTablesIs(t *testing.T) {
	t.Parallel()
	plan := func(low string) trinotest.Reply {
		return trinotest.Reply{Columns: []trinotest.Column{{Name: "Query Plan", Type: "varchar"}}, Rows: [][]any{{
			`{"inputTableColumnInfos":[{"table":{"catalog":"hive","schemaTable":{"schema":"raw","table":"steps"}},"constraint":{"none":false,` +
				`"columnConstraints":[{"columnName":"datestr","domain":{"ranges":[{"low":{` + low + `"bound":"ABOVE"},"high":{"bound":"BELOW"}}]}}]}}]}`,
		}}}
	}
	const sql = "SELECT worker FROM steps x, vw_location_processing_flow v WHERE '2025-01-01' <= v.datestr"
	for low, bounded := range map[string]bool{``: false, `"value":"2025-01-01",`: true, `"value":"2024-12-31",`: false} { // the last: all days that it has
		server := started(t)
		server.ReplyTo("vw_location", trinotest.Bulk(1, 1))
		server.ReplyTo("EXPLAIN ", plan(low))
		_, err := count(clientOf(t, server, keepsAll).Query(t.Context(), trino.Query{SQL: sql}))
		if bounded && err != nil || !bounded && (!errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "without a bound")) {
			t.Errorf("%s: %v", low, err)
		}
	}
}
