package limit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/limit"
)

// line starts one waiter after the other and notes who was served.
type line struct {
	t      *testing.T
	p      *limit.Permits
	all    sync.WaitGroup
	mu     sync.Mutex
	served []string
}

func (l *line) join(ctx context.Context, name string, weight int64) {
	l.all.Go(func() {
		err := l.p.Acquire(ctx, weight, nil)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err != nil {
			name += ": " + err.Error()
		}
		l.served = append(l.served, name)
	})
	synctest.Wait()
}

// wants checks who was served until now, in whatever order they could say so.
func (l *line) wants(served ...string) {
	l.t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if diff := cmp.Diff(slices.Sorted(slices.Values(served)), slices.Sorted(slices.Values(l.served))); diff != "" {
		l.t.Errorf("served (-want +got):\n%s", diff)
	}
}

func usage(t *testing.T, p *limit.Permits, want limit.Usage) {
	t.Helper()
	if diff := cmp.Diff(want, p.Usage()); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

func TestWaitersAreServedInTheOrderInWhichTheyCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, p: limit.NewPermits(2, 10)}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			l.join(t.Context(), name, 1)
		}
		l.wants("a", "b")
		for i, want := range []string{"c", "d", "e"} {
			l.p.Release(1)
			synctest.Wait()
			if got := l.served[2+i]; got != want {
				t.Errorf("%s was served instead of %s", got, want)
			}
		}
		usage(t, l.p, limit.Usage{Size: 2, Used: 2})
	})
}

func TestAHeavyWaiterIsNeverOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, p: limit.NewPermits(4, 10)}
		l.join(t.Context(), "light", 1)
		l.join(t.Context(), "light", 1)
		l.join(t.Context(), "heavy", 4)
		l.join(t.Context(), "late", 1) // two permits are free, and it must not take them
		if l.p.TryAcquire(1) {
			t.Error("TryAcquire overtook the line")
		}
		l.wants("light", "light")
		l.p.Release(1)
		l.wants("light", "light")
		l.p.Release(1)
		l.wants("light", "light", "heavy")
		usage(t, l.p, limit.Usage{Size: 4, Used: 4, Waiting: 1})
		l.p.Release(4)
		l.wants("light", "light", "heavy", "late")
	})
}

func TestAWeightAboveTheBoundRunsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, p: limit.NewPermits(2, 10)}
		l.join(t.Context(), "light", 1)
		l.join(t.Context(), "giant", 100)
		l.wants("light")
		l.p.Release(1)
		l.wants("light", "giant")
		l.join(t.Context(), "next", 1)
		l.wants("light", "giant")
		l.p.Release(100)
		l.wants("light", "giant", "next")
		usage(t, l.p, limit.Usage{Size: 2, Used: 1})
	})
}

func TestANewBoundTakesEffectWhileCallsRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, p: limit.NewPermits(1, 10)}
		for _, name := range []string{"a", "b", "c", "d"} {
			l.join(t.Context(), name, 1)
		}
		l.p.Resize(3, 10)
		l.wants("a", "b", "c")
		l.p.Resize(1, 10) // two have to come back before the next may go
		l.p.Release(1)
		l.p.Release(1)
		l.wants("a", "b", "c")
		l.p.Release(1)
		l.wants("a", "b", "c", "d")
		l.join(t.Context(), "e", 1)
		l.p.Resize(-1, 10)
		l.wants("a", "b", "c", "d", "e")
		l.p.Resize(1, 10)
		if l.p.TryAcquire(1) {
			t.Error("a permit was free under a bound of one with two in flight")
		}
	})
}

func TestABoundThatIsNotPositiveIsNone(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, -1} {
		p := limit.NewPermits(size, 0)
		for range 1000 {
			if !p.TryAcquire(1 << 40) {
				t.Fatal("refused")
			}
		}
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, p: limit.NewPermits(1, 2)}
		for _, name := range []string{"a", "b", "c", "d"} {
			l.join(t.Context(), name, 1)
		}
		l.wants("a", "d: "+limit.ErrFull.Error())
		l.p.Resize(1, 0) // those who wait stay
		usage(t, l.p, limit.Usage{Size: 1, Used: 1, Waiting: 2})
		l.p.Release(1)
		l.p.Release(1)
		l.wants("a", "d: "+limit.ErrFull.Error(), "b", "c")
		if err := l.p.Acquire(t.Context(), 1, nil); !errors.Is(err, limit.ErrFull) {
			t.Errorf("with a queue of none: %v", err)
		}
	})
}

func TestWhoGivesUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, p: limit.NewPermits(2, 10)}
		ctx, cancel := context.WithCancel(t.Context())
		l.join(t.Context(), "a", 1)
		l.join(ctx, "heavy", 2)
		l.join(t.Context(), "b", 1)
		l.wants("a")
		cancel() // the one behind it fits
		synctest.Wait()
		usage(t, l.p, limit.Usage{Size: 2, Used: 2})
		l.p.Release(1)
		l.p.Release(1)
		usage(t, l.p, limit.Usage{Size: 2})
	})
}

// lastMoment is a context that does something just when a waiter that gives up asks it why.
type lastMoment struct {
	context.Context
	do func()
}

func (c lastMoment) Err() error {
	c.do()
	return c.Context.Err()
}

func TestWhoGivesUpAtTheMomentOfAChangeLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(p *limit.Permits)
		used   int64
	}{
		"its permit came":   {func(p *limit.Permits) { p.Release(1) }, 0},
		"they were closed":  {(*limit.Permits).Close, 1},
		"nothing went free": {func(*limit.Permits) {}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := limit.NewPermits(1, 10)
			if !p.TryAcquire(1) {
				t.Fatal("the first permit was refused")
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.Acquire(lastMoment{ctx, func() { c.change(p) }}, 1, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			usage(t, p, limit.Usage{Size: 1, Used: c.used})
		})
	}
}

func TestAWakeSendsWaitersAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := limit.NewPermits(1, 10)
		wake := make(chan struct{})
		if err := p.Acquire(t.Context(), 1, wake); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if err := p.Acquire(t.Context(), 1, wake); !errors.Is(err, limit.ErrWoken) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		close(wake)
		all.Wait()
		usage(t, p, limit.Usage{Size: 1, Used: 1})
	})
}

func TestCloseSendsWaitersAwayAndAdmitsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, p: limit.NewPermits(1, 10)}
		for _, name := range []string{"a", "b", "c"} {
			l.join(t.Context(), name, 1)
		}
		l.p.Close()
		l.p.Close()
		l.all.Wait()
		l.wants("a", "b: "+limit.ErrClosed.Error(), "c: "+limit.ErrClosed.Error())
		l.p.Release(1)
		l.p.Resize(5, 5)
		if l.p.TryAcquire(1) || !errors.Is(l.p.Acquire(t.Context(), 1, nil), limit.ErrClosed) {
			t.Error("a permit was given out after Close")
		}
		usage(t, l.p, limit.Usage{Size: 5})
	})
}

func TestPermitsHoldUnderChaos(t *testing.T) {
	t.Parallel()
	const size, workers, rounds = 7, 16, 500
	p := limit.NewPermits(size, workers)
	var inFlight atomic.Int64
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range rounds {
				weight := 1 + random.Int64N(size)
				ctx, cancel := context.WithCancel(t.Context())
				wake := make(chan struct{})
				switch random.IntN(4) {
				case 0:
					go cancel()
				case 1:
					go close(wake)
				}
				if p.Acquire(ctx, weight, wake) == nil {
					if n := inFlight.Add(weight); n > size {
						t.Errorf("a weight of %d is in flight under a bound of %d", n, size)
					}
					inFlight.Add(-weight)
					p.Release(weight)
				}
				cancel()
			}
		})
	}
	all.Wait()
	usage(t, p, limit.Usage{Size: size})
}

func ExamplePermits() {
	p := limit.NewPermits(2, 10)
	fmt.Println(p.TryAcquire(2), p.TryAcquire(1))
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(p.Acquire(ctx, 1, nil))
	p.Release(2)
	fmt.Println(p.Acquire(context.Background(), 1, nil))
	// Output:
	// true false
	// context deadline exceeded
	// <nil>
}
