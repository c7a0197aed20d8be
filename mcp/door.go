package mcp

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const (
	path          = "/mcp"
	sessionHeader = "Mcp-Session-Id"
)

// ServeHTTP serves /mcp and /mcp/<name>. A request passes Host, Origin, length, token and the number of sessions, in this
// order, before any of it is read. A server that ends refuses it as one that is not there (503), whatever its token.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, why := s.refuse(r); status != 0 {
		http.Error(w, why, status)
		return
	}
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing { // before the token: the stores are closed, and none of it would be known
		ending(w)
		return
	}
	e := s.endpoints[strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, path), "/")]
	var next http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.admit(w, r, e) })
	if s.bearer != nil {
		next = s.bearer.require(next)
	}
	next.ServeHTTP(w, r)
}

// refuse says why a request goes no further, before its token is looked at.
func (s *Server) refuse(r *http.Request) (status int, why string) {
	name, ok := strings.CutPrefix(r.URL.Path, path)
	name, below := strings.CutPrefix(name, "/")
	_, known := s.endpoints[name]
	switch origin := r.Header.Get("Origin"); {
	case !s.hostAllowed(r.Host):
		return http.StatusForbidden, "this Host is not served here; the operator can allow it (allowed_hosts)"
	case origin != "" && !s.originAllowed(origin):
		return http.StatusForbidden, "pages of this Origin may not call; the operator can allow it (allowed_origins)"
	case !ok || !known || below && name == "":
		return http.StatusNotFound, "there is no such endpoint; they are /mcp and /mcp/<name> with one of: " + strings.Join(s.Endpoints(), ", ")
	case r.ContentLength > s.config.MaxRequestBytes:
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is longer than the %d bytes that one may have", s.config.MaxRequestBytes)
	}
	return 0, ""
}

// admit counts the sessions that are being made, and hands on.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, e *endpoint) {
	begins := !s.config.Stateless && r.Method == http.MethodPost && r.Header.Get(sessionHeader) == ""
	s.mu.Lock()
	closing, full := s.closing, begins && s.sessions()+s.starting >= s.config.MaxSessions
	if begins && !closing && !full {
		s.starting++
	}
	s.mu.Unlock()
	switch {
	case closing:
		ending(w)
		return
	case full:
		w.Header().Set("Retry-After", "5")
		http.Error(w, fmt.Sprintf("%d sessions are open, and that is all there may be", s.config.MaxSessions), http.StatusServiceUnavailable)
		return
	case begins:
		begun := sync.OnceFunc(func() {
			s.mu.Lock()
			s.starting--
			s.mu.Unlock()
		})
		defer begun()
		w = &beginning{w, begun}
	}
	e.handler.ServeHTTP(w, r)
}

func ending(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, "the server is ending", http.StatusServiceUnavailable)
}

// beginning tells when a session answers its greeting: from then on it counts among those that are open, not among those that
// are being made.
type beginning struct {
	http.ResponseWriter
	begun func()
}

// Unwrap is for http.ResponseController.
func (b *beginning) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *beginning) WriteHeader(status int) {
	b.begun()
	b.ResponseWriter.WriteHeader(status)
}

func (b *beginning) Write(p []byte) (int, error) {
	b.begun()
	return b.ResponseWriter.Write(p)
}

// sessions counts those that are open.
func (s *Server) sessions() (n int) {
	for _, e := range s.endpoints {
		for range e.sdk.Sessions() {
			n++
		}
	}
	return n
}

// hostAllowed guards against a page that names this machine by a name of its own (DNS rebinding).
func (s *Server) hostAllowed(host string) bool {
	name := hostname(host)
	return loopback(name) || slices.ContainsFunc(s.config.AllowedHosts, func(h string) bool { return strings.EqualFold(h, name) })
}

func (s *Server) originAllowed(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false // "null" too
	}
	return loopback(hostname(u.Host)) || slices.ContainsFunc(s.config.AllowedOrigins, func(o string) bool { return strings.EqualFold(o, origin) })
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func loopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.Unmap().IsLoopback()
}
