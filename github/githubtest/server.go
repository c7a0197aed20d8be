// Package githubtest is GitHub's API in process, for tests of programs that use github: it checks tokens and the proofs of an
// App, holds repositories with commits, pull requests, releases, deployments and workflow runs in memory, searches their code,
// pages as the real one does, counts budgets, answers conditional requests, keeps what it was asked, and fails on demand.
//
// Where it differs from the real one: a history is a line, whatever its branches; answers carry the fields that programs read,
// and not the dozens of addresses beside them; a search of code knows words, phrases and the qualifiers repo, user, org,
// language, path, filename and extension; blame is the only question of GraphQL; what a credential may read is everything,
// but what [Server.Hide] took away; nothing is computed later, and a secondary limit is only what a fault makes.
package githubtest

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
)

// What a fresh server accepts.
const (
	Token        = "ghp_demo0123456789demo0123456789demo01"
	AppID        = "424242"
	Installation = 777
)

// Server is the API, and beside it the store that logs are kept in. Its methods are safe for concurrent use. The caller closes
// it.
type Server struct {
	// URL is the base URL of the API; behind it /api/v3 answers too, as on an enterprise server.
	URL string

	http     wire.Server
	front    wire.Front
	store    wire.Server
	startErr error
	script   script.Script[Request, Reply]

	mu           sync.Mutex
	tokens       []string
	appKey       *rsa.PrivateKey
	installation map[string]time.Time // tokens, and until when they are valid
	lifetime     time.Duration
	fetched      []Request // of logs
	number       int64
	repos        []*repo
	renamed      map[string]string
	elsewhere    string // where renamed repositories lead, instead of this host
	budgets      map[string]*budget
	limitStatus  int
	incomplete   bool
}

// NewServer starts a server on free ports of the loopback interface. It holds nothing and accepts [Token]. Listening fails
// only on a machine that is out of ports or descriptors; then [Server.Err] says so and nobody can connect.
func NewServer() *Server {
	s := &Server{
		tokens: []string{Token}, installation: map[string]time.Time{}, lifetime: time.Hour, renamed: map[string]string{}, number: 1000,
		budgets: fresh(), limitStatus: http.StatusForbidden,
	}
	s.http.List = wire.List{Begin: `[`, Entry: `{"sha":"0123456789012345678901234567890123456789","commit":{"message":"x"}},`, End: `]`}
	s.front = wire.Front{
		Server: &s.http, Accepts: s.accepts, Answer: s.answer, Refuse: problem, Denied: "Bad credentials",
	}
	s.startErr = s.http.Start(s.front.Serve, nil)
	if err := s.store.Start(s.serveLog, nil); s.startErr == nil {
		s.startErr = err
	}
	s.URL = s.http.URL()
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if s.startErr == nil {
		return nil
	}
	return fmt.Errorf("githubtest: no server on 127.0.0.1: %w", s.startErr)
}

// Config is what a client needs to reach the server with a token. The Proxy is "none".
func (s *Server) Config() github.Config {
	return github.Config{BaseURL: s.URL, Token: secret.Literal(Token), Proxy: "none"}
}

// AppConfig is what a client needs to reach the server as an App.
func (s *Server) AppConfig() github.Config {
	return github.Config{
		BaseURL: s.URL, Proxy: "none", App: github.App{ID: AppID, Installation: Installation, PrivateKey: secret.Literal(s.AppKey())},
	}
}

// SetTokens replaces the tokens that are accepted: one, two while a rotation is under way, none to refuse everybody.
func (s *Server) SetTokens(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = slices.Clone(tokens)
}

// Fail has the next n requests fail; a negative n lasts until [Server.ClearFaults]. A fault on connect strikes the next
// connections instead.
//
// WrongPassword is a 401, Error a status with a body in GitHub's form, IgnoreCancel the same as Silent, and MalformedBlock a
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
func (s *Server) Close() {
	s.http.Close()
	s.store.Close()
}

type object = map[string]any

// answerOf is an answer of JSON.
func answerOf(status int, value any) wire.Answer {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"message":"the fake cannot encode its answer"}`)
	}
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: body}
}

// problem is a refusal in GitHub's form.
func problem(status int, message string) wire.Answer {
	return answerOf(status, object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(status)})
}
