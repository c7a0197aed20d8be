package wire

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// Shaped writes to a connection, slowly or up to a point where a fault says so: the way out of fakes that hold their
// connections. It is safe for concurrent use as far as the connection is.
type Shaped struct {
	conn net.Conn
	ctx  context.Context

	mu    sync.Mutex
	fault fault.Fault
	left  int64
}

// NewShaped writes as the connection does until [Shaped.Shape]. A slow write ends with the context.
func NewShaped(ctx context.Context, conn net.Conn) *Shaped { return &Shaped{conn: conn, ctx: ctx} }

// ErrShaped is what a write gets that was cut.
var ErrShaped = errors.New("wire: cut after so many bytes")

// Shape acts out fault.Slow and fault.Cut from now on; any other fault, such as the zero value, ends that.
func (w *Shaped) Shape(f fault.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.left = f, f.Bytes
}

// Write is the connection's.
func (w *Shaped) Write(data []byte) (int, error) {
	w.mu.Lock()
	f, left := w.fault, w.left
	if f.Kind == fault.KindCut {
		w.left -= min(left, int64(len(data)))
	}
	w.mu.Unlock()
	switch {
	case f.Kind == fault.KindCut && int64(len(data)) >= left:
		_, _ = w.conn.Write(data[:left])
		_ = w.conn.Close()
		return int(left), ErrShaped
	case f.Kind == fault.KindSlow:
		return w.slowly(data, int(max(1, f.Bytes)), f.Delay)
	}
	return w.conn.Write(data)
}

// Send is Write for those who need no count.
func (w *Shaped) Send(data []byte) error {
	_, err := w.Write(data)
	return err
}

func (w *Shaped) slowly(data []byte, piece int, tick time.Duration) (int, error) {
	for at := 0; at < len(data); at += piece {
		if _, err := w.conn.Write(data[at:min(at+piece, len(data))]); err != nil {
			return at, err
		}
		if err := Pause(w.ctx, tick); err != nil {
			return at, err
		}
	}
	return len(data), nil
}
