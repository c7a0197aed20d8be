package clickhouse_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
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

// The guard alone bounds how many writes run at once.
func TestWritesWithoutABoundDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	cfg := fakeConfig(s)
	cfg.Limits.Concurrency = -1
	var armed atomic.Bool
	var both sync.WaitGroup
	both.Add(2)
	c := newClient(t, cfg, base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if armed.Load() {
			both.Done()
			met := make(chan struct{})
			go func() { both.Wait(); close(met) }()
			select {
			case <-met:
			case <-ctx.Done():
				both.Done() // so that nobody waits for ever
				return nil, errors.New("the other write did not dial")
			}
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}))
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	failed := make(chan error, 2)
	for range 2 {
		go func() {
			failed <- c.Exec(ctx, clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS beside (x UInt8) ENGINE = Memory"})
		}()
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestEachDeadReplicaIsDialedOnce(t *testing.T) {
	t.Parallel()
	var dials atomic.Int32
	cfg := clickhouse.Config{
		Addresses: []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"}, Limits: base.Limits{Retries: -1},
	}
	c := newClient(t, cfg, base.WithDialer(func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, errors.New("no route")
	}))
	if err := c.Ping(t.Context()); err == nil || dials.Load() != 4 {
		t.Errorf("%d dials, %v", dials.Load(), err)
	}
}

// What a call has cost is that of all its attempts.
func TestTheStatsOfAnAnswerCountItsEarlierAttempts(t *testing.T) {
	t.Parallel()
	const lost = 60 * time.Millisecond
	s := bulkServer(t)
	cfg := fakeConfig(s)
	cfg.Limits.Retries, cfg.Limits.RetryRatio = 3, -1
	var failed atomic.Bool
	c := newClient(t, cfg, base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if !failed.Swap(true) {
			<-time.After(lost)
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}))
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := r.Stats(); got.Attempts != 2 || got.Elapsed < lost || got.Calls != 1 {
		t.Errorf("%+v", got)
	}
}
