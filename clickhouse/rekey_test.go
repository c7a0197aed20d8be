package clickhouse_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
)

// counted is a connection that tells when it is closed.
type counted struct {
	net.Conn
	open  *atomic.Int64
	ended atomic.Bool
}

func (c *counted) Close() error {
	if !c.ended.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// tallying dials, and counts what is open.
func tallying(open *atomic.Int64) base.Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		open.Add(1)
		return &counted{Conn: c, open: open}, nil
	}
}

// The driver of writes leaves a connection open whose login the server refuses.
func TestAWriteWhoseLoginIsRefusedLeavesNoConnection(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	s.SetPassword("default", "old-pass")
	var open atomic.Int64
	var present atomic.Pointer[string]
	present.Store(new("old-pass"))
	cfg := fakeConfig(s)
	cfg.Password = secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		return secret.NewSnapshot(*present.Load(), "", time.Time{}), nil
	}))
	c := newClient(t, cfg, base.WithDialer(tallying(&open)))
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.SetPassword("default", "of nobody")
	err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS refused (x UInt8) ENGINE = Memory"})
	if !errors.Is(err, base.ErrUnauthenticated) {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// A new password comes before the old one ends. Nobody calls then, and yet no connection of the old one is kept.
func TestConnectionsOfAnOlderPasswordAreLetGo(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	s.SetPassword("default", "old-pass")
	var open, asked atomic.Int64
	cfg := fakeConfig(s)
	cfg.Password = secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		if asked.Add(1) == 1 {
			return secret.NewSnapshot("old-pass", "", time.Now().Add(2*time.Second)), nil
		}
		s.SetPassword("default", "new-pass")
		return secret.NewSnapshot("new-pass", "", time.Time{}), nil
	}))
	c := newClient(t, cfg, base.WithDialer(tallying(&open)))
	if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS kept (x UInt8) ENGINE = Memory"}); err != nil {
		t.Fatal(err)
	}
	if open.Load() == 0 {
		t.Fatal("no connection is kept at all")
	}
	late := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for open.Load() > 0 {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d connections of the old password are left", open.Load())
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
