package graph

import (
	"context"
	"sync"
)

// sessions counts those that are open: the driver must not be closed before them.
type sessions struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n is zero; nil: nobody waits
}

func (s *sessions) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
}

func (s *sessions) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n--; s.n == 0 && s.none != nil {
		close(s.none)
		s.none = nil
	}
}

// wait reports whether none is open before the context ends.
func (s *sessions) wait(ctx context.Context) bool {
	s.mu.Lock()
	if s.n == 0 {
		s.mu.Unlock()
		return true
	}
	if s.none == nil {
		s.none = make(chan struct{})
	}
	none := s.none
	s.mu.Unlock()
	select {
	case <-none:
		return true
	case <-ctx.Done():
		return false
	}
}
