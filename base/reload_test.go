package base_test

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
)

func TestReloadRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: 2}, func(c *base.GuardConfig) {
		c.Defaults = base.Limits{Timeout: base.Duration(time.Minute), Attempt: base.Duration(30 * time.Second)}
	})
	nan, inf := math.NaN(), math.Inf(1)
	for field, limits := range map[string]base.Limits{
		"limits.rate":              {Rate: nan},
		"limits.retry_ratio":       {RetryRatio: inf},
		"limits.breaker.ratio":     {Breaker: base.Breaker{Ratio: 1.5}},
		"limits.retries":           {Retries: 11},
		"limits.max_waiting":       {MaxWaiting: -1},
		"limits.burst":             {Burst: -1},
		"limits.retry_after":       {RetryAfter: -1},
		"limits.breaker.min_calls": {Breaker: base.Breaker{MinCalls: -1}},
		"limits.breaker.window":    {Breaker: base.Breaker{Window: -1}},
		"limits.breaker.open_for":  {Breaker: base.Breaker{OpenFor: -1}},
		"limits.breaker.probes":    {Breaker: base.Breaker{Probes: -1}},
		"limits.attempt":           {Attempt: base.Duration(2 * time.Minute)}, // above the default timeout
	} {
		before := g.Limits()
		if err := g.Reload(limits); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
		if g.Limits() != before {
			t.Errorf("%s: a refused Reload changed the limits", field)
		}
	}
	both := base.Limits{Rate: nan, Burst: -1}
	if err := g.Reload(both); !strings.Contains(err.Error(), "limits.rate") || !strings.Contains(err.Error(), "limits.burst") {
		t.Errorf("not every problem is told: %v", err)
	}
	// The default of one may lie outside of what the operator wrote for another.
	if err := g.Reload(base.Limits{Timeout: base.Duration(time.Second)}); err != nil {
		t.Error(err)
	}
}

func TestReloadMayRunBesideCallsAndItself(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 2})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 200 {
				if err := g.Reload(base.Limits{Concurrency: 1 + (worker+i)%5, Retries: -1, Rate: 1e9}); err != nil {
					t.Error(err)
				}
				if _, err := base.Do(t.Context(), g, read, answer); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	idle(t, g)
}
