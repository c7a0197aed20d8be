package clickhouse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shortNeedle is the length below which the index over n-grams of four cannot help.
const shortNeedle = 4

// maxWords is how many words of a phrase are looked up in the index of words.
const maxWords = 4

// contains compiles "the body has this text, in any case" to the form that the skip indexes answer: lower(body) LIKE,
// with the phrase's inner words as hasToken beside it. A needle of fewer than four letters that is a word matches as a
// whole word only. ILIKE, and LIKE without lower(), would read every row.
func (s *statement) contains(body, needle string, words bool) string {
	low := lowerASCII(needle)
	lowered := "lower(" + body + ")"
	if len(low) < shortNeedle && isToken(low) {
		return fmt.Sprintf("hasToken(%s, %s)", lowered, s.text(low))
	}
	if foldable(needle) {
		return s.folded(body, needle)
	}
	all := []string{fmt.Sprintf("%s LIKE %s", lowered, s.text("%"+escapeLike(low)+"%"))}
	if words {
		for _, w := range innerWords(low) {
			all = append(all, fmt.Sprintf("hasToken(%s, %s)", lowered, s.text(w)))
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return "(" + strings.Join(all, " AND ") + ")"
}

// folded is for letters outside ASCII that have two cases, which lower() leaves as they are: the longest ASCII part
// goes to the index, a regular expression that ignores case decides.
func (s *statement) folded(body, needle string) string {
	match := fmt.Sprintf("match(%s, %s)", body, s.text("(?i)"+regexp.QuoteMeta(needle)))
	longest := ""
	// The long s and the Kelvin sign fold to ASCII letters, so that s and k may be written otherwise.
	other := func(r rune) bool { return r >= utf8.RuneSelf || strings.ContainsRune("sSkK", r) }
	for _, part := range strings.FieldsFunc(needle, other) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	if len(longest) < shortNeedle {
		return match
	}
	return fmt.Sprintf("(lower(%s) LIKE %s AND %s)", body, s.text("%"+escapeLike(lowerASCII(longest))+"%"), match)
}

// foldable reports whether the text has letters outside ASCII whose case lower() does not change.
func foldable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf && unicode.SimpleFold(r) != r })
}

// lowerASCII is what ClickHouse's lower() does: it leaves all but A to Z.
func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// tokenByte says what ClickHouse's words are made of: ASCII letters and digits, and every byte outside ASCII.
func tokenByte(b byte) bool {
	return b >= utf8.RuneSelf || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// isToken reports whether hasToken takes the text: it refuses an empty one and one with separators.
func isToken(text string) bool {
	for i := range len(text) {
		if !tokenByte(text[i]) {
			return false
		}
	}
	return text != ""
}

// innerWords are the longest of those words of a phrase that have a separator on both sides within the phrase, so that
// they are whole words wherever the phrase is found.
func innerWords(phrase string) []string {
	var words []string
	start := -1 // of a word that begins after a separator
	for i := range len(phrase) {
		if tokenByte(phrase[i]) {
			continue
		}
		if start >= 0 && start < i {
			words = append(words, phrase[start:i])
		}
		start = i + 1
	}
	return longest(words, maxWords)
}

// longest keeps the n longest of the words, each once, in their order.
func longest(words []string, n int) []string {
	seen := map[string]bool{}
	var all []string
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			all = append(all, w)
		}
	}
	for len(all) > n {
		least := 0
		for i, w := range all {
			if len(w) < len(all[least]) {
				least = i
			}
		}
		all = append(all[:least], all[least+1:]...)
	}
	return all
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// escapeLike makes the text match itself in a LIKE pattern.
func escapeLike(text string) string { return likeEscaper.Replace(text) }

// escapeJSON is the text as it stands within the quotes of the labels that the collector writes: its encoder writes &,
// < and > as \u0026, \u003c and \u003e.
func escapeJSON(text string) string {
	encoded, _ := json.Marshal(text) // a string always has a JSON form
	return string(encoded[1 : len(encoded)-1])
}

// maxRegexp bounds the text of a regular expression.
const maxRegexp = 2000

// lowerRegexp makes a regular expression that is to match a lower-cased body in any case: its letters in lower case,
// but not those of its classes and escapes.
func lowerRegexp(text string) (string, error) {
	if len(text) > maxRegexp {
		return "", fmt.Errorf("regexp: %d bytes, more than %d", len(text), maxRegexp)
	}
	if _, err := regexp.Compile(text); err != nil {
		return "", fmt.Errorf("regexp: %w", err)
	}
	low := lowerPattern(text)
	if _, err := regexp.Compile(low); err != nil {
		return "(?i)" + text, nil //nolint:nilerr // a range such as [Z-a] has no lower-case form
	}
	return low, nil
}

func lowerPattern(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		n := verbatim(text[i:])
		if n == 0 {
			b.WriteString(lowerASCII(text[i : i+1]))
			n = 1
		} else {
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// verbatim is the length of the part at the front that must keep its case: an escape, or the name or flags of a group.
func verbatim(text string) int {
	switch {
	case strings.HasPrefix(text, `\p{`), strings.HasPrefix(text, `\P{`):
		return strings.IndexByte(text, '}') + 1
	case strings.HasPrefix(text, `\p`), strings.HasPrefix(text, `\P`):
		return min(3, len(text))
	case strings.HasPrefix(text, `\`):
		_, size := utf8.DecodeRuneInString(text[1:])
		return 1 + size
	case strings.HasPrefix(text, "(?P<"), strings.HasPrefix(text, "(?<"):
		return strings.IndexByte(text, '>') + 1
	case strings.HasPrefix(text, "(?"):
		return strings.IndexAny(text, ":)") + 1
	case text[0] >= utf8.RuneSelf:
		_, size := utf8.DecodeRuneInString(text)
		return size
	}
	return 0
}
