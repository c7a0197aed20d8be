package graphtest

import (
	"maps"
	"slices"
	"strings"
)

// atom reads a literal, a parameter, a variable, a call, a list, a map, CASE, EXISTS or what stands in parentheses.
func (p *parser) atom() (expression, error) {
	t := p.peek()
	switch {
	case t.kind == tokenText:
		p.at++
		return constant(t.text), nil
	case t.kind == tokenNumber:
		p.at++
		v, err := number(t.text)
		return constant(v), err
	case p.accept("$"):
		return p.parameter()
	case p.accept("["):
		return p.list()
	case t.is("{"):
		return p.dict()
	case t.is("("):
		return p.parenthesis()
	case t.kind == tokenName, t.kind == tokenWord:
		return p.word()
	}
	return nil, p.unexpected("expected an expression")
}

func constant(v any) expression {
	return func(*evaluation, row) (any, error) { return v, nil }
}

func (p *parser) parameter() (expression, error) {
	t := p.peek()
	if t.kind != tokenWord && t.kind != tokenName && t.kind != tokenNumber {
		return nil, p.unexpected("expected the name of a parameter")
	}
	p.at++
	return func(e *evaluation, _ row) (any, error) {
		v, ok := e.params[t.text]
		if !ok && !e.explain {
			return nil, failure(CodeParameterMissing, "Expected parameter(s): %s", t.text)
		}
		return v, nil
	}, nil
}

// maxTried bounds how often a parenthesis is read twice: as a pattern, and then as an expression.
const maxTried = 5_000

// parenthesis is a pattern where one can be read, such as (a)-->(b) in a condition, and otherwise an expression.
func (p *parser) parenthesis() (expression, error) {
	start := p.at
	if p.tried++; p.tried > maxTried {
		return nil, failure(CodeSyntax, "The statement has too many parentheses.")
	}
	if pattern, err := p.pattern(); err == nil && len(pattern.steps) > 0 {
		return exists([]path{pattern}, nil), nil
	}
	p.at = start + 1
	inner, err := p.expression()
	if err != nil {
		return nil, err
	}
	return inner, p.expect(")")
}

func exists(patterns []path, where expression) expression {
	return func(e *evaluation, r row) (any, error) {
		rows, err := e.match(patterns, where, r)
		return len(rows) > 0, err
	}
}

func (p *parser) word() (expression, error) {
	t := p.peek()
	next := p.ahead(1)
	switch {
	case t.kind == tokenWord && next.is("(") && !strings.EqualFold(t.text, "EXISTS"), t.kind == tokenWord && next.is("."):
		if call, ok, err := p.call(); ok || err != nil {
			return call, err
		}
	case p.accept("TRUE"):
		return constant(true), nil
	case p.accept("FALSE"):
		return constant(false), nil
	case p.accept("NULL"):
		return constant(nil), nil
	case t.is("CASE"):
		p.at++
		return p.choice()
	case t.is("EXISTS") && next.is("{"), t.is("COUNT") && next.is("{"):
		return p.subquery(t.is("COUNT"))
	case t.is("EXISTS") && next.is("("):
		p.at++
		inner, err := p.parenthesis()
		return func(e *evaluation, r row) (any, error) {
			v, err := inner(e, r)
			if b, ok := v.(bool); ok {
				return b, err
			}
			return v != nil, err
		}, err
	}
	p.at++
	return func(_ *evaluation, r row) (any, error) {
		v, ok := r[t.text]
		if !ok {
			return nil, failure(CodeSyntax, "Variable `%s` not defined", t.text)
		}
		return v, nil
	}, nil
}

// subquery reads EXISTS { MATCH pattern WHERE condition } and COUNT of the same.
func (p *parser) subquery(count bool) (expression, error) {
	p.at += 2
	p.accept("MATCH")
	patterns, where, err := p.matching()
	if err != nil {
		return nil, err
	}
	return func(e *evaluation, r row) (any, error) {
		rows, err := e.match(patterns, where, r)
		if count {
			return int64(len(rows)), err
		}
		return len(rows) > 0, err
	}, p.expect("}")
}

// list reads [a, b] and [x IN list WHERE condition | value].
func (p *parser) list() (expression, error) {
	if p.peek().kind == tokenWord && p.ahead(1).is("IN") {
		return p.comprehension()
	}
	items, err := p.items("]")
	return func(e *evaluation, r row) (any, error) { return e.all(items, r) }, err
}

// items are expressions with commas between, up to the closing mark.
func (p *parser) items(end string) ([]expression, error) {
	var items []expression
	for !p.accept(end) {
		if len(items) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		item, err := p.expression()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func (e *evaluation) all(items []expression, r row) ([]any, error) {
	values := make([]any, len(items))
	for i, item := range items {
		var err error
		if values[i], err = item(e, r); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (p *parser) comprehension() (expression, error) {
	name, _ := p.name()
	p.at++ // IN
	list, err := p.expression()
	var where, value expression
	if err == nil && p.accept("WHERE") {
		where, err = p.expression()
	}
	if err == nil && p.accept("|") {
		value, err = p.expression()
	}
	if err != nil {
		return nil, err
	}
	return func(e *evaluation, r row) (any, error) {
		v, err := list(e, r)
		all, ok := v.([]any)
		if err != nil || !ok {
			return nil, err
		}
		kept := []any{}
		for _, one := range all {
			inner := r.with(name, one)
			if where != nil {
				if holds, _, err := e.condition(where, inner); err != nil {
					return nil, err
				} else if !holds {
					continue
				}
			}
			if value != nil {
				if one, err = value(e, inner); err != nil {
					return nil, err
				}
			}
			kept = append(kept, one)
		}
		return kept, nil
	}, p.expect("]")
}

// dict reads {name: value, ...}.
func (p *parser) dict() (expression, error) {
	fields := map[string]expression{}
	for end := !p.accept("{"); !end; {
		if p.accept("}") {
			break
		}
		name, err := p.name()
		if err == nil {
			err = p.expect(":")
		}
		if err != nil {
			return nil, err
		}
		if fields[name], err = p.expression(); err != nil {
			return nil, err
		}
		if end = p.accept("}"); !end {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
	}
	names := slices.Sorted(maps.Keys(fields))
	return func(e *evaluation, r row) (any, error) {
		dict := make(map[string]any, len(names))
		for _, name := range names {
			v, err := fields[name](e, r)
			if err != nil {
				return nil, err
			}
			dict[name] = v
		}
		return dict, nil
	}, nil
}

// choice reads CASE with conditions, or with a value that is compared.
func (p *parser) choice() (expression, error) {
	var subject, otherwise expression
	var when, then []expression
	var err error
	if !p.peek().is("WHEN") {
		if subject, err = p.expression(); err != nil {
			return nil, err
		}
	}
	for p.accept("WHEN") {
		w, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.expect("THEN"); err != nil {
			return nil, err
		}
		t, err := p.expression()
		if err != nil {
			return nil, err
		}
		if subject != nil {
			w = compared("=", subject, w)
		}
		when, then = append(when, w), append(then, t)
	}
	if p.accept("ELSE") {
		if otherwise, err = p.expression(); err != nil {
			return nil, err
		}
	}
	return func(e *evaluation, r row) (any, error) {
		for i := range when {
			if holds, _, err := e.condition(when[i], r); err != nil {
				return nil, err
			} else if holds {
				return then[i](e, r)
			}
		}
		if otherwise == nil {
			return nil, nil
		}
		return otherwise(e, r)
	}, p.expect("END")
}

// call reads a call of a function; not ok where the words are no call.
func (p *parser) call() (expression, bool, error) {
	start := p.at
	name := p.peek().text
	for p.at++; p.peek().is(".") && p.ahead(1).kind == tokenWord; p.at += 2 {
		name += "." + p.ahead(1).text
	}
	if !p.accept("(") {
		p.at = start
		return nil, false, nil
	}
	name = strings.ToLower(name)
	switch name {
	case "shortestpath", "allshortestpaths":
		return nil, true, failure(CodeSyntax, "graphtest: %s stands in MATCH only", name)
	case "all", "any", "none", "single":
		x, err := p.quantified(name)
		return x, true, err
	}
	if reduce, ok := aggregates[name]; ok {
		x, err := p.aggregate(name, reduce)
		return x, true, err
	}
	f, ok := functions[name]
	if !ok {
		return nil, true, failure(CodeSyntax, "Unknown function '%s'", name)
	}
	items, err := p.items(")")
	return func(e *evaluation, r row) (any, error) {
		args, err := e.all(items, r)
		if err != nil {
			return nil, err
		}
		return f(e, args)
	}, true, err
}

// quantified reads any(x IN list WHERE condition) and its like.
func (p *parser) quantified(word string) (expression, error) {
	name, err := p.name()
	if err == nil {
		err = p.expect("IN")
	}
	if err != nil {
		return nil, err
	}
	list, err := p.expression()
	if err == nil {
		err = p.expect("WHERE")
	}
	if err != nil {
		return nil, err
	}
	where, err := p.expression()
	if err != nil {
		return nil, err
	}
	return func(e *evaluation, r row) (any, error) {
		v, err := list(e, r)
		all, ok := v.([]any)
		if err != nil || !ok {
			return nil, err
		}
		held := 0
		for _, one := range all {
			holds, _, err := e.condition(where, r.with(name, one))
			if err != nil {
				return nil, err
			}
			held += btoi(holds)
		}
		switch word {
		case "all":
			return held == len(all), nil
		case "any":
			return held > 0, nil
		case "none":
			return held == 0, nil
		}
		return held == 1, nil
	}, p.expect(")")
}

// aggregate is a function over the rows of a group. Its value is put into the row under its slot.
type aggregate struct {
	slot     string
	value    expression // nil: count(*)
	distinct bool
	reduce   func([]any) (any, error)
}

func (p *parser) aggregate(name string, reduce func([]any) (any, error)) (expression, error) {
	if p.aggregates == nil {
		return nil, failure(CodeSyntax, "Invalid use of aggregating function %s(...) in this context", name)
	}
	list := p.aggregates
	a := aggregate{reduce: reduce, slot: "\x00" + p.peek().text + string(rune(p.at))}
	if !p.accept("*") {
		a.distinct = p.accept("DISTINCT")
		p.aggregates = nil // none within another
		value, err := p.expression()
		p.aggregates = list
		if err != nil {
			return nil, err
		}
		a.value = value
	}
	*list = append(*list, a)
	return func(_ *evaluation, r row) (any, error) { return r[a.slot], nil }, p.expect(")")
}
