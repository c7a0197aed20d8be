// Package loopback is what tests find at an address of this machine: a server that says what the test wants, one that says
// nothing, or nobody.
package loopback

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Serve gives each connection to a function of the test, each in a goroutine of its own, and returns host:port. A
// connection is closed when its function returns, or when the test ends, which waits for all of them.
func Serve(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	s := &server{listener: listen(t), open: map[net.Conn]bool{}}
	s.all.Go(func() { s.accept(serve) })
	t.Cleanup(s.close)
	return s.listener.Addr().String()
}

// Mute reads, and says nothing until the client goes away.
func Mute(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// Nobody is a host:port at which nobody listens.
func Nobody(t testing.TB) string {
	t.Helper()
	l := listen(t)
	_ = l.Close()
	return l.Addr().String()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type server struct {
	listener net.Listener

	all  sync.WaitGroup
	mu   sync.Mutex
	open map[net.Conn]bool // nil once the test has ended
}

func (s *server) accept(serve func(net.Conn)) {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.add(c) {
			_ = c.Close()
			return
		}
		s.all.Go(func() {
			defer s.remove(c)
			serve(c)
		})
	}
}

func (s *server) add(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		return false
	}
	s.open[c] = true
	return true
}

func (s *server) remove(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

func (s *server) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for c := range s.open {
		_ = c.Close()
	}
	s.open = nil
	s.mu.Unlock()
	s.all.Wait()
}
