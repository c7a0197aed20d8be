package trinosql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/trinosql"
)

var home = trinosql.Session{Catalog: "hive", Schema: "log"}

func engine() *trinosql.Engine {
	e := trinosql.NewEngine(nil)
	e.Add(home, "carriers", []trinosql.Column{
		{Name: "name", Type: "varchar"},
		{Name: "loads", Type: "bigint"},
		{Name: "tags", Type: "map(varchar, varchar)"},
		{Name: "since", Type: "timestamp(3)"},
	},
		[]any{"swift", 12, map[string]string{"mode": "OTR"}, time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)},
		[]any{"slow", 3, nil, time.Date(2025, 1, 3, 0, 0, 0, 0, time.UTC)},
		[]any{nil, nil, map[string]string{"mode": "LTL"}, nil},
	)
	return e
}

func TestConditionsChooseRows(t *testing.T) {
	t.Parallel()
	e := engine()
	for where, want := range map[string]string{
		"loads > 5": "swift", "loads = 3": "slow", "name IS NULL": "", "NOT name = 'swift'": "slow", "loads IN (3, 12)": "slow swift",
		"loads BETWEEN 4 AND 20": "swift", "name LIKE 's_ift%'": "swift", "element_at(tags, 'mode') = 'OTR'": "swift",
		"since >= TIMESTAMP '2025-01-03 00:00:00'": "slow", "name = 'swift' OR loads < 5": "slow swift",
		"coalesce(name, 'x') = 'x'": "", "regexp_like(name, '^sl')": "slow", "CAST(loads AS varchar) = '12'": "swift",
		"TRY_CAST(name AS bigint) IS NULL AND loads = 3": "slow", "strpos(name, 'ow') > 0 /* why */ -- not": "slow",
	} {
		r, err := e.Execute(home, "SELECT name FROM carriers WHERE "+where+" ORDER BY name")
		if err != nil {
			t.Errorf("%s: %s %s", where, err.Name, err.Message)
			continue
		}
		var names []string
		for _, row := range r.Rows {
			name, _ := row[0].(string)
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != want || len(r.Rows) == 0 {
			t.Errorf("%s: %q", where, got)
		}
	}
}

func TestWhatCannotBeAnsweredIsNamed(t *testing.T) {
	t.Parallel()
	e := engine()
	for sql, want := range map[string]string{
		"SELECT name FROM carriers JOIN x":                "SYNTAX_ERROR",
		"SELECT 'open":                                    "SYNTAX_ERROR",
		"SELECT a FROM carriers":                          "COLUMN_NOT_FOUND",
		"SELECT name FROM nobody":                         "TABLE_NOT_FOUND",
		"SELECT name FROM nobody.x":                       "SCHEMA_NOT_FOUND",
		"SELECT name FROM nobody.x.y":                     "CATALOG_NOT_FOUND",
		"SELECT loads FROM carriers WHERE loads = 'x'":    "TYPE_MISMATCH",
		"SELECT CAST(name AS bigint) FROM carriers":       "INVALID_CAST_ARGUMENT",
		"SELECT magic(name) FROM carriers WHERE magic(1)": "FUNCTION_NOT_FOUND",
		"SELECT name FROM carriers WHERE\xfename":         "SYNTAX_ERROR",
		"SELECT *": "COLUMN_NOT_FOUND", "SELECT a": "COLUMN_NOT_FOUND",
		"SHOW CREATE TABLE carriers":               "NOT_SUPPORTED",
		"SELECT " + strings.Repeat("(", 101) + "1": "SYNTAX_ERROR",
	} {
		if _, err := e.Execute(home, sql); err == nil || err.Name != want {
			t.Errorf("%.60s: %+v", sql, err)
		}
	}
}

func TestNamesAreShown(t *testing.T) {
	t.Parallel()
	e := engine()
	e.Add(home, "other.db.vw_t", []trinosql.Column{{Name: "a", Type: "integer"}})
	for sql, want := range map[string]any{
		"SHOW CATALOGS": [][]any{{"hive"}, {"other"}, {"system"}}, "SHOW SCHEMAS FROM other": [][]any{{"db"}, {"information_schema"}},
		"SHOW TABLES": [][]any{{"carriers"}}, "SHOW TABLES IN other.db": [][]any{{"vw_t"}},
		"DESCRIBE other.db.vw_t": [][]any{{"a", "integer", "", ""}},
		"SELECT table_name, table_type FROM other.information_schema.tables": [][]any{{"vw_t", "VIEW"}},
		"SELECT * FROM other.db.vw_t":                                        [][]any(nil),
	} {
		r, err := e.Execute(home, sql)
		if err != nil {
			t.Errorf("%s: %s", sql, err.Message)
			continue
		}
		if diff := cmp.Diff(want, any(r.Rows)); diff != "" {
			t.Errorf("%s:\n%s", sql, diff)
		}
	}
}

func TestAPlanTellsWhatBoundsAColumn(t *testing.T) {
	t.Parallel()
	r, err := engine().Execute(home, "EXPLAIN (TYPE IO, FORMAT JSON) SELECT name FROM carriers WHERE loads >= 3 AND 9 > loads")
	if err != nil {
		t.Fatal(err.Message)
	}
	plan, _ := r.Rows[0][0].(string)
	for _, want := range []string{`"schemaTable":{"schema":"log","table":"carriers"}`, `"low":{"bound":"EXACTLY","value":"3"}`, `"high":{"bound":"EXACTLY","value":"9"}`} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %s in\n%s", want, plan)
		}
	}
}

func TestValuesAreBoundAsTheyAre(t *testing.T) {
	t.Parallel()
	sql, err := trinosql.Bind(`SELECT '?', "?" WHERE a = ? AND b IN (?, ?)`, trinosql.SplitValues(`'x, ''y', f(1, 2), ARRAY[3, 4]`))
	if err != nil || sql != `SELECT '?', "?" WHERE a = 'x, ''y' AND b IN (f(1, 2), ARRAY[3, 4])` {
		t.Errorf("%s, %+v", sql, err)
	}
	if _, err := trinosql.Bind("SELECT ?", nil); err == nil || err.Name != "INVALID_PARAMETER_USAGE" {
		t.Errorf("a value that is missing: %+v", err)
	}
	if got := trinosql.FirstWord("-- why\n/* and */ show tables"); got != "SHOW" {
		t.Errorf("begins with %q", got)
	}
}

func FuzzExecute(f *testing.F) {
	for _, sql := range []string{
		"SELECT name, loads FROM carriers WHERE loads > 5 AND name LIKE 'a%' ORDER BY loads DESC LIMIT 3", "SHOW TABLES IN hive.log",
		"EXPLAIN (TYPE IO) SELECT * FROM carriers", "SELECT OR ()", `SELECT "in"() FROM carriers WHERE "and"(1)`, "DESCRIBE carriers", "SELECT CAST(since AS date) FROM carriers WHERE x = X'00'",
		"SELECT element_at(tags, 'a') FROM carriers WHERE contains(map_values(tags), 'x') OR regexp_like(name, '(')", "SELECT -", "", "SELECT \xfe",
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		r, err := engine().Execute(home, sql)
		if err != nil && (err.Name == "" || r.Rows != nil) {
			t.Errorf("%+v beside %d rows", err, len(r.Rows))
		}
	})
}
