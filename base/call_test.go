package base_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

// answer is a call that succeeds.
func answer(context.Context) (int, error) { return 1, nil }

// fails makes a call that always fails so.
func fails(err error) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return 0, err }
}

// asError is the typed error; the test fails if it is none.
func asError(t *testing.T, err error) *base.Error {
	t.Helper()
	e, ok := errors.AsType[*base.Error](err)
	if !ok {
		t.Fatalf("not an *base.Error: %v", err)
	}
	return e
}

// idle checks that nothing of any call is left.
func idle(t *testing.T, g *base.Guard) {
	t.Helper()
	if h := g.Health(); h.InFlight != 0 || h.Waiting != 0 {
		t.Errorf("%d calls in flight, %d waiting", h.InFlight, h.Waiting)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.Close(ctx); err != nil {
		t.Errorf("an idle guard does not close: %v", err)
	}
}

func TestAContextThatHasEndedIsNeverGivenToTheDriver(t *testing.T) {
	t.Parallel()
	cause := errors.New("the operator pressed stop")
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	ancient, cancelAncient := context.WithDeadline(t.Context(), time.Time{}.Add(time.Hour))
	defer cancelAncient()
	for name, c := range map[string]struct {
		ctx  context.Context
		kind base.Kind
		is   error
	}{
		"canceled":             {canceled, base.KindCanceled, cause},
		"deadline passed":      {late, base.KindNoTimeLeft, context.DeadlineExceeded},
		"deadline in year one": {ancient, base.KindNoTimeLeft, context.DeadlineExceeded},
	} {
		for _, op := range []*base.Op{read, write, timed, heavy} {
			t.Run(name+" "+op.Name, func(t *testing.T) {
				t.Parallel()
				g := newGuard(t, base.Limits{Concurrency: 1, Rate: 1})
				_, err := base.Do(c.ctx, g, op, func(context.Context) (int, error) {
					t.Error("the driver was called")
					return 0, nil
				})
				e := asError(t, err)
				if e.Kind != c.kind || !errors.Is(err, c.is) || e.Sent != base.NotSent || e.Attempts != 0 {
					t.Errorf("%v: %+v", err, e)
				}
				if b := g.Health().Budget; b != 10 {
					t.Errorf("budget %v", b)
				}
				idle(t, g)
			})
		}
	}
}

func TestBoundsThatAreNegativeOrHugeAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op     base.Op
		limits base.Limits
	}{
		"negative timeout":         {base.Op{Timeout: -1}, base.Limits{Timeout: base.Duration(time.Nanosecond)}},
		"negative attempt":         {base.Op{AttemptTimeout: -1}, base.Limits{Attempt: base.Duration(time.Nanosecond)}},
		"negative limits":          {base.Op{}, base.Limits{Concurrency: -1, Rate: -1, Retries: -1, RetryRatio: -1, Timeout: -1, Attempt: -1, Idle: -1, Breaker: base.Breaker{Ratio: -1}}},
		"the longest timeout":      {base.Op{Timeout: math.MaxInt64}, base.Limits{}},
		"the longest attempt":      {base.Op{AttemptTimeout: math.MaxInt64}, base.Limits{}},
		"the longest of limits":    {base.Op{}, base.Limits{Timeout: math.MaxInt64, Attempt: math.MaxInt64}},
		"weight above concurrency": {base.Op{Weight: 1000}, base.Limits{Concurrency: 1}},
		"negative weight":          {base.Op{Weight: -5}, base.Limits{Concurrency: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.op.Name = "Read"
			g := newGuard(t, c.limits)
			for range 3 {
				if _, err := base.Do(t.Context(), g, &c.op, answer); err != nil {
					t.Fatal(err)
				}
			}
			idle(t, g)
		})
	}
}

func TestWhatWasPutTogetherWronglyIsAnErrorAndNoCrash(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	var none *base.Guard
	for name, call := range map[string]func() error{
		"no guard":           func() error { _, err := base.Do(t.Context(), none, read, answer); return err },
		"zero guard":         func() error { _, err := base.Do(t.Context(), &base.Guard{}, read, answer); return err },
		"no op":              func() error { _, err := base.Do(t.Context(), g, nil, answer); return err },
		"no op to open":      func() error { _, _, err := base.Open(t.Context(), g, nil, answer); return err },
		"no op to stream":    func() error { _, err := base.Collect(base.Stream[int](t.Context(), g, nil, nil)); return err },
		"no function":        func() error { _, err := base.Do[int](t.Context(), g, read, nil); return err },
		"no function opens":  func() error { _, _, err := base.Open[int](t.Context(), g, read, nil); return err },
		"no function stream": func() error { _, err := base.Collect(base.Stream[int](t.Context(), g, read, nil)); return err },
	} {
		if err := call(); base.KindOf(err) != base.KindInvalid && base.KindOf(err) != base.KindInternal {
			t.Errorf("%s: %v", name, err)
		}
	}
	idle(t, g)
}

func TestValuesOfTheCallersContextReachTheDriver(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "value")
	g := newGuard(t, base.Limits{})
	see := func(ctx context.Context) (string, error) { return fmt.Sprint(ctx.Value(key{})), nil }
	for _, op := range []*base.Op{read, timed} {
		if v, err := base.Do(ctx, g, op, see); v != "value" || err != nil {
			t.Errorf("%s: %q, %v", op.Name, v, err)
		}
	}
	v, hold, err := base.Open(ctx, g, read, see)
	if v != "value" || err != nil {
		t.Errorf("Open: %q, %v", v, err)
	}
	_ = hold.End(nil)
}

func TestCloseWakesThoseWhoWaitBetweenTwoAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Rate: 0.01, Burst: 2}))
		throttled := base.NewError(base.KindThrottled, errDown)
		throttled.RetryAfter = 50 * time.Second
		var all sync.WaitGroup
		all.Go(func() {
			_, err := base.Do(t.Context(), g, read, fails(throttled))
			if e := asError(t, err); e.Kind != base.KindThrottled || e.Stopped != base.KindClosed || !errors.Is(err, base.ErrClosed) || !errors.Is(err, errDown) {
				t.Errorf("between two attempts: %v", err)
			}
		})
		synctest.Wait()
		_, _ = base.Do(t.Context(), g, read, answer)
		all.Go(func() {
			if _, err := base.Do(t.Context(), g, read, answer); !errors.Is(err, base.ErrClosed) {
				t.Errorf("waiting for the rate: %v", err)
			}
		})
		synctest.Wait()
		began := time.Now()
		if err := g.Close(t.Context()); err != nil || time.Since(began) != 0 {
			t.Errorf("Close took %s: %v", time.Since(began), err)
		}
		all.Wait()
	})
}

func TestACallThatIsCutShortInItsWaitGivesTheRealErrorToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{}))
		cause := errors.New("the operator pressed stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Millisecond, func() { cancel(cause) })
		e := base.NewError(base.KindThrottled, errDown)
		e.RetryAfter, e.QueryID = time.Second, "q1"
		_, err := base.Do(ctx, g, read, fails(e))
		got := asError(t, err)
		if got.Kind != base.KindCanceled || !errors.Is(err, cause) || !errors.Is(err, errDown) || got.QueryID != "q1" || got.Attempts != 1 {
			t.Errorf("%+v", got)
		}
		idle(t, g)
	})
}

func TestALocalRejectionOfAnotherGuardSaysNothingAboutThisSource(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 4}})
	refused := base.NewError(base.KindUnauthenticated, errDown)
	refused.Sent = base.NotSent
	for range 100 { // none of these reached the source: they must not hide its failures
		_, _ = base.Do(t.Context(), g, read, fails(base.NewError(base.KindCircuitOpen, errDown)))
		_, _ = base.Do(t.Context(), g, read, fails(base.Invalid("fake", "Read", "id: empty")))
		_, _ = base.Do(t.Context(), g, read, fails(refused))
	}
	for range 4 {
		_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
	}
	if h := g.Health(); h.Breaker != "open" {
		t.Errorf("%+v", h)
	}
}

func TestCodeOfOthersThatPanicsTakesNothingWithIt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*base.GuardConfig){
		"classifier": func(c *base.GuardConfig) { c.Classify = func(error) *base.Error { panic("x") } },
		"secrets":    func(c *base.GuardConfig) { c.Secrets = func() []string { panic("x") } },
		"refresh":    func(c *base.GuardConfig) { c.Refresh = func(context.Context) error { panic("x") } },
	} {
		g := newGuard(t, base.Limits{Concurrency: 1, Retries: -1}, change)
		for _, err := range []error{errDown, base.NewError(base.KindUnauthenticated, errDown)} {
			if _, got := base.Do(t.Context(), g, read, fails(err)); !errors.Is(got, errDown) {
				t.Errorf("%s: %v", name, got)
			}
		}
		idle(t, g)
	}
}

func TestAGoroutineThatEndsInAnyHookLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	end := func() { runtime.Goexit() }
	for name, change := range map[string]func(*base.GuardConfig){
		"classifier": func(c *base.GuardConfig) { c.Classify = func(error) *base.Error { end(); return nil } },
		"secrets":    func(c *base.GuardConfig) { c.Secrets = func() []string { end(); return nil } },
		"refresh":    func(c *base.GuardConfig) { c.Refresh = func(context.Context) error { end(); return nil } },
	} {
		g := newGuard(t, base.Limits{Concurrency: 1}, change)
		var all sync.WaitGroup
		all.Go(func() {
			_, _ = base.Do(t.Context(), g, read, fails(base.NewError(base.KindUnauthenticated, errDown)))
			_, _ = base.Do(t.Context(), g, read, fails(errDown))
		})
		all.Wait()
		if h := g.Health(); h.InFlight != 0 || h.Waiting != 0 {
			t.Errorf("%s: %d in flight", name, h.InFlight)
		}
		if _, err := base.Do(t.Context(), g, read, answer); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		idle(t, g)
	}
}

func TestAClosedGuardSaysSoThoughItsBreakerIsOpen(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}})
	_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
	if _, err := base.Do(t.Context(), g, read, answer); !errors.Is(err, base.ErrCircuitOpen) {
		t.Errorf("%v", err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := g.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := base.Do(t.Context(), g, read, answer); !errors.Is(err, base.ErrClosed) {
		t.Errorf("%v", err)
	}
	if h := g.Health(); h.State != base.Down {
		t.Errorf("%+v", h)
	}
}

func TestSharedRejectionsAreNeverChanged(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}})
	_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
	_, first := base.Do(t.Context(), g, read, answer)
	before := *asError(t, first)
	_, again := base.Do(t.Context(), g, read, fails(first)) // even as the error of a driver
	if asError(t, first) != asError(t, again) {
		t.Error("the rejection was made anew")
	}
	_, _ = base.Do(t.Context(), newGuard(t, base.Limits{}), write, fails(first))
	if *asError(t, first) != before {
		t.Errorf("%+v became %+v", before, *asError(t, first))
	}
}

func TestAnErrorThatIsFinalIsNotRetriedWhateverItsKind(t *testing.T) {
	t.Parallel()
	for _, kind := range []base.Kind{base.KindUnavailable, base.KindThrottled, base.KindConflict, base.KindUnauthenticated} {
		refreshed := 0
		g, err := base.NewGuard(base.GuardConfig{Name: "x", Refresh: func(context.Context) error { refreshed++; return nil }}, base.Options{})
		if err != nil {
			t.Fatal(err)
		}
		attempts := 0
		_, err = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
			attempts++
			return 0, fmt.Errorf("wrapped: %w", base.NewError(kind, errors.New("over")).WithoutRetry())
		})
		if e := asError(t, err); attempts != 1 || refreshed != 0 || e.Kind != kind || e.Attempts != 1 || e.Stopped != base.KindUnknown {
			t.Errorf("%s: %d attempts, %d refreshes, %v", kind, attempts, refreshed, err)
		}
	}
}
