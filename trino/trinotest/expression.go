package trinotest

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// row is the values of the columns by their names in lower case.
type row map[string]any

// eval gives the value of an expression; nil is NULL.
func (n *node) eval(r row) any {
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

func (n *node) call(r row) any {
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

func among(v any, list []*node, r row) any {
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
	case "try":
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

// compare orders two values of one type, numbers of any.
func compare(a, b any) int {
	if x, ok := floatOf(a); ok {
		if y, ok := floatOf(b); ok {
			if i, ok := a.(int64); ok {
				if j, ok := b.(int64); ok {
					return cmp.Compare(i, j)
				}
			}
			return cmp.Compare(x, y)
		}
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	case []byte:
		if y, ok := b.([]byte); ok {
			return bytes.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(textOf(x), textOf(y))
		}
	}
	complain("TYPE_MISMATCH", fmt.Sprintf("Cannot apply operator: %s and %s", kindOf(a), kindOf(b)))
	return 0
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "varchar"
	case int64:
		return "bigint"
	case float64:
		return "double"
	case bool:
		return "boolean"
	case time.Time:
		return "timestamp"
	}
	return fmt.Sprintf("%T", v)
}

func floatOf(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return timeText(v, "timestamp(6)")
	}
	return fmt.Sprint(v)
}

func mapOf(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = x
		}
		return out
	}
	complain("TYPE_MISMATCH", "not a map")
	return nil
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

// cast converts a value; try makes NULL of what cannot be.
func cast(v any, typ string, try bool) any {
	if v == nil {
		return nil
	}
	out, ok := converted(v, typ)
	if !ok && !try {
		complain("INVALID_CAST_ARGUMENT", fmt.Sprintf("Cannot cast '%s' to %s", textOf(v), typ))
	}
	if !ok {
		return nil
	}
	return out
}

func converted(v any, typ string) (any, bool) {
	base, _, _ := strings.Cut(typ, "(")
	switch strings.TrimSpace(base) {
	case "varchar", "char", "json":
		return textOf(v), true
	case "integer", "bigint", "smallint", "tinyint":
		if f, ok := v.(float64); ok {
			return int64(f), true
		}
		n, err := strconv.ParseInt(textOf(v), 10, 64)
		return n, err == nil
	case "double", "real":
		f, err := strconv.ParseFloat(textOf(v), 64)
		return f, err == nil
	case "boolean":
		b, err := strconv.ParseBool(textOf(v))
		return b, err == nil
	case "timestamp", "date":
		if t, ok := v.(time.Time); ok {
			return t, true
		}
		t := parseTime(textOf(v), false)
		return t, t != nil
	}
	return nil, false
}

// parseTime reads the forms of literals and, with iso, those of ISO 8601; nil for another text.
func parseTime(text string, iso bool) any {
	layouts := []string{"2006-01-02 15:04:05.999999999 Z07:00", "2006-01-02 15:04:05.999999999 MST", "2006-01-02 15:04:05.999999999", "2006-01-02"}
	if iso {
		layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return nil
}

// typedLiteral is TIMESTAMP '…' and the like.
func typedLiteral(word, text string) any {
	switch word {
	case "X":
		b, err := hex.DecodeString(text)
		if err == nil {
			return b
		}
	case "DOUBLE", "REAL":
		f, err := strconv.ParseFloat(text, 64)
		if err == nil {
			return f
		}
	default:
		if t := parseTime(text, false); t != nil {
			return t
		}
	}
	complain("INVALID_LITERAL", "'"+text+"' is not a valid "+strings.ToLower(word)+" literal")
	return nil
}
