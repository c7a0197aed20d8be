package clickhousetest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

func nestedCodec(t typeName) (codec, error) {
	switch t.base {
	case "Nullable", "Array", "LowCardinality":
		if err := t.arity(1); err != nil {
			return nil, err
		}
		inner, err := codecFor(t.args[0])
		if err != nil {
			return nil, err
		}
		switch t.base {
		case "Nullable":
			return nullableCodec{inner}, nil
		case "Array":
			return arrayCodec{inner}, nil
		}
		return newLowCardinality(inner), nil
	case "Map":
		if err := t.arity(2); err != nil {
			return nil, err
		}
		return newMapCodec(t)
	case "Tuple":
		return newTupleCodec(t)
	}
	return nil, fmt.Errorf("type %q is not known to this server", t.full)
}

type nullableCodec struct{ inner codec }

func (c nullableCodec) state(b *proto.Buffer)           { c.inner.state(b) }
func (c nullableCodec) readState(r *proto.Reader) error { return c.inner.readState(r) }
func (c nullableCodec) zero() any                       { return nil }

func (c nullableCodec) encode(b *proto.Buffer, values []any) error {
	present := slices.Clone(values)
	for i, v := range values {
		b.PutBool(v == nil)
		if v == nil {
			present[i] = c.inner.zero()
		}
	}
	return c.inner.encode(b, present)
}

func (c nullableCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	nulls := make([]bool, 0, min(rows, 1<<16))
	for range rows {
		null, err := r.Bool()
		if err != nil {
			return nil, err
		}
		nulls = append(nulls, null)
	}
	values, err := c.inner.decode(r, rows)
	if err != nil {
		return nil, err
	}
	for i, null := range nulls {
		if null {
			values[i] = nil
		}
	}
	return values, nil
}

type arrayCodec struct{ inner codec }

func (c arrayCodec) state(b *proto.Buffer)           { c.inner.state(b) }
func (c arrayCodec) readState(r *proto.Reader) error { return c.inner.readState(r) }
func (c arrayCodec) zero() any                       { return []any{} }

func (c arrayCodec) encode(b *proto.Buffer, values []any) error {
	var flat []any
	for i, v := range values {
		list, ok := asList(v)
		if !ok {
			return fmt.Errorf("row %d: %T does not fit an Array", i, v)
		}
		flat = append(flat, list...)
		b.PutUInt64(uint64(len(flat)))
	}
	return c.inner.encode(b, flat)
}

func (c arrayCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	ends := make([]int, 0, min(rows, 1<<16))
	last := 0
	for range rows {
		end, err := r.UInt64()
		if err != nil {
			return nil, err
		}
		if end > maxDecodedRows || int(end) < last {
			return nil, fmt.Errorf("array offset %d after %d", end, last)
		}
		last = int(end)
		ends = append(ends, last)
	}
	flat, err := c.inner.decode(r, last)
	if err != nil {
		return nil, err
	}
	out, start := make([]any, 0, rows), 0
	for _, end := range ends {
		out = append(out, flat[start:end:end])
		start = end
	}
	return out, nil
}

// asList is any slice as []any; a NULL is an empty one.
func asList(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case nil:
		return nil, true
	}
	value := reflect.ValueOf(v)
	if value.Kind() != reflect.Slice && value.Kind() != reflect.Array {
		return nil, false
	}
	out := make([]any, value.Len())
	for i := range out {
		out[i] = value.Index(i).Interface()
	}
	return out, true
}

type tupleCodec struct{ fields []codec }

// newTupleCodec takes Tuple(T, ...) and Tuple(name T, ...).
func newTupleCodec(t typeName) (codec, error) {
	var c tupleCodec
	for _, arg := range t.args {
		field, err := codecFor(arg)
		if name, rest, named := strings.Cut(arg, " "); err != nil && named && !strings.Contains(name, "(") {
			field, err = codecFor(rest)
		}
		if err != nil {
			return nil, err
		}
		c.fields = append(c.fields, field)
	}
	return c, nil
}

func (c tupleCodec) state(b *proto.Buffer) {
	for _, f := range c.fields {
		f.state(b)
	}
}

func (c tupleCodec) readState(r *proto.Reader) error {
	for _, f := range c.fields {
		if err := f.readState(r); err != nil {
			return err
		}
	}
	return nil
}

func (c tupleCodec) zero() any {
	out := make([]any, len(c.fields))
	for i, f := range c.fields {
		out[i] = f.zero()
	}
	return out
}

func (c tupleCodec) encode(b *proto.Buffer, values []any) error {
	column := make([]any, len(values))
	for field, inner := range c.fields {
		for i, v := range values {
			list, ok := asList(v)
			if !ok || len(list) != len(c.fields) {
				return fmt.Errorf("row %d: %T does not fit a Tuple of %d", i, v, len(c.fields))
			}
			column[i] = list[field]
		}
		if err := inner.encode(b, column); err != nil {
			return err
		}
	}
	return nil
}

func (c tupleCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	columns := make([][]any, len(c.fields))
	for i, f := range c.fields {
		values, err := f.decode(r, rows)
		if err != nil {
			return nil, err
		}
		columns[i] = values
	}
	out := make([]any, rows)
	for i := range out {
		row := make([]any, len(columns))
		for j := range columns {
			row[j] = columns[j][i]
		}
		out[i] = row
	}
	return out, nil
}

// enumCodec knows values by name and by number.
type enumCodec struct {
	codec
	numbers map[string]int64
	names   map[int64]string
}

func newEnumCodec(t typeName) (codec, error) {
	c := enumCodec{plainCodecs["Int8"], map[string]int64{}, map[int64]string{}}
	if t.base == "Enum16" {
		c.codec = plainCodecs["Int16"]
	}
	for _, arg := range t.args {
		at := strings.LastIndexByte(arg, '=')
		if at < 0 {
			return nil, fmt.Errorf("type %q: %q has no number", t.full, arg)
		}
		n, err := strconv.ParseInt(strings.TrimSpace(arg[at+1:]), 10, 16)
		if err != nil {
			return nil, fmt.Errorf("type %q: %w", t.full, err)
		}
		name := unquote(strings.TrimSpace(arg[:at]))
		c.numbers[name], c.names[n] = n, name
	}
	return c, nil
}

func (c enumCodec) encode(b *proto.Buffer, values []any) error {
	numbers := make([]any, len(values))
	for i, v := range values {
		numbers[i] = v
		if name, ok := v.(string); ok {
			n, known := c.numbers[name]
			if !known {
				return fmt.Errorf("row %d: %q is not in the Enum", i, name)
			}
			numbers[i] = n
		}
	}
	return c.codec.encode(b, numbers)
}

func (c enumCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	values, err := c.codec.decode(r, rows)
	for i, v := range values {
		values[i] = c.names[v.(int64)]
	}
	return values, err
}
