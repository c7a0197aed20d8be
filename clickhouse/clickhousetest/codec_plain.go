package clickhousetest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// plainCodecs are the types that need no argument (DateTime may have a zone, which does not change its bytes).
var plainCodecs = map[string]codec{
	"UInt8":    unsigned("UInt8", func(b *proto.Buffer, v uint64) { b.PutUInt8(uint8(v)) }, widen((*proto.Reader).UInt8)),
	"UInt16":   unsigned("UInt16", func(b *proto.Buffer, v uint64) { b.PutUInt16(uint16(v)) }, widen((*proto.Reader).UInt16)),
	"UInt32":   unsigned("UInt32", func(b *proto.Buffer, v uint64) { b.PutUInt32(uint32(v)) }, widen((*proto.Reader).UInt32)),
	"UInt64":   unsigned("UInt64", (*proto.Buffer).PutUInt64, (*proto.Reader).UInt64),
	"Int8":     signed("Int8", func(b *proto.Buffer, v int64) { b.PutInt8(int8(v)) }, extend((*proto.Reader).Int8)),
	"Int16":    signed("Int16", func(b *proto.Buffer, v int64) { b.PutInt16(int16(v)) }, extend((*proto.Reader).Int16)),
	"Int32":    signed("Int32", func(b *proto.Buffer, v int64) { b.PutInt32(int32(v)) }, extend((*proto.Reader).Int32)),
	"Int64":    signed("Int64", (*proto.Buffer).PutInt64, (*proto.Reader).Int64),
	"Float32":  float32Codec,
	"Float64":  float64Codec,
	"Bool":     boolCodec,
	"String":   stringCodec{},
	"Date":     dateCodec,
	"Date32":   date32Codec,
	"DateTime": dateTimeCodec,
	"UUID":     uuidCodec,
	"Nothing":  nothingCodec,
}

func unsigned(name string, put func(*proto.Buffer, uint64), get func(*proto.Reader) (uint64, error)) codec {
	return fixed[uint64]{name: name, put: put, get: get, from: asUint, to: func(v uint64) any { return v }}
}

func signed(name string, put func(*proto.Buffer, int64), get func(*proto.Reader) (int64, error)) codec {
	return fixed[int64]{name: name, put: put, get: get, from: asInt, to: func(v int64) any { return v }}
}

func widen[T uint8 | uint16 | uint32](get func(*proto.Reader) (T, error)) func(*proto.Reader) (uint64, error) {
	return func(r *proto.Reader) (uint64, error) {
		v, err := get(r)
		return uint64(v), err
	}
}

func extend[T int8 | int16 | int32](get func(*proto.Reader) (T, error)) func(*proto.Reader) (int64, error) {
	return func(r *proto.Reader) (int64, error) {
		v, err := get(r)
		return int64(v), err
	}
}

var float32Codec = fixed[float64]{
	name: "Float32", from: asFloat, to: func(v float64) any { return v },
	put: func(b *proto.Buffer, v float64) { b.PutFloat32(float32(v)) },
	get: func(r *proto.Reader) (float64, error) { v, err := r.Float32(); return float64(v), err },
}

var float64Codec = fixed[float64]{
	name: "Float64", from: asFloat, to: func(v float64) any { return v },
	put: (*proto.Buffer).PutFloat64, get: (*proto.Reader).Float64,
}

var boolCodec = fixed[bool]{
	name: "Bool", put: (*proto.Buffer).PutBool, get: (*proto.Reader).Bool, to: func(v bool) any { return v },
	from: func(v any) (bool, bool) { n, ok := asInt(v); return n != 0, ok },
}

var nothingCodec = fixed[uint8]{
	name: "Nothing", put: (*proto.Buffer).PutUInt8, get: (*proto.Reader).UInt8, to: func(uint8) any { return nil },
	from: func(v any) (uint8, bool) { return 0, v == nil },
}

const secondsPerDay = 24 * 60 * 60

func asTime(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case nil:
		return time.Unix(0, 0), true
	case string:
		for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t, true
			}
		}
		return time.Time{}, false
	}
	seconds, ok := asInt(v)
	return time.Unix(seconds, 0), ok
}

// days is the number of whole days since 1970, rounded down.
func days(t time.Time) int64 {
	seconds := t.Unix()
	if seconds < 0 {
		seconds -= secondsPerDay - 1
	}
	return seconds / secondsPerDay
}

var dateCodec = fixed[time.Time]{
	name: "Date", from: asTime, to: utc,
	put: func(b *proto.Buffer, v time.Time) { b.PutUInt16(uint16(max(days(v), 0))) },
	get: func(r *proto.Reader) (time.Time, error) {
		v, err := r.UInt16()
		return time.Unix(int64(v)*secondsPerDay, 0), err
	},
}

var date32Codec = fixed[time.Time]{
	name: "Date32", from: asTime, to: utc,
	put: func(b *proto.Buffer, v time.Time) { b.PutInt32(int32(days(v))) },
	get: func(r *proto.Reader) (time.Time, error) {
		v, err := r.Int32()
		return time.Unix(int64(v)*secondsPerDay, 0), err
	},
}

var dateTimeCodec = fixed[time.Time]{
	name: "DateTime", from: asTime, to: utc,
	put: func(b *proto.Buffer, v time.Time) { b.PutUInt32(uint32(max(v.Unix(), 0))) },
	get: func(r *proto.Reader) (time.Time, error) {
		v, err := r.UInt32()
		return time.Unix(int64(v), 0), err
	},
}

func utc(t time.Time) any {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC()
}

type dateTime64Codec struct {
	stateless
	precision int
}

func (c dateTime64Codec) tick() int64 {
	tick := int64(1)
	for range 9 - c.precision {
		tick *= 10
	}
	return tick
}

func (c dateTime64Codec) encode(b *proto.Buffer, values []any) error {
	perSecond := int64(time.Second) / c.tick()
	for i, v := range values {
		t, ok := asTime(v)
		if !ok {
			return fmt.Errorf("row %d: %T does not fit DateTime64", i, v)
		}
		b.PutInt64(t.Unix()*perSecond + int64(t.Nanosecond())/c.tick())
	}
	return nil
}

func (c dateTime64Codec) decode(r *proto.Reader, rows int) ([]any, error) {
	perSecond := int64(time.Second) / c.tick()
	out := make([]any, 0, min(rows, 1<<16))
	for range rows {
		v, err := r.Int64()
		if err != nil {
			return nil, err
		}
		out = append(out, time.Unix(v/perSecond, v%perSecond*c.tick()).UTC())
	}
	return out, nil
}

func (c dateTime64Codec) zero() any { return time.Unix(0, 0).UTC() }

var uuidCodec = fixed[[16]byte]{
	name: "UUID", from: parseUUID,
	// The two halves stand on the wire as little-endian numbers.
	put: func(b *proto.Buffer, v [16]byte) {
		b.PutUInt64(binary.BigEndian.Uint64(v[:8]))
		b.PutUInt64(binary.BigEndian.Uint64(v[8:]))
	},
	get: func(r *proto.Reader) (v [16]byte, err error) {
		raw, err := r.ReadRaw(16)
		if err != nil {
			return v, err
		}
		binary.BigEndian.PutUint64(v[:8], binary.LittleEndian.Uint64(raw[:8]))
		binary.BigEndian.PutUint64(v[8:], binary.LittleEndian.Uint64(raw[8:]))
		return v, nil
	},
	to: func(v [16]byte) any {
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
	},
}

func parseUUID(v any) (id [16]byte, ok bool) {
	switch v := v.(type) {
	case nil:
		return id, true
	case [16]byte:
		return v, true
	case string:
		digits := strings.ReplaceAll(v, "-", "")
		if len(digits) != 2*len(id) {
			return id, false
		}
		_, err := hex.Decode(id[:], []byte(digits))
		return id, err == nil
	}
	return id, false
}
