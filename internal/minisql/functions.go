package minisql

import (
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"
)

// function is one function over values. prepare, where it is set, looks at the last of two arguments once; typed replaces run where the
// types of the arguments matter.
type function struct {
	least, most int
	result      func(types []string, n *node) string
	run         func(args []any) (any, error)
	prepare     func(last any) (func(any) (any, error), error)
	typed       func(types []string) func(args []any) (any, error) // run, made for the types of the arguments
}

func is(typ string) func([]string, *node) string { return func([]string, *node) string { return typ } }

func first(types []string, _ *node) string {
	if len(types) == 0 {
		return "String"
	}
	return types[0]
}

// element is the type of an array's elements or a map's values.
func element(types []string, _ *node) string {
	args := typeArgs(baseType(first(types, nil)))
	if len(args) == 0 || args[len(args)-1] == "" {
		return "String"
	}
	return args[len(args)-1]
}

func widest(types []string, _ *node) string {
	t, _ := common(types)
	return t
}

func arrayOf(types []string, _ *node) string {
	if len(types) == 0 {
		return "Array(Nothing)"
	}
	return "Array(" + widest(types, nil) + ")"
}

// numeric is the type of a sum or product: the widest of its kind.
func numeric(types []string, n *node) string {
	t := "UInt64"
	if n != nil && n.text == "minus" {
		t = "Int64"
	}
	dates := 0
	for _, arg := range types {
		b := baseType(arg)
		switch {
		case isDate(b):
			dates++
			if b == "Date" {
				b = "DateTime"
			}
			t = b
		case dates > 0:
		case strings.HasPrefix(b, "Float"), strings.HasPrefix(b, "Decimal"):
			t = "Float64"
		case strings.HasPrefix(b, "Int") && t != "Float64":
			t = "Int64"
		}
	}
	if dates > 1 {
		return "Int64"
	}
	return t
}

// functions by their name in lower case. The files named functions_* fill it.
var functions = merge(comparisonFunctions, numberFunctions, textFunctions, jsonFunctions, timeFunctions, collectionFunctions)

func merge(all ...map[string]function) map[string]function {
	out := map[string]function{}
	for _, m := range all {
		for name, f := range m {
			out[strings.ToLower(name)] = f
		}
	}
	return out
}

func nan(v any) bool {
	f, ok := v.(float64)
	return ok && math.IsNaN(f)
}

var comparisonFunctions = map[string]function{
	"not": {1, 1, is("UInt8"), func(a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		b, _ := truth(a[0])
		return flag(!b), nil
	}, nil, nil},
	"isNull":    {1, 1, is("UInt8"), func(a []any) (any, error) { return flag(a[0] == nil), nil }, nil, nil},
	"isNotNull": {1, 1, is("UInt8"), func(a []any) (any, error) { return flag(a[0] != nil), nil }, nil, nil},
	"isNaN":     {1, 1, is("UInt8"), func(a []any) (any, error) { return flag(nan(a[0])), nil }, nil, nil},
	"isFinite": {1, 1, is("UInt8"), func(a []any) (any, error) {
		f, ok := asFloat(a[0])
		return flag(ok && !math.IsNaN(f) && !math.IsInf(f, 0)), nil
	}, nil, nil},
	"coalesce": {1, -1, func(t []string, _ *node) string {
		typ := widest(t, nil)
		if slices.ContainsFunc(t, func(t string) bool { return !isNullable(t) }) {
			return notNull(typ)
		}
		return typ
	}, func(a []any) (any, error) {
		for _, v := range a {
			if v != nil {
				return v, nil
			}
		}
		return nil, nil
	}, nil, nil},
	"ifNull": {2, 2, func(t []string, _ *node) string {
		typ, _ := supertype(notNull(t[0]), t[1])
		return typ
	}, func(a []any) (any, error) {
		if a[0] == nil {
			return a[1], nil
		}
		return a[0], nil
	}, nil, nil},
	"nullIf": {2, 2, func(t []string, _ *node) string { return "Nullable(" + baseType(t[0]) + ")" }, func(a []any) (any, error) {
		if n, ok := compare(a[0], a[1]); ok && n == 0 {
			return nil, nil
		}
		return a[0], nil
	}, nil, nil},
	"assumeNotNull":   {1, 1, func(t []string, _ *node) string { return baseType(t[0]) }, identity, nil, nil},
	"materialize":     {1, 1, first, identity, nil, nil},
	"identity":        {1, 1, first, identity, nil, nil},
	"ignore":          {0, -1, is("UInt8"), func([]any) (any, error) { return uint64(0), nil }, nil, nil},
	"version":         {0, 0, is("String"), func([]any) (any, error) { return "26.7.2.1", nil }, nil, nil},
	"currentUser":     {0, 0, is("String"), func([]any) (any, error) { return "default", nil }, nil, nil},
	"currentDatabase": {0, 0, is("String"), func([]any) (any, error) { return "default", nil }, nil, nil},
	"hostName":        {0, 0, is("String"), func([]any) (any, error) { return "localhost", nil }, nil, nil},
	"timezone":        {0, 0, is("String"), func([]any) (any, error) { return "UTC", nil }, nil, nil},
	"getSetting": {1, 1, is("String"), func(a []any) (any, error) {
		return nil, fail(115, "Unknown setting '%s'", text(a[0]))
	}, nil, nil},
	"sleep":        {1, 1, is("UInt8"), func([]any) (any, error) { return uint64(0), nil }, nil, nil},
	"sleepEachRow": {1, 1, is("UInt8"), func([]any) (any, error) { return uint64(0), nil }, nil, nil},
	"cityHash64": {1, -1, is("UInt64"), func(a []any) (any, error) {
		h := fnv.New64a()
		for _, v := range a {
			_, _ = h.Write([]byte(text(v)))
		}
		return h.Sum64(), nil
	}, nil, nil},
}

// difference is arithmetic whose integers are signed.
func difference(ints func(a, b int64) int64, floats func(a, b float64) float64) function {
	f := arithmetic(ints, floats)
	plain := f.run
	f.run = func(a []any) (any, error) {
		v, err := plain(a)
		if n, ok := v.(uint64); ok {
			return int64(n), err
		}
		return v, err
	}
	return f
}

func identity(a []any) (any, error) { return a[0], nil }

func arithmetic(ints func(a, b int64) int64, floats func(a, b float64) float64) function {
	return function{least: 2, most: 2, result: numeric, run: func(a []any) (any, error) {
		if a[0] == nil || a[1] == nil {
			return nil, nil
		}
		if at, ok := a[0].(time.Time); ok {
			return shifted(at, a[1], ints(0, 1))
		}
		if at, ok := a[1].(time.Time); ok && ints(0, 1) == 1 { // INTERVAL + instant
			return shifted(at, a[0], 1)
		}
		x, xi := whole(a[0])
		y, yi := whole(a[1])
		if xi && yi {
			return integer(ints(x, y), a[0], a[1]), nil
		}
		f, ok1 := asFloat(a[0])
		g, ok2 := asFloat(a[1])
		if !ok1 || !ok2 {
			return nil, fail(43, "Illegal types %T and %T of arguments of arithmetic", a[0], a[1])
		}
		return floats(f, g), nil
	}}
}

// shifted adds or takes away seconds, or another instant.
func shifted(at time.Time, by any, sign int64) (any, error) {
	switch x := by.(type) {
	case span:
		return x.times(sign).after(at), nil
	case time.Time:
		return int64(at.Sub(x) / time.Second), nil
	}
	f, ok := asFloat(by)
	if !ok {
		return nil, fail(43, "Illegal type %T to add to a date", by)
	}
	return at.Add(time.Duration(sign) * time.Duration(f*1e9)), nil
}

func whole(v any) (int64, bool) {
	switch x := v.(type) {
	case uint64:
		return int64(x), true
	case int64:
		return x, true
	case bool:
		if x {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// integer keeps an unsigned result unsigned, as long as nothing signed took part and it did not go below zero.
func integer(n int64, a, b any) any {
	_, s1 := a.(int64)
	_, s2 := b.(int64)
	if s1 || s2 || n < 0 {
		return n
	}
	return uint64(n)
}

func float1(f func(float64) float64) function {
	return function{least: 1, most: 2, result: first, run: func(a []any) (any, error) {
		if x, ok := a[0].(float64); ok {
			scale := 1.0
			if len(a) == 2 {
				n, _ := asFloat(a[1])
				scale = math.Pow(10, n)
			}
			return f(x*scale) / scale, nil
		}
		return a[0], nil
	}}
}

var numberFunctions = map[string]function{
	"plus":     arithmetic(func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b }),
	"minus":    difference(func(a, b int64) int64 { return a - b }, func(a, b float64) float64 { return a - b }),
	"multiply": arithmetic(func(a, b int64) int64 { return a * b }, func(a, b float64) float64 { return a * b }),
	"divide": {2, 2, is("Float64"), func(a []any) (any, error) {
		x, ok1 := asFloat(a[0])
		y, ok2 := asFloat(a[1])
		if !ok1 || !ok2 {
			return nil, nil
		}
		return x / y, nil
	}, nil, nil},
	"intDiv": division(func(a, b int64) int64 { return a / b }), "modulo": division(func(a, b int64) int64 { return a % b }),
	"negate": {1, 1, func(t []string, _ *node) string {
		if strings.HasPrefix(baseType(t[0]), "Float") {
			return "Float64"
		}
		return "Int64"
	}, func(a []any) (any, error) {
		if n, ok := whole(a[0]); ok {
			return -n, nil
		}
		f, _ := asFloat(a[0])
		return -f, nil
	}, nil, nil},
	"abs": {1, 1, func(t []string, _ *node) string {
		if b := baseType(t[0]); strings.HasPrefix(b, "Int") {
			return "U" + b
		}
		return first(t, nil)
	}, func(a []any) (any, error) {
		if n, ok := a[0].(int64); ok {
			return uint64(max(n, -n)), nil
		}
		if f, ok := a[0].(float64); ok {
			return math.Abs(f), nil
		}
		return a[0], nil
	}, nil, nil},
	"least": extreme(-1), "greatest": extreme(1), "min2": extreme(-1), "max2": extreme(1),
	"round": float1(math.RoundToEven), "floor": float1(math.Floor), "ceil": float1(math.Ceil),
	"sqrt":     {1, 1, is("Float64"), func(a []any) (any, error) { f, _ := asFloat(a[0]); return math.Sqrt(f), nil }, nil, nil},
	"log":      {1, 1, is("Float64"), func(a []any) (any, error) { f, _ := asFloat(a[0]); return math.Log(f), nil }, nil, nil},
	"toUInt64": cast("UInt64"), "toUInt32": cast("UInt32"), "toUInt16": cast("UInt16"), "toUInt8": cast("UInt8"),
	"toInt64": cast("Int64"), "toInt32": cast("Int32"), "toInt16": cast("Int16"), "toInt8": cast("Int8"),
	"toFloat64": cast("Float64"), "toFloat32": cast("Float32"), "toString": {least: 1, most: 1, result: is("String"), typed: writes}, "toBool": cast("Bool"),
	"toUInt64OrZero": castOr("UInt64", uint64(0)), "toInt64OrZero": castOr("Int64", int64(0)), "toFloat64OrZero": castOr("Float64", 0.0),
	"toUInt64OrNull": castOr("Nullable(UInt64)", nil), "toFloat64OrNull": castOr("Nullable(Float64)", nil),
	"toFixedString": {2, 2, func(_ []string, n *node) string { return "FixedString(" + n.args[1].title() + ")" }, fixedString, nil, nil},
	"CAST": {2, 2, func(_ []string, n *node) string { s, _ := n.args[1].value.(string); return s }, func(a []any) (any, error) {
		return convert(a[0], text(a[1]))
	}, nil, castTyped},
}

// writes is toString by the type of what is written.
func writes(types []string) func([]any) (any, error) {
	write := textOf(types[0])
	return func(a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		return write(a[0]), nil
	}
}

func castTyped(types []string) func([]any) (any, error) {
	write := textOf(types[0])
	return func(a []any) (any, error) {
		to := text(a[1])
		if a[0] == nil && !isNullable(to) {
			return nil, fail(349, "Cannot convert NULL value to non-Nullable type")
		}
		if _, ok := a[0].(time.Time); ok && isText(to) {
			return write(a[0]), nil
		}
		return convert(a[0], to)
	}
}

// fixedString pads a text with zeros to its width.
func fixedString(a []any) (any, error) {
	s := text(a[0])
	n, ok := whole(a[1])
	if !ok || n < 1 || n > 1<<20 || len(s) > int(n) {
		return nil, fail(131, "String too long for type FixedString(%v)", a[1])
	}
	return s + strings.Repeat("\x00", int(n)-len(s)), nil
}

func cast(typ string) function {
	return function{least: 1, most: 1, result: is(typ), run: func(a []any) (any, error) { return convert(a[0], typ) }}
}

func castOr(typ string, other any) function {
	return function{least: 1, most: 1, result: is(typ), run: func(a []any) (any, error) {
		v, err := convert(a[0], typ)
		if err != nil {
			return other, nil //nolint:nilerr // that is what the function is for
		}
		return v, nil
	}}
}

func division(f func(a, b int64) int64) function {
	return function{least: 2, most: 2, result: numeric, run: func(a []any) (any, error) {
		x, ok1 := whole(a[0])
		y, ok2 := whole(a[1])
		if !ok1 || !ok2 {
			p, ok1 := asFloat(a[0])
			q, ok2 := asFloat(a[1])
			if !ok1 || !ok2 {
				return nil, fail(43, "Illegal types %T and %T of arguments of a division", a[0], a[1])
			}
			if f(1, 2) == 1 { // modulo
				return math.Mod(p, q), nil
			}
			x, y = int64(p), int64(q)
		}
		if y == -1 && x == math.MinInt64 {
			return x, nil
		}
		if y == 0 {
			return nil, fail(153, "Division by zero")
		}
		return integer(f(x, y), a[0], a[1]), nil
	}}
}

func extreme(sign int) function {
	return function{least: 1, most: -1, result: widest, run: func(a []any) (any, error) {
		best := a[0]
		for _, v := range a[1:] {
			if n, _ := compare(v, best); n*sign > 0 {
				best = v
			}
		}
		return best, nil
	}}
}
