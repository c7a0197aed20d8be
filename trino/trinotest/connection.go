package trinotest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// listener counts connections and acts out the faults that strike when one is made.
type listener struct {
	net.Listener
	server *Server
	mu     sync.Mutex
	open   map[*conn]struct{}
	made   int
}

func newListener(l net.Listener, s *Server) *listener {
	return &listener{Listener: l, server: s, open: map[*conn]struct{}{}}
}

// conn leaves the listener's list when it is closed.
type conn struct {
	*net.TCPConn
	from *listener
	once sync.Once
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.from.mu.Lock()
		defer c.from.mu.Unlock()
		delete(c.from.open, c)
	})
	return c.TCPConn.Close()
}

// reset closes with a RST.
func (c *conn) reset() {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// Accept gives the next connection that no fault keeps.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := raw.(*net.TCPConn)
		if !ok {
			_ = raw.Close()
			continue
		}
		c := &conn{TCPConn: tcp, from: l}
		l.mu.Lock()
		l.open[c] = struct{}{}
		l.made++
		l.mu.Unlock()
		f, strikes := l.server.plan.NextAt(fault.OnConnect)
		if !strikes {
			return c, nil
		}
		l.fail(c, f)
	}
}

// fail acts out a fault on connect; what it keeps open ends with the client or with the server.
func (l *listener) fail(c *conn, f fault.Fault) {
	switch f.Kind {
	case fault.KindSilent, fault.KindIgnoreCancel, fault.KindDelay, fault.KindSlow:
		go func() { // ends when the connection is closed, by the client or by drop
			_, _ = io.Copy(io.Discard, c.TCPConn)
			_ = c.Close()
		}()
	case fault.KindGarbage:
		_, _ = c.Write([]byte(garbage))
		_ = c.Close()
	default:
		c.reset()
	}
}

func (l *listener) count() (open, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open), l.made
}

func (l *listener) drop() {
	l.mu.Lock()
	all := make([]*conn, 0, len(l.open))
	for c := range l.open {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
}

// under is the connection below TLS, if that is in between.
func under(c net.Conn) *conn {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	plain, _ := c.(*conn)
	return plain
}

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// certify makes a certificate for the loopback interface, and these names, signed by itself, valid for a day.
func (s *Server) certify(names ...string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: append([]string{"localhost"}, names...),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	s.authority.AddCert(leaf)
	s.pem = append(s.pem, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
