package clickhouse_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// readOnly is a server with an account that may change no setting, and a client for it.
func readOnly(t *testing.T, change func(*clickhouse.Config)) (*clickhousetest.Server, *clickhouse.Client) {
	t.Helper()
	s := bulkServer(t)
	s.AddReadOnlyUser("reader", "reader-pass")
	cfg := fakeConfig(s)
	cfg.User, cfg.Password = "reader", secret.Literal("reader-pass")
	if change != nil {
		change(&cfg)
	}
	return s, newClient(t, cfg)
}

func TestAnAccountThatMaySetNothingIsNoticedOnce(t *testing.T) {
	t.Parallel()
	s, c := readOnly(t, nil)
	for i := range 3 {
		s.ForgetRequests()
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk", MaxRows: 10})
		if err != nil {
			t.Fatal(err)
		}
		got, err := rows.Collect(r, rows.ToMap)
		if len(got) != 10 || !errors.Is(err, base.ErrTruncated) || len(r.Stats().Notes) != 1 {
			t.Errorf("%d rows, %v, %q", len(got), err, r.Stats().Notes)
		}
		if n := len(s.Requests()); i > 0 && (n != 1 || len(s.Requests()[0].Settings) != 0) {
			t.Errorf("%d requests, the first with %v", n, s.Requests()[0].Settings)
		}
	}
	s.Insert(logs.Record{Time: noon, Service: "cart", Body: "typed methods too"})
	if got, err := base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Services: []string{"cart"}})); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
}

// With such an account the server holds no limit on time, so the client does, against silence and against a trickle.
func TestMaxExecutionIsHeldWhereTheServerDoesNot(t *testing.T) {
	t.Parallel()
	s, c := readOnly(t, func(c *clickhouse.Config) { c.MaxExecution = base.Duration(150 * time.Millisecond) })
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.ReplyTo("slow", clickhousetest.Reply{Columns: []clickhousetest.Column{{Name: "x", Type: "UInt8"}}, Delay: time.Minute})
	for sql, f := range map[string]*fault.Fault{"SELECT slow": nil, "SELECT bulk": new(fault.Slow(20, 10*time.Millisecond))} {
		if f != nil {
			s.Fail(*f, 1)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		r, err := c.Query(ctx, clickhouse.Query{SQL: sql})
		if err == nil {
			_, err = rows.Collect(r, rows.ToMap)
		}
		cancel()
		if !errors.Is(err, base.ErrQuotaExceeded) || !strings.Contains(err.Error(), "max_execution") {
			t.Errorf("%s: %v", sql, err)
		}
		s.ClearFaults()
		poll(t, "the server works on", func() bool { return s.Running() == 0 })
	}
}

// The time that the caller takes is not the server's.
func TestMaxExecutionDoesNotCountTheCallersOwnTime(t *testing.T) {
	t.Parallel()
	s, c := readOnly(t, func(c *clickhouse.Config) {
		c.MaxExecution, c.MaxRows = base.Duration(time.Second), -1
	})
	paced := clickhousetest.Bulk(30_000, 4) // more than a buffer holds, so that each block is waited for
	s.ReplyTo("paced", paced)
	unbounded := fakeConfig(s)
	unbounded.MaxRows = -1
	warm, err := newClient(t, unbounded).Query(t.Context(), clickhouse.Query{SQL: "SELECT paced"}) // the blocks are encoded once
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Collect(warm, rows.ToMap); err != nil {
		t.Fatal(err)
	}
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT paced"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		n += b.Len()
		thinking, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		<-thinking.Done()
		cancel()
	}
	if n != 120_000 {
		t.Errorf("%d rows of 120,000", n)
	}
}

func TestAStatementDoesNotLiftItsOwnLimits(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	c := newClient(t, fakeConfig(s))
	_, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT 1 SETTINGS max_execution_time = 0"})
	if !errors.Is(err, base.ErrPermission) || !strings.Contains(err.Error(), "Query.Settings") {
		t.Error(err)
	}
	if got, err := one(t, c, "SELECT 'SETTINGS a = 1'", nil); err != nil || got != "SETTINGS a = 1" {
		t.Error(got, err)
	}
}
