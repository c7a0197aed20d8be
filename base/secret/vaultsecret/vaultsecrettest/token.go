package vaultsecrettest

import (
	"net/http"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// token is one that the server knows.
type token struct {
	life  Life
	began time.Time
	end   time.Time // zero = none
}

// appRole is a role with its secret ids.
type appRole struct {
	life Life
	uses map[string]int // of each secret id; negative = without end
}

type serviceAccount struct {
	life Life
	jwt  string
}

// NewToken makes a token.
func (s *Server) NewToken(life Life) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newToken(life, time.Now())
}

func (s *Server) newToken(life Life, now time.Time) string {
	name := s.name("demo-token")
	t := &token{life: life, began: now}
	if granted, _ := life.grant(now, now); life.TTL > 0 {
		t.end = now.Add(granted)
	}
	s.tokens[name] = t
	return name
}

// RevokeTokens ends every token but the root's, and the leases that were taken with them.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	var told []func()
	for name := range s.tokens {
		if name != RootToken {
			told = append(told, s.endToken(name)...)
		}
	}
	s.mu.Unlock()
	for _, tell := range told {
		tell()
	}
}

// Tokens is how many tokens there are beside the root's.
func (s *Server) Tokens() int {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tokens) - 1
}

// AppRole adds a role whose tokens have this life, with a secret id that is good for so many logins; negative = any number.
func (s *Server) AppRole(life Life, uses int) (roleID, secretID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	roleID = s.name("demo-role")
	s.appRoles[roleID] = &appRole{life: life, uses: map[string]int{}}
	return roleID, s.newSecretID(roleID, uses)
}

// NewSecretID adds a secret id to a role of [Server.AppRole].
func (s *Server) NewSecretID(roleID string, uses int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newSecretID(roleID, uses)
}

func (s *Server) newSecretID(roleID string, uses int) string {
	id := s.name("demo-secret-id")
	s.appRoles[roleID].uses[id] = uses
	return id
}

// Kubernetes adds a role for a service account that shows this token.
func (s *Server) Kubernetes(role, jwt string, life Life) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[role] = &serviceAccount{life, jwt}
}

// logins need no token.
var logins = map[string]func(*Server, asked) wire.Answer{
	"approle/login":    (*Server).loginAppRole,
	"kubernetes/login": (*Server).loginKubernetes,
}

func (s *Server) loginAppRole(in asked) wire.Answer {
	role := s.appRoles[in.text("role_id")]
	id := in.text("secret_id")
	if role == nil || role.uses[id] == 0 {
		return refuse(http.StatusBadRequest, "invalid role or secret ID")
	}
	role.uses[id]--
	return s.loggedIn(role.life, in.now)
}

func (s *Server) loginKubernetes(in asked) wire.Answer {
	account := s.accounts[in.text("role")]
	switch {
	case account == nil:
		return refuse(http.StatusBadRequest, "invalid role name \""+in.text("role")+"\"")
	case account.jwt != in.text("jwt"):
		return refuse(http.StatusForbidden, "permission denied")
	}
	return s.loggedIn(account.life, in.now)
}

func (s *Server) loggedIn(life Life, now time.Time) wire.Answer {
	name := s.newToken(life, now)
	return s.tokens[name].auth(name, now)
}

func (t *token) auth(name string, now time.Time) wire.Answer {
	return reply{Auth: &auth{name, seconds(t.end, now), t.life.TTL > 0, "service"}}.answer(http.StatusOK)
}

func (s *Server) lookup(in asked) wire.Answer {
	t := s.tokens[in.token]
	data := map[string]any{"id": in.token, "ttl": seconds(t.end, in.now), "renewable": t.life.TTL > 0, "expire_time": nil, "type": "service"}
	if !t.end.IsZero() {
		data["expire_time"] = t.end.UTC().Format(time.RFC3339Nano)
	}
	return give(data)
}

func (s *Server) renewToken(in asked) wire.Answer {
	t := s.tokens[in.token]
	if t.life.TTL <= 0 {
		return refuse(http.StatusBadRequest, "lease is not renewable")
	}
	if granted, more := t.life.grant(t.began, in.now); more {
		t.end = in.now.Add(granted)
	}
	return t.auth(in.token, in.now)
}

// endToken forgets a token and revokes its leases. The caller holds the lock, and calls what it returns after it.
func (s *Server) endToken(name string) (told []func()) {
	if name == RootToken {
		return nil
	}
	delete(s.tokens, name)
	for id, l := range s.leases {
		if l.token == name {
			told = append(told, s.endLease(id)...)
		}
	}
	return told
}

// seconds is what is left, in whole seconds as the real server counts.
func seconds(end, now time.Time) int {
	if end.IsZero() {
		return 0
	}
	return int(end.Sub(now).Round(time.Millisecond) / time.Second)
}
