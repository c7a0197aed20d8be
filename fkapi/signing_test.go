package fkapi_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/sign"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

// wire copies what a client writes.
type wire struct {
	net.Conn
	sent *bytes.Buffer
}

func (w wire) Write(b []byte) (int, error) {
	w.sent.Write(b)
	return w.Conn.Write(b)
}

// request is one request as it went on the wire.
type request struct {
	method, path, query, body string
	header                    http.Header
}

// overheard is what a client sent for a search, byte by byte.
func overheard(t *testing.T, scheme sign.Scheme) request {
	t.Helper()
	server := newServer(t, fkapitest.WithScheme(scheme))
	addLoads(server, 1)
	var sent bytes.Buffer
	client, err := fkapi.NewTracking(t.Context(), server.Config(), base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return wire{c, &sent}, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SearchLoadsPage(bounded(t), fkapi.SearchOptions{Company: "acme", LoadNumbers: []string{"LOAD001", "Ü & x"}}, ""); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(sent.String(), "\r\n\r\n")
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(req.RequestURI, "?")
	if body == "" {
		t.Fatal("nothing was overheard")
	}
	return request{req.Method, path, query, body, req.Header}
}

func mac(text string) []byte {
	m := hmac.New(sha1.New, []byte(fkapitest.Secret))
	_, _ = io.WriteString(m, text)
	return m.Sum(nil)
}

// TestSignatureCoversTheBytesOnTheWire computes each signature from what was overheard, with nothing of the signer.
func TestSignatureCoversTheBytesOnTheWire(t *testing.T) {
	t.Parallel()
	for scheme, check := range map[sign.Scheme]func(request) (got, want string){
		sign.Header: func(r request) (string, string) {
			text := r.method + "\n" + r.path + "\n" + r.header.Get("X-FourKitesTimestamp") + "\n" + r.body
			return r.header.Get("X-FourKitesDeviceId") + " " + r.header.Get("X-FourKitesSignature"), fkapitest.AppID + " " + hex.EncodeToString(mac(text))
		},
		sign.HeaderLiteral: func(r request) (string, string) {
			text := r.method + `\n` + r.path + `\n` + r.header.Get("X-FourKitesTimestamp") + `\n` + r.body
			return r.header.Get("X-FourKitesSignature"), hex.EncodeToString(mac(text))
		},
		sign.QueryAppID: func(r request) (string, string) {
			first, rest, _ := strings.Cut(r.query, "&app_id="+fkapitest.AppID+"&timestamp=")
			stamp, _, _ := strings.Cut(rest, "&")
			signature := url.QueryEscape(base64.StdEncoding.EncodeToString(mac(fkapitest.AppID + "--" + stamp)))
			return r.query, first + "&app_id=" + fkapitest.AppID + "&timestamp=" + stamp + "&signature=" + signature
		},
		sign.QueryPublicNonce: func(r request) (string, string) {
			signed, signature, _ := strings.Cut(r.query, "&signature=")
			return signature, base64.URLEncoding.EncodeToString(mac(r.path + "?" + signed))
		},
	} {
		r := overheard(t, scheme)
		if got, want := check(r); got != want {
			t.Errorf("%s: on the wire %s, computed %s", scheme, got, want)
		}
		if r.path != "/api/v1/tracking/search" || !strings.HasPrefix(r.query, "company_id=acme&locale=en") {
			t.Errorf("%s: %s?%s", scheme, r.path, r.query)
		}
	}
}

func TestEverySchemeIsAccepted(t *testing.T) {
	t.Parallel()
	for _, scheme := range []sign.Scheme{sign.Header, sign.HeaderLiteral, sign.QueryAppID, sign.QueryPublicNonce} {
		server := newServer(t, fkapitest.WithScheme(scheme))
		addLoads(server, 1)
		client := tracking(t, server, nil)
		if _, err := client.Load(bounded(t), "123456001"); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
		if _, err := base.Collect(client.SearchLoads(bounded(t), fkapi.SearchOptions{})); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

func TestBasicCredentialsAreAccepted(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	client, err := fkapi.NewTracking(t.Context(), server.BasicConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if _, err := client.Load(bounded(t), "123456001"); err != nil {
		t.Fatal(err)
	}
	server.SetKeys()
	_, err = client.Load(bounded(t), "123456001")
	wantKind(t, err, base.KindUnauthenticated)
	if !strings.Contains(err.Error(), "user and password") {
		t.Errorf("no hint: %v", err)
	}
}

func TestEachRetryIsSignedAnew(t *testing.T) {
	t.Parallel()
	server := newServer(t, fkapitest.WithReplayRefusal())
	addLoads(server, 1)
	server.Fail(fault.Status(503, "Retry-After", "1.1"), 1)
	if _, err := tracking(t, server, nil).Load(bounded(t), "123456001"); err != nil {
		t.Fatal(err)
	}
	requests := server.Requests()
	if len(requests) != 2 || requests[0].Header.Get(sign.HeaderSignature) == requests[1].Header.Get(sign.HeaderSignature) {
		t.Errorf("%d requests, signed alike", len(requests))
	}
}

// rotating is a secret source whose value the test replaces.
type rotating struct {
	text  atomic.Pointer[string]
	calls atomic.Int64
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	r.calls.Add(1)
	return secret.NewSnapshot(*r.text.Load(), "", time.Time{}), nil
}

func TestARotatedSecretCostsNoCall(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	source := &rotating{}
	old, next := fkapitest.Secret, "the-next-secret"
	source.text.Store(&old)
	client := tracking(t, server, func(c *fkapi.Config) { c.Secret = secret.From(source) })
	if _, err := client.Load(bounded(t), "123456001"); err != nil {
		t.Fatal(err)
	}
	server.SetKeys(next)
	source.text.Store(&next)
	errs := make(chan error, 20)
	for range cap(errs) {
		go func() {
			_, err := client.Load(bounded(t), "123456001")
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Errorf("a call failed in the rotation: %v", err)
		}
	}
	if calls := source.calls.Load(); calls > 3 {
		t.Errorf("the source was asked %d times", calls)
	}
}

func TestASecretRotatedOnDiskCostsNoCall(t *testing.T) {
	t.Parallel()
	for name, basic := range map[string]bool{"hmac": false, "basic": true} {
		server := newServer(t)
		addLoads(server, 1)
		file := filepath.Join(t.TempDir(), "secret")
		put := func(text string) {
			if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		put("stale")
		client := tracking(t, server, func(c *fkapi.Config) {
			if basic {
				*c = server.BasicConfig()
				put(fkapitest.Password)
			} else {
				put(fkapitest.Secret)
			}
			reference := []byte("file://" + file)
			if err := errors.Join(c.Secret.UnmarshalText(reference), c.Password.UnmarshalText(reference)); err != nil {
				t.Fatal(err)
			}
		})
		if _, err := client.Load(bounded(t), "123456001"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if basic {
			continue // the fake has one password
		}
		server.SetKeys("next-key-0123", "one-more-key")
		put("next-key-0123")
		before := len(server.Requests())
		if _, err := client.Load(bounded(t), "123456001"); err != nil {
			t.Errorf("%s: after the rotation: %v", name, err)
		}
		if n := len(server.Requests()) - before; n != 2 {
			t.Errorf("%s: %d requests, want the refused one and the good one", name, n)
		}
	}
}

func TestWhileTwoKeysAreValidEitherIsAccepted(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	server.SetKeys("old-key-0123", "new-key-0123")
	for key, want := range map[string]base.Kind{"old-key-0123": base.KindUnknown, "new-key-0123": base.KindUnknown, "no-key-0123": base.KindUnauthenticated} {
		client := tracking(t, server, func(c *fkapi.Config) { c.Secret = secret.Literal(key) })
		if _, err := client.Load(bounded(t), "123456001"); base.KindOf(err) != want {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestARefusedSecretIsNotSentAgain(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetKeys("another-key")
	client := tracking(t, server, nil)
	for range 3 {
		_, err := client.Load(bounded(t), "123456001")
		wantKind(t, err, base.KindUnauthenticated)
		if strings.Contains(fmt.Sprintf("%+v", err), fkapitest.Secret) {
			t.Error("the secret shows")
		}
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests with a refused secret, want 1", n)
	}
}

func TestAClockThatIsOffIsNamedWithItsDifference(t *testing.T) {
	t.Parallel()
	server := newServer(t, fkapitest.WithClock(func() time.Time { return time.Now().Add(-10 * time.Minute) }))
	addLoads(server, 1)
	client := tracking(t, server, nil)
	for range 2 {
		_, err := client.Load(bounded(t), "123456001")
		wantKind(t, err, base.KindUnauthenticated)
		if err == nil || !strings.Contains(err.Error(), "ahead of") || !(strings.Contains(err.Error(), "10m") || strings.Contains(err.Error(), "9m59s")) {
			t.Errorf("the skew is not named: %v", err)
		}
	}
	if n := len(server.Requests()); n != 2 {
		t.Errorf("%d requests for two calls", n)
	}

	following := tracking(t, server, func(c *fkapi.Config) { c.FollowServerClock = true })
	before := len(server.Requests())
	for range 2 {
		if _, err := following.Load(bounded(t), "123456001"); err != nil {
			t.Errorf("with the server's clock: %v", err)
		}
	}
	if n := len(server.Requests()) - before; n != 3 {
		t.Errorf("%d requests, want the refused one and two good ones", n)
	}
}

func TestARefusalIsFoundAsServerError(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Fail(fault.Error(422, "load_ids is too long"), 1)
	_, err := tracking(t, server, nil).Load(bounded(t), "1")
	refused, ok := errors.AsType[*fkapi.ServerError](err)
	if !ok || refused.Status != 422 || refused.Message != "load_ids is too long" || !refused.JSON {
		t.Errorf("%+v of %v", refused, err)
	}
	wantKind(t, err, base.KindInvalid)
}
