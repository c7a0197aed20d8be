package minisql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// baseType strips the wrappers that change how a value is stored, not what it is.
func baseType(t string) string {
	for {
		inner, ok := strings.CutSuffix(t, ")")
		if !ok {
			return t
		}
		switch {
		case strings.HasPrefix(inner, "LowCardinality("):
			t = inner[len("LowCardinality("):]
		case strings.HasPrefix(inner, "Nullable("):
			t = inner[len("Nullable("):]
		case strings.HasPrefix(inner, "SimpleAggregateFunction("):
			args := typeArgs(t)
			t = args[len(args)-1]
		default:
			return t
		}
	}
}

// typeArgs are the arguments of Array(..), Map(.., ..) and their like.
func typeArgs(t string) []string {
	open := strings.IndexByte(t, '(')
	if open < 0 {
		return nil
	}
	var all []string
	depth, start := 0, open+1
	for i := open + 1; i < len(t); i++ {
		switch {
		case t[i] == '(':
			depth++
		case t[i] == ')' && depth > 0:
			depth--
		case t[i] == ')' || t[i] == ',' && depth == 0:
			all = append(all, strings.TrimSpace(t[start:i]))
			start = i + 1
		}
	}
	return all
}

func isNullable(t string) bool {
	return strings.HasPrefix(t, "Nullable(") || strings.HasPrefix(t, "LowCardinality(Nullable(")
}

// nullable is the type that also holds NULL. Arrays, maps and tuples cannot.
func nullable(t string) string {
	inner, low := strings.CutPrefix(t, "LowCardinality(")
	switch {
	case t == "" || isNullable(t) || isComposite(t):
		return t
	case low:
		return "LowCardinality(Nullable(" + inner + ")"
	}
	return "Nullable(" + t + ")"
}

func isComposite(t string) bool {
	t = baseType(t)
	return strings.HasPrefix(t, "Array(") || strings.HasPrefix(t, "Map(") || strings.HasPrefix(t, "Tuple(")
}

func isText(t string) bool {
	t = baseType(t)
	return t == "String" || t == "UUID" || strings.HasPrefix(t, "FixedString") || strings.HasPrefix(t, "Enum")
}

func isDate(t string) bool { return strings.HasPrefix(baseType(t), "Date") }

// bits is the width of an integer type; zero is for every other type.
func bits(t string) (width int, signed bool) {
	rest, unsigned := strings.CutPrefix(t, "UInt")
	if !unsigned {
		if rest, signed = strings.CutPrefix(t, "Int"); !signed {
			if t == "Bool" {
				return 8, false
			}
			return 0, false
		}
	}
	width, err := strconv.Atoi(rest)
	if err != nil {
		return 0, false
	}
	return width, signed
}

func isNumber(t string) bool {
	t = baseType(t)
	width, _ := bits(t)
	return width > 0 || strings.HasPrefix(t, "Float") || strings.HasPrefix(t, "Decimal")
}

// supertype is the narrowest type that holds both; ok is false where ClickHouse knows none.
func supertype(a, b string) (t string, ok bool) {
	if a == b || b == "" {
		return a, true
	}
	x, y := baseType(a), baseType(b)
	switch {
	case x == "Nothing" && y == "Nothing":
		return a, true
	case x == "Nothing":
		t, ok = b, true
	case y == "Nothing":
		t, ok = a, true
	case x == y:
		t, ok = x, true
	default:
		t, ok = widened(x, y)
	}
	if ok && (isNullable(a) || isNullable(b)) {
		t = nullable(t)
	}
	return t, ok
}

func widened(x, y string) (string, bool) {
	switch {
	case isNumber(x) && isNumber(y):
		return widerNumber(x, y), true
	case isText(x) && isText(y):
		return "String", true
	case isDate(x) && isDate(y):
		if strings.HasPrefix(x, "DateTime64") || strings.HasPrefix(y, "DateTime64") {
			return "DateTime64(9)", true
		}
		return "DateTime", true
	case strings.HasPrefix(x, "Array(") && strings.HasPrefix(y, "Array("):
		inner, ok := supertype(typeArgs(x)[0], typeArgs(y)[0])
		return "Array(" + inner + ")", ok
	case strings.HasPrefix(x, "Map(") && strings.HasPrefix(y, "Map(") && len(typeArgs(x)) == 2 && len(typeArgs(y)) == 2:
		k, ok1 := supertype(typeArgs(x)[0], typeArgs(y)[0])
		v, ok2 := supertype(typeArgs(x)[1], typeArgs(y)[1])
		return "Map(" + k + ", " + v + ")", ok1 && ok2
	}
	return x, false
}

func widerNumber(x, y string) string {
	w1, s1 := bits(x)
	w2, s2 := bits(y)
	switch {
	case w1 == 0 || w2 == 0:
		return "Float64"
	case s1 == s2 && s1:
		return fmt.Sprintf("Int%d", max(w1, w2))
	case s1 == s2:
		return fmt.Sprintf("UInt%d", max(w1, w2))
	case s1:
		return fmt.Sprintf("Int%d", min(64, max(w1, 2*w2)))
	}
	return fmt.Sprintf("Int%d", min(64, max(2*w1, w2)))
}

// common is the supertype of all, or the first where there is none.
func common(types []string) (t string, ok bool) {
	ok = true
	for i, other := range types {
		if i == 0 {
			t = other
			continue
		}
		if t, ok = supertype(t, other); !ok {
			return types[0], false
		}
	}
	return t, ok
}

// zero is the default value of a type.
func zero(typ string) any {
	t := baseType(typ)
	width, signed := bits(t)
	switch {
	case isNullable(typ):
		return nil
	case t == "Bool":
		return false
	case signed:
		return int64(0)
	case width > 0:
		return uint64(0)
	case isNumber(t):
		return 0.0
	case strings.HasPrefix(t, "Map("):
		return map[string]any{}
	case strings.HasPrefix(t, "Array("):
		return []any{}
	case strings.HasPrefix(t, "Tuple("):
		all := []any{}
		for _, arg := range typeArgs(t) {
			all = append(all, zero(arg))
		}
		return all
	case isDate(t):
		return time.Unix(0, 0).UTC()
	}
	return ""
}

// conform turns a number into the Go type that its column has, as where an integer stands for a float.
func conform(v any, typ string) any {
	switch v.(type) {
	case uint64, int64, float64, bool:
		if !isNumber(typ) {
			return v
		}
		if w, err := convert(v, typ); err == nil {
			return w
		}
	}
	return v
}
