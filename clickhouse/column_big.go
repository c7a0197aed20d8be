package clickhouse

import (
	"encoding/binary"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base/rows"
)

// bigs are whole numbers of 128 and 256 bits.
type bigs struct {
	plain
	width  int
	signed bool
	wire   []byte
}

// bigOverhead is about what a *big.Int takes beside its digits.
const bigOverhead = 48

func newBig(base string) column {
	c := &bigs{width: 16, signed: base[0] == 'I'}
	if strings.HasSuffix(base, "256") {
		c.width = 32
	}
	return c
}

func (c *bigs) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n*c.width); err != nil {
		return nil, err
	}
	if err = in.spend(n * (c.width + bigOverhead)); err != nil {
		return nil, err
	}
	v := make(rows.Values[*big.Int], 0, n)
	for i := range n {
		v = append(v, bigInt(c.wire[i*c.width:(i+1)*c.width], c.signed))
	}
	return v, nil
}

// bigInt reads a little-endian number, in two's complement if signed.
func bigInt(wire []byte, signed bool) *big.Int {
	b := slices.Clone(wire)
	slices.Reverse(b)
	x := new(big.Int).SetBytes(b)
	if signed && b[0]&0x80 != 0 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return x
}

// newDecimal gives Decimals as exact text.
func newDecimal(t typeName) (column, error) {
	width, scaleAt := map[string]int{"Decimal32": 4, "Decimal64": 8, "Decimal128": 16, "Decimal256": 32}[t.base], 0
	if width == 0 {
		precision, err := t.number(0, 1, 76)
		if err != nil {
			return nil, wrapType(t, err)
		}
		scaleAt, width = 1, decimalWidth(precision)
	}
	scale, err := t.number(scaleAt, 0, 76)
	if err != nil {
		return nil, wrapType(t, err)
	}
	return &formatted{width: width, format: func(dst, wire []byte) []byte { return appendDecimal(dst, wire, scale) }}, nil
}

func decimalWidth(precision int) int {
	switch {
	case precision <= 9:
		return 4
	case precision <= 18:
		return 8
	case precision <= 38:
		return 16
	}
	return 32
}

func appendDecimal(dst, wire []byte, scale int) []byte {
	var digits string
	switch len(wire) {
	case 4:
		digits = strconv.FormatInt(int64(int32(binary.LittleEndian.Uint32(wire))), 10)
	case 8:
		digits = strconv.FormatInt(int64(binary.LittleEndian.Uint64(wire)), 10)
	default:
		digits = bigInt(wire, true).String()
	}
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - scale
	dst = append(dst, digits[:point]...)
	dst = append(dst, '.')
	return append(dst, digits[point:]...)
}
