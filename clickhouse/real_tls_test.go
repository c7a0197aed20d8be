package clickhouse_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

func TestTLSIsVerifiedAlways(t *testing.T) {
	t.Parallel()
	address, ca := engines.TLSTerminator(t, engines.Shared(t).Addr)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := clickhouse.Config{Addresses: []string{address}, Database: "default", Secure: true, AllowWrites: true}
	if err := newClient(t, cfg).Ping(t.Context()); base.KindOf(err) != base.KindInvalid {
		t.Errorf("a certificate of nobody: %v", err)
	}
	cfg.CAFile = file
	c := newClient(t, cfg)
	if got, err := one(t, c, "SELECT {n:UInt8}", map[string]any{"n": 3}); err != nil || got != uint8(3) {
		t.Errorf("%v %v", got, err)
	}
	if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS over_tls (x UInt8) ENGINE = Memory"}); err != nil {
		t.Error(err)
	}
}

func TestNothingIsLostWhenTheNetworkCutsAnAnswer(t *testing.T) {
	t.Parallel()
	proxy := engines.Proxy(t, engines.Shared(t).Addr)
	c := newClient(t, clickhouse.Config{Addresses: []string{proxy.Addr}, Database: "default", MaxRows: -1, MaxBytes: -1,
		Limits: base.Limits{Breaker: base.Breaker{Ratio: -1}, RetryRatio: -1}})
	for range 150 {
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number FROM system.numbers"})
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range r.Batches() {
			proxy.Cut()
			last = err
		}
		if base.KindOf(last) != base.KindUnavailable {
			t.Fatalf("after a cut: %v", last)
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
