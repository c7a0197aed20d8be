package minisql

import (
	"math"
	"strconv"
	"strings"
	"time"
)

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
	case isText(t):
		return text(v), nil
	case strings.HasPrefix(t, "Array("), strings.HasPrefix(t, "Tuple("), strings.HasPrefix(t, "Map("):
		return convertComposite(v, t)
	}
	return nil, fail(50, "Unknown data type family: %s", typ)
}

func convertComposite(v any, t string) (any, error) {
	args := typeArgs(t)
	if s, ok := v.(string); ok {
		return readCollection(s, t)
	}
	if m, ok := v.(map[string]any); ok && len(args) == 2 {
		out := make(map[string]any, len(m))
		for k, e := range m {
			var err error
			if out[k], err = convert(e, args[1]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	list, ok := v.([]any)
	if !ok || len(args) == 0 {
		return nil, fail(53, "Cannot convert %T to %s", v, t)
	}
	out := make([]any, len(list))
	for i, e := range list {
		var err error
		if out[i], err = convert(e, args[min(i, len(args)-1)]); err != nil {
			return nil, err
		}
	}
	return out, nil
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
		if n, integral := whole(v); integral {
			at = time.Unix(n, 0)
			break
		}
		seconds, frac := math.Modf(f)
		at = time.Unix(int64(seconds), int64(frac*1e9))
	}
	switch {
	case strings.HasPrefix(typ, "DateTime64"):
		return at.UTC().Truncate(precision(typ)), nil
	case strings.HasPrefix(typ, "DateTime"):
		return at.UTC().Truncate(time.Second), nil
	}
	return at.UTC().Truncate(24 * time.Hour), nil
}

// precision is the tick of a DateTime64.
func precision(typ string) time.Duration {
	args := typeArgs(typ)
	if len(args) == 0 {
		return time.Nanosecond
	}
	digits, err := strconv.Atoi(args[0])
	if err != nil || digits < 0 || digits > 9 {
		return time.Nanosecond
	}
	return time.Duration(math.Pow10(9 - digits))
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.DateTime, time.DateOnly, time.RFC3339} { // Parse takes fractions without being told
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	// seconds, with a fraction that float64 would round
	whole, frac, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(frac) > 9 {
		return time.Time{}, errValue
	}
	nanos, err := strconv.ParseUint((frac + "000000000")[:9], 10, 32)
	if err != nil {
		return time.Time{}, errValue
	}
	return time.Unix(seconds, int64(nanos)).UTC(), nil
}
