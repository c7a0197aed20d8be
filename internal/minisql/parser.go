package minisql

import (
	"slices"
	"strings"
)

type parser struct {
	tokens []token
	at     int
	depth  int
	params map[string]string
}

// maxDepth bounds nesting, so that hostile text cannot exhaust the stack.
const maxDepth = 200

// bail carries an *Error out of the depth of the parser.
type bail struct{ err error }

func (p *parser) fail(code int, format string, args ...any) { panic(bail{fail(code, format, args...)}) }

func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail(62, "Syntax error: nested too deeply")
	}
	return func() { p.depth-- }
}

// parse reads one statement.
func parse(sql string, params map[string]string) (s *selection, err error) {
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, params: params}
	defer func() {
		if value := recover(); value != nil {
			b, ok := value.(bail)
			if !ok {
				panic(value)
			}
			s, err = nil, b.err
		}
	}()
	estimated := false
	if p.word("EXPLAIN") {
		if !p.word("ESTIMATE") {
			p.fail(62, "Syntax error: only EXPLAIN ESTIMATE is known here")
		}
		estimated = true
	}
	s = p.statement()
	s.estimated = estimated
	p.symbol(";")
	if p.peek().kind != tokEnd {
		p.unexpected()
	}
	return s, nil
}

func (p *parser) statement() *selection {
	if p.word("SHOW") {
		return p.show()
	}
	if p.isWord("DESCRIBE") || p.isWord("DESC") {
		p.at++
		p.word("TABLE")
		database, table := split(p.name())
		return mustParse("SELECT name, type FROM system.columns WHERE database = " + quoteText(database) + " AND table = " + quoteText(table) + " ORDER BY position")
	}
	return p.selection()
}

func split(name string) (database, table string) {
	database, table, ok := strings.Cut(name, ".")
	if !ok {
		return "default", name
	}
	return database, table
}

func mustParse(sql string) *selection {
	s, err := parse(sql, nil)
	if err != nil {
		panic(bail{err})
	}
	return s
}

func (p *parser) show() *selection {
	switch {
	case p.word("DATABASES"):
		return mustParse("SELECT name FROM system.databases ORDER BY name")
	case p.word("TABLES"):
		where := " WHERE 1"
		if p.word("FROM") || p.word("IN") {
			where += " AND database = " + quoteText(p.name())
		}
		if p.word("LIKE") {
			where += " AND name LIKE " + quoteText(p.next().text)
		}
		return mustParse("SELECT name FROM system.tables" + where + " ORDER BY name")
	}
	p.unexpected()
	return nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

// next takes a token; at the end it stays there.
func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind == tokEnd {
		p.unexpected()
	}
	p.at++
	return t
}

func (p *parser) unexpected() {
	t := p.peek()
	text := t.text
	if t.kind == tokEnd {
		text = "end of query"
	}
	p.fail(62, "Syntax error: failed at position %d ('%s')", t.pos+1, text)
}

func (p *parser) isWord(w string) bool {
	t := p.peek()
	return t.kind == tokWord && strings.EqualFold(t.text, w)
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

func (p *parser) need(words ...string) {
	if !p.word(words...) {
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
	defer p.deeper()()
	s := &selection{}
	if p.word("WITH") {
		s.with = p.with()
	}
	if p.symbol("(") {
		inner := p.selection()
		p.needSymbol(")")
		return p.unions(inner)
	}
	p.need("SELECT")
	s.distinct = p.word("DISTINCT")
	s.items = p.items()
	if p.word("FROM") {
		from := p.source()
		s.from = &from
		p.joins(s)
	}
	p.clauses(s)
	return p.unions(s)
}

func (p *parser) unions(s *selection) *selection {
	if p.word("UNION", "ALL") {
		last := s
		for last.union != nil {
			last = last.union
		}
		last.union = p.selection()
	}
	return s
}

func (p *parser) with() []cte {
	var all []cte
	for {
		if t := p.peek(); (t.kind == tokWord || t.kind == tokQuoted) && p.tokens[p.at+1].kind == tokWord &&
			strings.EqualFold(p.tokens[p.at+1].text, "AS") && p.tokens[p.at+2].text == "(" && p.startsQuery(p.at+3) {
			p.at += 3
			q := p.selection()
			p.needSymbol(")")
			all = append(all, cte{name: t.text, query: q})
		} else {
			e := p.expr()
			if e.kind != nodeAlias {
				p.unexpected()
			}
			all = append(all, cte{name: e.text, expr: e.args[0]})
		}
		if !p.symbol(",") {
			return all
		}
	}
}

func (p *parser) startsQuery(at int) bool {
	t := p.tokens[min(at, len(p.tokens)-1)]
	return t.kind == tokWord && (strings.EqualFold(t.text, "SELECT") || strings.EqualFold(t.text, "WITH"))
}

func (p *parser) items() []item {
	var all []item
	for {
		e := p.expr()
		it := item{expr: e}
		if e.kind == nodeAlias {
			it = item{expr: e.args[0], alias: e.text}
		}
		if all = append(all, it); !p.symbol(",") {
			return all
		}
	}
}

// reserved words end an implicit alias.
var reserved = []string{
	"FROM", "WHERE", "PREWHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "SETTINGS", "FORMAT", "ON", "USING", "INNER",
	"LEFT", "JOIN", "GLOBAL", "ARRAY", "AS", "AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS", "ASC", "DESC",
	"BY", "OFFSET", "WITH", "THEN", "ELSE", "END", "WHEN", "DIV", "MOD", "FINAL", "ANY", "ALL", "NULLS", "CROSS", "SAMPLE",
}

func isReserved(w string) bool {
	return slices.ContainsFunc(reserved, func(r string) bool { return strings.EqualFold(r, w) })
}

func (p *parser) source() source {
	var s source
	if p.symbol("(") {
		s.query = p.selection()
		p.needSymbol(")")
	} else {
		s.table = p.name()
		if p.symbol("(") {
			s.call = &node{kind: nodeCall, text: s.table, args: p.list(")")}
		}
	}
	p.word("FINAL")
	if p.word("AS") {
		s.alias = p.name()
	} else if t := p.peek(); t.kind == tokQuoted || t.kind == tokWord && !isReserved(t.text) {
		s.alias = p.name()
	}
	return s
}

// name reads an identifier with its dots; a parameter of type Identifier is one too.
func (p *parser) name() string {
	var parts []string
	for {
		switch t := p.peek(); {
		case t.kind == tokWord || t.kind == tokQuoted:
			p.at++
			parts = append(parts, t.text)
		case t.text == "{":
			e := p.parameter()
			if e.kind != nodeName {
				p.unexpected()
			}
			parts = append(parts, e.text)
		default:
			p.unexpected()
		}
		if !p.symbol(".") {
			return strings.Join(parts, ".")
		}
	}
}

func (p *parser) joins(s *selection) {
	for {
		s.emptyToo = p.word("LEFT", "ARRAY", "JOIN")
		if s.emptyToo || p.word("ARRAY", "JOIN") {
			s.arrays = p.items()
			return
		}
		p.word("GLOBAL")
		var j join
		switch {
		case p.word("LEFT", "ANY", "JOIN"), p.word("ANY", "LEFT", "JOIN"):
			j.left, j.any = true, true
		case p.word("ANY", "INNER", "JOIN"), p.word("INNER", "ANY", "JOIN"), p.word("ANY", "JOIN"):
			j.any = true
		case p.word("LEFT", "OUTER", "JOIN"), p.word("LEFT", "JOIN"), p.word("LEFT", "ALL", "JOIN"), p.word("ALL", "LEFT", "JOIN"):
			j.left = true
		case p.word("INNER", "JOIN"), p.word("JOIN"), p.word("ALL", "INNER", "JOIN"), p.word("INNER", "ALL", "JOIN"):
		default:
			return
		}
		j.from = p.source()
		if p.word("USING") {
			paren := p.symbol("(")
			for {
				j.keys = append(j.keys, p.name())
				if !p.symbol(",") {
					break
				}
			}
			if paren {
				p.needSymbol(")")
			}
		} else {
			p.need("ON")
			j.on = p.expr()
		}
		s.joins = append(s.joins, j)
	}
}

func (p *parser) clauses(s *selection) {
	for {
		switch {
		case p.word("PREWHERE"), p.word("WHERE"):
			e := p.expr()
			if s.where != nil {
				e = call("and", s.where, e)
			}
			s.where = e
		case p.word("GROUP", "BY"):
			s.group = p.exprs()
		case p.word("HAVING"):
			s.having = p.expr()
		case p.word("ORDER", "BY"):
			s.order = p.orders()
		case p.word("LIMIT"):
			p.limit(s)
		case p.word("OFFSET"):
			s.offset = p.expr()
		case p.word("SETTINGS"):
			p.settings()
		case p.word("FORMAT"):
			p.next()
		default:
			return
		}
	}
}

func (p *parser) limit(s *selection) {
	n := p.expr()
	if p.symbol(",") {
		s.offset, n = n, p.expr()
	}
	if p.word("BY") {
		s.limitByN, s.limitBy = n, p.exprs()
		return
	}
	s.limit = n
}

func (p *parser) orders() []order {
	var all []order
	for {
		o := order{expr: p.expr()}
		if p.word("DESC") {
			o.desc = true
		} else {
			p.word("ASC")
		}
		o.nullsFirst = p.word("NULLS", "FIRST")
		p.word("NULLS", "LAST")
		if all = append(all, o); !p.symbol(",") {
			return all
		}
	}
}

func (p *parser) settings() {
	for {
		p.name()
		p.needSymbol("=")
		p.expr()
		if !p.symbol(",") {
			return
		}
	}
}

func (p *parser) exprs() []*node {
	var all []*node
	for {
		if all = append(all, p.expr()); !p.symbol(",") {
			return all
		}
	}
}

func (p *parser) list(end string) []*node {
	var all []*node
	for !p.symbol(end) {
		if len(all) > 0 {
			p.needSymbol(",")
		}
		all = append(all, p.expr())
	}
	return all
}

// maxChain bounds operators in a row, which nest to the left without the parser nesting.
const maxChain = 1000

func call(name string, args ...*node) *node {
	n := &node{kind: nodeCall, text: name, args: args}
	for _, a := range args {
		n.depth = max(n.depth, a.depth+1)
	}
	if n.depth > maxChain {
		panic(bail{fail(167, "Maximum parse depth exceeded")})
	}
	return n
}
