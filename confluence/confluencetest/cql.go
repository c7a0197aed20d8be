package confluencetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// condition reports whether a page is one of those that are looked for.
type condition func(*page) bool

// parser reads CQL, as far as the package's comment says.
type parser struct {
	words []string // a string begins with its quote
	depth int
	find  func(id string) *page
	terms []string // words that are looked for in texts
}

const (
	maxCQL   = 10_000 // bytes
	maxDepth = 50     // parentheses and NOTs within each other
)

// matching are the pages that CQL finds, in its order, and the words that it looks for in them.
func (s *Server) matching(cql string) (pages []*page, words []string, err error) {
	if len(cql) > maxCQL {
		return nil, nil, fmt.Errorf("%d bytes, at most %d", len(cql), maxCQL)
	}
	read, err := tokens(cql)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{words: read, find: s.find}
	if len(read) == 0 {
		return nil, nil, fmt.Errorf("%q", cql)
	}
	holds, err := p.or()
	if err != nil {
		return nil, nil, err
	}
	order, err := p.order()
	if err != nil {
		return nil, nil, err
	}
	for _, one := range s.pages {
		if one.Status == "current" && holds(one) {
			pages = append(pages, one)
		}
	}
	slices.SortStableFunc(pages, order)
	return pages, p.terms, nil
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
	negative := false
	switch op {
	case "not":
		if !p.is("in") {
			return nil, fmt.Errorf("expected IN and got %q", p.peek())
		}
		negative, op = true, "in"
	case "!=", "!~":
		negative, op = true, op[1:]
	}
	values, err := p.values(op)
	if err != nil {
		return nil, err
	}
	holds, err := p.compare(field, op, values)
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
