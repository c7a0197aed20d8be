package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestTheBudgetBoundsRetriesInAnOutage(t *testing.T) {
	t.Parallel()
	const calls = 2000
	for name, tc := range map[string]struct {
		limits      base.Limits
		least, most float64
		calls       int
	}{
		"breaker off": {base.Limits{Breaker: base.Breaker{Ratio: -1}}, 1, 1.105, calls},
		"breaker on":  {base.Limits{Breaker: base.Breaker{OpenFor: base.Duration(time.Hour)}}, 0, 0.1, calls},
		"no budget":   {base.Limits{RetryRatio: -1, Breaker: base.Breaker{Ratio: -1}}, 4, 4, 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits = tc.limits })
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range tc.calls / 8 {
						if _, err := get(t, c); err == nil {
							t.Error("a call succeeded in a total outage")
						}
					}
				})
			}
			all.Wait()
			if perCall := float64(requests.Load()) / float64(tc.calls); perCall < tc.least || perCall > tc.most {
				t.Errorf("%.3f requests per call, want %v to %v", perCall, tc.least, tc.most)
			}
		})
	}
}

func TestAnOpenBreakerCallsNobodyAndAProbeClosesIt(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		ok(w, r)
	})
	c := clientOf(t, s.URL, func(c *rest.Config) {
		noRetries(c)
		c.Guard.Limits.Breaker = base.Breaker{MinCalls: 3, OpenFor: base.Duration(50 * time.Millisecond)}
	})
	for range 3 {
		_, err := get(t, c)
		failed(t, err, base.KindUnavailable)
	}
	_, err := get(t, c)
	failed(t, err, base.KindCircuitOpen)
	if s.calls() != 3 || c.Guard().Health().Breaker != "open" {
		t.Errorf("%d requests, breaker %s", s.calls(), c.Guard().Health().Breaker)
	}
	down.Store(false)
	eventually(t, "the breaker closes", func() bool { _, err := get(t, c); return err == nil })
	if b := c.Guard().Health().Breaker; b != "closed" {
		t.Errorf("the breaker is %s", b)
	}
}

func TestABreakerThatOpensBetweenAttemptsEndsTheCallWithItsRealError(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503, "down"))
	c := clientOf(t, s.URL, func(c *rest.Config) {
		c.Guard.Limits.Breaker = base.Breaker{MinCalls: 2, OpenFor: base.Duration(time.Hour)}
		c.Guard.Limits.Retries = 3
	})
	_, err := get(t, c)
	e := details(t, err, base.KindUnavailable)
	if e.Stopped != base.KindCircuitOpen || s.calls() != 2 {
		t.Errorf("%+v after %d requests", e, s.calls())
	}
}

func TestAFullPoolIsLocalAndHoldsNoPermitInAWait(t *testing.T) {
	t.Parallel()
	s := serve(t, hold)
	c := clientOf(t, s.URL, func(c *rest.Config) { noRetries(c); c.Guard.Limits.Concurrency = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _, _ = c.Do(ctx, rest.Request{Op: read, Method: http.MethodGet, Path: "/"}) })
	eventually(t, "the first call runs", func() bool { return s.calls() == 1 })
	short, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer stop()
	_, err := c.Do(short, rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
	if failed(t, err, base.KindLimitExceeded); !errors.Is(err, base.ErrLocal) || s.calls() != 1 {
		t.Errorf("%d requests, %v", s.calls(), err)
	}
	cancel()
	all.Wait()

	waiting := serve(t, status(503, "", "Retry-After", "4"), ok)
	c = clientOf(t, waiting.URL, func(c *rest.Config) { c.Guard.Limits.Concurrency = 1 })
	all.Go(func() {
		if _, err := get(t, c); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "the first call waits for its retry", func() bool { return waiting.calls() == 1 && c.Guard().Health().InFlight == 1 })
	began := time.Now()
	if _, err := get(t, c); err != nil || time.Since(began) > 2*time.Second {
		t.Errorf("a call next to one that waits took %s, %v", time.Since(began), err)
	}
	all.Wait()
}

func TestARefusedCredentialIsRefreshedOnceAndTheRetryIsFree(t *testing.T) {
	t.Parallel()
	for refreshed, want := range map[bool]int{true: 2, false: 1} {
		s := serve(t, status(401, ""))
		var asked atomic.Int64
		c := clientOf(t, s.URL, func(c *rest.Config) {
			noRetries(c)
			c.Guard.Limits.RetryRatio = 0.0001
			c.Guard.Refresh = func(context.Context) error {
				asked.Add(1)
				if refreshed {
					return nil
				}
				return errors.New("none newer")
			}
		})
		_, err := get(t, c)
		failed(t, err, base.KindUnauthenticated)
		if s.calls() != want || asked.Load() != 1 {
			t.Errorf("%d requests, %d refreshes", s.calls(), asked.Load())
		}
	}
}

func TestARequestThatCannotBeSignedIsNotSent(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	c := clientOf(t, s.URL, func(c *rest.Config) {
		c.Sign = func(*http.Request, []byte) error { return errors.New("the key " + secretKey + " is odd") }
	})
	_, err := get(t, c)
	e := details(t, err, base.KindUnauthenticated)
	if e.Sent != base.NotSent || s.calls() != 0 {
		t.Errorf("%+v after %d requests", e, s.calls())
	}
	says(t, err, "could not be signed", "credential")
}

func TestASignerThatWaitsTooLongIsNoBadCredential(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	c := clientOf(t, s.URL, func(c *rest.Config) {
		noRetries(c)
		c.Guard.Limits.Attempt = base.Duration(50 * time.Millisecond)
		c.Sign = func(req *http.Request, _ []byte) error {
			<-req.Context().Done()
			return fmt.Errorf("the secret did not come: %w", req.Context().Err())
		}
	})
	_, err := get(t, c)
	failed(t, err, base.KindAttemptTimeout)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = c.Do(ctx, rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
	failed(t, err, base.KindDeadline)
}

func TestAPanicInASignerGivesEverythingBack(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	var calm atomic.Bool
	c := clientOf(t, s.URL, func(c *rest.Config) {
		c.Guard.Limits.Concurrency = 1
		c.Sign = func(*http.Request, []byte) error {
			if !calm.Load() {
				panic(secretKey)
			}
			return nil
		}
	})
	for range 3 {
		_, err := get(t, c)
		failed(t, err, base.KindInternal)
	}
	calm.Store(true)
	if _, err := get(t, c); err != nil {
		t.Error(err)
	}
}

func TestAReloadTakesEffectWhileCallsRun(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503, ""))
	c := clientOf(t, s.URL, noRetries)
	_, err := get(t, c)
	failed(t, err, base.KindUnavailable)
	if err := c.Guard().Reload(base.Limits{Retries: 1, RetryRatio: -1, Breaker: base.Breaker{Ratio: -1}}); err != nil {
		t.Fatal(err)
	}
	before := s.calls()
	_, err = get(t, c)
	failed(t, err, base.KindUnavailable)
	if n := s.calls() - before; n != 2 {
		t.Errorf("%d requests after the reload", n)
	}
	if err := c.Guard().Reload(base.Limits{Retries: 99}); err == nil {
		t.Error("limits without sense are accepted")
	}
}

func TestStatsCountCallsAndAttempts(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503, ""), status(503, ""), ok)
	var stats base.Stats
	ctx := base.WithStats(bounded(t), &stats)
	if _, err := clientOf(t, s.URL, nil).Do(ctx, rest.Request{Op: read, Method: http.MethodGet, Path: "/"}); err != nil {
		t.Fatal(err)
	}
	if stats.Calls != 1 || stats.Attempts != 3 || stats.Source != "svc" || stats.Op != "Read" {
		t.Errorf("%+v", stats)
	}
}
