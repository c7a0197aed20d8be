package wire

import (
	"bytes"
	"cmp"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// Act acts a fault out, where a would have been the answer. True means that nothing was sent yet, and that the answer
// which it gives is to be sent instead. The kinds that a service says in words of its own (status, error, wrong password)
// are the fake's: here they reset the connection.
//
// Over HTTP/2, where many requests share a connection, the faults of a connection end the stream instead, by a panic with
// [http.ErrAbortHandler]: call it from the goroutine of the handler.
func (s *Server) Act(w http.ResponseWriter, r *http.Request, f fault.Fault, a Answer) (Answer, bool) {
	switch f.Kind {
	case fault.KindDelay:
		return a, Pause(r.Context(), f.Delay) == nil
	case fault.KindMalformedBlock:
		a.Body = a.Body[:max(0, len(a.Body)-len(a.Body)/3-1)]
		return a, true
	case fault.KindCorruptCompression:
		body := zip(a.Body)
		body[len(body)-6] ^= 0xff // in the checksum
		return a.zipped(body), true
	case fault.KindBomb:
		return a.zipped(s.List.bomb()), true
	case fault.KindOversized:
		s.flood(w, r)
	default:
		onWire(w, r, f, a)
	}
	return Answer{}, false
}

// flood sends a list without end.
func (s *Server) flood(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", cmp.Or(s.List.Type, "application/json"))
	piece := bytes.Repeat([]byte(s.List.Entry), 1<<16/max(1, len(s.List.Entry)))
	_, err := io.WriteString(w, s.List.Begin)
	for err == nil && r.Context().Err() == nil {
		_, err = w.Write(piece)
	}
}

// onWire acts out what HTTP itself would not do, on the bare connection.
func onWire(w http.ResponseWriter, r *http.Request, f fault.Fault, a Answer) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		onStream(w, r, f, a)
		return
	}
	c, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	head := a.head(w.Header(), len(a.Body))
	whole := append([]byte(head), a.Body...)
	half := len(head) + a.middle()
	switch f.Kind {
	case fault.KindCut:
		_, _ = c.Write(whole[:min(int(f.Bytes), len(whole)-1)])
	case fault.KindCutMidBody:
		_, _ = c.Write(whole[:half])
	case fault.KindResetMidBody:
		_, _ = c.Write(whole[:half])
		Reset(c)
	case fault.KindGarbage:
		_, _ = c.Write([]byte(garbage))
	case fault.KindHostileLength:
		_, _ = io.WriteString(c, a.head(w.Header(), 2<<30))
		hold(r, c)
	case fault.KindSlow:
		drip(r, c, f, whole)
	case fault.KindSilent, fault.KindIgnoreCancel:
		hold(r, c)
	default: // Reset, Refuse
		Reset(c)
	}
}

// onStream acts the same out where the connection is shared by many requests.
func onStream(w http.ResponseWriter, r *http.Request, f fault.Fault, a Answer) {
	switch f.Kind {
	case fault.KindSilent, fault.KindIgnoreCancel, fault.KindHostileLength:
		<-r.Context().Done()
	case fault.KindSlow:
		for i := 0; i < len(a.Body) && Pause(r.Context(), f.Delay) == nil; i += int(f.Bytes) {
			_, _ = w.Write(a.Body[i:min(i+int(f.Bytes), len(a.Body))])
			_ = http.NewResponseController(w).Flush()
		}
		return
	case fault.KindCut, fault.KindCutMidBody, fault.KindResetMidBody:
		_, _ = w.Write(a.Body[:a.middle()])
		_ = http.NewResponseController(w).Flush()
	}
	panic(http.ErrAbortHandler) // net/http resets the stream for it
}

// hold keeps the connection until the client or the server closes it.
func hold(r *http.Request, c net.Conn) {
	gone := make(chan struct{})
	go func() { // ends with the connection, which the caller closes
		defer close(gone)
		_, _ = io.Copy(io.Discard, c)
	}()
	select {
	case <-gone:
	case <-r.Context().Done():
	}
}

func drip(r *http.Request, c net.Conn, f fault.Fault, whole []byte) {
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
		case <-r.Context().Done():
			return
		}
	}
}
