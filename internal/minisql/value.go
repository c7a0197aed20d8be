package minisql

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errValue = errors.New("not of that type")

// readValue reads a value in the text form of its type.
func readValue(text, typ string) (any, error) {
	t := baseType(typ)
	switch {
	case t == "String" || strings.HasPrefix(t, "FixedString") || strings.HasPrefix(t, "Enum") || t == "UUID":
		return text, nil
	case strings.HasPrefix(t, "Array") || strings.HasPrefix(t, "Map") || strings.HasPrefix(t, "Tuple"):
		return readCollection(text, t)
	}
	return convert(text, t)
}

func readCollection(text, typ string) (any, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	tokens = mapTokens(tokens)
	p := &parser{tokens: tokens}
	n, err := guarded(p.expr)
	if err != nil || p.peek().kind != tokEnd {
		return nil, errValue
	}
	v, ok := literalValue(n)
	if _, again := v.(string); again || !ok {
		return nil, errValue
	}
	return convertComposite(v, typ)
}

// literalValue is the value of literals, and of arrays, tuples and maps of them.
func literalValue(n *node) (any, bool) {
	if n.kind == nodeLiteral {
		return n.value, true
	}
	if n.kind != nodeCall || n.text != "array" && n.text != "tuple" && n.text != "map" {
		return nil, false
	}
	list := make([]any, len(n.args))
	for i, a := range n.args {
		var ok bool
		if list[i], ok = literalValue(a); !ok {
			return nil, false
		}
	}
	if n.text != "map" {
		return list, true
	}
	m := map[string]any{}
	for i := 0; i+1 < len(list); i += 2 {
		m[text(list[i])] = list[i+1]
	}
	return m, len(list)%2 == 0
}

// mapTokens makes {'k':'v'} read as map('k','v').
func mapTokens(tokens []token) []token {
	var all []token
	for _, t := range tokens {
		if t.kind == tokSymbol {
			switch t.text {
			case "{":
				all = append(all, token{tokWord, "map", t.pos})
				t.text = "("
			case "}":
				t.text = ")"
			case ":":
				t.text = ","
			}
		}
		all = append(all, t)
	}
	return all
}

func guarded(f func() *node) (n *node, err error) {
	defer func() {
		if value := recover(); value != nil {
			b, ok := value.(bail)
			if !ok {
				panic(value)
			}
			err = b.err
		}
	}()
	return f(), nil
}

func asFloat(v any) (float64, bool) {
	switch x := v.(type) {
	case uint64:
		return float64(x), true
	case int64:
		return float64(x), true
	case float64:
		return x, true
	case bool:
		if x {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func truth(v any) (is, ok bool) {
	switch x := v.(type) {
	case bool:
		return x, true
	case uint64:
		return x != 0, true
	case int64:
		return x != 0, true
	case float64:
		return x != 0, true
	}
	return false, v == nil
}

// text writes a value; textOf does it by its type.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case uint64:
		return strconv.FormatUint(x, 10)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return floatText(x)
	case time.Time:
		if x.Nanosecond() == 0 {
			return x.Format(time.DateTime)
		}
		return x.Format("2006-01-02 15:04:05.000000000")
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = quoteText(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var parts []string
		for _, k := range sortedKeys(x) {
			parts = append(parts, "'"+k+"':"+quoteText(x[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprint(v)
}

func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+"))
	case f != 0 && (math.Abs(f) >= 1e21 || math.Abs(f) < 1e-6):
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// textOf writes values of one type as ClickHouse does: a DateTime64 shows all its digits, a date no clock.
func textOf(typ string) func(any) string {
	t := baseType(typ)
	layout := time.DateTime
	switch {
	case !isDate(t):
		return text
	case strings.HasPrefix(t, "DateTime64"):
		if digits := len(strconv.Itoa(int(time.Second/precision(t)))) - 1; digits > 0 {
			layout += "." + strings.Repeat("0", digits)
		}
	case !strings.HasPrefix(t, "DateTime"):
		layout = time.DateOnly
	}
	return func(v any) string {
		if at, ok := v.(time.Time); ok {
			return at.UTC().Format(layout)
		}
		return text(v)
	}
}

// appendKey appends a value such that different values differ. Numbers that are equal have equal keys, and so have
// texts that differ only in the zeros that pad a FixedString.
func appendKey(b []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, 0)
	case string:
		x = unpadded(x)
		b = binary.AppendUvarint(append(b, 1), uint64(len(x)))
		return append(b, x...)
	case time.Time:
		return binary.BigEndian.AppendUint64(append(b, 3), uint64(x.UnixNano()))
	case []any:
		b = binary.AppendUvarint(append(b, 4), uint64(len(x)))
		for _, e := range x {
			b = appendKey(b, e)
		}
		return b
	case map[string]any:
		b = binary.AppendUvarint(append(b, 5), uint64(len(x)))
		for _, k := range sortedKeys(x) {
			b = appendKey(appendKey(b, k), x[k])
		}
		return b
	case float64:
		if math.IsNaN(x) || x != math.Trunc(x) || math.Abs(x) >= 1<<53 {
			return binary.BigEndian.AppendUint64(append(b, 6), math.Float64bits(x))
		}
		v = int64(x)
	}
	n, _ := whole(v)
	return binary.BigEndian.AppendUint64(append(b, 2), uint64(n))
}

func unpadded(s string) string {
	if s == "" || s[len(s)-1] != 0 {
		return s
	}
	return strings.TrimRight(s, "\x00")
}

func quoteText(v any) string {
	if s, ok := v.(string); ok {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	return text(v)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// compare orders two values; ok is false when they cannot be compared.
func compare(a, b any) (int, bool) {
	switch x := a.(type) {
	case uint64:
		if y, ok := b.(uint64); ok {
			return cmp.Compare(x, y), true
		}
		if y, ok := b.(int64); ok {
			if y < 0 {
				return 1, true
			}
			return cmp.Compare(x, uint64(y)), true
		}
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y), true
		}
		if y, ok := b.(uint64); ok {
			if x < 0 {
				return -1, true
			}
			return cmp.Compare(uint64(x), y), true
		}
	case string:
		switch y := b.(type) {
		case string:
			return strings.Compare(unpadded(x), unpadded(y)), true
		}
		return 0, false
	case time.Time:
		if at, ok := b.(time.Time); ok {
			return x.Compare(at), true
		}
		y, err := toTime(b, "DateTime64")
		if at, ok := y.(time.Time); err == nil && ok {
			return x.Compare(at), true
		}
		return 0, false
	case []any:
		if y, ok := b.([]any); ok {
			return compareLists(x, y)
		}
	}
	if _, ok := b.(time.Time); ok {
		n, ok := compare(b, a)
		return -n, ok
	}
	x, ok1 := asFloat(a)
	y, ok2 := asFloat(b)
	return cmp.Compare(x, y), ok1 && ok2
}

func compareLists(a, b []any) (int, bool) {
	for i := range min(len(a), len(b)) {
		if n, ok := compare(a[i], b[i]); n != 0 || !ok {
			return n, ok
		}
	}
	return cmp.Compare(len(a), len(b)), true
}

// sortOrder is compare for sorting: NULL is last, NaN before it, and what cannot be compared is equal.
func sortOrder(a, b any) int {
	switch x, y := rank(a), rank(b); {
	case x != y:
		return cmp.Compare(x, y)
	case x > 0:
		return 0
	}
	n, _ := compare(a, b)
	return n
}

func rank(v any) int {
	switch {
	case v == nil:
		return 2
	case nan(v):
		return 1
	}
	return 0
}
