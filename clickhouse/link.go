package clickhouse

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// link is a connection as both drivers get it. Its Close never fails: a driver that sees Close fail leaves a reader
// behind that crashes the process. Until the server has said its first word, the context it was dialed with ends every
// wait on it, whatever deadline a driver sets meanwhile.
type link struct {
	net.Conn
	raw     net.Conn // below TLS
	ctx     context.Context
	stop    func() bool
	heard   atomic.Bool
	closed  atomic.Bool
	onClose func()
}

// past is a deadline that ends every wait.
var past = time.Unix(1, 0)

func newLink(ctx context.Context, conn, raw net.Conn) *link {
	l := &link{Conn: conn, raw: raw, ctx: ctx}
	l.stop = context.AfterFunc(ctx, func() {
		if !l.heard.Load() {
			_ = conn.SetDeadline(past)
		}
	})
	return l
}

// Read gives the first bytes of the server, after which the dialing context has no say any more.
func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 && !l.heard.Load() {
		l.settle()
	}
	if err != nil && !l.heard.Load() {
		if cause := context.Cause(l.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

// settle ends the dialing context's say.
func (l *link) settle() {
	l.heard.Store(true)
	l.stop()
}

func (l *link) blocked() bool { return !l.heard.Load() && l.ctx.Err() != nil }

// SetDeadline sets both deadlines, unless the dialing context has ended.
func (l *link) SetDeadline(t time.Time) error {
	if err := l.Conn.SetDeadline(t); err != nil {
		return err
	}
	return l.enforce()
}

// SetReadDeadline is SetDeadline for reading.
func (l *link) SetReadDeadline(t time.Time) error {
	if err := l.Conn.SetReadDeadline(t); err != nil {
		return err
	}
	return l.enforce()
}

// SetWriteDeadline is SetDeadline for writing.
func (l *link) SetWriteDeadline(t time.Time) error {
	if err := l.Conn.SetWriteDeadline(t); err != nil {
		return err
	}
	return l.enforce()
}

func (l *link) enforce() error {
	if l.blocked() {
		return l.Conn.SetDeadline(past)
	}
	return nil
}

// SyscallConn lets a driver look whether the peer is gone.
func (l *link) SyscallConn() (syscall.RawConn, error) {
	if c, ok := l.raw.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, syscall.EINVAL
}

// closeGrace bounds the farewell of TLS.
const closeGrace = time.Second

// Close closes the connection; it never fails and may be called again.
func (l *link) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	l.stop()
	_ = l.Conn.SetWriteDeadline(time.Now().Add(closeGrace))
	_ = l.Conn.Close()
	_ = l.raw.Close()
	if l.onClose != nil {
		l.onClose()
	}
	return nil
}
