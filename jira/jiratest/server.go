// Package jiratest is a Jira Cloud site in process, for tests of programs that use jira: it checks tokens, holds issues with
// their comments, history, links and files in memory, evaluates JQL over them, pages as the real one does, keeps what it was
// asked, and fails on demand.
//
// Where it differs from the real site: every account sees everything; JQL knows the fields that are listed at [Server.AddIssue],
// no functions but now(), startOfDay() and currentUser(), and no history; a text search knows words and phrases, not their
// stems; text is taken as Markdown and answered as a document; an answer carries the fields that were asked for and no links to
// the site's own icons; there is no rate limit but the one that a fault makes, and a quota never runs out.
package jiratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
	"github.com/fourkites/sources/jira"
)

// What a fresh server accepts, and what it is.
const (
	Email   = "demo@example.com"
	Token   = "demo-token-0123456789"
	CloudID = "11111111-2222-4333-8444-555555555555"
)

// Server is one site, and the gateway in front of it. Its methods are safe for concurrent use. The caller closes it.
type Server struct {
	// URL is the base URL of the site.
	URL string

	http     wire.Server
	front    wire.Front
	startErr error
	script   script.Script[Request, Reply]

	mu      sync.Mutex
	tokens  []string
	scoped  bool
	number  int // of the last id that was given
	records []*record
	moved   map[string]string // old keys
	fields  []jira.Field
	files   map[string]file
}

// NewServer starts a server on a free port of the loopback interface. It holds nothing and accepts [Email] with [Token], and
// [Token] as a bearer token. Listening fails only on a machine that is out of ports or descriptors; then [Server.Err] says so
// and nobody can connect.
func NewServer() *Server {
	s := &Server{tokens: []string{Token}, moved: map[string]string{}, files: map[string]file{}, number: 10_000, fields: systemFields()}
	s.http.List = wire.List{Begin: `{"issues":[`, Entry: `{"id":"1","key":"OPS-1"},`, End: `]}`}
	s.front = wire.Front{
		Server: &s.http, Accepts: s.accepts, Answer: s.answer, Refuse: func(status int, text string) wire.Answer { return problem(status, text) }, Denied: "Client must be authenticated to access this resource.",
	}
	s.startErr = s.http.Start(s.front.Serve, nil)
	s.URL = s.http.URL()
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if s.startErr == nil {
		return nil
	}
	return fmt.Errorf("jiratest: no server on 127.0.0.1: %w", s.startErr)
}

// Config is what a client needs to reach the site. The Proxy is "none".
func (s *Server) Config() jira.Config {
	return jira.Config{Server: s.URL, Email: Email, Token: secret.Literal(Token), Proxy: "none"}
}

// CloudConfig is what a client needs to reach the site through the gateway, with a bearer token as a service account has.
func (s *Server) CloudConfig() jira.Config {
	return jira.Config{CloudID: CloudID, Gateway: s.URL, Token: secret.Literal(Token), Proxy: "none"}
}

// SetTokens replaces the tokens that are accepted: one, two while a rotation is under way, none to refuse everybody.
func (s *Server) SetTokens(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = slices.Clone(tokens)
}

// SetScoped makes the tokens ones with scopes, which the site itself refuses: they work at the gateway alone.
func (s *Server) SetScoped(scoped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scoped = scoped
}

// Fail has the next n requests fail; a negative n lasts until [Server.ClearFaults]. A fault on connect strikes the next
// connections instead.
//
// WrongPassword is a 401, Error a status with a body in the site's form, IgnoreCancel the same as Silent, and MalformedBlock a
// JSON text that ends in the middle.
func (s *Server) Fail(f fault.Fault, n int) {
	if f.Kind == fault.KindWrongPassword {
		f.Stage = fault.OnRequest
	}
	s.http.Faults.Add(f, n)
}

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() { s.http.Faults.Clear() }

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) { return s.http.Connections() }

// DropConnections drops every open connection, as a restart does. New ones are accepted.
func (s *Server) DropConnections() { s.http.DropConnections() }

// Close ends the server and every connection. It may be called again.
func (s *Server) Close() { s.http.Close() }

// answerOf is an answer of JSON.
func answerOf(status int, value any) wire.Answer {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"errorMessages":["the fake cannot encode its answer"],"errors":{}}`)
	}
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: body}
}

// problem is a refusal in the site's form.
func problem(status int, messages ...string) wire.Answer {
	return answerOf(status, map[string]any{"errorMessages": append([]string{}, messages...), "errors": map[string]string{}})
}

// stamp is an instant as the site writes it: without a colon in the zone.
func stamp(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UTC().Format("2006-01-02T15:04:05.000-0700")
}
