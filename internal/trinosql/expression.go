package trinosql

import (
	"fmt"
	"regexp"
	"strings"
)

// eval gives the value of an expression; nil is NULL.
func (n *node) eval(r Row) any {
	switch n.kind {
	case nodeLiteral:
		return n.value
	case nodeName:
		v, ok := r[n.text]
		if !ok {
			complain("COLUMN_NOT_FOUND", "Column '"+n.text+"' cannot be resolved")
		}
		return v
	case nodeCast:
		return cast(n.args[0].eval(r), n.text, n.value == true)
	}
	return n.call(r)
}

func (n *node) call(r Row) any {
	switch n.text {
	case "and", "or":
		return logic(n.text, n.args[0].eval(r), n.args[1].eval(r))
	case "isnull":
		return n.args[0].eval(r) == nil
	case "coalesce":
		for _, a := range n.args {
			if v := a.eval(r); v != nil {
				return v
			}
		}
		return nil
	case "in":
		return among(n.args[0].eval(r), n.args[1:], r)
	}
	args := make([]any, len(n.args))
	for i, a := range n.args {
		if args[i] = a.eval(r); args[i] == nil {
			return nil
		}
	}
	return apply(n.text, args)
}

// logic is AND and OR over three values.
func logic(op string, a, b any) any {
	decides := op == "or" // true decides OR, false decides AND
	switch {
	case a == decides || b == decides:
		return decides
	case a == nil || b == nil:
		return nil
	}
	return !decides
}

func among(v any, list []*node, r Row) any {
	unknown := v == nil
	for _, n := range list {
		x := n.eval(r)
		if x == nil || v == nil {
			unknown = true
		} else if compare(v, x) == 0 {
			return true
		}
	}
	if unknown {
		return nil
	}
	return false
}

// apply calls a function none of whose values is NULL.
func apply(name string, args []any) any {
	switch {
	case len(args) == 1:
		return apply1(name, args[0])
	case len(args) == 2:
		return apply2(name, args[0], args[1])
	}
	return unknownFunction(name, len(args))
}

func unknownFunction(name string, n int) any {
	unread("FUNCTION_NOT_FOUND", fmt.Sprintf("Function '%s' with %d arguments not registered", name, n))
	return nil
}

func apply1(name string, v any) any {
	switch name {
	case "not":
		return v != true
	case "lower":
		return strings.ToLower(textOf(v))
	case "upper":
		return strings.ToUpper(textOf(v))
	case "try", "json_format": // JSON is text here
		return v
	case "map_values":
		var all []any
		for _, x := range mapOf(v) {
			all = append(all, x)
		}
		return all
	case "from_iso8601_timestamp_nanos":
		return parseTime(textOf(v), true)
	}
	return unknownFunction(name, 1)
}

func apply2(name string, a, b any) any {
	switch name {
	case "=":
		return compare(a, b) == 0
	case "<>", "!=":
		return compare(a, b) != 0
	case "<":
		return compare(a, b) < 0
	case "<=":
		return compare(a, b) <= 0
	case ">":
		return compare(a, b) > 0
	case ">=":
		return compare(a, b) >= 0
	case "like":
		return like(textOf(a), textOf(b))
	case "strpos":
		return int64(strings.Index(textOf(a), textOf(b)) + 1)
	case "regexp_like":
		pattern, err := regexp.Compile(textOf(b))
		if err != nil {
			complain("INVALID_FUNCTION_ARGUMENT", err.Error())
		}
		return pattern.MatchString(textOf(a))
	case "element_at":
		return mapOf(a)[textOf(b)]
	case "contains":
		list, _ := a.([]any)
		for _, x := range list {
			if x != nil && compare(x, b) == 0 {
				return true
			}
		}
		return false
	}
	return unknownFunction(name, 2)
}

// like matches % and _; there is no escape without ESCAPE.
func like(text, pattern string) bool {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for _, r := range pattern {
		switch r {
		case '%':
			b.WriteString(`.*`)
		case '_':
			b.WriteString(`.`)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(b.String() + `$`).MatchString(text)
}
