package clickhouse

import (
	"math"
	"slices"
	"unsafe"

	"github.com/fourkites/sources/base/rows"
)

// texts are Strings: a length and bytes each, gathered in one arena per block.
type texts struct {
	plain
	v    rows.Strings
	data []byte
	ends []uint32
}

func (c *texts) read(in *input, n int) (rows.Vector, error) {
	c.data, c.ends = c.data[:0], c.ends[:0]
	for len(c.ends) < n {
		c.data, c.ends = scanTexts(in, c.data, c.ends, n)
		if len(c.data) > maxBlock {
			return nil, malformed("a column of more than %d MB", maxBlock>>20)
		}
		if len(c.ends) == n {
			break
		}
		if err := c.slow(in); err != nil {
			return nil, err
		}
	}
	if err := in.spend(len(c.data) + 4*n); err != nil {
		return nil, err
	}
	c.v.Reset(c.data, c.ends)
	return &c.v, nil
}

// word is how many bytes are moved at once: most texts are shorter, and moving them needs no call.
const word = 16

// scanTexts takes the texts that lie whole in the buffer and are shorter than 128 bytes: nearly all of them.
func scanTexts(in *input, data []byte, ends []uint32, n int) ([]byte, []uint32) {
	buf, r := in.buf[:in.w], in.r
	d, k := len(data), len(ends)
	data = slices.Grow(data, len(buf)-r+word)
	data = data[:cap(data)]
	ends = slices.Grow(ends, min(n-k, len(buf)-r))
	ends = ends[:min(n, cap(ends))]
	for k < len(ends) && r < len(buf) {
		if r+word < len(buf) {
			if r, d, k = scanShort(buf, r, data, d, ends, k); k == len(ends) || r >= len(buf) {
				break
			}
		}
		size := int(buf[r])
		end := r + 1 + size
		if size >= 0x80 || end > len(buf) {
			break
		}
		copy(data[d:], buf[r+1:end])
		d += size
		ends[k] = uint32(d)
		k++
		r = end
	}
	in.r = r
	return data[:d], ends[:k]
}

// scanShort takes texts of up to a word while the buffer holds a word behind their length; r+word is within it at the
// start. data has room for as much as the buffer holds, and a word; ends for at least one more. Nothing is checked but
// that, for each check would cost as much as a text does.
func scanShort(buf []byte, r int, data []byte, d int, ends []uint32, k int) (nextR, nextD, nextK int) {
	from, to, end := unsafe.Pointer(unsafe.SliceData(buf)), unsafe.Pointer(unsafe.SliceData(data)), unsafe.Pointer(unsafe.SliceData(ends))
	for last, all := len(buf)-word, len(ends); k < all && r < last; k++ {
		size := int(*(*byte)(unsafe.Add(from, r)))
		if size > word {
			break
		}
		*(*[word]byte)(unsafe.Add(to, d)) = *(*[word]byte)(unsafe.Add(from, r+1))
		d += size
		*(*uint32)(unsafe.Add(end, 4*k)) = uint32(d)
		r += 1 + size
	}
	return r, d, k
}

// slow takes one text of any length.
func (c *texts) slow(in *input) error {
	size, err := in.count("bytes of text", min(maxBlock, math.MaxUint32))
	if err != nil {
		return err
	}
	if len(c.data)+size > maxBlock {
		return malformed("a column of more than %d MB", maxBlock>>20)
	}
	if c.data, err = readFixed(in, c.data, size); err != nil {
		return err
	}
	c.ends = append(c.ends, uint32(len(c.data)))
	return nil
}

// fixedText are FixedStrings; the zero bytes that fill them up are kept, for they may be data.
type fixedText struct {
	plain
	size int
	v    rows.Strings
	data []byte
	ends []uint32
}

func (c *fixedText) read(in *input, n int) (rows.Vector, error) {
	if n > maxBlock/c.size {
		return nil, malformed("a column of more than %d MB", maxBlock>>20)
	}
	var err error
	if c.data, err = readFixed(in, c.data[:0], n*c.size); err != nil {
		return nil, err
	}
	c.ends = c.ends[:0]
	for i := range n {
		c.ends = append(c.ends, uint32((i+1)*c.size))
	}
	c.v.Reset(c.data, c.ends)
	return &c.v, nil
}

// formatted are values of one width that are given as text.
type formatted struct {
	plain
	width  int
	format func(dst, wire []byte) []byte
	wire   []byte
	v      rows.Strings
	data   []byte
	ends   []uint32
}

func (c *formatted) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n*c.width); err != nil {
		return nil, err
	}
	c.data, c.ends = c.data[:0], c.ends[:0]
	for i := range n {
		c.data = c.format(c.data, c.wire[i*c.width:(i+1)*c.width])
		c.ends = append(c.ends, uint32(len(c.data)))
		if len(c.data) > in.budget {
			break
		}
	}
	if err = in.spend(len(c.data) + 4*n); err != nil {
		return nil, err
	}
	c.v.Reset(c.data, c.ends)
	return &c.v, nil
}

const hexDigits = "0123456789abcdef"

// appendUUID writes the usual form; on the wire each half is a little-endian number.
func appendUUID(dst, wire []byte) []byte {
	for i := range 16 {
		b := wire[i^7]
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}

// enum are Enums, given as their words.
type enum[E int8 | int16] struct {
	plain
	words map[int64]string
	wire  []E
	v     rows.Dictionary
	keys  map[E]uint32
}

func (c *enum[E]) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n); err != nil {
		return nil, err
	}
	if c.keys == nil {
		c.number()
	}
	if err = in.spend(4 * n); err != nil {
		return nil, err
	}
	c.v.Keys = c.v.Keys[:0]
	for _, w := range c.wire {
		key, ok := c.keys[w]
		if !ok {
			return nil, malformed("number %d is not one of the Enum", w)
		}
		c.v.Keys = append(c.v.Keys, key)
	}
	return &c.v, nil
}

// number gives each word a key; key 0 is the empty text, which stands where a NULL or an absent value is.
func (c *enum[E]) number() {
	c.keys = make(map[E]uint32, len(c.words))
	data, ends := []byte(nil), []uint32{0}
	for n, word := range c.words {
		c.keys[E(n)] = uint32(len(ends))
		data = append(data, word...)
		ends = append(ends, uint32(len(data)))
	}
	if _, ok := c.keys[0]; !ok {
		c.keys[0] = 0
	}
	c.v.Values = rows.NewStrings(data, ends)
}

// jsonText is JSON that the server was asked to send as text.
type jsonText struct{ texts }

const jsonAsText = 1

func (c *jsonText) prefix(in *input) error {
	version, err := in.uint64()
	if err == nil && version != jsonAsText {
		return &unsupportedError{"JSON", "this server, or this account, does not send it as text; select toString(column)"}
	}
	return err
}
