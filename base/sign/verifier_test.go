package sign_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base/sign"
)

var schemes = []sign.Scheme{sign.Header, sign.HeaderLiteral, sign.QueryAppID, sign.QueryPublicNonce}

func keys(texts ...string) func(context.Context, string) ([][]byte, error) {
	return func(_ context.Context, app string) ([][]byte, error) {
		if app != "demo-app" {
			return nil, nil
		}
		var out [][]byte
		for _, text := range texts {
			out = append(out, []byte(text))
		}
		return out, nil
	}
}

func newVerifier(t testing.TB, cfg sign.VerifierConfig) *sign.Verifier {
	t.Helper()
	if cfg.Keys == nil {
		cfg.Keys = keys("secret")
	}
	if cfg.Now == nil {
		cfg.Now = fixed(moment)
	}
	v, err := sign.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifierOfEveryScheme(t *testing.T) {
	t.Parallel()
	for _, scheme := range schemes {
		for _, algorithm := range []sign.Algorithm{sign.SHA1, sign.SHA256} {
			t.Run(scheme.String()+" "+algorithm.String(), func(t *testing.T) {
				t.Parallel()
				checkScheme(t, scheme, algorithm)
			})
		}
	}
}

func checkScheme(t *testing.T, scheme sign.Scheme, algorithm sign.Algorithm) {
	cfg := sign.Config{Scheme: scheme, Algorithm: algorithm}
	vcfg := sign.VerifierConfig{Scheme: scheme, Algorithm: algorithm}
	send := func(cfg sign.Config) *http.Request { return signed(t, newSigner(t, cfg), "POST", "/a?b=c", "body") }
	verify := func(vcfg sign.VerifierConfig, req *http.Request) error {
		return newVerifier(t, vcfg).Verify(req, []byte("body"))
	}
	check := func(what string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	check("its own request", verify(vcfg, send(cfg)), nil)
	check("unsigned", verify(vcfg, request(t, "POST", "/a?b=c", "body")), sign.ErrMissing)

	rotating := vcfg
	rotating.Keys = keys("new", "secret")
	check("old key during rotation", verify(rotating, send(cfg)), nil)
	rotating.Keys = keys("new")
	check("old key after rotation", verify(rotating, send(cfg)), sign.ErrSignature)
	rotating.Keys = keys("a", "b", "secret")
	check("three keys", verify(rotating, send(cfg)), sign.ErrSecret)
	rotating.Keys = keys("")
	check("empty key", verify(rotating, send(cfg)), sign.ErrSecret)

	stranger := cfg
	stranger.AppID = "stranger"
	check("unknown app", verify(vcfg, send(stranger)), sign.ErrUnknownApp)

	for _, offset := range []time.Duration{-300 * time.Second, 300 * time.Second} {
		edge := cfg
		edge.Now = fixed(moment.Add(offset))
		check("edge of the window", verify(vcfg, send(edge)), nil)
		within := vcfg
		within.Now = fixed(moment.Add(999 * time.Millisecond)) // a timestamp counts whole seconds
		check("edge of the window, late in the second", verify(within, send(edge)), nil)
		past := cfg
		past.Now = fixed(moment.Add(offset * 2))
		err := verify(vcfg, send(past))
		check("outside the window", err, sign.ErrExpired)
		if skew, ok := errors.AsType[*sign.SkewError](err); !ok || skew.Skew != offset*2 {
			t.Errorf("skew: got %v, want %s", err, offset*2)
		}
	}

	v := newVerifier(t, vcfg)
	req := send(cfg)
	check("first", v.Verify(req, []byte("body")), nil)
	check("replayed", v.Verify(req, []byte("body")), sign.ErrReplayed)
	vcfg.AllowReplay = func(*http.Request) bool { return true }
	v = newVerifier(t, vcfg)
	check("first, allowed", v.Verify(req, []byte("body")), nil)
	check("second, allowed", v.Verify(req, []byte("body")), nil)
}

func TestVerifierRefusesEveryChangedTag(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, sign.VerifierConfig{Replays: -1})
	req := signed(t, newSigner(t, sign.Config{}), "GET", "/a", "")
	good := req.Header.Get(sign.HeaderSignature)
	try := func(tag string) {
		t.Helper()
		req.Header.Set(sign.HeaderSignature, tag)
		err := v.Verify(req, nil)
		if !errors.Is(err, sign.ErrSignature) && !(tag == "" && errors.Is(err, sign.ErrMissing)) {
			t.Errorf("tag %q: %v", tag, err)
		}
	}
	for n := range len(good) {
		try(good[:n]) // truncated, down to nothing
		flipped := []byte(good)
		flipped[n] ^= 1
		try(string(flipped))
	}
	try(good + "00")
	try(good + good)
	try(" " + good)
	req.Header.Set(sign.HeaderSignature, good)
	if err := v.Verify(req, nil); err != nil {
		t.Errorf("the whole tag: %v", err)
	}
	req.Header.Add(sign.HeaderSignature, good)
	if err := v.Verify(req, nil); !errors.Is(err, sign.ErrSignature) {
		t.Errorf("repeated header: %v", err)
	}
}

func TestVerifierRefusesAChangedRequest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"method":    func(r *http.Request) { r.Method = "PUT" },
		"path":      func(r *http.Request) { r.URL.Path = "/b" },
		"timestamp": func(r *http.Request) { r.Header.Set(sign.HeaderTimestamp, "1735787046") },
		"plus sign": func(r *http.Request) { r.Header.Set(sign.HeaderTimestamp, "+1735787045") },
		"zeros":     func(r *http.Request) { r.Header.Set(sign.HeaderTimestamp, "01735787045") },
		"backslash": func(r *http.Request) { r.RequestURI = `/a\n1` },
		"raw break": func(r *http.Request) { r.RequestURI = "/a\n1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := signed(t, newSigner(t, sign.Config{}), "POST", "/a", "body")
			change(req)
			if err := newVerifier(t, sign.VerifierConfig{}).Verify(req, []byte("body")); !errors.Is(err, sign.ErrSignature) {
				t.Errorf("got %v", err)
			}
		})
	}
	req := signed(t, newSigner(t, sign.Config{}), "POST", "/a", "body")
	if err := newVerifier(t, sign.VerifierConfig{}).Verify(req, []byte("bodY")); !errors.Is(err, sign.ErrSignature) {
		t.Errorf("body: got %v", err)
	}
	req = signed(t, newSigner(t, sign.Config{Scheme: sign.QueryPublicNonce}), "GET", "/a?b=c", "")
	req.URL.RawQuery = strings.Replace(req.URL.RawQuery, "b=c", "b=d", 1)
	if err := newVerifier(t, sign.VerifierConfig{Scheme: sign.QueryPublicNonce}).Verify(req, nil); !errors.Is(err, sign.ErrSignature) {
		t.Errorf("query: got %v", err)
	}
	for _, extra := range []string{"&x=1", "&signature=x"} {
		req = signed(t, newSigner(t, sign.Config{Scheme: sign.QueryPublicNonce}), "GET", "/a", "")
		req.URL.RawQuery += extra
		if err := newVerifier(t, sign.VerifierConfig{Scheme: sign.QueryPublicNonce}).Verify(req, nil); !errors.Is(err, sign.ErrSignature) {
			t.Errorf("%s: got %v", extra, err)
		}
	}
}

// Property: where the scheme binds a part, two requests that differ in it never share a signature.
func TestTwoRequestsNeverShareAStringToSign(t *testing.T) {
	t.Parallel()
	methods := []string{"GET", "POST", "PUT", "DELETE"}
	paths := []string{"/", "/a", "/a/", "/A", "/a/b", "/a%2Fb", "/a%2fb", "/a%20b", "/a+b", "/%C3%A9", "/e%CC%81", "/a%0A1735787045%0A", "/a%5Cn1735787045%5Cn", "//a"}
	queries := []string{"", "a", "a=", "a=1", "a=1&a=1", "a=1&b=2", "b=2&a=1", "a=b+c", "a=b%20c", "a=%2f", "a=%2F"}
	bodies := []string{"", "\n", "x", "\nx", "x\n1735787045\ny", `x\n1735787045\ny`, `\n`, " x", "X"}
	times := []time.Time{moment, moment.Add(time.Second)}
	for _, scheme := range []sign.Scheme{sign.Header, sign.HeaderLiteral, sign.QueryPublicNonce} {
		t.Run(scheme.String(), func(t *testing.T) {
			t.Parallel()
			seen := map[string]string{}
			try := func(at time.Time, method, target, body, bound string) {
				req := signed(t, newSigner(t, sign.Config{Scheme: scheme, Now: fixed(at)}), method, target, body)
				tag := req.Header.Get(sign.HeaderSignature) + req.URL.Query().Get(sign.ParamSignature)
				if other, ok := seen[tag]; ok && other != bound {
					t.Errorf("%q and %q share %s", other, bound, tag)
				}
				seen[tag] = bound
			}
			want := 0
			for _, at := range times {
				for _, path := range paths {
					if scheme == sign.QueryPublicNonce {
						for _, query := range queries {
							try(at, "GET", path+"?"+query, "", fmt.Sprint(at, path, "?", query))
							want++
						}
						continue
					}
					for _, method := range methods {
						for _, body := range bodies {
							try(at, method, path, body, fmt.Sprintf("%s %s %s %q", at, method, path, body))
							want++
						}
					}
				}
			}
			if len(seen) != want {
				t.Errorf("%d signatures for %d requests", len(seen), want)
			}
		})
	}
}

func TestReplaysAreToldFromOtherRequestsWithTheSameTag(t *testing.T) {
	t.Parallel()
	s, v := newSigner(t, sign.Config{}), newVerifier(t, sign.VerifierConfig{AllowReplay: sign.ReadOnly})
	for _, target := range []string{"/search?page=1", "/search?page=2"} { // the header schemes do not sign the query
		if err := v.Verify(signed(t, s, "POST", target, ""), nil); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	app, apps := newSigner(t, sign.Config{Scheme: sign.QueryAppID}), newVerifier(t, sign.VerifierConfig{Scheme: sign.QueryAppID})
	for _, body := range []string{"one", "two"} { // and QueryAppID does not sign the body
		if err := apps.Verify(signed(t, app, "POST", "/pay", body), []byte(body)); err != nil {
			t.Errorf("body %s: %v", body, err)
		}
	}
	query := signed(t, app, "POST", "/", "").URL.RawQuery
	for _, target := range []string{"/a?b=1&" + query, "/ab=1?&" + query} { // nor where its path ends
		if err := apps.Verify(httptest.NewRequestWithContext(t.Context(), "POST", target, nil), nil); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	for range 2 {
		if err := v.Verify(signed(t, s, "GET", "/a", ""), nil); err != nil {
			t.Errorf("a read may be repeated: %v", err)
		}
	}
}

func TestAReplayInAnotherSpellingIsAReplay(t *testing.T) {
	t.Parallel()
	for _, scheme := range []sign.Scheme{sign.QueryAppID, sign.QueryPublicNonce} {
		s, v := newSigner(t, sign.Config{Scheme: scheme}), newVerifier(t, sign.VerifierConfig{Scheme: scheme})
		uri := signed(t, s, "POST", "/pay?a=1", "").URL.RequestURI()
		before, tag, _ := strings.Cut(uri, "signature=")
		for i, spelling := range []string{
			uri, before + "signature=%" + hex.EncodeToString([]byte{tag[0]}) + tag[1:], before + "%73ignature=" + tag,
		} {
			err := v.Verify(httptest.NewRequestWithContext(t.Context(), "POST", spelling, nil), nil)
			if i == 0 && err != nil || i > 0 && !errors.Is(err, sign.ErrReplayed) {
				t.Errorf("%s: spelling %d: %v", scheme, i, err)
			}
		}
	}
}

func TestAClockSetBackLetsNoReplayThrough(t *testing.T) {
	t.Parallel()
	now := moment
	clock := func() time.Time { return now }
	s, v := newSigner(t, sign.Config{Now: clock}), newVerifier(t, sign.VerifierConfig{Now: clock})
	captured := signed(t, s, "POST", "/pay", "")
	steps := []func() error{
		func() error { return v.Verify(captured, nil) },
		func() error {
			now = now.Add(time.Hour)
			return v.Verify(signed(t, s, "POST", "/later", ""), nil)
		},
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	now = moment.Add(time.Second)
	if err := v.Verify(captured, nil); !errors.Is(err, sign.ErrExpired) {
		t.Errorf("a replay after the clock was set back: %v", err)
	}
	if err := v.Verify(signed(t, s, "POST", "/new", ""), nil); err != nil {
		t.Errorf("a new request after it: %v", err)
	}
}

func TestReplayMemoryIsBoundedAndNeverForgetsWithinTheWindow(t *testing.T) {
	t.Parallel()
	now := moment
	clock := func() time.Time { return now }
	s, v := newSigner(t, sign.Config{Now: clock}), newVerifier(t, sign.VerifierConfig{Now: clock, Replays: 10})
	var sent []*http.Request
	for i := range 40 {
		req := signed(t, s, "POST", fmt.Sprintf("/%d", i), "")
		if err := v.Verify(req, nil); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		sent = append(sent, req)
		now = now.Add(time.Second)
	}
	for i, req := range sent {
		if err := v.Verify(req, nil); !errors.Is(err, sign.ErrReplayed) && !errors.Is(err, sign.ErrExpired) {
			t.Errorf("replay of request %d: %v", i, err)
		}
	}
	now = now.Add(time.Hour)
	if err := v.Verify(signed(t, s, "POST", "/later", ""), nil); err != nil {
		t.Errorf("after the window: %v", err)
	}

	flood := newVerifier(t, sign.VerifierConfig{Now: clock, Replays: 3})
	accepted := 0
	for i := range 20 { // more than the bound in a single second
		if flood.Verify(signed(t, s, "POST", fmt.Sprintf("/%d", i), ""), nil) == nil {
			accepted++
		}
	}
	if accepted != 4 {
		t.Errorf("%d accepted, want the bound and one", accepted)
	}
}

func TestWhatLeftTheWindowMakesRoomForNewRequests(t *testing.T) {
	t.Parallel()
	now := moment
	clock := func() time.Time { return now }
	s := newSigner(t, sign.Config{Now: clock})
	v := newVerifier(t, sign.VerifierConfig{Now: clock, Replays: 10, Window: 5 * time.Second})
	for range 100 {
		slow := signed(t, s, "POST", "/slow", "")
		now = now.Add(3 * time.Second)
		for _, req := range []*http.Request{signed(t, s, "POST", "/quick", ""), slow} {
			if err := v.Verify(req, nil); err != nil {
				t.Fatalf("%s at %s: %v", req.URL.Path, now.Sub(moment), err)
			}
		}
		now = now.Add(time.Second)
	}
}

func TestATagOfTheQueryIsReadInItsOneSpelling(t *testing.T) {
	t.Parallel()
	for _, scheme := range []sign.Scheme{sign.QueryAppID, sign.QueryPublicNonce} {
		s, v := newSigner(t, sign.Config{Scheme: scheme}), newVerifier(t, sign.VerifierConfig{Scheme: scheme, Replays: -1})
		req := signed(t, s, "GET", "/a", "")
		query, err := url.ParseQuery(req.URL.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		good := query.Get(sign.ParamSignature)
		last := len(good) - 2 // before the sign of equality: two of its bits are no part of the tag
		digits := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		other := good[:last] + string(digits[strings.IndexByte(digits, good[last])+1]) + good[last+1:]
		for tag, want := range map[string]error{good: nil, other: sign.ErrSignature} {
			unsigned, _, _ := strings.Cut(req.URL.RawQuery, sign.ParamSignature+"=")
			again := httptest.NewRequestWithContext(t.Context(), "GET", "/a?"+unsigned+sign.ParamSignature+"="+url.QueryEscape(tag), nil)
			if err := v.Verify(again, nil); !errors.Is(err, want) {
				t.Errorf("%s: tag %s: %v, want %v", scheme, tag, err, want)
			}
		}
	}
}

func TestVerifierIsConcurrentSafe(t *testing.T) {
	t.Parallel()
	s, v := newSigner(t, sign.Config{}), newVerifier(t, sign.VerifierConfig{})
	req := signed(t, s, "POST", "/a", "")
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			switch err := v.Verify(req, nil); {
			case err == nil:
				accepted.Add(1)
			case !errors.Is(err, sign.ErrReplayed):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d of 16 equal requests accepted, want 1", n)
	}
}

func TestNewVerifierRefusesABadConfig(t *testing.T) {
	t.Parallel()
	_, err := sign.NewVerifier(sign.VerifierConfig{Scheme: "x", Algorithm: "y", Window: -1})
	for _, word := range []string{"scheme", "algorithm", "Keys", "Window"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name %s", err, word)
		}
	}
}

func TestVerifierReturnsTheErrorOfItsKeys(t *testing.T) {
	t.Parallel()
	down := errors.New("store is down")
	v := newVerifier(t, sign.VerifierConfig{Keys: func(context.Context, string) ([][]byte, error) { return nil, down }})
	if err := v.Verify(signed(t, newSigner(t, sign.Config{}), "GET", "/a", ""), nil); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}

func TestSkewIsMeasuredFromTheDateHeader(t *testing.T) {
	t.Parallel()
	resp := &http.Response{Header: http.Header{"Date": {moment.Format(http.TimeFormat)}}}
	for _, want := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
		if got, ok := sign.Skew(resp, moment.Add(want+300*time.Millisecond)); !ok || got != want {
			t.Errorf("got %s %t, want %s", got, ok, want)
		}
	}
	for _, bad := range []*http.Response{nil, {}, {Header: http.Header{"Date": {"yesterday"}}}} {
		if _, ok := sign.Skew(bad, moment); ok {
			t.Error("a skew was measured without a date")
		}
	}
	text := (&sign.SkewError{Skew: -10 * time.Minute, Window: 5 * time.Minute}).Error()
	if !strings.Contains(text, "10m0s behind") || !strings.Contains(text, "window is 5m0s") {
		t.Error(text)
	}
}

func FuzzVerifier(f *testing.F) {
	f.Add("POST", "/a?b=c", "demo-app", "b2a62fe2d6a0e976999f53f24daf6c0648d0661b", "1735787045", []byte("x"))
	f.Add("GET", "/a?app_id=demo-app&timestamp=20250102030405&signature=0A%2Bw7jTVF6X7%2BF%2BABSJr3H7rCE4%3D", "", "", "", []byte(nil))
	f.Add("GET", "/a?client_id=demo-app&timestamp=20250102030405&signature=%zz", "a", "00", "-1", []byte("\n"))
	f.Fuzz(func(t *testing.T, method, uri, app, tag, stamp string, body []byte) {
		for _, scheme := range schemes {
			v := newVerifier(t, sign.VerifierConfig{Scheme: scheme, Keys: keys("a key no input can know")})
			req := &http.Request{Method: method, URL: &url.URL{Path: "/"}, RequestURI: uri, Header: http.Header{
				http.CanonicalHeaderKey(sign.HeaderDevice): {app}, http.CanonicalHeaderKey(sign.HeaderSignature): {tag},
				http.CanonicalHeaderKey(sign.HeaderTimestamp): {stamp},
			}}
			if err := v.Verify(req, bytes.Clone(body)); err == nil {
				t.Errorf("%s accepted a request nobody signed", scheme)
			}
		}
	})
}
