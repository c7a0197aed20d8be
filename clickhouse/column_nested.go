package clickhouse

import (
	"time"

	"github.com/fourkites/sources/base/rows"
)

// nullable has a byte per value that says whether it is NULL, and then all values.
type nullable struct {
	inner column
	wire  []byte
	v     rows.Nullable
}

func (c *nullable) prefix(in *input) error { return c.inner.prefix(in) }

func (c *nullable) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n); err != nil {
		return nil, err
	}
	if err = in.spend(n); err != nil {
		return nil, err
	}
	c.v.Nulls = c.v.Nulls[:0]
	for _, b := range c.wire {
		c.v.Nulls = append(c.v.Nulls, b != 0)
	}
	c.v.Values, err = c.inner.read(in, n)
	return &c.v, err
}

// listColumn has the end of each array, and then the elements of all.
type listColumn struct {
	elements column
	wire     []uint64
	v        rows.Lists
}

func (c *listColumn) prefix(in *input) error { return c.elements.prefix(in) }

func (c *listColumn) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, c.v.Ends, err = readEnds(in, c.wire, c.v.Ends, n); err != nil {
		return nil, err
	}
	c.v.Elements, err = c.elements.read(in, lastEnd(c.v.Ends))
	return &c.v, err
}

// readEnds reads offsets, which must grow.
func readEnds(in *input, wire []uint64, ends []uint32, n int) ([]uint64, []uint32, error) {
	wire, err := readFixed(in, wire[:0], n)
	if err != nil {
		return wire, ends, err
	}
	ends = ends[:0]
	var before uint64
	for _, end := range wire {
		if end < before || end > maxRows {
			return wire, ends, malformed("an array that ends at %d, after one that ends at %d", end, before)
		}
		before = end
		ends = append(ends, uint32(end))
	}
	return wire, ends, nil
}

func lastEnd(ends []uint32) int {
	if len(ends) == 0 {
		return 0
	}
	return int(ends[len(ends)-1])
}

// mapColumn is arrays of keys and values.
type mapColumn struct {
	keys, values column
	wire         []uint64
	v            rows.Maps
}

func (c *mapColumn) prefix(in *input) error {
	if err := c.keys.prefix(in); err != nil {
		return err
	}
	return c.values.prefix(in)
}

func (c *mapColumn) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, c.v.Ends, err = readEnds(in, c.wire, c.v.Ends, n); err != nil {
		return nil, err
	}
	total := lastEnd(c.v.Ends)
	if c.v.Keys, err = c.keys.read(in, total); err != nil {
		return nil, err
	}
	c.v.Values, err = c.values.read(in, total)
	return &c.v, err
}

// tuples are their members, one after the other.
type tuples struct {
	members []column
	v       rows.Tuples
	wire    []byte // an empty tuple has a byte per value
}

func newTuples(t typeName, zone *time.Location, depth int) (column, error) {
	c := &tuples{v: rows.Tuples{Members: make([]rows.Vector, len(t.args))}}
	for _, arg := range t.args {
		name, typ := splitMember(arg)
		member, err := newColumn(typ, zone, depth+1)
		if err != nil {
			return nil, err
		}
		c.members = append(c.members, member)
		if name != "" {
			c.v.Names = append(c.v.Names, name)
		}
	}
	if len(c.v.Names) != len(c.members) {
		c.v.Names = nil
	}
	return c, nil
}

func (c *tuples) prefix(in *input) error {
	for _, m := range c.members {
		if err := m.prefix(in); err != nil {
			return err
		}
	}
	return nil
}

func (c *tuples) read(in *input, n int) (rows.Vector, error) {
	c.v.Rows = n
	var err error
	if len(c.members) == 0 {
		c.wire, err = readFixed(in, c.wire[:0], n)
		return &c.v, err
	}
	for i, m := range c.members {
		if c.v.Members[i], err = m.read(in, n); err != nil {
			return nil, err
		}
	}
	return &c.v, nil
}

// dictionary is LowCardinality: the values that occur in the block, and a key per row.
type dictionary struct {
	values column
	null   bool
	v      rows.Dictionary
	narrow []uint8
	medium []uint16
	wide   []uint64
}

func newDictionary(t typeName, zone *time.Location, depth int) (column, error) {
	if len(t.args) != 1 {
		return nil, &unsupportedError{t.full, "it takes one argument"}
	}
	inner, err := parseType(t.args[0])
	if err != nil {
		return nil, wrapType(t, err)
	}
	c := &dictionary{}
	if inner.base == "Nullable" && len(inner.args) == 1 {
		c.null = true
		inner.full = inner.args[0]
	}
	c.values, err = newColumn(inner.full, zone, depth+1)
	c.v.NullKey0 = c.null
	return c, err
}

const (
	dictionaryVersion  = 1
	dictionaryWidth    = 0xFF
	dictionaryGlobal   = 1 << 8
	dictionaryHasNew   = 1 << 9
	maxDictionaryWidth = 3
)

func (c *dictionary) prefix(in *input) error {
	version, err := in.uint64()
	if err == nil && version != dictionaryVersion {
		return malformed("LowCardinality version %d", version)
	}
	return err
}

func (c *dictionary) read(in *input, n int) (rows.Vector, error) {
	if n == 0 {
		c.v.Keys = c.v.Keys[:0]
		var err error
		c.v.Values, err = c.values.read(in, 0)
		return &c.v, err
	}
	head, err := in.uint64()
	if err != nil {
		return nil, err
	}
	if head&dictionaryGlobal != 0 || head&dictionaryHasNew == 0 || head&dictionaryWidth > maxDictionaryWidth {
		return nil, malformed("LowCardinality flags %#x", head)
	}
	size, err := in.uint64()
	if err != nil {
		return nil, err
	}
	if size > maxRows {
		return nil, malformed("a dictionary of %d values", size)
	}
	if c.v.Values, err = c.values.read(in, int(size)); err != nil {
		return nil, err
	}
	keys, err := in.uint64()
	if err != nil {
		return nil, err
	}
	if keys != uint64(n) {
		return nil, malformed("%d keys for %d rows", keys, n)
	}
	if err := in.spend(4 * n); err != nil {
		return nil, err
	}
	return &c.v, c.readKeys(in, head&dictionaryWidth, n, uint32(size))
}

func (c *dictionary) readKeys(in *input, width uint64, n int, size uint32) (err error) {
	c.v.Keys = c.v.Keys[:0]
	switch width {
	case 0:
		c.narrow, err = readFixed(in, c.narrow[:0], n)
		c.v.Keys = widen(c.v.Keys, c.narrow)
	case 1:
		c.medium, err = readFixed(in, c.medium[:0], n)
		c.v.Keys = widen(c.v.Keys, c.medium)
	case 2:
		c.v.Keys, err = readFixed(in, c.v.Keys, n)
	default:
		c.wide, err = readFixed(in, c.wide[:0], n)
		c.v.Keys = widen(c.v.Keys, c.wide)
	}
	if err != nil {
		return err
	}
	for _, key := range c.v.Keys {
		if key >= size {
			return malformed("key %d of a dictionary of %d values", key, size)
		}
	}
	return nil
}

func widen[E uint8 | uint16 | uint64](keys []uint32, from []E) []uint32 {
	for _, k := range from {
		keys = append(keys, uint32(min(uint64(k), maxRows)))
	}
	return keys
}
