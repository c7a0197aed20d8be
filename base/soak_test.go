package base_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/retry"
	"github.com/fourkites/sources/internal/race"
)

const (
	soakSeed    = 20250304
	soakWorkers = 32
	soakPermits = 42
)

// soakCalls is how many calls the soak makes: fewer under the race detector, which is many times slower.
func soakCalls() int { return race.Of(100_000, 2_500) }

// soak makes calls at random, in which everything goes wrong that can.
type soak struct {
	g       *base.Guard
	limiter atomic.Int64 // rights that are out
	mu      sync.Mutex
	ends    map[base.Kind]int
	crashes int
}

// TestNothingLeaksOverManyFaultyCalls runs in a bubble: its waits cost no time, and a goroutine that stays is an error.
func TestNothingLeaksOverManyFaultyCalls(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := &soak{ends: map[base.Kind]int{}}
	synctest.Test(t, func(t *testing.T) {
		s.g = s.guard(t)
		var all sync.WaitGroup
		for worker := range soakWorkers {
			all.Go(func() {
				random := rand.New(rand.NewPCG(soakSeed, uint64(worker)))
				for range soakCalls() / soakWorkers {
					s.once(random)
				}
			})
		}
		all.Wait()
		s.check(t)
	})
	goleak.VerifyNone(t, before)
}

func (s *soak) guard(t *testing.T) *base.Guard {
	quick := retry.Policy{Retries: 3, Base: time.Millisecond, Cap: 5 * time.Millisecond, Cost: 1}
	g, err := base.NewGuard(base.GuardConfig{
		Name: "soak", System: "soak", Limits: soakLimits(rand.New(rand.NewPCG(soakSeed, 0))),
		Policies: map[base.Kind]retry.Policy{base.KindUnavailable: quick, base.KindThrottled: quick, base.KindConflict: quick},
		Classify: func(err error) *base.Error {
			if errors.Is(err, errDown) {
				panic("in the classifier")
			}
			return nil
		},
		Refresh: func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); ok {
				panic("in the refresh")
			}
			return nil
		},
		Secrets: func() []string { return []string{"hunter2"} },
	}, base.Options{Limiter: limiter(s.acquire)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func soakLimits(r *rand.Rand) base.Limits {
	ratio := 0.4
	if r.IntN(4) == 0 {
		ratio = -1 // closes it
	}
	return base.Limits{
		Concurrency: 2 + r.IntN(soakPermits), MaxWaiting: 16 + r.IntN(2*soakWorkers), Retries: r.IntN(4), RetryRatio: 1,
		RetryAfter: base.Duration(20 * time.Millisecond), Timeout: base.Duration(100 * time.Millisecond),
		Attempt: base.Duration(time.Duration(1+r.IntN(50)) * time.Millisecond), Rate: float64(r.IntN(2)) * 1e4, Burst: 50,
		Breaker: base.Breaker{Ratio: ratio, MinCalls: 10, Window: base.Duration(100 * time.Millisecond), OpenFor: base.Duration(2 * time.Millisecond), Probes: 1 + r.IntN(3)},
	}
}

// acquire is an external limiter with moods of its own.
func (s *soak) acquire(ctx context.Context, weight int64) (func(), error) {
	switch weight % 7 {
	case 5:
		panic("in the limiter")
	case 6:
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	s.limiter.Add(weight)
	return func() { s.limiter.Add(-weight) }, nil
}

// once makes one call in a goroutine of its own, which may not outlive it and need not reach its end.
func (s *soak) once(r *rand.Rand) {
	if r.IntN(200) == 0 {
		_ = s.g.Reload(soakLimits(r))
	}
	if r.IntN(500) == 0 {
		s.g.Quota().Observe(map[string][]string{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"0.005"}}, time.Now())
	}
	<-time.After(time.Duration(r.IntN(3)) * time.Millisecond)
	ctx, cancel := soakContext(r)
	defer cancel()
	op := &soakOps[r.IntN(len(soakOps))]
	if (op.Weight > 10 || op.Timeout < 0) && r.IntN(20) > 0 {
		op = &soakOps[0] // what runs alone or for long is rare, or all others would wait for it
	}
	var done sync.WaitGroup
	done.Go(func() {
		defer func() {
			if recover() != nil {
				s.mu.Lock()
				s.crashes++
				s.mu.Unlock()
			}
		}()
		s.note([]func(context.Context, *base.Op, *rand.Rand) error{s.do, s.open, s.stream, s.loop}[r.IntN(4)](ctx, op, r))
	})
	done.Wait()
}

var soakOps = []base.Op{
	{Name: "Read"},
	{Name: "Page"},
	{Name: "Query"},
	{Name: "Search"},
	{Name: "Write", Safety: base.Unsafe},
	{Name: "Heavy", Weight: 4},
	{Name: "Giant", Weight: 100},
	{Name: "Panics", Weight: 5},
	{Name: "Blocks", Weight: 6},
	{Name: "Timed", Timeout: 5 * time.Millisecond},
	{Name: "Endless", Timeout: -1, AttemptTimeout: -1},
	{Name: "Ping", Probe: true},
}

func soakContext(r *rand.Rand) (context.Context, context.CancelFunc) {
	d := time.Duration(r.IntN(30)) * time.Millisecond
	switch r.IntN(4) {
	case 0:
		return context.WithTimeout(context.Background(), d)
	case 1:
		ctx, cancel := context.WithCancel(context.Background())
		stop := time.AfterFunc(d, cancel)
		return ctx, func() { stop.Stop(); cancel() }
	case 2:
		var stats base.Stats
		return context.WithTimeout(base.WithStats(context.Background(), &stats), 80*time.Millisecond)
	}
	return context.WithTimeout(context.Background(), time.Second)
}

func (s *soak) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[base.KindOf(err)]++
}

// work is what a driver does in one attempt.
func work(ctx context.Context, r *rand.Rand) error {
	switch r.IntN(16) {
	case 0:
		return errDown
	case 1, 2:
		return unavailable()
	case 3:
		e := base.NewError(base.KindThrottled, errDown)
		e.RetryAfter = time.Duration(r.IntN(30)) * time.Millisecond
		return e
	case 4:
		return base.NewError(base.KindUnauthenticated, errors.New("hunter2"))
	case 5:
		panic("in the driver")
	case 6:
		if r.IntN(4) == 0 {
			runtime.Goexit()
		}
	case 7:
		<-ctx.Done()
		return fmt.Errorf("wrapped: %w", ctx.Err())
	case 8:
		derived, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		<-derived.Done()
	case 9:
		return base.NewError(base.KindConflict, nil)
	case 10, 11:
		<-time.After(time.Duration(r.IntN(5)) * time.Millisecond)
	}
	return nil
}

func (s *soak) do(ctx context.Context, op *base.Op, r *rand.Rand) error {
	_, err := base.Do(ctx, s.g, op, func(ctx context.Context) (int, error) {
		if r.IntN(50) == 0 { // would often wait for itself
			_, err := base.Do(ctx, s.g, op, func(ctx context.Context) (int, error) { return 0, work(ctx, r) })
			return 0, err
		}
		return 0, work(ctx, r)
	})
	return err
}

func (s *soak) open(ctx context.Context, op *base.Op, r *rand.Rand) error {
	_, hold, err := base.Open(ctx, s.g, op, func(ctx context.Context) (int, error) { return 0, work(ctx, r) })
	if err != nil {
		return err
	}
	fail := r.IntN(2) == 0
	var reader sync.WaitGroup
	reader.Go(func() {
		if fail {
			err = hold.End(unavailable())
		}
		_ = hold.End(nil)
	})
	reader.Wait()
	return err
}

func (s *soak) stream(ctx context.Context, op *base.Op, r *rand.Rand) error {
	for v, err := range base.Stream(ctx, s.g, op, func(ctx context.Context) seq {
		return func(yield func(int, error) bool) {
			for i := range 10 {
				if i == 0 || r.IntN(8) == 0 {
					if err := work(ctx, r); err != nil {
						yield(0, err)
						return
					}
				}
				if !yield(i, nil) {
					break
				}
			}
			if r.IntN(20) == 0 {
				panic("in the cleanup")
			}
		}
	}) {
		switch {
		case err != nil:
			return err
		case v == 3 && r.IntN(4) == 0:
			_ = s.do(ctx, op, r)
		case v == 5:
			switch r.IntN(4) {
			case 0:
				return nil
			case 1:
				panic("in the loop body")
			case 2:
				runtime.Goexit()
			}
		}
	}
	return nil
}

func (s *soak) loop(ctx context.Context, op *base.Op, r *rand.Rand) error {
	l := base.Begin(ctx, s.g, op)
	defer func() { _ = l.End(nil) }()
	for range 10 {
		if l.Attempt(func(ctx context.Context) error { return work(ctx, r) }) == nil {
			break
		}
		wait, again := l.Next()
		if !again || r.IntN(5) == 0 {
			break
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return l.End(ctx.Err())
		}
	}
	return l.End(nil)
}

// check sees that nothing is held, and that what was to happen did happen.
func (s *soak) check(t *testing.T) {
	synctest.Wait()
	if h := s.g.Health(); h.InFlight != 0 || h.Waiting != 0 || s.limiter.Load() != 0 {
		t.Errorf("%d calls in flight, %d waiting, %d rights of the limiter are out", h.InFlight, h.Waiting, s.limiter.Load())
	}
	if err := s.g.Reload(base.Limits{Concurrency: soakPermits, Breaker: base.Breaker{Ratio: -1}}); err != nil {
		t.Error(err)
	}
	whole := &base.Op{Name: "Whole", Weight: soakPermits, Timeout: time.Second} // fits only if no permit is out
	if _, err := base.Do(t.Context(), s.g, &base.Op{Name: "One", Timeout: time.Second}, func(ctx context.Context) (int, error) {
		return 0, nil
	}); err != nil {
		t.Error(err)
	}
	if _, err := base.Do(t.Context(), s.g, whole, func(context.Context) (int, error) { return 0, nil }); err != nil {
		t.Errorf("a permit is still out: %v", err)
	}
	idle(t, s.g)
	for _, k := range []base.Kind{
		base.KindUnknown, base.KindCanceled, base.KindDeadline, base.KindAttemptTimeout, base.KindUnavailable,
		base.KindThrottled, base.KindConflict, base.KindUnauthenticated, base.KindOutcomeUnknown, base.KindInternal,
		base.KindCircuitOpen, base.KindLimitExceeded, base.KindNoTimeLeft,
	} {
		if s.ends[k] == 0 {
			t.Errorf("no call ended as %s: the soak shows less than it says", k)
		}
	}
	if s.crashes == 0 {
		t.Error("no loop body panicked")
	}
	t.Logf("seed %d: ends %v, %d panics of loop bodies", soakSeed, s.ends, s.crashes)
}
