package trinosql

import (
	"slices"
	"strconv"
	"strings"
)

// node is an expression.
type node struct {
	kind  nodeKind
	text  string // name, function, operator or type
	value any
	args  []*node
}

type nodeKind uint8

const (
	nodeLiteral nodeKind = iota
	nodeName
	nodeCall
	nodeCast // TRY_CAST: value is true
	nodeStar
)

type selected struct {
	expr  *node
	alias string
}

type ordered struct {
	expr *node
	desc bool
}

// selection is SELECT items FROM table WHERE condition ORDER BY … LIMIT n.
type selection struct {
	items []selected
	table []string // nil = none
	where *node
	order []ordered
	limit int // negative = none
}

type parser struct {
	tokens []token
	at     int
	depth  int
}

// complaint is what a panic of the parser or of an expression carries.
type complaint struct{ err *Error }

func complain(name, message string) { panic(complaint{&Error{name, message}}) }

// unread complains of what a real server may well read, and this one does not.
func unread(name, message string) {
	complain(name, message+" (this server reads only simple statements; script the answer with Reply)")
}

// caught turns a complaint into the error of the statement.
func caught(err **Error) {
	switch c := recover().(type) {
	case nil:
	case complaint:
		*err = c.err
	default:
		panic(c)
	}
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind == tokEnd {
		unread("SYNTAX_ERROR", "mismatched input '<EOF>'")
	}
	p.at++
	return t
}

func (p *parser) word(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.tokens) || p.tokens[p.at+i].kind != tokWord || !strings.EqualFold(p.tokens[p.at+i].text, w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind == tokSymbol && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *parser) need(ok bool) {
	if !ok {
		unread("SYNTAX_ERROR", "mismatched input '"+p.peek().text+"'")
	}
}

// names reads a name with its dots.
func (p *parser) names() []string {
	var all []string
	for {
		t := p.next()
		p.need(t.kind == tokWord || t.kind == tokQuoted)
		if all = append(all, t.text); !p.symbol(".") {
			return all
		}
	}
}

// parseSelection reads a statement of the shape that the fake runs.
func parseSelection(sql string) (s *selection, err *Error) {
	tokens, bad := lex(sql)
	if bad != nil {
		return nil, &Error{"SYNTAX_ERROR", bad.Error()}
	}
	defer caught(&err)
	p := &parser{tokens: tokens}
	s = p.selection()
	p.need(p.peek().kind == tokEnd)
	return s, nil
}

func (p *parser) selection() *selection {
	p.need(p.word("SELECT"))
	s := &selection{limit: -1}
	for {
		item := selected{}
		if p.symbol("*") {
			item.expr = &node{kind: nodeStar}
		} else {
			item.expr = p.expr()
			if p.word("AS") {
				item.alias = p.next().text
			}
		}
		if s.items = append(s.items, item); !p.symbol(",") {
			break
		}
	}
	if p.word("FROM") {
		s.table = p.names()
	}
	if p.word("WHERE") {
		s.where = p.expr()
	}
	if p.word("ORDER", "BY") {
		for {
			o := ordered{expr: p.expr()}
			if o.desc = p.word("DESC"); !o.desc {
				p.word("ASC")
			}
			p.need(!p.word("NULLS") || p.word("FIRST") || p.word("LAST"))
			if s.order = append(s.order, o); !p.symbol(",") {
				break
			}
		}
	}
	if p.word("LIMIT") {
		n, err := strconv.Atoi(p.next().text)
		p.need(err == nil)
		s.limit = n
	}
	return s
}

const maxDepth = 100

func (p *parser) expr() *node {
	if p.depth++; p.depth > maxDepth {
		complain("SYNTAX_ERROR", "nested too deeply")
	}
	defer func() { p.depth-- }()
	n := p.and()
	for p.word("OR") {
		n = call("or", n, p.and())
	}
	return n
}

func call(name string, args ...*node) *node { return &node{kind: nodeCall, text: name, args: args} }

func (p *parser) and() *node {
	n := p.not()
	for p.word("AND") {
		n = call("and", n, p.not())
	}
	return n
}

func (p *parser) not() *node {
	if p.word("NOT") {
		return call("not", p.not())
	}
	return p.predicate()
}

func (p *parser) predicate() *node {
	n := p.primary()
	if t := p.peek(); t.kind == tokSymbol && slices.Contains([]string{"=", "<>", "!=", "<", "<=", ">", ">="}, t.text) {
		p.at++
		return call(t.text, n, p.primary())
	}
	if p.word("IS", "NOT", "NULL") {
		return call("not", call("isnull", n))
	}
	if p.word("IS", "NULL") {
		return call("isnull", n)
	}
	negated := p.word("NOT")
	out := n
	switch {
	case p.word("BETWEEN"):
		low := p.primary()
		p.need(p.word("AND"))
		out = call("and", call(">=", n, low), call("<=", n, p.primary()))
	case p.word("IN"):
		p.need(p.symbol("("))
		out = call("in", append([]*node{n}, p.list(")")...)...)
	case p.word("LIKE"):
		out = call("like", n, p.primary())
	default:
		p.need(!negated)
	}
	if negated {
		return call("not", out)
	}
	return out
}

func (p *parser) list(end string) []*node {
	var all []*node
	for !p.symbol(end) {
		p.need(len(all) == 0 || p.symbol(","))
		all = append(all, p.expr())
	}
	return all
}

func (p *parser) primary() *node {
	if p.symbol("(") {
		n := p.expr()
		p.need(p.symbol(")"))
		return n
	}
	if p.symbol("-") {
		return &node{kind: nodeLiteral, value: number("-" + p.next().text)}
	}
	switch t := p.next(); t.kind {
	case tokNumber:
		return &node{kind: nodeLiteral, value: number(t.text)}
	case tokText:
		return &node{kind: nodeLiteral, value: t.text}
	case tokWord:
		if n := p.special(strings.ToUpper(t.text)); n != nil {
			return n
		}
		p.at--
		return p.named()
	case tokQuoted:
		p.at--
		return p.named()
	}
	p.at--
	p.need(false)
	return nil
}

// special are the words that begin a value of their own form.
func (p *parser) special(word string) *node {
	switch word {
	case "NULL":
		return &node{kind: nodeLiteral}
	case "TRUE", "FALSE":
		return &node{kind: nodeLiteral, value: word == "TRUE"}
	case "CAST", "TRY_CAST":
		p.need(p.symbol("("))
		n := &node{kind: nodeCast, value: word == "TRY_CAST", args: []*node{p.expr()}}
		p.need(p.word("AS"))
		n.text = p.typeName()
		return n
	case "TIMESTAMP", "DATE", "DOUBLE", "REAL", "X":
		if p.peek().kind == tokText {
			return &node{kind: nodeLiteral, value: typedLiteral(word, p.next().text)}
		}
	}
	return nil
}

// typeName reads up to the parenthesis that closes the cast.
func (p *parser) typeName() string {
	var b strings.Builder
	for depth := 0; ; {
		t := p.next()
		if t.text == "(" {
			depth++
		}
		if t.text == ")" {
			if depth == 0 {
				return strings.ToLower(b.String())
			}
			depth--
		}
		if b.Len() > 0 && t.kind == tokWord {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
}

// operators have calls of their own, of as many values as they stand between; no function has their names.
var operators = []string{"and", "or", "not", "in", "isnull", "like"}

func (p *parser) named() *node {
	all := p.names()
	if p.symbol("(") {
		name, args := strings.ToLower(all[len(all)-1]), p.list(")")
		if slices.Contains(operators, name) {
			unknownFunction(name, len(args))
		}
		return call(name, args...)
	}
	return &node{kind: nodeName, text: strings.ToLower(all[len(all)-1])}
}

func number(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		unread("SYNTAX_ERROR", "mismatched input '"+text+"'")
	}
	return f
}
