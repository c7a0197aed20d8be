package base_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/fourkites/sources/base"
)

func items(n int, err error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

func TestAStreamHoldsItsPermitUntilItIsLeft(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1})
	var ended context.Context
	seq := base.Stream(t.Context(), g, read, func(ctx context.Context) iter.Seq2[int, error] {
		ended = ctx
		return items(10, nil)
	})
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		_, nested := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, nil })
		if !errors.Is(nested, base.ErrLimitExceeded) || !contains(nested.Error(), "holds a permit") {
			t.Fatalf("a call in the loop body: %v", nested)
		}
		if v == 2 {
			break
		}
	}
	if ended.Err() == nil {
		t.Error("leaving the loop did not cancel")
	}
	if _, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, nil }); err != nil {
		t.Errorf("the permit did not come back: %v", err)
	}
}

func TestAStreamIsRetriedUntilItsFirstItemAndNeverAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{}))
		opened := 0
		got, err := base.Collect(base.Stream(t.Context(), g, read, func(context.Context) iter.Seq2[int, error] {
			if opened++; opened < 3 {
				return items(0, unavailable())
			}
			return items(4, unavailable())
		}))
		if opened != 3 || len(got) != 4 || !errors.Is(err, base.ErrUnavailable) || !errors.Is(err, errDown) {
			t.Errorf("opened %d times, %v, %v", opened, got, err)
		}
		if h := g.Health(); h.InFlight != 0 {
			t.Errorf("%d in flight", h.InFlight)
		}
	})
}

func TestAPanicInALoopBodyGivesThePermitBack(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1})
	func() {
		defer func() { _ = recover() }()
		for range base.Stream(t.Context(), g, read, func(context.Context) iter.Seq2[int, error] { return items(5, nil) }) {
			panic("in the body")
		}
	}()
	if h := g.Health(); h.InFlight != 0 {
		t.Errorf("%d in flight", h.InFlight)
	}
	if _, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, nil }); err != nil {
		t.Error(err)
	}
}

func TestContextsDerivedFromAnAttemptStartNoGoroutine(t *testing.T) {
	g := newGuard(t, base.Limits{})
	_, err := base.Do(context.Background(), g, timed, func(ctx context.Context) (int, error) {
		before := runtime.NumGoroutine()
		for range 1000 {
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			if derived.Err() != nil {
				return 0, derived.Err()
			}
		}
		return runtime.NumGoroutine() - before, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	more, _ := base.Do(context.Background(), g, timed, func(ctx context.Context) (int, error) {
		before := runtime.NumGoroutine()
		for range 1000 {
			_, cancel := context.WithCancel(ctx)
			defer cancel()
		}
		return runtime.NumGoroutine() - before, nil
	})
	if more > 10 {
		t.Errorf("%d goroutines for 1,000 contexts", more)
	}
}

func TestStatsOfAllCallsUnderAContextAddUp(t *testing.T) {
	t.Parallel()
	var inner, outer base.Stats
	ctx := base.WithStats(t.Context(), &outer)
	base.AddStats(ctx, base.Stats{Calls: 1, Rows: 2})
	base.AddStats(base.WithStats(ctx, &inner), base.Stats{Calls: 1, Rows: 3, QueryID: "q"})
	if inner.Rows != 3 || outer.Rows != 5 || outer.Calls != 2 || outer.QueryID != "q" {
		t.Errorf("inner %+v, outer %+v", inner, outer)
	}
}
