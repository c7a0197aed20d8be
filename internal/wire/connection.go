package wire

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// garbage belongs to no protocol.
const garbage = "\x00\xff\xfe\x01this is no HTTP\r\n\r\n\x80\x81\x82"

// listener counts connections and acts out the faults that strike when one is made.
type listener struct {
	net.Listener
	plan *fault.Plan

	mu   sync.Mutex
	open map[*conn]struct{}
	made int
}

func newListener(l net.Listener, plan *fault.Plan) *listener {
	return &listener{Listener: l, plan: plan, open: map[*conn]struct{}{}}
}

// conn leaves the listener's list when it is closed.
type conn struct {
	*net.TCPConn
	from *listener
	once sync.Once
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.from.mu.Lock()
		defer c.from.mu.Unlock()
		delete(c.from.open, c)
	})
	return c.TCPConn.Close()
}

// Accept gives the next connection that no fault keeps.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := raw.(*net.TCPConn)
		if !ok {
			_ = raw.Close()
			continue
		}
		c := &conn{TCPConn: tcp, from: l}
		l.mu.Lock()
		l.open[c] = struct{}{}
		l.made++
		l.mu.Unlock()
		f, strikes := l.plan.NextAt(fault.OnConnect)
		if !strikes {
			return c, nil
		}
		l.fail(c, f)
	}
}

// fail acts out a fault on connect; what it keeps open ends with the client or with the server.
func (l *listener) fail(c *conn, f fault.Fault) {
	switch f.Kind {
	case fault.KindSilent, fault.KindIgnoreCancel, fault.KindDelay, fault.KindSlow:
		go func() { // ends when the connection is closed, by the client or by drop
			_, _ = io.Copy(io.Discard, c.TCPConn)
			_ = c.Close()
		}()
	case fault.KindGarbage:
		_, _ = c.Write([]byte(garbage))
		_ = c.Close()
	default:
		Reset(c)
	}
}

func (l *listener) count() (open, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open), l.made
}

func (l *listener) drop() {
	l.mu.Lock()
	all := make([]*conn, 0, len(l.open))
	for c := range l.open {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
}

// Reset closes a connection of TCP, or the one below TLS, with a RST instead of a FIN.
func Reset(c net.Conn) {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	if tcp, ok := c.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// Pause waits, unless the context ends first; then it says why.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
