package mcp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/fourkites/sources/mcp"
)

// greeted is the status that a server gives to a greeting, and what is done while its answer is written.
func greeted(t *testing.T, s http.Handler, body io.Reader, while func()) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/mcp", body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	w := &during{ResponseRecorder: httptest.NewRecorder(), do: sync.OnceFunc(while)}
	s.ServeHTTP(w, r)
	return w.Code
}

// during does something when the first bytes of an answer come.
type during struct {
	*httptest.ResponseRecorder
	do func()
}

func (d *during) Write(p []byte) (int, error) {
	n, err := d.ResponseRecorder.Write(p)
	d.do()
	return n, err
}

// held is a body that tells when it is read, and comes when it is let go.
type held struct {
	io.Reader
	read, gone chan struct{}
}

func (h *held) Read(p []byte) (int, error) {
	select {
	case h.read <- struct{}{}:
	default:
	}
	<-h.gone
	return h.Reader.Read(p)
}

func TestASessionThatIsBeingMadeHasItsPlace(t *testing.T) {
	t.Parallel()
	s := serverOf(t, mcp.ServerConfig{MaxSessions: 1})
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	body := &held{strings.NewReader(greetingBody), make(chan struct{}, 1), make(chan struct{})}
	first := make(chan int, 1)
	go func() { first <- greeted(t, s, body, func() {}) }()
	<-body.read
	if status := greeted(t, s, strings.NewReader(greetingBody), func() {}); status != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", status)
	}
	close(body.gone)
	if status := <-first; status != http.StatusOK {
		t.Errorf("the first: %d", status)
	}
}

func TestASessionThatWasMadeHasOnePlace(t *testing.T) {
	t.Parallel()
	s := serverOf(t, mcp.ServerConfig{MaxSessions: 2})
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	second, third := 0, 0
	first := greeted(t, s, strings.NewReader(greetingBody), func() {
		second = greeted(t, s, strings.NewReader(greetingBody), func() {
			third = greeted(t, s, strings.NewReader(greetingBody), func() {})
		})
	})
	if first != http.StatusOK || second != http.StatusOK || third != http.StatusServiceUnavailable {
		t.Errorf("the first %d, the second, who asks when the first is answered, %d; the third %d", first, second, third)
	}
}
