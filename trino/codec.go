package trino

import (
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fourkites/sources/base"
)

// acceptEncoding is the header that asks for compressed answers.
func acceptEncoding(compression string) string {
	switch compression {
	case "none":
		return "identity"
	case "":
		return "zstd, gzip"
	}
	return compression
}

// maxWindow is the most that a frame of zstd may have its reader keep, as RFC 9659 bounds it for HTTP: without a bound a
// header of a few bytes takes half a gigabyte.
const maxWindow = 8 << 20

// decode undoes the encoding of an answer's body.
func decode(encoding string, body io.Reader) (io.ReadCloser, error) {
	source := &watched{Reader: body}
	switch encoding {
	case "", "identity":
		return io.NopCloser(body), nil
	case "gzip":
		z, err := gzip.NewReader(source)
		if err != nil {
			return nil, source.blame(err)
		}
		return &decoder{Reader: z, source: source, close: func() { _ = z.Close() }}, nil
	case "zstd":
		z, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, source.blame(err)
		}
		return &decoder{Reader: z, source: source, close: z.Close}, nil
	}
	e := base.NewError(base.KindProtocol, nil).WithText("the answer has an encoding that was not asked for")
	e.Sent = base.Answered
	return nil, e
}

// watched remembers why the compressed bytes ended.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// blame tells a broken connection from broken compression.
func (w *watched) blame(err error) error {
	switch {
	case w.err != nil && !errors.Is(w.err, io.EOF):
		return w.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		e := base.NewError(base.KindTooLarge, err)
		e.Sent, e.Hint = base.Answered, "the compression asks for a window above 8 MiB, which HTTP does not allow; set compression to gzip"
		return e
	}
	e := base.NewError(base.KindProtocol, err).WithText("the answer does not decompress: " + err.Error())
	e.Sent = base.Answered
	e.SetHint(base.HintOf("the compressed answer was damaged on the way"))
	return e
}

type decoder struct {
	io.Reader
	source *watched
	close  func()
}

func (d *decoder) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it bare
		err = d.source.blame(err)
	}
	return n, err
}

func (d *decoder) Close() error {
	d.close()
	return nil
}
