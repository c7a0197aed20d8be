package atlassian

import (
	"fmt"
	"strings"
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
		if refused(r) {
			return "", fmt.Errorf("U+%04X at byte %d cannot stand in a string of the query", r, i)
		}
		i += size
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`, nil
}

// refused reports whether the grammar lets no string hold the character.
func refused(r rune) bool {
	switch {
	case r <= 0x08, r == 0x0B, r == 0x0C, r >= 0x0E && r <= 0x1F, r >= 0x7F && r <= 0x9F, r == 0xFDD0, r == 0xFFFE, r == 0xFFFF:
		return true
	}
	return false
}

// Term makes a text one phrase of the search inside text fields, before it is quoted: special characters mean themselves.
func Term(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		if r == '"' || r == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}
