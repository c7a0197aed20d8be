package rest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

var (
	read   = &base.Op{Name: "Read"}
	change = &base.Op{Name: "Change", Safety: base.Unsafe}
)

// service is a server that answers as its steps say, one after another, the last one for ever.
type service struct {
	*httptest.Server
	open, made atomic.Int64 // connections

	mu       sync.Mutex
	requests []*http.Request
	steps    []http.HandlerFunc
}

func newService(steps ...http.HandlerFunc) *service {
	s := &service{steps: steps}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ErrorLog = silentLog
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.open.Add(1)
			s.made.Add(1)
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
		}
	}
	return s
}

// serve starts a service over plain HTTP.
func serve(t *testing.T, steps ...http.HandlerFunc) *service {
	t.Helper()
	s := newService(steps...)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	step := s.steps[min(len(s.requests), len(s.steps)-1)]
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	step(w, r)
}

func (s *service) seen() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *service) calls() int { return len(s.seen()) }

// status answers with a status, headers given as name, value, and a body.
func status(code int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

var ok = status(200, `{"n":1}`)

// wire answers with bytes of the test's own, then closes the connection, with a reset if it says so.
func wire(text string, reset bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c := hijack(w)
		_, _ = c.Write([]byte(text))
		if reset {
			_ = c.SetLinger(0)
		}
		_ = c.Close()
	}
}

func hijack(w http.ResponseWriter) *net.TCPConn {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return c.(*net.TCPConn)
}

// hold does not answer until the client goes away.
func hold(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// silence sends a part of an answer and holds the rest back.
func silence(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte(`{"n":`))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

const secretKey = "s3cr3t/key with space"

func clientOf(t *testing.T, url string, modify func(*rest.Config), opts ...base.Option) *rest.Client {
	t.Helper()
	c, err := newClient(url, modify, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func newClient(url string, modify func(*rest.Config), opts ...base.Option) (*rest.Client, error) {
	config := rest.Config{
		BaseURL: url, Proxy: "none",
		Guard: base.GuardConfig{
			Name:    "svc",
			Limits:  base.Limits{Timeout: base.Duration(20 * time.Second), RetryRatio: -1, Breaker: base.Breaker{Ratio: -1}},
			Secrets: func() []string { return []string{secretKey} },
		},
	}
	if modify != nil {
		modify(&config)
	}
	options, err := base.NewOptions(opts, "Transport", "Dialer", "TLS")
	if err != nil {
		return nil, err
	}
	return rest.New(config, options)
}

func noRetries(c *rest.Config) { c.Guard.Limits.Retries = -1 }

func get(t *testing.T, c *rest.Client) (rest.Response, error) {
	t.Helper()
	return c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/v1/things"})
}

func post(t *testing.T, c *rest.Client, op *base.Op) (rest.Response, error) {
	t.Helper()
	return c.Do(bounded(t), rest.Request{Op: op, Method: http.MethodPost, Path: "/v1/things", Body: []byte(`{"x":1}`)})
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// failed checks the kind of an error and that its text does not hold the secret.
func failed(t *testing.T, err error, kind base.Kind) {
	t.Helper()
	_ = details(t, err, kind)
}

// details is failed, for more to look at.
func details(t *testing.T, err error, kind base.Kind) *base.Error {
	t.Helper()
	e, typed := errors.AsType[*base.Error](err)
	if !typed {
		t.Fatalf("not a *base.Error: %v", err)
	}
	if e.Kind != kind {
		t.Errorf("kind %v, want %v: %v", e.Kind, kind, err)
	}
	if strings.Contains(err.Error(), secretKey) {
		t.Errorf("the secret shows: %v", err)
	}
	return e
}

func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// tree is an error with all that it wraps.
func tree(err error) []error {
	if err == nil {
		return nil
	}
	all := append([]error{err}, tree(errors.Unwrap(err))...)
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			all = append(all, tree(inner)...)
		}
	}
	return all
}
