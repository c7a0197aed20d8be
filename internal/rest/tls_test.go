package rest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// authority signs certificates in a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = template, newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate for the loopback interface, changed as the test wants.
func (a *authority) issue(modify func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	a.n++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(100 + a.n), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if modify != nil {
		modify(template)
	}
	key := newKey(a.t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// file writes the authority's certificate to a file.
func (a *authority) file() string {
	a.t.Helper()
	name := filepath.Join(a.t.TempDir(), "ca.pem")
	write(a.t, name, "CERTIFICATE", a.cert.Raw)
	return name
}

func write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// save writes certificate and key to files.
func save(t *testing.T, c tls.Certificate, certFile, keyFile string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, "CERTIFICATE", c.Certificate[0])
	write(t, keyFile, "PRIVATE KEY", der)
}

func serveTLS(t *testing.T, config *tls.Config, steps ...http.HandlerFunc) *service {
	t.Helper()
	s := newService(steps...)
	s.TLS = config
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestTheAuthorityOfAFileIsTrustedAndNoOther(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	s := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ours.issue(nil)}, MinVersion: tls.VersionTLS12}, ok)
	if _, err := get(t, clientOf(t, s.URL, func(c *rest.Config) { c.CAFile = ours.file() })); err != nil {
		t.Error(err)
	}
	_, err := get(t, clientOf(t, s.URL, func(c *rest.Config) { c.CAFile = theirs.file() }))
	failed(t, err, base.KindInvalid)
}

func TestACertificateThatIsNotRightFailsClosedOnce(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for name, tc := range map[string]struct {
		config *tls.Config
		says   string
	}{
		"expired": {&tls.Config{Certificates: []tls.Certificate{ca.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}}, "expired"},
		"wrong host": {&tls.Config{Certificates: []tls.Certificate{ca.issue(func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"other.example.com"}
		})}}, "127.0.0.1"},
		"unknown authority": {&tls.Config{Certificates: []tls.Certificate{newAuthority(t).issue(nil)}}, "unknown authority"},
		"TLS 1.1":           {&tls.Config{Certificates: []tls.Certificate{ca.issue(nil)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "protocol version"},
		"asks for a client": {&tls.Config{Certificates: []tls.Certificate{ca.issue(nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool()}, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveTLS(t, tc.config, ok)
			c := clientOf(t, s.URL, func(c *rest.Config) { c.CAFile = ca.file() })
			_, err := get(t, c)
			e := details(t, err, base.KindInvalid)
			says(t, err, s.Listener.Addr().String(), tc.says)
			if s.calls() != 0 || e.Attempts != 1 {
				t.Errorf("%d requests, %+v", s.calls(), e)
			}
		})
	}
}

func TestAClientCertificateRotatesOnDisk(t *testing.T) {
	t.Parallel()
	ca, dir := newAuthority(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	s := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.issue(nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool(), MinVersion: tls.VersionTLS12,
	}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].SerialNumber.String())
	})
	save(t, ca.issue(func(c *x509.Certificate) { c.SerialNumber = big.NewInt(7) }), certFile, keyFile)
	c := clientOf(t, s.URL, func(c *rest.Config) { c.CAFile, c.CertFile, c.KeyFile = ca.file(), certFile, keyFile })
	shown := func() string {
		r, err := get(t, c)
		if err != nil {
			t.Error(err)
		}
		return string(r.Body)
	}
	if got := shown(); got != "7" {
		t.Errorf("showed certificate %s", got)
	}
	next := ca.issue(func(c *x509.Certificate) { c.SerialNumber = big.NewInt(8) })
	write(t, certFile, "CERTIFICATE", next.Certificate[0]) // the key does not fit yet
	if got := shown(); got != "7" {
		t.Errorf("in the middle of the rotation: certificate %s", got)
	}
	save(t, next, certFile, keyFile)
	if got := shown(); got != "8" {
		t.Errorf("after the rotation: certificate %s", got)
	}
}

func TestFilesThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	ca, dir := newAuthority(t), t.TempDir()
	empty, certFile, keyFile, other := filepath.Join(dir, "empty.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "other.pem")
	if err := os.WriteFile(empty, []byte(secretKey), 0o600); err != nil {
		t.Fatal(err)
	}
	save(t, ca.issue(nil), certFile, keyFile)
	save(t, ca.issue(nil), filepath.Join(dir, "unused.pem"), other)
	for name, tc := range map[string]struct {
		ca, cert, key string
		says          []string
	}{
		"no CA":       {filepath.Join(dir, "absent"), "", "", []string{"ca_file", "absent"}},
		"no PEM":      {empty, "", "", []string{"ca_file", "empty.pem"}},
		"no key":      {"", certFile, "", []string{"cert_file", "key_file"}},
		"no cert":     {"", "", keyFile, []string{"cert_file", "key_file"}},
		"absent cert": {"", filepath.Join(dir, "absent"), keyFile, []string{"cert_file", "absent"}},
		"no PEM cert": {"", empty, keyFile, []string{"cert_file", "empty.pem"}},
		"other key":   {"", certFile, other, []string{"key_file", "other.pem"}},
	} {
		_, err := newClient("https://host.example.com", func(c *rest.Config) { c.CAFile, c.CertFile, c.KeyFile = tc.ca, tc.cert, tc.key })
		if err == nil || strings.Contains(err.Error(), secretKey) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, tc.says...)
	}
}

func TestVerificationCannotBeSwitchedOff(t *testing.T) {
	t.Parallel()
	if _, err := newClient("https://host.example.com", nil, base.WithTLS(&tls.Config{InsecureSkipVerify: true})); err == nil { //nolint:gosec // that it is refused
		t.Error("InsecureSkipVerify is accepted")
	}
	ca := newAuthority(t)
	s := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(nil)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, ok)
	_, err := get(t, clientOf(t, s.URL, nil, base.WithTLS(&tls.Config{RootCAs: ca.pool(), MinVersion: tls.VersionTLS10})))
	failed(t, err, base.KindInvalid)
	if s.calls() != 0 {
		t.Error("TLS 1.1 was spoken")
	}
}
