// Package confluencetest is a Confluence Cloud site in process, for tests of programs that use confluence: it checks tokens,
// holds spaces and pages with their versions, labels, children, comments and attachments in memory, evaluates CQL over them,
// pages as the real one does, keeps what it was asked, and fails on demand.
//
// Where it differs from the real site: every account sees everything; CQL knows the fields type, id, title, text, label, space,
// ancestor, parent, created and lastmodified with their comparisons, and now() alone of the functions; a text search knows words
// and phrases, not their stems; a body that is given as Markdown is answered as a document of the newer format and as nothing in
// the others; an excerpt is of the Markdown; attachments are told of and cannot be downloaded; the order of a list is that in
// which its entries were added, whatever its parameter sort; there is no rate limit but the one that a fault makes.
package confluencetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
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

	mu     sync.Mutex
	tokens []string
	scoped bool
	number int // of the last id that was given
	spaces []space
	pages  []*page
	links  func(path string) string
}

// NewServer starts a server on a free port of the loopback interface. It holds nothing and accepts [Email] with [Token], and
// [Token] as a bearer token. Listening fails only on a machine that is out of ports or descriptors; then [Server.Err] says so
// and nobody can connect.
func NewServer() *Server {
	s := &Server{tokens: []string{Token}, number: 1000}
	s.http.List = wire.List{Begin: `{"results":[`, Entry: `{"content":{"id":"1","type":"page"}},`, End: `]}`}
	s.front = wire.Front{
		Server: &s.http, Accepts: s.accepts, Answer: s.answer, Refuse: problem, Denied: "Unauthorized; scope does not match",
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
	return fmt.Errorf("confluencetest: no server on 127.0.0.1: %w", s.startErr)
}

// Config is what a client needs to reach the site. The Proxy is "none".
func (s *Server) Config() confluence.Config {
	return confluence.Config{URL: s.URL, Email: Email, Token: secret.Literal(Token), Proxy: "none"}
}

// CloudConfig is what a client needs to reach the site through the gateway, with a bearer token as a service account has.
func (s *Server) CloudConfig() confluence.Config {
	return confluence.Config{CloudID: CloudID, Gateway: s.URL, Token: secret.Literal(Token), Proxy: "none"}
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
		status, body = http.StatusInternalServerError, []byte(`{"message":"the fake cannot encode its answer"}`)
	}
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

// problem is a refusal in the form of v1, and of the gateway.
func problem(status int, message string) wire.Answer {
	return answerOf(status, object{"statusCode": status, "message": message})
}

// refusal is a refusal in the form of v2.
func refusal(status int, code, title string) wire.Answer {
	return answerOf(status, object{"errors": []object{{"status": status, "code": code, "title": title, "detail": nil}}})
}

type object = map[string]any
