package trinosql

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"
)

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
		return TimeText(v, "timestamp(6)")
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

// TimeText is a time as Trino writes a value of that type: timestamp(3) when it names no precision.
func TimeText(t time.Time, typ string) string {
	digits := "000"
	if i := strings.IndexByte(typ, '('); i >= 0 && i+1 < len(typ) {
		if n := int(typ[i+1] - '0'); n >= 0 && n <= 9 {
			digits = strings.Repeat("0", n)
		}
	}
	switch {
	case typ == "date":
		return t.UTC().Format(time.DateOnly)
	case digits != "":
		digits = "." + digits
	}
	if strings.HasSuffix(typ, "with time zone") {
		return t.UTC().Format("2006-01-02 15:04:05"+digits) + " UTC"
	}
	return t.UTC().Format("2006-01-02 15:04:05" + digits)
}
