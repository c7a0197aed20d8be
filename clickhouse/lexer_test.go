package clickhouse

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAStatementIsRefusedThatServersReadDifferently(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"/* /* */ SELECT */ DESCRIBE TABLE f('x')": "another /*", "/* /* */ SELECT */ USE system": "another /*",
		"/* /* */ SELECT */ KILL QUERY WHERE 1": "another /*", "DESCRIBE /* /* */ ( */ TABLE f('x')": "another /*",
		"/*/*/ SELECT 1": "another /*", "SELECT 1 /* /* */": "another /*", "SELECT 1 /* /* */ */": "another /*",
		"SELECT '/* /* */', `/*`, \"/*\" -- /* /*": "", "/**/SELECT 1/***/": "", "SELECT 1 /*": "no end", "/*/SELECT 1": "no end",
		"#! x\nSELECT 1 # y": "", "#x\nSELECT 1": "outside of quotes", "SELECT $$ /* ' $$": "", "SELECT $a$ $$ $a$": "",
		"SELECT $a $ 1": "backticks", "SELECT $a$ 1": "no end", "SELECT a$b$ ' $b$": "backticks",
		"SELECT x'4F'": "", `SELECT x'\' FROM t --'`: "digits", `SELECT '\\', 'b'''`: "", "SELECT 'a": "no end", "SELECT `a": "no end",
		"SELECT ‘a’": "ASCII", "SELECT 'ü', `ü` -- ü": "", "SELECT é": "ASCII", "SELECT 1;": "", "SELECT 1; -- x": "",
		"SELECT 1; SELECT 2": "more than one", `SELECT 1 \G`: "outside of quotes",
	} {
		tokens, err := lex(sql)
		if err == nil {
			err = readsOnly(tokens)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", sql, err, want)
		}
	}
}

func TestOnlyTheFormsThatReadAreLetThrough(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(reaching) {
		t.Fatal("reaching is searched by halves, and is not sorted")
	}
	for want, all := range map[bool][]string{
		true: {
			"DESC t;", "DESC TABLE", "DESCRIBE {t:Identifier}", "DESC ((SELECT 1))", "DESCRIBE `a`.\"b\"",
			"EXISTS TEMPORARY TABLE `a`.b", "EXPLAIN PLAN actions = 1, json = 0 SELECT 1", "explain query tree (select 1)",
			"SHOW CREATE TABLE t", "SHOW TABLES LIKE 'url('", "((SELECT 1))", "SELECT file('x')", "SELECT 'url(' AS s3",
			"SELECT url, file, `url`, t.url FROM t AS file WHERE url IN ('a') AND URLHash(url) > 0 AND remote = (SELECT 1)",
			"WITH url AS (SELECT 1) SELECT * FROM url", "SELECT * FROM numbers(3)", "SELECT -- url(\n1", "SELECT * FROM cluster('own', system.one)",
		},
		false: {
			"DESC (f('x'))", "DESC '(' f('x')", "DESC t, f()", "DESC (SELECT 1), f()", "DESC (SELECT 1", "DESC a.b.c", "DESC", "DESC f()",
			"DESCRIBE /* ( */ f('x')", "DESC # (\n f('x')", "EXISTS f('x')", "EXISTS", "EXPLAIN", "EXPLAIN DESCRIBE TABLE f()",
			"EXPLAIN TABLE OVERRIDE f('x')", "EXPLAIN a = 1 DESC f()", "EXPLAIN KILL QUERY WHERE 1", "SHOW", "SHOW COLUMNS FROM url('x')",
			"(KILL QUERY WHERE 1)", "(DESCRIBE TABLE f())", "((", "SELECT * FROM url('x')", "SELECT * FROM `url` /**/ ('x')",
			`SELECT * FROM "\x75rl"('x')`, "WITH x AS (SELECT * FROM S3Cluster('x')) SELECT * FROM x", "SELECT * FROM a, remote('h', b)",
			"SELECT * FROM loop(mysql('h'))", "SELECT * FROM t JOIN file('x') USING a", "SELECT * FROM (DESCRIBE TABLE url('x'))",
		},
	} {
		for _, sql := range all {
			tokens, err := lex(sql)
			if err == nil {
				err = readsOnly(tokens)
			}
			if (err == nil) != want {
				t.Errorf("%q: %v", sql, err)
			}
		}
	}
}

// FuzzLexer looks for statements that are let through and that two servers read differently, one that nests comments and
// one that does not, or whose tokens are not what the text is made of.
func FuzzLexer(f *testing.F) {
	for _, sql := range []string{
		"SELECT 1", "-- x\nSELECT", "/* */(", "--", "/*", " \t\r\n\f\vwith", "a_b", "é", "/* /* */ SELECT */ USE x", "SELECT '/*' /* ' */, `\\\\`",
		"$a$ x $a$", "x'00'", `'\'''`, "# a\n/**/b", "DESCRIBE /*(*/ url('x')", "EXPLAIN a = 1 SELECT 1;", "/*/*/",
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		tokens, err := lex(sql)
		if err != nil {
			return
		}
		_ = readsOnly(tokens)
		rest := sql
		for _, one := range tokens {
			at := strings.Index(rest, one.text)
			if at < 0 {
				t.Fatalf("%q is not in %q", one.text, rest)
			}
			rest = rest[at+len(one.text):]
		}
		nested, flat := withoutComments(sql, true), withoutComments(sql, false)
		if nested != flat {
			t.Fatalf("%q: %q when comments nest, else %q", sql, nested, flat)
		}
		again, err := lex(flat)
		if err != nil || !slices.Equal(tokens, again) {
			t.Fatalf("%q: %v, and without comments %v %v", sql, tokens, again, err)
		}
	})
}

var (
	literal = regexp.MustCompile("^(?s:'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"|`(?:[^`\\\\]|\\\\.)*`)")
	toEOL   = regexp.MustCompile(`^(?:--|# |#!)[^\n]*`)
	docTag  = regexp.MustCompile(`^\$\w*\$`)
)

// withoutComments is another reading of the same grammar: each comment becomes a space.
func withoutComments(sql string, nest bool) string {
	var out strings.Builder
	for sql != "" {
		keep, skip := 1, 0
		switch tag := docTag.FindString(sql); {
		case literal.MatchString(sql):
			keep = len(literal.FindString(sql))
		case toEOL.MatchString(sql):
			keep, skip = 0, len(toEOL.FindString(sql))
		case tag != "":
			keep = 2*len(tag) + strings.Index(sql[len(tag):], tag)
		case strings.HasPrefix(sql, "/*"):
			keep, skip = 0, commentLength(sql, nest)
		}
		out.WriteString(sql[:keep])
		if skip > 0 {
			out.WriteByte(' ')
		}
		sql = sql[keep+skip:]
	}
	return out.String()
}

func commentLength(sql string, nest bool) int {
	at, depth := 2, 1
	for depth > 0 && at < len(sql) {
		switch rest := sql[at:]; {
		case strings.HasPrefix(rest, "*/"):
			depth, at = depth-1, at+2
		case nest && strings.HasPrefix(rest, "/*"):
			depth, at = depth+1, at+2
		default:
			at++
		}
	}
	return at
}
