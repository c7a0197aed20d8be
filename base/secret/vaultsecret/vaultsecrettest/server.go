package vaultsecrettest

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/internal/wire"
)

// RootToken is a token that every server knows and that has no end.
const RootToken = "demo-root-of-the-fake"

// Server is one Vault. Make it with [NewServer] and end it with [Server.Close]. All its methods are safe for concurrent use,
// also while clients are connected.
type Server struct {
	api wire.Server
	err error

	mu       sync.Mutex
	number   int // of the name made last
	requests []Request
	denied   []string
	state    State

	kv       map[string][]*version // of KV v2, by path with mount
	plain    map[string]map[string]any
	tokens   map[string]*token
	appRoles map[string]*appRole // by role id
	accounts map[string]*serviceAccount
	roles    map[string]Role // of the database engine
	leases   map[string]*lease
}

// State is what the server says of itself.
type State int

// What a server can be.
const (
	Active State = iota
	Sealed
	Standby // that does not pass requests on
	Redirecting
	Uninitialised
)

// NewServer starts a server on a free port of 127.0.0.1, without any secret. Listening fails only on a machine that is out of
// ports or descriptors; then [Server.Err] says so and nobody can connect.
func NewServer() *Server {
	s := &Server{
		kv: map[string][]*version{}, plain: map[string]map[string]any{}, tokens: map[string]*token{RootToken: {}},
		appRoles: map[string]*appRole{}, accounts: map[string]*serviceAccount{}, roles: map[string]Role{}, leases: map[string]*lease{},
	}
	s.api.List = wire.List{Begin: `{"data":{"data":{"password":"`, Entry: "x", End: `"}}}`, Type: contentType}
	s.err = s.api.Start(s.ServeHTTP, nil)
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if s.err == nil {
		return nil
	}
	return fmt.Errorf("vaultsecrettest: no server on 127.0.0.1: %w", s.err)
}

// URL is where the server is reached.
func (s *Server) URL() string { return s.api.URL() }

// Config is a configuration for this server, with its root token, without a proxy and without retries.
func (s *Server) Config() vaultsecret.Config {
	return vaultsecret.Config{
		Address: s.URL(), Proxy: "none", Token: secret.Literal(RootToken), Limits: base.Limits{Retries: -1},
	}
}

// Close ends the server and every connection. It may be called again.
func (s *Server) Close() { s.api.Close() }

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) { return s.api.Connections() }

// DropConnections drops every open connection, as a restart does. New ones are accepted.
func (s *Server) DropConnections() { s.api.DropConnections() }

// ServeHTTP answers one request. It is for a transport that needs no network, as in a bubble of testing/synctest.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.serve(w, r) }

// Become has the server be something else from now on. What it holds stays.
func (s *Server) Become(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// Deny forbids a path of the API, such as secret/data/app, and all below it where it ends with a slash, to every token.
func (s *Server) Deny(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = append(s.denied, path)
}

// Allow takes back what [Server.Deny] forbade.
func (s *Server) Allow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = nil
}

// Life is how long a token or an account lives: TTL after each renewal, Max in all. Zero is without end.
type Life struct{ TTL, Max time.Duration }

// grant is the life after a renewal now, of something that began then; false where nothing is left.
func (l Life) grant(began, now time.Time) (life time.Duration, more bool) {
	life = l.TTL
	if l.Max > 0 {
		life = min(life, began.Add(l.Max).Sub(now))
	}
	return life, life > 0
}

// name makes a name that was not there before. The caller holds the lock.
func (s *Server) name(kind string) string {
	s.number++
	return fmt.Sprintf("%s-%04d", kind, s.number)
}
