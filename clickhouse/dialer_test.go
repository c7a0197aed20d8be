package clickhouse_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
)

// writePair makes a certificate of that name for 127.0.0.1 and writes it and its key.
func writePair(t *testing.T, name, certFile, keyFile string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// front speaks TLS before a backend, asks each client for its certificate, and remembers their names.
type front struct {
	address string
	mu      sync.Mutex
	names   []string
}

func newFront(t *testing.T, backend string, own tls.Certificate) *front {
	t.Helper()
	raw, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{address: raw.Addr().String()}
	l := tls.NewListener(raw, &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { f.serve(conn.(*tls.Conn), backend) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return f
}

func (f *front) serve(client *tls.Conn, backend string) {
	defer func() { _ = client.Close() }()
	if client.Handshake() != nil { //nolint:noctx // the test's own end closes it
		return
	}
	f.mu.Lock()
	f.names = append(f.names, client.ConnectionState().PeerCertificates[0].Subject.CommonName)
	f.mu.Unlock()
	server, err := net.Dial("tcp", backend) //nolint:noctx // loopback
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
}

func TestAClientCertificateThatWasReplacedCountsForTheNextConnection(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	dir := t.TempDir()
	certFile, keyFile, caFile := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem"), filepath.Join(dir, "ca.pem")
	own := writePair(t, "server", caFile, filepath.Join(dir, "server.key"))
	f := newFront(t, s.Addr(), own)
	writePair(t, "first", certFile, keyFile)
	cfg := fakeConfig(s)
	cfg.Addresses, cfg.Secure, cfg.CAFile, cfg.CertFile, cfg.KeyFile = []string{f.address}, true, caFile, certFile, keyFile
	c := newClient(t, cfg)
	for _, name := range []string{"first", "second"} {
		writePair(t, name, certFile, keyFile)
		s.DropConnections()
		poll(t, "no call succeeds", func() bool { return c.Ping(t.Context()) == nil })
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.names); n < 2 || f.names[0] != "first" || f.names[n-1] != "second" {
		t.Error(f.names)
	}
}

func TestFilesOfTLSThatCannotBeReadAreNamed(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.pem")
	if err := os.WriteFile(broken, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for field, cfg := range map[string]clickhouse.Config{
		"ca_file:":             {CAFile: filepath.Join(t.TempDir(), "absent.pem")},
		"ca_file: " + broken:   {CAFile: broken},
		"cert_file, key_file:": {CertFile: broken, KeyFile: broken},
	} {
		cfg.Host, cfg.Secure = "clickhouse.example.com", true
		if _, err := clickhouse.New(t.Context(), cfg); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s %v", field, err)
		}
	}
	insecure := base.WithTLS(&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // what is refused
	if _, err := clickhouse.New(t.Context(), clickhouse.Config{Host: "h", Secure: true}, insecure); base.KindOf(err) != base.KindInvalid {
		t.Error(err)
	}
}
