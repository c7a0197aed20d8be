package vaultsecrettest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// Request is one request as the server received it.
type Request struct {
	At     time.Time
	Method string
	Path   string // without /v1/
	Query  url.Values
	Header http.Header
	Body   string
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Asked is how many requests there were of a path since the start or the last [Server.ForgetRequests].
func (s *Server) Asked(path string) (n int) {
	for _, r := range s.Requests() {
		if r.Path == path {
			n++
		}
	}
	return n
}

// ForgetRequests empties the list that [Server.Requests] gives.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

const (
	maxBody     = 1 << 20
	contentType = "application/json"
	health      = "sys/health"
)

// asked is a request with what it says.
type asked struct {
	method, path string
	query        url.Values
	body         map[string]any
	token        string
	now          time.Time
}

func (a asked) text(name string) string {
	text, _ := a.body[name].(string)
	return text
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	path, _ := strings.CutPrefix(r.URL.Path, "/v1/")
	in := asked{method: r.Method, path: path, query: r.URL.Query(), token: r.Header.Get("X-Vault-Token"), now: time.Now()}
	bad := len(text) > 0 && json.Unmarshal(text, &in.body) != nil
	s.record(Request{At: in.now, Method: r.Method, Path: path, Query: in.query, Header: r.Header.Clone(), Body: string(text)})
	a := refuse(http.StatusBadRequest, "failed to parse JSON input")
	if !bad {
		a = s.answer(in)
	}
	if path != health {
		if f, strikes := s.api.Faults.NextAt(fault.OnRequest); strikes {
			s.fail(w, r, f, a)
			return
		}
	}
	a.Write(w)
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// answer runs under the lock, and what hooks are to be told goes out after it.
func (s *Server) answer(in asked) wire.Answer {
	var told []func()
	defer func() {
		for _, tell := range told {
			tell()
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	told = s.sweep(in.now)
	if in.path == health {
		return s.health(in)
	}
	if a, down := s.down(); down {
		return a
	}
	if login, ok := logins[strings.TrimPrefix(in.path, "auth/")]; ok {
		return login(s, in)
	}
	if _, known := s.tokens[in.token]; !known {
		return refuse(http.StatusForbidden, "permission denied")
	}
	if s.forbids(in.path) {
		return denied
	}
	a, more := s.route(in)
	told = append(told, more...)
	return a
}

var denied = refuse(http.StatusForbidden, "1 error occurred:\n\t* permission denied\n\n")

func (s *Server) forbids(path string) bool {
	return slices.ContainsFunc(s.denied, func(forbidden string) bool {
		return path == forbidden || (strings.HasSuffix(forbidden, "/") && strings.HasPrefix(path, forbidden))
	})
}

func (s *Server) route(in asked) (wire.Answer, []func()) {
	switch in.path {
	case "auth/token/lookup-self":
		return s.lookup(in), nil
	case "auth/token/renew-self":
		return s.renewToken(in), nil
	case "auth/token/revoke-self":
		return wire.Answer{Status: http.StatusNoContent}, s.endToken(in.token)
	case "sys/leases/renew":
		return s.renewLease(in), nil
	case "sys/leases/revoke":
		return s.revokeLease(in)
	}
	if path, ok := strings.CutPrefix(in.path, "sys/internal/ui/mounts/"); ok {
		return mountOf(path), nil
	}
	mount, rest, _ := strings.Cut(in.path, "/")
	switch mount {
	case "secret":
		if path, ok := strings.CutPrefix(rest, "data/"); ok {
			return s.read("secret/"+path, in.query.Get("version")), nil
		}
	case "kv":
		return s.readPlain(in.path), nil
	case "database":
		return s.issue(in)
	}
	return refuse(http.StatusNotFound, "no handler for route \""+in.path+"\". route entry not found."), nil
}

func mountOf(path string) wire.Answer {
	mount, _, _ := strings.Cut(path, "/")
	switch mount {
	case "secret":
		return give(map[string]any{"path": "secret/", "type": "kv", "options": map[string]any{"version": "2"}})
	case "kv":
		return give(map[string]any{"path": "kv/", "type": "kv", "options": nil})
	case "database":
		return give(map[string]any{"path": "database/", "type": "database", "options": nil})
	}
	return refuse(http.StatusForbidden, "preflight capability check returned 403, please ensure client's policies grant access to path \""+path+"/\"")
}
