package clickhousetest

import (
	"fmt"
	"math"

	"github.com/ClickHouse/ch-go/proto"
)

// codec writes and reads the values of one column type as they stand in a native block. A codec holds no values: it
// may be used for many columns.
type codec interface {
	// state is the prefix that some types write once before their values.
	state(b *proto.Buffer)
	readState(r *proto.Reader) error
	encode(b *proto.Buffer, values []any) error
	decode(r *proto.Reader, rows int) ([]any, error)
	// zero is what stands in the place of a NULL or an absent value.
	zero() any
}

// maxDecodedRows bounds what one block of an INSERT may announce.
const maxDecodedRows = 1 << 22

// stateless is embedded by the codecs without a prefix.
type stateless struct{}

func (stateless) state(*proto.Buffer)           {}
func (stateless) readState(*proto.Reader) error { return nil }

func codecFor(full string) (codec, error) {
	t, err := parseType(full)
	if err != nil {
		return nil, err
	}
	if c, ok := plainCodecs[t.base]; ok {
		return c, nil
	}
	switch t.base {
	case "FixedString":
		size, err := t.number(0, 0)
		return fixedStringCodec{size: size}, err
	case "DateTime64":
		precision, err := t.number(0, 3)
		if err == nil && precision > 9 {
			err = fmt.Errorf("type %q: precision above 9", full)
		}
		return dateTime64Codec{precision: precision}, err
	case "Enum8", "Enum16":
		return newEnumCodec(t)
	case "SimpleAggregateFunction":
		if err := t.arity(2); err != nil {
			return nil, err
		}
		return codecFor(t.args[1])
	}
	return nestedCodec(t)
}

// fixed is the codec of a type whose values have one width.
type fixed[T any] struct {
	stateless
	put  func(*proto.Buffer, T)
	get  func(*proto.Reader) (T, error)
	from func(any) (T, bool)
	to   func(T) any
	name string
}

func (c fixed[T]) encode(b *proto.Buffer, values []any) error {
	for i, v := range values {
		t, ok := c.from(v)
		if !ok {
			return fmt.Errorf("row %d: %T does not fit %s", i, v, c.name)
		}
		c.put(b, t)
	}
	return nil
}

func (c fixed[T]) decode(r *proto.Reader, rows int) ([]any, error) {
	out := make([]any, 0, min(rows, 1<<16))
	for range rows {
		v, err := c.get(r)
		if err != nil {
			return nil, err
		}
		out = append(out, c.to(v))
	}
	return out, nil
}

func (c fixed[T]) zero() any {
	var z T
	return c.to(z)
}

type stringCodec struct{ stateless }

func (stringCodec) encode(b *proto.Buffer, values []any) error {
	for i, v := range values {
		s, ok := asString(v)
		if !ok {
			return fmt.Errorf("row %d: %T does not fit String", i, v)
		}
		b.PutString(s)
	}
	return nil
}

func (stringCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	out := make([]any, 0, min(rows, 1<<16))
	for range rows {
		s, err := r.Str()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (stringCodec) zero() any { return "" }

type fixedStringCodec struct {
	stateless
	size int
}

func (c fixedStringCodec) encode(b *proto.Buffer, values []any) error {
	for i, v := range values {
		s, ok := asString(v)
		if !ok || len(s) > c.size {
			return fmt.Errorf("row %d: %T does not fit FixedString(%d)", i, v, c.size)
		}
		b.Buf = append(b.Buf, s...)
		for range c.size - len(s) {
			b.PutUInt8(0)
		}
	}
	return nil
}

func (c fixedStringCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	out := make([]any, 0, min(rows, 1<<16))
	for range rows {
		raw, err := r.ReadRaw(c.size)
		if err != nil {
			return nil, err
		}
		out = append(out, string(raw))
	}
	return out, nil
}

func (c fixedStringCodec) zero() any { return "" }

func asString(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case nil:
		return "", true
	}
	return "", false
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), true
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint8:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint16:
		return int64(v), true
	case float64:
		return int64(v), v == math.Trunc(v)
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case nil:
		return 0, true
	}
	return 0, false
}

func asUint(v any) (uint64, bool) {
	if f, ok := v.(float64); ok && f >= math.MaxInt64 {
		return uint64(f), true
	}
	n, ok := asInt(v)
	return uint64(n), ok
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case uint64:
		return float64(v), true
	}
	n, ok := asInt(v)
	return float64(n), ok
}
