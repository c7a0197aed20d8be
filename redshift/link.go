package redshift

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// link is a connection as the driver gets it. Its Close never fails and never waits long, and it can tell whether the
// peer is gone.
type link struct {
	net.Conn
	raw    net.Conn // below TLS
	remote net.Addr // where the request to cancel goes
	links  *links
	closed atomic.Bool
	leave  atomic.Pointer[func()] // the place among the logins

	reading sync.Mutex // the driver reads from two goroutines while it gives a connection up
	watch   watch
	refused error // of the watch, once it was not content

	greeted  atomic.Bool // the peer has said something
	mute     atomic.Bool // it did not in time
	greeting *time.Timer // nil: it has, below TLS
}

// expectGreeting ends the connection unless the peer says something in time.
func (l *link) expectGreeting() {
	l.greeting = time.AfterFunc(dialTimeout, func() {
		if !l.greeted.Load() {
			l.mute.Store(true)
			_ = l.raw.Close()
		}
	})
}

// Read is the connection's, watched.
func (l *link) Read(p []byte) (int, error) {
	if err := l.seen(nil); err != nil {
		return 0, err
	}
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.greeted.Store(true)
	}
	if err != nil && l.mute.Load() {
		return n, &greetingError{err, true}
	}
	if err := l.seen(p[:n]); err != nil {
		return 0, err
	}
	return n, err
}

// seen shows the watch what was read, and says whether it is content with it and all before.
func (l *link) seen(p []byte) error {
	l.reading.Lock()
	defer l.reading.Unlock()
	if l.refused == nil {
		l.refused = l.watch.see(p)
	}
	return l.refused
}

// Write is the connection's.
func (l *link) Write(p []byte) (int, error) {
	l.watch.asked.Store(true)
	return l.Conn.Write(p)
}

// SyscallConn lets gone look at the socket.
func (l *link) SyscallConn() (syscall.RawConn, error) {
	if c, ok := l.raw.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, syscall.EINVAL
}

// RemoteAddr is the peer, or what was dialed where a dialer of the caller's knows the way.
func (l *link) RemoteAddr() net.Addr {
	if l.remote != nil {
		return l.remote
	}
	return l.Conn.RemoteAddr()
}

// closeGrace bounds the farewell of TLS.
const closeGrace = time.Second

// Close closes the connection; it never fails and may be called again.
func (l *link) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	if l.greeting != nil {
		l.greeting.Stop()
	}
	_ = l.SetWriteDeadline(time.Now().Add(closeGrace))
	_ = l.Conn.Close()
	_ = l.raw.Close()
	l.links.remove(l)
	l.entered()
	return nil
}

// dialed is an address in the words in which it was dialed.
type dialed string

// Network is tcp.
func (dialed) Network() string { return "tcp" }

// String is host:port.
func (a dialed) String() string { return string(a) }
