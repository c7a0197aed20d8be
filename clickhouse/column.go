package clickhouse

import (
	"fmt"
	"time"

	"github.com/fourkites/sources/base/rows"
)

// column decodes the values of one type as they stand in a native block.
type column interface {
	// prefix reads what some types write once before their values.
	prefix(in *input) error
	// read decodes n values; the vector is valid until the next read.
	read(in *input, n int) (rows.Vector, error)
}

// plain is embedded by the types without a prefix.
type plain struct{}

func (plain) prefix(*input) error { return nil }

// unsupportedError is a type that this client does not decode.
type unsupportedError struct{ typ, why string }

func (e *unsupportedError) Error() string {
	text := "type " + e.typ + " is not supported"
	if e.why != "" {
		text += ": " + e.why
	}
	return text
}

// newColumn makes the decoder of a type. zone is the server's, for instants without one of their own.
func newColumn(full string, zone *time.Location, depth int) (column, error) {
	if depth > maxTypeDepth {
		return nil, &unsupportedError{full, "it is nested too deeply"}
	}
	t, err := parseType(full)
	if err != nil {
		return nil, &unsupportedError{full, err.Error()}
	}
	if c := newNumber(t.base); c != nil {
		return c, nil
	}
	c, err := newArgument(t, zone, depth)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, &unsupportedError{typ: full}
	}
	return c, nil
}

func newNumber(base string) column {
	switch base {
	case "UInt8":
		return &numbers[uint8]{}
	case "UInt16":
		return &numbers[uint16]{}
	case "UInt32":
		return &numbers[uint32]{}
	case "UInt64":
		return &numbers[uint64]{}
	case "Int8":
		return &numbers[int8]{}
	case "Int16":
		return &numbers[int16]{}
	case "Int32":
		return &numbers[int32]{}
	case "Int64":
		return &numbers[int64]{}
	case "Float32":
		return &numbers[float32]{}
	case "Float64":
		return &numbers[float64]{}
	case "BFloat16":
		return &converted[uint16, float32]{to: bfloat}
	case "Bool":
		return &converted[uint8, bool]{to: func(b uint8) bool { return b != 0 }}
	case "Int128", "Int256", "UInt128", "UInt256":
		return newBig(base)
	case "String":
		return &texts{}
	case "UUID":
		return &formatted{width: 16, format: appendUUID}
	case "IPv4":
		return &converted[uint32, ipAddr]{to: ipv4}
	case "IPv6":
		return &ipv6Column{}
	case "Nothing":
		return &nothing{}
	}
	return nil
}

// newArgument is for the types that take arguments, and those made of others.
func newArgument(t typeName, zone *time.Location, depth int) (column, error) {
	inner := func(i int) (column, error) {
		if i >= len(t.args) {
			return nil, &unsupportedError{t.full, "it lacks an argument"}
		}
		return newColumn(t.args[i], zone, depth+1)
	}
	switch t.base {
	case "Date", "Date32", "DateTime", "DateTime32", "DateTime64", "Time", "Time64":
		return newTime(t, zone)
	case "FixedString":
		size, err := t.number(0, 1, 1<<20)
		return &fixedText{size: size}, wrapType(t, err)
	case "Enum8", "Enum16":
		words, err := t.enumWords()
		if t.base == "Enum8" {
			return &enum[int8]{words: words}, wrapType(t, err)
		}
		return &enum[int16]{words: words}, wrapType(t, err)
	case "Decimal", "Decimal32", "Decimal64", "Decimal128", "Decimal256":
		return newDecimal(t)
	case "Nullable":
		c, err := inner(0)
		return &nullable{inner: c}, err
	case "Array":
		c, err := inner(0)
		return &listColumn{elements: c}, err
	case "LowCardinality":
		return newDictionary(t, zone, depth)
	case "Map":
		k, err := inner(0)
		if err != nil {
			return nil, err
		}
		v, err := inner(1)
		return &mapColumn{keys: k, values: v}, err
	case "Tuple":
		return newTuples(t, zone, depth)
	case "Nested":
		c, err := newTuples(t, zone, depth)
		return &listColumn{elements: c}, err
	case "SimpleAggregateFunction":
		return inner(1)
	case "JSON":
		return &jsonText{}, nil
	}
	if alias, ok := aliases[t.base]; ok {
		return newColumn(alias, zone, depth+1)
	}
	return nil, nil
}

// aliases are types that are others by another name.
var aliases = map[string]string{
	"Point": "Tuple(Float64, Float64)", "Ring": "Array(Point)", "LineString": "Array(Point)",
	"MultiLineString": "Array(LineString)", "Polygon": "Array(Ring)", "MultiPolygon": "Array(Polygon)",
	"IntervalNanosecond": "Int64", "IntervalMicrosecond": "Int64", "IntervalMillisecond": "Int64",
	"IntervalSecond": "Int64", "IntervalMinute": "Int64", "IntervalHour": "Int64", "IntervalDay": "Int64",
	"IntervalWeek": "Int64", "IntervalMonth": "Int64", "IntervalQuarter": "Int64", "IntervalYear": "Int64",
}

func wrapType(t typeName, err error) error {
	if err == nil {
		return nil
	}
	return &unsupportedError{t.full, err.Error()}
}

// columnError says which column cannot be decoded.
type columnError struct {
	name string
	err  error
}

func (e *columnError) Error() string { return fmt.Sprintf("column %q: %v", e.name, e.err) }

func (e *columnError) Unwrap() error { return e.err }
