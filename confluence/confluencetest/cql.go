package confluencetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// condition reports whether a page is one of those that are looked for.
type condition func(*page) bool

// parser reads CQL, as far as the package's comment says.
type parser struct {
	words []string // a string begins with its quote
	depth int
}

// matching are the pages that CQL finds, in its order.
func (s *Server) matching(cql string) ([]*page, error) {
	words, err := tokens(cql)
	if err != nil {
		return nil, err
	}
	p := &parser{words: words}
	if len(words) == 0 {
		return nil, fmt.Errorf("%q", cql)
	}
	holds, err := p.or()
	if err != nil {
		return nil, err
	}
	order, err := p.order()
	if err != nil {
		return nil, err
	}
	var found []*page
	for _, one := range s.pages {
		if one.Status == "current" && holds(one) {
			found = append(found, one)
		}
	}
	slices.SortStableFunc(found, order)
	return found, nil
}

// tokens cuts a query into words, signs and strings.
func tokens(cql string) ([]string, error) {
	var all []string
	for i := 0; i < len(cql); {
		switch c := cql[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '"' || c == '\'':
			text, n, ok := quoted(cql[i:])
			if !ok {
				return nil, fmt.Errorf("a string without its end at %d", i)
			}
			all, i = append(all, `"`+text), i+n
		case strings.IndexByte("()~,", c) >= 0:
			all, i = append(all, string(c)), i+1
		case strings.IndexByte("=!<>", c) >= 0:
			n := 1
			for i+n < len(cql) && strings.IndexByte("=~", cql[i+n]) >= 0 {
				n++
			}
			all, i = append(all, cql[i:i+n]), i+n
		default:
			n := strings.IndexAny(cql[i:], " \t\n\"'()~,=!<>")
			if n < 0 {
				n = len(cql) - i
			}
			all, i = append(all, cql[i:i+n]), i+n
		}
	}
	return all, nil
}

func quoted(text string) (value string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == text[0]:
			return b.String(), i + 1, true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", 0, false
}

func (p *parser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *parser) is(word string) bool {
	if strings.EqualFold(p.peek(), word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *parser) next() string {
	word := p.peek()
	p.words = p.words[min(1, len(p.words)):]
	return word
}

func (p *parser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.is("OR") {
		before := left
		var right condition
		right, err = p.and()
		left = func(one *page) bool { return before(one) || right(one) }
	}
	return left, err
}

func (p *parser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.is("AND") {
		before := left
		var right condition
		right, err = p.not()
		left = func(one *page) bool { return before(one) && right(one) }
	}
	return left, err
}

const maxDepth = 50

func (p *parser) not() (condition, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("more than %d parentheses", maxDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.is("NOT"):
		inner, err := p.not()
		return func(one *page) bool { return !inner(one) }, err
	case p.is("("):
		inner, err := p.or()
		if err == nil && !p.is(")") {
			err = fmt.Errorf("expected ) and got %q", p.peek())
		}
		return inner, err
	}
	return p.comparison()
}

func (p *parser) comparison() (condition, error) {
	field, op := strings.ToLower(p.next()), strings.ToLower(p.next())
	negative := op == "not"
	if negative {
		op = strings.ToLower(p.next())
	}
	values, err := p.values(op)
	if err != nil {
		return nil, err
	}
	if op == "!=" || op == "!~" {
		negative, op = true, op[1:]
	}
	holds, err := compare(field, op, values)
	if err != nil || !negative {
		return holds, err
	}
	return func(one *page) bool { return !holds(one) }, nil
}

func (p *parser) values(op string) ([]string, error) {
	if op != "in" {
		value, err := p.value()
		return []string{value}, err
	}
	var all []string
	if !p.is("(") {
		return nil, fmt.Errorf("expected ( and got %q", p.peek())
	}
	for {
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		all = append(all, value)
		if p.is(")") {
			return all, nil
		}
		if !p.is(",") {
			return nil, fmt.Errorf("expected , and got %q", p.peek())
		}
	}
}

// reserved words stand in no value without quotes.
var reserved = []string{"and", "or", "not", "in", "order", "by", "asc", "desc", "(", ")", ",", "=", "~", "!=", "<", ">", "<=", ">=", ""}

func (p *parser) value() (string, error) {
	word := p.next()
	if text, ok := strings.CutPrefix(word, `"`); ok {
		return text, nil
	}
	if slices.Contains(reserved, strings.ToLower(word)) {
		return "", fmt.Errorf("expected a value and got %q", word)
	}
	if strings.EqualFold(word, "now") && p.is("(") && p.is(")") {
		return time.Now().UTC().Format("2006-01-02 15:04"), nil
	}
	return word, nil
}

// compare is the condition of one field.
func compare(field, op string, values []string) (condition, error) {
	equal := op == "=" || op == "in"
	anyOf := func(have ...string) bool {
		return slices.ContainsFunc(values, func(v string) bool {
			return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, v) })
		})
	}
	switch {
	case field == "type" && equal:
		return func(*page) bool { return anyOf("page") }, nil
	case field == "space" && equal:
		return func(p *page) bool { return anyOf(p.Space) }, nil
	case field == "label" && equal:
		return func(p *page) bool { return anyOf(p.Labels...) }, nil
	case (field == "id" || field == "content") && equal:
		return func(p *page) bool { return anyOf(p.ID) }, nil
	case (field == "ancestor" || field == "parent") && equal:
		return func(p *page) bool { return anyOf(p.ParentID) }, nil
	case field == "title" && equal:
		return func(p *page) bool { return anyOf(p.Title) }, nil
	case field == "title" && op == "~":
		return func(p *page) bool { return found(p.Title, values[0]) }, nil
	case (field == "text" || field == "sitesearch") && op == "~":
		return func(p *page) bool { return found(p.text(), values[0]) }, nil
	case field == "created" || field == "lastmodified":
		return moment(field, op, values[0])
	}
	return nil, fmt.Errorf("the field %q is not known, or not with %q", field, op)
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
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
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

// order reads what follows the condition.
func (p *parser) order() (func(a, b *page) int, error) {
	if len(p.words) == 0 {
		return func(*page, *page) int { return 0 }, nil
	}
	if !p.is("order") || !p.is("by") {
		return nil, fmt.Errorf("expected AND, OR or ORDER BY and got %q", p.peek())
	}
	field := strings.ToLower(p.next())
	sign := 1
	if p.is("desc") {
		sign = -1
	} else {
		_ = p.is("asc")
	}
	if len(p.words) > 0 {
		return nil, fmt.Errorf("%q behind the order", p.peek())
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
