package rows

import (
	"encoding/json"
	"fmt"
	"time"
	"unsafe"
)

// Column is the name and the source's own type of one column.
type Column struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable,omitempty"`
}

// Vector is the values of one column in one batch. The concrete vectors of this package give their values without a
// conversion; Value gives any of them as a Go value. What Value returns stays valid after the batch.
type Vector interface {
	Len() int
	// Value is the value at i; nil for NULL.
	Value(i int) any
}

// sized is a vector that knows how many bytes its first n values take.
type sized interface{ Size(n int) int64 }

func sizeOf(v Vector, n int) int64 {
	if s, ok := v.(sized); ok {
		return s.Size(n)
	}
	return int64(n) * 8
}

// Number is what a vector of numbers may hold.
type Number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Numbers is a column of numbers of one width.
type Numbers[E Number] []E

// Len is how many values there are.
func (v Numbers[E]) Len() int { return len(v) }

// Value is the number at i.
func (v Numbers[E]) Value(i int) any { return v[i] }

// Size is the bytes of the first n values.
func (v Numbers[E]) Size(n int) int64 {
	var e E
	return int64(n) * int64(unsafe.Sizeof(e))
}

// Values is a column of any other Go type, such as bool or netip.Addr.
type Values[E any] []E

// Len is how many values there are.
func (v Values[E]) Len() int { return len(v) }

// Value is the value at i.
func (v Values[E]) Value(i int) any { return v[i] }

// Size is the bytes of the first n values: of a []byte, those that it holds, of another value not what it points to.
func (v Values[E]) Size(n int) int64 {
	var e E
	all := int64(n) * int64(unsafe.Sizeof(e))
	if pieces, ok := any(v).(Values[[]byte]); ok {
		for _, piece := range pieces[:n] {
			all += int64(len(piece))
		}
	}
	return all
}

// Strings is a column of texts: one arena of bytes for all of them. Bytes gives a view that the next batch overwrites.
// At and Value give strings that stay; for them the arena is copied once per batch, so keeping one string of a batch
// keeps all of that batch's.
type Strings struct {
	data []byte
	ends []uint32
	text string
	kept bool
}

// NewStrings is a column over an arena: ends[i] is where the text i ends in data. Both belong to the column from now on.
func NewStrings(data []byte, ends []uint32) *Strings { return &Strings{data: data, ends: ends} }

// Reset puts another batch into the column.
func (v *Strings) Reset(data []byte, ends []uint32) { *v = Strings{data: data, ends: ends} }

// Len is how many texts there are.
func (v *Strings) Len() int { return len(v.ends) }

// Bytes is the text at i until the next batch; it must not be written to.
func (v *Strings) Bytes(i int) []byte {
	var start uint32
	if i > 0 {
		start = v.ends[i-1]
	}
	return v.data[start:v.ends[i]:v.ends[i]]
}

// At is the text at i.
func (v *Strings) At(i int) string {
	text := v.Text()
	if i == 0 {
		return text[:v.ends[0]]
	}
	return text[v.ends[i-1]:v.ends[i]]
}

// Text is all texts of the batch in one string, one after the other.
func (v *Strings) Text() string {
	if !v.kept {
		v.text, v.kept = string(v.data), true
	}
	return v.text
}

// Ends says where each text ends in Text. It must not be written to.
func (v *Strings) Ends() []uint32 { return v.ends }

// Value is the text at i.
func (v *Strings) Value(i int) any { return v.At(i) }

// Size is the bytes of the first n texts.
func (v *Strings) Size(n int) int64 {
	if n == 0 {
		return 0
	}
	return int64(v.ends[n-1])
}

// Times is a column of instants: whole ticks since 1970, so many to the second, shown in one zone.
type Times struct {
	Ticks     []int64
	PerSecond int64          // 1 to 1,000,000,000
	Location  *time.Location // nil = UTC
}

// Len is how many instants there are.
func (v *Times) Len() int { return len(v.Ticks) }

// At is the instant at i.
func (v *Times) At(i int) time.Time { return v.instant(v.Ticks[i], v.location()) }

// Value is the instant at i.
func (v *Times) Value(i int) any { return v.At(i) }

// Size is the bytes of the first n instants.
func (v *Times) Size(n int) int64 { return int64(n) * 8 }

func (v *Times) location() *time.Location {
	if v.Location == nil {
		return time.UTC
	}
	return v.Location
}

func (v *Times) instant(ticks int64, zone *time.Location) time.Time {
	if v.PerSecond <= 1 {
		return time.Unix(ticks, 0).In(zone)
	}
	seconds, rest := ticks/v.PerSecond, ticks%v.PerSecond
	return time.Unix(seconds, rest*(int64(time.Second)/v.PerSecond)).In(zone)
}

// Any is a column whose values have no common type.
type Any []any

// Len is how many values there are.
func (v Any) Len() int { return len(v) }

// Null reports whether the value at i is NULL.
func (v Any) Null(i int) bool { return v[i] == nil }

// Value is the value at i.
func (v Any) Value(i int) any { return v[i] }

// Size is the bytes of the first n values, with those of their texts and of what lies within them.
func (v Any) Size(n int) int64 {
	var all int64
	for _, x := range v[:n] {
		all += weight(x)
	}
	return all
}

// weight is the bytes of a value as JSON has them.
func weight(x any) int64 {
	const word = int64(unsafe.Sizeof(x))
	switch x := x.(type) {
	case string:
		return word + int64(len(x))
	case json.Number:
		return word + int64(len(x))
	case []byte:
		return word + int64(len(x))
	case []any:
		all := word
		for _, one := range x {
			all += weight(one)
		}
		return all
	case map[string]any:
		all := word
		for key, one := range x {
			all += word + int64(len(key)) + weight(one)
		}
		return all
	}
	return word
}

// textOf is how a value reads where a text is asked for.
func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}
