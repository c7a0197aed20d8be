package sign_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/base/sign"
)

func FuzzSchemeText(f *testing.F) {
	for _, seed := range []string{"", "header", "header-literal", "query-app-id", "query-public-nonce", "Header", "sha1", "sha256", "SHA-256", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var scheme, readScheme sign.Scheme
		if err := scheme.UnmarshalText([]byte(text)); err == nil {
			if err := readScheme.UnmarshalText([]byte(scheme.String())); err != nil || readScheme != scheme || scheme.Validate() != nil {
				t.Errorf("scheme %q reads as %s, which does not read back", text, scheme)
			}
		} else if !strings.Contains(err.Error(), "query-app-id") {
			t.Errorf("scheme %q: %v does not list the known ones", text, err)
		}
		var algorithm, readAlgorithm sign.Algorithm
		if err := algorithm.UnmarshalText([]byte(text)); err == nil {
			if err := readAlgorithm.UnmarshalText([]byte(algorithm.String())); err != nil || readAlgorithm != algorithm || algorithm.Validate() != nil {
				t.Errorf("algorithm %q reads as %s, which does not read back", text, algorithm)
			}
		} else if !strings.Contains(err.Error(), "sha256") {
			t.Errorf("algorithm %q: %v does not list the known ones", text, err)
		}
	})
}

// FuzzSigner: what is signed is verified from the bytes on the wire, and no other body, path or query is.
func FuzzSigner(f *testing.F) {
	f.Add("GET", "api/v1/tracking/1", "", []byte(nil))
	f.Add("POST", "a b/%2f/\u00e9", "x=1&x=2&y", []byte(`{"a":1}`))
	f.Add("PUT", "", "a=%20&b=+", []byte("\n"))
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte) {
		target, err := url.Parse("https://host.example")
		if err != nil {
			t.Fatal(err)
		}
		target.Path, target.RawQuery = "/"+path, query
		for _, scheme := range schemes {
			req := &http.Request{Method: method, URL: target, Header: http.Header{}}
			if newSigner(t, sign.Config{Scheme: scheme}).Sign(req, body) != nil {
				continue
			}
			v := newVerifier(t, sign.VerifierConfig{Scheme: scheme, Replays: -1})
			got := &http.Request{Method: req.Method, URL: req.URL, RequestURI: req.URL.RequestURI(), Header: req.Header}
			if err := v.Verify(got, body); err != nil {
				t.Errorf("%s %s of %q %q %q: %v", scheme, method, path, query, body, err)
			}
			if scheme == sign.Header || scheme == sign.HeaderLiteral {
				if v.Verify(got, append(slices.Clone(body), 'x')) == nil {
					t.Errorf("%s: another body is accepted", scheme)
				}
			}
			if scheme != sign.QueryAppID {
				got.RequestURI = "/x" + got.RequestURI
				if v.Verify(got, body) == nil {
					t.Errorf("%s: another path is accepted", scheme)
				}
			}
		}
	})
}
