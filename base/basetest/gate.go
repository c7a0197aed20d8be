package basetest

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate is a way to a fake that a row can cut, block and shut, and that can speak TLS to the client in the fake's place.
type gate struct {
	Address string
	l       net.Listener
	served  chan struct{}  // closed when the accept loop has ended
	pipes   sync.WaitGroup // connections that pass

	mu       sync.Mutex
	target   string
	shut     bool
	open     map[*passage]struct{}
	accepted int
	shown    string
}

// newGate opens a gate that leads nowhere yet. config is that of its TLS; nil = plain.
func newGate(t testing.TB, config *tls.Config) *gate {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{Address: l.Addr().String(), l: l, served: make(chan struct{}), open: map[*passage]struct{}{}}
	if config != nil {
		g.l = tls.NewListener(l, config)
	}
	go g.accept() // ends with Close
	t.Cleanup(g.Close)
	return g
}

// To says where the gate leads.
func (g *gate) To(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target = address
}

// Shut closes every connection as soon as it is accepted, or lets them pass again.
func (g *gate) Shut(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
}

// Drop closes the connections that pass now.
func (g *gate) Drop() { g.each((*passage).close) }

// Cross closes each connection that passes now when the client next writes to it: the server closed it while it was idle, and the
// client's words cross the news of that. Only then no client can learn of the end before it has written.
func (g *gate) Cross() { g.each(func(p *passage) { p.crossed.Store(true) }) }

// Block swallows what passes on the present connections, as a firewall does that has forgotten them. New ones pass.
func (g *gate) Block() { g.each(func(p *passage) { p.blocked.Store(true) }) }

func (g *gate) each(f func(*passage)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.open {
		f(p)
	}
}

// Accepted is how many connections came so far.
func (g *gate) Accepted() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accepted
}

// Shown is the serial number of the certificate that a client showed last.
func (g *gate) Shown() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shown
}

// Close ends the gate and all that passes.
func (g *gate) Close() {
	_ = g.l.Close()
	<-g.served
	g.Drop()
	g.pipes.Wait()
}

func (g *gate) accept() {
	defer close(g.served)
	for {
		c, err := g.l.Accept()
		if err != nil {
			return
		}
		p := &passage{client: c}
		g.mu.Lock()
		g.accepted++
		g.open[p] = struct{}{}
		g.mu.Unlock()
		g.pipes.Go(func() { g.pass(p) })
	}
}

func (g *gate) pass(p *passage) {
	defer p.close()
	target, ok := g.admit(p)
	if !ok {
		return
	}
	fake, err := (&net.Dialer{Timeout: patience}).DialContext(context.Background(), "tcp", target)
	if err != nil {
		return
	}
	p.lead(fake)
	var back sync.WaitGroup
	back.Go(func() {
		defer p.close()
		p.copy(p.client, fake)
	})
	p.copy(fake, p.client)
	p.close()
	back.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, p)
}

// admit says where a connection leads, after its handshake.
func (g *gate) admit(p *passage) (target string, ok bool) {
	serial := ""
	if secured, isTLS := p.client.(*tls.Conn); isTLS {
		_ = secured.SetDeadline(time.Now().Add(patience))
		if secured.HandshakeContext(context.Background()) != nil {
			return "", false
		}
		_ = secured.SetDeadline(time.Time{})
		if certificates := secured.ConnectionState().PeerCertificates; len(certificates) > 0 {
			serial = certificates[0].SerialNumber.String()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shown = serial
	return g.target, !g.shut && g.target != ""
}

// passage is one connection through a gate.
type passage struct {
	client  net.Conn
	blocked atomic.Bool
	crossed atomic.Bool

	mu     sync.Mutex
	fake   net.Conn
	closed bool
}

func (p *passage) lead(fake net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fake = fake; p.closed {
		_ = fake.Close()
	}
}

func (p *passage) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	_ = p.client.Close()
	if p.fake != nil {
		_ = p.fake.Close()
	}
}

func (p *passage) copy(to, from net.Conn) {
	for b := make([]byte, 32<<10); ; {
		n, err := from.Read(b)
		if n > 0 && !p.blocked.Load() && !p.crossed.Load() {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil || p.crossed.Load() {
			return
		}
	}
}
