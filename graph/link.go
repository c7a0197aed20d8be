package graph

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link is a connection as the driver gets it. It can be cut from beside while the driver reads, which the driver itself
// only can at the price of a goroutine for each read; it ends an answer of a server that says nothing; and it refuses what
// the driver would make too much room for.
type link struct {
	net.Conn
	raw    net.Conn // below TLS
	links  *links
	closed atomic.Bool
	idle   atomic.Int64 // longest silence in nanoseconds while an answer is read; 0 = any
	silent atomic.Bool  // it was longer

	reading sync.Mutex // the driver may still read in a goroutine that it has given up
	seen    watch
	refused error // of the watch, once it was not content
}

// Read is the connection's, no longer silent than it may be, and watched.
func (l *link) Read(p []byte) (int, error) {
	idle := time.Duration(l.idle.Load())
	if idle > 0 {
		_ = l.SetReadDeadline(time.Now().Add(idle))
	}
	n, err := l.Conn.Read(p)
	if timeout, ok := err.(net.Error); ok && idle > 0 && timeout.Timeout() { //nolint:errorlint // as a connection gives it
		l.silent.Store(true)
	}
	if refused := l.see(p[:n]); refused != nil {
		return 0, refused
	}
	return n, err
}

// refusal is why the watch was not content; nil: it was.
func (l *link) refusal() error { return l.see(nil) }

// see shows the watch what was read, and says whether it is content with it and all before.
func (l *link) see(p []byte) error {
	l.reading.Lock()
	defer l.reading.Unlock()
	if l.refused == nil {
		l.refused = l.seen.see(p)
	}
	return l.refused
}

// bound bounds the silence from now on; zero ends that.
func (l *link) bound(idle time.Duration) {
	l.idle.Store(int64(idle))
	if idle == 0 {
		_ = l.SetReadDeadline(time.Time{})
	}
}

// mark stands before the id of a call in the metadata of its transaction, idLength long.
const (
	mark     = "graph-call-"
	idLength = len(mark) + 16
)

// longestBegin is more than a message that begins a transaction takes.
const longestBegin = 4096

// Write is the connection's. The message that begins a transaction carries the id of its call.
func (l *link) Write(p []byte) (int, error) {
	if len(p) <= longestBegin {
		if i := bytes.Index(p, []byte(mark)); i >= 0 && i+idLength <= len(p) {
			l.links.found(string(p[i:i+idLength]), l)
		}
	}
	return l.Conn.Write(p)
}

// closeGrace bounds the farewell of TLS.
const closeGrace = time.Second

// Close closes the connection; it never fails and may be called again.
func (l *link) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	_ = l.SetWriteDeadline(time.Now().Add(closeGrace))
	_ = l.raw.Close() // what waits for a farewell of TLS would wait for the peer
	_ = l.Conn.Close()
	l.links.remove(l)
	return nil
}
