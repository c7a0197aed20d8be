// Package querytext writes texts from outside into the query languages of Atlassian, JQL and CQL, so that they mean themselves.
package querytext

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote writes a text as a string of JQL or CQL, always in quotes, the backslash escaped before the quote. What no string
// may hold is refused, with its position in bytes. The rules are those of Atlassian's grammar as @atlaskit/jql-parser 3.0.1
// ships it; no grammar of CQL is public.
func Quote(text string) (string, error) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return "", fmt.Errorf("byte %d is not UTF-8", i)
		}
		if Refused(r) {
			return "", fmt.Errorf("U+%04X at byte %d cannot stand in a string of the query", r, i)
		}
		i += size
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`, nil
}

// Refused reports whether the grammar lets no string hold the character.
func Refused(r rune) bool {
	switch {
	case r <= 0x08, r == 0x0B, r == 0x0C, r >= 0x0E && r <= 0x1F, r >= 0x7F && r <= 0x9F, r == 0xFDD0, r == 0xFFFE, r == 0xFFFF:
		return true
	}
	return false
}

// Term makes a text one phrase of the search inside text fields, before it is quoted: other characters than quotes and
// backslashes mean nothing within a phrase. https://support.atlassian.com/jira-software-cloud/docs/search-syntax-for-text-fields/
func Term(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// special are the characters that mean something to the search inside text fields.
const special = `+-&|!(){}[]^"~*?\/:`

// operators are the words that mean something to it.
var operators = []string{"AND", "OR", "NOT"}

// Word makes a word mean itself in the search inside text fields, before it is quoted.
func Word(word string) string {
	if slices.Contains(operators, word) {
		return strings.ToLower(word)
	}
	var b strings.Builder
	for _, r := range word {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Searchable reports whether a text holds a letter or a digit: of others the search finds nothing, or refuses them.
func Searchable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
