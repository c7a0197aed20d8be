package querytext_test

import (
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/querytext"
)

func TestAStringOfAQueryIsAlwaysQuoted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 `""`,
		"INT":                              `"INT"`,
		`x\" OR project = SECRET`:          `"x\\\" OR project = SECRET"`,
		`ends with a backslash\`:           `"ends with a backslash\\"`,
		"two\nlines\tand emoji \U0001F680": "\"two\nlines\tand emoji \U0001F680\"",
	} {
		if got, err := querytext.Quote(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"a\x00", "ab\x7f", "a\ufdd0", "a\uffff", "a\xff"} {
		if _, err := querytext.Quote(text); err == nil || !strings.Contains(err.Error(), "byte") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got, _ := querytext.Quote(querytext.Term(`a "b" \c`)); got != `"\"a \\\"b\\\" \\\\c\""` {
		t.Errorf("a term: %s", got)
	}
}
