package confluencetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// compare is the condition of one field.
func (p *parser) compare(field, op string, values []string) (condition, error) {
	equal := op == "=" || op == "in"
	anyOf := func(have ...string) bool {
		return slices.ContainsFunc(values, func(v string) bool {
			return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, v) })
		})
	}
	if op == "~" {
		p.terms = append(p.terms, wordsOf(values[0])...)
	}
	switch {
	case field == "type" && equal:
		return func(*page) bool { return anyOf("page") }, nil
	case field == "space" && equal:
		return func(one *page) bool { return anyOf(one.Space) }, nil
	case field == "label" && equal:
		return func(one *page) bool { return anyOf(one.Labels...) }, nil
	case (field == "id" || field == "content") && equal:
		return func(one *page) bool { return anyOf(one.ID) }, nil
	case field == "parent" && equal:
		return func(one *page) bool { return anyOf(one.ParentID) }, nil
	case field == "ancestor" && equal:
		return func(one *page) bool { return anyOf(p.ancestors(one)...) }, nil
	case field == "title" && equal:
		return func(one *page) bool { return anyOf(one.Title) }, nil
	case field == "title" && op == "~":
		return func(one *page) bool { return found(one.Title, values[0]) }, nil
	case (field == "text" || field == "sitesearch") && op == "~":
		return func(one *page) bool { return found(one.text(), values[0]) }, nil
	case (field == "created" || field == "lastmodified") && slices.Contains([]string{"=", "<", "<=", ">", ">="}, op):
		return moment(field, op, values[0])
	}
	return nil, fmt.Errorf("the field %q is not known, or not with %q", field, op)
}

// ancestors are the pages above one, the nearest first. A circle ends where it closes.
func (p *parser) ancestors(one *page) []string {
	var all []string
	for id := one.ParentID; id != "" && !slices.Contains(all, id); {
		all = append(all, id)
		above := p.find(id)
		if above == nil {
			break
		}
		id = above.ParentID
	}
	return all
}

// found reports whether a text holds all words, or the phrase.
func found(text, wanted string) bool {
	have := wordsOf(text)
	if phrase, ok := strings.CutPrefix(wanted, `"`); ok {
		return strings.Contains(" "+strings.Join(have, " ")+" ", " "+strings.Join(wordsOf(strings.TrimSuffix(phrase, `"`)), " ")+" ")
	}
	for _, word := range wordsOf(strings.ReplaceAll(wanted, `\`, "")) {
		if !slices.Contains(have, word) {
			return false
		}
	}
	return true
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !isWord(r) })
}

func moment(field, op, value string) (condition, error) {
	var at time.Time
	var err error
	for _, layout := range []string{"2006-01-02 15:04", time.DateOnly, "2006/01/02 15:04", "2006/01/02"} {
		if at, err = time.Parse(layout, value); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no date", value)
	}
	return func(p *page) bool {
		have := p.Created
		if field == "lastmodified" {
			have = p.last().At
		}
		switch n := have.Compare(at); op {
		case ">":
			return n > 0
		case ">=":
			return n >= 0
		case "<":
			return n < 0
		case "<=":
			return n <= 0
		}
		return have.Equal(at)
	}, nil
}

// order reads what follows the condition: the fields to order by, the first of them first.
func (p *parser) order() (func(a, b *page) int, error) {
	if len(p.words) == 0 {
		return func(*page, *page) int { return 0 }, nil
	}
	if !p.is("order") || !p.is("by") {
		return nil, fmt.Errorf("expected AND, OR or ORDER BY and got %q", p.peek())
	}
	var all []func(a, b *page) int
	for more := true; more; more = p.is(",") {
		one, err := p.ordering()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(p.words) > 0 {
		return nil, fmt.Errorf("%q behind the order", p.peek())
	}
	return func(a, b *page) int {
		for _, one := range all {
			if n := one(a, b); n != 0 {
				return n
			}
		}
		return 0
	}, nil
}

func (p *parser) ordering() (func(a, b *page) int, error) {
	field := strings.ToLower(p.next())
	sign := 1
	if p.is("desc") {
		sign = -1
	} else {
		_ = p.is("asc")
	}
	switch field {
	case "title":
		return func(a, b *page) int { return sign * strings.Compare(a.Title, b.Title) }, nil
	case "created":
		return func(a, b *page) int { return sign * a.Created.Compare(b.Created) }, nil
	case "lastmodified":
		return func(a, b *page) int { return sign * a.last().At.Compare(b.last().At) }, nil
	}
	return nil, fmt.Errorf("the field %q cannot be ordered by", field)
}
