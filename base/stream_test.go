package base_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

// seq is what the streams of these tests yield.
type seq = iter.Seq2[int, error]

func items(n int, err error) seq {
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
	seq := base.Stream(t.Context(), g, read, func(ctx context.Context) seq {
		ended = ctx
		return items(10, nil)
	})
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		_, nested := base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 0, nil })
		if !errors.Is(nested, base.ErrLimitExceeded) || !strings.Contains(nested.Error(), "holds a permit") {
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
		got, err := base.Collect(base.Stream(t.Context(), g, read, func(context.Context) seq {
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
		for _, err := range base.Stream(t.Context(), g, read, func(context.Context) seq { return items(5, nil) }) {
			panic(fmt.Sprint("in the body ", err))
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

func TestALoopBodysPanicReachesItsCallerAndThePermitComesBack(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1})
	cleaned := false
	seq := base.Stream(t.Context(), g, read, func(context.Context) seq {
		return func(yield func(int, error) bool) {
			defer func() { cleaned = true; panic("in the source's cleanup") }()
			for yield(1, nil) {
			}
		}
	})
	func() {
		defer func() {
			if value := recover(); value != "in the body 1 <nil>" {
				t.Errorf("recovered %v", value)
			}
		}()
		for v, err := range seq {
			panic(fmt.Sprint("in the body ", v, err))
		}
	}()
	if !cleaned {
		t.Error("the source's code was not ended")
	}
	idle(t, g)
}

func TestAGoroutineThatEndsInALoopBodyLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1})
	var all sync.WaitGroup
	all.Go(func() {
		for _, err := range base.Stream(t.Context(), g, read, func(context.Context) seq { return items(5, nil) }) {
			if err == nil {
				runtime.Goexit()
			}
		}
		t.Error("the loop went on")
	})
	all.Wait()
	idle(t, g)
}

func TestASourceThatCrashesInMidStreamIsAnErrorOfTheLoop(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(yield func(int, error) bool){
		"before the first item": func(func(int, error) bool) { panic("x") },
		"after the first item":  func(yield func(int, error) bool) { yield(1, nil); panic("x") },
		"in its cleanup":        func(yield func(int, error) bool) { defer panic("x"); yield(1, nil) },
	} {
		g := newGuard(t, base.Limits{Concurrency: 1, Retries: -1})
		_, err := base.Collect(base.Stream(t.Context(), g, read, func(context.Context) seq { return source }))
		if _, ok := errors.AsType[*base.PanicError](err); !ok || base.KindOf(err) != base.KindInternal {
			t.Errorf("%s: %v", name, err)
		}
		idle(t, g)
	}
}

func TestEachLoopOverAStreamIsACallOfItsOwnAndNoLoopIsNone(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	calls := 0
	seq := base.Stream(t.Context(), g, read, func(context.Context) seq { calls++; return items(3, nil) })
	if calls != 0 || g.Health().InFlight != 0 {
		t.Errorf("%d calls before any loop", calls)
	}
	for want := 1; want <= 2; want++ {
		if got, err := base.Collect(seq); len(got) != 3 || err != nil || calls != want {
			t.Errorf("loop %d: %v, %v, %d calls", want, got, err, calls)
		}
	}
	idle(t, g)
}

func TestTheSourcesCodeEndsBeforeItsPermitIsGivenAway(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1})
	var inCleanup base.Health
	var canceled error
	for _, err := range base.Stream(t.Context(), g, read, func(ctx context.Context) seq {
		return func(yield func(int, error) bool) {
			yield(1, nil)
			inCleanup, canceled = g.Health(), ctx.Err()
		}
	}) {
		if err == nil {
			break
		}
	}
	if inCleanup.InFlight != 1 || !errors.Is(canceled, context.Canceled) {
		t.Errorf("in the cleanup %d calls were in flight, the context said %v", inCleanup.InFlight, canceled)
	}
	idle(t, g)
}

func TestAnEmptyStreamIsASuccess(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	if got, err := base.Collect(base.Stream(t.Context(), g, read, func(context.Context) seq { return items(0, nil) })); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	idle(t, g)
}

func TestTheTimeoutOfAStreamEndsAtItsFirstItem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Retries: -1})
		silent := base.Stream(t.Context(), g, timed, func(ctx context.Context) seq {
			return func(yield func(int, error) bool) { <-ctx.Done(); yield(0, ctx.Err()) }
		})
		began := time.Now()
		if _, err := base.Collect(silent); base.KindOf(err) != base.KindDeadline || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		slow := base.Stream(t.Context(), g, timed, func(ctx context.Context) seq {
			return func(yield func(int, error) bool) {
				for i := range 5 {
					if !yield(i, ctx.Err()) {
						return
					}
					time.Sleep(time.Second)
				}
			}
		})
		if got, err := base.Collect(slow); len(got) != 5 || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		idle(t, g)
	})
}

func TestAnAnswerKeepsItsPermitUntilItIsEnded(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1, Retries: -1, Breaker: base.Breaker{MinCalls: 2}})
	ctx := context.Background()
	var stats base.Stats
	v, hold, err := base.Open(base.WithStats(ctx, &stats), g, read, func(context.Context) (int, error) { return 7, nil })
	if v != 7 || err != nil || g.Health().InFlight != 1 || stats.Calls != 0 {
		t.Fatalf("%d, %v, %d in flight, %+v", v, err, g.Health().InFlight, stats)
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := base.Do(short, g, read, answer); !errors.Is(err, base.ErrLimitExceeded) {
		t.Errorf("a second call: %v", err)
	}
	err = hold.End(unavailable())
	if !errors.Is(err, base.ErrUnavailable) || asError(t, err).Source != "fake" || stats.Calls != 1 {
		t.Errorf("%v, %+v", err, stats)
	}
	if again := hold.End(unavailable()); again != nil || stats.Calls != 1 {
		t.Errorf("the second End: %v, %+v", again, stats)
	}
	if b := g.Health().Breaker; b != "open" { // one success and one failure of two
		t.Errorf("an answer that broke off does not count: %s", b)
	}
	idle(t, g)
}

func TestWhereOpenFailsThereIsNoHold(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1, Retries: -1})
	_, hold, err := base.Open(t.Context(), g, read, fails(unavailable()))
	if hold != nil || !errors.Is(err, base.ErrUnavailable) {
		t.Errorf("%v, %v", hold, err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		_, _, _ = base.Open(t.Context(), g, read, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
	})
	all.Wait()
	idle(t, g)
}

func TestACallFromTheLoopOverAnAnswerDoesNotWaitForItsOwnPermit(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 1})
	_, hold, err := base.Open(t.Context(), g, read, func(context.Context) (int, error) { return 1, nil })
	if err != nil {
		t.Fatal(err)
	}
	leave := hold.Loop()
	if _, err := base.Do(t.Context(), g, read, fails(nil)); base.KindOf(err) != base.KindLimitExceeded || !strings.Contains(err.Error(), "loop") {
		t.Errorf("%v", err)
	}
	leave()
	if err := hold.End(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := base.Do(t.Context(), g, read, fails(nil)); err != nil {
		t.Errorf("after the loop: %v", err)
	}
}
