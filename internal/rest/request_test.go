package rest_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestAPathStaysBelowTheBaseURL(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	c := clientOf(t, s.URL+"/prefix/of/it/", nil)
	long := strings.Repeat("9", 10_000)
	for given, sent := range map[string]string{
		"/v1/things":                        "/prefix/of/it/v1/things",
		"/v1/" + url.PathEscape("a/b"):      "/prefix/of/it/v1/a%2Fb",
		"/v1/" + url.PathEscape("ü 日本"):     "/prefix/of/it/v1/%C3%BC%20%E6%97%A5%E6%9C%AC",
		"/v1/" + url.PathEscape("a\nb"):     "/prefix/of/it/v1/a%0Ab",
		"/v1/" + url.PathEscape("100%2F?#"): "/prefix/of/it/v1/100%252F%3F%23",
		"/v1/" + long:                       "/prefix/of/it/v1/" + long,
		"/v1/a..b/...":                      "/prefix/of/it/v1/a..b/...",
		"/":                                 "/prefix/of/it/",
	} {
		if _, err := c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: given}); err != nil {
			t.Errorf("%.60q: %v", given, err)
			continue
		}
		all := s.seen()
		if got := all[len(all)-1].RequestURI; got != sent {
			t.Errorf("%.60q was sent as %.80q", given, got)
		}
	}
	before := s.calls()
	for _, bad := range []string{
		"", "v1", "@evil.example.com/", "/..", "/../", "/v1/..", "/v1/../../x", "/v1/./x", "/v1/%2e%2e/x", "/v1/%2E.", "/v1/..%2Fx", "/v1/a%2F..",
		"/v1/..%5Cx", "/v1/%252e%252e/x", "/v1/..;/x", "/v1/..%00", "/v1/a b", "/v1/a\nb", "/v1/a\x00", "/v1/ü", "/v1/a?b", "/v1/a#b", "/v1/%", "/v1/%zz", "/v1/a%2Fb?c", "\\..\\x",
	} {
		_, err := c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: bad})
		e := details(t, err, base.KindInvalid)
		says(t, err, "path: ")
		if e.Sent != base.NotSent || strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%q: %+v", bad, e)
		}
	}
	if n := s.calls() - before; n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAQueryMustBeEncoded(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	c := clientOf(t, s.URL, nil)
	for _, bad := range []string{"a b", "a\r\nX-Evil: 1", "a\x00", "ü=1", "a#b", "a\x7f"} {
		_, err := c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/", Query: bad})
		failed(t, err, base.KindInvalid)
		says(t, err, "query: ")
	}
	if s.calls() != 0 {
		t.Errorf("%d requests were sent", s.calls())
	}
}

func TestNoHeaderCanBeSmuggledIn(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	c := clientOf(t, s.URL, nil)
	for _, h := range []http.Header{
		{"X-A": {"1\r\nX-Evil: 1"}},
		{"X-A": {"1\nX-Evil: 1"}},
		{"X-A": {"ok", "\x00" + secretKey}},
		{"X-A": {"\x7f"}},
		{"X A": {"1"}},
		{"X-A\r\nX-Evil": {"1"}},
		{"": {"1"}},
		{"X:": {"1"}},
	} {
		_, err := c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/", Header: h})
		e := details(t, err, base.KindInvalid)
		says(t, err, "header")
		if e.Sent != base.NotSent || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v", h, e)
		}
	}
	_, err := c.Do(bounded(t), rest.Request{Op: read, Method: "GET\r\nX-Evil: 1", Path: "/"})
	failed(t, err, base.KindInvalid)
	says(t, err, "method")
	if s.calls() != 0 {
		t.Errorf("%d requests were sent", s.calls())
	}
	h := http.Header{"x-lower": {"ä\tb"}}
	if _, err := c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/", Header: h}); err != nil || s.seen()[0].Header.Get("X-Lower") != "ä\tb" {
		t.Errorf("%v", err)
	}
}

func TestABaseURLThatCannotBeOneIsRefusedWithoutBeingRepeated(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]string{
		"": "missing", "://h1dden": "not a URL", "host/path": "scheme", "ftp://h1dden": "scheme", "https://": "no host", "https:///x": "no host",
		"https://:443/": "no host", "https://user:h1dden@host": "neither user", "https://host/?k=h1dden": "neither user", "https://host?": "neither user",
		"https://host/#h1dden": "neither user", "https://host:99999": "port", "https://host:0": "port", "https://host:h1dden": "not a URL",
		"https://ho st/": "not a URL", "https://host/a\nb": "not a URL", "https://host/a b": "not a URL", "https:host": "no host", "https://hést/": "not a URL",
	} {
		_, err := newClient(text, nil)
		if err == nil || !strings.Contains(err.Error(), "base URL: ") || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "h1dden") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"https://host": "https://host", "http://host:8080/a/b//": "http://host:8080/a/b", "https://[::1]:1/": "https://[::1]:1", "https://host/a%2Fb/": "https://host/a%2Fb",
	} {
		if u, err := rest.ParseBaseURL(text); err != nil || u.String() != want {
			t.Errorf("%q: %v, %v", text, u, err)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/v1/things", "/..", "/%2e%2e/x", "/a%2Fb", "/\\..", "/a?b", "/%25%32%65%25%32%65/", "//evil.example.com/", "/;/..;x/"} {
		f.Add(seed, "a=1")
	}
	var sent *http.Request
	c, err := newClient("https://host.example.com/prefix", noRetries, base.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = r
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}, nil
	})))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, query string) {
		if _, err := c.Do(t.Context(), rest.Request{Op: read, Method: http.MethodGet, Path: text, Query: query}); err != nil {
			failed(t, err, base.KindInvalid)
			return
		}
		target := sent.URL.RequestURI()
		decoded, err := url.PathUnescape(sent.URL.EscapedPath())
		if err != nil || sent.URL.Host != "host.example.com" || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Fatalf("%q is sent as %q to %s", text, target, sent.URL.Host)
		}
		if clean := path.Clean(decoded); clean != "/prefix" && !strings.HasPrefix(clean, "/prefix/") {
			t.Fatalf("%q leads to %q", text, clean)
		}
		if target != "/prefix"+text+"?"+query && (query != "" || target != "/prefix"+text) {
			t.Fatalf("%q and %q are sent as %q", text, query, target)
		}
	})
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
