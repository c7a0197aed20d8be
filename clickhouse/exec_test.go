package clickhouse_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
)

// A password was rotated while two writes ran. The one whose connection was slow is refused with the old password after
// the other has gone on to the new one, which nobody has refused.
func TestARefusalOfTheOldPasswordDoesNotRefuseTheNewOne(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	s.SetPassword("default", "old-pass")
	var present atomic.Pointer[string]
	present.Store(new("old-pass"))
	source := secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		return secret.NewSnapshot(*present.Load(), *present.Load(), time.Time{}), nil
	})
	var slow atomic.Bool
	dialing, dial := make(chan struct{}), make(chan struct{})
	dialer := func(ctx context.Context, network, address string) (net.Conn, error) {
		if slow.CompareAndSwap(true, false) {
			close(dialing)
			<-dial
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	cfg := fakeConfig(s)
	cfg.Password = secret.From(source)
	c := newClient(t, cfg, base.WithDialer(dialer))
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	write := func() error {
		return c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS rotated (x UInt8) ENGINE = Memory"})
	}
	slow.Store(true)
	slowWrite := make(chan error, 1)
	go func() { slowWrite <- write() }()
	<-dialing
	s.SetPassword("default", "new-pass")
	present.Store(new("new-pass"))
	if err := write(); err != nil {
		t.Error("the quick write:", err)
	}
	close(dial)
	if err := <-slowWrite; err != nil {
		t.Error("the slow write:", err)
	}
	if err := write(); err != nil {
		t.Error("a write after both:", err)
	}
}
