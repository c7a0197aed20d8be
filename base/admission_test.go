package base_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

func TestACallWithinACallThatWouldWaitForItselfFailsAtOnce(t *testing.T) {
	t.Parallel()
	g, other := newGuard(t, base.Limits{Concurrency: 1}), newGuard(t, base.Limits{Concurrency: 1})
	for name, op := range map[string]*base.Op{"no deadline": read, "own deadline": timed} {
		_, err := base.Do(context.Background(), g, op, func(ctx context.Context) (int, error) {
			return base.Do(ctx, other, op, func(ctx context.Context) (int, error) {
				return base.Do(ctx, g, op, answer)
			})
		})
		if !errors.Is(err, base.ErrLimitExceeded) || !strings.Contains(err.Error(), "holds a permit") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h := other.Health(); h.Breaker != "closed" || h.InFlight != 0 {
		t.Errorf("%+v", h)
	}
	probe := &base.Op{Name: "Ping", Probe: true}
	if _, err := base.Do(context.Background(), g, probe, func(ctx context.Context) (int, error) { // holds no permit
		return base.Do(ctx, g, read, answer)
	}); err != nil {
		t.Errorf("within a probe: %v", err)
	}
	idle(t, g)
}

func TestAPlaceThatDoesNotComeInTimeIsNotTheSourcesFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Concurrency: 1, MaxWaiting: 2, Retries: -1, Breaker: base.Breaker{MinCalls: 1}})
		hold := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { <-hold; return 0, nil })
		})
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		stop, giveUp := context.WithCancel(t.Context())
		for name, c := range map[string]struct {
			ctx  context.Context
			op   *base.Op
			kind base.Kind
			is   error
		}{
			"the caller's deadline": {short, read, base.KindLimitExceeded, context.DeadlineExceeded},
			"the Op's timeout":      {t.Context(), timed, base.KindLimitExceeded, context.DeadlineExceeded},
		} {
			all.Go(func() {
				_, err := base.Do(c.ctx, g, c.op, answer)
				if e := asError(t, err); e.Kind != c.kind || !errors.Is(err, c.is) || !errors.Is(err, base.ErrLocal) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		synctest.Wait()
		if _, err := base.Do(t.Context(), g, read, answer); !errors.Is(err, base.ErrLimitExceeded) {
			t.Errorf("a full queue: %v", err)
		}
		time.Sleep(time.Hour)
		all.Go(func() {
			if _, err := base.Do(stop, g, read, answer); base.KindOf(err) != base.KindCanceled {
				t.Errorf("a caller that gave up: %v", err)
			}
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		if h := g.Health(); h.Breaker != "closed" || h.Waiting != 0 || h.SinceFailed >= 0 {
			t.Errorf("%+v", h)
		}
		close(hold)
		all.Wait()
		idle(t, g)
	})
}

func TestCallsAreSpacedByTheRateAndRefusedWhereTheWaitIsTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Rate: 1, Burst: 2})
		began := time.Now()
		for range 4 {
			if _, err := base.Do(t.Context(), g, read, answer); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("4 calls at 1 a second with a burst of 2 took %s", took)
		}
		half := &base.Op{Name: "Half", Timeout: 500 * time.Millisecond}
		if _, err := base.Do(t.Context(), g, half, answer); !errors.Is(err, base.ErrLimitExceeded) || time.Since(began) != 2*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		probe := &base.Op{Name: "Ping", Probe: true}
		if _, err := base.Do(t.Context(), g, probe, answer); err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("a probe took a token: after %s: %v", time.Since(began), err)
		}
		if err := g.Reload(base.Limits{Rate: 1, Burst: 2, Retries: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := base.Do(t.Context(), g, half, answer); err == nil {
			t.Error("a Reload of other limits gave out a new burst")
		}
		if err := g.Reload(base.Limits{Rate: 1000}); err != nil {
			t.Fatal(err)
		}
		if _, err := base.Do(t.Context(), g, half, answer); err != nil {
			t.Errorf("a higher rate: %v", err)
		}
		idle(t, g)
	})
}

func TestTheServersQuotaIsWaitedForOrToldAtOnce(t *testing.T) {
	t.Parallel()
	closes := func(seconds string) map[string][]string {
		return map[string][]string{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {seconds}}
	}
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{})
		g.Quota().Observe(closes("10"), time.Now())
		began := time.Now()
		_, err := base.Do(t.Context(), g, timed, answer)
		e := asError(t, err)
		if e.Kind != base.KindLimitExceeded || e.RetryAfter != 10*time.Second || !strings.Contains(e.Hint, "quota") || time.Since(began) != 0 {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		edge := &base.Op{Name: "Edge", Timeout: 10*time.Second + 1}
		if _, err := base.Do(t.Context(), g, edge, answer); time.Since(began) > 10*time.Second+1 {
			t.Errorf("a wait was lengthened beyond the deadline: %s, %v", time.Since(began), err)
		}
		if _, err := base.Do(t.Context(), g, read, answer); err != nil || time.Since(began) < 10*time.Second || time.Since(began) > 12*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		g.Quota().Observe(closes("1800"), time.Now()) // more than limits.retry_after
		if _, err := base.Do(t.Context(), g, read, answer); asError(t, err).RetryAfter != 1800*time.Second {
			t.Errorf("%v", err)
		}
		idle(t, g)
	})
}

// limiter is an external one under the test's control.
type limiter func(ctx context.Context, weight int64) (func(), error)

func (l limiter) Acquire(ctx context.Context, weight int64) (func(), error) { return l(ctx, weight) }

func TestAnExternalLimiterBoundsToo(t *testing.T) {
	t.Parallel()
	var taken, back int64
	broken := errors.New("the limiter's store is down at redis://user:hunter2@limits")
	for name, c := range map[string]struct {
		l    limiter
		is   error
		kind base.Kind
	}{
		"admits":                {func(_ context.Context, w int64) (func(), error) { taken += w; return func() { back += w }, nil }, nil, base.KindUnknown},
		"gives nothing back":    {func(context.Context, int64) (func(), error) { return nil, nil }, nil, base.KindUnknown},
		"panics on the way out": {func(context.Context, int64) (func(), error) { return func() { panic("x") }, nil }, nil, base.KindUnknown},
		"fails":                 {func(context.Context, int64) (func(), error) { return nil, broken }, broken, base.KindLimitExceeded},
		"panics":                {func(context.Context, int64) (func(), error) { panic("x") }, nil, base.KindLimitExceeded},
	} {
		g, err := base.NewGuard(base.GuardConfig{Name: "fake", Limits: base.Limits{Concurrency: 3}}, base.Options{Limiter: c.l})
		if err != nil {
			t.Fatal(err)
		}
		_, err = base.Do(t.Context(), g, heavy, answer)
		if base.KindOf(err) != c.kind || (c.is != nil && !errors.Is(err, c.is)) || (err != nil && strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v", name, err)
		}
		idle(t, g)
	}
	if taken != 3 || back != 3 {
		t.Errorf("took %d, gave back %d", taken, back)
	}
}
