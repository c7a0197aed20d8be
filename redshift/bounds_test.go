package redshift_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// A connection outlives an answer that was given up by some seconds. However short the callers' deadlines are, a server
// that is stuck has a bounded number of them.
func TestAStuckServerIsNotGivenMoreAndMoreConnections(t *testing.T) {
	t.Parallel()
	server := fake(t)
	server.Fail(fault.IgnoreCancel(), -1)
	cfg := server.Config()
	cfg.Limits.Concurrency, cfg.Limits.Retries, cfg.Limits.Breaker.Ratio = 4, -1, -1
	c, err := redshift.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	const most = 2*4 + 2
	var full, worst atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 15 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				_, err := one(ctx, c, "SELECT 1")
				cancel()
				switch kind := base.KindOf(err); kind {
				case base.KindLimitExceeded:
					full.Add(1)
				case base.KindDeadline, base.KindNoTimeLeft:
				default:
					t.Errorf("%v: %v", kind, err)
				}
				worst.Store(max(worst.Load(), int64(server.Running())))
			}
		})
	}
	all.Wait()
	if worst.Load() > most || worst.Load() < 5 || full.Load() == 0 {
		t.Errorf("%d statements at once, and at most %d connections; %d calls were refused", worst.Load(), most, full.Load())
	}
}

// uncancelled is a connection that loses requests to cancel.
type uncancelled struct{ net.Conn }

const cancelRequest = 80877102

func (c uncancelled) Write(p []byte) (int, error) {
	if len(p) == 16 && binary.BigEndian.Uint32(p[4:]) == cancelRequest {
		return len(p), c.Close()
	}
	return c.Conn.Write(p)
}

func loseCancels(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	return uncancelled{c}, err
}

// Behind a proxy the number of a session may be that of a stranger's.
func TestOnlyASessionThatRunsTheStatementIsStopped(t *testing.T) {
	t.Parallel()
	const sql = "SELECT 'endless'\n FROM dual"
	for what, test := range map[string]struct {
		shown string
		stops bool
	}{
		"the statement":            {sql, true},
		"the same in one line":     {`SELECT 'endless'\n FROM dual`, true},
		"the statement of another": {"SELECT 'other'", false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := fake(t)
			server.ReplyTo("endless", redshifttest.Reply{Columns: []redshifttest.Column{{Name: "n", Type: "integer"}}, Rows: [][]any{{1}}, Repeat: -1, Pause: time.Millisecond})
			server.ReplyTo("sys_query_history", redshifttest.Reply{
				Columns: []redshifttest.Column{{Name: "query_text", Type: "varchar"}}, Rows: [][]any{{test.shown}},
			})
			c, err := redshift.New(t.Context(), server.Config(), base.WithDialer(loseCancels))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			ctx, cancel := context.WithCancel(t.Context()) // a deadline would be the server's too
			defer cancel()
			answer, err := c.Query(ctx, redshift.Query{SQL: sql})
			if err != nil {
				t.Fatal(err)
			}
			for _, err = range answer.All() {
				cancel() // the statement runs
			}
			if base.KindOf(err) != base.KindCanceled {
				t.Error(err)
			}
			sent := func(text string) bool {
				for _, r := range server.Requests() {
					if strings.Contains(r.SQL, text) {
						return true
					}
				}
				return false
			}
			eventually(t, "it is looked at", 20*time.Second, func() bool { return sent("sys_query_history") })
			if test.stops {
				eventually(t, "it is stopped", 20*time.Second, func() bool { return sent("pg_cancel_backend") })
				return
			}
			soon := time.After(300 * time.Millisecond)
			eventually(t, "nothing follows", 20*time.Second, func() bool {
				select {
				case <-soon:
					return true
				default:
					return sent("pg_cancel_backend")
				}
			})
			if sent("pg_cancel_backend") {
				t.Error("it is stopped")
			}
		})
	}
}

func TestTheStatsOfAnAnswerCountItsEarlierAttempts(t *testing.T) {
	t.Parallel()
	server := fake(t)
	var failed atomic.Bool
	c := newClient(t, server.Config(), base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if !failed.Swap(true) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}))
	r, err := c.Query(t.Context(), redshift.Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := r.Stats(); got.Attempts != 2 || got.Calls != 1 {
		t.Errorf("%+v", got)
	}
}

// Redshift's function answers nothing, whether there was a statement or not.
func TestCancelTellsWhetherThereWasAStatement(t *testing.T) {
	t.Parallel()
	for _, runs := range []bool{true, false} {
		server := fake(t)
		history := redshifttest.Reply{Columns: []redshifttest.Column{{Name: "query_text", Type: "varchar"}}}
		if runs {
			history.Rows = [][]any{{"SELECT 1"}}
		}
		server.ReplyTo("sys_query_history", history)
		server.ReplyTo("pg_cancel_backend", redshifttest.Reply{Columns: []redshifttest.Column{{Name: "pg_cancel_backend", Type: "varchar"}}, Rows: [][]any{{nil}}})
		set := tool.Set(newClient(t, server.Config()).Tools())
		answer, err := set.CallTool(t.Context(), "redshift_cancel_query", []byte(`{"pid": 4711}`))
		if want := fmt.Sprintf(`{"cancelled":%v}`, runs); err != nil || string(answer) != want || len(server.Requests()) != map[bool]int{true: 2, false: 1}[runs] {
			t.Errorf("%s, and not %s; %v", answer, want, err)
		}
	}
}

// The simple protocol takes several statements at once.
func TestEveryStatementComesByTheExtendedProtocol(t *testing.T) {
	t.Parallel()
	server := fake(t)
	fill(server)
	c := newClient(t, server.Config())
	for _, err := range []error{
		c.Ping(t.Context()),
		func() error { _, err := one(t.Context(), c, "SELECT 1"); return err }(),
		func() error { _, err := one(t.Context(), c, "SELECT $1", "it's"); return err }(),
		func() error { _, err := c.Explain(t.Context(), redshift.Query{SQL: "SELECT 1"}); return err }(),
		func() error { _, err := c.Load(t.Context(), "7"); return err }(),
		func() error { _, err := c.Tables(t.Context(), ""); return err }(),
		func() error { _, err := c.RunningQueries(t.Context()); return err }(),
		func() error { _, err := c.Cancel(t.Context(), 1<<30); return err }(),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	for _, r := range server.Requests() {
		if !r.Extended {
			t.Errorf("by the simple protocol: %q", r.SQL)
		}
	}
	if n := len(server.Requests()); n < 8 {
		t.Errorf("%d requests", n)
	}
}

func TestADialThatFailsGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	server := fake(t)
	var dials atomic.Int64
	cfg := server.Config()
	cfg.Limits.Concurrency, cfg.Limits.Retries, cfg.Limits.Breaker.Ratio = 1, -1, -1
	c, err := redshift.New(t.Context(), cfg, base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) <= 3 {
			return nil, syscall.ECONNREFUSED
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	failed := 0
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := c.Ping(ctx); err != nil {
			if failed++; base.KindOf(err) != base.KindUnavailable {
				t.Error(err)
			}
		}
		cancel()
	}
	if failed == 0 || failed > 3 {
		t.Errorf("%d of 5 calls failed, and 3 dials", failed)
	}
}
