package githubtest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// Request is one request as the server received it.
type Request struct {
	At      time.Time
	Method  string
	Target  string // path and query, as on the wire
	Header  http.Header
	Body    []byte
	Refused bool // the credential was not accepted
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

// Effect is an accepted request that changed something: tokens that were issued. It is written down before the answer is
// sent, or lost.
type Effect struct {
	Method string
	Target string
	Body   string
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	var all []Request
	for _, asked := range s.front.Asked() {
		all = append(all, Request(asked))
	}
	return all
}

// ForgetRequests empties the list that [Server.Requests] gives. The ledger stays.
func (s *Server) ForgetRequests() { s.front.Forget() }

// Ledger is what was changed so far, oldest first. A read is not in it, whatever its method.
func (s *Server) Ledger() []Effect {
	var all []Effect
	for _, e := range s.front.Ledger() {
		all = append(all, Effect(e))
	}
	return all
}

// Running is how many requests are being worked on now.
func (s *Server) Running() int { return s.front.Running() }

// accepts reports whether the credential is one of the server's: a token, one of an installation, or the proof of an App.
func (s *Server) accepts(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if strings.HasSuffix(r.URL.Path, "/access_tokens") {
		return s.proves(token)
	}
	until, issued := s.installation[token]
	return slices.Contains(s.tokens, token) || issued && time.Now().Before(until)
}

// answer is the scripted one, or that of the server.
func (s *Server) answer(r *http.Request, asked wire.Asked) wire.Answer {
	if a, used := s.spend(r); used {
		return a
	}
	if reply, ok := s.script.Next(Request(asked)); ok {
		_ = wire.Pause(r.Context(), reply.Delay) // the answer to a client that has gone is lost
		return reply.answer()
	}
	return s.conditional(r, s.budgeted(r, s.route(r, asked)))
}
