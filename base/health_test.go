package base_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

func state(t *testing.T, g *base.Guard, want base.State) base.Health {
	t.Helper()
	h := g.Health()
	if h.State != want {
		t.Errorf("the source is %s, want %s: %+v", h.State, want, h)
	}
	return h
}

func TestHealthFollowsWhatTrafficProves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Retries: -1})
		if h := state(t, g, base.Unproven); h.SinceReady >= 0 || h.SinceFailed >= 0 || h.Kind != base.KindUnknown {
			t.Errorf("%+v", h)
		}
		_, _ = base.Do(t.Context(), g, read, answer)
		time.Sleep(time.Minute)
		if h := state(t, g, base.Ready); h.SinceReady != time.Minute {
			t.Errorf("%+v", h)
		}
		_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
		time.Sleep(time.Second)
		if h := state(t, g, base.Degraded); h.SinceFailed != time.Second || h.Kind != base.KindUnavailable {
			t.Errorf("%+v", h)
		}
		refusal := base.NewError(base.KindNotFound, errDown)
		refusal.Sent = base.Answered
		_, _ = base.Do(t.Context(), g, read, fails(refusal))
		if h := state(t, g, base.Ready); h.Kind != base.KindUnknown {
			t.Errorf("a source that refuses a request is there: %+v", h)
		}
	})
}

func TestTheLastWordCountsThoughItsCallBeganFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Retries: -1})
		_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
			time.Sleep(time.Minute)
			_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
			return 0, nil
		})
		state(t, g, base.Ready)
		_, _ = base.Do(t.Context(), g, read, answer)
		_, _ = base.Do(t.Context(), g, read, fails(unavailable())) // in the same instant
		state(t, g, base.Degraded)
		_, _ = base.Do(t.Context(), g, read, answer)
		state(t, g, base.Ready)
	})
}

func TestHealthHearsOnlyWhatSpeaksOfTheSource(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	g := newGuard(t, base.Limits{Retries: -1, Concurrency: 1})
	for name, call := range map[string]func(){
		"a caller that gave up": func() { _, _ = base.Do(canceled, g, read, answer) },
		"a bad argument":        func() { _, _ = base.Do(t.Context(), g, read, fails(base.Invalid("fake", "Read", "id: empty"))) },
		"a crash of our own":    func() { _, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { panic("x") }) },
		"a local rejection":     func() { _, _ = base.Do(t.Context(), g, read, fails(base.NewError(base.KindLimitExceeded, nil))) },
	} {
		call()
		if h := g.Health(); h.State != base.Unproven || h.SinceReady >= 0 || h.SinceFailed >= 0 {
			t.Errorf("%s: %+v", name, h)
		}
	}
	for name, err := range map[string]error{
		"a host that does not resolve": &net.DNSError{Name: "nowhere.invalid", IsNotFound: true},
		"a credential that is refused": base.NewError(base.KindUnauthenticated, errDown),
		"throttling":                   base.NewError(base.KindThrottled, errDown),
	} {
		g := newGuard(t, base.Limits{Retries: -1})
		_, _ = base.Do(t.Context(), g, read, answer)
		_, _ = base.Do(t.Context(), g, read, fails(err))
		if h := g.Health(); h.State != base.Degraded || h.Kind == base.KindUnknown {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

func TestTheOpsOwnTimeoutIsAFailureOfTheSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{})
		hang := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }
		_, _ = base.Do(t.Context(), g, timed, hang)
		if h := state(t, g, base.Degraded); h.Kind != base.KindDeadline {
			t.Errorf("%+v", h)
		}
		g = newGuard(t, base.Limits{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _ = base.Do(ctx, g, read, hang)
		state(t, g, base.Unproven) // a caller in a hurry
	})
}

func TestHealthShowsTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 2, OpenFor: base.Duration(10 * time.Second)}})
		for range 2 {
			_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
		}
		time.Sleep(4 * time.Second)
		if h := state(t, g, base.Down); h.Breaker != "open" || h.NextProbe != 6*time.Second {
			t.Errorf("%+v", h)
		}
		time.Sleep(6 * time.Second)
		if h := state(t, g, base.Degraded); h.Breaker != "half-open" || h.NextProbe != 0 {
			t.Errorf("%+v", h)
		}
		_, _ = base.Do(t.Context(), g, read, answer)
		state(t, g, base.Ready)
		if err := g.Close(t.Context()); err != nil {
			t.Error(err)
		}
		state(t, g, base.Down)
	})
}

func TestHealthHoldsNoTextOfAnError(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1})
	_, _ = base.Do(t.Context(), g, read, fails(errors.New("dial postgres://bot:hunter2@db: refused")))
	data, err := json.Marshal(g.Health())
	if err != nil || strings.Contains(string(data), "hunter2") || strings.Contains(string(data), "refused") || !strings.Contains(string(data), `"kind":"internal"`) {
		t.Errorf("%s, %v", data, err)
	}
}
