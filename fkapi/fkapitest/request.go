package fkapitest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// Request is one request as the server received it.
type Request struct {
	At      time.Time // by the server's clock
	Proto   string    // "HTTP/1.1" or "HTTP/2.0"
	Method  string
	Target  string // path and query, as on the wire
	Header  http.Header
	Body    []byte
	Refusal error // why the credential was not accepted; nil if it was
}

func (r Request) clone() Request {
	r.Header, r.Body = r.Header.Clone(), slices.Clone(r.Body)
	return r
}

// Path is the target without its query.
func (r Request) Path() string {
	path, _, _ := strings.Cut(r.Target, "?")
	return path
}

// Effect is an accepted request that a real service would have acted on: every one that is not a read. It is written
// down before the answer is sent, or lost.
type Effect struct {
	Method string
	Target string
	Key    string // Idempotency-Key, if there was one
	Body   string
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests empties the list that [Server.Requests] gives. The ledger stays.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Ledger is what was done so far, oldest first. A search is a read and not in it.
func (s *Server) Ledger() []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ledger)
}

// maxBody bounds what the server reads of a request.
const maxBody = 8 << 20

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.track(1)
	defer s.track(-1)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	asked := s.record(r, body, s.authenticate(r, body))
	w.Header().Set("Date", s.clock().UTC().Format(http.TimeFormat))
	a := s.answer(r, asked)
	if f, strikes := s.http.Faults.NextAt(fault.OnRequest); strikes {
		s.fail(w, r, f, a)
		return
	}
	a.Write(w)
}

func (s *Server) track(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running += n
}

func (s *Server) record(r *http.Request, body []byte, refusal error) Request {
	asked := Request{
		At: s.clock(), Proto: r.Proto, Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone(), Body: body, Refusal: refusal,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, asked)
	if refusal == nil && !repeatable(r) {
		s.ledger = append(s.ledger, Effect{
			Method: r.Method, Target: r.RequestURI, Key: r.Header.Get("Idempotency-Key"), Body: string(body),
		})
	}
	return asked
}

// authenticate accepts Basic credentials or a signature over the bytes that came.
func (s *Server) authenticate(r *http.Request, body []byte) error {
	if user, password, ok := r.BasicAuth(); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.basic && user == User && password == Password {
			return nil
		}
		return errBasic
	}
	return s.verifier.Verify(r, body)
}

func jsonAnswer(status int, value any) wire.Answer {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"statusCode":500,"message":"the fake cannot encode its answer"}`)
	}
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

func problem(status int, message string) wire.Answer {
	return jsonAnswer(status, map[string]any{"statusCode": status, "message": message})
}

func (s *Server) answer(r *http.Request, asked Request) wire.Answer {
	if asked.Refusal != nil {
		return problem(http.StatusUnauthorized, "unauthorized")
	}
	if reply, ok := s.script.Next(asked); ok {
		_ = wire.Pause(r.Context(), reply.Delay) // the answer to a client that has gone is lost
		return reply.answer()
	}
	return s.route(r, asked.Body)
}
