package rest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestAStatusDecidesTheKindAndWhetherItIsRetried(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]struct {
		kind    base.Kind
		retried bool
	}{
		200: {}, 201: {}, 204: {}, 206: {},
		300: {base.KindProtocol, false}, 301: {base.KindProtocol, false}, 304: {base.KindProtocol, false}, 308: {base.KindProtocol, false},
		400: {base.KindInvalid, false}, 401: {base.KindUnauthenticated, false}, 402: {base.KindQuotaExceeded, false}, 403: {base.KindPermission, false},
		404: {base.KindNotFound, false}, 405: {base.KindInvalid, false}, 406: {base.KindInvalid, false}, 407: {base.KindInvalid, false},
		408: {base.KindUnavailable, true}, 409: {base.KindConflict, true}, 410: {base.KindNotFound, false}, 411: {base.KindInvalid, false},
		413: {base.KindTooLarge, false}, 414: {base.KindTooLarge, false}, 415: {base.KindInvalid, false}, 422: {base.KindInvalid, false},
		429: {base.KindThrottled, true}, 451: {base.KindInvalid, false}, 499: {base.KindInvalid, false},
		500: {base.KindUnavailable, true}, 501: {base.KindInternal, false}, 502: {base.KindUnavailable, true}, 503: {base.KindUnavailable, true},
		504: {base.KindUnavailable, true}, 505: {base.KindInternal, false}, 529: {base.KindOverloaded, true}, 599: {base.KindInternal, false},
		600: {base.KindInternal, false}, 999: {base.KindInternal, false},
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s := serve(t, status(code, "", "Retry-After", "0.01"), ok)
			c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Retries = 1 })
			_, err := get(t, c)
			if calls := 1 + map[bool]int{true: 1}[want.retried]; s.calls() != calls {
				t.Errorf("%d requests, want %d", s.calls(), calls)
			}
			if want.retried {
				if err != nil {
					t.Errorf("after a good answer: %v", err)
				}
				_, err = get(t, clientOf(t, serve(t, status(code, "")).URL, noRetries))
			}
			if base.KindOf(err) != want.kind {
				t.Errorf("kind %v, want %v: %v", base.KindOf(err), want.kind, err)
			}
			if e, _ := errors.AsType[*base.Error](err); err != nil && (e.Code != fmt.Sprint(code) || e.Sent != base.Answered) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestTheServicesWordsAreInTheErrorCleaned(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body, kind string
		says       string
		hides      []string
	}{
		"message":   {`{"message":"no such load"}`, "application/json", "HTTP 400: no such load", nil},
		"error":     {`{"error":"bad id","code":7}`, "application/json", "HTTP 400: bad id", nil},
		"problem":   {`{"title":"odd","detail":"the id is odd"}`, "application/problem+json", "HTTP 400: the id is odd", nil},
		"nested":    {`{"error":{"message":"deep"}}`, "application/json", `deep`, nil},
		"text":      {"plain words", "text/plain", "HTTP 400: plain words", nil},
		"html":      {"<html><body>secret page</body></html>", "text/html", "HTTP 400", []string{"page"}},
		"binary":    {"\xff\xfe\x00", "application/octet-stream", "HTTP 400", []string{"\xff", "\x00"}},
		"empty":     {"", "", "HTTP 400", nil},
		"lines":     {"one\r\ntwo\x1b[31m\u202e", "text/plain", "one  two", []string{"\n", "\x1b", "\u202e"}},
		"long":      {strings.Repeat("ü", 5000), "text/plain", "üüü", []string{strings.Repeat("ü", 400)}},
		"secret":    {`{"message":"key ` + secretKey + ` is wrong"}`, "application/json", "key [redacted] is wrong", []string{secretKey}},
		"a secret?": {"/?key=s3cr3t%2Fkey+with+space", "text/plain", "redacted", []string{"s3cr3t"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, status(400, tc.body, "Content-Type", tc.kind))
			_, err := get(t, clientOf(t, s.URL, nil))
			failed(t, err, base.KindInvalid)
			says(t, err, tc.says)
			for _, e := range tree(err) {
				for _, hidden := range tc.hides {
					if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), hidden) {
						t.Errorf("%q shows in %q", hidden, e)
					}
				}
			}
		})
	}
}

func TestTheIDOfARequestIsKeptIfItIsOne(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"0af7651916cd43dd8448eb211c80319c": "0af7651916cd43dd8448eb211c80319c", "": "", strings.Repeat("x", 129): "", "a b": "", "\u202eevil": "",
		"id-of-pr1ntable-secret": "", "id-of-another": "id-of-another",
	} {
		s := serve(t, status(400, "", "X-Request-Id", given))
		_, err := get(t, clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Secrets = func() []string { return []string{"pr1ntable-secret"} } }))
		if e := details(t, err, base.KindInvalid); e.RequestID != want {
			t.Errorf("%q is kept as %q", given, e.RequestID)
		}
	}
}

func TestASourceMayKnowItsAnswersBetter(t *testing.T) {
	t.Parallel()
	s := serve(t, status(404, "", "X-Request-Id", "req-1"))
	c := clientOf(t, s.URL, func(c *rest.Config) {
		c.Classify = func(r rest.Response) *base.Error {
			e := base.NewError(base.KindPermission, &rest.StatusError{Status: r.Status})
			e.Code, e.Hint = "hidden", "ask for access"
			return e
		}
	})
	_, err := get(t, c)
	e := details(t, err, base.KindPermission)
	if e.Code != "hidden" || e.RequestID != "req-1" || e.Sent != base.Answered || e.Source != "svc" || e.Op != "Read" {
		t.Errorf("%+v", e)
	}
	s = serve(t, status(http.StatusNotFound, "gone"))
	_, err = get(t, clientOf(t, s.URL, func(c *rest.Config) { c.Classify = func(rest.Response) *base.Error { return nil } }))
	failed(t, err, base.KindNotFound)
	says(t, err, "gone")
}

func TestARefusalInsideAGoodAnswerIsRetriedLikeAnother(t *testing.T) {
	t.Parallel()
	s := serve(t, status(200, "busy", "X-Request-Id", "req-1"), ok)
	inspect := func(c *rest.Config) {
		c.Inspect = func(r rest.Response) *base.Error {
			if string(r.Body) == "busy" {
				return base.NewError(base.KindUnavailable, errors.New("busy inside"))
			}
			return nil
		}
	}
	if _, err := get(t, clientOf(t, s.URL, inspect)); err != nil || s.calls() != 2 {
		t.Errorf("%d requests, %v", s.calls(), err)
	}
	_, err := get(t, clientOf(t, serve(t, status(200, "busy", "X-Request-Id", "req-1")).URL, func(c *rest.Config) { inspect(c); noRetries(c) }))
	if e := details(t, err, base.KindUnavailable); e.RequestID != "req-1" || e.Sent != base.Answered {
		t.Errorf("%+v", e)
	}
}
