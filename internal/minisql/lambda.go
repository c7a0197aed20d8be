package minisql

import (
	"slices"
	"strings"
)

// lambda compiles arrayMap and its like: the function is evaluated with its variables behind those that are there.
func (c *compiler) lambda(n *node) (eval, string, error) {
	fn := n.args[0]
	name := strings.ToLower(n.text)
	finish, ok := arrayLambdas[name]
	if !ok {
		return nil, "", fail(43, "Function %s does not take a lambda", n.text)
	}
	lists, types, err := c.all(n.args[1:])
	if err != nil {
		return nil, "", err
	}
	if len(lists) == 0 || len(fn.names) > len(lists) {
		return nil, "", fail(42, "Number of arguments for function %s doesn't match the lambda", n.text)
	}
	for _, t := range types {
		if isText(t) || isNumber(t) || isDate(t) {
			return nil, "", fail(43, "Argument of function %s must be an array, not %s", n.text, t)
		}
	}
	inner := *c.scope
	for i, name := range fn.names {
		inner.vars = append(slices.Clip(inner.vars), name)
		inner.types = append(slices.Clip(inner.types), element(types[i:i+1], nil))
	}
	sub := *c
	sub.scope = &inner
	body, typ, err := sub.compile(fn.args[0])
	if err != nil {
		return nil, "", err
	}
	depth := len(c.scope.vars)
	return func(f *frame) (any, error) {
		var columns [][]any
		for _, l := range lists {
			v, err := l(f)
			if err != nil {
				return nil, err
			}
			list, _ := v.([]any)
			if columns = append(columns, list); len(list) != len(columns[0]) {
				return nil, fail(190, "Arrays passed to %s must have equal size", n.text)
			}
		}
		results := make([]any, len(columns[0]))
		for i := range columns[0] {
			vars := append([]any(nil), f.vars[:min(depth, len(f.vars))]...)
			for j := range fn.names {
				vars = append(vars, columns[j][i])
			}
			v, err := body(&frame{row: f.row, vars: vars, states: f.states, keys: f.keys})
			if err != nil {
				return nil, err
			}
			results[i] = v
		}
		return finish(columns[0], results), nil
	}, lambdaType(name, typ, types[0]), nil
}
