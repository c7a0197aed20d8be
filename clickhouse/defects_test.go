package clickhouse_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/internal/loopback"
)

func bulkServer(t *testing.T) *clickhousetest.Server {
	t.Helper()
	s := clickhousetest.NewServer()
	t.Cleanup(s.Close)
	s.ReplyTo("bulk", clickhousetest.Bulk(1000, 4))
	return s
}

func fakeConfig(s *clickhousetest.Server) clickhouse.Config {
	return clickhouse.Config{
		Addresses: []string{s.Addr()}, AllowWrites: true, Limits: base.Limits{Retries: -1, Breaker: base.Breaker{Ratio: -1}},
	}
}

// sourConn is a connection whose Close always fails, as that of TLS does when the peer is gone.
type sourConn struct {
	net.Conn
	closed *atomic.Int32
}

func (c sourConn) Close() error {
	c.closed.Add(1)
	return errors.Join(c.Conn.Close(), errors.New("tls: failed to send close_notify"))
}

func TestDefectC1AConnectionThatCannotBeClosedCrashesNothing(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	s.ReplyTo("endless", func() clickhousetest.Reply { r := clickhousetest.Bulk(1000, 1); r.Repeat = -1; return r }())
	var closed atomic.Int32
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return sourConn{c, &closed}, nil
	}
	cfg := fakeConfig(s)
	cfg.Limits.Retries, cfg.Limits.RetryRatio = 3, -1 // a reset may hit the next query's connection too
	c := newClient(t, cfg, base.WithDialer(dial))
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT endless"})
		if err != nil {
			t.Fatal(err)
		}
		s.DropConnections()
		cancel()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		s.Fail(fault.ResetMidBody(), 1)
		ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
		_ = c.Exec(ctx, clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS c1 (x UInt8) ENGINE = Memory"})
		cancel()
		s.ClearFaults()
	}
	if closed.Load() == 0 {
		t.Error("no connection was closed: the test has tested nothing")
	}
}

func TestDefectC2TheContextIsHonouredInTheHandshakeOfBothDrivers(t *testing.T) {
	t.Parallel()
	c := newClient(t, clickhouse.Config{Addresses: []string{loopback.Serve(t, loopback.Mute)}, AllowWrites: true})
	for name, call := range map[string]func(context.Context) error{
		"Query": func(ctx context.Context) error {
			_, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT 1"})
			return err
		},
		"Exec": func(ctx context.Context) error { return c.Exec(ctx, clickhouse.Statement{SQL: "DROP TABLE t"}) },
		"Ping": c.Ping,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		began := time.Now()
		err := call(ctx)
		cancel()
		if took := time.Since(began); took > 600*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v after %s", name, err, took)
		}
	}
}

func last(t *testing.T, s *clickhousetest.Server, text string) clickhousetest.Request {
	t.Helper()
	all := s.Requests()
	for _, r := range slices.Backward(all) {
		if strings.Contains(r.SQL, text) {
			return r
		}
	}
	t.Fatalf("no request with %q", text)
	return clickhousetest.Request{}
}

func TestDefectC3TheServersTimeIsTheLesserOfConfigAndDeadline(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	cfg := fakeConfig(s)
	cfg.MaxExecution = base.Duration(7 * time.Second)
	c := newClient(t, cfg)
	for limit, want := range map[time.Duration]string{30 * time.Second: "7", 3 * time.Second: "3"} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		r, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT bulk"})
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		if err := c.Exec(ctx, clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS c3 (x UInt8) ENGINE = Memory"}); err != nil {
			t.Error(err)
		}
		cancel()
		q := last(t, s, "bulk")
		if q.Settings["max_execution_time"] != want || q.Settings["readonly"] != "1" || q.LogComment != "clickhouse.Query" || q.QueryID == "" {
			t.Errorf("deadline %s: %+v", limit, q.Settings)
		}
		if got := last(t, s, "c3").Settings["max_execution_time"]; got != "" {
			t.Errorf("Exec sent max_execution_time %s that nobody asked for", got)
		}
	}
}

func TestDefectsC4AndC5ADeadlineStopsTheServerAndIsADeadline(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	c := newClient(t, fakeConfig(s))
	s.ReplyTo("slow", clickhousetest.Reply{Columns: []clickhousetest.Column{{Name: "x", Type: "UInt8"}}, Delay: time.Minute})
	for range 30 {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
		_, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT slow"})
		cancel()
		if errors.Is(err, base.ErrNoTimeLeft) {
			continue // on a busy machine the deadline may pass before anything is sent
		}
		if !errors.Is(err, context.DeadlineExceeded) || base.KindOf(err) != base.KindDeadline {
			t.Fatal(err)
		}
	}
	poll(t, "the server works on", func() bool { return s.Running() == 0 })
}

func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(what)
		}
	}
}

func TestDefectC6LeavingAnEndlessAnswerIsQuick(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	endless := clickhousetest.Bulk(1000, 1)
	endless.Repeat = -1
	s.ReplyTo("endless", endless)
	c := newClient(t, fakeConfig(s))
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT endless"})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, err := range r.All() {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if took := time.Since(began); took > 500*time.Millisecond {
		t.Errorf("leaving took %s", took)
	}
	poll(t, "the server works on", func() bool { return s.Running() == 0 })
	if h := c.Health(); h.InFlight != 0 {
		t.Errorf("%d calls in flight", h.InFlight)
	}
}

func TestDefectC7AFailedHandshakeClosesItsConnectionAndSendsTheRefusedPasswordOnce(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	cfg := fakeConfig(s)
	cfg.Password = secret.Literal("wr0ng-pass")
	c := newClient(t, cfg)
	for range 20 {
		_, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT 1"})
		if base.KindOf(err) != base.KindUnauthenticated || strings.Contains(err.Error(), "wr0ng-pass") {
			t.Fatal(err)
		}
		if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "SELECT 1"}); base.KindOf(err) != base.KindUnauthenticated {
			t.Fatal(err)
		}
	}
	poll(t, "a connection stayed open", func() bool { open, _ := s.Connections(); return open == 0 })
	if _, total := s.Connections(); total != 1 {
		t.Errorf("the refused password was sent %d times", total)
	}
}

func TestDefectC8AMalformedBlockIsAnErrorAndTheClientLives(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	for _, f := range []fault.Fault{fault.MalformedBlock(), fault.MalformedBlock().WithMessage("Dynamic"), fault.HostileLength(), fault.Garbage(), fault.CorruptCompression()} {
		c := newClient(t, fakeConfig(s))
		s.Fail(f, 1)
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
		if err == nil {
			_, err = rows.Collect(r, rows.ToMap)
		}
		if k := base.KindOf(err); k != base.KindProtocol && k != base.KindInvalid {
			t.Errorf("%s: %v", f, err)
		}
		s.ClearFaults()
		r, err = c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rows.Collect(r, rows.ToMap); err != nil || len(got) != 4000 {
			t.Errorf("after %s: %d rows, %v", f, len(got), err)
		}
	}
}

func TestAnAnswerThatBreaksOffIsPartialAndNeverWhole(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	c := newClient(t, fakeConfig(s))
	s.Fail(fault.ErrorAfter(2, 241, "Query memory limit exceeded"), 1)
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows.Collect(r, rows.ToMap)
	if base.KindOf(err) != base.KindQuotaExceeded || len(got) == 0 || len(got) == 4000 || r.Outcome() != base.Partial {
		t.Errorf("%d rows, %v, %v", len(got), r.Outcome(), err)
	}
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Code != "241" || e.QueryID == "" || errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

func TestWritesAreRefusedWithoutPermission(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	cfg := fakeConfig(s)
	cfg.AllowWrites = false
	c := newClient(t, cfg)
	for _, err := range []error{
		c.Exec(t.Context(), clickhouse.Statement{SQL: "DROP TABLE x"}),
		c.Insert(t.Context(), "x", []string{"a"}, [][]any{{1}}),
	} {
		if base.KindOf(err) != base.KindPermission || !strings.Contains(err.Error(), "AllowWrites") {
			t.Error(err)
		}
	}
	if len(s.Requests()) != 0 {
		t.Error("something was sent")
	}
}

func TestAnotherAddressIsTriedWhenOneIsDown(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	down := clickhousetest.NewServer()
	address := down.Addr()
	down.Close()
	cfg := fakeConfig(s)
	cfg.Addresses = []string{address, s.Addr()}
	c := newClient(t, cfg)
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
