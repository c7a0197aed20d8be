package github_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/github"
)

// words reads a search as GitHub does: words, and texts in quotes in which a backslash escapes.
func words(t *testing.T, query string) (all []string) {
	t.Helper()
	for query = strings.TrimSpace(query); query != ""; query = strings.TrimSpace(query) {
		if query[0] != '"' {
			word, rest, _ := strings.Cut(query, " ")
			if strings.ContainsAny(word, `:"\`) || word == "AND" || word == "OR" || word == "NOT" {
				t.Errorf("%q is no word", word)
			}
			all, query = append(all, word), rest
			continue
		}
		var b strings.Builder
		i := 1
		for ; i < len(query) && query[i] != '"'; i++ {
			if query[i] == '\\' {
				i++
			}
			if i < len(query) {
				b.WriteByte(query[i])
			}
		}
		if i >= len(query) {
			t.Fatalf("a text without its end in %q", query)
		}
		all, query = append(all, b.String()), query[i+1:]
	}
	return all
}

// What is looked for means itself, whatever it is: no part of it becomes an operator or a qualifier.
func FuzzASearchMeansItsText(f *testing.F) {
	server := started(f)
	client := clientOf(f, server, unlimited(server))
	for _, text := range []string{"a b", `say "x" repo:acme/secret`, "AND OR NOT", `\`, `"`, `\"`, "org:x", "ä ö", "-a", "(a)", "a\u2028b"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, exactly bool) {
		server.ForgetRequests()
		_, err := base.Collect(client.SearchCode(t.Context(), github.CodeOptions{Text: text, Exactly: exactly, Limit: 1}))
		asked := server.Requests()
		if len(asked) == 0 {
			if base.KindOf(err) != base.KindInvalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		_, raw, _ := strings.Cut(asked[0].Target, "?")
		values, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(text)
		if exactly {
			want = []string{text}
		}
		if got := words(t, values.Get("q")); !slices.Equal(got, want) {
			t.Errorf("%q became %q", want, got)
		}
	})
}
