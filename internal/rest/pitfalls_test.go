package rest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

var silentLog = log.New(io.Discard, "", 0)

// The tests of this file are about what go-retryablehttp does by itself, numbered as its known pitfalls are.

func TestR1IdleConnectionsOutliveCallsThatExhaustTheirRetries(t *testing.T) {
	t.Parallel()
	const workers = 8
	var n atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "fail" || n.Add(1)%20 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		ok(w, r)
	})
	c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Retries = 1 })
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range 50 {
				r := rest.Request{Op: read, Method: http.MethodGet, Path: "/"}
				if i%10 == 0 {
					r.Query = "fail"
				}
				_, _ = c.Do(bounded(t), r)
			}
		})
	}
	all.Wait()
	if made := s.made.Load(); made > 2*workers { // net/http dials while a connection is on its way back to the pool
		t.Errorf("%d connections for %d workers", made, workers)
	}
}

func TestR2TheLastAnswerIsInTheError(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503, `{"message":"down for the night"}`, "X-Request-Id", "req-7"))
	_, err := get(t, clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Retries = 2 }))
	e := details(t, err, base.KindUnavailable)
	says(t, err, "HTTP 503", "down for the night", "3 attempts")
	if e.Code != "503" || e.RequestID != "req-7" || e.Attempts != 3 || e.Sent != base.Answered {
		t.Errorf("%+v", e)
	}
	if cause, found := errors.AsType[*rest.StatusError](err); !found || cause.Status != 503 {
		t.Errorf("no StatusError in %v", err)
	}
	eventually(t, "every body is closed", func() bool { return s.made.Load() == 1 })
}

func TestR3SecretsOfTheQueryShowNeitherInErrorsNorOnStderr(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]http.HandlerFunc{
		"reset": wire("", true), "garbage": wire("\x00\x01\r\n\r\n", false), "refused": status(403, "no"), "cut": wire("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", false),
	} {
		s := serve(t, step)
		_, err := clientOf(t, s.URL, noRetries).Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/p4th", Query: "access_token=h1dden"})
		if err == nil {
			t.Fatal(name)
		}
		for _, e := range tree(err) {
			if text := fmt.Sprintf("%v %+v %#v %q", e, e, e, e); strings.Contains(text, "h1dden") || strings.Contains(text, "p4th") {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func TestR4AWriteThatMayHaveHappenedIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		step http.HandlerFunc
		kind base.Kind
	}{
		"a reset":        {wire("", true), base.KindOutcomeUnknown},
		"a close":        {wire("", false), base.KindOutcomeUnknown},
		"half an answer": {wire("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", false), base.KindOutcomeUnknown},
		"500":            {status(500, ""), base.KindUnavailable},
		"503":            {status(503, "", "Retry-After", "0"), base.KindUnavailable},
		"429":            {status(429, "", "Retry-After", "0"), base.KindThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, ok, tc.step)
			c := clientOf(t, s.URL, nil)
			if _, err := post(t, c, change); err != nil {
				t.Fatal(err)
			}
			_, err := post(t, c, change) // over a connection that was used before
			failed(t, err, tc.kind)
			if n := s.calls() - 1; n != 1 {
				t.Errorf("%d requests for one write", n)
			}
		})
	}
}

func TestR5RetryAfterIsCappedAndNeverSpins(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"86400", "9223372037", "99999999999999999999", "1e10", "-1", "abc", "", "-9223372037", "NaN", "Inf"} {
		s := serve(t, status(503, "", "Retry-After", value))
		began := time.Now()
		_, err := get(t, clientOf(t, s.URL, nil))
		failed(t, err, base.KindUnavailable)
		if took := time.Since(began); took > 3*time.Second || s.calls() > 4 {
			t.Errorf("Retry-After %q: %d requests in %s", value, s.calls(), took)
		}
	}
}

func TestR5ALongWaitIsReturnedToTheCaller(t *testing.T) {
	t.Parallel()
	s := serve(t, status(429, "", "Retry-After", "3600"))
	_, err := get(t, clientOf(t, s.URL, nil))
	e := details(t, err, base.KindThrottled)
	if e.RetryAfter != time.Hour || e.Stopped != base.KindNoTimeLeft || s.calls() != 1 {
		t.Errorf("%+v after %d requests", e, s.calls())
	}
}

func TestR6WaitsAreJittered(t *testing.T) {
	t.Parallel()
	waits := map[string]bool{}
	for range 5 {
		var at []time.Time
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			at = append(at, time.Now())
			w.WriteHeader(http.StatusBadGateway)
		})
		_, err := get(t, clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Retries = 1 }))
		failed(t, err, base.KindUnavailable)
		if len(at) == 2 {
			waits[at[1].Sub(at[0]).Round(2*time.Millisecond).String()] = true
		}
	}
	if len(waits) < 2 {
		t.Errorf("all waits are alike: %v", waits)
	}
}

func TestR7TheBodyIsWholeInEveryAttempt(t *testing.T) {
	t.Parallel()
	var bodies []string
	var at sync.Mutex
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		at.Lock()
		defer at.Unlock()
		if bodies = append(bodies, string(body)+" "+strconv.FormatInt(r.ContentLength, 10)); len(bodies) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	body := bytes.Repeat([]byte("x"), 100_000)
	r := rest.Request{Op: read, Method: http.MethodPost, Path: "/", Body: body}
	c := clientOf(t, s.URL, nil)
	if _, err := c.Do(bounded(t), r); err != nil {
		t.Fatal(err)
	}
	for _, got := range bodies {
		if got != string(body)+" 100000" {
			t.Errorf("an attempt sent %d bytes", len(got))
		}
	}
	var all sync.WaitGroup
	for range 4 { // the same Request from several goroutines
		all.Go(func() {
			if _, err := c.Do(bounded(t), r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestR8EachAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	var stamps atomic.Int64
	for name, step := range map[string]http.HandlerFunc{"refused": status(503, ""), "reset": wire("", true)} {
		s := serve(t, ok, step, step, ok)
		c := clientOf(t, s.URL, func(c *rest.Config) {
			c.Sign = func(req *http.Request, body []byte) error {
				req.Header.Set("X-Stamp", fmt.Sprint(stamps.Add(1), len(body)))
				return nil
			}
		})
		for range 2 {
			if _, err := get(t, c); err != nil {
				t.Fatal(err)
			}
		}
		stamped := map[string]bool{}
		for _, r := range s.seen() {
			stamped[r.Header.Get("X-Stamp")] = true
		}
		if len(stamped) != 4 || s.calls() != 4 {
			t.Errorf("%s: %d signatures on %d requests", name, len(stamped), s.calls())
		}
	}
}

func TestR9AnAnswerThatBreaksOffIsRetried(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]http.HandlerFunc{
		"cut":          wire("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", false),
		"reset":        wire("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", true),
		"chunks":       wire("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", false),
		"header":       wire("HTTP/1.1 200 OK\r\nContent-Le", false),
		"short gzip":   wire("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n"+string(zip([]byte(`{"n":1}`))[:12]), false),
		"cut gzip":     wire("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 30\r\n\r\n"+string(zip([]byte(`{"n":1}`))[:12]), false),
		"cut at start": wire("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false),
	} {
		s := serve(t, step, ok)
		r, err := get(t, clientOf(t, s.URL, nil))
		if err != nil || string(r.Body) != `{"n":1}` || s.calls() != 2 {
			t.Errorf("%s: %q after %d requests, %v", name, r.Body, s.calls(), err)
		}
		_, err = get(t, clientOf(t, serve(t, step).URL, noRetries))
		if err == nil {
			t.Errorf("%s: half an answer was taken for a whole one", name)
		}
	}
}
