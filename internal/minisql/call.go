package minisql

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

func (c *compiler) call(n *node) (eval, string, error) {
	name := strings.ToLower(n.text)
	switch name {
	case "and", "or":
		return c.logic(n, name == "or")
	case "in", "notin", "globalin", "globalnotin", "notglobalin":
		return c.in(n)
	case "if", "multiif":
		return c.branch(n)
	case "arrayjoin":
		if i, ok := c.scope.names[hidden(n)]; ok {
			return c.column(n.title(), i)
		}
		return nil, "", fail(36, "arrayJoin is not allowed here")
	case "currentdatabase":
		name := c.database
		return func(*frame) (any, error) { return name, nil }, "String", nil
	case "sleep", "sleepeachrow":
		return func(*frame) (any, error) { return uint64(0), c.ctx.Err() }, "UInt8", nil
	case "totypename":
		if len(n.args) == 1 {
			_, typ, err := c.compile(n.args[0])
			return func(*frame) (any, error) { return typ, nil }, "String", err
		}
	}
	if len(n.args) > 0 && n.args[0].kind == nodeLambda {
		return c.lambda(n)
	}
	if holds, ok := comparators[name]; ok && len(n.args) == 2 {
		return c.comparison(n, holds)
	}
	if spec, ok := aggregates[name]; ok {
		return c.aggregate(n, spec)
	}
	f, ok := functions[name]
	if !ok {
		return nil, "", fail(46, "Function with name `%s` does not exist", n.text)
	}
	return c.plain(n, f)
}

// nullAware functions see NULL; all others answer NULL where an argument is.
var nullAware = map[string]bool{
	"isnull": true, "isnotnull": true, "coalesce": true, "ifnull": true, "nullif": true, "assumenotnull": true, "tuple": true,
	"array": true, "map": true, "materialize": true, "identity": true, "ignore": true, "cast": true,
	"touint64ornull": true, "tofloat64ornull": true, "toint64ornull": true, "cityhash64": true,
}

// plain compiles a call of an ordinary function.
func (c *compiler) plain(n *node, f function) (eval, string, error) {
	args, types, err := c.all(n.args)
	if err != nil {
		return nil, "", err
	}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, "", fail(42, "Number of arguments for function %s doesn't match: passed %d", n.text, len(args))
	}
	typ := f.result(types, n)
	nulls := !nullAware[strings.ToLower(n.text)] && slices.ContainsFunc(types, isNullable)
	if nulls {
		typ = nullable(typ)
	}
	run := f.run
	switch {
	case f.prepare != nil:
		return c.prepared(f, n, args, typ)
	case f.typed != nil:
		run = f.typed(types)
	}
	return func(fr *frame) (any, error) {
		vs := make([]any, len(args))
		for i, a := range args {
			v, err := a(fr)
			if err != nil || v == nil && nulls {
				return nil, err
			}
			vs[i] = v
		}
		return run(vs)
	}, typ, nil
}

// prepared lets a function look at its constant second argument once, such as a pattern.
func (c *compiler) prepared(f function, n *node, args []eval, typ string) (eval, string, error) {
	if len(args) != 2 {
		return nil, "", fail(42, "Number of arguments for function %s doesn't match: passed %d", n.text, len(args))
	}
	if last, ok := c.known(n.args[1]); ok {
		run, err := f.prepare(last)
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

// logic stops at the first argument that decides.
func (c *compiler) logic(n *node, decides bool) (eval, string, error) {
	args, types, err := c.all(n.args)
	if err != nil {
		return nil, "", err
	}
	typ := "UInt8"
	for _, t := range types {
		if isText(t) || isComposite(t) || isDate(t) {
			return nil, "", fail(43, "Illegal type (%s) of an argument of function %s", t, n.text)
		}
		if isNullable(t) {
			typ = "Nullable(UInt8)"
		}
	}
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
	}, typ, nil
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
		return nil, "", fail(42, "Number of arguments for function %s doesn't match: passed %d", n.text, len(args))
	}
	results := []string{types[len(types)-1]}
	for i := 1; i < len(types); i += 2 {
		results = append(results, types[i])
	}
	typ, ok := common(results)
	if !ok {
		return nil, "", fail(386, "There is no supertype for types %s", strings.Join(results, ", "))
	}
	return func(f *frame) (any, error) {
		at := len(args) - 1
		for i := 0; i+1 < len(args); i += 2 {
			v, err := args[i](f)
			if err != nil {
				return nil, err
			}
			if yes(v) {
				at = i + 1
				break
			}
		}
		v, err := args[at](f)
		return conform(v, typ), err
	}, typ, nil
}

var comparators = map[string]func(int) bool{
	"equals":          func(n int) bool { return n == 0 },
	"notequals":       func(n int) bool { return n != 0 },
	"less":            func(n int) bool { return n < 0 },
	"greater":         func(n int) bool { return n == 1 },
	"lessorequals":    func(n int) bool { return n <= 0 },
	"greaterorequals": func(n int) bool { return n == 0 || n == 1 },
}

// unordered is how a number compares with NaN: it is neither less, nor equal, nor greater.
const unordered = 2

// comparison compiles =, < and their like. Constants are read as the type of the other side, once.
func (c *compiler) comparison(n *node, holds func(int) bool) (eval, string, error) {
	a, b := n.args[0], n.args[1]
	l, lt, err := c.compile(a)
	if err != nil {
		return nil, "", err
	}
	r, rt, err := c.compile(b)
	if err != nil {
		return nil, "", err
	}
	lv, lok := c.known(a)
	rv, rok := c.known(b)
	switch {
	case rok:
		if rv, err = alike(rv, rt, lt); err != nil {
			return nil, "", err
		}
		r = func(*frame) (any, error) { return rv, nil }
	case lok:
		if lv, err = alike(lv, lt, rt); err != nil {
			return nil, "", err
		}
		l = func(*frame) (any, error) { return lv, nil }
	}
	typ := "UInt8"
	if isNullable(lt) || isNullable(rt) {
		typ = "Nullable(UInt8)"
	}
	if a.kind == nodeCall && a.text == "tuple" && rok && c.group == nil {
		if list, ok := rv.([]any); ok && len(list) == len(a.args) {
			parts, _, err := c.all(a.args)
			return keyset(parts, list, holds), typ, err
		}
	}
	return func(f *frame) (any, error) {
		x, err := l(f)
		if err != nil {
			return nil, err
		}
		y, err := r(f)
		if err != nil || x == nil || y == nil {
			return nil, err
		}
		return compared(x, y, holds)
	}, typ, nil
}

func compared(x, y any, holds func(int) bool) (any, error) {
	switch x := x.(type) {
	case uint64:
		if y, ok := y.(uint64); ok {
			return flag(holds(cmp.Compare(x, y))), nil
		}
	case string:
		if y, ok := y.(string); ok {
			return flag(holds(cmp.Compare(unpadded(x), unpadded(y)))), nil
		}
	case time.Time:
		if y, ok := y.(time.Time); ok {
			return flag(holds(x.Compare(y))), nil
		}
	}
	if nan(x) || nan(y) {
		return flag(holds(unordered)), nil
	}
	n, ok := compare(x, y)
	if !ok {
		return nil, fail(386, "There is no supertype for %T and %T", x, y)
	}
	return flag(holds(n)), nil
}

// keyset compares a row with a constant tuple without making a tuple of the row.
func keyset(parts []eval, list []any, holds func(int) bool) eval {
	return func(f *frame) (any, error) {
		for i, part := range parts {
			v, err := part(f)
			if err != nil || v == nil || list[i] == nil {
				return nil, err
			}
			n, ok := compare(v, list[i])
			if !ok {
				return nil, fail(386, "There is no supertype for %T and %T", v, list[i])
			}
			if n != 0 {
				return flag(holds(n)), nil
			}
		}
		return flag(holds(0)), nil
	}
}

// alike reads a constant as the type that it is compared with: '2026-01-02' as a date, '12' as a number.
func alike(v any, from, to string) (any, error) {
	switch {
	case v == nil || to == "" || baseType(from) == baseType(to):
		return v, nil
	case strings.HasPrefix(to, "Tuple("):
		list, ok := v.([]any)
		args, froms := typeArgs(to), typeArgs(from)
		if !ok || len(list) != len(args) || len(froms) != len(args) {
			return v, nil
		}
		out := make([]any, len(list))
		for i := range list {
			var err error
			if out[i], err = alike(list[i], froms[i], args[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case isText(to) && isNumber(from):
		return nil, fail(386, "There is no supertype for types %s, %s because some of them are String/FixedString/Enum and some of them are not", to, from)
	case isText(from) && (isNumber(to) || isDate(to)):
		w, err := convert(v, to)
		if err != nil {
			return nil, fail(53, "Cannot convert string '%v' to type %s", v, to)
		}
		return w, nil
	}
	return v, nil
}
