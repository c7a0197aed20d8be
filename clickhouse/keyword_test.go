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
		"# SELECT\nKILL QUERY WHERE 1": base.KindInvalid, "; SELECT 1": base.KindInvalid, "/* never ends SELECT": base.KindInvalid,
		"--": base.KindInvalid, "\u00a0SELECT 1": base.KindInvalid, "'SELECT'": base.KindInvalid, "\x00": base.KindInvalid,
	} {
		err := c.checkReads(opQuery, sql)
		if base.KindOf(err) != want || (err == nil) != (want == base.KindUnknown) {
			t.Errorf("%q: %v, want %v", sql, err, want)
		}
	}
	for _, sql := range []string{"USE system", "SET a = 1", " begin transaction"} {
		err := c.Exec(t.Context(), Statement{SQL: sql})
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "settings") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := c.Estimate(t.Context(), Query{SQL: "KILL QUERY WHERE 1"}); base.KindOf(err) != base.KindPermission {
		t.Error(err)
	}
}

// FuzzKeyword looks for texts in which a word is found that a server would not find: what stands before it must be
// space and comments.
func FuzzKeyword(f *testing.F) {
	for _, sql := range []string{"SELECT 1", "-- x\nSELECT", "/* */(", "--", "/*", " \t\r\n\f\vwith", "a_b", "é"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		word := keyword(sql)
		if word == "" {
			return
		}
		rest := sql
		for !strings.EqualFold(rest[:min(len(word), len(rest))], word) {
			switch {
			case strings.HasPrefix(rest, "--"):
				_, after, ended := strings.Cut(rest, "\n")
				if !ended {
					t.Fatalf("%q within a comment of %q", word, sql)
				}
				rest = after
			case strings.HasPrefix(rest, "/*"):
				_, after, ended := strings.Cut(rest[2:], "*/")
				if !ended {
					t.Fatalf("%q within a comment of %q", word, sql)
				}
				rest = after
			case rest != "" && strings.ContainsRune(" \t\r\n\f\v", rune(rest[0])):
				rest = rest[1:]
			default:
				t.Fatalf("%q in %q stands behind %q", word, sql, rest)
			}
		}
	})
}
