package graphtest

import (
	"slices"
	"strconv"
	"strings"
)

// expression is a part of a statement that has a value for each row.
type expression func(e *evaluation, r row) (any, error)

// maxDepth bounds how deeply expressions are nested.
const maxDepth = 200

// parser reads one statement.
type parser struct {
	tokens     []token
	at         int
	text       string
	depth      int
	tried      int          // parentheses that could be patterns
	aggregates *[]aggregate // of the item that is read; nil where none is allowed
}

func (p *parser) peek() token {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return token{start: len(p.text), end: len(p.text)}
}

func (p *parser) ahead(n int) token {
	if p.at+n < len(p.tokens) {
		return p.tokens[p.at+n]
	}
	return token{}
}

// accept goes on behind these words or marks, if they are next.
func (p *parser) accept(words ...string) bool {
	for i, word := range words {
		if !p.ahead(i).is(word) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) expect(word string) error {
	if p.accept(word) {
		return nil
	}
	return p.unexpected("expected '" + word + "'")
}

func (p *parser) unexpected(what string) error {
	t := p.peek()
	text := t.text
	if t.kind == tokenEnd {
		text = "the end"
	}
	return failure(CodeSyntax, "Invalid input '%s': %s (at offset %d)", text, what, t.start)
}

// name reads a word or what stands in backticks.
func (p *parser) name() (string, error) {
	t := p.peek()
	if t.kind != tokenWord && t.kind != tokenName {
		return "", p.unexpected("expected a name")
	}
	p.at++
	return t.text, nil
}

func (p *parser) expression() (expression, error) {
	return p.nested(func() (expression, error) { return p.logical(0) })
}

// nested reads what may hold its like.
func (p *parser) nested(read func() (expression, error)) (expression, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, failure(CodeSyntax, "The expression is nested too deeply.")
	}
	defer func() { p.depth-- }()
	return read()
}

var logicalWords = []string{"OR", "XOR", "AND"}

// logical reads OR, XOR and AND, from the loosest to the tightest.
func (p *parser) logical(level int) (expression, error) {
	if level == len(logicalWords) {
		return p.negation()
	}
	left, err := p.logical(level + 1)
	for err == nil && p.accept(logicalWords[level]) {
		var right expression
		if right, err = p.logical(level + 1); err == nil {
			left = combine(logicalWords[level], left, right)
		}
	}
	return left, err
}

func combine(word string, left, right expression) expression {
	return func(e *evaluation, r row) (any, error) {
		a, knownA, err := e.condition(left, r)
		if err != nil || knownA && (word == "AND" && !a || word == "OR" && a) {
			return a, err
		}
		b, knownB, err := e.condition(right, r)
		switch {
		case err != nil:
			return nil, err
		case knownB && (word == "AND" && !b || word == "OR" && b):
			return b, nil
		case !knownA || !knownB:
			return nil, nil
		case word == "XOR":
			return a != b, nil
		}
		return word == "AND", nil
	}
}

func (p *parser) negation() (expression, error) {
	if !p.accept("NOT") {
		return p.comparison()
	}
	inner, err := p.nested(p.negation)
	return func(e *evaluation, r row) (any, error) {
		v, known, err := e.condition(inner, r)
		if err != nil || !known {
			return nil, err
		}
		return !v, nil
	}, err
}

var comparisons = []string{"=", "<>", "<=", ">=", "<", ">"}

// comparison reads a < b, and a < b < c as two of them.
func (p *parser) comparison() (expression, error) {
	left, err := p.predicate()
	var all expression
	for err == nil {
		mark := p.peek().text
		if p.peek().kind != tokenMark || !slices.Contains(comparisons, mark) {
			break
		}
		p.at++
		var right expression
		if right, err = p.predicate(); err != nil {
			break
		}
		one := compared(mark, left, right)
		if all != nil {
			one = combine("AND", all, one)
		}
		all, left = one, right
	}
	if all != nil {
		return all, err
	}
	return left, err
}

func compared(mark string, left, right expression) expression {
	return both(left, right, func(a, b any) (any, error) {
		switch mark {
		case "=":
			return equal(a, b), nil
		case "<>":
			v, known, err := truth(equal(a, b))
			if err != nil || !known {
				return nil, err
			}
			return !v, nil
		}
		return compare(mark, a, b), nil
	})
}

// both evaluates two expressions and puts their values together.
func both(left, right expression, join func(a, b any) (any, error)) expression {
	return func(e *evaluation, r row) (any, error) {
		a, err := left(e, r)
		if err != nil {
			return nil, err
		}
		b, err := right(e, r)
		if err != nil {
			return nil, err
		}
		return join(a, b)
	}
}

// predicate reads STARTS WITH, ENDS WITH, CONTAINS, IN, IS NULL and IS NOT NULL.
func (p *parser) predicate() (expression, error) {
	left, err := p.sum()
	for err == nil {
		var right expression
		switch {
		case p.accept("IS", "NULL"):
			left = isNull(left, true)
		case p.accept("IS", "NOT", "NULL"):
			left = isNull(left, false)
		case p.accept("IN"):
			if right, err = p.sum(); err == nil {
				left = both(left, right, within)
			}
		case p.accept("STARTS", "WITH"):
			right, err = p.sum()
			left = textual(left, right, strings.HasPrefix)
		case p.accept("ENDS", "WITH"):
			right, err = p.sum()
			left = textual(left, right, strings.HasSuffix)
		case p.accept("CONTAINS"):
			right, err = p.sum()
			left = textual(left, right, strings.Contains)
		default:
			return left, nil
		}
	}
	return left, err
}

func isNull(inner expression, want bool) expression {
	return func(e *evaluation, r row) (any, error) {
		v, err := inner(e, r)
		return (v == nil) == want, err
	}
}

func textual(left, right expression, holds func(a, b string) bool) expression {
	return both(left, right, func(a, b any) (any, error) {
		x, ok := a.(string)
		y, also := b.(string)
		if !ok || !also {
			return nil, nil
		}
		return holds(x, y), nil
	})
}

func within(v, list any) (any, error) {
	if list == nil {
		return nil, nil
	}
	all, ok := list.([]any)
	if !ok {
		return nil, failure(CodeType, "Type mismatch: expected List but was %T", list)
	}
	var unknown bool
	for _, one := range all {
		switch equal(v, one) {
		case true:
			return true, nil
		case nil:
			unknown = true
		}
	}
	if unknown {
		return nil, nil
	}
	return false, nil
}

// sum reads + and -, which bind looser than *, / and %.
func (p *parser) sum() (expression, error) {
	return p.arithmetic(p.product, "+", "-")
}

func (p *parser) product() (expression, error) {
	return p.arithmetic(p.unary, "*", "/", "%")
}

func (p *parser) arithmetic(tighter func() (expression, error), marks ...string) (expression, error) {
	left, err := tighter()
	for err == nil {
		mark := p.peek().text
		if p.peek().kind != tokenMark || !slices.Contains(marks, mark) {
			break
		}
		p.at++
		var right expression
		if right, err = tighter(); err == nil {
			left = both(left, right, func(a, b any) (any, error) { return calculate(mark, a, b) })
		}
	}
	return left, err
}

func (p *parser) unary() (expression, error) {
	if !p.accept("-") {
		return p.postfix()
	}
	inner, err := p.nested(p.unary)
	return func(e *evaluation, r row) (any, error) {
		v, err := inner(e, r)
		if err != nil {
			return nil, err
		}
		return calculate("-", int64(0), v)
	}, err
}

// postfix reads .property, [index], [from..to] and :Label behind a value.
func (p *parser) postfix() (expression, error) {
	v, err := p.atom()
	for err == nil {
		switch {
		case p.accept("."):
			var name string
			if name, err = p.name(); err == nil {
				v = property(v, name)
			}
		case p.accept("["):
			v, err = p.subscript(v)
		case p.peek().is(":"):
			var labels labels
			if labels, err = p.labels(); err == nil {
				v = labelled(v, labels)
			}
		default:
			return v, nil
		}
	}
	return v, err
}

func property(of expression, name string) expression {
	return func(e *evaluation, r row) (any, error) {
		v, err := of(e, r)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case nil:
			return nil, nil
		case *node:
			return v.props[name], nil
		case *relationship:
			return v.props[name], nil
		case map[string]any:
			return v[name], nil
		}
		return nil, failure(CodeType, "Type mismatch: expected Map, Node or Relationship but was %T", v)
	}
}

func labelled(of expression, labels labels) expression {
	return func(e *evaluation, r row) (any, error) {
		v, err := of(e, r)
		if n, ok := v.(*node); ok && err == nil {
			return labels.match(n.labels), nil
		}
		return nil, err
	}
}

func (p *parser) subscript(of expression) (expression, error) {
	var from, to expression
	var err error
	if !p.peek().is("..") {
		if from, err = p.expression(); err != nil {
			return nil, err
		}
	}
	if !p.accept("..") {
		return both(of, from, indexed), p.expect("]")
	}
	if !p.peek().is("]") {
		if to, err = p.expression(); err != nil {
			return nil, err
		}
	}
	return sliced(of, from, to), p.expect("]")
}

func indexed(of, at any) (any, error) {
	switch of := of.(type) {
	case []any:
		i, ok := at.(int64)
		if i < 0 {
			i += int64(len(of))
		}
		if !ok || i < 0 || i >= int64(len(of)) {
			return nil, nil
		}
		return of[i], nil
	case map[string]any:
		key, _ := at.(string)
		return of[key], nil
	case *node:
		key, _ := at.(string)
		return of.props[key], nil
	}
	return nil, nil
}

func sliced(of, from, to expression) expression {
	return func(e *evaluation, r row) (any, error) {
		v, err := of(e, r)
		list, ok := v.([]any)
		if err != nil || !ok {
			return nil, err
		}
		low, err := e.position(from, r, 0, len(list))
		if err != nil {
			return nil, err
		}
		high, err := e.position(to, r, len(list), len(list))
		if err != nil {
			return nil, err
		}
		return slices.Clone(list[low:max(low, high)]), nil
	}
}

// position is an end of a slice, within the list.
func (e *evaluation) position(x expression, r row, normal, length int) (int, error) {
	if x == nil {
		return normal, nil
	}
	v, err := x(e, r)
	i, _ := v.(int64)
	if i < 0 {
		i += int64(length)
	}
	return int(min(max(i, 0), int64(length))), err
}

func number(text string) (any, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, failure(CodeSyntax, "invalid literal number '%s'", text)
	}
	return f, nil
}
