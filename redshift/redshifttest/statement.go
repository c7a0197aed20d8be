package redshifttest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// selection is a SELECT from one table, or from none.
type selection struct {
	items  []item
	all    bool // *
	table  string
	where  *expr
	orders []order
	limit  int // negative = none
	offset int
}

type item struct {
	expr *expr
	name string
}

type order struct {
	expr       *expr
	descending bool
	nullsFirst bool
}

// expr is a part of a condition: a constant, a column, or an operator over others.
type expr struct {
	op    string // value, column, param, call, and any operator
	value any
	name  string
	args  []*expr
}

// parser reads tokens; the first error ends it by a panic that parse catches.
type parser struct {
	tokens []token
	at     int
}

type syntaxError struct{ err *ServerError }

func parse(tokens []token) (s *selection, err error) {
	defer func() {
		if bad, ok := recover().(syntaxError); ok {
			err = bad.err
		}
	}()
	p := &parser{tokens: tokens}
	p.need("select")
	s = p.selection()
	p.symbol(";")
	if p.peek().kind != tokEnd {
		p.unexpected()
	}
	return s, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokEnd {
		p.at++
	}
	return t
}

func (p *parser) unexpected() {
	t := p.peek()
	if t.kind == tokWord && slices.Contains([]string{"group", "having", "join", "left", "inner", "union", "over", "case", "with", "offset"}, t.text) {
		panic(syntaxError{fail("0A000", "this server does not know %s: script the answer with Reply", strings.ToUpper(t.text))})
	}
	panic(syntaxError{fail("42601", "syntax error at or near %q (this server reads only simple statements; script the answer with Reply)", t.text)})
}

// word takes these words if they come next.
func (p *parser) word(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.tokens) || p.tokens[p.at+i].kind != tokWord || p.tokens[p.at+i].text != w {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) need(word string) {
	if !p.word(word) {
		p.unexpected()
	}
}

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind == tokSymbol && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *parser) needSymbol(s string) {
	if !p.symbol(s) {
		p.unexpected()
	}
}

func (p *parser) selection() *selection {
	s := &selection{limit: -1}
	if p.symbol("*") {
		s.all = true
	} else {
		for {
			s.items = append(s.items, p.item())
			if !p.symbol(",") {
				break
			}
		}
	}
	if p.word("from") {
		s.table = p.tableName()
	}
	if p.word("where") {
		s.where = p.or()
	}
	if p.word("order", "by") {
		for {
			s.orders = append(s.orders, p.order())
			if !p.symbol(",") {
				break
			}
		}
	}
	if p.word("limit") {
		s.limit = p.number()
	}
	if p.word("offset") {
		s.offset = p.number()
	}
	return s
}

func (p *parser) number() int {
	t := p.next()
	if t.kind != tokNumber {
		p.at--
		p.unexpected()
	}
	return number(t.text)
}

var clauses = []string{"from", "where", "order", "limit", "offset", "group", "having", "union", "join"}

func (p *parser) item() item {
	i := item{expr: p.primary()}
	i.name = cmp.Or(i.expr.name, "?column?")
	t := p.peek()
	if p.word("as") {
		i.name = p.next().text
	} else if t.kind == tokQuoted || t.kind == tokWord && !slices.Contains(clauses, t.text) {
		i.name = p.next().text
	}
	return i
}

func (p *parser) tableName() string {
	var parts []string
	for {
		t := p.next()
		if t.kind != tokWord && t.kind != tokQuoted {
			p.at--
			p.unexpected()
		}
		parts = append(parts, strings.ToLower(t.text))
		if !p.symbol(".") {
			return strings.Join(parts, ".")
		}
	}
}

func (p *parser) order() order {
	o := order{expr: p.primary()}
	if o.descending = p.word("desc"); !o.descending {
		p.word("asc")
	}
	o.nullsFirst = o.descending
	switch {
	case p.word("nulls", "first"):
		o.nullsFirst = true
	case p.word("nulls", "last"):
		o.nullsFirst = false
	}
	return o
}

func (p *parser) or() *expr {
	e := p.and()
	for p.word("or") {
		e = &expr{op: "or", args: []*expr{e, p.and()}}
	}
	return e
}

func (p *parser) and() *expr {
	e := p.not()
	for p.word("and") {
		e = &expr{op: "and", args: []*expr{e, p.not()}}
	}
	return e
}

func (p *parser) not() *expr {
	if p.word("not") {
		return &expr{op: "not", args: []*expr{p.not()}}
	}
	return p.predicate()
}

func (p *parser) predicate() *expr {
	e := p.primary()
	if p.word("is") {
		negated := p.word("not")
		t := p.next()
		if !slices.Contains([]string{"null", "true", "false"}, t.text) {
			p.at--
			p.unexpected()
		}
		return negate(negated, &expr{op: "is " + t.text, args: []*expr{e}})
	}
	negated := p.word("not")
	switch {
	case p.word("in"):
		return negate(negated, &expr{op: "in", args: append([]*expr{e}, p.list()...)})
	case p.word("like"):
		pattern := &expr{op: "like", args: []*expr{e, p.primary()}}
		if p.word("escape") {
			pattern.args = append(pattern.args, p.primary())
		}
		return negate(negated, pattern)
	case negated:
		p.unexpected()
	}
	if t := p.peek(); t.kind == tokSymbol && slices.Contains([]string{"=", "<>", "!=", "<", "<=", ">", ">="}, t.text) {
		p.at++
		return &expr{op: strings.Replace(t.text, "!=", "<>", 1), args: []*expr{e, p.primary()}}
	}
	return e
}

func negate(negated bool, e *expr) *expr {
	if negated {
		return &expr{op: "not", args: []*expr{e}}
	}
	return e
}

func (p *parser) list() (all []*expr) {
	p.needSymbol("(")
	for !p.symbol(")") {
		all = append(all, p.primary())
		if !p.symbol(",") {
			p.needSymbol(")")
			break
		}
	}
	return all
}

func (p *parser) primary() *expr {
	t := p.next()
	var e *expr
	switch {
	case t.kind == tokString:
		e = &expr{op: "value", value: t.text}
	case t.kind == tokNumber:
		e = &expr{op: "value", value: numeral(t.text)}
	case t.kind == tokParam:
		e = &expr{op: "param", value: number(t.text)}
	case t.kind == tokSymbol && t.text == "(":
		e = p.or()
		p.needSymbol(")")
	case t.kind == tokSymbol && t.text == "-" && p.peek().kind == tokNumber:
		e = &expr{op: "value", value: numeral("-" + p.next().text)}
	case t.kind == tokWord && slices.Contains([]string{"null", "true", "false"}, t.text):
		e = &expr{op: "value", value: map[string]any{"true": true, "false": false}[t.text]}
	case t.kind == tokWord && p.peek().text == "(" && p.peek().kind == tokSymbol:
		e = &expr{op: "call", name: t.text, args: p.list()}
	case t.kind == tokWord && !slices.Contains(clauses, t.text), t.kind == tokQuoted:
		name := t.text
		for p.symbol(".") {
			name = p.next().text
		}
		e = &expr{op: "column", name: name}
	default:
		p.at = max(0, p.at-1)
		p.unexpected()
	}
	for p.symbol("::") {
		p.next()
	}
	return e
}

func numeral(text string) any {
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v
	}
	v, _ := strconv.ParseFloat(text, 64)
	return v
}
