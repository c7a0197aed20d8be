package clickhouse

import (
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
)

func TestOnlyStatementsThatReadAreSent(t *testing.T) {
	t.Parallel()
	c, err := New(t.Context(), Config{Host: "127.0.0.1", AllowWrites: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for sql, want := range map[string]base.Kind{
		"SELECT 1": base.KindUnknown, "select(1)": base.KindUnknown, "\t-- KILL\n/* DROP */ wItH x AS (SELECT 1) SELECT * FROM x": base.KindUnknown,
		"(SELECT 1) UNION ALL SELECT 2": base.KindUnknown, "EXPLAIN SELECT 1": base.KindUnknown, "SHOW TABLES": base.KindUnknown,
		"DESC TABLE t": base.KindUnknown, "DESCRIBE default.t": base.KindUnknown, "describe/**/table (SELECT f(1))": base.KindUnknown,
		"DESCRIBE url('x')": base.KindInvalid, "DESC TABLE /*(*/ url('x')": base.KindInvalid, "DESCRIBE `t` (": base.KindInvalid,
		"EXISTS t": base.KindUnknown, "SELECT'x'": base.KindUnknown,
		"KILL QUERY WHERE 1": base.KindPermission, "USE system": base.KindPermission, "set a = 1": base.KindPermission,
		"/* SELECT */ INSERT INTO t VALUES (1)": base.KindPermission, "-- SELECT\nDROP TABLE t": base.KindPermission,
		"SELECTED 1": base.KindInvalid, "SELECT1": base.KindInvalid, "SELECT_x": base.KindInvalid, "SELECTü": base.KindInvalid,
		"# SELECT\nKILL QUERY WHERE 1": base.KindPermission, "; SELECT 1": base.KindInvalid, "/* never ends SELECT": base.KindInvalid,
		"--": base.KindInvalid, "\u00a0SELECT 1": base.KindInvalid, "'SELECT'": base.KindInvalid, "\x00": base.KindInvalid,
	} {
		err := c.checkReads(opQuery, sql)
		if base.KindOf(err) != want || (err == nil) != (want == base.KindUnknown) {
			t.Errorf("%q: %v, want %v", sql, err, want)
		}
	}
	for _, sql := range []string{"USE system", "SET a = 1", " begin transaction", "# x\nUSE system"} {
		err := c.Exec(t.Context(), Statement{SQL: sql})
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "settings") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := c.Exec(t.Context(), Statement{SQL: "/* /* */ DROP */ USE system"}); base.KindOf(err) != base.KindInvalid {
		t.Error(err)
	}
	if _, err := c.Estimate(t.Context(), Query{SQL: "KILL QUERY WHERE 1"}); base.KindOf(err) != base.KindPermission {
		t.Error(err)
	}
}
