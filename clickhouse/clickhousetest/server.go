package clickhousetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/script"
)

// DefaultRevision is the protocol revision that a new server announces: that of ClickHouse 26.
const DefaultRevision = 54479

// Revisions below this one write queries in a form that this server does not read.
const oldestRevision = 54429

// DefaultUser is the account that every server has, at first without a password.
const DefaultUser = "default"

// Server is one ClickHouse server on a free port of 127.0.0.1. Make it with [NewServer] and end it with
// [Server.Close]. All its methods are safe for concurrent use, also while clients are connected.
type Server struct {
	listener  net.Listener
	listenErr error
	ctx       context.Context // ends with Close
	stop      context.CancelFunc
	wait      sync.WaitGroup

	plan     fault.Plan
	revision atomic.Int64
	pings    atomic.Int64

	tables *tables
	ledger ledger
	script script.Script[Request, *scripted]

	mu       sync.Mutex
	accounts map[string]account
	conns    map[net.Conn]struct{}
	accepted int
	closed   bool
}

type account struct {
	name     string
	password string
	readonly bool
}

// NewServer starts a server with no tables but those of the SigNoz schema (of the [Fresh] lineage), all empty, and one
// account: user "default" without a password. Listening on a free port of 127.0.0.1 fails only on a machine that is out
// of ports or descriptors; then [Server.Err] says so and nobody can connect.
func NewServer() *Server {
	s := &Server{
		tables:   newTables(),
		accounts: map[string]account{DefaultUser: {name: DefaultUser}},
		conns:    map[net.Conn]struct{}{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.revision.Store(DefaultRevision)
	s.Lineage(Fresh)
	s.listener, s.listenErr = new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if s.listenErr != nil {
		return s
	}
	s.wait.Go(s.accept)
	return s
}

// Addr is the host and port to connect to. It stays the same after Close, and then refuses.
func (s *Server) Addr() string {
	if s.listener == nil {
		return "127.0.0.1:0"
	}
	return s.listener.Addr().String()
}

// Err says why the server could not listen; nil if it listens or listened.
func (s *Server) Err() error {
	if s.listenErr == nil {
		return nil
	}
	return fmt.Errorf("clickhousetest: no port of 127.0.0.1 to listen on: %w", s.listenErr)
}

// Close ends every connection, waits for every goroutine of the server, and may be called more than once.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	if s.listener != nil {
		_ = s.listener.Close()
	}
	s.wait.Wait()
}

// DropConnections resets every open connection, as a server that dies does; new ones are accepted.
func (s *Server) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		reset(c)
	}
}

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns), s.accepted
}

// Fail makes the next n requests (queries and pings), or connections for the faults that strike on connect, fail in
// this way; a negative n makes all of them fail until [Server.ClearFaults]. Of the kinds, MalformedBlock sends a column
// of the type that the fault's Message names (LowCardinality if it names none; "Dynamic" is a type that many clients
// cannot read), ErrorAfter counts blocks of data, Status becomes the exception that comes nearest, Bomb is Oversized,
// and CorruptCompression without compression is MalformedBlock. An answer without data is garbage where the fault is
// one of data.
func (s *Server) Fail(f fault.Fault, n int) { s.plan.Add(f, n) }

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() { s.plan.Clear() }

// SetRevision changes the protocol revision that is announced to connections made from now on. Below 54459 clients can
// send no parameters; below 54429 no query at all, which is the least that can be set.
func (s *Server) SetRevision(revision int) { s.revision.Store(int64(max(revision, oldestRevision))) }

// AddUser adds an account, or replaces the one of that name.
func (s *Server) AddUser(user, password string) {
	s.setAccount(account{name: user, password: password})
}

// AddReadOnlyUser adds an account that may read and change no setting (readonly=1): a query that carries any setting, or
// is no read, is exception 164.
func (s *Server) AddReadOnlyUser(user, password string) {
	s.setAccount(account{name: user, password: password, readonly: true})
}

// SetPassword changes the password of an account, which is added if it is not there. Connections that are open stay so,
// as they do on the real server.
func (s *Server) SetPassword(user, password string) {
	s.mu.Lock()
	a := s.accounts[user]
	s.mu.Unlock()
	a.name, a.password = user, password
	s.setAccount(a)
}

func (s *Server) setAccount(a account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[a.name] = a
}

func (s *Server) authenticate(user, password string) (account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[user]
	return a, known && a.password == password
}

// Pings is how many pings were answered or failed.
func (s *Server) Pings() int { return int(s.pings.Load()) }

// A listener that fails for want of descriptors is asked again after this long.
const acceptPause = 5 * time.Millisecond

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) || s.ctx.Err() != nil {
			if err == nil {
				_ = c.Close()
			}
			return
		}
		if err != nil {
			_ = pause(s.ctx, acceptPause) // a server that was closed stops at the next accept
			continue
		}
		s.open(c)
	}
}

func (s *Server) open(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return
	}
	s.accepted++
	s.conns[c] = struct{}{}
	s.wait.Go(func() {
		defer s.forget(c)
		newConn(s, c).serve()
	})
}

func (s *Server) forget(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// reset closes with a RST instead of a FIN.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// pause waits, unless the context ends first; then it says why.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
