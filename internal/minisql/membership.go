package minisql

import "strings"

// in looks a value up in a list, an array or the answer of a subquery, which is asked once.
func (c *compiler) in(n *node) (eval, string, error) {
	if len(n.args) != 2 {
		return nil, "", fail(42, "Number of arguments for function %s doesn't match: passed %d, should be 2", n.text, len(n.args))
	}
	left, typ, err := c.compile(n.args[0])
	if err != nil {
		return nil, "", err
	}
	list, literal, err := c.members(n.args[1], strings.HasPrefix(typ, "Tuple("))
	if err != nil {
		return nil, "", err
	}
	set := make(map[string]struct{}, len(list))
	for _, v := range list {
		if v, err = member(v, typ); err != nil {
			if literal {
				return nil, "", fail(53, "Type mismatch in IN or VALUES section: %v is no %s", v, typ)
			}
			continue
		}
		if v != nil {
			set[string(appendKey(nil, v))] = struct{}{}
		}
	}
	negated := strings.Contains(strings.ToLower(n.text), "not")
	if isNullable(typ) {
		typ = "Nullable(UInt8)"
	} else {
		typ = "UInt8"
	}
	return func(f *frame) (any, error) {
		v, err := left(f)
		if err != nil || v == nil {
			return nil, err
		}
		var buffer [96]byte
		_, found := set[string(appendKey(buffer[:0], v))]
		return flag(found != negated), nil
	}, typ, nil
}

// member reads one element of the set as the type of the left side. A number that the type cannot hold stays itself:
// it equals nothing.
func member(v any, typ string) (any, error) {
	if n, ok := v.(int64); ok && n < 0 && isNumber(typ) {
		return v, nil
	}
	switch v.(type) {
	case float64:
		if isNumber(typ) {
			return v, nil
		}
	case uint64, int64, bool:
		if isText(typ) {
			return v, errValue
		}
	}
	w, err := convert(v, typ)
	if err != nil {
		return v, err
	}
	return w, nil
}

// members are the elements of the right side; literal tells those that the statement spells out.
func (c *compiler) members(n *node, tuples bool) (list []any, literal bool, err error) {
	switch {
	case n.kind == nodeName:
		if e, ok := c.ctes[n.text]; ok && e.query != nil {
			list, err = c.queried(e.query, e.scope)
			return list, false, err
		}
		if _, ok := c.scope.names[n.text]; !ok && c.db != nil {
			if t, err := c.db.find(c.qualified(n.text)); err == nil && len(t.Columns) > 0 { // x IN table
				list, err = c.queried(&selection{items: []item{{expr: &node{kind: nodeStar}}}, from: &source{table: n.text}}, c.ctes)
				return list, false, err
			}
		}
	case n.query != nil:
		list, err = c.queried(n.query, c.ctes)
		return list, false, err
	}
	if n.kind == nodeCall && n.text == "tuple" {
		for _, a := range n.args {
			v, err := c.constant(a)
			if err != nil {
				return nil, true, err
			}
			list = append(list, v)
		}
		if tuples && len(list) > 0 {
			if _, nested := list[0].([]any); !nested { // (a, b) IN (1, 2)
				list = []any{list}
			}
		}
		return list, true, nil
	}
	v, err := c.constant(n)
	if err != nil {
		return nil, true, err
	}
	if list, ok := v.([]any); ok {
		return list, true, nil
	}
	return []any{v}, true, nil
}

func (s *session) qualified(table string) string {
	if strings.Contains(table, ".") {
		return table
	}
	return s.database + "." + table
}

func (c *compiler) queried(query *selection, ctes map[string]*binding) ([]any, error) {
	r, err := c.answer(query, ctes)
	if err != nil {
		return nil, err
	}
	all := make([]any, 0, len(r.Rows))
	for _, row := range r.Rows {
		if len(row) == 1 {
			all = append(all, row[0])
		} else {
			all = append(all, row)
		}
	}
	return all, nil
}
