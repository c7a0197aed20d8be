package minisql

import "encoding/json"

// jsonField reads one field of a JSON object and decodes no other.
func jsonField(s, key string) (any, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(s), &fields) != nil {
		return nil, false
	}
	raw, ok := fields[key]
	var v any
	if !ok || json.Unmarshal(raw, &v) != nil {
		return nil, false
	}
	return v, true
}

// jsonPath follows keys, and positions counted from one, into a document.
func jsonPath(args []any) (any, bool) {
	var v any
	if json.Unmarshal([]byte(text(args[0])), &v) != nil {
		return nil, false
	}
	for _, step := range args[1:] {
		switch x := v.(type) {
		case map[string]any:
			field, ok := x[text(step)]
			if !ok {
				return nil, false
			}
			v = field
		case []any:
			if v = elementOf(x, step); v == nil {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	return v, true
}

func onJSON(typ string, f func(v any, found bool) any) function {
	return function{least: 1, most: -1, result: is(typ), run: func(a []any) (any, error) { return f(jsonPath(a)), nil }}
}

func jsonNumber(v any, _ bool) any {
	f, _ := v.(float64)
	return f
}

var jsonFunctions = map[string]function{
	"simpleJSONExtractString": onTexts("String", func(s, key string) any {
		v, _ := jsonField(s, key)
		t, _ := v.(string)
		return t
	}),
	"JSONExtractString": onJSON("String", func(v any, _ bool) any { t, _ := v.(string); return t }),
	"JSONExtractInt":    onJSON("Int64", func(v any, _ bool) any { f, _ := v.(float64); return int64(f) }),
	"JSONExtractUInt":   onJSON("UInt64", func(v any, _ bool) any { f, _ := v.(float64); return uint64(max(0, f)) }),
	"JSONExtractFloat":  onJSON("Float64", jsonNumber),
	"JSONExtractBool":   onJSON("Bool", func(v any, _ bool) any { b, _ := v.(bool); return b }),
	"JSONExtractRaw": onJSON("String", func(v any, found bool) any {
		b, err := json.Marshal(v)
		if !found || err != nil {
			return ""
		}
		return string(b)
	}),
	"simpleJSONExtractInt":   onTexts("Int64", func(s, key string) any { v, _ := jsonField(s, key); f, _ := v.(float64); return int64(f) }),
	"simpleJSONExtractFloat": onTexts("Float64", func(s, key string) any { v, _ := jsonField(s, key); return jsonNumber(v, true) }),
	"simpleJSONHas":          onTexts("UInt8", func(s, key string) any { _, ok := jsonField(s, key); return flag(ok) }),
	"JSONHas":                onJSON("UInt8", func(_ any, found bool) any { return flag(found) }),
}
