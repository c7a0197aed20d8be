package mcp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/mcp"
)

// heard is an output of which a test sees what was written so far.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// piped serves one client; tell writes to it, and end closes its input and waits for the end of the service.
func piped(t *testing.T) (tell func(string), out *heard, end func()) {
	t.Helper()
	in, feed := io.Pipe()
	out = new(heard)
	done := make(chan error, 1)
	s := server(t, mcp.ServerConfig{}, newDemo())
	go func() { done <- s.ServeStdio(t.Context(), "", in, out) }()
	tell = func(text string) {
		t.Helper()
		if _, err := io.WriteString(feed, text); err != nil {
			t.Fatal(err)
		}
	}
	return tell, out, func() {
		t.Helper()
		_ = feed.Close()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("the end waits for an answer that was given: %s", out)
		}
	}
}

func TestARequestThatIsAnsweredBeforeItsLineEndsDoesNotHoldTheEndBack(t *testing.T) {
	t.Parallel()
	tell, out, end := piped(t)
	tell(greeting)
	tell(`{"jsonrpc":"2.0","id":2,"method":"ping"}`)
	eventually(t, "the answer", func() bool { return strings.Contains(out.String(), `"id":2`) })
	tell("\n")
	end()
}

func TestAnIdThatIsWrittenInAnotherWayIsTheSame(t *testing.T) {
	t.Parallel()
	for _, id := range []string{`"a\/b"`, `"a<b>"`, `"\u0061"`, `null`} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			tell, out, end := piped(t)
			tell(greeting + `{"jsonrpc":"2.0","id":` + id + `,"method":"ping"}` + "\n" + `{"jsonrpc":"2.0","id":7,"method":"ping"}` + "\n")
			eventually(t, "the answer", func() bool { return strings.Contains(out.String(), `"id":7`) })
			end()
		})
	}
}

// newPipe is the input of a client that greeted and is silent from then on.
func newPipe(t *testing.T) (in io.Reader, out *heard, done chan error) {
	t.Helper()
	silent, feed := io.Pipe()
	t.Cleanup(func() { _ = feed.Close() })
	return io.MultiReader(strings.NewReader(greeting), silent), new(heard), make(chan error, 1)
}

func TestACallOverStdioAfterTheBeginOfShutdownIsRefused(t *testing.T) {
	t.Parallel()
	d := newDemo()
	s := server(t, mcp.ServerConfig{}, d)
	in, feed := io.Pipe()
	out, done := new(heard), make(chan error, 1)
	go func() { done <- s.ServeStdio(t.Context(), "", in, out) }()
	write := func(text string) {
		if _, err := io.WriteString(feed, text); err != nil {
			t.Error(err)
		}
	}
	write(greeting + `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"demo_get_slow","arguments":{}}}` + "\n")
	<-d.began
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(ctx) }()
	n := 2
	eventually(t, "a call is refused", func() bool {
		n++
		write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"demo_get_echo","arguments":{}}}`+"\n", n))
		eventually(t, "an answer", func() bool { return strings.Contains(out.String(), fmt.Sprintf(`"id":%d,`, n)) })
		return strings.Contains(out.String(), "the server is ending")
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("stdio: %v", err)
	}
}

func TestALineOverStdioIsBounded(t *testing.T) {
	t.Parallel()
	done := make(chan error, 1)
	s := server(t, mcp.ServerConfig{MaxRequestBytes: 1000}, newDemo())
	go func() {
		done <- s.ServeStdio(t.Context(), "", io.MultiReader(strings.NewReader(greeting+`{"x":"`), io.LimitReader(endless{}, 100_000)), io.Discard)
	}()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "length") {
		t.Errorf("%v", err)
	}
}
