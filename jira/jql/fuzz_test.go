package jql_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/jira/jql"
)

// hostile are values that have broken builders of queries.
var hostile = []string{
	"", " ", `"`, `\`, `\"`, `x\" OR project = SECRET OR summary ~ \`, `' OR 1=1`, "a\nb", "a\tb\r", "\u2028", "\ufeff", "\U0001F680", "a\x00b", "\x7f", "\u0085",
	"\ufdd0", "\ufffe", "\uffff", "\xff", "AND", "currentUser()", "EMPTY", `\u0022`, "ORDER BY created", "--", "/* x */", "a) OR (b", "%22", "''", `\\\"`,
}

// What is built parses back to the value that went in, and a value adds no clause.
func FuzzBuild(f *testing.F) {
	for i, one := range hostile {
		f.Add(one, hostile[len(hostile)-1-i])
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		text, err := jql.Where(jql.And(jql.Equal(jql.Project, one), jql.Or(jql.In(jql.Status, two, one), jql.NotEqual(jql.Custom(7), two)))).OrderBy(jql.Key, jql.Ascending).Build()
		if bad := unfit(one) || unfit(two); (err != nil) != bad {
			t.Fatalf("%q, %q: %v", one, two, err)
		}
		if err != nil {
			return
		}
		want := jql.Expr{Op: "AND", Parts: []jql.Expr{
			{Op: "=", Field: "project", Values: []string{one}},
			{Op: "OR", Parts: []jql.Expr{{Op: "IN", Field: "status", Values: []string{two, one}}, {Op: "!=", Field: "cf[7]", Values: []string{two}}}},
		}}
		got, order, err := jql.Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || len(order) != 1 {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	})
}

// A phrase is one phrase of the text search, whatever it holds.
func FuzzPhrase(f *testing.F) {
	for _, one := range hostile {
		f.Add(one)
	}
	f.Fuzz(func(t *testing.T, words string) {
		for _, build := range []func(jql.Field, string) jql.Clause{jql.Phrase, jql.Contains} {
			text, err := jql.Where(build(jql.Text, words)).Build()
			if err != nil {
				continue
			}
			got, _, err := jql.Parse(text)
			if err != nil || got.Op != "~" || got.Field != "text" || len(got.Values) != 1 {
				t.Fatalf("%s: %+v, %v", text, got, err)
			}
			if back := meant(got.Values[0]); !slices.Equal(strings.Fields(strings.ToLower(back)), strings.Fields(strings.ToLower(words))) {
				t.Errorf("%q is searched for as %q by %s", words, back, text)
			}
		}
	})
}

// meant is what a text search means by a term: no character of it may have a meaning of its own.
func meant(term string) string {
	var b strings.Builder
	phrase := strings.HasPrefix(term, `"`)
	if phrase {
		term = strings.TrimSuffix(term[1:], `"`)
	}
	for i := 0; i < len(term); i++ {
		switch c := term[i]; {
		case c == '\\' && i+1 < len(term):
			i++
			b.WriteByte(term[i])
		case c == '"', c == '\\', !phrase && strings.IndexByte(`+-&|!(){}[]^~*?/:`, c) >= 0:
			b.WriteString("(" + string(c) + " has a meaning)")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unfit reports whether no string of JQL can hold a text.
func unfit(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r >= 0x7F && r <= 0x9F || r == 0xFDD0 || r == 0xFFFE || r == 0xFFFF
	})
}
