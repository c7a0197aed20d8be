package sqlguard

import "testing"

// A statement that is let through begins with a word that reads and holds one statement, whatever its comments hide.
func FuzzReading(f *testing.F) {
	for _, s := range []string{"SELECT 1", "/* */ SELECT ';'", "--\nDELETE FROM t", "WITH a AS (SELECT 1) SELECT 1", `SELECT "a;b"`, "EXPLAIN (TYPE IO) SELECT 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		all, err := Lex(sql)
		if err != nil || CheckReading(all) != nil {
			return
		}
		for _, l := range all {
			if l.kind == ';' {
				t.Errorf("%q: two statements", sql)
			}
		}
		for _, l := range all {
			if l.kind == '(' {
				continue
			}
			if !startsReading([]Lexeme{l}) {
				t.Errorf("%q begins with %q", sql, l.text)
			}
			break
		}
	})
}
