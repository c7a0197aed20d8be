package fkapitest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
)

var errBasic = errors.New("user or password is wrong")

const garbage = "\x00\xff\xfe\x01this is no HTTP\r\n\r\n\x80\x81\x82"

// bombSize is what a bomb decodes to.
const bombSize = 256 << 20

// fail acts a fault out instead of sending the answer as it is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f fault.Fault, a answer) {
	switch f.Kind {
	case fault.KindStatus:
		s.status(w, f)
	case fault.KindError:
		problem(errorStatus(f.Code), f.Message).write(w)
	case fault.KindWrongPassword:
		problem(http.StatusUnauthorized, "unauthorized").write(w)
	case fault.KindDelay:
		if s.wait(r, f.Delay) {
			a.write(w)
		}
	case fault.KindMalformedBlock:
		a.body = a.body[:len(a.body)-len(a.body)/3-1]
		a.write(w)
	case fault.KindCorruptCompression, fault.KindBomb:
		compressed(f, a).write(w)
	case fault.KindOversized:
		s.flood(w, r)
	default:
		s.onWire(w, r, f, a)
	}
}

func (s *Server) status(w http.ResponseWriter, f fault.Fault) {
	a := problem(f.Code, f.Message)
	if f.Message != "" && f.Header.Get("Content-Type") != "" {
		a.body = []byte(f.Message)
	}
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	a.write(w)
}

// errorStatus is the HTTP status of an error in the service's own form.
func errorStatus(code int) int {
	if code >= 400 && code < 600 {
		return code
	}
	return http.StatusInternalServerError
}

// wait reports whether the time passed before the client or the server went away.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}

func compressed(f fault.Fault, a answer) answer {
	if f.Kind == fault.KindBomb {
		a.body = bomb()
	} else {
		a.body = zip(a.body)
		a.body[len(a.body)-6] ^= 0xff // in the checksum
	}
	a.header = a.header.Clone()
	a.header.Set("Content-Encoding", "gzip")
	return a
}

// bomb is a list of blanks, made of many gzip members so that making it costs little.
func bomb() []byte {
	blank := zip(bytes.Repeat([]byte(" "), 1<<20))
	body := zip([]byte(`{"statusCode":200,"loads":[`))
	body = append(body, bytes.Repeat(blank, bombSize>>20)...)
	return append(body, zip([]byte(`]}`))...)
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// flood sends a list without end.
func (s *Server) flood(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	piece := bytes.Repeat([]byte(`{"id":1,"loadNumber":"LOAD1"},`), 1<<11)
	_, err := io.WriteString(w, `{"statusCode":200,"loads":[`)
	for err == nil && r.Context().Err() == nil {
		select {
		case <-s.done:
			return
		default:
			_, err = w.Write(piece)
		}
	}
}

// onWire acts out what HTTP itself would not do, on the bare connection.
func (s *Server) onWire(w http.ResponseWriter, r *http.Request, f fault.Fault, a answer) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		s.onStream(w, r, f, a)
		return
	}
	c, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	head := s.head(a, len(a.body))
	whole := append([]byte(head), a.body...)
	half := len(head) + len(a.body)/2
	switch f.Kind {
	case fault.KindCut:
		_, _ = c.Write(whole[:min(int(f.Bytes), len(whole)-1)])
	case fault.KindCutMidBody:
		_, _ = c.Write(whole[:half])
	case fault.KindResetMidBody:
		_, _ = c.Write(whole[:half])
		resetConn(c)
	case fault.KindGarbage:
		_, _ = c.Write([]byte(garbage))
	case fault.KindHostileLength:
		_, _ = io.WriteString(c, s.head(a, 2<<30))
		s.hold(c)
	case fault.KindSlow:
		s.drip(c, f, whole)
	case fault.KindSilent, fault.KindIgnoreCancel:
		s.hold(c)
	default: // Reset, Refuse
		resetConn(c)
	}
}

// onStream acts the same out where the connection is shared by many requests.
func (s *Server) onStream(w http.ResponseWriter, r *http.Request, f fault.Fault, a answer) {
	switch f.Kind {
	case fault.KindSilent, fault.KindIgnoreCancel, fault.KindHostileLength:
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
	case fault.KindSlow:
		for i := 0; i < len(a.body) && s.wait(r, f.Delay); i += int(f.Bytes) {
			_, _ = w.Write(a.body[i:min(i+int(f.Bytes), len(a.body))])
			_ = http.NewResponseController(w).Flush()
		}
		return
	case fault.KindCut, fault.KindCutMidBody, fault.KindResetMidBody:
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
	}
	panic(http.ErrAbortHandler) // net/http resets the stream for it
}

func (s *Server) head(a answer, length int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %d\r\n", a.status, http.StatusText(a.status),
		s.clock().UTC().Format(http.TimeFormat), length)
	_ = a.header.Write(&b) // a builder takes everything
	return b.String() + "\r\n"
}

func resetConn(c net.Conn) {
	if plain := under(c); plain != nil {
		plain.reset()
	}
}

// hold keeps the connection until the client or the server closes it.
func (s *Server) hold(c net.Conn) {
	gone := make(chan struct{})
	go func() { // ends with the connection, which the caller closes
		defer close(gone)
		_, _ = io.Copy(io.Discard, c)
	}()
	select {
	case <-gone:
	case <-s.done:
	}
}

func (s *Server) drip(c net.Conn, f fault.Fault, whole []byte) {
	tick := time.NewTicker(f.Delay)
	defer tick.Stop()
	for len(whole) > 0 {
		n := min(int(f.Bytes), len(whole))
		if _, err := c.Write(whole[:n]); err != nil {
			return
		}
		whole = whole[n:]
		select {
		case <-tick.C:
		case <-s.done:
			return
		}
	}
}
