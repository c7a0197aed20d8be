package retry_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fourkites/sources/base/retry"
)

// outage plays calls that all fail, each of which would like three retries, and returns the requests per call.
func outage(b *retry.Budget, calls, workers int) float64 {
	var requests atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range calls / workers {
				b.Earn()
				requests.Add(1)
				for retries := 0; retries < 3 && b.Spend(1); retries++ {
					requests.Add(1)
				}
			}
		})
	}
	all.Wait()
	return float64(requests.Load()) / float64(calls)
}

func TestABudgetBoundsTheRequestsOfAnOutage(t *testing.T) {
	t.Parallel()
	if got := outage(retry.NewBudget(0.1, 10), 2000, 16); got > 1.105 {
		t.Errorf("%.4f requests per call", got)
	}
	if got := outage(retry.NewBudget(-1, 10), 2000, 16); got != 4 {
		t.Errorf("%.4f requests per call without a budget", got)
	}
}

func TestABudgetIsFullAtFirstAndSavesNoMoreThanItsCap(t *testing.T) {
	t.Parallel()
	b := retry.NewBudget(0.5, 2)
	for range 100 {
		b.Earn()
	}
	if got := b.Tokens(); got != 2 {
		t.Errorf("%v tokens, want 2", got)
	}
	for retries := range 3 {
		if got := b.Spend(1); got != (retries < 2) {
			t.Errorf("retry %d was paid for: %t", retries, got)
		}
	}
	b.Earn()
	if b.Spend(1) {
		t.Error("half a token paid for a retry")
	}
	if b.Earn(); !b.Spend(1) {
		t.Error("two halves did not pay for a retry")
	}
}

func TestASmallRatioIsSmallAndNotNone(t *testing.T) {
	t.Parallel()
	for _, ratio := range []float64{0.0005, 1e-9} {
		b := retry.NewBudget(ratio, 1)
		if !b.Spend(1) || b.Spend(1) {
			t.Errorf("a ratio of %v never refuses", ratio)
		}
	}
}

func TestABudgetTakesNothingForAFreeRetryAndGivesNothingForANegativePrice(t *testing.T) {
	t.Parallel()
	b := retry.NewBudget(0.1, 1)
	for _, cost := range []float64{0, -5} {
		if !b.Spend(cost) || b.Tokens() != 1 {
			t.Errorf("a retry at %v left %v tokens", cost, b.Tokens())
		}
	}
	if b.Spend(1.5) {
		t.Error("a retry was paid with less than it costs")
	}
}

func TestANewRatioCountsAtOnceAndWhatWasSavedIsKept(t *testing.T) {
	t.Parallel()
	b := retry.NewBudget(0.1, 10)
	b.Set(1, 4)
	b.Earn()
	if got := b.Tokens(); got != 4 {
		t.Errorf("%v tokens above the new cap of 4", got)
	}
	for range 4 {
		b.Spend(1)
	}
	if b.Earn(); math.Abs(b.Tokens()-1) > 1e-9 {
		t.Errorf("a call earned %v, want 1", b.Tokens())
	}
}

func ExampleBudget() {
	b := retry.NewBudget(0.1, 1)
	fmt.Println(b.Spend(1), b.Spend(1))
	for range 10 {
		b.Earn()
	}
	fmt.Println(b.Spend(1))
	// Output:
	// true false
	// true
}
