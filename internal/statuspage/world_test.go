package statuspage_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
)

// canary stands in the text of every failure: it must never reach the page.
const canary = "canary-7f3a"

const hostile = `<img src=x onerror="document.title='owned'">`

var (
	opQuery = &base.Op{Name: "Query", System: base.SystemDB}
	opPing  = &base.Op{Name: "Ping", Probe: true}
)

// source is a client on a real guard before a fake server.
type source struct {
	*base.Guard
	server *httptest.Server
	faults fault.Plan
	hold   chan struct{} // a call waits here for its answer where it is not nil
}

func newSource(t *testing.T, name string, limits base.Limits) *source {
	t.Helper()
	s := &source{}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f, ok := s.faults.Next(); ok {
			w.WriteHeader(f.Code)
			return
		}
		if s.hold != nil && r.URL.Path != "/Ping" {
			select {
			case <-s.hold:
			case <-r.Context().Done():
			}
		}
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(s.server.Close)
	g, err := base.NewGuard(base.GuardConfig{Name: name, System: "http", Limits: limits}, base.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Guard = g
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (s *source) call(ctx context.Context, op *base.Op) error {
	_, err := base.Do(ctx, s.Guard, op, func(ctx context.Context) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/"+op.Name, http.NoBody)
		if err != nil {
			return 0, err
		}
		resp, err := s.server.Client().Do(req)
		if err != nil {
			return 0, err
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode, failure(resp.StatusCode)
	})
	return err
}

func failure(status int) error {
	kinds := map[int]base.Kind{503: base.KindUnavailable, 429: base.KindThrottled, 401: base.KindUnauthenticated}
	if status == http.StatusOK {
		return nil
	}
	e := base.NewError(kinds[status], errors.New(canary))
	e.Code, e.Sent = http.StatusText(status), base.Answered
	return e
}

// Ping asks the fake server.
func (s *source) Ping(ctx context.Context) error { return s.call(ctx, opPing) }

// Close ends the guard.
func (s *source) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), base.CloseGrace)
	defer cancel()
	return s.Guard.Close(ctx)
}

func (s *source) calls(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := s.call(t.Context(), opQuery); err != nil && !strings.Contains(err.Error(), canary) && !errors.Is(err, base.ErrLocal) {
			t.Fatal(err)
		}
	}
}

// world is what the page shows: a source in every state, one that calls wait for, one whose name is an attack and one
// whose name is long.
type world struct {
	ready, busy, down, degraded, hostile *source
	monitor                              *base.Monitor
	server                               *httptest.Server
	asked                                atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	once := base.Limits{Retries: -1}
	w := &world{
		ready: newSource(t, "clickhouse", base.Limits{}), busy: newSource(t, "redshift", base.Limits{Concurrency: 2}),
		down:     newSource(t, "jira", base.Limits{Retries: 1, Breaker: base.Breaker{MinCalls: 2, OpenFor: base.Duration(time.Hour)}}),
		degraded: newSource(t, "github", once), hostile: newSource(t, hostile, once),
	}
	w.busy.hold = make(chan struct{})
	unproven := newSource(t, "graph", once)
	long := newSource(t, "a-warehouse-with-a-name-that-"+strings.Repeat("goes-on-and-on-", 10), base.Limits{})
	w.monitor = base.NewMonitor(base.MonitorConfig{},
		base.Watch{Client: w.ready}, base.Watch{Client: w.busy}, base.Watch{Client: w.down}, base.Watch{Client: w.degraded, Optional: true},
		base.Watch{Client: w.hostile}, base.Watch{Client: unproven}, base.Watch{Client: long})
	t.Cleanup(func() { _ = w.monitor.Close() })
	w.traffic(t, long)
	mux := http.NewServeMux()
	mux.Handle("/ops/status/", http.StripPrefix("/ops/status", base.StatusHandler(w.monitor)))
	w.server = httptest.NewServer(w.counting(mux))
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) traffic(t *testing.T, long *source) {
	t.Helper()
	w.ready.faults.Add(fault.Status(503), 1) // mended by a retry
	w.ready.calls(t, 40)
	w.hostile.calls(t, 3)
	long.calls(t, 1)
	w.degraded.calls(t, 5)
	w.degraded.faults.Add(fault.Status(429), 2)
	w.degraded.faults.Add(fault.Status(401), 1)
	w.degraded.calls(t, 3)
	w.down.calls(t, 1)
	w.down.faults.Add(fault.Status(503), 100)
	w.down.calls(t, 20)
	for range 5 { // two run, three wait
		go func() { _ = w.busy.call(t.Context(), opQuery) }()
	}
	until(t, func() bool { return w.busy.Health().Waiting == 3 })
	if err := w.busy.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for ctx := t.Context(); !done(); {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal("it never came")
		}
	}
}
