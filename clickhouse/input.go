package clickhouse

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unsafe"
)

const (
	inputSize  = 256 << 10
	maxBlock   = 1 << 30 // decoded bytes of one block
	maxRows    = 1 << 27 // of one block
	maxColumns = 1 << 14
	maxText    = 1 << 20 // of one name, type or message
	growStep   = 1 << 20 // bytes taken ahead of what has arrived
)

// malformedError is an answer that breaks the protocol.
type malformedError struct{ what string }

func (e *malformedError) Error() string { return "the answer breaks the protocol: " + e.what }

func malformed(format string, args ...any) error {
	return &malformedError{fmt.Sprintf(format, args...)}
}

// input reads the values of the protocol from a stream. No length that the stream announces is believed: memory is taken
// as bytes arrive.
type input struct {
	src    io.Reader
	buf    []byte
	r, w   int
	failed error // of src, for good
	budget int   // bytes that the present block may still take
}

func newInput(src io.Reader) *input { return &input{src: src, buf: make([]byte, inputSize)} }

// fill reads at least one byte more; the unread ones move to the front when there is no room behind them.
func (in *input) fill() error {
	if in.failed != nil {
		return in.failed
	}
	if in.r == in.w {
		in.r, in.w = 0, 0
	} else if in.w == len(in.buf) {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	n, err := in.src.Read(in.buf[in.w:])
	in.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	in.failed = err
	return err
}

// Read is for the decompressor.
func (in *input) Read(p []byte) (int, error) {
	if in.r == in.w {
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.buf[in.r:in.w])
	in.r += n
	return n, nil
}

func (in *input) byte() (byte, error) {
	if in.r == in.w {
		if err := in.fill(); err != nil {
			return 0, err
		}
	}
	b := in.buf[in.r]
	in.r++
	return b, nil
}

// full fills p. Large pieces go past the buffer.
func (in *input) full(p []byte) error {
	n := copy(p, in.buf[in.r:in.w])
	in.r += n
	p = p[n:]
	if len(p) >= len(in.buf)/2 && in.failed == nil {
		_, err := io.ReadFull(in.src, p)
		in.failed = err
		return err
	}
	for len(p) > 0 {
		if err := in.fill(); err != nil {
			return err
		}
		n = copy(p, in.buf[in.r:in.w])
		in.r += n
		p = p[n:]
	}
	return nil
}

func (in *input) uvarint() (uint64, error) {
	var x uint64
	for shift := 0; shift < 64; shift += 7 {
		b, err := in.byte()
		if err != nil {
			return 0, err
		}
		if b < 0x80 {
			return x | uint64(b)<<shift, nil
		}
		x |= uint64(b&0x7F) << shift
	}
	return 0, malformed("a number of more than 64 bits")
}

// count reads a length that must not pass the limit.
func (in *input) count(what string, limit int) (int, error) {
	n, err := in.uvarint()
	if err != nil {
		return 0, err
	}
	if n > uint64(limit) {
		return 0, malformed("%d %s, and %d are believed", n, what, limit)
	}
	return int(n), nil
}

func (in *input) text() (string, error) {
	n, err := in.count("bytes of text", maxText)
	if err != nil {
		return "", err
	}
	p, err := readFixed(in, []byte(nil), n)
	return string(p), err
}

func (in *input) uint32() (uint32, error) {
	var b [4]byte
	err := in.full(b[:])
	return binary.LittleEndian.Uint32(b[:]), err
}

func (in *input) uint64() (uint64, error) {
	var b [8]byte
	err := in.full(b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}

// spend takes bytes off the block's budget.
func (in *input) spend(bytes int) error {
	if in.budget -= bytes; in.budget < 0 {
		return malformed("a block of more bytes than are believed, which max_bytes bounds")
	}
	return nil
}

// fixed are the types whose memory is their form on the wire.
type fixed interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// readFixed appends n values to dst, taking memory as they arrive.
func readFixed[E fixed](in *input, dst []E, n int) ([]E, error) {
	var e E
	size := int(unsafe.Sizeof(e))
	if err := in.spend(n * size); err != nil {
		return dst, err
	}
	for n > 0 {
		step := min(n, growStep/size)
		start := len(dst)
		dst = slices.Grow(dst, step)[:start+step]
		part := unsafe.Slice((*byte)(unsafe.Pointer(&dst[start])), step*size)
		if err := in.full(part); err != nil {
			return dst[:start], err
		}
		if bigEndian {
			for i := 0; i < len(part); i += size {
				slices.Reverse(part[i : i+size])
			}
		}
		n -= step
	}
	return dst, nil
}
