package base_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

func TestAForeignLoopIsRuledByTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Concurrency: 1, Retries: 2}))
		l := base.Begin(t.Context(), g, read)
		attempts := 0
		for {
			err := l.Attempt(func(context.Context) error { attempts++; return unavailable() })
			if !errors.Is(err, base.ErrUnavailable) {
				t.Errorf("attempt %d: %v", attempts, err)
			}
			wait, again := l.Next()
			if !again {
				break
			}
			time.Sleep(wait)
		}
		err := l.End(errors.New("the foreign loop gave up"))
		if e := asError(t, err); attempts != 3 || e.Attempts != 3 || !errors.Is(err, errDown) {
			t.Errorf("%d attempts: %v", attempts, err)
		}
		if second := l.End(nil); asError(t, second) != asError(t, err) {
			t.Errorf("the second End says %v", second)
		}
		if err := l.Attempt(func(context.Context) error { t.Error("run after the end"); return nil }); err == nil {
			t.Error("an attempt after the end")
		}
		if _, again := l.Next(); again {
			t.Error("a retry after the end")
		}
		idle(t, g)
	})
}

func TestAForeignLoopThatSucceedsHasNoError(t *testing.T) {
	t.Parallel()
	g := newGuard(t, noBreaker(base.Limits{}))
	var stats base.Stats
	l := base.Begin(base.WithStats(t.Context(), &stats), g, read)
	if l.Attempt(func(context.Context) error { return unavailable() }) == nil {
		t.Error("no error")
	}
	if _, again := l.Next(); !again {
		t.Error("no second attempt")
	}
	if err := l.Attempt(func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := l.End(errors.New("what the foreign loop says does not count")); err != nil {
		t.Error(err)
	}
	if stats.Calls != 1 || stats.Attempts != 2 {
		t.Errorf("%+v", stats)
	}
	idle(t, g)
}

func TestAForeignLoopThatNeverAttemptsOrIsCutShortSaysWhy(t *testing.T) {
	t.Parallel()
	g := newGuard(t, noBreaker(base.Limits{}))
	odd := errors.New("the request could not be built")
	if err := base.Begin(t.Context(), g, read).End(odd); !errors.Is(err, odd) || base.KindOf(err) != base.KindInternal {
		t.Errorf("%v", err)
	}
	if err := base.Begin(t.Context(), g, read).End(nil); err == nil {
		t.Error("a call without an attempt succeeded")
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := base.Begin(ctx, g, read)
	_ = l.Attempt(func(context.Context) error { return unavailable() })
	_, _ = l.Next()
	cancel()
	err := l.End(ctx.Err())
	if base.KindOf(err) != base.KindCanceled || !errors.Is(err, errDown) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	idle(t, g)
}

func TestAForeignLoopThatCloseCutShortSaysSo(t *testing.T) {
	t.Parallel()
	g := newGuard(t, noBreaker(base.Limits{}))
	l := base.Begin(t.Context(), g, read)
	_ = l.Attempt(func(context.Context) error { return unavailable() })
	_, _ = l.Next()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Close(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Close did not wait for the loop: %v", err)
	}
	if err := l.End(ended.Err()); base.KindOf(err) != base.KindUnavailable || !errors.Is(err, base.ErrClosed) || !errors.Is(err, errDown) {
		t.Errorf("%v", err)
	}
	idle(t, g)
}

func TestAGoroutineThatEndsInAForeignLoopLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1})
	var all sync.WaitGroup
	all.Go(func() {
		l := base.Begin(t.Context(), g, read)
		defer func() { _ = l.End(nil) }()
		_ = l.Attempt(func(context.Context) error { runtime.Goexit(); return nil })
	})
	all.Wait()
	idle(t, g)
}

func TestARejectedAttemptOfAForeignLoopIsTheEnd(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := base.Begin(t.Context(), g, read)
	if err := l.Attempt(func(context.Context) error { return nil }); !errors.Is(err, base.ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, again := l.Next(); again {
		t.Error("a closed guard is asked again")
	}
	if err := l.End(nil); !errors.Is(err, base.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestTheSecondAttemptOfAForeignLoopHasItsWholeTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Attempt: base.Duration(time.Second)}))
		l := base.Begin(t.Context(), g, read)
		first := l.Attempt(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if base.KindOf(first) != base.KindAttemptTimeout {
			t.Fatalf("%v", first)
		}
		wait, again := l.Next()
		if !again {
			t.Fatal("an attempt that took too long is not tried again")
		}
		<-time.After(wait)
		began := time.Now()
		_ = l.Attempt(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		if took := time.Since(began); took != time.Second {
			t.Errorf("the second attempt was given %s", took)
		}
		_ = l.End(nil)
	})
}
