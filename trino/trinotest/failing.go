package trinotest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
)

const garbage = "\x00\xff\xfe\x01this is no HTTP\r\n\r\n\x80\x81\x82"

// bombSize is what a bomb decodes to.
const bombSize = 256 << 20

// fail acts a fault out instead of sending the answer as it is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f fault.Fault, a answer) {
	switch f.Kind {
	case fault.KindStatus:
		status(f).write(w, r)
	case fault.KindError:
		failed(map[string]any{"id": "20250101_000000_00000_fault"}, &query{failure: NewError(f.Code, f.Message)}).write(w, r)
	case fault.KindWrongPassword:
		refusal(http.StatusUnauthorized, "Invalid credentials").write(w, r)
	case fault.KindDelay:
		if s.wait(r, f.Delay) {
			a.write(w, r)
		}
	case fault.KindMalformedBlock:
		a.body = a.body[:len(a.body)-len(a.body)/3-1]
		a.write(w, r)
	case fault.KindCorruptCompression, fault.KindBomb:
		compressed(f, a).write(w, r)
	case fault.KindOversized:
		s.flood(w, r)
	default:
		s.onWire(w, f, a)
	}
}

func status(f fault.Fault) answer {
	a := refusal(f.Code, f.Message)
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	return a
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
		a.body = compress("gzip", a.body)
		a.body[len(a.body)-6] ^= 0xff // in the checksum
	}
	a.header = a.header.Clone()
	a.header.Set("Content-Encoding", "gzip")
	return a
}

// bomb is a page of blanks, made of many gzip members so that making it costs little.
func bomb() []byte {
	blank := compress("gzip", bytes.Repeat([]byte(" "), 1<<20))
	body := compress("gzip", []byte(`{"id":"20250101_000000_00000_bomb","data":[`))
	body = append(body, bytes.Repeat(blank, bombSize>>20)...)
	return append(body, compress("gzip", []byte(`]}`))...)
}

// flood sends a list without end.
func (s *Server) flood(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	piece := bytes.Repeat([]byte(`[1,"x","y"],`), 1<<12)
	_, err := io.WriteString(w, `{"id":"20250101_000000_00000_flood","data":[`)
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
func (s *Server) onWire(w http.ResponseWriter, f fault.Fault, a answer) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler) // net/http resets the stream for it
	}
	c, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	start := head(a, len(a.body))
	whole := append([]byte(start), a.body...)
	half := len(start) + len(a.body)/2
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
		_, _ = io.WriteString(c, head(a, 2<<30))
		s.hold(c)
	case fault.KindSlow:
		s.drip(c, f, whole)
	case fault.KindSilent, fault.KindIgnoreCancel:
		s.hold(c)
	default: // Reset, Refuse
		resetConn(c)
	}
}

func head(a answer, length int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", a.status, http.StatusText(a.status), length)
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
