package fkapi_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func TestALoginPageIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Fail(fault.Status(200, "Content-Type", "text/html").WithMessage("<html>sign in</html>"), 1)
	_, err := tracking(t, server, nil).Load(bounded(t), "1")
	wantKind(t, err, base.KindProtocol)
	if err == nil || !strings.Contains(err.Error(), "HTML") {
		t.Errorf("the hint does not name the page: %v", err)
	}
}

func TestWhatIsNoJSONIsAProtocolError(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Breaker.Ratio = -1 })
	for _, body := range []string{`{"load":{"id":1,"eta":NaN}}`, `{"load":{"id":1`, ``, `null`, `[]`, `7`, `{"loads":7}`, `{"loads":[7]}`, `{"load":[]}`, `{}`} {
		server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: body})
		if _, err := client.Load(bounded(t), "1"); base.KindOf(err) != base.KindProtocol {
			t.Errorf("%q: %v", body, err)
		}
	}
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: "{\"load\":{\"id\":1,\"loadNumber\":\"A\xff\\r\\nB\"}}"})
	if l, err := client.Load(bounded(t), "1"); err != nil || l.LoadNumber != "A\uFFFD\r\nB" {
		t.Errorf("%q, %v", l.LoadNumber, err)
	}
}

func TestARefusalInsideA200ShowsNoSecret(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: `{"statusCode":422,"message":"bad key ` + fkapitest.Secret + `"}`})
	_, err := tracking(t, server, nil).Load(bounded(t), "1")
	wantKind(t, err, base.KindInvalid)
	if err == nil || strings.Contains(err.Error(), fkapitest.Secret) || !strings.Contains(err.Error(), "bad key") {
		t.Errorf("%v", err)
	}
}

func TestAPingIsNotContentWithAStrangersNotFound(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, nil)
	if err := client.Ping(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if h := client.Health(); h.State != base.Ready {
		t.Errorf("health %+v", h)
	}
	server.Fail(fault.Status(404, "Content-Type", "text/html").WithMessage("<html>404</html>"), 1)
	wantKind(t, client.Ping(bounded(t)), base.KindInvalid)
}

func TestHTTPSIsVerifiedAndSpeaksHTTP2(t *testing.T) {
	t.Parallel()
	server := newServer(t, fkapitest.WithTLS())
	addLoads(server, 1)
	if _, err := tracking(t, server, nil).Load(bounded(t), "123456001"); err != nil {
		t.Fatal(err)
	}
	if proto := server.Requests()[0].Proto; proto != "HTTP/2.0" {
		t.Errorf("spoken over %s", proto)
	}
	stranger, err := fkapi.NewTracking(t.Context(), server.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close() }()
	_, before := server.Connections()
	_, err = stranger.Load(bounded(t), "123456001")
	wantKind(t, err, base.KindInvalid)
	if _, total := server.Connections(); err == nil || !strings.Contains(err.Error(), "certificate") || total-before != 1 {
		t.Errorf("%d connections, %v", total-before, err)
	}
	if _, err := fkapi.NewTracking(t.Context(), server.Config(), base.WithTLS(&tls.Config{InsecureSkipVerify: true})); err == nil {
		t.Error("verification can be switched off")
	}
}

func TestRedirectsAreNotFollowedAndCarryNothing(t *testing.T) {
	t.Parallel()
	server, other := newServer(t), newServer(t)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Breaker.Ratio = -1 })
	for _, location := range []string{other.URL + "/api/v1/tracking", "/api/v1/tracking", "http://127.0.0.1:1/"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			server.Fail(fault.Status(status, "Location", location), 1)
			before := len(server.Requests())
			_, err := base.Collect(client.SearchLoads(bounded(t), fkapi.SearchOptions{}))
			wantKind(t, err, base.KindProtocol)
			if n := len(server.Requests()) - before; n != 1 {
				t.Errorf("%d to %s: %d requests", status, location, n)
			}
		}
	}
	if len(other.Requests()) != 0 {
		t.Error("another host was asked")
	}
}

func TestABombIsStoppedAtTheCapOfDecodedBytes(t *testing.T) {
	server := newServer(t)
	server.Fail(fault.Bomb(), 1)
	client := tracking(t, server, func(c *fkapi.Config) { c.MaxResponseBytes = 1 << 20 })
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := client.Load(bounded(t), "1")
	runtime.ReadMemStats(&after)
	wantKind(t, err, base.KindTooLarge)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
}

func TestASearchIsRetriedForItChangesNothing(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.RetryRatio = -1 })
	for _, f := range []fault.Fault{fault.Reset(), fault.CutMidBody(), fault.ResetMidBody(), fault.Status(502), fault.RetryAfter("0")} {
		server.Fail(f, 1)
		if all, err := base.Collect(client.SearchLoads(bounded(t), fkapi.SearchOptions{})); err != nil || len(all) != 1 {
			t.Errorf("%s: %d loads, %v", f, len(all), err)
		}
	}
	if n := len(server.Ledger()); n != 0 {
		t.Errorf("%d side effects", n)
	}
}

func TestFaultsOfAnHTTP2StreamAreRetried(t *testing.T) {
	t.Parallel()
	server := newServer(t, fkapitest.WithTLS())
	addLoads(server, 1)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.RetryRatio = -1 })
	for _, f := range []fault.Fault{fault.Reset(), fault.CutMidBody(), fault.Status(503)} {
		server.Fail(f, 1)
		if _, err := client.Load(bounded(t), "123456001"); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	if _, n := server.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestATrickleEndsAndGivesNothing(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	server.Fail(fault.Slow(1, 20*time.Millisecond), -1)
	client := tracking(t, server, func(c *fkapi.Config) {
		c.Limits.Retries, c.Limits.Attempt = -1, base.Duration(200*time.Millisecond)
	})
	l, err := client.Load(bounded(t), "123456001")
	wantKind(t, err, base.KindAttemptTimeout)
	if l.ID != "" {
		t.Errorf("half an answer: %+v", l)
	}
}

func TestIdleConnectionsOutliveAFailingCall(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Retries = -1 })
	for range 50 {
		server.Fail(fault.Status(503), 1)
		_, _ = client.Load(bounded(t), "123456001") // fails
		if _, err := client.Load(bounded(t), "123456001"); err != nil && base.KindOf(err) != base.KindCircuitOpen {
			t.Fatal(err)
		}
	}
	if _, n := server.Connections(); n != 1 {
		t.Errorf("%d connections for calls one after another", n)
	}
}

func TestFaultyCallsLeaveNothingBehind(t *testing.T) {
	server := newServer(t)
	addLoads(server, 1)
	client, err := fkapi.NewTracking(t.Context(), withoutBreaker(server.Config()))
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	faults := []fault.Fault{
		fault.Reset(), fault.CutMidBody(), fault.ResetMidBody(), fault.Garbage(), fault.MalformedBlock(), fault.CorruptCompression(),
		fault.Status(503), fault.Status(404), fault.HostileLength(), fault.Silent(), fault.Oversized(),
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 40 {
				server.Fail(faults[(worker+i)%len(faults)], 1)
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				_, _ = client.Load(ctx, "123456001") // every outcome is right but a leak
				cancel()
			}
		})
	}
	wg.Wait()
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	deadline, tick := time.After(10*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	open := func() int { n, _ := server.Connections(); return n }
	for open() > 0 || runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d connections and %d goroutines more than before", open(), runtime.NumGoroutine()-before)
		}
	}
}

func withoutBreaker(c fkapi.Config) fkapi.Config {
	c.Limits.Breaker.Ratio, c.Limits.Retries, c.MaxResponseBytes = -1, -1, 1<<20
	return c
}

func TestAHostThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	for address, kinds := range map[string][]base.Kind{
		"http://127.0.0.1:1":             {base.KindUnavailable},
		"http://no-such-host.invalid:80": {base.KindInvalid, base.KindUnavailable},
	} {
		client, err := fkapi.NewTracking(t.Context(), withoutBreaker(fkapi.Config{
			TrackingURL: address, AppID: "a", Secret: newServer(t).Config().Secret, Proxy: "none",
		}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Load(bounded(t), "1")
		if k := base.KindOf(err); k != kinds[0] && k != kinds[len(kinds)-1] {
			t.Errorf("%s: %v", address, err)
		}
		if _, ok := errors.AsType[*net.OpError](err); !ok {
			t.Errorf("%s: the cause is hidden: %v", address, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAGivenTransportIsUsed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, err := fkapi.NewTracking(t.Context(), server.Config(), base.WithTransport(transport))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Ping(bounded(t)); err != nil {
		t.Error(err)
	}
	if _, err := fkapi.NewTracking(t.Context(), server.Config(), base.WithCache(nil)); err == nil {
		t.Error("an option without use is accepted")
	}
}
