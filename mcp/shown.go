package mcp

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

// shown are the tokens that a session has shown to its server, those of an OAuthHandler included: a text may hold one that
// was turned since. The zero value holds none.
type shown struct {
	mu     sync.Mutex
	tokens []string // newest last
}

// kept is how many tokens are remembered: those of some rotations.
const kept = 8

// note remembers the token of a request.
func (s *shown) note(h http.Header) {
	_, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if token == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.tokens, token) {
		return
	}
	if s.tokens = append(s.tokens, token); len(s.tokens) > kept {
		s.tokens = slices.Delete(s.tokens, 0, 1)
	}
}

func (s *shown) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens)
}
