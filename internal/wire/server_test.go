package wire_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// body is the right answer of every server here.
const body = `{"list":[1,2,3,4,5,6,7,8]}`

// serve starts a server that acts out this fault on every request, with a Date of its own. It ends with the test.
func serve(t *testing.T, f fault.Fault, settings *tls.Config) *wire.Server {
	t.Helper()
	s := &wire.Server{List: wire.List{Begin: `{"list":[`, Entry: `1,`, End: `]}`}}
	err := s.Start(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Thu, 02 Jan 2025 03:04:05 GMT")
		right := wire.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
		if a, ok := s.Act(w, r, f, right); ok {
			a.Write(w)
		}
	}, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// dial opens a connection that gives up in time.
func dial(t *testing.T, s *wire.Server) (net.Conn, error) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, c.SetDeadline(time.Now().Add(10 * time.Second))
}

// ask is all that comes on a connection of its own, and how it ended.
func ask(t *testing.T, s *wire.Server) (string, error) {
	t.Helper()
	c, err := dial(t, s)
	if err != nil {
		return "", err
	}
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	text, err := io.ReadAll(c)
	return string(text), err
}

func TestAFaultChangesWhatComesOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault fault.Fault
		ends  string // of the text
		reset bool
	}{
		"late":               {fault.Delay(time.Millisecond), body, false},
		"slow":               {fault.Slow(40, time.Millisecond), body, false},
		"cut in the body":    {fault.CutMidBody(), body[:len(body)/2], false},
		"cut in the head":    {fault.Cut(12), "HTTP/1.1 200", false},
		"cut before the end": {fault.Cut(1 << 20), body[:len(body)-1], false},
		"malformed":          {fault.MalformedBlock(), "[1,2,3,4,", false},
		"garbage":            {fault.Garbage(), "\x80\x81\x82", false},
		"reset":              {fault.Reset(), "", true},
		"reset in the body":  {fault.ResetMidBody(), "", true},
		"a word of its own":  {fault.Status(http.StatusTeapot), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := ask(t, serve(t, tc.fault, nil))
			if !strings.HasSuffix(text, tc.ends) || (err != nil) != tc.reset {
				t.Errorf("%q, %v", text, err)
			}
			if strings.Contains(text, "\r\n\r\n{") && !strings.Contains(text, "Date: Thu, 02 Jan 2025 03:04:05 GMT\r\n") {
				t.Errorf("the header that was set before is lost: %q", text)
			}
		})
	}
}

func TestACompressedAnswerIsDamagedOrABomb(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault fault.Fault
		size  int64
		err   error
	}{
		"corrupt": {fault.CorruptCompression(), int64(len(body)), gzip.ErrChecksum},
		"bomb":    {fault.Bomb(), 256<<20 + int64(len(`{"list":[]}`)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := gzip.NewReader(get(t, serve(t, tc.fault, nil), http.DefaultTransport))
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, text)
			if n != tc.size || !errors.Is(err, tc.err) {
				t.Errorf("%d bytes, %v; want %d, %v", n, err, tc.size, tc.err)
			}
		})
	}
}

// get asks once and gives the body as it comes, compressed or not.
func get(t *testing.T, s *wire.Server, through http.RoundTripper) io.Reader {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := through.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response.Body
}

func TestAListWithoutEndGoesOnUntilTheClientHasGone(t *testing.T) {
	t.Parallel()
	endless := get(t, serve(t, fault.Oversized(), nil), http.DefaultTransport)
	text := make([]byte, 4<<20)
	if _, err := io.ReadFull(endless, text); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"list":[1,1,`) || json.Valid(text) {
		t.Errorf("%.20q", text)
	}
}

func TestWhatHangsEndsWithTheServer(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{
		fault.Silent(), fault.IgnoreCancel(), fault.HostileLength(), fault.Delay(time.Hour), fault.Slow(1, time.Hour),
		fault.Silent().OnConnect(),
	} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{})
			s := &wire.Server{}
			s.Faults.Add(f, 1)
			err := s.Start(func(w http.ResponseWriter, r *http.Request) {
				close(asked)
				if a, ok := s.Act(w, r, f, wire.Answer{Status: http.StatusOK, Body: []byte(body)}); ok {
					t.Errorf("there is an answer: %d", a.Status)
				}
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			c, err := dial(t, s)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if f.Stage == fault.OnRequest {
				<-asked
			} else {
				s.DropConnections()
			}
			s.Close()
			text, err := io.ReadAll(c)
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || strings.Contains(string(text), body) {
				t.Errorf("%q, %v", text, err)
			}
			if open, _ := s.Connections(); open != 0 {
				t.Errorf("%d connections are open", open)
			}
		})
	}
}

func TestAFaultOnConnectStrikesBeforeARequest(t *testing.T) {
	t.Parallel()
	s := serve(t, fault.Delay(0), nil)
	s.Faults.Add(fault.Refuse(), 1)
	s.Faults.Add(fault.Garbage().OnConnect(), 1)
	if text, err := ask(t, s); text != "" || err == nil {
		t.Errorf("%q, %v", text, err)
	}
	c, err := dial(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if first, err := bufio.NewReader(c).ReadString('\n'); !strings.Contains(first, "no HTTP") {
		t.Errorf("%q, %v", first, err)
	}
	if text, err := ask(t, s); !strings.HasSuffix(text, body) || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, total := s.Connections(); total != 3 {
		t.Errorf("%d connections were accepted", total)
	}
}

func TestACertificateIsTrustedForItsNames(t *testing.T) {
	t.Parallel()
	certificate, err := wire.Certificate("service.example")
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate.Leaf)
	for name, ok := range map[string]bool{"": true, "localhost": true, "service.example": true, "other.example": false} {
		s := serve(t, fault.Delay(0), &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
		through := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: name, MinVersion: tls.VersionTLS12}}
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(), http.NoBody)
		response, err := through.RoundTrip(request)
		if (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
		if err == nil {
			_ = response.Body.Close()
		}
		through.CloseIdleConnections()
	}
}

func TestOverHTTP2AFaultEndsTheStreamAndNotTheConnection(t *testing.T) {
	t.Parallel()
	certificate, err := wire.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate.Leaf)
	s := serve(t, fault.CutMidBody(), &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	through := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	defer through.CloseIdleConnections()
	for range 2 {
		text, err := io.ReadAll(get(t, s, through))
		if string(text) != body[:len(body)/2] || err == nil {
			t.Errorf("%q, %v", text, err)
		}
	}
	if _, total := s.Connections(); total != 1 {
		t.Errorf("%d connections", total)
	}
}

func TestAServerThatDidNotStartIsNowhere(t *testing.T) {
	t.Parallel()
	var s wire.Server
	s.DropConnections()
	s.Close()
	open, total := s.Connections()
	if got := fmt.Sprint(s.Addr(), " ", s.URL(), " ", open, " ", total); got != "127.0.0.1:0 http://127.0.0.1:0 0 0" {
		t.Error(got)
	}
}

func TestAPauseEndsWithItsContextAndSaysWhy(t *testing.T) {
	t.Parallel()
	why := errors.New("why")
	ctx, stop := context.WithCancelCause(t.Context())
	if err := wire.Pause(ctx, time.Millisecond); err != nil {
		t.Error(err)
	}
	stop(why)
	if err := wire.Pause(ctx, time.Hour); !errors.Is(err, why) {
		t.Error(err)
	}
}
