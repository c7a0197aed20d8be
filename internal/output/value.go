package output

import (
	"math"
	"strconv"
)

// Value is v as JSON can carry it: there is no number for NaN and the infinities, so they are texts. bytes says what a
// value of bytes is written as. Lists and maps of any are changed in place.
func Value(v any, bytes func([]byte) any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		return Value(float64(v), bytes)
	case []byte:
		return bytes(v)
	case []float64:
		return List(v)
	case []float32:
		return List(v)
	case []any:
		for i := range v {
			v[i] = Value(v[i], bytes)
		}
	case map[string]any:
		for k := range v {
			v[k] = Value(v[k], bytes)
		}
	case map[string]float64:
		out := make(map[string]any, len(v))
		for k, f := range v {
			out[k] = Value(f, bytes)
		}
		return out
	}
	return v
}

// List is a list of numbers as JSON can carry it.
func List[E float32 | float64 | byte](v []E) []any {
	out := make([]any, len(v))
	for i := range v {
		out[i] = Value(v[i], nil)
	}
	return out
}
