package rest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
	if e := details(t, err, base.KindUnavailable); e.Sent != base.NotSent || s.calls() != 1 {
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
			shortest := time.Hour
			for range 3 { // a wait that is too long may be the machine's: the shortest of three counts
				s := serve(t, func(w http.ResponseWriter, r *http.Request) {
					status(429, "", dated(tc.header)...)(w, r)
				}, ok)
				began := time.Now()
				if _, err := get(t, clientOf(t, s.URL, nil)); err != nil {
					t.Fatal(err)
				}
				if shortest = min(shortest, time.Since(began)); shortest <= tc.most {
					break
				}
			}
			if shortest < tc.least || shortest > tc.most {
				t.Errorf("waited %s, want %s to %s", shortest, tc.least, tc.most)
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
	e := details(t, err, base.KindUnavailable)
	if e.Stopped != base.KindNoTimeLeft || e.RetryAfter != 5*time.Second || time.Since(began) > time.Second {
		t.Errorf("%+v after %s", e, time.Since(began))
	}
	says(t, err, "later")
}

func TestACancelledWaitKeepsTheRealError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient("http://host.example.com", func(c *rest.Config) { c.Guard.Limits.Timeout = base.Duration(time.Hour) }, busy)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := c.Do(ctx, rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
			done <- err
		}()
		synctest.Wait()
		cancel()
		err = <-done
		e := details(t, err, base.KindCanceled)
		if !errors.Is(err, context.Canceled) || e.Code != "503" || e.Attempts != 1 {
			t.Errorf("%+v", e)
		}
	})
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
