package engines_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/engines"
)

func TestTheTerminatorIsTrustedByItsOwnCertificateOnly(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Ok.")
	}))
	t.Cleanup(backend.Close)
	addr, caPEM := engines.TLSTerminator(t, backend.Listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if body := getTLS(t, strings.Replace(addr, "127.0.0.1", host, 1), caPEM); body != "Ok." {
			t.Errorf("%s answers %q", host, body)
		}
	}
	_, otherPEM := engines.TLSTerminator(t, backend.Listener.Addr().String())
	resp, err := tlsClient(t, otherPEM).Do(getRequest(t, addr))
	if err == nil {
		_ = resp.Body.Close()
		t.Error("another certificate is trusted")
	}
}

func TestTheProxyPassesBytesAndCountsConnections(t *testing.T) {
	t.Parallel()
	proxy := engines.Proxy(t, echo(t))
	for range 3 {
		conn := dial(t, proxy.Addr)
		if got := say(t, conn, "hello"); got != "hello" {
			t.Errorf("answer %q", got)
		}
		_ = conn.Close()
	}
	if got := proxy.Connections(); got != 3 {
		t.Errorf("%d connections, want 3", got)
	}
	waitFor(t, func() bool { return proxy.Open() == 0 })
}

func TestTheProxyCutsWithAReset(t *testing.T) {
	t.Parallel()
	proxy := engines.Proxy(t, echo(t))
	conn := dial(t, proxy.Addr)
	say(t, conn, "hello")
	if got := proxy.Cut(); got != 1 {
		t.Errorf("%d connections cut, want 1", got)
	}
	wantReset(t, conn)
	if got := say(t, dial(t, proxy.Addr), "again"); got != "again" {
		t.Errorf("answer after the cut %q", got)
	}
}

func TestTheProxyCutsAfterSomeBytes(t *testing.T) {
	t.Parallel()
	proxy := engines.Proxy(t, echo(t))
	proxy.CutAfter(3)
	conn := dial(t, proxy.Addr)
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if !errors.Is(err, syscall.ECONNRESET) || len(got) > 3 {
		t.Errorf("read %q and %v, want at most 3 bytes and a reset", got, err)
	}
	proxy.CutAfter(-1)
	if got := say(t, dial(t, proxy.Addr), "hello"); got != "hello" {
		t.Errorf("answer without the bound %q", got)
	}
}

func TestTheProxyRefuses(t *testing.T) {
	t.Parallel()
	proxy := engines.Proxy(t, echo(t))
	proxy.Refuse(true)
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", proxy.Addr)
	if err == nil { // otherwise the reset came before the dial had returned
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, want a reset", err)
	}
	proxy.Refuse(false)
	say(t, dial(t, proxy.Addr), "hello")
}

func TestTheProxyPausesAndResumes(t *testing.T) {
	t.Parallel()
	proxy := engines.Proxy(t, echo(t))
	conn := dial(t, proxy.Addr)
	say(t, conn, "hello")
	proxy.Pause()
	proxy.Pause()
	if _, err := io.WriteString(conn, "quiet"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d bytes and %v came through a paused proxy", n, err)
	}
	proxy.Resume()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("quiet"))
	if _, err := io.ReadFull(conn, answer); err != nil || !bytes.Equal(answer, []byte("quiet")) {
		t.Errorf("answer %q and %v after the pause", answer, err)
	}
	proxy.Pause() // a paused proxy must end with the test as well
}

// echo starts a server that sends back what it gets and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func say(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len(text))
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func wantReset(t *testing.T, conn net.Conn) {
	t.Helper()
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %d bytes and %v, want a reset", n, err)
	}
}

func getRequest(t *testing.T, addr string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addr+"/ping", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func getTLS(t *testing.T, addr string, caPEM []byte) string {
	t.Helper()
	resp, err := tlsClient(t, caPEM).Do(getRequest(t, addr))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatal("the condition never came true")
		case <-ticker.C:
		}
	}
}
