package clickhouse

import (
	"math"
	"net/netip"
	"unsafe"

	"github.com/fourkites/sources/base/rows"
)

// numbers are values whose memory is their form on the wire.
type numbers[E rows.Number] struct {
	plain
	v rows.Numbers[E]
}

func (c *numbers[E]) read(in *input, n int) (rows.Vector, error) {
	var err error
	c.v, err = readFixed(in, c.v[:0], n)
	return c.v, err
}

// converted are numbers on the wire that stand for something else.
type converted[W fixed, E any] struct {
	plain
	to   func(W) E
	wire []W
	v    rows.Values[E]
}

func (c *converted[W, E]) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n); err != nil {
		return nil, err
	}
	var e E
	if err = in.spend(n * int(unsafe.Sizeof(e))); err != nil {
		return nil, err
	}
	c.v = c.v[:0]
	for _, w := range c.wire {
		c.v = append(c.v, c.to(w))
	}
	return vectorOf(c.v), nil
}

// vectorOf gives floats as numbers.
func vectorOf[E any](v rows.Values[E]) rows.Vector {
	if f, ok := any([]E(v)).([]float32); ok {
		return rows.Numbers[float32](f)
	}
	return v
}

func bfloat(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

type ipAddr = netip.Addr

func ipv4(x uint32) ipAddr {
	return netip.AddrFrom4([4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)})
}

type ipv6Column struct {
	plain
	wire []byte
	v    rows.Values[ipAddr]
}

func (c *ipv6Column) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n*16); err != nil {
		return nil, err
	}
	if err = in.spend(n * int(unsafe.Sizeof(ipAddr{}))); err != nil {
		return nil, err
	}
	c.v = c.v[:0]
	for i := range n {
		c.v = append(c.v, netip.AddrFrom16([16]byte(c.wire[i*16:])))
	}
	return c.v, nil
}

// nothing is the type of a bare NULL: one byte per value that means nothing.
type nothing struct {
	plain
	wire []byte
}

func (c *nothing) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n); err != nil {
		return nil, err
	}
	if err = in.spend(16 * n); err != nil {
		return nil, err
	}
	return make(rows.Any, n), nil
}
