package awssecrettest

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/internal/wire"
)

// What every server has: a key of AWS and the account that it belongs to.
const (
	AccessKey = "DEMOACCESSKEY0000001"
	SecretKey = "demo-secret-of-the-fake-0123456789abcdef"
	Account   = "123456789012"
	Region    = "us-east-1"
)

// Server is one Secrets Manager. Make it with [NewServer] and end it with [Server.Close]. All its methods are safe for
// concurrent use, also while clients are connected.
type Server struct {
	api wire.Server
	err error

	mu       sync.Mutex
	secrets  map[string]*stored // by name
	number   int                // of the version made last
	requests []Request
	keys     map[string]key
	denied   map[string]bool
	refusals []refusal
}

// NewServer starts a server on a free port of 127.0.0.1, without any secret. Listening fails only on a machine that is out of
// ports or descriptors; then [Server.Err] says so and nobody can connect.
func NewServer() *Server {
	s := &Server{secrets: map[string]*stored{}, keys: map[string]key{AccessKey: {}}, denied: map[string]bool{}}
	s.api.List = wire.List{Begin: `{"SecretString":"`, Entry: "x", End: `"}`, Type: contentType}
	s.err = s.api.Start(s.ServeHTTP, nil)
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if s.err == nil {
		return nil
	}
	return fmt.Errorf("awssecrettest: no server on 127.0.0.1: %w", s.err)
}

// URL is where the server is reached.
func (s *Server) URL() string { return s.api.URL() }

// Config is a configuration for this server, with its key, without a proxy and without retries.
func (s *Server) Config() awssecret.Config {
	return awssecret.Config{
		Region: Region, Endpoint: s.URL(), Proxy: "none", Key: secret.Literal(AccessKey + ":" + SecretKey),
		Limits: base.Limits{Retries: -1},
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

// key is what belongs to an access key.
type key struct {
	token   string
	expired bool
}

// SetKey adds an access key, with the token of its session, if it is of one.
func (s *Server) SetKey(access, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[access] = key{token: token}
}

// RemoveKey has the server not know an access key.
func (s *Server) RemoveKey(access string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, access)
}

// ExpireKey has the server say that the session of an access key is over, until [Server.SetKey] sets it again.
func (s *Server) ExpireKey(access string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[access]
	k.expired = true
	s.keys[access] = k
}

// Deny has nobody read the secret from now on, or anybody again.
func (s *Server) Deny(name string, denied bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[name] = denied
}
