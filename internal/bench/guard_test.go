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

// BenchmarkGuard measures what the guard adds to a call, beside its peers, in one run. The closures capture what a
// client's closures capture.
func BenchmarkGuard(b *testing.B) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			n := i
			if v, err := call(ctx, func(context.Context) (int, error) { return n, nil }); err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	})
	b.Run("success", func(b *testing.B) {
		g := newGuard(b, base.Limits{Concurrency: 50}, base.Options{})
		b.ReportAllocs()
		for i := range b.N {
			n := i
			v, err := base.Do(ctx, g, readOp, func(context.Context) (int, error) { return n, nil })
			if err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	})
	b.Run("timeout", func(b *testing.B) {
		g := newGuard(b, base.Limits{Concurrency: 50}, base.Options{TracerProvider: noop.NewTracerProvider()})
		b.ReportAllocs()
		for i := range b.N {
			n := i
			v, err := base.Do(context.Background(), g, ownOp, func(context.Context) (int, error) { return n, nil })
			if err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	})
	b.Run("fastfail", func(b *testing.B) {
		g := newGuard(b, base.Limits{Concurrency: 50, Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Span(time.Hour)}}, base.Options{})
		_, _ = base.Do(ctx, g, readOp, func(context.Context) (int, error) {
			return 0, base.NewError(base.KindUnavailable, errDown)
		})
		b.ReportAllocs()
		for i := range b.N {
			n := i
			if _, err := base.Do(ctx, g, readOp, func(context.Context) (int, error) { return n, nil }); err == nil {
				b.Fatal("the breaker let a call through")
			}
		}
	})
	b.Run("failsafe", func(b *testing.B) {
		e := failsafe.With[int](
			retrypolicy.NewWithDefaults[int](),
			circuitbreaker.NewWithDefaults[int](),
			bulkhead.New[int](50),
			timeout.New[int](time.Minute),
		).WithContext(ctx)
		b.ReportAllocs()
		for i := range b.N {
			n := i
			v, err := e.Get(func() (int, error) { return n, nil })
			if err != nil || v != n {
				b.Fatal(v, err)
			}
		}
	})
	b.Run("gobreaker_open", func(b *testing.B) {
		cb := gobreaker.NewCircuitBreaker[int](gobreaker.Settings{
			Timeout: time.Hour, ReadyToTrip: func(c gobreaker.Counts) bool { return c.TotalFailures > 0 },
		})
		_, _ = cb.Execute(func() (int, error) { return 0, errDown })
		b.ReportAllocs()
		for i := range b.N {
			n := i
			if _, err := cb.Execute(func() (int, error) { return n, nil }); err == nil {
				b.Fatal("the breaker let a call through")
			}
		}
	})
}

//go:noinline
func call(ctx context.Context, fn func(context.Context) (int, error)) (int, error) { return fn(ctx) }
