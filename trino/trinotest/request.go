package trinotest

import (
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
	Host   string // that it was addressed to
	Path   string
	Header http.Header
	Body   string
	SQL    string // of a statement: with prepared ones filled in, their values still question marks
}

func (r Request) clone() Request {
	r.Header = r.Header.Clone()
	return r
}

// Session is the session properties that came with the request.
func (r Request) Session() map[string]string {
	all := map[string]string{}
	for _, line := range r.Header.Values("X-Trino-Session") {
		for pair := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if text, err := url.QueryUnescape(value); err == nil && name != "" {
				all[name] = text
			}
		}
	}
	return all
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests empties the list that [Server.Requests] gives, and what is made of it: [Server.Statements] and
// [Server.Cancelled].
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Statements are the requests that brought a statement, oldest first.
func (s *Server) Statements() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.Method != http.MethodPost })
}

// Cancelled are the ids of the queries that a DELETE ended, in that order.
func (s *Server) Cancelled() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.requests {
		if r.Method != http.MethodDelete {
			continue
		}
		for _, q := range s.history {
			if strings.Contains(r.Path, q.id) {
				all = append(all, q.id)
			}
		}
	}
	return all
}

const maxBody = 8 << 20

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	req := Request{At: time.Now(), Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), Header: r.Header.Clone(), Body: string(body)}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	post := r.Method == http.MethodPost && r.URL.Path == "/v1/statement"
	if post {
		req.SQL = preparedText(req)
	}
	s.record(req)
	switch {
	case !s.admits(r):
		s.refusals.Add(1)
		refusal(http.StatusUnauthorized, "Invalid credentials").write(w, r)
	case post:
		s.posted(w, r, req)
	case r.Method == http.MethodDelete && len(parts) >= 3 && parts[0] == "v1":
		s.cancel(w, r, parts)
	case r.Method == http.MethodGet && len(parts) == 6 && parts[1] == "statement":
		s.paged(w, r, parts)
	case r.Method == http.MethodGet && len(parts) == 4 && parts[1] == "spooled" && s.storage != nil:
		s.storage.acknowledge(parts[3])
		w.WriteHeader(http.StatusOK)
	case r.URL.Path == "/v1/info":
		jsonAnswer(map[string]any{"starting": false, "nodeVersion": map[string]string{"version": "476"}}).write(w, r)
	default:
		refusal(http.StatusNotFound, "no such resource").write(w, r)
	}
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// Refused is how many requests were refused for their credential.
func (s *Server) Refused() int { return int(s.refusals.Load()) }

// admits checks the credential. Without TLS there is none.
func (s *Server) admits(r *http.Request) bool {
	if s.authority == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if user, password, ok := r.BasicAuth(); ok {
		want, known := s.users[user]
		return known && want == password
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && slices.Contains(s.tokens, token)
}

// posted answers a statement.
func (s *Server) posted(w http.ResponseWriter, r *http.Request, req Request) {
	s.count(1)
	f, strikes := s.http.Faults.NextAt(fault.OnRequest)
	if strikes && !ofData(f) && f.Kind != fault.KindDelay && f.Kind != fault.KindSlow {
		defer s.count(-1)
		s.fail(w, r, f, s.begun(s.failing(req)))
		return
	}
	if f.Kind == fault.KindDelay && wire.Pause(r.Context(), f.Delay) != nil {
		s.count(-1)
		return
	}
	q := s.run(req)
	if strikes && ofData(f) {
		q.fault = &f
	}
	s.count(-1)
	if f.Kind == fault.KindSlow {
		s.fail(w, r, f, s.begun(q))
		return
	}
	s.begun(q).write(w, r)
}

// count keeps the number of statements that are no queries yet.
func (s *Server) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posting += n
}

// ofData are the faults that strike the first page with rows.
func ofData(f fault.Fault) bool {
	switch f.Kind {
	case fault.KindCutMidBody, fault.KindResetMidBody, fault.KindOversized, fault.KindBomb, fault.KindCorruptCompression,
		fault.KindMalformedBlock, fault.KindError:
		return true
	}
	return false
}

// paged answers the link to a page.
func (s *Server) paged(w http.ResponseWriter, r *http.Request, parts []string) {
	q, token, ok := s.linked(parts)
	if f, strikes := s.links.NextAt(fault.OnRequest); strikes {
		a := refusal(http.StatusNotFound, "Query not found")
		if ok {
			a = s.page(q, token, r)
		}
		s.fail(w, r, f, a)
		return
	}
	if !ok {
		refusal(http.StatusNotFound, "Query not found").write(w, r)
		return
	}
	if !s.delayed(q, token, r) {
		return
	}
	a := s.page(q, token, r)
	if f := s.struck(q, token); f != nil {
		s.fail(w, r, *f, a)
		return
	}
	a.write(w, r)
}

func (s *Server) cancel(w http.ResponseWriter, r *http.Request, parts []string) {
	s.mu.Lock()
	id := parts[len(parts)-1]
	if parts[1] == "statement" && len(parts) == 6 {
		id = parts[3]
	}
	q, known := s.queries[id]
	if known && (q.state == stateQueued || q.state == stateRunning) {
		q.state, q.failure = stateFailed, &Error{3, "USER_CANCELED", "USER_ERROR", "Query was canceled"}
		close(q.over)
	}
	s.mu.Unlock()
	if !known {
		refusal(http.StatusNotFound, "Query not found").write(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
