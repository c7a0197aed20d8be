package rows

import (
	"encoding"
	"fmt"
	"reflect"
	"time"
	"unsafe"
)

// nulled is a vector that may hold NULL.
type nulled interface{ Null(i int) bool }

// fillPointer makes the values of a whole chunk in one piece and points at those that are not NULL.
func fillPointer(elem reflect.Type) filler {
	inner := fillerFor(elem)
	if inner == nil {
		return nil
	}
	return func(t target, v Vector, from int) error {
		slab := reflect.MakeSlice(reflect.SliceOf(elem), t.n, t.n)
		values := target{slab.UnsafePointer(), elem.Size(), t.n}
		null := func(int) bool { return false }
		if n, ok := v.(nulled); ok {
			null = n.Null
		}
		plain := bare(v)
		for i := 0; i < t.n; {
			if null(from + i) {
				*at[unsafe.Pointer](t, i) = nil
				i++
				continue
			}
			run := target{values.part(i), values.stride, 1} // of values without a NULL: under one may stand anything
			for i+run.n < t.n && !null(from+i+run.n) {
				run.n++
			}
			if err := inner(run, plain, from+i); err != nil {
				return err
			}
			for end := i + run.n; i < end; i++ {
				*at[unsafe.Pointer](t, i) = values.part(i)
			}
		}
		return nil
	}
}

// bare is the vector without its NULLs; in their places stands some value of the type.
func bare(v Vector) Vector {
	switch n := v.(type) {
	case *Nullable:
		return n.Values
	case *Dictionary:
		if n.NullKey0 {
			return &Dictionary{Keys: n.Keys, Values: n.Values}
		}
	}
	return v
}

// fillMixed fills from values that have no common type, a run of one type at a time.
func fillMixed(plain filler, t target, v Any, from int) error {
	for done := 0; done < t.n; {
		rest := v[from+done : from+t.n]
		var run Vector
		switch rest[0].(type) {
		case nil:
			return errNull
		case int64:
			run = Numbers[int64](runOf[int64](rest))
		case float64:
			run = Numbers[float64](runOf[float64](rest))
		case bool:
			run = Values[bool](runOf[bool](rest))
		case string:
			run = Values[string](runOf[string](rest))
		case time.Time:
			run = Values[time.Time](runOf[time.Time](rest))
		default:
			return errKind
		}
		if err := plain(target{t.part(done), t.stride, run.Len()}, run, 0); err != nil {
			return err
		}
		done += run.Len()
	}
	return nil
}

// runOf are the values of one type that an answer begins with.
func runOf[E any](v Any) []E {
	run := make([]E, 0, len(v))
	for _, x := range v {
		e, same := x.(E)
		if !same {
			break
		}
		run = append(run, e)
	}
	return run
}

// fillScanner hands each value to the field's own Scan. The field is zeroed before: it still holds the value of an earlier
// chunk, which was handed out, and whose memory a Scan may use again.
func fillScanner(t reflect.Type) filler {
	return func(to target, v Vector, from int) error {
		for i := range to.n {
			field := reflect.NewAt(t, to.part(i))
			field.Elem().SetZero()
			if err := field.Interface().(scanner).Scan(v.Value(from + i)); err != nil {
				return err
			}
		}
		return nil
	}
}

// fillAny fills maps, slices, interfaces and structs value by value.
func fillAny(t reflect.Type) filler {
	return func(to target, v Vector, from int) error {
		for i := range to.n {
			field := reflect.NewAt(t, to.part(i)).Elem()
			field.SetZero() // as for Scan
			if err := assign(field, v.Value(from+i)); err != nil {
				return err
			}
		}
		return nil
	}
}

func assign(field reflect.Value, x any) error {
	if x == nil {
		if field.Kind() == reflect.Interface {
			field.SetZero()
			return nil
		}
		return errNull
	}
	value := reflect.ValueOf(x)
	text, isText := x.(string)
	switch {
	case value.Type().AssignableTo(field.Type()):
		field.Set(value)
		return nil
	case isText && field.Type() == reflect.TypeFor[[]byte]():
		field.SetBytes([]byte(text))
		return nil
	case isText:
		if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](field.Addr()); ok {
			return u.UnmarshalText([]byte(text))
		}
	case field.Kind() == reflect.Slice && value.Kind() == reflect.Slice:
		return assignSlice(field, value)
	case field.Kind() == reflect.Map && value.Kind() == reflect.Map:
		return assignMap(field, value)
	}
	return errKind
}

// assignOne assigns an element, numbers and texts of other types included.
func assignOne(field, value reflect.Value) error {
	if value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	if !value.IsValid() {
		return assign(field, nil)
	}
	if value.Kind() == field.Kind() && value.CanConvert(field.Type()) {
		field.Set(value.Convert(field.Type()))
		return nil
	}
	if err := assign(field, value.Interface()); err == nil || !value.CanConvert(field.Type()) ||
		field.Kind() == reflect.String {
		return err
	}
	converted := value.Convert(field.Type())
	if !converted.CanConvert(value.Type()) || !converted.Convert(value.Type()).Equal(value) {
		return fmt.Errorf("value %v %w", value, errRange)
	}
	field.Set(converted)
	return nil
}

func assignSlice(field, value reflect.Value) error {
	out := reflect.MakeSlice(field.Type(), value.Len(), value.Len())
	for i := range value.Len() {
		if err := assignOne(out.Index(i), value.Index(i)); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	field.Set(out)
	return nil
}

func assignMap(field, value reflect.Value) error {
	out := reflect.MakeMapWithSize(field.Type(), value.Len())
	key, elem := reflect.New(field.Type().Key()).Elem(), reflect.New(field.Type().Elem()).Elem()
	for it := value.MapRange(); it.Next(); {
		key.SetZero()
		elem.SetZero()
		if err := assignOne(key, it.Key()); err != nil {
			return fmt.Errorf("a key: %w", err)
		}
		if err := assignOne(elem, it.Value()); err != nil {
			return fmt.Errorf("a value: %w", err)
		}
		out.SetMapIndex(key, elem)
	}
	field.Set(out)
	return nil
}
