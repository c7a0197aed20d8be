package rest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestAForeignAddressGetsNeitherSignatureNorHeadersOfTheClient(t *testing.T) {
	t.Parallel()
	own, other := serve(t, ok), serve(t, ok, ok, status(403, "no"))
	c := clientOf(t, own.URL, func(c *rest.Config) {
		c.Header = http.Header{"X-Own": {"1"}}
		c.Sign = func(req *http.Request, _ []byte) error {
			req.Header.Set("Authorization", "signed")
			return nil
		}
	})
	elsewhere, err := url.Parse(other.URL + "/part/1?signature=theirs")
	if err != nil {
		t.Fatal(err)
	}
	r := rest.Request{Op: read, Method: http.MethodGet, Foreign: elsewhere, Header: http.Header{"X-Asked": {"1"}}}
	if _, err := c.Do(bounded(t), r); err != nil {
		t.Error(err)
	}
	if _, err := c.Once(bounded(t), r); err != nil {
		t.Error(err)
	}
	_, err = c.Do(bounded(t), r)
	failed(t, err, base.KindPermission)
	if own.calls() != 0 {
		t.Errorf("%d requests went to the service itself", own.calls())
	}
	for i, seen := range other.seen() {
		got := map[string]string{"target": seen.RequestURI}
		for _, name := range []string{"Authorization", "X-Own", "X-Asked"} {
			got[name] = seen.Header.Get(name)
		}
		want := map[string]string{"target": "/part/1?signature=theirs", "Authorization": "", "X-Own": "", "X-Asked": "1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request %d: %s", i+1, diff)
		}
	}
	if _, err := get(t, c); err != nil || own.seen()[0].Header.Get("Authorization") != "signed" || own.seen()[0].Header.Get("X-Own") != "1" {
		t.Errorf("the service's own request: %v", err)
	}
}

// decoder counts how often it was closed.
type decoder struct {
	io.Reader
	closed *int
}

func (d decoder) Close() error { *d.closed++; return nil }

func TestADecoderIsClosedAfterEveryAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body io.Reader
		kind base.Kind
	}{
		"whole":      {strings.NewReader("{}"), base.KindUnknown},
		"too large":  {bytes.NewReader(make([]byte, 1<<20)), base.KindTooLarge},
		"broken off": {io.MultiReader(strings.NewReader("{"), errorReader{}), base.KindUnavailable},
	} {
		closed, asked := 0, ""
		s := serve(t, status(200, "coded", "Content-Encoding", "own"))
		client := clientOf(t, s.URL, func(config *rest.Config) {
			capped(1 << 10)(config)
			config.Decode = func(encoding string, _ io.Reader) (io.ReadCloser, error) {
				asked = encoding
				return decoder{c.body, &closed}, nil
			}
		})
		if _, err := get(t, client); base.KindOf(err) != c.kind || closed != 1 || asked != "own" {
			t.Errorf("%s: closed %d times, of %q, %v", name, closed, asked, err)
		}
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestTheQuotaThatAGoodAnswerUsesUpHoldsTheNextCallBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient("http://host.example.com", nil, base.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
			header := http.Header{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"5"}}
			return &http.Response{StatusCode: 200, Header: header, Body: http.NoBody}, nil
		})))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 2 {
			if _, err := get(t, c); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("two calls took %s", took)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// listener is a limiter that hears of the quota.
type listener struct{ heard chan string }

func (listener) Acquire(context.Context, int64) (func(), error) { return func() {}, nil }
func (l listener) Observe(h http.Header)                        { l.heard <- h.Get("Ratelimit-Remaining") }

func TestALimiterHearsOfTheQuotaOfEveryAnswer(t *testing.T) {
	t.Parallel()
	l := listener{make(chan string, 10)}
	c := clientOf(t, serve(t, status(200, `{"n":1}`, "RateLimit-Remaining", "7")).URL, nil, base.WithLimiter(l))
	if _, err := get(t, c); err != nil {
		t.Fatal(err)
	}
	if len(l.heard) != 1 || <-l.heard != "7" {
		t.Error("it did not hear")
	}
}
