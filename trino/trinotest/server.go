package trinotest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/trinosql"
	"github.com/fourkites/sources/internal/wire"
	"github.com/fourkites/sources/trino"
)

// The account that a server with TLS knows from the beginning.
const (
	User     = "demo-user"
	Password = "demo-password-0123"
)

// Server is a coordinator. Its methods are safe for concurrent use. The caller closes it.
type Server struct {
	// URL is where the coordinator is reached.
	URL string

	pageRows  int
	spooling  bool
	ahead     bool           // something before the server speaks TLS
	authority *x509.CertPool // nil: plain HTTP
	names     []string       // that the certificate is valid for, beside localhost
	pem       []byte
	http      wire.Server // its faults are those of statements
	startErr  error
	storage   *storage
	links     fault.Plan // of links to pages
	script    script.Script[Request, Reply]
	plans     atomic.Bool  // are scripted too
	refusals  atomic.Int64 // requests

	mu       sync.Mutex
	users    map[string]string
	tokens   []string
	requests []Request
	queries  map[string]*query
	history  []*query // ended ones too
	engine   *trinosql.Engine
	posting  int
	refused  map[string]bool // session properties that may not be set
	number   int
}

// Option changes a server before it starts.
type Option func(*Server)

// WithTLS has the server speak HTTPS, with a certificate of its own that the options of [Server.Options] trust, and ask
// for a password or a token: [User] with [Password], and what is added. The certificate is valid for the loopback
// interface and for these names, by which something in between may lead to the server.
func WithTLS(names ...string) Option {
	return func(s *Server) { s.authority, s.names = x509.NewCertPool(), names }
}

// WithTLSAhead has the server, which speaks plain HTTP, make its links with https, as a coordinator does that processes
// the forwarded headers of a proxy that speaks TLS in its place. It asks for no credential.
func WithTLSAhead() Option { return func(s *Server) { s.ahead = true } }

// WithPageRows is how many rows a page or segment has; default 1,000.
func WithPageRows(n int) Option { return func(s *Server) { s.pageRows = max(1, n) } }

// WithSpooling has the server give results as segments to a client that takes them: the first rows inline, the others at
// a place of their own, which asks for a header that the segment names and for no credential.
func WithSpooling() Option { return func(s *Server) { s.spooling = true } }

// NewServer starts a server on a free port of the loopback interface. Its tables of history are empty.
// Listening on a free port of 127.0.0.1 fails only on a machine that is out of ports or descriptors; then [Server.Err]
// says so and nobody can connect.
func NewServer(opts ...Option) *Server {
	s := &Server{
		pageRows: 1000, users: map[string]string{User: Password},
		queries: map[string]*query{}, refused: map[string]bool{},
	}
	for _, opt := range opts {
		opt(s)
	}
	s.http.List = wire.List{Begin: `{"id":"20250101_000000_00000_fault","data":[`, Entry: `[1,"x","y"],`, End: `]}`}
	s.startErr = s.start()
	s.URL = s.http.URL()
	s.engine = trinosql.NewEngine(s.systemTable)
	s.engine.DefineHistory(home)
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if s.startErr == nil {
		return nil
	}
	return fmt.Errorf("trinotest: no server on 127.0.0.1: %w", s.startErr)
}

func (s *Server) start() error {
	settings, err := s.settings(s.names...)
	if err != nil {
		return err
	}
	if err := s.store(); err != nil {
		return err
	}
	return s.http.Start(s.serve, settings)
}

// settings are those of TLS with a new certificate for these names, nil for plain HTTP. Over HTTP/2 a fault could not
// break a connection.
func (s *Server) settings(names ...string) (*tls.Config, error) {
	if s.authority == nil {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	certificate, err := wire.Certificate(names...)
	if err != nil {
		return nil, err
	}
	s.authority.AddCert(certificate.Leaf)
	s.pem = append(s.pem, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Leaf.Raw})...)
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

// store starts the storage, if results are spooled; it speaks TLS where the server does, by a name of its own.
func (s *Server) store() error {
	if !s.spooling {
		return nil
	}
	settings, err := s.settings()
	if err != nil {
		return err
	}
	s.storage, err = newStorage(settings)
	return err
}

// Addr is host:port.
func (s *Server) Addr() string { return s.http.Addr() }

// Config is what a client needs to reach the server, beside [Server.Options]. The Proxy is "none".
func (s *Server) Config() trino.Config {
	host, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	c := trino.Config{Host: host, Port: n, User: User, Proxy: "none", Plaintext: s.authority == nil}
	if s.authority != nil {
		c.Password = secret.Literal(Password)
	}
	return c
}

// Options are the options that a client needs beside Config: with [WithTLS] the one that trusts the server's
// certificate, else none.
func (s *Server) Options() []base.Option {
	if s.authority == nil {
		return nil
	}
	return []base.Option{base.WithTLS(&tls.Config{RootCAs: s.authority, MinVersion: tls.VersionTLS12})}
}

// PEM is the certificate of the server, and of its storage, for a client that reads a CA file; nil without TLS.
func (s *Server) PEM() []byte { return slices.Clone(s.pem) }

// SetPassword adds a user, or changes a password; an empty one removes the user.
func (s *Server) SetPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[user] = password; password == "" {
		delete(s.users, user)
	}
}

// SetTokens replaces the tokens that are accepted instead of a password.
func (s *Server) SetTokens(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = slices.Clone(tokens)
}

// RefuseProperty has the server answer PERMISSION_DENIED to a statement that sets this session property.
func (s *Server) RefuseProperty(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[name] = true
}

// Fail has the next n statements fail; a negative n lasts until [Server.ClearFaults]. A fault on connect strikes the next connections
// instead.
//
// Faults that concern data (cut or reset in mid-body, oversized, bomb, corrupt compression, malformed block, an error
// after some rows) strike the first page with rows, with a negative n each time it is asked for; the others strike the answer to the statement itself. Error is an error
// within a page: its code is the server's own, such as 46 for TABLE_NOT_FOUND. WrongPassword is a 401, IgnoreCancel the
// same as Silent.
func (s *Server) Fail(f fault.Fault, n int) {
	if f.Kind == fault.KindWrongPassword {
		f.Stage = fault.OnRequest
	}
	s.http.Faults.Add(f, n)
}

// FailNext has the next n requests for a page fail, whatever statement they belong to.
func (s *Server) FailNext(f fault.Fault, n int) { s.links.Add(f, n) }

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() {
	s.http.Faults.Clear()
	s.links.Clear()
}

// Restart forgets every query and drops every connection, as a coordinator does that is started anew. A client that has no
// rows yet asks again by itself; one that reads rows gets base.ErrUnavailable with the Code 404.
func (s *Server) Restart() {
	s.mu.Lock()
	for _, q := range s.queries {
		q.state = stateFailed
	}
	s.queries = map[string]*query{}
	s.mu.Unlock()
	s.DropConnections()
}

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) { return s.http.Connections() }

// DropConnections drops every open connection, as a restart does. New ones are accepted.
func (s *Server) DropConnections() { s.http.DropConnections() }

// Running is how many statements live: neither read to their end, nor failed, nor cancelled.
func (s *Server) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.posting
	for _, q := range s.queries {
		if q.state == stateQueued || q.state == stateRunning {
			n++
		}
	}
	return n
}

// Close ends the server and every connection. It may be called again.
func (s *Server) Close() {
	s.http.Close()
	if s.storage != nil {
		s.storage.http.Close()
	}
}
