package engines

import (
	"net"
	"sync"
	"testing"
)

const chunkBytes = 16 << 10

// TCPProxy is a network between a client and a server, with faults on demand. Its methods are safe for concurrent
// use.
type TCPProxy struct {
	// Addr is host:port to dial instead of the backend.
	Addr string

	relay *relay

	mu      sync.Mutex
	closing bool
	refuse  bool
	budget  int64         // bytes of answer before the cut; negative: no bound
	resumed chan struct{} // closed while traffic moves
}

// Proxy starts a proxy in front of backend, a host:port. It ends with the test.
func Proxy(t testing.TB, backend string) *TCPProxy {
	t.Helper()
	listener := listen(t)
	p := &TCPProxy{Addr: listener.Addr().String(), budget: -1, resumed: make(chan struct{})}
	close(p.resumed)
	p.relay = newRelay(listener, backend)
	p.relay.move = p.move
	p.relay.serve()
	t.Cleanup(p.close)
	return p
}

// Connections is how many connections were accepted so far, refused ones included.
func (p *TCPProxy) Connections() int {
	p.relay.mu.Lock()
	defer p.relay.mu.Unlock()
	return p.relay.accepted
}

// Open is how many connections are joined with the backend now.
func (p *TCPProxy) Open() int {
	p.relay.mu.Lock()
	defer p.relay.mu.Unlock()
	return len(p.relay.links)
}

// Cut resets every open connection on both sides and returns how many there were. New ones are served.
func (p *TCPProxy) Cut() int { return p.relay.resetAll() }

// CutAfter lets n more bytes of answers through, counted over all connections, and resets the connection that
// exceeds them; those after it are reset at their first byte. A negative n lifts the bound.
func (p *TCPProxy) CutAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget = n
}

// Refuse makes new connections end in a reset before their first byte goes through, until it is called with false.
func (p *TCPProxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// Pause holds all traffic in both directions; connections stay open and silent until Resume.
func (p *TCPProxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closing && isClosed(p.resumed) {
		p.resumed = make(chan struct{})
	}
}

// Resume lets paused traffic go on.
func (p *TCPProxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !isClosed(p.resumed) {
		close(p.resumed)
	}
}

func (p *TCPProxy) close() {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	p.Resume()
	p.relay.close()
}

func (p *TCPProxy) move(from, to net.Conn, answer bool) {
	if p.refusing() {
		reset(from)
		reset(to)
		return
	}
	buffer := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buffer)
		p.wait()
		allowed := n
		if answer {
			allowed = p.spend(n)
		}
		if _, failed := to.Write(buffer[:allowed]); failed != nil || allowed < n {
			reset(from)
			reset(to)
			return
		}
		if err != nil {
			closeWrite(to)
			return
		}
	}
}

func (p *TCPProxy) refusing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refuse
}

func (p *TCPProxy) wait() {
	p.mu.Lock()
	resumed := p.resumed
	p.mu.Unlock()
	<-resumed
}

// spend takes n bytes from the budget and returns how many of them may pass.
func (p *TCPProxy) spend(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.budget < 0 {
		return n
	}
	allowed := min(int64(n), p.budget)
	p.budget -= allowed
	return int(allowed)
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}
