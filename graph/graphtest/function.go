package graphtest

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// function is one that a statement may call. Null for what is no argument of it is the custom of most.
type function func(e *evaluation, args []any) (any, error)

// on makes a function of one argument of a type; of anything else its value is null.
func on[T any](f func(T) any) function {
	return func(_ *evaluation, args []any) (any, error) {
		if len(args) != 1 {
			return nil, failure(CodeSyntax, "Insufficient parameters, or too many, for a function of one")
		}
		v, ok := args[0].(T)
		if !ok {
			return nil, nil
		}
		return f(v), nil
	}
}

func texts(words []string) []any {
	list := make([]any, len(words))
	for i, w := range words {
		list[i] = w
	}
	return list
}

var functions = map[string]function{
	"coalesce": func(_ *evaluation, args []any) (any, error) {
		for _, v := range args {
			if v != nil {
				return v, nil
			}
		}
		return nil, nil
	},
	"labels":   on(func(n *node) any { return texts(n.labels) }),
	"type":     on(func(r *relationship) any { return r.kind }),
	"tolower":  on(func(s string) any { return strings.ToLower(s) }),
	"toupper":  on(func(s string) any { return strings.ToUpper(s) }),
	"trim":     on(func(s string) any { return strings.TrimSpace(s) }),
	"nodes":    on(func(p *pathValue) any { return anys(p.nodes) }),
	"abs":      on(func(n int64) any { return max(n, -n) }),
	"keys":     keysOf,
	"head":     on(func(list []any) any { v, _ := indexed(list, int64(0)); return v }),
	"last":     on(func(list []any) any { v, _ := indexed(list, int64(-1)); return v }),
	"tail":     on(func(list []any) any { return slices.Clone(list[min(1, len(list)):]) }),
	"reverse":  on(func(list []any) any { c := slices.Clone(list); slices.Reverse(c); return c }),
	"length":   on(func(p *pathValue) any { return int64(len(p.relationships)) }),
	"tostring": on(func(v any) any { return textOf(v) }),

	"relationships": on(func(p *pathValue) any { return anys(p.relationships) }),
	"elementid":     identify(func(n *node) any { return n.elementID() }, func(r *relationship) any { return r.elementID() }),
	"id":            identify(func(n *node) any { return n.id }, func(r *relationship) any { return r.id }),
	"properties": identify(func(n *node) any { return maps.Clone(n.props) },
		func(r *relationship) any { return maps.Clone(r.props) }),
	"startnode": func(e *evaluation, args []any) (any, error) {
		return on(func(r *relationship) any { return e.graph.nodes[r.from] })(e, args)
	},
	"endnode": func(e *evaluation, args []any) (any, error) {
		return on(func(r *relationship) any { return e.graph.nodes[r.to] })(e, args)
	},
	"size": func(e *evaluation, args []any) (any, error) {
		if len(args) == 1 {
			if s, ok := args[0].(string); ok {
				return int64(len([]rune(s))), nil
			}
		}
		return on(func(list []any) any { return int64(len(list)) })(e, args)
	},
	"tointeger": on(func(v any) any {
		switch v := v.(type) {
		case int64:
			return v
		case float64:
			return int64(v)
		case string:
			if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
				return n
			}
		}
		return nil
	}),
	"split": func(_ *evaluation, args []any) (any, error) {
		if len(args) != 2 {
			return nil, failure(CodeSyntax, "split() needs two arguments")
		}
		s, ok := args[0].(string)
		by, also := args[1].(string)
		if !ok || !also {
			return nil, nil
		}
		return texts(strings.Split(s, by)), nil
	},
	"range":     spread,
	"timestamp": func(*evaluation, []any) (any, error) { return time.Now().UnixMilli(), nil },
	"datetime":  func(*evaluation, []any) (any, error) { return time.Now().UTC(), nil },
}

func identify(ofNode func(*node) any, ofRelationship func(*relationship) any) function {
	return func(_ *evaluation, args []any) (any, error) {
		if len(args) == 1 {
			switch v := args[0].(type) {
			case *node:
				return ofNode(v), nil
			case *relationship:
				return ofRelationship(v), nil
			case map[string]any:
				return v, nil
			}
		}
		return nil, nil
	}
}

func keysOf(_ *evaluation, args []any) (any, error) {
	if len(args) != 1 {
		return nil, failure(CodeSyntax, "keys() needs one argument")
	}
	props, ok := propertiesOf(args[0])
	if !ok {
		return nil, nil
	}
	return texts(slices.Sorted(maps.Keys(props))), nil
}

func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

func textOf(v any) any {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return nil
}

// calculate is +, -, *, / and %; + joins texts and lists too.
func calculate(mark string, a, b any) (any, error) {
	if a == nil || b == nil {
		return nil, nil
	}
	if list, ok := a.([]any); ok && mark == "+" {
		if more, ok := b.([]any); ok {
			return slices.Concat(list, more), nil
		}
		return append(slices.Clone(list), b), nil
	}
	_, textA := a.(string)
	_, textB := b.(string)
	if mark == "+" && (textA || textB) {
		x, _ := textOf(a).(string)
		y, _ := textOf(b).(string)
		return x + y, nil
	}
	x, ok := a.(int64)
	y, also := b.(int64)
	if ok && also {
		return whole(mark, x, y)
	}
	p, ok := asFloat(a)
	q, also := asFloat(b)
	if !ok || !also {
		return nil, failure(CodeType, "Cannot calculate %T %s %T", a, mark, b)
	}
	return map[string]float64{"+": p + q, "-": p - q, "*": p * q, "/": p / q, "%": math.Mod(p, q)}[mark], nil
}

func whole(mark string, x, y int64) (any, error) {
	switch mark {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	}
	if y == 0 {
		return nil, failure("Neo.ClientError.Statement.ArithmeticError", "/ by zero")
	}
	if mark == "/" {
		return x / y, nil
	}
	return x % y, nil
}

// aggregates take the values of a group, without nulls.
var aggregates = map[string]func([]any) (any, error){
	"count":   func(values []any) (any, error) { return int64(len(values)), nil },
	"collect": func(values []any) (any, error) { return slices.Concat([]any{}, values), nil },
	"min":     func(values []any) (any, error) { return extreme(values, slices.MinFunc[[]any]), nil },
	"max":     func(values []any) (any, error) { return extreme(values, slices.MaxFunc[[]any]), nil },
	"sum": func(values []any) (any, error) {
		var total any = int64(0)
		for _, v := range values {
			var err error
			if total, err = calculate("+", total, v); err != nil {
				return nil, err
			}
		}
		return total, nil
	},
	"avg": func(values []any) (any, error) {
		total := 0.0
		for _, v := range values {
			f, _ := asFloat(v)
			total += f
		}
		if len(values) == 0 {
			return nil, nil
		}
		return total / float64(len(values)), nil
	},
}

func extreme(values []any, of func([]any, func(a, b any) int) any) any {
	if len(values) == 0 {
		return nil
	}
	return of(values, order)
}

// spread is range(from, to, step).
func spread(_ *evaluation, args []any) (any, error) {
	numbers := []int64{0, 0, 1}
	if len(args) < 2 || len(args) > len(numbers) {
		return nil, failure(CodeSyntax, "range() needs two or three arguments")
	}
	for i, v := range args {
		n, ok := v.(int64)
		if !ok {
			return nil, failure(CodeType, "Type mismatch: expected Integer but was %T", v)
		}
		numbers[i] = n
	}
	from, to, step := numbers[0], numbers[1], numbers[2]
	if step == 0 {
		return nil, failure("Neo.ClientError.Statement.ArgumentError", "The step of range() cannot be zero")
	}
	list := []any{}
	for i := from; step > 0 && i <= to || step < 0 && i >= to; i += step {
		if len(list) == maxRows {
			return nil, failure(CodeMemoryPool, "graphtest: a range of more than %d", maxRows)
		}
		list = append(list, i)
	}
	return list, nil
}
