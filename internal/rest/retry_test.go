package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestTheServerSeesAsManyRequestsAsTheGuardCounts(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]http.HandlerFunc{
		"503": status(503, ""), "reset": wire("", true), "close": wire("", false),
		"cut": wire("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", false),
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodDelete} {
			for _, retries := range []int{-1, 1, 2} {
				s := serve(t, ok, step)
				c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Retries = retries })
				if _, err := get(t, c); err != nil { // now there is a connection that was used before
					t.Fatal(err)
				}
				if name == "cut" && method == http.MethodHead {
					continue // an answer without a body is whole
				}
				_, err := c.Do(bounded(t), rest.Request{Op: read, Method: method, Path: "/"})
				e, _ := errors.AsType[*base.Error](err)
				if n, want := s.calls()-1, 1+max(0, retries); n != want || e == nil || e.Attempts != want {
					t.Errorf("%s %s, %d retries: %d requests, %v", name, method, retries, n, err)
				}
			}
		}
	}
}

func TestAnIdempotencyKeyDoesNotHaveNetHTTPRepeatAWrite(t *testing.T) {
	t.Parallel()
	s := serve(t, ok, wire("", true))
	c := clientOf(t, s.URL, nil)
	for _, body := range []string{"", "x"} {
		_, _ = get(t, c)
		before := s.calls()
		_, err := c.Do(bounded(t), rest.Request{
			Op: change, Method: http.MethodPost, Path: "/", Body: []byte(body), Header: http.Header{"Idempotency-Key": {"k"}},
		})
		failed(t, err, base.KindOutcomeUnknown)
		if n := s.calls() - before; n != 1 {
			t.Errorf("%d requests", n)
		}
	}
}

func TestAWriteThatWasNeverSentIsRepeated(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	var dials atomic.Int64
	c := clientOf(t, s.URL, nil, base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("nobody is there")}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}))
	if _, err := post(t, c, change); err != nil || s.calls() != 1 || dials.Load() != 2 {
		t.Errorf("%d requests, %d dials, %v", s.calls(), dials.Load(), err)
	}
}

// broken is a connection on which nothing can be written any more, which nobody has noticed yet.
type broken struct {
	net.Conn
	off *atomic.Bool
}

func (b broken) Write(p []byte) (int, error) {
	if b.off.Load() {
		return 0, net.ErrClosed
	}
	return b.Conn.Write(p)
}

func TestAWriteOnADeadConnectionWasNotSent(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	var off atomic.Bool
	c := clientOf(t, s.URL, noRetries, base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := new(net.Dialer).DialContext(ctx, network, address)
		return broken{plain, &off}, err
	}))
	if _, err := post(t, c, change); err != nil {
		t.Fatal(err)
	}
	off.Store(true)
	_, err := post(t, c, change)
	if e := failed(t, err, base.KindUnavailable); e.Sent != base.NotSent || s.calls() != 1 {
		t.Errorf("%+v after %d requests", e, s.calls())
	}
}

func TestRetryAfterIsUnderstoodInEveryForm(t *testing.T) {
	t.Parallel()
	at := func(layout string) string { return "in 2 s: " + layout }
	for name, tc := range map[string]struct {
		header      []string
		least, most time.Duration
	}{
		"seconds":       {[]string{"Retry-After", "1"}, time.Second, 1200 * time.Millisecond},
		"a fraction":    {[]string{"Retry-After", "0.3"}, 300 * time.Millisecond, 450 * time.Millisecond},
		"milliseconds":  {[]string{"Retry-After-Ms", "200", "Retry-After", "30"}, 200 * time.Millisecond, 350 * time.Millisecond},
		"RFC 1123":      {[]string{"Retry-After", at(http.TimeFormat)}, 900 * time.Millisecond, 2400 * time.Millisecond},
		"RFC 850":       {[]string{"Retry-After", at("Monday, 02-Jan-06 15:04:05 GMT")}, 900 * time.Millisecond, 2400 * time.Millisecond},
		"asctime":       {[]string{"Retry-After", at(time.ANSIC)}, 900 * time.Millisecond, 2400 * time.Millisecond},
		"a past date":   {[]string{"Retry-After", "Thu, 02 Jan 2025 03:04:05 GMT"}, 0, 2200 * time.Millisecond},
		"two headers":   {[]string{"Retry-After", "0.1", "Retry-After", "0.4"}, 400 * time.Millisecond, 600 * time.Millisecond},
		"a quota":       {[]string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", at("unix")}, 900 * time.Millisecond, 2400 * time.Millisecond},
		"another quota": {[]string{"RateLimit-Remaining", "0", "RateLimit-Reset", "1"}, 950 * time.Millisecond, 1300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				status(429, "", dated(tc.header)...)(w, r)
			}, ok)
			began := time.Now()
			if _, err := get(t, clientOf(t, s.URL, nil)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < tc.least || took > tc.most+250*time.Millisecond {
				t.Errorf("waited %s, want %s to %s", took, tc.least, tc.most)
			}
		})
	}
}

// dated fills in the instants that a server counts from now.
func dated(header []string) []string {
	header = slices.Clone(header)
	then := time.Now().Add(2 * time.Second).UTC()
	for i, value := range header {
		switch layout, cut := strings.CutPrefix(value, "in 2 s: "); {
		case layout == "unix":
			header[i] = strconv.FormatInt(then.Unix(), 10)
		case cut:
			header[i] = then.Format(layout)
		}
	}
	return header
}

func TestAWaitBeyondTheDeadlineReturnsAtOnceWithTheRealError(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503, "later", "Retry-After", "5"))
	c := clientOf(t, s.URL, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	began := time.Now()
	_, err := c.Do(ctx, rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
	e := failed(t, err, base.KindUnavailable)
	if e.Stopped != base.KindNoTimeLeft || e.RetryAfter != 5*time.Second || time.Since(began) > time.Second {
		t.Errorf("%+v after %s", e, time.Since(began))
	}
	says(t, err, "later")
}

func TestACancelledWaitKeepsTheRealError(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503, "later", "Retry-After", "30"))
	c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Timeout = base.Span(time.Hour) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := c.Do(ctx, rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
		done <- err
	}()
	eventually(t, "the call waits", func() bool { return s.calls() == 1 && s.open.Load() == 1 })
	cancel()
	err := <-done
	e := failed(t, err, base.KindCanceled)
	if !errors.Is(err, context.Canceled) || e.Code != "503" || e.Attempts != 1 {
		t.Errorf("%+v", e)
	}
}

func TestTheBudgetBoundsRetriesInAnOutage(t *testing.T) {
	t.Parallel()
	const calls = 2000
	for name, tc := range map[string]struct {
		limits      base.Limits
		least, most float64
		calls       int
	}{
		"breaker off": {base.Limits{Breaker: base.Breaker{Ratio: -1}}, 1, 1.105, calls},
		"breaker on":  {base.Limits{Breaker: base.Breaker{OpenFor: base.Span(time.Hour)}}, 0, 0.1, calls},
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
		c.Guard.Limits.Breaker = base.Breaker{MinCalls: 3, OpenFor: base.Span(50 * time.Millisecond)}
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
		c.Guard.Limits.Breaker = base.Breaker{MinCalls: 2, OpenFor: base.Span(time.Hour)}
		c.Guard.Limits.Retries = 3
	})
	_, err := get(t, c)
	e := failed(t, err, base.KindUnavailable)
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

	waiting := serve(t, status(503, "", "Retry-After", "1"), ok)
	c = clientOf(t, waiting.URL, func(c *rest.Config) { c.Guard.Limits.Concurrency = 1 })
	all.Go(func() {
		if _, err := get(t, c); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "the first call waits for its retry", func() bool { return waiting.calls() == 1 && c.Guard().Health().InFlight == 1 })
	began := time.Now()
	if _, err := get(t, c); err != nil || time.Since(began) > 500*time.Millisecond {
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
	e := failed(t, err, base.KindUnauthenticated)
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
		c.Guard.Limits.Attempt = base.Span(50 * time.Millisecond)
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

func TestQueryAndBodyReachTheServerAsTheyAre(t *testing.T) {
	t.Parallel()
	var body string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body = string(text)
		ok(w, r)
	})
	_, err := clientOf(t, s.URL, func(c *rest.Config) { c.Header = http.Header{"Accept": {"application/json"}} }).Do(bounded(t), rest.Request{
		Op: read, Method: http.MethodPost, Path: "/a%2Fb", Query: "z=1&a=%20+&z=2", Body: []byte("x\ny"), Header: http.Header{"X-One": {"1", "2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := s.seen()[0]
	if r.RequestURI != "/a%2Fb?z=1&a=%20+&z=2" || body != "x\ny" || r.Header.Get("Accept") != "application/json" || strings.Join(r.Header["X-One"], "") != "12" {
		t.Errorf("%s %q %v", r.RequestURI, body, r.Header)
	}
}
