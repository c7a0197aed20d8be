package minisql

import (
	"context"
	"slices"
	"strings"
)

// frame is what an expression is evaluated against: one row, and the variables of lambdas.
type frame struct {
	row    []any
	vars   []any
	states []state // of the aggregates of a group
	keys   []any   // of the group
}

type eval func(*frame) (any, error)

// scope says what the names of an expression mean.
type scope struct {
	names   map[string]int // column name, qualified or not, to its place in the row
	columns []Column
	aliases map[string]*node
	vars    []string
	types   []string // of vars
}

// session is what all parts of one statement share.
type session struct {
	ctx      context.Context
	db       *DB // as it was when the statement began
	database string
	read     uint64
	scanned  map[string]uint64     // rows by table
	answers  map[*selection]Result // of subqueries that stand for a value or a set
	folded   map[*node]any         // values of constant expressions
	compiled int
}

// maxCompiled bounds the expressions of a statement: aliases that use aliases can multiply.
const maxCompiled = 200_000

// compiler turns expressions into closures, once per statement.
type compiler struct {
	*session
	ctes    map[string]*binding
	scope   *scope
	within  map[string]bool // aliases that are being resolved
	group   map[string]int  // key of a GROUP BY expression to its place; nil outside of groups
	columns map[int]int     // place of a column to its place among the group's keys
	types   []string        // of the group's keys
	aggs    *[]aggregate    // collected; nil where aggregates are not allowed
}

func (c *compiler) compile(n *node) (eval, string, error) {
	if c.compiled++; c.compiled > maxCompiled {
		return nil, "", fail(168, "AST is too big")
	}
	if c.group != nil {
		if i, ok := c.group[n.key()]; ok {
			return func(f *frame) (any, error) { return f.keys[i], nil }, c.types[i], nil
		}
	}
	switch n.kind {
	case nodeLiteral:
		v := n.value
		return func(*frame) (any, error) { return v, nil }, n.typ, nil
	case nodeAlias:
		f, typ, err := c.compile(n.args[0])
		c.sameAs(n, n.args[0])
		return f, typ, err
	case nodeName:
		return c.name(n)
	case nodePosition:
		i, _ := n.value.(int)
		return c.column(n.text, i)
	case nodeCall:
		f, typ, err := c.call(n)
		if err != nil {
			return nil, "", err
		}
		return c.fold(n, f), typ, nil
	case nodeQuery:
		return c.scalarQuery(n)
	case nodeInterval:
		f, typ, err := c.interval(n)
		if err != nil {
			return nil, "", err
		}
		return c.fold(n, f), typ, nil
	}
	return nil, "", fail(62, "Syntax error: an expression is not allowed here")
}

// known is the value of an expression that is the same for all rows; compile it first.
func (c *compiler) known(n *node) (any, bool) {
	if n.kind == nodeLiteral {
		return n.value, true
	}
	v, ok := c.folded[n]
	return v, ok
}

func (c *compiler) keep(n *node, v any) {
	if c.folded == nil {
		c.folded = map[*node]any{}
	}
	c.folded[n] = v
}

func (c *compiler) sameAs(n, other *node) {
	if v, ok := c.known(other); ok {
		c.keep(n, v)
	}
}

// volatile functions are not evaluated ahead of the rows.
var volatile = map[string]bool{"sleep": true, "sleepeachrow": true, "arrayjoin": true, "getsetting": true, "ignore": true}

// fold evaluates a call of constants once.
func (c *compiler) fold(n *node, f eval) eval {
	name := strings.ToLower(n.text)
	if _, aggregate := aggregates[name]; aggregate || volatile[name] {
		return f
	}
	for _, a := range n.args {
		if _, ok := c.known(a); !ok {
			return f
		}
	}
	v, err := f(&frame{})
	if err != nil {
		return f // the first row reports it, if one comes
	}
	c.keep(n, v)
	return func(*frame) (any, error) { return v, nil }
}

// constant is the value of an expression that may not look at a row.
func (c *compiler) constant(n *node) (any, error) {
	plain := &compiler{session: c.session, ctes: c.ctes, scope: &scope{}, within: map[string]bool{}}
	f, _, err := plain.compile(n)
	if err != nil {
		return nil, err
	}
	return f(&frame{})
}

func (c *compiler) name(n *node) (eval, string, error) {
	for i, v := range slices.Backward(c.scope.vars) {
		if v == n.text {
			return func(f *frame) (any, error) { return f.vars[i], nil }, c.scope.types[i], nil
		}
	}
	if a, ok := c.scope.aliases[n.text]; ok && !c.within[n.text] {
		c.within[n.text] = true
		defer delete(c.within, n.text)
		f, typ, err := c.compile(a)
		c.sameAs(n, a)
		return f, typ, err
	}
	if i, ok := c.scope.names[n.text]; ok {
		return c.column(n.text, i)
	}
	if e, ok := c.ctes[n.text]; ok && e.expr != nil {
		outer := *c
		outer.ctes = e.scope
		f, typ, err := outer.compile(e.expr)
		c.sameAs(n, e.expr)
		return f, typ, err
	}
	return c.subcolumn(n)
}

// subcolumn reads map.keys, map.values, array.size0 and the like of a column.
func (c *compiler) subcolumn(n *node) (eval, string, error) {
	if at := strings.LastIndexByte(n.text, '.'); at > 0 {
		function := map[string]string{"keys": "mapKeys", "values": "mapValues", "size0": "length", "null": "isNull"}[n.text[at+1:]]
		if _, ok := c.scope.names[n.text[:at]]; ok && function != "" {
			return c.compile(call(function, &node{kind: nodeName, text: n.text[:at]}))
		}
	}
	return nil, "", fail(47, "Unknown expression or function identifier `%s`", n.text)
}

func (c *compiler) column(name string, i int) (eval, string, error) {
	typ := c.scope.columns[i].Type
	if c.group == nil {
		return func(f *frame) (any, error) { return f.row[i], nil }, typ, nil
	}
	if k, ok := c.columns[i]; ok {
		return func(f *frame) (any, error) { return f.keys[k], nil }, typ, nil
	}
	return nil, "", fail(215, "Column %s is not under aggregate function and not in GROUP BY keys", name)
}

// scalarQuery is a subquery that stands for a value.
func (c *compiler) scalarQuery(n *node) (eval, string, error) {
	r, err := c.answer(n.query, c.ctes)
	if err != nil {
		return nil, "", err
	}
	if len(r.Rows) > 1 {
		return nil, "", fail(125, "Scalar subquery returned more than one row")
	}
	typ := nullable(r.Columns[0].Type)
	var v any
	if len(r.Rows) == 1 {
		v = r.Rows[0][0]
	}
	if len(r.Columns) > 1 {
		var types []string
		for _, column := range r.Columns {
			types = append(types, column.Type)
		}
		typ, v = "Tuple("+strings.Join(types, ", ")+")", nil
		if len(r.Rows) == 1 {
			v = r.Rows[0]
		}
	}
	c.keep(n, v)
	return func(*frame) (any, error) { return v, nil }, typ, nil
}

// answer runs a subquery once per statement.
func (c *compiler) answer(s *selection, ctes map[string]*binding) (Result, error) {
	if r, ok := c.answers[s]; ok {
		return r, nil
	}
	if c.db == nil {
		return Result{}, fail(62, "Syntax error: a query is not allowed here")
	}
	r, err := (&runner{session: c.session, ctes: ctes}).selection(s)
	if err == nil {
		c.answers[s] = r
	}
	return r, err
}

func (c *compiler) all(nodes []*node) ([]eval, []string, error) {
	evals, types := make([]eval, len(nodes)), make([]string, len(nodes))
	for i, n := range nodes {
		var err error
		if n.kind == nodeStar { // count(*)
			evals[i], types[i] = func(*frame) (any, error) { return uint64(1), nil }, "UInt8"
			continue
		}
		if evals[i], types[i], err = c.compile(n); err != nil {
			return nil, nil, err
		}
	}
	return evals, types, nil
}
