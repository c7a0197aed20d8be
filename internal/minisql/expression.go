package minisql

import (
	"strconv"
	"strings"
)

// The precedence of operators, weakest first: lambda, ternary, OR, AND, NOT, comparison, concatenation, sum, product,
// sign, postfix.

func (p *parser) expr() *node {
	defer p.deeper()()
	e := p.ternary()
	if p.word("AS") {
		return &node{kind: nodeAlias, text: p.name(), args: []*node{e}}
	}
	if t := p.peek(); t.kind == tokQuoted || t.kind == tokWord && !isReserved(t.text) {
		switch next := p.tokens[p.at+1]; {
		case next.kind == tokSymbol && (next.text == "," || next.text == ")" || next.text == ";") || next.kind == tokEnd || next.kind == tokWord && isReserved(next.text):
			p.at++
			return &node{kind: nodeAlias, text: t.text, args: []*node{e}}
		}
	}
	return e
}

func (p *parser) ternary() *node {
	defer p.deeper()()
	e := p.or()
	if p.symbol("->") {
		return &node{kind: nodeLambda, names: p.lambdaNames(e), args: []*node{p.ternary()}}
	}
	if p.symbol("?") {
		yes := p.ternary()
		p.needSymbol(":")
		return call("if", e, yes, p.ternary())
	}
	return e
}

func (p *parser) lambdaNames(e *node) []string {
	list := []*node{e}
	if e.kind == nodeCall && e.text == "tuple" {
		list = e.args
	}
	var names []string
	for _, n := range list {
		if n.kind != nodeName {
			p.unexpected()
		}
		names = append(names, n.text)
	}
	return names
}

func (p *parser) or() *node {
	all := []*node{p.and()}
	for p.word("OR") {
		all = append(all, p.and())
	}
	return joined("or", all)
}

func (p *parser) and() *node {
	all := []*node{p.not()}
	for p.word("AND") {
		all = append(all, p.not())
	}
	return joined("and", all)
}

// joined keeps a chain of AND or OR flat.
func joined(operator string, all []*node) *node {
	if len(all) == 1 {
		return all[0]
	}
	return call(operator, all...)
}

func (p *parser) not() *node {
	if p.word("NOT") {
		defer p.deeper()()
		return call("not", p.not())
	}
	return p.comparison()
}

var comparisons = map[string]string{
	"=": "equals", "==": "equals", "!=": "notEquals", "<>": "notEquals", "<": "less", ">": "greater",
	"<=": "lessOrEquals", ">=": "greaterOrEquals",
}

func (p *parser) comparison() *node {
	e := p.concat()
	for {
		if name, ok := comparisons[p.peek().text]; ok && p.peek().kind == tokSymbol {
			p.at++
			e = call(name, e, p.concat())
			continue
		}
		next := p.predicate(e)
		if next == nil {
			return e
		}
		e = next
	}
}

// predicate reads IN, LIKE, BETWEEN and IS behind an expression.
func (p *parser) predicate(e *node) *node {
	start := p.at
	p.word("GLOBAL")
	negated := p.word("NOT")
	var n *node
	switch {
	case p.word("IN"):
		n = call("in", e, p.inList())
	case p.word("LIKE"):
		n = call("like", e, p.concat())
	case p.word("ILIKE"):
		n = call("ilike", e, p.concat())
	case p.word("BETWEEN"):
		low := p.concat()
		p.need("AND")
		n = call("and", call("greaterOrEquals", e, low), call("lessOrEquals", e, p.concat()))
	case p.word("IS", "NOT", "NULL"):
		n = call("isNotNull", e)
	case p.word("IS", "NULL"):
		n = call("isNull", e)
	default:
		p.at = start
		return nil
	}
	if negated {
		return call("not", n)
	}
	return n
}

// inList keeps a list of one in parentheses apart from an expression in parentheses.
func (p *parser) inList() *node {
	if p.symbol("(") {
		if p.startsQuery(p.at) {
			q := &node{kind: nodeQuery, query: p.selection()}
			p.needSymbol(")")
			return q
		}
		return call("tuple", p.list(")")...)
	}
	return p.concat()
}

func (p *parser) concat() *node {
	e := p.sum()
	for p.symbol("||") {
		e = call("concat", e, p.sum())
	}
	return e
}

func (p *parser) sum() *node {
	e := p.product()
	for {
		switch {
		case p.symbol("+"):
			e = call("plus", e, p.product())
		case p.symbol("-"):
			e = call("minus", e, p.product())
		default:
			return e
		}
	}
}

func (p *parser) product() *node {
	e := p.signed()
	for {
		switch {
		case p.symbol("*"):
			e = call("multiply", e, p.signed())
		case p.symbol("/"):
			e = call("divide", e, p.signed())
		case p.symbol("%"), p.word("MOD"):
			e = call("modulo", e, p.signed())
		case p.word("DIV"):
			e = call("intDiv", e, p.signed())
		default:
			return e
		}
	}
}

func (p *parser) signed() *node {
	if p.symbol("-") {
		defer p.deeper()()
		e := p.signed()
		if e.kind == nodeLiteral {
			switch v := e.value.(type) {
			case uint64:
				return &node{kind: nodeLiteral, value: -int64(v), typ: signedType(-int64(v))}
			case float64:
				return &node{kind: nodeLiteral, value: -v, typ: "Float64"}
			}
		}
		return call("negate", e)
	}
	return p.postfix(p.primary())
}

// unsignedType and signedType are the narrowest types that hold a literal.
func unsignedType(n uint64) string {
	for bits := 8; bits < 64; bits *= 2 {
		if n < 1<<bits {
			return "UInt" + strconv.Itoa(bits)
		}
	}
	return "UInt64"
}

func signedType(n int64) string {
	for bits := 8; bits < 64; bits *= 2 {
		if n >= -1<<(bits-1) && n < 1<<(bits-1) {
			return "Int" + strconv.Itoa(bits)
		}
	}
	return "Int64"
}

func (p *parser) postfix(e *node) *node {
	for {
		switch {
		case p.symbol("["):
			e = call("arrayElement", e, p.expr())
			p.needSymbol("]")
		case p.symbol("::"):
			e = call("CAST", e, literal(p.typeName()))
		case p.peek().text == "." && p.tokens[p.at+1].kind == tokNumber:
			p.at += 2
			e = call("tupleElement", e, number(p.tokens[p.at-1].text))
		default:
			return e
		}
	}
}

func literal(s string) *node { return &node{kind: nodeLiteral, value: s, typ: "String"} }

func number(text string) *node {
	if n, err := strconv.ParseUint(text, 0, 64); err == nil {
		return &node{kind: nodeLiteral, value: n, typ: unsignedType(n)}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(bail{fail(62, "Syntax error: %q is no number", text)})
	}
	return &node{kind: nodeLiteral, value: f, typ: "Float64"}
}

func (p *parser) primary() *node {
	t := p.peek()
	switch {
	case t.kind == tokNumber:
		p.at++
		return number(t.text)
	case t.kind == tokString:
		p.at++
		return literal(t.text)
	case t.text == "{" && t.kind == tokSymbol:
		return p.parameter()
	case p.symbol("*"):
		return &node{kind: nodeStar}
	case p.symbol("["):
		return call("array", p.list("]")...)
	case p.symbol("("):
		return p.parenthesis()
	case t.kind == tokWord || t.kind == tokQuoted:
		return p.named(t)
	}
	p.unexpected()
	return nil
}

func (p *parser) parenthesis() *node {
	if p.startsQuery(p.at) {
		q := &node{kind: nodeQuery, query: p.selection()}
		p.needSymbol(")")
		return q
	}
	list := p.list(")")
	if len(list) == 1 {
		return list[0]
	}
	return call("tuple", list...)
}

var constants = map[string]*node{
	"NULL": {kind: nodeLiteral, typ: "Nullable(Nothing)"}, "TRUE": {kind: nodeLiteral, value: true, typ: "Bool"},
	"FALSE": {kind: nodeLiteral, value: false, typ: "Bool"},
}

func (p *parser) named(t token) *node {
	if t.kind == tokWord {
		if c, ok := constants[strings.ToUpper(t.text)]; ok {
			p.at++
			return c
		}
		switch {
		case p.word("CASE"):
			return p.caseWhen()
		case p.isWord("INTERVAL") && p.tokens[p.at+1].text != "(":
			defer p.deeper()()
			p.at++
			n := p.postfix(p.primary())
			unit := strings.ToUpper(strings.TrimSuffix(strings.ToUpper(p.name()), "S"))
			return &node{kind: nodeInterval, text: unit, args: []*node{n}}
		case isReserved(t.text) && p.tokens[p.at+1].text != "(":
			p.unexpected()
		}
	}
	p.at++
	if p.symbol("(") {
		return p.call(t.text)
	}
	parts := []string{t.text}
	for p.peek().text == "." && (p.tokens[p.at+1].kind == tokWord || p.tokens[p.at+1].kind == tokQuoted || p.tokens[p.at+1].text == "*") {
		p.at += 2
		parts = append(parts, p.tokens[p.at-1].text)
	}
	if last := len(parts) - 1; parts[last] == "*" {
		return &node{kind: nodeStar, text: strings.Join(parts[:last], ".")}
	}
	return &node{kind: nodeName, text: strings.Join(parts, ".")}
}

func (p *parser) call(name string) *node {
	if strings.EqualFold(name, "CAST") {
		e := p.ternary()
		if p.word("AS") {
			e = call("CAST", e, literal(p.typeName()))
		} else {
			p.needSymbol(",")
			e = call("CAST", e, p.expr())
		}
		p.needSymbol(")")
		return e
	}
	n := &node{kind: nodeCall, text: name, unique: p.word("DISTINCT")}
	n.args = p.list(")")
	if p.symbol("(") {
		n.params, n.args = n.args, nil
		n.unique = p.word("DISTINCT")
		n.args = p.list(")")
	}
	return n
}

func (p *parser) caseWhen() *node {
	n := call("multiIf")
	var subject *node
	if !p.isWord("WHEN") {
		subject = p.expr()
	}
	if !p.isWord("WHEN") {
		p.unexpected()
	}
	for p.word("WHEN") {
		when := p.ternary()
		if subject != nil {
			when = call("equals", subject, when)
		}
		p.need("THEN")
		n.args = append(n.args, when, p.ternary())
	}
	if p.word("ELSE") {
		n.args = append(n.args, p.ternary())
	} else {
		n.args = append(n.args, constants["NULL"])
	}
	p.need("END")
	return n
}

// typeName reads a type with its arguments as text.
func (p *parser) typeName() string {
	defer p.deeper()()
	t := p.peek()
	if t.kind != tokWord {
		p.unexpected()
	}
	p.at++
	if !p.symbol("(") {
		return t.text
	}
	var parts []string
	for !p.symbol(")") {
		if len(parts) > 0 {
			p.needSymbol(",")
		}
		switch a := p.peek(); a.kind {
		case tokNumber:
			p.at++
			parts = append(parts, a.text)
		case tokString:
			p.at++
			parts = append(parts, "'"+a.text+"'")
		default:
			parts = append(parts, p.typeName())
		}
	}
	return t.text + "(" + strings.Join(parts, ", ") + ")"
}

// parameter reads {name:Type} and puts the value in its place.
func (p *parser) parameter() *node {
	p.needSymbol("{")
	name := p.next().text
	p.needSymbol(":")
	typ := p.typeName()
	p.needSymbol("}")
	text, ok := p.params[name]
	if !ok {
		p.fail(456, "Substitution `%s` is not set", name)
	}
	if typ == "Identifier" {
		return &node{kind: nodeName, text: text}
	}
	v, err := readValue(text, typ)
	if err != nil {
		p.fail(457, "Value %q cannot be parsed as %s for query parameter '%s'", text, typ, name)
	}
	return &node{kind: nodeLiteral, value: v, typ: typ}
}
