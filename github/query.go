package github

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// maxQuery and maxOperators are GitHub's bounds of a search, without its qualifiers:
// https://docs.github.com/rest/search/search#limitations-on-query-length
const (
	maxQuery     = 256
	maxOperators = 5
)

// phraseOf quotes a text for a search of code, in which a quote and a backslash are escaped.
func phraseOf(text string) (string, error) {
	for i, r := range text {
		if r < ' ' || r == 0x7F || r == unicode.ReplacementChar {
			return "", fmt.Errorf("U+%04X at byte %d cannot be looked for", r, i)
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`, nil
}

// plainWord needs no quotes, and is no operator and no qualifier.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// wordsOf writes words that mean themselves.
func wordsOf(text string) (string, error) {
	var all []string
	for word := range strings.FieldsSeq(text) {
		if plainWord.MatchString(word) && word != "AND" && word != "OR" && word != "NOT" {
			all = append(all, word)
			continue
		}
		quoted, err := phraseOf(word)
		if err != nil {
			return "", err
		}
		all = append(all, quoted)
	}
	return strings.Join(all, " "), nil
}

// qualifierValue is what stands behind the colon of a qualifier without quotes.
var qualifierValue = regexp.MustCompile(`^[A-Za-z0-9_.+#*/-]+$`)

// qualifier narrows a search; an empty value does not.
func qualifier(name, value string) (string, error) {
	switch {
	case value == "":
		return "", nil
	case qualifierValue.MatchString(value):
		return " " + name + ":" + value, nil
	}
	quoted, err := phraseOf(value)
	return " " + name + ":" + quoted, err
}
