package sign_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/sign"
)

var moment = time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)

func fixed(at time.Time) func() time.Time { return func() time.Time { return at } }

func secret(text string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

func newSigner(t testing.TB, cfg sign.Config) sign.Signer {
	t.Helper()
	if cfg.AppID == "" {
		cfg.AppID = "demo-app"
	}
	if cfg.Secret == nil {
		cfg.Secret = secret("secret")
	}
	if cfg.Now == nil {
		cfg.Now = fixed(moment)
	}
	s, err := sign.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func request(t testing.TB, method, target string, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://tracking.example.com"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func signed(t testing.TB, s sign.Signer, method, target, body string) *http.Request {
	t.Helper()
	req := request(t, method, target, body)
	if err := s.Sign(req, []byte(body)); err != nil {
		t.Fatal(err)
	}
	return req
}

func TestSignerGivesTheKnownSignatures(t *testing.T) {
	t.Parallel()
	const search = `{"load_ids":"LOAD123"}`
	for _, tc := range []struct {
		name               string
		cfg                sign.Config
		method, path, body string
		want               string
	}{
		{"header GET", sign.Config{}, "GET", "/api/v1/tracking/123456789", "", "b2a62fe2d6a0e976999f53f24daf6c0648d0661b"},
		{"header GET leaves the query out", sign.Config{}, "GET", "/api/v1/tracking/123456789?locale=en", "", "b2a62fe2d6a0e976999f53f24daf6c0648d0661b"},
		{"header POST", sign.Config{}, "POST", "/api/v1/tracking/search", search, "efdcf96bfe4ae252a98e5a5fab6dbb03ebed8be3"},
		{"literal GET", sign.Config{Scheme: sign.HeaderLiteral}, "GET", "/api/v1/tracking/123456789", "", "7f610733e185fbdf660c33cefbf5fd0eea5d7e8e"},
		{"literal POST", sign.Config{Scheme: sign.HeaderLiteral}, "POST", "/api/v1/tracking/search", search, "52aa7f150b044bee6a6d6339f755f44eedf927eb"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req := signed(t, newSigner(t, tc.cfg), tc.method, tc.path, tc.body)
			got := []string{req.Header.Get(sign.HeaderDevice), req.Header.Get(sign.HeaderSignature), req.Header.Get(sign.HeaderTimestamp)}
			if diff := cmp.Diff([]string{"demo-app", tc.want, "1735787045"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSignerAddsTheKnownQueryParametersLast(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, target, want string
		cfg                sign.Config
	}{
		{
			"app id", "/api/v1/tracking?locale=en", "locale=en&app_id=demo-app&timestamp=20250102030405&signature=0A%2Bw7jTVF6X7%2BF%2BABSJr3H7rCE4%3D",
			sign.Config{Scheme: sign.QueryAppID},
		},
		{
			"app id, no query", "/x", "app_id=demo-app&timestamp=20250102030401&signature=bLjH4v%2Br9b3%2BUZq%2FVw3TMJHprxo%3D",
			sign.Config{Scheme: sign.QueryAppID, Now: fixed(moment.Add(-4 * time.Second))},
		},
		{
			"app id, URL-safe", "/x", "app_id=demo-app&timestamp=20250102030405&signature=0A-w7jTVF6X7-F-ABSJr3H7rCE4%3D",
			sign.Config{Scheme: sign.QueryAppID, URLSafe: true},
		},
		{
			"app id, clock in another zone", "/x", "app_id=demo-app&timestamp=20250102030405&signature=0A-w7jTVF6X7-F-ABSJr3H7rCE4%3D",
			sign.Config{Scheme: sign.QueryAppID, URLSafe: true, Now: fixed(moment.In(time.FixedZone("", 19800)))},
		},
		{
			"public nonce", "/api/v1/tracking?shipper=demo-shipper&load_ids=LOAD123",
			"shipper=demo-shipper&load_ids=LOAD123&client_id=demo-client&timestamp=20250102030405&signature=YfEGmBj0F0a2B2cgeCkPuvfhDMA=",
			sign.Config{Scheme: sign.QueryPublicNonce, AppID: "demo-client"},
		},
		{
			"public nonce, clock in another zone", "/api/v1/tracking?shipper=demo-shipper&load_ids=LOAD123",
			"shipper=demo-shipper&load_ids=LOAD123&client_id=demo-client&timestamp=20250102030405&signature=YfEGmBj0F0a2B2cgeCkPuvfhDMA=",
			sign.Config{Scheme: sign.QueryPublicNonce, AppID: "demo-client", Now: fixed(moment.In(time.FixedZone("", 19800)))},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSigner(t, tc.cfg)
			req := request(t, "GET", tc.target, "")
			shared := req.URL
			before := shared.RawQuery
			for range 3 { // a retry replaces the former signature
				if err := s.Sign(req, nil); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, req.URL.RawQuery); diff != "" {
					t.Error(diff)
				}
			}
			if shared.RawQuery != before {
				t.Error("the URL that clones share was changed")
			}
		})
	}
}

func TestSignerSignsAnewWithTheClockAndTheCurrentSecret(t *testing.T) {
	t.Parallel()
	now, current := moment, "secret"
	s := newSigner(t, sign.Config{
		Now:    func() time.Time { return now },
		Secret: func(context.Context) ([]byte, error) { return []byte(current), nil },
	})
	req := request(t, "GET", "/a", "")
	seen := map[string]bool{}
	for range 3 {
		if err := s.Sign(req, nil); err != nil {
			t.Fatal(err)
		}
		seen[req.Header.Get(sign.HeaderSignature)] = true
		now = now.Add(time.Second)
	}
	current = "rotated"
	now = moment
	if err := s.Sign(req, nil); err != nil {
		t.Fatal(err)
	}
	seen[req.Header.Get(sign.HeaderSignature)] = true
	if len(seen) != 4 {
		t.Errorf("%d different signatures, want 4", len(seen))
	}
}

func TestAHeaderThatGrowsLeavesTheSignatureAlone(t *testing.T) {
	t.Parallel()
	req := signed(t, newSigner(t, sign.Config{}), "GET", "/a", "")
	want := []string{req.Header.Get(sign.HeaderSignature), req.Header.Get(sign.HeaderTimestamp)}
	for _, name := range []string{sign.HeaderDevice, sign.HeaderSignature} {
		req.Header.Add(name, "from a proxy")
	}
	got := []string{req.Header.Get(sign.HeaderSignature), req.Header.Get(sign.HeaderTimestamp)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSignerUsesTheAlgorithmOfItsConfig(t *testing.T) {
	t.Parallel()
	req := signed(t, newSigner(t, sign.Config{Algorithm: sign.SHA256}), "GET", "/a", "")
	if got := len(req.Header.Get(sign.HeaderSignature)); got != 64 {
		t.Errorf("signature has %d digits, want 64", got)
	}
}

func TestSignerRefusesWhatItCannotSign(t *testing.T) {
	t.Parallel()
	broken := errors.New("store is down")
	for _, tc := range []struct {
		name string
		cfg  sign.Config
		edit func(*http.Request)
		want error
	}{
		{"method with a line break", sign.Config{}, func(r *http.Request) { r.Method = "GET\n/b" }, sign.ErrUnsignable},
		{"opaque URL", sign.Config{}, func(r *http.Request) { r.URL.Opaque = "x" }, sign.ErrUnsignable},
		{"no URL", sign.Config{}, func(r *http.Request) { r.URL = nil }, sign.ErrUnsignable},
		{"relative path", sign.Config{}, func(r *http.Request) { r.URL.Path = "a" }, sign.ErrUnsignable},
		{"own parameter", sign.Config{Scheme: sign.QueryAppID}, func(r *http.Request) { r.URL.RawQuery = "signature=x" }, sign.ErrUnsignable},
		{"own parameter, encoded", sign.Config{Scheme: sign.QueryPublicNonce}, func(r *http.Request) { r.URL.RawQuery = "client%5Fid=x&a=b" }, sign.ErrUnsignable},
		{"space in the query", sign.Config{Scheme: sign.QueryPublicNonce}, func(r *http.Request) { r.URL.RawQuery = "a= b" }, sign.ErrUnsignable},
		{"empty secret", sign.Config{Secret: secret("")}, nil, sign.ErrSecret},
		{"failing provider", sign.Config{Secret: func(context.Context) ([]byte, error) { return nil, broken }}, nil, broken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req := request(t, "GET", "/a", "")
			if tc.edit != nil {
				tc.edit(req)
			}
			if err := newSigner(t, tc.cfg).Sign(req, nil); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := sign.New(sign.Config{Scheme: "x", Algorithm: "md5"})
	for _, word := range []string{"scheme", "algorithm", "AppID", "Secret"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name %s", err, word)
		}
	}
	if _, err := sign.New(sign.Config{AppID: "a\nb", Secret: secret("s")}); err == nil {
		t.Error("an app id with a line break was accepted")
	}
}

func TestSchemesAndAlgorithmsAreReadFromText(t *testing.T) {
	t.Parallel()
	for _, want := range []sign.Scheme{sign.Header, sign.HeaderLiteral, sign.QueryAppID, sign.QueryPublicNonce} {
		var got sign.Scheme
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Errorf("%s read as %q, %v", want, string(got), err)
		}
	}
	for _, want := range []sign.Algorithm{sign.SHA1, sign.SHA256} {
		var got sign.Algorithm
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Errorf("%s read as %q, %v", want, string(got), err)
		}
	}
	if err := new(sign.Scheme).UnmarshalText([]byte("Header ")); err == nil {
		t.Error("an unknown scheme was accepted")
	}
	if err := new(sign.Algorithm).UnmarshalText([]byte("md5")); err == nil {
		t.Error("an unknown algorithm was accepted")
	}
}

// The signature must hold for the bytes that Go puts on the wire, whatever the path and query look like.
func TestVerifierAcceptsWhatGoSendsOverTheWire(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		t.Run(scheme.String(), func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, sign.VerifierConfig{Scheme: scheme, Replays: -1}) // "" and "/" are the same on the wire
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if err := v.Verify(r, body); err != nil {
					http.Error(w, err.Error(), http.StatusUnauthorized)
				}
			}))
			t.Cleanup(server.Close)
			s := newSigner(t, sign.Config{Scheme: scheme})
			for _, target := range []string{
				"", "/", "?a=1", "/a%2Fb", "/a%2fb", "/a b", "/ä/é/e\u0301", `/a"b`, "/a\\nb", "//x//y", "/a;b,c",
				"/x?b=2&a=1&a=1&c&d=", "/x?q=a+b%20c%2B", "/x?", "/x?a=%26signature=b", "/[1]",
			} {
				req, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+target, strings.NewReader("a\nb"))
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Sign(req, []byte("a\nb")); err != nil {
					t.Fatalf("%q: %v", target, err)
				}
				resp, err := server.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				text, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%q: %s", target, text)
				}
			}
		})
	}
}

func TestSignerIsConcurrentSafe(t *testing.T) {
	t.Parallel()
	want := signed(t, newSigner(t, sign.Config{}), "GET", "/a", "").Header.Get(sign.HeaderSignature)
	var mu sync.Mutex
	n := 0
	s := newSigner(t, sign.Config{Secret: func(context.Context) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		if n%3 == 0 {
			return []byte("other"), nil
		}
		return []byte("secret"), nil
	}})
	other := signed(t, newSigner(t, sign.Config{Secret: secret("other")}), "GET", "/a", "").Header.Get(sign.HeaderSignature)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				req := request(t, "GET", "/a", "")
				if err := s.Sign(req, nil); err != nil {
					t.Error(err)
				}
				if got := req.Header.Get(sign.HeaderSignature); got != want && got != other {
					t.Errorf("signature %s belongs to no key", got)
				}
			}
		})
	}
	wg.Wait()
}

func ExampleNew() {
	signer, err := sign.New(sign.Config{
		AppID:  "demo-app",
		Secret: func(context.Context) ([]byte, error) { return []byte("secret"), nil },
		Now:    func() time.Time { return time.Unix(1735787045, 0) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/api/v1/tracking/123456789", nil)
	if err := signer.Sign(req, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(req.Header.Get(sign.HeaderSignature))
	// Output: b2a62fe2d6a0e976999f53f24daf6c0648d0661b
}

func keyOf(key []byte) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return key, nil }
}
