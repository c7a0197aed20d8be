package base_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
)

// observer is a limiter that hears of the quota.
type observer struct {
	limiter
	heard func(http.Header)
}

func (o observer) Observe(h http.Header) { o.heard(h) }

func TestALimiterThatObservesHearsOfTheQuota(t *testing.T) {
	t.Parallel()
	closes := http.Header{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"1800"}}
	var heard []string
	for _, l := range []base.Limiter{
		observer{heard: func(h http.Header) { heard = append(heard, h.Get("RateLimit-Reset")) }},
		observer{heard: func(http.Header) { panic("x") }},
		limiter(nil), nil,
	} {
		g, err := base.NewGuard(base.GuardConfig{Name: "fake"}, base.Options{Limiter: l})
		if err != nil {
			t.Fatal(err)
		}
		g.ObserveQuota(closes)
		if g.Quota().Wait(time.Now) < 20*time.Minute {
			t.Error("the guard's own quota is open")
		}
		idle(t, g)
	}
	if len(heard) != 1 || heard[0] != "1800" {
		t.Errorf("heard %q", heard)
	}
}

// later is a refusal that knows when to come again.
type later struct{ error }

func (later) RetryAfter() time.Duration { return 7 * time.Second }
func (l later) Unwrap() error           { return l.error }

func TestARefusalOfTheLimiterSaysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	g, err := base.NewGuard(base.GuardConfig{Name: "fake"}, base.Options{
		Limiter: limiter(func(context.Context, int64) (func(), error) { return nil, later{limit.ErrNoTime} }),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = base.Do(t.Context(), g, read, answer)
	e := asError(t, err)
	if e.Kind != base.KindLimitExceeded || e.RetryAfter != 7*time.Second || e.Sent != base.NotSent || !errors.Is(err, limit.ErrNoTime) ||
		!strings.Contains(e.Hint, "shared") {
		t.Errorf("got %v", err)
	}
	idle(t, g)
}

// What failed is the limiter, not the crowd: whoever reads the error looks there.
func TestALimiterThatCannotBeAskedIsNotTakenForACrowd(t *testing.T) {
	t.Parallel()
	away := errors.New("the shared limit is out of reach: connection refused")
	for _, c := range []struct {
		err  error
		want string
	}{
		{away, "could not be asked"},
		{fmt.Errorf("%w: %w", away, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}), "could not be asked"},
		{limit.ErrFull, "in time"},
		{limit.ErrNoTime, "in time"},
	} {
		g, err := base.NewGuard(base.GuardConfig{Name: "fake"}, base.Options{
			Limiter: limiter(func(context.Context, int64) (func(), error) { return nil, c.err }),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = base.Do(t.Context(), g, read, answer)
		e := asError(t, err)
		if e.Kind != base.KindLimitExceeded || !strings.Contains(e.Hint, c.want) || !errors.Is(err, c.err) {
			t.Errorf("%v: got %v, hint %q", c.err, err, e.Hint)
		}
		idle(t, g)
	}
}
