package bench

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/sony/gobreaker/v2"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/fourkites/sources/base"
)

var (
	errDown = errors.New("down")
	readOp  = &base.Op{Name: "Read", System: base.SystemDB}
	ownOp   = &base.Op{Name: "Own", System: base.SystemDB, Timeout: 30 * time.Second}
)

func newGuard(b *testing.B, limits base.Limits, options base.Options) *base.Guard {
	b.Helper()
	g, err := base.NewGuard(base.GuardConfig{Name: "bench", System: "bench", Limits: limits}, options)
	if err != nil {
		b.Fatal(err)
	}
	return g
}

// contender is one way to make a call; run makes n of them.
type contender struct {
	name string
	run  func(b *testing.B, n int)
}

// BenchmarkGuard measures what the guard adds to a call, beside its peers, in one run. The closures capture what a
// client's closures capture. "ratios" compares the contenders in turns, so that a busy machine is busy for all of them.
func BenchmarkGuard(b *testing.B) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	all := []contender{
		{"bare", bare(ctx)},
		{"success", success(b, ctx)},
		{"timeout", ownTimeout(b)},
		{"fastfail", fastfail(b, ctx)},
		{"failsafe", fourPolicies(ctx)},
		{"gobreaker_open", openBreaker()},
	}
	for _, c := range all {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			c.run(b, b.N)
		})
	}
	b.Run("ratios", func(b *testing.B) {
		cost := inTurns(b, all)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(cost["failsafe"]/cost["success"], "failsafe/success")
		b.ReportMetric(cost["fastfail"]/cost["gobreaker_open"], "fastfail/gobreaker_open")
	})
}

const (
	turns     = 40
	turnCalls = 5000
)

// inTurns is the least time that a call of each contender took, in nanoseconds, over many short turns.
func inTurns(b *testing.B, all []contender) map[string]float64 {
	least := map[string]float64{}
	for range turns {
		for _, c := range all {
			began := time.Now()
			c.run(b, turnCalls)
			took := float64(time.Since(began)) / turnCalls
			if best, ok := least[c.name]; !ok || took < best {
				least[c.name] = took
			}
		}
	}
	return least
}

func bare(ctx context.Context) func(*testing.B, int) {
	return func(b *testing.B, calls int) {
		for i := range calls {
			n := i
			if v, err := call(ctx, func(context.Context) (int, error) { return n, nil }); err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	}
}

// success has the caller's deadline and no telemetry.
func success(b *testing.B, ctx context.Context) func(*testing.B, int) {
	g := newGuard(b, base.Limits{Concurrency: 50}, base.Options{})
	return func(b *testing.B, calls int) {
		for i := range calls {
			n := i
			v, err := base.Do(ctx, g, readOp, func(context.Context) (int, error) { return n, nil })
			if err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	}
}

// ownTimeout has a deadline of its own and a tracer that does nothing.
func ownTimeout(b *testing.B) func(*testing.B, int) {
	g := newGuard(b, base.Limits{Concurrency: 50}, base.Options{TracerProvider: noop.NewTracerProvider()})
	return func(b *testing.B, calls int) {
		for i := range calls {
			n := i
			v, err := base.Do(context.Background(), g, ownOp, func(context.Context) (int, error) { return n, nil })
			if err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	}
}

// fastfail stands before a source that is down.
func fastfail(b *testing.B, ctx context.Context) func(*testing.B, int) {
	open := base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}
	g := newGuard(b, base.Limits{Concurrency: 50, Retries: -1, Breaker: open}, base.Options{})
	_, _ = base.Do(ctx, g, readOp, func(context.Context) (int, error) {
		return 0, base.NewError(base.KindUnavailable, errDown)
	})
	return func(b *testing.B, calls int) {
		for i := range calls {
			n := i
			if _, err := base.Do(ctx, g, readOp, func(context.Context) (int, error) { return n, nil }); err == nil {
				b.Fatal("the breaker let a call through")
			}
		}
	}
}

// fourPolicies is failsafe-go with what the guard does too.
func fourPolicies(ctx context.Context) func(*testing.B, int) {
	e := failsafe.With[int](
		retrypolicy.NewWithDefaults[int](),
		circuitbreaker.NewWithDefaults[int](),
		bulkhead.New[int](50),
		timeout.New[int](time.Minute),
	).WithContext(ctx)
	return func(b *testing.B, calls int) {
		for i := range calls {
			n := i
			v, err := e.Get(func() (int, error) { return n, nil })
			if err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	}
}

func openBreaker() func(*testing.B, int) {
	cb := gobreaker.NewCircuitBreaker[int](gobreaker.Settings{
		Timeout: time.Hour, ReadyToTrip: func(c gobreaker.Counts) bool { return c.TotalFailures > 0 },
	})
	_, _ = cb.Execute(func() (int, error) { return 0, errDown })
	return func(b *testing.B, calls int) {
		for i := range calls {
			n := i
			if _, err := cb.Execute(func() (int, error) { return n, nil }); err == nil {
				b.Fatal("the breaker let a call through")
			}
		}
	}
}

//go:noinline
func call(ctx context.Context, fn func(context.Context) (int, error)) (int, error) { return fn(ctx) }
