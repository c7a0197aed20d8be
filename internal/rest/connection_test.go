package rest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/loopback"
	"github.com/fourkites/sources/internal/rest"
)

// listen is loopback.Serve, and the number of connections that came.
func listen(t *testing.T, serve func(net.Conn)) (address string, accepted *atomic.Int64) {
	t.Helper()
	accepted = new(atomic.Int64)
	return loopback.Serve(t, func(c net.Conn) {
		accepted.Add(1)
		serve(c)
	}), accepted
}

func banner(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Write([]byte(text))
		_ = c.(*net.TCPConn).CloseWrite()
		loopback.Mute(c)
	}
}

func attempt(d time.Duration) func(*rest.Config) {
	return func(c *rest.Config) { noRetries(c); c.Guard.Limits.Attempt = base.Duration(d) }
}

// unreachable is a host that does not answer as it should.
type unreachable struct {
	url  string
	kind base.Kind
	says []string
}

// within gives the attempt as long as it needs to fail.
func (u unreachable) within() time.Duration {
	if u.kind == base.KindAttemptTimeout {
		return 200 * time.Millisecond
	}
	return 10 * time.Second
}

func TestAHostThatCannotBeReachedIsNamedWithWhatToChange(t *testing.T) {
	t.Parallel()
	refused := loopback.Nobody(t)
	silent, _ := listen(t, loopback.Mute)
	ssh, _ := listen(t, banner("SSH-2.0-OpenSSH_9.9\r\n"))
	binary, _ := listen(t, banner("\x00\x01\x02\xff\xfe\r\n\r\n"))
	plain := serve(t, ok).Listener.Addr().String()
	secured := newService(ok)
	secured.StartTLS()
	t.Cleanup(secured.Close)
	for name, tc := range map[string]unreachable{
		"nobody listens":       {"http://" + refused, base.KindUnavailable, []string{refused, "check host and port"}},
		"silent":               {"http://" + silent, base.KindAttemptTimeout, []string{silent, "limits.attempt"}},
		"silent in TLS":        {"https://" + silent, base.KindAttemptTimeout, []string{silent}},
		"another protocol":     {"http://" + ssh, base.KindProtocol, []string{ssh, "does not speak HTTP", "check the scheme"}},
		"binary":               {"http://" + binary, base.KindProtocol, []string{binary, "check the scheme"}},
		"HTTP on TLS":          {"https://" + plain, base.KindProtocol, []string{plain, "check the scheme"}},
		"TLS on HTTP":          {"http://" + secured.Listener.Addr().String(), base.KindInvalid, []string{"HTTP 400", "HTTPS server"}},
		"another one with TLS": {"https://" + ssh, base.KindProtocol, []string{ssh, "TLS"}},
		"no certificate known": {secured.URL, base.KindInvalid, []string{secured.Listener.Addr().String(), "CA file", "unknown authority"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := get(t, clientOf(t, tc.url, attempt(tc.within())))
			failed(t, err, tc.kind)
			says(t, err, tc.says...)
		})
	}
}

// failing is a dialer that fails as the system's would.
func failing(cause error) base.Option {
	return base.WithDialer(func(context.Context, string, string) (net.Conn, error) { return nil, cause })
}

func TestAFailedDialIsTypedByItsCause(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cause    error
		kind     base.Kind
		attempts int
	}{
		"no such host":       {&net.DNSError{Err: "no such host", Name: "host.example.com", IsNotFound: true}, base.KindInvalid, 1},
		"name server silent": {&net.DNSError{Err: "i/o timeout", Name: "host.example.com", IsTimeout: true}, base.KindUnavailable, 2},
		"name server sick":   {&net.DNSError{Err: "server misbehaving", Name: "host.example.com", IsTemporary: true}, base.KindUnavailable, 2},
		"refused":            {syscall.ECONNREFUSED, base.KindUnavailable, 2},
		"no route":           {syscall.EHOSTUNREACH, base.KindUnavailable, 2},
		"no descriptors":     {syscall.EMFILE, base.KindUnavailable, 2},
		"no reason":          {errors.New("the tunnel is down"), base.KindUnavailable, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := post(t, clientOf(t, "https://host.example.com", func(c *rest.Config) { c.Guard.Limits.Retries = 1 }, failing(tc.cause)), change)
			e := details(t, err, tc.kind)
			says(t, err, "host.example.com")
			if e.Attempts != tc.attempts || e.Sent != base.NotSent {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestADialThatHangsEndsBeforeTheCall(t *testing.T) {
	t.Parallel()
	c := clientOf(t, "http://host.example.com", func(c *rest.Config) { noRetries(c); c.DialTimeout = 50 * time.Millisecond },
		base.WithDialer(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}))
	began := time.Now()
	_, err := get(t, c)
	if e := details(t, err, base.KindUnavailable); e.Sent != base.NotSent || time.Since(began) > 2*time.Second {
		t.Errorf("%+v after %s", e, time.Since(began))
	}
	says(t, err, "host.example.com", "firewall")
}

func TestAHandshakeThatHangsEndsBeforeTheCall(t *testing.T) {
	t.Parallel()
	silent, _ := listen(t, loopback.Mute)
	c := clientOf(t, "https://"+silent, func(c *rest.Config) { noRetries(c); c.DialTimeout = 50 * time.Millisecond })
	began := time.Now()
	_, err := get(t, c)
	if e := details(t, err, base.KindAttemptTimeout); e.Sent != base.NotSent || time.Since(began) > 2*time.Second {
		t.Errorf("%+v after %s", e, time.Since(began))
	}
	says(t, err, silent, "handshake")
}

func TestRedirectsAreRefusedAndCarryNothing(t *testing.T) {
	t.Parallel()
	other := serve(t, ok)
	for _, code := range []int{301, 302, 303, 304, 307, 308} {
		for _, location := range []string{
			other.URL + "/?token=" + secretKey, "http://127.0.0.1:1/", "/v1/things", "//" + secretKey, "", "http://\u202Eelpmaxe.moc/", "ftp://x", "https://169.254.169.254/latest",
		} {
			s := serve(t, status(code, "moved", "Location", location))
			c := clientOf(t, s.URL, func(c *rest.Config) {
				c.Sign = func(r *http.Request, _ []byte) error { r.Header.Set("Authorization", "x"); return nil }
			})
			_, err := post(t, c, read)
			failed(t, err, base.KindProtocol)
			says(t, err, "redirect", "base URL")
			if s.calls() != 1 || other.calls() != 0 || strings.Contains(err.Error(), "\u202E") || strings.Contains(err.Error(), "token") {
				t.Errorf("%d to %q: %d requests, %d elsewhere, %v", code, location, s.calls(), other.calls(), err)
			}
		}
	}
	s := serve(t, status(302, "", "Location", "https://new.example.com/v2?sig=h1dden"))
	_, err := get(t, clientOf(t, s.URL, nil))
	says(t, err, "https://new.example.com")
	if strings.Contains(err.Error(), "h1dden") {
		t.Error(err)
	}
}

func TestAProxyIsUsedAndItsRefusalIsItsOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	proxied := serve(t, func(w http.ResponseWriter, r *http.Request) { // a forward proxy of one target
		resp, err := http.DefaultTransport.RoundTrip(r.Clone(r.Context()))
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		w.WriteHeader(resp.StatusCode)
		_ = resp.Write(w)
	})
	via := func(proxy string) func(*rest.Config) {
		return func(c *rest.Config) { noRetries(c); c.Proxy = proxy }
	}
	if _, err := get(t, clientOf(t, s.URL, via(proxied.URL))); err != nil || s.calls() != 1 || proxied.seen()[0].URL.Host != s.Listener.Addr().String() {
		t.Errorf("%d requests at the service, %v", s.calls(), err)
	}
	for code, kind := range map[int]base.Kind{407: base.KindInvalid, 403: base.KindInvalid, 502: base.KindUnavailable} {
		refusing := serve(t, status(code, secretKey))
		_, err := post(t, clientOf(t, "https://host.example.com", via(refusing.URL)), change)
		e := details(t, err, kind)
		says(t, err, "proxy", refusing.Listener.Addr().String())
		if e.Sent != base.NotSent || refusing.seen()[0].Method != http.MethodConnect {
			t.Errorf("%d: %+v", code, e)
		}
	}
	_, err := get(t, clientOf(t, s.URL, via(serve(t, status(407, "")).URL)))
	failed(t, err, base.KindInvalid)
	says(t, err, "proxy wants credentials")
	_, err = get(t, clientOf(t, "https://host.example.com", via("http://127.0.0.1:1")))
	e := details(t, err, base.KindUnavailable)
	says(t, err, "127.0.0.1:1", "check proxy")
	if e.Sent != base.NotSent {
		t.Errorf("%+v", e)
	}
}

func TestAProxyThatCannotBeOneIsRefusedWithoutBeingRepeated(t *testing.T) {
	t.Parallel()
	for _, proxy := range []string{"h1dden", "://h1dden", "ftp://user:h1dden@host", "host:8080", "http://user:h1dden@", "http://:80", "http://user:h1dden@host:3128", "socks5://h1dden@host", "http://host/?h1dden"} {
		_, err := newClient("https://host.example.com", func(c *rest.Config) { c.Proxy = proxy })
		if err == nil || !strings.Contains(err.Error(), "proxy: ") || strings.Contains(err.Error(), "h1dden") {
			t.Errorf("%q: %v", proxy, err)
		}
	}
	for _, proxy := range []string{"", "none", "http://host:8080", "https://host", "socks5://host:1", "socks5h://host:1"} {
		if c, err := newClient("https://host.example.com", func(c *rest.Config) { c.Proxy = proxy }); err != nil || c.Close() != nil {
			t.Errorf("%q: %v", proxy, err)
		}
	}
}

func TestAGivenTransportIsUsedAndLeftAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	given := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13}}
	defer given.CloseIdleConnections()
	c, err := newClient(s.URL, nil, base.WithTransport(given))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, c); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil || s.open.Load() != 1 {
		t.Errorf("%d connections are open after Close, %v", s.open.Load(), err)
	}
}
