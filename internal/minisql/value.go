package minisql

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// base strips the wrappers that change how a value is stored, not what it is.
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
	if strings.HasPrefix(typ, "Map") {
		text = "map(" + strings.NewReplacer("{", "", "}", "").Replace(text) + ")"
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	for i := range tokens { // 'k':'v' reads as 'k','v'
		if tokens[i].text == ":" && tokens[i].kind == tokSymbol {
			tokens[i].text = ","
		}
	}
	p := &parser{tokens: tokens}
	n, err := guarded(p.expr)
	if err != nil || p.peek().kind != tokEnd {
		return nil, errValue
	}
	f, _, err := (&compiler{scope: &scope{}}).compile(n)
	if err != nil {
		return nil, err
	}
	v, err := f(&frame{})
	if err != nil {
		return nil, err
	}
	if list, ok := v.([]any); ok && strings.HasPrefix(typ, "Array") {
		for i, e := range list {
			if list[i], err = convert(e, typeArgs(typ)[0]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
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

// convert is CAST.
func convert(v any, typ string) (any, error) {
	if v == nil {
		return nil, nil
	}
	t := baseType(typ)
	switch {
	case t == "Bool":
		b, ok := truth(v)
		if s, text := v.(string); text {
			return s == "true" || s == "1", nil
		} else if !ok {
			return nil, errValue
		}
		return b, nil
	case strings.HasPrefix(t, "UInt"):
		return toUnsigned(v)
	case strings.HasPrefix(t, "Int"):
		return toSigned(v)
	case strings.HasPrefix(t, "Float"), strings.HasPrefix(t, "Decimal"):
		return toFloat(v)
	case strings.HasPrefix(t, "Date"):
		return toTime(v, t)
	case t == "String" || strings.HasPrefix(t, "FixedString") || strings.HasPrefix(t, "Enum") || t == "UUID":
		return text(v), nil
	}
	return v, nil
}

func toFloat(v any) (any, error) {
	switch x := v.(type) {
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		if err != nil {
			return nil, fail(6, "Cannot parse string '%s' as Float64", x)
		}
		return f, nil
	case time.Time:
		return float64(x.UnixNano()) / 1e9, nil
	}
	f, ok := asFloat(v)
	if !ok {
		return nil, fail(53, "Cannot convert %T to a number", v)
	}
	return f, nil
}

func toUnsigned(v any) (any, error) {
	switch x := v.(type) {
	case uint64:
		return x, nil
	case int64:
		return uint64(x), nil
	case string:
		n, err := strconv.ParseUint(strings.TrimSpace(x), 10, 64)
		if err != nil {
			return nil, fail(6, "Cannot parse string '%s' as UInt64", x)
		}
		return n, nil
	case time.Time:
		return uint64(x.Unix()), nil
	}
	f, ok := asFloat(v)
	if !ok {
		return nil, fail(53, "Cannot convert %T to UInt64", v)
	}
	return uint64(f), nil
}

func toSigned(v any) (any, error) {
	switch x := v.(type) {
	case int64:
		return x, nil
	case uint64:
		return int64(x), nil
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
		if err != nil {
			return nil, fail(6, "Cannot parse string '%s' as Int64", x)
		}
		return n, nil
	case time.Time:
		return x.Unix(), nil
	}
	f, ok := asFloat(v)
	if !ok {
		return nil, fail(53, "Cannot convert %T to Int64", v)
	}
	return int64(f), nil
}

func toTime(v any, typ string) (any, error) {
	at := time.Time{}
	switch x := v.(type) {
	case time.Time:
		at = x
	case string:
		var err error
		if at, err = parseTime(x); err != nil {
			return nil, fail(41, "Cannot parse DateTime '%s'", x)
		}
	default:
		f, ok := asFloat(v)
		if !ok {
			return nil, fail(53, "Cannot convert %T to DateTime", v)
		}
		whole, frac := math.Modf(f)
		at = time.Unix(int64(whole), int64(frac*1e9)).UTC()
	}
	switch {
	case strings.HasPrefix(typ, "DateTime64"):
		return at.UTC(), nil
	case strings.HasPrefix(typ, "DateTime"):
		return at.UTC().Truncate(time.Second), nil
	}
	return at.UTC().Truncate(24 * time.Hour), nil
}

func parseTime(s string) (time.Time, error) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		whole, frac := math.Modf(n)
		return time.Unix(int64(whole), int64(frac*1e9)).UTC(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02", time.RFC3339Nano} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, errValue
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

func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
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
			return strings.Compare(strings.TrimRight(x, "\x00"), strings.TrimRight(y, "\x00")), true
		case nil:
			return 0, false
		}
		n, ok := compare(b, a)
		return -n, ok
	case time.Time:
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
	if s, ok := b.(string); ok {
		if v, err := toFloat(s); err == nil {
			b = v
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

// order is compare for sorting: NULL and NaN last, whatever cannot be compared is equal.
func sortOrder(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	n, _ := compare(a, b)
	return n
}
