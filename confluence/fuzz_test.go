package confluence_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/confluence"
)

// asked is a search as it must be sent, whatever is looked for: one string in the title, the same in the text.
var asked = regexp.MustCompile(`^type = page AND \(title ~ ("(?:[^"\\]|\\.)*") OR text ~ ("(?:[^"\\]|\\.)*")\)$`)

// unescaped is a string without one level of backslashes.
func unescaped(text string) string {
	var b strings.Builder
	escaped := false
	for _, r := range text {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		b.WriteRune(r)
	}
	return b.String()
}

// What is looked for means itself, whatever it is: no part of it becomes a condition or an operator.
func FuzzASearchMeansItsWords(f *testing.F) {
	server := started(f)
	client := clientOf(f, server)
	for _, text := range []string{"a b", `x" OR space = SECRET OR title ~ "y`, `\`, `a\"`, "AND", "a*", "(b)", "ä ö", "-a", "a\u2028b", "a\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		server.ForgetRequests()
		_, err := base.Collect(client.Search(t.Context(), confluence.SearchOptions{Text: text, Limit: 1}))
		requests := server.Requests()
		if len(requests) == 0 {
			if base.KindOf(err) != base.KindInvalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		_, raw, _ := strings.Cut(requests[0].Target, "?")
		values, parseErr := url.ParseQuery(raw)
		if parseErr != nil || err != nil {
			t.Fatalf("%v, %v", err, parseErr)
		}
		m := asked.FindStringSubmatch(values.Get("cql"))
		if m == nil || m[1] != m[2] {
			t.Fatalf("%q became %q", text, values.Get("cql"))
		}
		got := unescaped(unescaped(m[1][1 : len(m[1])-1])) // one level of the string, one of the search in texts
		want := strings.Join(strings.Fields(text), " ")
		for _, word := range []string{"AND", "OR", "NOT"} {
			want = regexp.MustCompile(`(^| )`+word+`($| )`).ReplaceAllStringFunc(want, strings.ToLower)
		}
		if got != want && !strings.EqualFold(got, want) {
			t.Errorf("%q became %q", want, got)
		}
	})
}
