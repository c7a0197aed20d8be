package rows

import (
	"errors"
	"fmt"
	"reflect"
	"time"
	"unsafe"
)

// target is the place of one field in some consecutive structs.
type target struct {
	first  unsafe.Pointer
	stride uintptr
	n      int
}

// part is the place of the field in the struct at i.
func (t target) part(i int) unsafe.Pointer { return unsafe.Add(t.first, uintptr(i)*t.stride) }

// at is the field in the struct at i.
func at[E any](t target, i int) *E { return (*E)(t.part(i)) }

// filler copies n values of a vector, from a place on, into one field of n structs. One call serves a whole chunk, so
// what it decides, it decides once.
type filler func(t target, v Vector, from int) error

var (
	timeType = reflect.TypeFor[time.Time]()
	spanType = reflect.TypeFor[time.Duration]()
	errNull  = errors.New("NULL; make it a pointer, or read the column with a default")
	errRange = errors.New("does not fit")
)

// scanner is sql.Scanner: fields such as sql.Null[T] implement it.
type scanner interface{ Scan(any) error }

var scannerType = reflect.TypeFor[scanner]()

// fillerFor chooses how a field of that type is filled; nil if no column can fill it.
func fillerFor(t reflect.Type) filler {
	switch {
	case reflect.PointerTo(t).Implements(scannerType):
		return fillScanner(t)
	case t == timeType:
		return notNull(fillTime)
	case t == spanType:
		return notNull(fillDuration)
	case t.Kind() == reflect.Pointer:
		return fillPointer(t.Elem())
	}
	if plain := plainFiller(t.Kind()); plain != nil {
		return notNull(plain)
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Map, reflect.Slice, reflect.Array, reflect.Struct:
		return fillAny(t)
	}
	return nil
}

func plainFiller(k reflect.Kind) filler {
	switch k {
	case reflect.String:
		return fillString
	case reflect.Bool:
		return fillBool
	case reflect.Int:
		return fillNumber[int64, int]
	case reflect.Int8:
		return fillNumber[int8, int8]
	case reflect.Int16:
		return fillNumber[int16, int16]
	case reflect.Int32:
		return fillNumber[int32, int32]
	case reflect.Int64:
		return fillNumber[int64, int64]
	case reflect.Uint:
		return fillNumber[uint64, uint]
	case reflect.Uint8:
		return fillNumber[uint8, uint8]
	case reflect.Uint16:
		return fillNumber[uint16, uint16]
	case reflect.Uint32:
		return fillNumber[uint32, uint32]
	case reflect.Uint64:
		return fillNumber[uint64, uint64]
	case reflect.Float32:
		return fillNumber[float32, float32]
	case reflect.Float64:
		return fillNumber[float64, float64]
	}
	return nil
}

// notNull refuses NULL before the plain filler sees the values below.
func notNull(plain filler) filler {
	return func(t target, v Vector, from int) error {
		switch n := v.(type) {
		case *Nullable:
			for i := range t.n {
				if n.Nulls[from+i] {
					return errNull
				}
			}
			v = n.Values
		case *Dictionary:
			for i := range t.n {
				if n.Null(from + i) {
					return errNull
				}
			}
		case Any:
			return fillMixed(plain, t, n, from)
		}
		return plain(t, v, from)
	}
}

// number is all numbers that a field can be.
type number interface {
	Number | ~int | ~uint
}

// fillNumber fills a field D whose values arrive, in the usual case, as numbers S of the same width.
func fillNumber[S Number, D number](t target, v Vector, from int) error {
	switch v := v.(type) {
	case Numbers[S]:
		for i, x := range v[from : from+t.n] {
			*at[D](t, i) = D(x)
		}
		return nil
	case Numbers[uint8]:
		return convert[uint8, D](t, v[from:])
	case Numbers[uint16]:
		return convert[uint16, D](t, v[from:])
	case Numbers[uint32]:
		return convert[uint32, D](t, v[from:])
	case Numbers[uint64]:
		return convert[uint64, D](t, v[from:])
	case Numbers[int8]:
		return convert[int8, D](t, v[from:])
	case Numbers[int16]:
		return convert[int16, D](t, v[from:])
	case Numbers[int32]:
		return convert[int32, D](t, v[from:])
	case Numbers[int64]:
		return convert[int64, D](t, v[from:])
	case Numbers[float32]:
		return convert[float32, D](t, v[from:])
	case Numbers[float64]:
		return convert[float64, D](t, v[from:])
	case *Dictionary:
		return fillPicked(fillNumber[S, D], t, v, from)
	}
	return errKind
}

// fillDuration fills a time.Duration, of a length of time or of a number of nanoseconds. Into any other number a length of
// time would lose its unit: that is refused.
func fillDuration(t target, v Vector, from int) error {
	switch v := v.(type) {
	case Values[time.Duration]:
		for i, x := range v[from : from+t.n] {
			*at[time.Duration](t, i) = x
		}
		return nil
	case *Dictionary:
		return fillPicked(fillDuration, t, v, from)
	}
	return fillNumber[int64, int64](t, v, from)
}

var errKind = errors.New("the types do not go together")

func convert[S Number, D number](t target, from []S) error {
	lossy := isFloat[S]() && isFloat[D]()
	for i, x := range from[:t.n] {
		d := D(x)
		if !lossy && (S(d) != x || (d < 0) != (x < 0)) {
			return fmt.Errorf("value %v %w", x, errRange)
		}
		*at[D](t, i) = d
	}
	return nil
}

func isFloat[E number]() bool {
	half := 0.5
	return E(half) != 0
}

// fillPicked fills through the keys of a dictionary, value by value.
func fillPicked(plain filler, t target, d *Dictionary, from int) error {
	for i := range t.n {
		one := target{t.part(i), t.stride, 1}
		if err := plain(one, d.Values, int(d.Keys[from+i])); err != nil {
			return err
		}
	}
	return nil
}

func fillString(t target, v Vector, from int) error {
	switch v := v.(type) {
	case *Strings:
		text, start := v.Text(), uint32(0)
		if from > 0 {
			start = v.ends[from-1]
		}
		for i, end := range v.ends[from : from+t.n] {
			*at[string](t, i) = text[start:end]
			start = end
		}
		return nil
	case *Dictionary:
		if words, ok := v.Values.(*Strings); ok {
			for i, key := range v.Keys[from : from+t.n] {
				*at[string](t, i) = words.At(int(key))
			}
			return nil
		}
	}
	for i := range t.n {
		switch x := v.Value(from + i).(type) {
		case string:
			*at[string](t, i) = x
		case time.Time:
			return errKind
		case fmt.Stringer:
			*at[string](t, i) = x.String()
		default:
			return errKind
		}
	}
	return nil
}

func fillBool(t target, v Vector, from int) error {
	switch v := v.(type) {
	case Values[bool]:
		for i, x := range v[from : from+t.n] {
			*at[bool](t, i) = x
		}
		return nil
	case Numbers[uint8]:
		for i, x := range v[from : from+t.n] {
			if x > 1 {
				return fmt.Errorf("value %d %w", x, errRange)
			}
			*at[bool](t, i) = x == 1
		}
		return nil
	}
	return errKind
}

func fillTime(t target, v Vector, from int) error {
	if instants, ok := v.(Values[time.Time]); ok {
		for i, x := range instants[from : from+t.n] {
			*at[time.Time](t, i) = x
		}
		return nil
	}
	times, ok := v.(*Times)
	if !ok {
		return errKind
	}
	zone := times.location()
	for i, ticks := range times.Ticks[from : from+t.n] {
		*at[time.Time](t, i) = times.instant(ticks, zone)
	}
	return nil
}
