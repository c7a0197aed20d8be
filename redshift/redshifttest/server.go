package redshifttest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/redshift"
)

// The account and the database that every server has.
const (
	DefaultUser     = "reader"
	DefaultPassword = "reader-of-the-fake"
	DefaultDatabase = "platform_shared_db"
)

// Server is one Redshift on a free port of 127.0.0.1. Make it with [NewServer] and end it with [Server.Close]. All its
// methods are safe for concurrent use, also while clients are connected.
type Server struct {
	listener  net.Listener
	listenErr error
	ctx       context.Context // ends with Close
	stop      context.CancelFunc
	wait      sync.WaitGroup

	plan   fault.Plan
	tables *tables
	ledger ledger
	script script.Script[Request, *Reply]
	aws    aws

	mu       sync.Mutex
	accounts map[string]account
	auth     Auth
	tls      *tls.Config
	roots    *x509.CertPool
	conns    map[*conn]struct{}
	nextPID  uint32
	accepted int
	closed   bool
}

// NewServer starts a server with the tables that the client's methods read, all empty, and one account: DefaultUser
// with DefaultPassword. Listening on a free port of 127.0.0.1 fails only on a machine that is out of ports or
// descriptors; then [Server.Err] says so and nobody can connect.
func NewServer() *Server {
	s := &Server{
		tables: newTables(), accounts: map[string]account{DefaultUser: {password: DefaultPassword}},
		conns: map[*conn]struct{}{}, nextPID: 1000, auth: MD5,
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
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

// Config is a configuration for this server, without TLS unless [Server.UseTLS] was called: then the client needs
// base.WithTLS(server.ClientTLS()) too.
func (s *Server) Config() redshift.Config {
	host, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	s.mu.Lock()
	defer s.mu.Unlock()
	return redshift.Config{
		Host: host, Port: n, Database: DefaultDatabase, User: DefaultUser, Password: secret.Literal(DefaultPassword), Plaintext: s.tls == nil,
	}
}

// Err says why the server could not listen; nil if it listens or listened.
func (s *Server) Err() error {
	if s.listenErr == nil {
		return nil
	}
	return fmt.Errorf("redshifttest: no port of 127.0.0.1 to listen on: %w", s.listenErr)
}

// UseTLS makes a certificate for 127.0.0.1 and localhost and refuses connections without TLS from now on.
func (s *Server) UseTLS() error {
	certificate, err := selfSigned()
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

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "redshifttest"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
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
	s.aws.close()
	s.wait.Wait()
}

// DropConnections resets every open connection, as a server that dies does; new ones are accepted.
func (s *Server) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		reset(c.raw)
	}
}

// Connections is how many connections are open now, and how many were accepted since the start; those that brought a
// request to cancel count too.
func (s *Server) Connections() (open, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns), s.accepted
}

// Fail makes the next n statements, or connections for the faults that strike on connect, fail in this way; a negative n
// makes all of them fail until [Server.ClearFaults]. BEGIN, ROLLBACK, SET and empty statements are no requests: faults
// pass them by. The code of fault.Error is a SQLSTATE without letters, such as 57014, or 1023; fault.ErrorAfter counts
// rows; Status becomes the error that comes nearest; Bomb is Oversized; CorruptCompression and MalformedBlock are a row
// that has one value too many.
func (s *Server) Fail(f fault.Fault, n int) { s.plan.Add(f, n) }

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() { s.plan.Clear() }

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
			_ = pause(s.ctx, acceptPause)
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
	s.nextPID++
	c := newConn(s, raw, s.nextPID)
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

// session finds the connection that a request to cancel names.
func (s *Server) session(pid uint32) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.pid == pid {
			return c
		}
	}
	return nil
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
