package rest

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/fourkites/sources/base"
)

// read reads the answer into the buffer of the request up to its cap, counted after decompression. Silence in mid-answer
// ends it. An answer that is cut at the cap of the request is not read on.
func (c *Client) read(resp *http.Response, t *trail, r Request) (data []byte, cut bool, err error) {
	most := c.config.MaxResponseBytes
	cutting := r.MaxBytes > 0 && r.MaxBytes < most && resp.StatusCode < http.StatusBadRequest
	if cutting {
		most = r.MaxBytes
	}
	body := io.Reader(resp.Body)
	if idle := c.guard.Limits().Idle.D(); idle > 0 {
		timer := time.AfterFunc(idle, t.silent)
		defer timer.Stop()
		body = &patient{Reader: resp.Body, timer: timer, idle: idle}
	}
	if c.config.Decode != nil {
		decoded, err := c.config.Decode(resp.Header.Get("Content-Encoding"), body)
		if err != nil {
			return nil, false, t.cut(err)
		}
		defer func() { _ = decoded.Close() }()
		body = decoded
	}
	data, err = readAll(io.LimitReader(body, most+1), r.Buffer[:0])
	switch {
	case int64(len(data)) > most && cutting:
		return data[:most], true, nil
	case int64(len(data)) > most:
		e := base.NewError(base.KindTooLarge, errTooLarge).WithText("the answer is larger than " + c.config.LimitName)
		e.Sent, e.Hint = base.Answered, "ask for less, or raise "+c.config.LimitName
		return nil, false, e
	case err != nil:
		return nil, false, t.cut(err)
	}
	return data, false, nil
}

const firstRead = 4 << 10

// readAll appends what is read to the buffer, in pieces that double: unlike in a bytes.Buffer, what is thrown away on the
// way is never more than what is kept.
func readAll(r io.Reader, buffer []byte) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			larger := make([]byte, len(buffer), max(firstRead, 2*cap(buffer)))
			copy(larger, buffer)
			buffer = larger
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case err == io.EOF: //nolint:errorlint // as a Reader ends
			return buffer, nil
		case err != nil:
			return buffer, err
		}
	}
}

var errTooLarge = errors.New("the answer is larger than allowed")

// cut types an answer that broke off: it is never taken for a whole one.
func (t *trail) cut(err error) error {
	_, typed := errors.AsType[*base.Error](err) // by Config.Decode, which says what is wrong
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if !typed && (corrupt || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader)) {
		return t.named(base.NewError(base.KindProtocol, err), err)
	}
	return t.broken(err)
}

// patient restarts the timer of silence with every piece that arrives.
type patient struct {
	io.Reader
	timer *time.Timer
	idle  time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n > 0 {
		p.timer.Reset(p.idle)
	}
	return n, err
}
