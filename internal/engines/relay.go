package engines

import (
	"context"
	"net"
	"sync"
	"time"
)

const dialTimeout = 5 * time.Second

// relay accepts connections and joins each with one of its own to the backend. Every goroutine ends with close.
type relay struct {
	listener net.Listener
	backend  string
	move     func(from, to net.Conn, answer bool) // copies one direction until its end

	mu       sync.Mutex
	closed   bool
	accepted int
	links    map[*link]struct{}
	done     sync.WaitGroup
}

// link is one client joined with the backend.
type link struct{ client, server net.Conn }

func newRelay(listener net.Listener, backend string) *relay {
	return &relay{listener: listener, backend: backend, links: map[*link]struct{}{}}
}

func (r *relay) serve() { r.done.Go(r.accept) }

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.accepted++
		r.mu.Unlock()
		r.done.Go(func() { r.join(client) })
	}
}

func (r *relay) join(client net.Conn) {
	dialer := net.Dialer{Timeout: dialTimeout}
	server, err := dialer.DialContext(context.Background(), "tcp", r.backend)
	if err != nil {
		reset(client)
		return
	}
	l := &link{client: client, server: server}
	if !r.add(l) {
		l.reset()
		return
	}
	defer r.remove(l)
	var answers sync.WaitGroup
	answers.Go(func() { r.move(server, client, true) })
	r.move(client, server, false)
	answers.Wait()
	_ = client.Close()
	_ = server.Close()
}

func (r *relay) add(l *link) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.links[l] = struct{}{}
	return true
}

func (r *relay) remove(l *link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.links, l)
}

// resetAll cuts every open link and returns how many there were.
func (r *relay) resetAll() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		l.reset()
	}
	return len(r.links)
}

func (r *relay) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	_ = r.listener.Close()
	r.resetAll()
	r.done.Wait()
}

func (l *link) reset() {
	reset(l.client)
	reset(l.server)
}

// reset closes the connection so that the peer sees a TCP reset, not an orderly end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// closeWrite passes an orderly end of one direction on.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
