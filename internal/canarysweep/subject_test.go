package canarysweep_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/race"
)

// client is what every source's client can do.
type client interface {
	base.Client
	Tools() []tool.Tool
}

// subject is one client with secrets in its Config, and its fake.
type subject struct {
	open    func(context.Context) (client, error)
	client  client // the present one
	config  any    // as it was given to the constructor
	secrets []string
	user    string
	codes   []int // of errors in the source's own form
	fail    func(fault.Fault, int)
	clear   func()
	use     func(context.Context) []error // what no tool reaches
	shown   func() []string               // credentials that the client was issued, as the fake saw them; nil where there are none
}

// patience bounds a call that a fault holds up, and hearing one that is answered with the words of a server.
const (
	patience = 60 * time.Millisecond
	hearing  = 150 * time.Millisecond
)

func limits() base.Limits {
	l := base.Limits{Retries: -1, Timeout: base.Duration(10 * time.Second)}
	l.Breaker.Ratio = -1
	return l
}

// sweep has the client say everything that it can say.
func (s *subject) sweep(t *testing.T, w *world, turn int) {
	t.Helper()
	s.renew(t.Context(), w)
	defer func() { _ = s.client.Close() }()
	if err := s.client.Ping(t.Context()); err != nil {
		t.Fatalf("the planted secret does not open the fake: %v", err)
	}
	w.value("the config", s.config)
	calm, cancel := context.WithTimeout(t.Context(), time.Second) // some wait for a budget
	ran := s.round(calm, w, "without a fault", all)
	cancel()
	for _, f := range breaks() {
		s.renew(t.Context(), w)
		s.faulty(t.Context(), w, f, patience, some)
	}
	for _, f := range stalls() {
		s.renew(t.Context(), w)
		s.faulty(t.Context(), w, f, patience, one)
	}
	s.spoken(t, w, turn)
	if least := len(s.secrets); w.redacted < least && !race.Enabled { // under the detector some answers come too late
		t.Errorf("of what the server said of a secret %d texts came through, redacted; want %d at least", w.redacted, least)
	}
	s.health(w)
	w.telemetry()
	_ = s.client.Close()
	_, err := s.client.Tools()[0].Call(t.Context(), nil)
	w.value("a call of a closed client", err)
	w.telemetry()
	for _, tool := range s.client.Tools() {
		if !ran[tool.Name()] {
			t.Errorf("%s did not run", tool.Name())
		}
	}
}

// spoken has the fake say the secrets. Those that a client was issued are known to it alone: it stays the same then, and
// what has it ask for others is left out.
func (s *subject) spoken(t *testing.T, w *world, turn int) {
	t.Helper()
	if s.shown != nil {
		s.renew(t.Context(), w)
		if err := s.client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, issued := range s.shown() {
			s.secrets = append(s.secrets, w.set.Plant("issued", issued))
		}
	}
	for i, f := range speaks(turn, echoes(s.user, s.secrets), s.codes) {
		switch {
		case s.shown == nil:
			s.renew(t.Context(), w)
		case f.Kind == fault.KindWrongPassword || slices.Contains([]int{200, 302, 401, 403, 429}, f.Code):
			continue
		}
		s.faulty(t.Context(), w, f, hearing, map[bool]extent{true: all, false: one}[i < 4])
	}
}

// extent is how many tools a round calls.
type extent int

const (
	one  extent = 1
	some extent = 3
	all  extent = 1000
)

func (s *subject) faulty(ctx context.Context, w *world, f fault.Fault, patience time.Duration, n extent) {
	s.fail(f, -1)
	defer s.clear()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w.value(f.String()+": ping", s.client.Ping(ctx))
	s.round(ctx, w, f.String(), n)
}

// round calls tools side by side, each with what it requires and with all that it takes, and gives those that answered.
func (s *subject) round(ctx context.Context, w *world, what string, n extent) map[string]bool {
	var calls sync.WaitGroup
	var mu sync.Mutex
	ran := map[string]bool{}
	for i, one := range s.client.Tools() {
		if i >= int(n) {
			break
		}
		for _, full := range []bool{false, true} {
			if full && n != all {
				continue
			}
			calls.Go(func() {
				var stats base.Stats
				answer, err := one.Call(base.WithStats(ctx, &stats), arguments(one.InputSchema(), full))
				w.value(what+": "+one.Name()+": error", err)
				w.text(what+": "+one.Name()+": answer", string(answer))
				w.value(what+": "+one.Name()+": stats", stats)
				mu.Lock()
				defer mu.Unlock()
				ran[one.Name()] = true
			})
		}
	}
	calls.Wait()
	if s.use != nil {
		for _, err := range s.use(ctx) {
			w.value(what+": a method", err)
		}
	}
	return ran
}

// renew makes a new client: one that was refused does not show its secret again, and one that was throttled waits.
func (s *subject) renew(ctx context.Context, w *world) {
	if s.client != nil {
		w.value("close", s.client.Close())
	}
	var err error
	if s.client, err = s.open(ctx); err != nil {
		panic(err) // it was made before
	}
}

// health searches what is said of the client's health: by itself, and by the pages of a monitor.
func (s *subject) health(w *world) {
	w.value("health", s.client.Health())
	monitor := base.NewMonitor(base.MonitorConfig{Timeout: patience}, base.Watch{Client: s.client})
	defer func() { _ = monitor.Close() }()
	s.fail(fault.WrongPassword().WithMessage(echoes(s.user, s.secrets)[0]), -1)
	w.value("a report", monitor.Check(context.Background()))
	s.clear()
	pages := http.NewServeMux()
	pages.Handle("/", monitor.Handler())
	pages.Handle("/status/", http.StripPrefix("/status", base.StatusHandler(monitor)))
	for _, page := range []string{"/livez", "/readyz", "/healthz", "/status/", "/status/status.json"} {
		r := httptest.NewRecorder()
		pages.ServeHTTP(r, httptest.NewRequestWithContext(context.Background(), http.MethodGet, page, nil))
		w.text(page, r.Body.String())
		w.value(page+": header", r.Result().Header)
	}
}
