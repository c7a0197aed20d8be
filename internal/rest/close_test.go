package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestCloseRefusesNewCallsAndLetsRunningOnesFinish(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		ok(w, r)
	})
	c, err := newClient(s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := get(t, c); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all calls run", func() bool { return s.calls() == 20 })
	closed := make(chan error)
	go func() { closed <- c.Close() }()
	eventually(t, "the client is closed", func() bool { return c.Guard().Health().State == base.Down })
	_, err = get(t, c)
	failed(t, err, base.KindClosed)
	close(release)
	all.Wait()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	eventually(t, "every connection is closed", func() bool { return s.open.Load() == 0 })
}

// never sends and does not answer.
var never = base.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).WroteHeaders()
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}))

// busy asks to come again later.
var busy = base.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"30"}}, Body: http.NoBody}, nil
}))

func TestCloseGivesUpWhatStillRunsAfterItsGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient("http://host.example.com", func(c *rest.Config) { c.Guard.Limits.Timeout = base.Duration(time.Hour) }, never)
		if err != nil {
			t.Fatal(err)
		}
		reads, changes := make(chan error, 1), make(chan error, 1)
		for op, result := range map[*base.Op]chan error{read: reads, change: changes} {
			go func() {
				_, err := c.Do(t.Context(), rest.Request{Op: op, Method: http.MethodPost, Path: "/"})
				result <- err
			}()
		}
		synctest.Wait()
		began := time.Now()
		err = c.Close()
		says(t, err, "svc", "still running")
		if took := time.Since(began); took != base.CloseGrace {
			t.Errorf("Close took %s", took)
		}
		failed(t, <-reads, base.KindClosed)
		failed(t, <-changes, base.KindOutcomeUnknown)
		if err := c.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	})
}

func TestCloseWaitsForTheEndOfWhatItGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := base.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			<-time.After(500 * time.Millisecond)
			return nil, context.Cause(r.Context())
		}))
		c, err := newClient("http://host.example.com", func(c *rest.Config) { c.Guard.Limits.Timeout = base.Duration(time.Hour) }, slow)
		if err != nil {
			t.Fatal(err)
		}
		ended := false
		go func() {
			_, _ = c.Do(t.Context(), rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
			ended = true
		}()
		synctest.Wait()
		began := time.Now()
		says(t, c.Close(), "still running")
		if took := time.Since(began); took != base.CloseGrace+500*time.Millisecond {
			t.Errorf("Close took %s", took)
		}
		synctest.Wait()
		if !ended {
			t.Error("the call runs on behind Close")
		}
	})
}

func TestCloseWakesThoseWhoWaitForARetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient("http://host.example.com", func(c *rest.Config) { c.Guard.Limits.Timeout = base.Duration(time.Hour) }, busy)
		if err != nil {
			t.Fatal(err)
		}
		result := make(chan error, 1)
		go func() {
			_, err := c.Do(t.Context(), rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
			result <- err
		}()
		synctest.Wait()
		began := time.Now()
		if err := c.Close(); err != nil || time.Since(began) != 0 {
			t.Errorf("Close took %s, %v", time.Since(began), err)
		}
		e := details(t, <-result, base.KindUnavailable)
		if e.Code != "503" || !errors.Is(e, base.ErrUnavailable) {
			t.Errorf("%+v", e)
		}
	})
}

func TestAnExchangeOutsideOfTheGuardGetsThroughAClosedClient(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
		ok(w, r)
	}, ok)
	c, err := newClient(s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := rest.Request{Op: read, Method: http.MethodDelete, Path: "/v1/things"}
	running := make(chan error, 1)
	go func() {
		_, err := c.Once(bounded(t), stop)
		running <- err
	}()
	<-started
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Once(bounded(t), stop); err != nil {
		t.Errorf("after Close: %v", err)
	}
	close(release)
	if err := <-running; err != nil {
		t.Errorf("under way at Close: %v", err)
	}
	if err := c.Close(); err != nil { // for the connections that were taken since
		t.Error(err)
	}
	eventually(t, "every connection is closed", func() bool { return s.open.Load() == 0 })
}

func TestNoMoreConnectionsAreKeptThanThereArePermits(t *testing.T) {
	t.Parallel()
	const permits, exchanges = 2, 6
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		ok(w, r)
	})
	c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Concurrency = permits })
	var all sync.WaitGroup
	for range exchanges {
		all.Go(func() {
			if _, err := c.Once(bounded(t), rest.Request{Op: read, Method: http.MethodDelete, Path: "/v1/things"}); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all run", func() bool { return s.calls() == exchanges })
	close(release)
	all.Wait()
	eventually(t, "the others are closed", func() bool { return s.open.Load() == permits })
}
