package jql_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/jira/jql"
)

var noon = time.Date(2025, 1, 2, 12, 30, 59, 0, time.UTC)

func TestSearchesAreWrittenAsJiraReadsThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		clause jql.Clause
		want   string
	}{
		{jql.Equal(jql.Project, "INT"), `project = "INT"`},
		{jql.In(jql.Status, "Done", `a"b`), `status IN ("Done", "a\"b")`},
		{jql.NotIn(jql.Key, "OPS-1"), `key NOT IN ("OPS-1")`},
		{jql.Contains(jql.Text, "load stuck"), `text ~ "load stuck"`},
		{jql.Contains(jql.Summary, `C++ (x) AND y:z`), `summary ~ "C\\+\\+ \\(x\\) and y\\:z"`},
		{jql.Phrase(jql.Comment, `hello "dolly"`), `comment ~ "\"hello \\\"dolly\\\"\""`},
		{jql.Since(jql.Created, noon), `created >= "2025-01-02 12:30"`},
		{jql.Within(jql.Updated, 90*time.Minute), `updated >= "-90m"`},
		{jql.Empty(jql.Assignee), `assignee IS EMPTY`},
		{jql.Not(jql.NotEmpty(jql.Parent)), `NOT (parent IS NOT EMPTY)`},
		{jql.And(jql.Equal(jql.Project, "A"), jql.Or(jql.Equal(jql.Key, "A-1"), jql.Equal(jql.Key, "A-2"))), `project = "A" AND (key = "A-1" OR key = "A-2")`},
		{jql.And(jql.Clause{}, jql.Or(), jql.Equal(jql.Custom(10010), "x")), `cf[10010] = "x"`},
		{jql.Equal(jql.FixVersion, "4.3 - EAP"), `fixVersion = "4.3 - EAP"`},
	} {
		got, err := jql.Where(test.clause).Build()
		if err != nil || got != test.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
		}
		if _, _, err := jql.Parse(got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	got, err := jql.Where(jql.Equal(jql.Project, "A")).OrderBy(jql.Created, jql.Descending).OrderBy(jql.Key, jql.Ascending).Build()
	if want := `project = "A" ORDER BY created DESC, key ASC`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestWhatCannotBeSearchedForIsSaid(t *testing.T) {
	t.Parallel()
	ordered := jql.Where(jql.Equal(jql.Project, "A"))
	for range 8 {
		ordered = ordered.OrderBy(jql.Created, jql.Ascending)
	}
	for says, q := range map[string]jql.Query{
		"project: U+0000 at byte 1":        jql.Where(jql.Equal(jql.Project, "a\x00")),
		"status: value 2: byte 0":          jql.Where(jql.In(jql.Status, "a", "\xff")),
		"text: U+007F at byte 3":           jql.Where(jql.Contains(jql.Text, "ab \x7f")),
		"text: it is not compared by =":    jql.Where(jql.Equal(jql.Text, "a")),
		"project: it is not a field of te": jql.Where(jql.Contains(jql.Project, "a")),
		"text: no word to search for":      jql.Where(jql.Contains(jql.Text, " -- ")),
		"key: IN needs":                    jql.Where(jql.In(jql.Key)),
		"created: no instant":              jql.Where(jql.Since(jql.Created, time.Time{})),
		"summary: it is not a field of ti": jql.Where(jql.Before(jql.Summary, noon)),
		"updated: no time between":         jql.Where(jql.Within(jql.Updated, time.Second)),
		"field: it is not compared":        jql.Where(jql.Equal(jql.Field{}, "a")),
		"field: no field":                  jql.Where(jql.Empty(jql.Field{})),
		"no clause":                        {},
		"more than seven":                  ordered,
	} {
		if got, err := q.Build(); got != "" || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %q, %v", says, got, err)
		}
	}
	_, err := jql.Where(jql.And(jql.Equal(jql.Project, "\x01"), jql.Or(jql.Contains(jql.Text, "\x02")))).Build()
	if err == nil || !strings.Contains(err.Error(), "project: ") || !strings.Contains(err.Error(), "text: ") {
		t.Errorf("not every problem is said: %v", err)
	}
}

func TestTheGrammarIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]jql.Expr{
		`project = A`: {Op: "=", Field: "project", Values: []string{"A"}},
		`a = 1 and b != 'x y' or not c in (1, "2")`: {Op: "OR", Parts: []jql.Expr{
			{Op: "AND", Parts: []jql.Expr{{Op: "=", Field: "a", Values: []string{"1"}}, {Op: "!=", Field: "b", Values: []string{"x y"}}}},
			{Op: "NOT", Parts: []jql.Expr{{Op: "IN", Field: "c", Values: []string{"1", "2"}}}},
		}},
		`assignee = currentUser()`:      {Op: "=", Field: "assignee", Values: []string{"currentUser"}, Function: true},
		`sprint in openSprints()`:       {Op: "IN", Field: "sprint", Values: []string{"openSprints"}, Function: true},
		`created >= startOfDay("-1d")`:  {Op: ">=", Field: "created", Values: []string{"startOfDay", "-1d"}, Function: true},
		`"Story Points" is not empty`:   {Op: "IS NOT EMPTY", Field: "Story Points"},
		`cf[10010] ~ "a\\b\"c\u0041\n"`: {Op: "~", Field: "cf[10010]", Values: []string{"a\\b\"cA\n"}},
		`! (a = null) && b = x || c not in (d)`: {Op: "OR", Parts: []jql.Expr{
			{Op: "AND", Parts: []jql.Expr{{Op: "NOT", Parts: []jql.Expr{{Op: "IS EMPTY", Field: "a"}}}, {Op: "=", Field: "b", Values: []string{"x"}}}},
			{Op: "NOT IN", Field: "c", Values: []string{"d"}},
		}},
		``: {},
	} {
		got, _, err := jql.Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{
		`a`, `a =`, `= a`, `a = b c`, `a = "b`, `a = "\*"`, `a = 'it''s'`, `(a = b`, `a in b`, `a in ()`, `a = and`, `a = b order created`, `a = #`,
		`a = "\u00"`, `a was b`, `a = b)`, strings.Repeat("(", 5000) + "a = b", `a ~ empty`, "a = \"\x00\"", `a = b /* c */`,
	} {
		if got, _, err := jql.Parse(text); err == nil {
			t.Errorf("%.60s is read as %+v", text, got)
		}
	}
	_, order, err := jql.Parse(`order by created desc, "Story Points"`)
	if want := []jql.Order{{Field: "created", Direction: jql.Descending}, {Field: "Story Points"}}; err != nil || !slices.Equal(order, want) {
		t.Errorf("%v, %v", order, err)
	}
}
