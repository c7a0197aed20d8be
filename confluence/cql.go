package confluence

import (
	"fmt"
	"strings"

	"github.com/fourkites/sources/internal/querytext"
)

// The questions of this package in CQL. Every value is quoted, so that it means itself:
// https://developer.atlassian.com/cloud/confluence/advanced-searching-using-cql/

// maxText bounds what is looked for.
const maxText = 1000

// contains is a field that holds all the words of a text, or with exactly its words in their order.
func contains(field, text string, exactly bool) (string, error) {
	switch {
	case !querytext.Searchable(text):
		return "", fmt.Errorf("%.40q has no letter and no digit to look for", text)
	case len(text) > maxText:
		return "", fmt.Errorf("%d bytes, at most %d", len(text), maxText)
	}
	if exactly {
		text = querytext.Term(text)
	} else {
		words := strings.Fields(text)
		for i := range words {
			words[i] = querytext.Word(words[i])
		}
		text = strings.Join(words, " ")
	}
	quoted, err := querytext.Quote(text)
	return field + " ~ " + quoted, err
}

// among is a field with one of some values.
func among(field string, values []string) (string, error) {
	all := make([]string, len(values))
	for i, v := range values {
		quoted, err := querytext.Quote(v)
		if err != nil {
			return "", err
		}
		all[i] = quoted
	}
	if len(all) == 1 {
		return field + " = " + all[0], nil
	}
	return field + " in (" + strings.Join(all, ", ") + ")", nil
}

// within adds the spaces to a condition.
func within(condition string, spaces []string) (string, error) {
	if len(spaces) == 0 {
		return condition, nil
	}
	in, err := among("space", spaces)
	return "(" + condition + ") AND " + in, err
}
