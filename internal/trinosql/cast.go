package trinosql

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

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
	case "json":
		text, err := json.Marshal(v)
		return string(text), err == nil
	case "varchar", "char":
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
