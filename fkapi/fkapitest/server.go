// Package fkapitest is a Tracking API and a Company API in process, for tests of programs that use fkapi: it verifies
// signatures, holds loads, companies and relationships in memory, pages them, keeps what it was asked, and fails on
// demand.
//
// Where it differs from the real services: both live under one base URL; every application sees every load; times are
// answered as they were given; a search matches load numbers, status, shipper and carrier by equality, knows the fields
// show, customer and sort_by only to record them, and sorts by createdAt; the answers carry the fields of
// [fkapi.Load], [fkapi.Company] and [fkapi.Relationship] and nothing else; reads may be repeated with the same
// signature, for a retry within one second cannot be told from a replay. There is no rate limit but the one that a
// fault makes. How the real services name the place of search_after in an answer is not documented: here it is the
// field searchAfter, given only with [WithSearchAfter].
package fkapitest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/sign"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
)

// The credentials that a fresh server accepts.
const (
	AppID    = "demo-app"
	Secret   = "demo-secret-0123"
	User     = "demo-user"
	Password = "demo-password-0123"
)

// Server is both services. Its methods are safe for concurrent use. The caller closes it.
type Server struct {
	// URL is the base URL of both services.
	URL string

	scheme      sign.Scheme
	clock       func() time.Time
	strict      bool
	searchAfter bool
	verifier    *sign.Verifier
	authority   *x509.CertPool // nil: plain HTTP
	http        wire.Server
	startErr    error
	script      script.Script[Request, Reply]

	mu       sync.Mutex
	keys     [][]byte
	basic    bool // User and Password are accepted
	requests []Request
	ledger   []Effect
	running  int
	records  records
}

// Option changes a server before it starts.
type Option func(*Server)

// WithTLS has the server speak HTTPS, HTTP/2 included, with a certificate of its own; the options of [Server.Options]
// trust it. Over HTTP/2 the faults of a connection end the stream instead: a cut, a reset and garbage are then alike.
func WithTLS() Option { return func(s *Server) { s.authority = x509.NewCertPool() } }

// WithScheme has the server verify another scheme than [sign.Header].
func WithScheme(scheme sign.Scheme) Option { return func(s *Server) { s.scheme = scheme } }

// WithClock is the server's clock, for signatures and for the Date of its answers. Default: [time.Now].
func WithClock(now func() time.Time) Option { return func(s *Server) { s.clock = now } }

// WithReplayRefusal has the server refuse a signature that it has seen, reads included.
func WithReplayRefusal() Option { return func(s *Server) { s.strict = true } }

// WithSearchAfter has a search answer with the place after its last load, and go on from there.
func WithSearchAfter() Option { return func(s *Server) { s.searchAfter = true } }

// NewServer starts a server on a free port of the loopback interface. It holds nothing and accepts [AppID] with
// [Secret], and [User] with [Password]. Listening on a free port of 127.0.0.1 fails only on a machine that is out of
// ports or descriptors; then [Server.Err] says so and nobody can connect.
func NewServer(opts ...Option) *Server {
	s := &Server{clock: time.Now, keys: [][]byte{[]byte(Secret)}, basic: true}
	for _, opt := range opts {
		opt(s)
	}
	s.http.List = wire.List{Begin: `{"statusCode":200,"loads":[`, Entry: `{"id":1,"loadNumber":"LOAD1"},`, End: `]}`}
	s.startErr = s.start()
	s.URL = s.http.URL()
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if s.startErr == nil {
		return nil
	}
	return fmt.Errorf("fkapitest: no server on 127.0.0.1: %w", s.startErr)
}

func (s *Server) start() error {
	config := sign.VerifierConfig{Scheme: s.scheme, Keys: s.keysOf, Now: s.clock}
	if !s.strict {
		config.AllowReplay = repeatable
	}
	var err error
	if s.verifier, err = sign.NewVerifier(config); err != nil {
		return err
	}
	settings, err := s.settings()
	if err != nil {
		return err
	}
	return s.http.Start(s.serve, settings)
}

// settings are those of TLS with a new certificate, nil for plain HTTP.
func (s *Server) settings() (*tls.Config, error) {
	if s.authority == nil {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	certificate, err := wire.Certificate()
	if err != nil {
		return nil, err
	}
	s.authority.AddCert(certificate.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// repeatable are the calls that change nothing.
func repeatable(r *http.Request) bool { return sign.ReadOnly(r) || r.URL.Path == searchPath }

func (s *Server) keysOf(_ context.Context, app string) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app != AppID {
		return nil, nil
	}
	return slices.Clone(s.keys), nil
}

// Config is what a client needs to reach the server, with HMAC. The Proxy is "none".
func (s *Server) Config() fkapi.Config {
	return fkapi.Config{
		TrackingURL: s.URL, CompanyURL: s.URL, AppID: AppID, Secret: secret.Literal(Secret), Scheme: s.scheme, Proxy: "none",
	}
}

// BasicConfig is Config with Basic credentials.
func (s *Server) BasicConfig() fkapi.Config {
	return fkapi.Config{
		TrackingURL: s.URL, CompanyURL: s.URL, AuthMethod: fkapi.AuthBasic, User: User, Password: secret.Literal(Password), Proxy: "none",
	}
}

// Options are the options that a client needs beside Config: with [WithTLS] the one that trusts the server's
// certificate, else none.
func (s *Server) Options() []base.Option {
	if s.authority == nil {
		return nil
	}
	return []base.Option{base.WithTLS(&tls.Config{RootCAs: s.authority, MinVersion: tls.VersionTLS12})}
}

// SetKeys replaces the keys of [AppID]: one, two while a rotation is under way, none to refuse every signature. Basic
// credentials are accepted as long as there is a key.
func (s *Server) SetKeys(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.basic = nil, len(keys) > 0
	for _, key := range keys {
		s.keys = append(s.keys, []byte(key))
	}
}

// Fail has the next n requests fail; a negative n lasts until [Server.ClearFaults]. A fault on connect strikes the next connections
// instead.
//
// WrongPassword is a 401, Error a status with a JSON body, IgnoreCancel the same as Silent, and MalformedBlock a JSON
// text that ends in the middle.
func (s *Server) Fail(f fault.Fault, n int) {
	if f.Kind == fault.KindWrongPassword {
		f.Stage = fault.OnRequest
	}
	s.http.Faults.Add(f, n)
}

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() { s.http.Faults.Clear() }

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) { return s.http.Connections() }

// DropConnections drops every open connection, as a restart does. New ones are accepted.
func (s *Server) DropConnections() { s.http.DropConnections() }

// Running is how many requests are being worked on now.
func (s *Server) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// Close ends the server and every connection. It may be called again.
func (s *Server) Close() { s.http.Close() }
