package base_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
)

// within runs f with the context of an attempt that has a deadline of its own, a second from now.
func within(t *testing.T, ctx context.Context, f func(ctx context.Context)) {
	t.Helper()
	g := newGuard(t, base.Limits{Retries: -1})
	_, _ = base.Do(ctx, g, timed, func(ctx context.Context) (int, error) { f(ctx); return 0, nil })
	idle(t, g)
}

func ended(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func TestTheContextOfAnAttemptIsAsThoseOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("the operator pressed stop")
		var kept, derived context.Context
		within(t, t.Context(), func(ctx context.Context) {
			began := time.Now()
			if at, ok := ctx.Deadline(); !ok || at.Sub(began) != time.Second {
				t.Errorf("deadline %s, %t", at, ok)
			}
			if ctx.Err() != nil || ended(ctx) || context.Cause(ctx) != nil {
				t.Errorf("ended at its beginning: %v", ctx.Err())
			}
			<-ctx.Done()
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) || time.Since(began) != time.Second {
				t.Errorf("after %s: %v", time.Since(began), ctx.Err())
			}
		})
		within(t, t.Context(), func(ctx context.Context) {
			time.Sleep(2 * time.Second) // nobody has asked for Done
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) || !ended(ctx) {
				t.Errorf("%v", ctx.Err())
			}
		})
		parent, cancel := context.WithCancelCause(t.Context())
		within(t, parent, func(ctx context.Context) {
			ran := make(chan struct{})
			stop := context.AfterFunc(ctx, func() { close(ran) })
			unused := context.AfterFunc(ctx, func() { t.Error("a stopped function ran") })
			if !unused() || unused() {
				t.Error("stop does not say whether it stopped")
			}
			cancel(cause)
			<-ran
			if stop() || !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(context.Cause(ctx), cause) || !ended(ctx) {
				t.Errorf("%v, %v", ctx.Err(), context.Cause(ctx))
			}
			late := make(chan struct{})
			context.AfterFunc(ctx, func() { close(late) })
			<-late
		})
		within(t, t.Context(), func(ctx context.Context) {
			kept = ctx
			var stop context.CancelFunc
			derived, stop = context.WithCancel(ctx)
			_ = stop // it ends with the attempt
		})
		synctest.Wait()
		if !errors.Is(kept.Err(), context.Canceled) || !ended(derived) {
			t.Errorf("after the attempt: %v, %v", kept.Err(), derived.Err())
		}
		sooner, cancelSooner := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancelSooner()
		within(t, sooner, func(ctx context.Context) {
			at, _ := ctx.Deadline()
			want, _ := sooner.Deadline()
			if !at.Equal(want) {
				t.Errorf("%s, want the caller's %s", at, want)
			}
		})
	})
}

func TestTheContextOfAnAttemptIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		parent, cancel := context.WithCancel(t.Context())
		within(t, parent, func(ctx context.Context) {
			var all sync.WaitGroup
			for worker := range uint64(8) {
				all.Go(func() {
					r := rand.New(rand.NewPCG(seed, worker))
					for range 50 {
						switch r.IntN(6) {
						case 0:
							_, stop := context.WithTimeout(ctx, time.Duration(r.IntN(1000)))
							defer stop()
						case 1:
							_ = ctx.Err()
						case 2:
							_ = ended(ctx)
						case 3:
							_, _ = ctx.Deadline()
						case 4:
							defer context.AfterFunc(ctx, func() {})()
						case 5:
							if r.IntN(20) == 0 {
								cancel()
							}
						}
					}
				})
			}
			all.Wait()
		})
		cancel()
	}
}
