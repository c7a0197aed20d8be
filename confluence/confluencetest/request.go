package confluencetest

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

// Effect is an accepted request that is no read: a real site acts on it, this one refuses it. It is written down before the
// answer is sent, or lost.
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

// gateway is where the site stands behind the gateway.
const gateway = "/ex/confluence/" + CloudID

// accepts reports whether the credential is one of the site's.
func (s *Server) accepts(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scoped && !strings.HasPrefix(r.URL.Path, gateway+"/") {
		return false
	}
	email, token, basic := r.BasicAuth()
	if !basic {
		token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	return slices.Contains(s.tokens, token) && (!basic || email == Email)
}

// answer is the scripted one, or that of the site.
func (s *Server) answer(r *http.Request, asked wire.Asked) wire.Answer {
	if reply, ok := s.script.Next(Request(asked)); ok {
		_ = wire.Pause(r.Context(), reply.Delay) // the answer to a client that has gone is lost
		return reply.answer()
	}
	return s.route(r, asked)
}
