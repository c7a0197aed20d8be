package clickhouse

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// encodeParams writes the values of {name:Type} in the form in which the server reads them.
func encodeParams(args map[string]any) (map[string]string, error) {
	if len(args) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(args))
	for name, v := range args {
		if !isIdentifier(name) {
			return nil, fmt.Errorf("args: %.60q is not a name of letters, digits and underscores", name)
		}
		text, err := paramText(v)
		if err != nil {
			return nil, fmt.Errorf("args[%s]: %w", name, err)
		}
		out[name] = "'" + quoter.Replace(text) + "'"
	}
	return out, nil
}

func isIdentifier(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || (c|0x20 >= 'a' && c|0x20 <= 'z')
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 128
}

var (
	// quoter makes a text fit between quotes.
	quoter = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	// escaper writes text as the server reads it in a line of tab-separated values, which is how it reads parameters.
	escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\x00", `\0`, "\b", `\b`, "\f", `\f`)
	// inner writes text between quotes within an array or a map.
	inner = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\x00", `\0`, "\b", `\b`, "\f", `\f`)
)

// paramText is a value as text: escaped at the top, quoted within arrays and maps.
func paramText(v any) (string, error) {
	if v == nil {
		return `\N`, nil
	}
	if text, ok := scalarText(v); ok {
		return escaper.Replace(text), nil
	}
	return composedText(reflect.ValueOf(v))
}

// scalarText is the text of a value that is neither list nor map.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	case time.Time:
		return instantText(v), true
	case time.Duration:
		return strconv.FormatInt(int64(v), 10), true
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		return string(text), err == nil
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return r.String(), true
	case reflect.Bool:
		return strconv.FormatBool(r.Bool()), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(r.Int(), 10), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(r.Uint(), 10), true
	case reflect.Float32:
		return strconv.FormatFloat(r.Float(), 'g', -1, 32), true
	case reflect.Float64:
		return strconv.FormatFloat(r.Float(), 'g', -1, 64), true
	}
	return "", false
}

// instantText is seconds since 1970, with as many digits behind the point as the instant has: it means the same instant
// whatever the server's zone is.
func instantText(t time.Time) string {
	if t.Nanosecond() == 0 {
		return strconv.FormatInt(t.Unix(), 10)
	}
	text := fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
	return strings.TrimRight(text, "0")
}

const maxParamDepth = 8

func composedText(v reflect.Value) (string, error) {
	var b strings.Builder
	err := appendComposed(&b, v, 0)
	return b.String(), err
}

func appendComposed(b *strings.Builder, v reflect.Value, depth int) error {
	if v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		b.WriteString("NULL")
		return nil
	}
	if depth > maxParamDepth {
		return fmt.Errorf("nested too deeply")
	}
	if text, ok := scalarText(v.Interface()); ok {
		if quoted(v) {
			text = "'" + inner.Replace(text) + "'"
		}
		b.WriteString(text)
		return nil
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return appendList(b, v, depth)
	case reflect.Map:
		return appendMap(b, v, depth)
	}
	return fmt.Errorf("a %s cannot be a parameter", v.Type())
}

func quoted(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return false
	}
	return true
}

func appendList(b *strings.Builder, v reflect.Value, depth int) error {
	b.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendComposed(b, v.Index(i), depth+1); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	b.WriteByte(']')
	return nil
}

func appendMap(b *strings.Builder, v reflect.Value, depth int) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
	b.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendComposed(b, key, depth+1); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := appendComposed(b, v.MapIndex(key), depth+1); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}
