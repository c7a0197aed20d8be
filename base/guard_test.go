package base_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

var (
	read    = &base.Op{Name: "Read", System: base.SystemDB}
	write   = &base.Op{Name: "Write", System: base.SystemDB, Safety: base.Unsafe}
	heavy   = &base.Op{Name: "Heavy", System: base.SystemDB, Weight: 3}
	timed   = &base.Op{Name: "Timed", System: base.SystemDB, Timeout: time.Second}
	errDown = errors.New("the source is down")
)

func newGuard(t testing.TB, limits base.Limits, change ...func(*base.GuardConfig)) *base.Guard {
	t.Helper()
	config := base.GuardConfig{Name: "fake", System: "fake", Limits: limits}
	for _, c := range change {
		c(&config)
	}
	g, err := base.NewGuard(config, base.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func unavailable() error { return base.NewError(base.KindUnavailable, errDown) }

func noBreaker(l base.Limits) base.Limits {
	l.Breaker.Ratio = -1
	return l
}

func TestDoReturnsWhatTheCallReturned(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	v, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 7, nil })
	if v != 7 || err != nil {
		t.Fatalf("got %d, %v", v, err)
	}
	if h := g.Health(); h.State != base.Ready || h.InFlight != 0 {
		t.Errorf("health after a success: %+v", h)
	}
}

func TestDoRetriesWhatIsUnavailableAndGivesTheLastError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{}))
		calls := 0
		_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { calls++; return 0, unavailable() })
		e, ok := errors.AsType[*base.Error](err)
		if !ok || calls != 4 || e.Attempts != 4 || !errors.Is(err, base.ErrUnavailable) || !errors.Is(err, errDown) {
			t.Fatalf("%d calls, %v", calls, err)
		}
		calls = 0
		v, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) {
			if calls++; calls < 3 {
				return 0, io.ErrUnexpectedEOF
			}
			return 5, nil
		})
		if v != 5 || err != nil || calls != 3 {
			t.Fatalf("after two failures: %d, %v, %d calls", v, err, calls)
		}
	})
}

func TestAWriteIsRepeatedOnlyWhenNothingWasSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent  base.Sent
		calls int
		kind  base.Kind
	}{
		"not sent":   {base.NotSent, 4, base.KindUnavailable},
		"maybe sent": {base.MaybeSent, 1, base.KindOutcomeUnknown},
		"answered":   {base.Answered, 1, base.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, noBreaker(base.Limits{}))
			calls := 0
			_, err := base.Do(t.Context(), g, write, func(context.Context) (int, error) {
				calls++
				e := base.NewError(base.KindUnavailable, errDown)
				e.Sent = c.sent
				return 0, e
			})
			if calls != c.calls || base.KindOf(err) != c.kind {
				t.Errorf("%d calls, %v", calls, err)
			}
		})
	}
}

func TestTheRetryBudgetHoldsInATotalOutage(t *testing.T) {
	t.Parallel()
	const calls = 2000
	outage := func(limits base.Limits) float64 {
		var requests atomic.Int64
		synctest.Test(t, func(t *testing.T) {
			g := newGuard(t, limits)
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					for range calls / 16 {
						_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
							requests.Add(1)
							return 0, unavailable()
						})
					}
				})
			}
			all.Wait()
		})
		return float64(requests.Load()) / calls
	}
	if got := outage(noBreaker(base.Limits{})); got > 1.105 {
		t.Errorf("breaker off: %.3f requests per call", got)
	}
	if got := outage(base.Limits{Retries: 3, Breaker: base.Breaker{OpenFor: base.Duration(time.Hour)}}); got > 0.1 {
		t.Errorf("breaker on: %.3f requests per call", got)
	}
	if got := outage(noBreaker(base.Limits{RetryRatio: -1})); got < 3.9 {
		t.Errorf("without a budget: %.3f requests per call, so the first check proves nothing", got)
	}
}

func TestADeadlineShorterThanTheWaitReturnsAtOnceWithTheRealError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := base.Do(ctx, g, read, func(context.Context) (int, error) {
			e := base.NewError(base.KindThrottled, errDown)
			e.RetryAfter = 30 * time.Second
			return 0, e
		})
		e, _ := errors.AsType[*base.Error](err)
		if time.Since(began) > 0 || !errors.Is(err, errDown) || e.Stopped != base.KindNoTimeLeft || e.RetryAfter != 30*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestRetryAfterIsWaitedForAndOnlyLengthened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{}))
		began, calls := time.Now(), 0
		_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) {
			if calls++; calls == 2 {
				return 1, nil
			}
			e := base.NewError(base.KindThrottled, errDown)
			e.RetryAfter = 2 * time.Second
			return 0, e
		})
		if waited := time.Since(began); err != nil || waited < 2*time.Second || waited > 2200*time.Millisecond {
			t.Errorf("waited %s, %v", waited, err)
		}
	})
}

func TestAResultThatArrivedIsKeptThoughTheContextEnded(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	v, err := base.Do(ctx, g, read, func(context.Context) (string, error) { cancel(); return "kept", nil })
	if v != "kept" || err != nil {
		t.Errorf("got %q, %v", v, err)
	}
}

func TestAnErrorHoldsTheDriversErrorAndTheCauseOfTheContextsEnd(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	cause := errors.New("the operator pressed stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := base.Do(ctx, g, read, func(context.Context) (int, error) {
		cancel(cause)
		return 0, io.ErrUnexpectedEOF
	})
	if !errors.Is(err, cause) || !errors.Is(err, io.ErrUnexpectedEOF) || base.KindOf(err) != base.KindCanceled {
		t.Errorf("%v", err)
	}
}

func TestTheOpsOwnTimeoutEndsAttemptAndCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{})
		began := time.Now()
		_, err := base.Do(t.Context(), g, timed, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if base.KindOf(err) != base.KindDeadline || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		g = newGuard(t, base.Limits{Attempt: base.Duration(100 * time.Millisecond)})
		calls := 0
		_, err = base.Do(t.Context(), g, timed, func(ctx context.Context) (int, error) {
			calls++
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if base.KindOf(err) != base.KindAttemptTimeout || calls != 2 {
			t.Errorf("%d attempts: %v", calls, err)
		}
	})
}

func TestAPanicGivesEverythingBackAndBecomesAnError(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1, Retries: -1})
	for range 3 {
		_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { panic("secret text") })
		p, ok := errors.AsType[*base.PanicError](err)
		if !ok || p.Stack == "" || base.KindOf(err) != base.KindInternal {
			t.Fatalf("%v", err)
		}
		if text := err.Error(); len(text) == 0 || strings.Contains(text, "secret text") {
			t.Errorf("the text tells what was passed to panic: %s", text)
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
	})
	all.Wait()
	if h := g.Health(); h.InFlight != 0 {
		t.Errorf("%d calls are counted as in flight", h.InFlight)
	}
	if _, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 1, nil }); err != nil {
		t.Errorf("the guard is stuck: %v", err)
	}
}

func TestPermitsBoundTheCallsInFlightByWeight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Concurrency: 4})
		var now, most atomic.Int64
		var all sync.WaitGroup
		for i := range 40 {
			op, weight := read, int64(1)
			if i%4 == 0 {
				op, weight = heavy, 3
			}
			all.Go(func() {
				_, err := base.Do(t.Context(), g, op, func(context.Context) (int, error) {
					n := now.Add(weight)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					time.Sleep(time.Millisecond)
					now.Add(-weight)
					return 0, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 4 {
			t.Errorf("a weight of %d was in flight", most.Load())
		}
	})
}

func TestALowerConcurrencyTakesEffectAsPermitsComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Concurrency: 4})
		hold := make(chan struct{})
		var now atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
					now.Add(1)
					defer now.Add(-1)
					<-hold
					return 0, nil
				})
			})
		}
		synctest.Wait()
		if err := g.Reload(base.Limits{Concurrency: 1}); err != nil {
			t.Fatal(err)
		}
		for want := int64(3); want >= 1; want-- {
			hold <- struct{}{}
			synctest.Wait()
			if now.Load() != want {
				t.Errorf("%d calls run, want %d", now.Load(), want)
			}
		}
		hold <- struct{}{}
		synctest.Wait()
		if now.Load() != 1 {
			t.Errorf("%d calls run under a limit of one", now.Load())
		}
		close(hold)
		all.Wait()
	})
}

func TestWaitersAreLetGoWhenTheBreakerOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Concurrency: 1, Retries: -1, Breaker: base.Breaker{MinCalls: 1}})
		fail := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { <-fail; return 0, unavailable() })
		})
		synctest.Wait()
		for range 5 {
			all.Go(func() {
				_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, nil })
				if !errors.Is(err, base.ErrCircuitOpen) || !errors.Is(err, base.ErrLocal) {
					t.Errorf("%v", err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		close(fail)
		all.Wait()
		if time.Since(began) > 0 {
			t.Errorf("waiters stayed for %s", time.Since(began))
		}
	})
}

func TestTheBreakerIgnoresTheCallersAndOpensForTheSource(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1})
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		_, _ = base.Do(ctx, g, read, func(ctx context.Context) (int, error) { cancel(); return 0, ctx.Err() })
		_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
			return 0, base.NewError(base.KindNotFound, errDown)
		})
	}
	if h := g.Health(); h.Breaker != "closed" {
		t.Fatalf("callers opened the breaker: %+v", h)
	}
	for range 200 {
		_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, unavailable() })
	}
	if h := g.Health(); h.Breaker != "open" || h.State != base.Down || h.NextProbe <= 0 {
		t.Errorf("the breaker stayed closed in an outage: %+v", h)
	}
}

func TestTheRetryAfterARefreshIsFree(t *testing.T) {
	t.Parallel()
	calls := 0
	g := newGuard(t, base.Limits{Retries: 1}, func(c *base.GuardConfig) {
		c.Refresh = func(context.Context) error { return nil }
	})
	_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) {
		calls++
		if calls == 1 {
			return 0, base.NewError(base.KindUnauthenticated, nil)
		}
		return 0, unavailable()
	})
	if calls != 3 || base.KindOf(err) != base.KindUnavailable {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestARefreshThatFailsIsTold(t *testing.T) {
	t.Parallel()
	sealed := errors.New("the store is sealed")
	g := newGuard(t, base.Limits{}, func(c *base.GuardConfig) {
		c.Refresh = func(context.Context) error { return sealed }
	})
	_, err := base.Do(t.Context(), g, read, fails(base.NewError(base.KindUnauthenticated, errDown)))
	if !errors.Is(err, sealed) || !errors.Is(err, errDown) || !strings.Contains(err.Error(), sealed.Error()) {
		t.Errorf("%v", err)
	}
}

func TestUnauthenticatedRefreshesOnceAndRetriesOnce(t *testing.T) {
	t.Parallel()
	refreshed, calls := 0, 0
	g := newGuard(t, base.Limits{}, func(c *base.GuardConfig) {
		c.Refresh = func(context.Context) error { refreshed++; return nil }
	})
	_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) {
		calls++
		return 0, base.NewError(base.KindUnauthenticated, errDown)
	})
	if refreshed != 1 || calls != 2 || !errors.Is(err, base.ErrUnauthenticated) {
		t.Errorf("%d refreshes, %d calls, %v", refreshed, calls, err)
	}
}

func TestCloseRefusesNewCallsAndWaitsForRunningOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Concurrency: 1})
		hold := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { <-hold; return 0, nil }); err != nil {
				t.Errorf("the running call: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if _, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, nil }); !errors.Is(err, base.ErrClosed) {
				t.Errorf("the waiting call: %v", err)
			}
		})
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.Close(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close while a call runs: %v", err)
		}
		if _, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, nil }); !errors.Is(err, base.ErrClosed) {
			t.Errorf("a new call: %v", err)
		}
		close(hold)
		for range 2 {
			if err := g.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		all.Wait()
	})
}
