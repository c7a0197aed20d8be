package githubtest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// budget is one of the budgets of requests.
type budget struct {
	limit, used int
	every       time.Duration
	reset       time.Time
}

func fresh() map[string]*budget {
	return map[string]*budget{
		"core": {limit: 5000, every: time.Hour}, "search": {limit: 30, every: time.Minute},
		"code_search": {limit: 10, every: time.Minute}, "graphql": {limit: 5000, every: time.Hour},
	}
}

// SetLimit changes a budget (core, search, code_search, graphql): how many requests of one span of time are answered. It begins
// anew. An unknown one is left alone.
func (s *Server) SetLimit(resource string, limit int, every time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.budgets[resource]; b != nil {
		*b = budget{limit: limit, every: every}
	}
}

// SetLimitStatus is the status of an answer without a budget, 403 by default: GitHub says it is 403 or 429.
func (s *Server) SetLimitStatus(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limitStatus = status
}

func resourceOf(r *http.Request) string {
	switch path := strings.TrimPrefix(r.URL.Path, enterprise); {
	case strings.HasSuffix(path, "/graphql"):
		return "graphql"
	case path == "/search/code":
		return "code_search"
	case strings.HasPrefix(path, "/search/"):
		return "search"
	case path == "/rate_limit":
		return ""
	}
	return "core"
}

// spend takes one request of its budget, or refuses it.
func (s *Server) spend(r *http.Request) (wire.Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.budgets[resourceOf(r)]
	if b == nil {
		return wire.Answer{}, false
	}
	if now := time.Now(); !now.Before(b.reset) {
		b.used, b.reset = 0, now.Add(b.every)
	}
	if b.used < b.limit {
		b.used++
		return wire.Answer{}, false
	}
	a := problem(s.limitStatus, "API rate limit exceeded for user ID 1.")
	b.head(a.Header, resourceOf(r))
	return a, true
}

// head writes what is left of a budget. The second of the reset is rounded up, as GitHub counts whole ones.
func (b *budget) head(h http.Header, resource string) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(b.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(b.limit-b.used, 0)))
	h.Set("X-RateLimit-Used", strconv.Itoa(b.used))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Add(time.Second-1).Unix(), 10))
	h.Set("X-RateLimit-Resource", resource)
}

func (s *Server) budgeted(r *http.Request, a wire.Answer) wire.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.budgets[resourceOf(r)]; b != nil {
		b.head(a.Header, resourceOf(r))
	}
	return a
}

// conditional gives an answer its ETag, which depends on the token as GitHub's does, and leaves out what the client has. Such
// an answer costs nothing.
func (s *Server) conditional(r *http.Request, a wire.Answer) wire.Answer {
	if r.Method != http.MethodGet || a.Status != http.StatusOK {
		return a
	}
	sum := sha256.Sum256([]byte(r.Header.Get("Authorization") + r.Header.Get("Accept") + string(a.Body)))
	etag := fmt.Sprintf(`W/"%x"`, sum[:16])
	a.Header.Set("ETag", etag)
	if r.Header.Get("If-None-Match") != etag {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.budgets[resourceOf(r)]; b != nil {
		b.used--
		b.head(a.Header, resourceOf(r))
	}
	a.Header.Del("Content-Type")
	return wire.Answer{Status: http.StatusNotModified, Header: a.Header}
}

func (s *Server) limits() wire.Answer {
	all := object{}
	for name, b := range s.budgets {
		all[name] = object{"limit": b.limit, "used": b.used, "remaining": max(b.limit-b.used, 0), "reset": b.reset.Unix()}
	}
	return answerOf(http.StatusOK, object{"resources": all, "rate": all["core"]})
}
