package base_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

var opPing = &base.Op{Name: "Ping", Probe: true}

// client is a whole client whose pings are the test's.
type client struct {
	*base.Guard
	pings atomic.Int64
	ping  func(context.Context) error
}

func newClient(t *testing.T, name string, limits base.Limits, ping func(context.Context) error) *client {
	t.Helper()
	limits.Retries = -1
	return &client{Guard: newGuard(t, limits, func(c *base.GuardConfig) { c.Name = name }), ping: ping}
}

func (c *client) Ping(ctx context.Context) error {
	c.pings.Add(1)
	_, err := base.Do(ctx, c.Guard, opPing, func(ctx context.Context) (int, error) { return 0, c.ping(ctx) })
	return err
}

func (c *client) Close() error { return c.Guard.Close(context.Background()) }

func well(context.Context) error { return nil }
func sick(context.Context) error { return unavailable() }
func hung(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func states(r base.Report) map[string]base.State {
	all := map[string]base.State{"": r.State}
	for _, s := range r.Sources {
		all[s.Source] = s.State
	}
	return all
}

func TestTheCheckAtStartUpAsksAllSideBySideUnderOneDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context) error { time.Sleep(time.Second); return nil }
		m := base.NewMonitor(base.MonitorConfig{},
			base.Watch{Client: newClient(t, "a", base.Limits{}, slow)},
			base.Watch{Client: newClient(t, "b", base.Limits{}, slow)},
			base.Watch{Client: newClient(t, "optional", base.Limits{}, hung), Optional: true})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		m.Check(ctx)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the check took %s", took)
		}
		synctest.Wait() // the hung one hears of the deadline
		r := m.Report()
		if diff := cmp.Diff(map[string]base.State{"": base.Degraded, "a": base.Ready, "b": base.Ready, "optional": base.Down}, states(r)); diff != "" {
			t.Error(diff)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAReportIsAsGraveAsTheGravestRequiredSource(t *testing.T) {
	t.Parallel()
	unready := func(context.Context) error { return base.NewError(base.KindPermission, errDown) }
	down := base.Limits{Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}}
	for name, c := range map[string]struct {
		pings    []func(context.Context) error
		optional bool
		want     base.State
		status   int
	}{
		"all well":           {[]func(context.Context) error{well, well}, false, base.Ready, 200},
		"a required is down": {[]func(context.Context) error{well, sick}, false, base.Down, 503},
		"an optional is":     {[]func(context.Context) error{well, sick}, true, base.Degraded, 200},
		"no right to it":     {[]func(context.Context) error{well, unready}, false, base.Degraded, 200},
		"none is watched":    {nil, false, base.Ready, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var watch []base.Watch
			for i, ping := range c.pings {
				watch = append(watch, base.Watch{Client: newClient(t, fmt.Sprint(i), down, ping), Optional: c.optional && i > 0})
			}
			m := base.NewMonitor(base.MonitorConfig{}, watch...)
			if before := m.Report().State; len(watch) > 0 && before != base.Unproven {
				t.Errorf("before any call: %s", before)
			}
			if got := m.Check(t.Context()).State; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			w := httptest.NewRecorder()
			m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want.String()) {
				t.Errorf("/readyz: %d %s", w.Code, w.Body)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestASourceThatTrafficProvesIsNotProbed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy, idle := newClient(t, "busy", base.Limits{}, well), newClient(t, "idle", base.Limits{}, well)
		m := base.NewMonitor(base.MonitorConfig{Interval: 30 * time.Second}, base.Watch{Client: busy}, base.Watch{Client: idle})
		m.Start()
		m.Start()
		for range 60 {
			_, _ = base.Do(t.Context(), busy.Guard, read, answer)
			time.Sleep(10 * time.Second)
		}
		if n := busy.pings.Load(); n != 0 {
			t.Errorf("a busy source was pinged %d times", n)
		}
		if n := idle.pings.Load(); n < 14 || n > 20 { // 600 s, every 30 to 42 s
			t.Errorf("an idle source was pinged %d times in ten minutes", n)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		before := idle.pings.Load()
		time.Sleep(time.Hour)
		if n := idle.pings.Load(); n != before {
			t.Errorf("%d pings after Close", n-before)
		}
	})
}

func TestAnOpenBreakerIsProbedByTheMonitorWhenItsPauseIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ok := atomic.Bool{}
		c := newClient(t, "c", base.Limits{Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(10 * time.Second)}}, func(context.Context) error {
			if ok.Load() {
				return nil
			}
			return unavailable()
		})
		m := base.NewMonitor(base.MonitorConfig{Interval: 30 * time.Second}, base.Watch{Client: c})
		m.Start()
		_, _ = base.Do(t.Context(), c.Guard, read, fails(unavailable()))
		time.Sleep(9 * time.Second)
		if n := c.pings.Load(); n != 0 || c.Health().State != base.Down {
			t.Errorf("%d pings while the breaker was open: %+v", n, c.Health())
		}
		ok.Store(true)
		time.Sleep(10 * time.Second)
		if n := c.pings.Load(); n == 0 || c.Health().State != base.Ready {
			t.Errorf("%d pings, and the source is %+v", n, c.Health())
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestProbesOfOneClientAreOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "c", base.Limits{}, func(context.Context) error { time.Sleep(time.Second); return nil })
		m := base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: c})
		began := time.Now()
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				if r := m.Check(t.Context()); r.State != base.Ready {
					t.Errorf("%s", r.State)
				}
			})
		}
		all.Wait()
		if n := c.pings.Load(); n != 1 || time.Since(began) != time.Second {
			t.Errorf("%d pings in %s", n, time.Since(began))
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestProbesAreSpreadOverTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		at := map[time.Time]int{}
		var watch []base.Watch
		for i := range 40 {
			watch = append(watch, base.Watch{Client: newClient(t, fmt.Sprint(i), base.Limits{}, func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				at[time.Now()]++
				return nil
			})})
		}
		m := base.NewMonitor(base.MonitorConfig{Interval: time.Minute}, watch...)
		m.Start()
		time.Sleep(20 * time.Second)
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if len(at) < 35 {
			t.Errorf("40 clients were probed at %d instants", len(at))
		}
	})
}

func TestAFailedProbeOfAnIdleSourceCountsUntilTrafficKnowsBetter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, "c", base.Limits{}, func(context.Context) error { return base.Invalid("c", "Ping", "database: there is none") })
		m := base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: c})
		_, _ = base.Do(t.Context(), c.Guard, read, answer)
		time.Sleep(time.Minute)
		r := m.Check(t.Context())
		if r.State != base.Degraded || r.Sources[0].Kind != base.KindInvalid || r.Sources[0].ProbeErr != base.KindInvalid {
			t.Errorf("%+v", r)
		}
		time.Sleep(time.Second)
		_, _ = base.Do(t.Context(), c.Guard, read, answer)
		if r := m.Report(); r.State != base.Ready || r.Sources[0].Probed != time.Second {
			t.Errorf("%+v", r)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

// rough is a client that panics or ends its goroutine.
type rough struct {
	*client
	ping func()
}

func (r *rough) Ping(context.Context) error { r.ping(); return nil }

func TestAClientThatCrashesInItsPingIsDownAndTheMonitorGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &rough{newClient(t, "c", base.Limits{}, well), func() { panic("x") }}
		m := base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: r})
		if s := m.Check(t.Context()).Sources[0]; s.State != base.Down || s.ProbeErr != base.KindInternal {
			t.Errorf("%+v", s)
		}
		r.ping = func() {}
		m.Check(t.Context())
		if s := m.Report().Sources[0]; s.ProbeErr != base.KindUnknown {
			t.Errorf("%+v", s)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseOfAMonitorEndsItsProbesAndWaitsForThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		c := newClient(t, "c", base.Limits{}, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // to clean up
			ended.Store(true)
			return ctx.Err()
		})
		m := base.NewMonitor(base.MonitorConfig{Timeout: time.Hour}, base.Watch{Client: c})
		var all sync.WaitGroup
		all.Go(func() { m.Check(context.Background()) })
		synctest.Wait()
		began := time.Now()
		for range 2 {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
		if !ended.Load() || time.Since(began) != time.Second {
			t.Errorf("Close returned after %s, the probe had ended: %t", time.Since(began), ended.Load())
		}
		all.Wait()
		m.Start()
		if r := m.Check(t.Context()); r.State != base.Unproven || c.pings.Load() != 1 {
			t.Errorf("a closed monitor probes: %+v", r)
		}
	})
}

func TestTheHandlerTellsKindsAndAgesAndNoText(t *testing.T) {
	t.Parallel()
	secretive := func(context.Context) error { return errors.New("dial postgres://bot:hunter2@db: refused") }
	m := base.NewMonitor(base.MonitorConfig{},
		base.Watch{Client: newClient(t, "b", base.Limits{}, well)},
		base.Watch{Client: newClient(t, "a", base.Limits{}, secretive), Optional: true})
	m.Check(t.Context())
	get := func(path string) (int, string, map[string]any) {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		var body map[string]any
		_ = json.Unmarshal(w.Body.Bytes(), &body)
		if w.Code == 200 && (w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store") {
			t.Errorf("%s: %v", path, w.Header())
		}
		return w.Code, w.Body.String(), body
	}
	if code, _, body := get("/livez"); code != 200 || body["state"] != "ready" {
		t.Errorf("/livez: %d %v", code, body)
	}
	code, text, body := get("/healthz")
	sources, _ := body["sources"].([]any)
	if code != 200 || len(sources) != 2 || strings.Contains(text, "hunter2") || strings.Contains(text, "refused") {
		t.Fatalf("/healthz: %d %s", code, text)
	}
	first, _ := sources[0].(map[string]any)
	if first["source"] != "a" || first["optional"] != true || first["kind"] != "internal" || first["probe_kind"] != "internal" || first["probed_ns"].(float64) < 0 {
		t.Errorf("%v", first)
	}
	if code, _, _ := get("/elsewhere"); code != 404 {
		t.Errorf("/elsewhere: %d", code)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseOfAMonitorDoesNotWaitForAPingThatHeedsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		defer close(forever)
		c := newClient(t, "deaf", base.Limits{}, func(context.Context) error { <-forever; return nil })
		m := base.NewMonitor(base.MonitorConfig{Timeout: time.Second}, base.Watch{Client: c})
		go m.Check(t.Context())
		synctest.Wait()
		began := time.Now()
		if err := m.Close(); err == nil || time.Since(began) > 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}
