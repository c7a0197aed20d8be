package retry_test

import (
	"testing"
	"time"

	"github.com/fourkites/sources/base/retry"
)

func TestWaitsGrowToTheirCapWithFullJitter(t *testing.T) {
	t.Parallel()
	p := retry.Policy{Retries: 8, Base: 100 * time.Millisecond, Cap: time.Second}
	means := []time.Duration{100, 200, 400, 800, 1000, 1000, 1000} // milliseconds
	const rounds = 2000
	sums, low, high := make([]time.Duration, len(means)), make([]int, len(means)), make([]int, len(means))
	for range rounds {
		s := p.Schedule()
		for i := range means {
			mean := means[i] * time.Millisecond
			wait := s.Next()
			if wait < 0 || wait > 2*mean+time.Nanosecond {
				t.Fatalf("wait %d is %s, its mean %s", i, wait, mean)
			}
			sums[i] += wait
			if wait < mean/4 {
				low[i]++
			}
			if wait > 2*mean-mean/4 {
				high[i]++
			}
		}
	}
	for i := range means {
		mean := means[i] * time.Millisecond
		if got := sums[i] / rounds; got < mean*9/10 || got > mean*11/10 {
			t.Errorf("the mean of wait %d is %s, want about %s", i, got, mean)
		}
		if low[i] < rounds/16 || high[i] < rounds/16 {
			t.Errorf("wait %d hardly reaches its ends: %d and %d of %d", i, low[i], high[i], rounds)
		}
	}
}

func TestAPolicyWithoutABaseRetriesAtOnce(t *testing.T) {
	t.Parallel()
	for _, p := range []retry.Policy{{Retries: 3}, {Base: -time.Second}, {Cap: time.Minute}} {
		s := p.Schedule()
		for range 3 {
			if got := s.Next(); got != 0 {
				t.Errorf("%+v waits for %s", p, got)
			}
		}
	}
}

func TestACapBelowTheBaseDoesNotShrinkTheWait(t *testing.T) {
	t.Parallel()
	var sum time.Duration
	const rounds = 1000
	for range rounds {
		s := retry.Policy{Base: time.Second, Cap: time.Millisecond}.Schedule()
		s.Next()
		sum += s.Next()
	}
	if mean := sum / rounds; mean < 800*time.Millisecond || mean > 1200*time.Millisecond {
		t.Errorf("mean of the second wait is %s", mean)
	}
}

func TestCallsHaveSchedulesOfTheirOwn(t *testing.T) {
	t.Parallel()
	p := retry.Policy{Base: time.Millisecond, Cap: time.Hour}
	long := p.Schedule()
	for range 20 {
		long.Next()
	}
	if fresh := p.Schedule(); fresh.Next() > 2*time.Millisecond+time.Nanosecond {
		t.Error("a new schedule went on where another one stood")
	}
}
