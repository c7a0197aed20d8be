// Package script keeps the scripted replies of a fake, so that all fakes answer by the same rule: of the replies that
// match a request the one added last is used; several that were added together take turns, each once, and the last of
// them stays; a reply that says how often is used that often.
package script

import (
	"slices"
	"sync"
)

// Turn is one of the replies that were added together. Times is how often it is used before the next one's turn. Zero or
// less is once, and for the last one without end.
type Turn[A any] struct {
	Reply A
	Times int
}

// Script is the replies of a fake to requests of the type Q. The zero value has none. It is safe for concurrent use and
// must not be copied after first use.
type Script[Q, A any] struct {
	mu    sync.Mutex
	rules []*rule[Q, A]
}

type rule[Q, A any] struct {
	match func(Q) bool
	turns []Turn[A]
	used  int // of the first turn
}

// Add has the requests for which match is true answered with these. A nil match means all requests. The function is
// called outside of the lock, by several goroutines at once. Without a turn nothing is added.
func (s *Script[Q, A]) Add(match func(Q) bool, turns ...Turn[A]) {
	if len(turns) == 0 {
		return
	}
	if match == nil {
		match = func(Q) bool { return true }
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, &rule[Q, A]{match: match, turns: slices.Clone(turns)})
}

// Clear forgets every reply.
func (s *Script[Q, A]) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Next is the reply to a request, which uses it; false if none matches.
func (s *Script[Q, A]) Next(request Q) (A, bool) { return s.find(request, s.use) }

// Peek is the reply that Next would give, without using it.
func (s *Script[Q, A]) Peek(request Q) (A, bool) { return s.find(request, s.first) }

func (s *Script[Q, A]) find(request Q, take func(*rule[Q, A]) (A, bool)) (A, bool) {
	s.mu.Lock()
	rules := slices.Clone(s.rules)
	s.mu.Unlock()
	for _, r := range slices.Backward(rules) {
		if r.match(request) {
			if reply, ok := take(r); ok {
				return reply, true
			}
		}
	}
	var none A
	return none, false
}

// first is the rule's next reply; false if another request has used it up meanwhile.
func (s *Script[Q, A]) first(r *rule[Q, A]) (reply A, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(r.turns) == 0 {
		return reply, false
	}
	return r.turns[0].Reply, true
}

// use counts one answer, goes on to the next turn where this one is over, and drops a rule without any left.
func (s *Script[Q, A]) use(r *rule[Q, A]) (reply A, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(r.turns) == 0 {
		return reply, false
	}
	turn := r.turns[0]
	r.used++
	lasting := turn.Times <= 0 && len(r.turns) == 1
	if !lasting && r.used >= turn.Times {
		r.turns, r.used = r.turns[1:], 0
	}
	if len(r.turns) == 0 {
		s.rules = slices.DeleteFunc(s.rules, func(other *rule[Q, A]) bool { return other == r })
	}
	return turn.Reply, true
}
