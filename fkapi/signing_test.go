package fkapi_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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

func TestSignatureCoversTheBytesOnTheWire(t *testing.T) {
	t.Parallel()
	server := newServer(t)
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
	path, _, _ := strings.Cut(req.RequestURI, "?")
	mac := hmac.New(sha1.New, []byte(fkapitest.Secret))
	_, _ = io.WriteString(mac, req.Method+"\n"+path+"\n"+req.Header.Get(sign.HeaderTimestamp)+"\n"+body)
	if got, want := req.Header.Get(sign.HeaderSignature), hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("the signature on the wire is %s, that of the bytes %s", got, want)
	}
	if req.Header.Get(sign.HeaderDevice) != fkapitest.AppID || body == "" {
		t.Errorf("app id %q, body %q", req.Header.Get(sign.HeaderDevice), body)
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
