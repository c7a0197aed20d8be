package base_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

// lasts is an attempt that takes so long, if its context lets it.
func lasts(d time.Duration) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		select {
		case <-time.After(d):
			return 1, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func TestAnAttemptHasItsWholeTimeAfterEveryWait(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits  base.Limits
		limiter base.Limiter
		before  func(ctx context.Context, g *base.Guard)
	}{
		"for a permit": {base.Limits{Concurrency: 1}, nil, func(ctx context.Context, g *base.Guard) {
			go func() { _, _ = base.Do(ctx, g, read, lasts(5*time.Second)) }()
			synctest.Wait()
		}},
		"for the rate": {base.Limits{Rate: 0.2}, nil, func(ctx context.Context, g *base.Guard) {
			_, _ = base.Do(ctx, g, read, answer)
		}},
		"for the quota": {base.Limits{}, nil, func(_ context.Context, g *base.Guard) {
			g.Quota().Observe(map[string][]string{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"5"}}, time.Now())
		}},
		"for a limiter": {base.Limits{}, limiter(func(context.Context, int64) (func(), error) {
			<-time.After(5 * time.Second)
			return nil, nil
		}), func(context.Context, *base.Guard) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c.limits.Retries = -1 // another attempt would have its time
				g, err := base.NewGuard(base.GuardConfig{Name: "fake", Limits: c.limits}, base.Options{Limiter: c.limiter})
				if err != nil {
					t.Fatal(err)
				}
				c.before(t.Context(), g)
				began, short := time.Now(), &base.Op{Name: "Short", AttemptTimeout: time.Second}
				if _, err := base.Do(t.Context(), g, short, lasts(999*time.Millisecond)); err != nil || time.Since(began) < 5*time.Second {
					t.Errorf("after %s: %v", time.Since(began), err)
				}
				synctest.Wait()
				idle(t, g)
			})
		})
	}
}

func TestAWaitForTheRateThatIsCalledOffGivesItsTokenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Rate: 1})
		began := time.Now()
		_, _ = base.Do(t.Context(), g, read, answer)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		if _, err := base.Do(ctx, g, read, answer); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := base.Do(t.Context(), g, read, answer); err != nil || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		idle(t, g)
	})
}

func TestThoseWhoWaitForTheRateAreLetGoWhenTheBreakerOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Rate: 0.1, Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}})
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
				<-time.After(time.Second)
				return 0, unavailable()
			})
		})
		synctest.Wait()
		if _, err := base.Do(t.Context(), g, read, answer); !errors.Is(err, base.ErrCircuitOpen) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		all.Wait()
		idle(t, g)
	})
}

func TestACallThatRanOutOfTimeBeforeItsProbeGivesTheProbesPlaceBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var takes time.Duration
		slow := limiter(func(context.Context, int64) (func(), error) {
			<-time.After(takes) // whatever its context says
			return nil, nil
		})
		limits := base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(5 * time.Second)}}
		g, err := base.NewGuard(base.GuardConfig{Name: "fake", Limits: limits}, base.Options{Limiter: slow})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
		<-time.After(5 * time.Second)
		takes = 2 * time.Second
		if _, err := base.Do(t.Context(), g, timed, answer); !errors.Is(err, base.ErrNoTimeLeft) {
			t.Errorf("got %v", err)
		}
		takes = 0
		if _, err := base.Do(t.Context(), g, timed, answer); err != nil {
			t.Errorf("the next probe: %v", err)
		}
		state(t, g, base.Ready)
		idle(t, g)
	})
}

func TestAWaitThatIsLongerThanTheLimitIsLeftToTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{RetryAfter: base.Duration(10 * time.Second)}))
		began := time.Now()
		e := base.NewError(base.KindThrottled, errDown)
		e.RetryAfter = 10*time.Second + 1
		_, err := base.Do(t.Context(), g, read, fails(e)) // under a context without a deadline
		got := asError(t, err)
		if time.Since(began) != 0 || got.Attempts != 1 || got.Stopped != base.KindNoTimeLeft || got.RetryAfter != e.RetryAfter {
			t.Errorf("after %s: %+v", time.Since(began), got)
		}
	})
}

func TestASourceThatThrottlesIsNeitherDownNorProved(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 4}})
	for range 100 {
		_, _ = base.Do(t.Context(), g, read, fails(base.NewError(base.KindThrottled, errDown)))
	}
	if h := g.Health(); h.Breaker != "closed" {
		t.Errorf("%+v", h)
	}
	for range 4 {
		_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
	}
	if h := g.Health(); h.Breaker != "open" {
		t.Errorf("%+v", h)
	}
}

func TestReloadReplacesBudgetBreakerAndBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := func(g *base.Guard) int {
			_, err := base.Do(t.Context(), g, read, fails(unavailable()))
			return asError(t, err).Attempts
		}
		reload := func(g *base.Guard, l base.Limits) {
			if err := g.Reload(l); err != nil {
				t.Error(err)
			}
		}
		g := newGuard(t, noBreaker(base.Limits{}))
		for range 5 {
			attempts(g)
		}
		if got := attempts(g); got != 1 {
			t.Errorf("%d attempts after an outage", got)
		}
		reload(g, noBreaker(base.Limits{RetryRatio: -1}))
		if got := attempts(g); got != 4 {
			t.Errorf("%d attempts without a budget", got)
		}
		reload(g, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 1}})
		attempts(g)
		if h := g.Health(); h.Breaker != "open" {
			t.Errorf("one call is enough now: %+v", h)
		}
		g = newGuard(t, base.Limits{Rate: 1})
		reload(g, base.Limits{Rate: 1, Burst: 3})
		began := time.Now()
		for range 3 {
			_, _ = base.Do(t.Context(), g, read, answer)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("a burst of three took %s", took)
		}
	})
}

func TestARatioThatIsNoNumberIsNamedInFull(t *testing.T) {
	t.Parallel()
	err := base.Limits{Breaker: base.Breaker{Ratio: math.NaN()}}.Validate()
	if err == nil || !strings.Contains(err.Error(), "limits.breaker.ratio: not a number") {
		t.Errorf("got %v", err)
	}
}

func TestAPermitOfOneSourceDoesNotKeepACallFromWaitingForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one, other := newGuard(t, base.Limits{Concurrency: 1}), newGuard(t, base.Limits{Concurrency: 1})
		go func() { _, _ = base.Do(t.Context(), other, read, lasts(5*time.Second)) }()
		synctest.Wait()
		began := time.Now()
		_, err := base.Do(t.Context(), one, read, func(ctx context.Context) (int, error) {
			return base.Do(ctx, other, read, answer)
		})
		if err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		synctest.Wait()
		idle(t, one)
		idle(t, other)
	})
}
