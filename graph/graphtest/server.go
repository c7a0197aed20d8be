package graphtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
)

// The account and the database that every server has.
const (
	DefaultUser     = "reader"
	DefaultPassword = "reader-of-the-fake"
	DefaultDatabase = "neo4j"
)

// Version is what the server says that it is.
const Version = "5.26.30"

// Server is one Neo4j on a free port of 127.0.0.1. Make it with [NewServer] and end it with [Server.Close]. All its
// methods are safe for concurrent use, also while clients are connected.
type Server struct {
	listener  net.Listener
	listenErr error
	ctx       context.Context // ends with Close
	stop      context.CancelFunc
	wait      sync.WaitGroup

	plan    fault.Plan
	commits fault.Plan
	ledger  ledger
	script  script.Script[Request, *Reply]
	store   store

	mu           sync.Mutex
	accounts     map[string]*account
	lock         time.Duration
	tried        int
	refused      int
	speaks       []version
	silence      time.Duration // that the hint allows
	timeout      time.Duration // of transactions that name none
	readers      []string      // of the routing table; nil = this server
	routes       int
	tls          *tls.Config
	roots        *x509.CertPool
	conns        map[*conn]struct{}
	transactions map[*transaction]struct{}
	accepted     int
	numbered     int
	closed       bool
}

// NewServer starts a server that holds [Example], with one account: DefaultUser with DefaultPassword. Listening on a free
// port of 127.0.0.1 fails only on a machine that is out of ports or descriptors; then [Server.Err] says so and nobody can
// connect.
func NewServer() *Server {
	s := &Server{
		accounts: map[string]*account{DefaultUser: {passwords: []string{DefaultPassword}}}, lock: lockTime,
		speaks: slices.Clone(spoken), conns: map[*conn]struct{}{}, transactions: map[*transaction]struct{}{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.store.init()
	_ = s.Load(example) // a test reads it
	s.listener, s.listenErr = new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if s.listenErr == nil {
		s.wait.Go(s.accept)
	}
	return s
}

// Addr is the host and port to connect to. It stays the same after Close, and then refuses.
func (s *Server) Addr() string {
	if s.listener == nil {
		return "127.0.0.1:0"
	}
	return s.listener.Addr().String()
}

// Config is a configuration for this one server, without TLS unless [Server.UseTLS] was called: then the client needs
// base.WithTLS(server.ClientTLS()) too. With TLS the scheme may be made neo4j://, and the client asks for routes.
func (s *Server) Config() graph.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return graph.Config{
		URI: "bolt://" + s.Addr(), User: DefaultUser, Password: secret.Literal(DefaultPassword), Plaintext: s.tls == nil,
	}
}

// Err says why the server could not listen; nil if it listens or listened.
func (s *Server) Err() error {
	if s.listenErr == nil {
		return nil
	}
	return fmt.Errorf("graphtest: no port of 127.0.0.1 to listen on: %w", s.listenErr)
}

// UseTLS makes a certificate for 127.0.0.1 and localhost and speaks TLS on connections from now on.
func (s *Server) UseTLS() error {
	certificate, err := wire.Certificate("127.0.0.1", "localhost")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(certificate.Leaf)
	return nil
}

// ClientTLS trusts the certificate of this server and no other.
func (s *Server) ClientTLS() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// UseProtocol has the server speak this version of Bolt alone on connections from now on. It knows 5.0 to 5.8 and 4.4; with
// another one no client agrees.
func (s *Server) UseProtocol(major, minor int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.speaks = slices.DeleteFunc(slices.Clone(spoken), func(v version) bool { return v != version{major, minor} })
}

// SetReceiveTimeout has the server tell clients that connect from now on how long it will be silent at most
// (connection.recv_timeout_seconds), and keep to it while it waits: it sends empty chunks. Whole seconds; zero is no hint.
func (s *Server) SetReceiveTimeout(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silence = d.Truncate(time.Second)
}

// SetTransactionTimeout ends transactions that name no timeout of their own; zero, as at the beginning, ends none.
func (s *Server) SetTransactionTimeout(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timeout = d
}

// SetReaders are the addresses, host:port, that the routing table names for reading; none is this server.
func (s *Server) SetReaders(addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers = slices.Clone(addresses)
}

// Routes is how often a routing table was asked for.
func (s *Server) Routes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.routes
}

// Close ends every connection, waits for every goroutine of the server, and may be called more than once.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.raw.Close()
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
		wire.Reset(c.raw)
	}
}

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns), s.accepted
}

// Fail makes the next n statements, or connections for the faults that strike on connect, fail in this way; a negative n
// makes all of them fail until [Server.ClearFaults]. EXPLAIN is no request, nor is BEGIN, ROLLBACK, COMMIT or RESET: faults
// pass them by. [Error] gives a fault a code of Neo4j; Status becomes the error that comes nearest; fault.ErrorAfter counts
// records; Bomb is Oversized; CorruptCompression and MalformedBlock are a record that cannot be decoded.
func (s *Server) Fail(f fault.Fault, n int) { s.plan.Add(f, n) }

// FailCommit is [Server.Fail] for the next n COMMITs. The transaction has taken effect when the fault strikes, unless it
// is an error of the server.
func (s *Server) FailCommit(f fault.Fault, n int) { s.commits.Add(f, n) }

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() {
	s.plan.Clear()
	s.commits.Clear()
}

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
			_ = wire.Pause(s.ctx, acceptPause)
			continue
		}
		s.open(c)
	}
}

func (s *Server) open(raw net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = raw.Close()
		return
	}
	s.accepted++
	c := newConn(s, raw, "bolt-"+strconv.Itoa(s.accepted))
	s.conns[c] = struct{}{}
	s.wait.Go(func() {
		defer s.forget(c)
		c.serve()
	})
}

func (s *Server) forget(c *conn) {
	_ = c.raw.Close()
	c.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// settings are what a new connection goes by.
func (s *Server) settings() (speaks []version, secure *tls.Config, silence time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.speaks, s.tls, s.silence
}
