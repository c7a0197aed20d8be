package clickhouse

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/go-faster/city"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// A compressed frame is a checksum of 16 bytes, which covers what follows it: a byte for the method, the size of the
// rest of the frame with these nine bytes, the size of the data, and the data compressed.
const (
	frameSum    = 16
	frameHead   = 9
	frameNone   = 0x02
	frameLZ4    = 0x82 // LZ4HC too
	frameZSTD   = 0x90
	maxFrame    = 128 << 20 // of one frame, either size; servers send 1 MiB
	maxLZ4Ratio = 255       // more than this LZ4 cannot shrink anything
	keepBuffer  = 1 << 20   // buffers above it do not stay with an idle connection
)

// frames decompresses an answer. Of what a frame announces nothing is believed: compressed bytes are taken as they
// arrive, and the memory for the data only when the checksum holds and the data can be as large as announced.
type frames struct {
	src   *input
	zstd  bool // was asked for; a server then may still answer with LZ4
	limit int  // bytes of data that the present block may still take
	raw   []byte
	data  []byte
	at    int
	tool  *zstd.Decoder
}

func newFrames(src *input, method compress.Method) *frames {
	return &frames{src: src, zstd: method == compress.ZSTD}
}

// Read gives the data of the frames.
func (f *frames) Read(p []byte) (int, error) {
	for f.at == len(f.data) {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.data[f.at:])
	f.at += n
	return n, nil
}

// next reads one frame.
func (f *frames) next() error {
	f.at, f.data = 0, f.data[:0]
	var head [frameSum + frameHead]byte
	if err := f.src.full(head[:]); err != nil {
		return err
	}
	method := head[frameSum]
	packed, size := binary.LittleEndian.Uint32(head[frameSum+1:]), binary.LittleEndian.Uint32(head[frameSum+5:])
	switch {
	case method == frameZSTD && !f.zstd:
		return errors.New("a frame of zstd, which was not asked for; set compression to zstd if the server is told to use it")
	case method != frameNone && method != frameLZ4 && method != frameZSTD:
		return fmt.Errorf("method %#x, which was not asked for", method)
	case packed < frameHead || packed > maxFrame || size > maxFrame:
		return fmt.Errorf("a frame of %d bytes for %d", packed, size)
	case int(size) > f.limit:
		return fmt.Errorf("a frame of %d bytes, and %d are believed of a block", size, f.limit)
	}
	f.limit -= int(size)
	if err := f.take(head[frameSum:], int(packed)-frameHead); err != nil {
		return err
	}
	sum := city.CH128(f.raw)
	if sum.Low != binary.LittleEndian.Uint64(head[:]) || sum.High != binary.LittleEndian.Uint64(head[8:]) {
		return errors.New("the checksum does not hold")
	}
	return f.unpack(method, f.raw[frameHead:], int(size))
}

// take reads n bytes behind the head, in steps: the announced size may be a lie.
func (f *frames) take(head []byte, n int) error {
	budget := f.src.budget
	defer func() { f.src.budget = budget }()
	f.src.budget = n
	var err error
	f.raw, err = readFixed(f.src, append(f.raw[:0], head...), n)
	return err
}

func (f *frames) unpack(method byte, raw []byte, size int) (err error) {
	switch {
	case method == frameNone && len(raw) != size, method == frameLZ4 && size > maxLZ4Ratio*len(raw):
		return fmt.Errorf("%d bytes cannot hold %d", len(raw), size)
	case method == frameZSTD:
		return f.unpackZSTD(raw, size)
	}
	if cap(f.data) < size {
		f.data = make([]byte, 0, size)
	}
	n := size
	if method == frameNone {
		copy(f.data[:size], raw)
	} else if n, err = lz4.UncompressBlock(raw, f.data[:size]); err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%d bytes where %d were announced", n, size)
	}
	f.data = f.data[:size]
	return nil
}

func (f *frames) unpackZSTD(raw []byte, size int) (err error) {
	if f.tool == nil {
		f.tool, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(maxFrame), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return err
		}
	}
	if cap(f.data) < size {
		f.data = make([]byte, 0, size)
	}
	out, err := f.tool.DecodeAll(raw, f.data[:0:size])
	if err == nil && len(out) != size {
		err = fmt.Errorf("%d bytes where %d were announced", len(out), size)
	}
	if err == nil {
		f.data = out
	}
	return err
}

// trim lets go of buffers that an answer has made large; nothing is unread.
func (f *frames) trim() {
	f.at, f.data = 0, f.data[:0]
	if cap(f.data) > keepBuffer {
		f.data = nil
	}
	if cap(f.raw) > keepBuffer {
		f.raw = nil
	}
}
