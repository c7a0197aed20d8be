package rest_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// serveHTTP2 starts a service over TLS with HTTP/2, and gives the option that trusts it.
func serveHTTP2(t *testing.T, steps ...http.HandlerFunc) (*service, base.Option) {
	t.Helper()
	s := newService(steps...)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, trust(s)
}

func trust(s *service) base.Option {
	return base.WithTLS(s.Client().Transport.(*http.Transport).TLSClientConfig)
}

func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) } // resets the stream

func abortInTheMiddle(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte(`{"n":`))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestFaultsOfAStreamAreRetriedOnTheSameConnection(t *testing.T) {
	t.Parallel()
	s, trusted := serveHTTP2(t, abort, abortInTheMiddle, status(503, ""), ok)
	r, err := get(t, clientOf(t, s.URL, nil, trusted))
	if err != nil || string(r.Body) != `{"n":1}` || s.calls() != 4 || s.made.Load() != 1 || s.seen()[3].ProtoMajor != 2 {
		t.Errorf("%q after %d requests on %d connections, %v", r.Body, s.calls(), s.made.Load(), err)
	}
}

func TestAFaultOfAStreamIsUnavailableAndEndsAWrite(t *testing.T) {
	t.Parallel()
	for _, step := range []http.HandlerFunc{abort, abortInTheMiddle} {
		s, trusted := serveHTTP2(t, step)
		c := clientOf(t, s.URL, noRetries, trusted)
		_, err := get(t, c)
		failed(t, err, base.KindUnavailable)
		says(t, err, s.Listener.Addr().String())
		_, err = post(t, c, change)
		failed(t, err, base.KindOutcomeUnknown)
		if s.calls() != 2 {
			t.Errorf("%d requests for two calls", s.calls())
		}
	}
}

func TestSilenceOverHTTP2EndsTheStreamOnly(t *testing.T) {
	t.Parallel()
	s, trusted := serveHTTP2(t, silence, ok)
	c := clientOf(t, s.URL, func(c *rest.Config) { noRetries(c); c.Guard.Limits.Idle = base.Duration(50 * time.Millisecond) }, trusted)
	_, err := get(t, c)
	failed(t, err, base.KindAttemptTimeout)
	if _, err := get(t, c); err != nil || s.made.Load() != 1 {
		t.Errorf("%d connections, %v", s.made.Load(), err)
	}
}

// Frames of HTTP/2, as far as a server needs them that refuses every stream.
const (
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	refusedStream = 7
	preface       = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

func frame(kind byte, stream uint32, payload ...byte) []byte {
	head := []byte{0, 0, byte(len(payload)), kind, 0}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// refuseStreams answers every request on the connection with REFUSED_STREAM, and counts them.
func refuseStreams(c net.Conn, requests *atomic.Int64) {
	defer func() { _ = c.Close() }()
	if _, err := io.ReadFull(c, make([]byte, len(preface))); err != nil {
		return
	}
	_, _ = c.Write(frame(frameSettings, 0))
	for head := make([]byte, 9); ; {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, c, int64(head[0])<<16|int64(head[1])<<8|int64(head[2])); err != nil {
			return
		}
		if head[3] == frameHeaders {
			requests.Add(1)
			_, _ = c.Write(frame(frameReset, binary.BigEndian.Uint32(head[5:]), 0, 0, 0, refusedStream))
		}
	}
}

func TestARefusedStreamIsSentAgainByTheGuardAlone(t *testing.T) {
	t.Parallel()
	s := newService(ok)
	s.EnableHTTP2 = true
	s.StartTLS() // for its certificate
	t.Cleanup(s.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var requests atomic.Int64
	go func() { // ends with the listener
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go refuseStreams(c, &requests) // ends with the client's connection
		}
	}()
	for _, retries := range []int{-1, 2} {
		c := clientOf(t, "https://"+listener.Addr().String(), func(c *rest.Config) { c.Guard.Limits.Retries = retries }, trust(s))
		before := requests.Load()
		_, err := get(t, c)
		e := details(t, err, base.KindUnavailable)
		if n, want := requests.Load()-before, int64(1+max(0, retries)); n != want || e.Attempts != int(want) {
			t.Errorf("%d requests with %d retries: %v", n, retries, err)
		}
	}
}
