package clickhousetest

import (
	"fmt"
	"math"

	"github.com/ClickHouse/ch-go/proto"
)

// lowCardinalityCodec writes a dictionary of the block's distinct values and a key per row. The dictionary of a
// Nullable type starts with its NULL.
type lowCardinalityCodec struct {
	inner    codec
	nullable bool
}

// The head of the data, after the version in the state: the width of the keys and two flags.
const (
	lowCardinalityVersion    = 1
	lowCardinalityKeys       = 1 << 9
	lowCardinalityDictionary = 1 << 10
)

func newLowCardinality(inner codec) codec {
	if n, ok := inner.(nullableCodec); ok {
		return lowCardinalityCodec{n.inner, true}
	}
	return lowCardinalityCodec{inner, false}
}

func (c lowCardinalityCodec) state(b *proto.Buffer) { b.PutInt64(lowCardinalityVersion) }

func (c lowCardinalityCodec) readState(r *proto.Reader) error {
	version, err := r.Int64()
	if err == nil && version != lowCardinalityVersion {
		err = fmt.Errorf("LowCardinality version %d", version)
	}
	return err
}

func (c lowCardinalityCodec) zero() any {
	if c.nullable {
		return nil
	}
	return c.inner.zero()
}

func (c lowCardinalityCodec) encode(b *proto.Buffer, values []any) error {
	if len(values) == 0 {
		return nil
	}
	var dictionary []any
	index := map[any]uint64{}
	if c.nullable {
		dictionary = append(dictionary, c.inner.zero())
		index[nil] = 0
	}
	keys := make([]uint64, len(values))
	for i, v := range values {
		if v == nil && !c.nullable {
			v = c.inner.zero()
		}
		key, ok := index[v]
		if !ok {
			key = uint64(len(dictionary))
			index[v], dictionary = key, append(dictionary, v)
		}
		keys[i] = key
	}
	width := keyWidth(len(dictionary))
	b.PutInt64(lowCardinalityKeys | lowCardinalityDictionary | int64(width))
	b.PutInt64(int64(len(dictionary)))
	if err := c.inner.encode(b, dictionary); err != nil {
		return err
	}
	b.PutInt64(int64(len(keys)))
	for _, key := range keys {
		putKey(b, width, key)
	}
	return nil
}

// keyWidth is 0 to 3 for keys of 1, 2, 4 or 8 bytes.
func keyWidth(size int) int {
	switch {
	case size <= math.MaxUint8+1:
		return 0
	case size <= math.MaxUint16+1:
		return 1
	}
	return 2
}

func putKey(b *proto.Buffer, width int, key uint64) {
	switch width {
	case 0:
		b.PutUInt8(uint8(key))
	case 1:
		b.PutUInt16(uint16(key))
	default:
		b.PutUInt32(uint32(key))
	}
}

func readKey(r *proto.Reader, width int64) (uint64, error) {
	switch width {
	case 0:
		return widen((*proto.Reader).UInt8)(r)
	case 1:
		return widen((*proto.Reader).UInt16)(r)
	case 2:
		return widen((*proto.Reader).UInt32)(r)
	}
	return r.UInt64()
}

func (c lowCardinalityCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	if rows == 0 {
		return nil, nil
	}
	head, err := r.Int64()
	if err != nil {
		return nil, err
	}
	size, err := r.Int64()
	if err != nil {
		return nil, err
	}
	if size < 0 || size > maxDecodedRows {
		return nil, fmt.Errorf("LowCardinality dictionary of %d values", size)
	}
	dictionary, err := c.inner.decode(r, int(size))
	if err != nil {
		return nil, err
	}
	if c.nullable && len(dictionary) > 0 {
		dictionary[0] = nil
	}
	if _, err := r.Int64(); err != nil { // how many keys follow: as many as there are rows
		return nil, err
	}
	out := make([]any, 0, min(rows, 1<<16))
	for range rows {
		key, err := readKey(r, head&0xff)
		if err != nil {
			return nil, err
		}
		if key >= uint64(len(dictionary)) {
			return nil, fmt.Errorf("LowCardinality key %d of %d", key, len(dictionary))
		}
		out = append(out, dictionary[key])
	}
	return out, nil
}
