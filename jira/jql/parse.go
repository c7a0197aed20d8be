package jql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Expr is a parsed search: one of All, Any, Not or a comparison, by Op.
type Expr struct {
	Op     string   // "AND", "OR", "NOT", or an operator such as "=", "IN", "~", "IS EMPTY"; empty = no condition
	Parts  []Expr   // of AND, OR and NOT
	Field  string   // of a comparison, as written, cf[10010] without spaces
	Values []string // of a comparison
	// Function says that the value is a call such as currentUser(): then Values are its name and its arguments.
	Function bool
}

// Order is one field of ORDER BY.
type Order struct {
	Field     string
	Direction Direction
}

// maxDepth bounds parentheses within parentheses.
const maxDepth = 100

// Parse reads a search, whoever wrote it, by the grammar of JQL as far as its reading side goes: history (WAS, CHANGED) is
// refused. It is no proof that a site takes the search, for it knows neither its fields nor its functions.
func Parse(text string) (Expr, []Order, error) {
	tokens, err := lex(text)
	if err != nil {
		return Expr{}, nil, fmt.Errorf("jql: %w", err)
	}
	p := &parser{tokens: tokens}
	var e Expr
	if !p.done() && !p.is("ORDER") {
		e = p.or(0)
	}
	order := p.orderBy()
	if p.err == nil && !p.done() {
		p.fail("%q does not belong here", p.tokens[p.at].text)
	}
	if p.err != nil {
		return Expr{}, nil, fmt.Errorf("jql: %w", p.err)
	}
	return e, order, nil
}

type parser struct {
	tokens []token
	at     int
	err    error
}

func (p *parser) done() bool { return p.err != nil || p.at >= len(p.tokens) }

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		where := "at the end"
		if p.at < len(p.tokens) {
			where = fmt.Sprintf("byte %d", p.tokens[p.at].at)
		}
		p.err = errors.New(where + ": " + fmt.Sprintf(format, args...))
	}
}

// is reports whether the next token is that word or sign, and not a string.
func (p *parser) is(words ...string) bool {
	if p.done() || p.tokens[p.at].quoted {
		return false
	}
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, p.tokens[p.at].text) })
}

func (p *parser) take(words ...string) bool {
	if !p.is(words...) {
		return false
	}
	p.at++
	return true
}

func (p *parser) or(depth int) Expr { return p.joined("OR", "||", depth, p.and) }

func (p *parser) and(depth int) Expr { return p.joined("AND", "&&", depth, p.not) }

func (p *parser) joined(word, sign string, depth int, part func(int) Expr) Expr {
	all := []Expr{part(depth)}
	for p.take(word, sign) {
		all = append(all, part(depth))
	}
	if len(all) == 1 {
		return all[0]
	}
	return Expr{Op: word, Parts: all}
}

func (p *parser) not(depth int) Expr {
	if depth > maxDepth {
		p.fail("more than %d parentheses within one another", maxDepth)
		return Expr{}
	}
	switch {
	case p.take("NOT", "!"):
		return Expr{Op: "NOT", Parts: []Expr{p.not(depth + 1)}}
	case p.take("("):
		e := p.or(depth + 1)
		if !p.take(")") {
			p.fail("a parenthesis is not closed")
		}
		return e
	}
	return p.comparison()
}

// reserved are words that are no field and no value unless they are quoted.
var reserved = []string{"AND", "OR", "NOT", "IN", "IS", "ORDER", "BY", "EMPTY", "NULL", "WAS", "CHANGED"}

func (p *parser) word(what string) string {
	if p.done() {
		p.fail("%s is missing", what)
		return ""
	}
	t := p.tokens[p.at]
	if t.sign || !t.quoted && slices.Contains(reserved, strings.ToUpper(t.text)) {
		p.fail("%s is missing before %q", what, t.text)
		return ""
	}
	p.at++
	return t.text
}

func (p *parser) field() string {
	name := p.word("a field")
	if strings.EqualFold(name, "cf") && p.take("[") {
		number := p.word("the number of a field")
		if !p.take("]") {
			p.fail("a bracket is not closed")
		}
		return "cf[" + number + "]"
	}
	return name
}

func (p *parser) comparison() Expr {
	e := Expr{Field: p.field()}
	switch {
	case p.take("IS"):
		e.Op = "IS EMPTY"
		if p.take("NOT") {
			e.Op = "IS NOT EMPTY"
		}
		if !p.take("EMPTY", "NULL") {
			p.fail("EMPTY is missing")
		}
	case p.take("NOT"):
		if !p.take("IN") {
			p.fail("IN is missing")
		}
		e.Op = "NOT IN"
		p.list(&e)
	case p.take("IN"):
		e.Op = "IN"
		p.list(&e)
	case p.is("=", "!=", "~", "!~", "<", ">", "<=", ">="):
		e.Op = p.tokens[p.at].text
		p.at++
		if p.take("EMPTY", "NULL") {
			e.Op = map[string]string{"=": "IS EMPTY", "!=": "IS NOT EMPTY"}[e.Op]
			if e.Op == "" {
				p.fail("EMPTY goes with = and != alone")
			}
			return e
		}
		p.value(&e)
	default:
		p.fail("an operator is missing behind %s", e.Field)
	}
	return e
}

func (p *parser) list(e *Expr) {
	if !p.take("(") {
		p.value(e) // a function that gives a list
		if p.err == nil && !e.Function {
			p.fail("a list in parentheses is missing")
		}
		return
	}
	for {
		e.Values = append(e.Values, p.word("a value"))
		if p.take(")") {
			return
		}
		if !p.take(",") {
			p.fail("a parenthesis is not closed")
			return
		}
	}
}

func (p *parser) value(e *Expr) {
	e.Values = append(e.Values, p.word("a value"))
	if p.err != nil || p.tokens[p.at-1].quoted || !p.take("(") {
		return
	}
	e.Function = true
	for !p.take(")") {
		if len(e.Values) > 1 && !p.take(",") {
			p.fail("a parenthesis is not closed")
		}
		if e.Values = append(e.Values, p.word("an argument")); p.err != nil {
			return
		}
	}
}

func (p *parser) orderBy() []Order {
	if !p.take("ORDER") {
		return nil
	}
	if !p.take("BY") {
		p.fail("BY is missing")
	}
	var all []Order
	for {
		o := Order{Field: p.field()}
		if p.take("DESC") {
			o.Direction = Descending
		} else {
			p.take("ASC")
		}
		if all = append(all, o); !p.take(",") {
			return all
		}
	}
}
