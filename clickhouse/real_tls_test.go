package clickhouse_test

import (
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

// overTLS is a configuration for a real server behind a certificate, and the network between, which counts.
func overTLS(t *testing.T, changes ...func(*x509.Certificate)) (clickhouse.Config, *engines.TCPProxy) {
	t.Helper()
	address, ca := engines.TLSTerminator(t, engines.Shared(t).Addr, changes...)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := engines.Proxy(t, address)
	return clickhouse.Config{Addresses: []string{proxy.Addr}, Database: "default", Secure: true, CAFile: file, AllowWrites: true}, proxy
}

func TestTLSReadsAndWrites(t *testing.T) {
	t.Parallel()
	cfg, _ := overTLS(t)
	c := newClient(t, cfg)
	if got, err := one(t, c, "SELECT {n:UInt8}", map[string]any{"n": 3}); err != nil || got != uint8(3) {
		t.Errorf("%v %v", got, err)
	}
	if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS over_tls (x UInt8) ENGINE = Memory"}); err != nil {
		t.Error(err)
	}
	cfg, _ = overTLS(t, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"clickhouse.example.com"}, nil })
	cfg.ServerName = "clickhouse.example.com"
	if err := newClient(t, cfg).Ping(t.Context()); err != nil {
		t.Errorf("the name in the certificate is that of server_name: %v", err)
	}
}

// A certificate that is not right is not right at the next attempt either.
func TestACertificateThatIsNotTrustedIsRefusedAndNotRetried(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*x509.Certificate)
		config func(*clickhouse.Config)
		words  string
	}{
		"unknown authority": {nil, func(c *clickhouse.Config) { c.CAFile = "" }, "unknown authority"},
		"expired": {func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
		}, nil, "expired"},
		"another host": {func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = []string{"other.example.com"}, []net.IP{net.IPv4(192, 0, 2, 1)}
		}, nil, "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var changes []func(*x509.Certificate)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			cfg, proxy := overTLS(t, changes...)
			if test.config != nil {
				test.config(&cfg)
			}
			c := newClient(t, cfg)
			for i, call := range []func() error{
				func() error { return c.Ping(t.Context()) },
				func() error {
					return c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE never (x UInt8) ENGINE = Memory"})
				},
			} {
				err := call()
				if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), test.words) {
					t.Errorf("%v", err)
				}
				if n := proxy.Connections(); n != i+1 {
					t.Errorf("%d connections after %d calls", n, i+1)
				}
			}
		})
	}
}

// A server that speaks no TLS, and TLS before a client that was not told to.
func TestTLSOnOneSideOnlySaysSo(t *testing.T) {
	t.Parallel()
	plain := engines.Shared(t).Addr
	err := newClient(t, clickhouse.Config{Addresses: []string{plain}, Secure: true}).Ping(t.Context())
	if k := base.KindOf(err); k != base.KindProtocol && k != base.KindUnavailable || !strings.Contains(err.Error(), plain) {
		t.Errorf("a plain server: %v", err)
	}
	cfg, _ := overTLS(t)
	cfg.Secure, cfg.CAFile = false, ""
	if err := newClient(t, cfg).Ping(t.Context()); base.KindOf(err) != base.KindProtocol && base.KindOf(err) != base.KindUnavailable {
		t.Errorf("a plain client: %v", err)
	}
}
