package minisql

import (
	"context"
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

// compiler turns expressions into closures, once per statement.
type compiler struct {
	ctx      context.Context
	db       *DB
	ctes     map[string]*cte
	scope    *scope
	within   map[string]bool // aliases that are being resolved
	group    map[string]int  // key of a GROUP BY expression to its place; nil outside of groups
	types    []string        // of the group's keys
	aggs     *[]aggregate    // collected; nil where aggregates are not allowed
	read     *uint64
	database string
}

func (c *compiler) compile(n *node) (eval, string, error) {
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
		return c.compile(n.args[0])
	case nodeName:
		return c.name(n)
	case nodeCall:
		return c.call(n)
	case nodeQuery:
		return c.scalarQuery(n)
	case nodeInterval:
		return c.interval(n)
	}
	return nil, "", fail(62, "Syntax error: an expression is not allowed here")
}

func (c *compiler) name(n *node) (eval, string, error) {
	for i := len(c.scope.vars) - 1; i >= 0; i-- {
		if c.scope.vars[i] == n.text {
			return func(f *frame) (any, error) { return f.vars[i], nil }, c.scope.types[i], nil
		}
	}
	if a, ok := c.scope.aliases[n.text]; ok && !c.within[n.text] {
		c.within[n.text] = true
		defer delete(c.within, n.text)
		return c.compile(a)
	}
	if e, ok := c.ctes[n.text]; ok && e.expr != nil {
		return c.compile(e.expr)
	}
	i, ok := c.scope.names[n.text]
	if !ok {
		return nil, "", fail(47, "Unknown expression or function identifier `%s`", n.text)
	}
	if c.group != nil {
		return nil, "", fail(215, "Column %s is not under aggregate function and not in GROUP BY keys", n.text)
	}
	return func(f *frame) (any, error) { return f.row[i], nil }, c.scope.columns[i].Type, nil
}

// scalarQuery is a subquery that stands for a value.
func (c *compiler) scalarQuery(n *node) (eval, string, error) {
	r, err := c.run(n.query)
	if err != nil {
		return nil, "", err
	}
	if len(r.Columns) != 1 || len(r.Rows) > 1 {
		return nil, "", fail(125, "Scalar subquery returned more than one row or column")
	}
	var v any
	if len(r.Rows) == 1 {
		v = r.Rows[0][0]
	}
	return func(*frame) (any, error) { return v, nil }, r.Columns[0].Type, nil
}

func (c *compiler) run(s *selection) (Result, error) {
	r, err := (&runner{ctx: c.ctx, db: c.db, ctes: c.ctes, database: c.database, read: c.read}).selection(s)
	return r, err
}

func (c *compiler) call(n *node) (eval, string, error) {
	switch n.text {
	case "and", "or":
		return c.logic(n)
	case "in", "notIn", "globalIn", "globalNotIn":
		return c.in(n)
	case "arrayMap", "arrayFilter", "arrayExists", "arrayAll", "arrayFirst", "arraySort", "arrayReverseSort", "arrayCount", "arraySum":
		if len(n.args) > 0 && n.args[0].kind == nodeLambda {
			return c.lambda(n)
		}
	case "if", "multiIf":
		return c.branch(n)
	case "toTypeName":
		if len(n.args) == 1 {
			_, typ, err := c.compile(n.args[0])
			return func(*frame) (any, error) { return typ, nil }, "String", err
		}
	}
	if spec, ok := aggregates[strings.ToLower(n.text)]; ok {
		return c.aggregate(n, spec)
	}
	f, ok := functions[strings.ToLower(n.text)]
	if !ok {
		return nil, "", fail(46, "Function with name `%s` does not exist", n.text)
	}
	args, types, err := c.all(n.args)
	if err != nil {
		return nil, "", err
	}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, "", fail(42, "Number of arguments for function %s doesn't match: passed %d", n.text, len(args))
	}
	typ := f.result(types, n)
	if f.prepare != nil {
		return c.prepared(f, n, args, typ)
	}
	run := f.run
	switch len(args) {
	case 1:
		a := args[0]
		return func(fr *frame) (any, error) {
			v, err := a(fr)
			if err != nil {
				return nil, err
			}
			return run([]any{v})
		}, typ, nil
	}
	return func(fr *frame) (any, error) {
		vs := make([]any, len(args))
		for i, a := range args {
			var err error
			if vs[i], err = a(fr); err != nil {
				return nil, err
			}
		}
		return run(vs)
	}, typ, nil
}

// prepared lets a function look at its constant second argument once, such as a pattern.
func (c *compiler) prepared(f function, n *node, args []eval, typ string) (eval, string, error) {
	last := n.args[len(n.args)-1]
	if last.kind != nodeLiteral {
		return func(fr *frame) (any, error) {
			v, err := args[0](fr)
			if err != nil {
				return nil, err
			}
			p, err := args[1](fr)
			if err != nil {
				return nil, err
			}
			run, err := f.prepare(p)
			if err != nil {
				return nil, err
			}
			return run(v)
		}, typ, nil
	}
	run, err := f.prepare(last.value)
	if err != nil {
		return nil, "", err
	}
	return func(fr *frame) (any, error) {
		v, err := args[0](fr)
		if err != nil {
			return nil, err
		}
		return run(v)
	}, typ, nil
}

func (c *compiler) all(nodes []*node) ([]eval, []string, error) {
	evals, types := make([]eval, len(nodes)), make([]string, len(nodes))
	for i, n := range nodes {
		var err error
		if n.kind == nodeStar { // count(*)
			evals[i] = func(*frame) (any, error) { return uint64(1), nil }
			continue
		}
		if evals[i], types[i], err = c.compile(n); err != nil {
			return nil, nil, err
		}
	}
	return evals, types, nil
}

// logic stops at the first argument that decides.
func (c *compiler) logic(n *node) (eval, string, error) {
	args, _, err := c.all(n.args)
	if err != nil {
		return nil, "", err
	}
	decides := n.text == "or"
	return func(f *frame) (any, error) {
		unknown := false
		for _, a := range args {
			v, err := a(f)
			if err != nil {
				return nil, err
			}
			is, ok := truth(v)
			switch {
			case !ok:
				return nil, fail(43, "Illegal type of an argument of %s: %T", n.text, v)
			case v == nil:
				unknown = true
			case is == decides:
				return flag(decides), nil
			}
		}
		if unknown {
			return nil, nil
		}
		return flag(!decides), nil
	}, "UInt8", nil
}

func flag(b bool) any {
	if b {
		return uint64(1)
	}
	return uint64(0)
}

// branch is if and multiIf.
func (c *compiler) branch(n *node) (eval, string, error) {
	args, types, err := c.all(n.args)
	if err != nil {
		return nil, "", err
	}
	if len(args) < 3 || len(args)%2 == 0 {
		return nil, "", fail(42, "Number of arguments for function %s doesn't match", n.text)
	}
	typ := types[1]
	if strings.HasSuffix(typ, "Nothing)") {
		typ = types[len(types)-1]
	}
	return func(f *frame) (any, error) {
		for i := 0; i+1 < len(args); i += 2 {
			v, err := args[i](f)
			if err != nil {
				return nil, err
			}
			if is, _ := truth(v); is {
				return args[i+1](f)
			}
		}
		return args[len(args)-1](f)
	}, typ, nil
}

// in looks a value up in a list, an array or the answer of a subquery, which is asked once.
func (c *compiler) in(n *node) (eval, string, error) {
	if len(n.args) != 2 {
		return nil, "", fail(42, "IN needs two sides")
	}
	left, typ, err := c.compile(n.args[0])
	if err != nil {
		return nil, "", err
	}
	list, err := c.members(n.args[1])
	if err != nil {
		return nil, "", err
	}
	set := make(map[string]bool, len(list))
	for _, v := range list {
		if _, ok := v.([]any); !ok {
			if v, err = convert(v, typ); err != nil {
				continue
			}
		}
		set[text(v)] = true
	}
	negated := strings.Contains(strings.ToLower(n.text), "not")
	return func(f *frame) (any, error) {
		v, err := left(f)
		if err != nil || v == nil {
			return nil, err
		}
		return flag(set[text(v)] != negated), nil
	}, "UInt8", nil
}

func (c *compiler) members(n *node) ([]any, error) {
	query := n.query
	if n.kind == nodeName {
		if e, ok := c.ctes[n.text]; ok && e.query != nil {
			query = e.query
		}
	}
	if query != nil {
		return c.queried(query)
	}
	if n.kind == nodeCall && n.text == "tuple" {
		var all []any
		for _, a := range n.args {
			f, _, err := c.compile(a)
			if err != nil {
				return nil, err
			}
			v, err := f(&frame{})
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		return all, nil
	}
	f, _, err := c.compile(n)
	if err != nil {
		return nil, err
	}
	v, err := f(&frame{})
	if err != nil {
		return nil, err
	}
	if list, ok := v.([]any); ok {
		return list, nil
	}
	return []any{v}, nil
}

func (c *compiler) queried(query *selection) ([]any, error) {
	r, err := c.run(query)
	if err != nil {
		return nil, err
	}
	var all []any
	for _, row := range r.Rows {
		if len(row) == 1 {
			all = append(all, row[0])
		} else {
			all = append(all, row)
		}
	}
	return all, nil
}

// lambda compiles arrayMap and its like: the function is evaluated with its variables behind those that are there.
func (c *compiler) lambda(n *node) (eval, string, error) {
	fn := n.args[0]
	lists, types, err := c.all(n.args[1:])
	if err != nil || len(lists) == 0 {
		return nil, "", cmpErr(err, fail(42, "%s needs an array", n.text))
	}
	inner := *c.scope
	for i, name := range fn.names {
		inner.vars = append(inner.vars[:len(inner.vars):len(inner.vars)], name)
		element := "String"
		if args := typeArgs(types[min(i, len(types)-1)]); len(args) > 0 {
			element = args[0]
		}
		inner.types = append(inner.types[:len(inner.types):len(inner.types)], element)
	}
	sub := *c
	sub.scope = &inner
	body, typ, err := sub.compile(fn.args[0])
	if err != nil {
		return nil, "", err
	}
	finish := arrayLambdas[n.text]
	depth := len(c.scope.vars)
	return func(f *frame) (any, error) {
		var columns [][]any
		for _, l := range lists {
			v, err := l(f)
			if err != nil {
				return nil, err
			}
			list, _ := v.([]any)
			columns = append(columns, list)
		}
		results := make([]any, len(columns[0]))
		for i := range columns[0] {
			vars := append([]any(nil), f.vars[:min(depth, len(f.vars))]...)
			for j := range fn.names {
				vars = append(vars, columns[min(j, len(columns)-1)][i])
			}
			v, err := body(&frame{row: f.row, vars: vars, states: f.states, keys: f.keys})
			if err != nil {
				return nil, err
			}
			results[i] = v
		}
		return finish(columns[0], results), nil
	}, lambdaType(n.text, typ, types[0]), nil
}

func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
