package rotation_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// lagging is a store that goes on giving a credential for a while after the server refuses it.
type lagging struct {
	held

	mu   sync.Mutex
	old  bool // is given still
	gave int
}

func (s *lagging) Get(ctx context.Context) (secret.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gave++
	if s.old {
		return s.snapshot(s.nth(1), time.Time{}), nil
	}
	return s.held.Get(ctx)
}

func (s *lagging) given() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gave
}

// catchUp ends the lag.
func (s *lagging) catchUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old = false
}

func TestAStoreThatLagsBehindItsServerIsAskedOnceAndServiceResumesByItself(t *testing.T) {
	t.Parallel()
	for name, start := range fakes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &lagging{held: *newHeld(alone, false), old: true}
			sub := start(t, s)
			t.Cleanup(func() { _ = sub.client.Close() })
			if err := sub.read(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.issue(t.Context()); err != nil { // which the store does not give yet
				t.Fatal(err)
			}
			asked, was := s.given(), sub.refused()
			calls, err := strain(t.Context(), sub)
			if !errors.Is(err, base.ErrUnauthenticated) {
				t.Fatalf("a credential that the server refuses: %v", err)
			}
			if n := s.given() - asked; n != 1 {
				t.Errorf("the store was asked %d times", n)
			}
			most := calls
			if sub.most > 0 {
				most = sub.most
			}
			if n := sub.refused() - was; n < 1 || n > most {
				t.Errorf("the server refused %d times", n)
			}
			s.catchUp()
			if !soon(t.Context(), func() bool { err = sub.read(t.Context()); return err == nil }) {
				t.Errorf("service does not resume: %v", err)
			}
		})
	}
}

// strain makes calls until one has failed: where connections outlive their credential, one beside another, so that one has
// to log in.
func strain(ctx context.Context, sub *subject) (calls int, err error) {
	if !sub.logsIn {
		return 1, sub.read(ctx)
	}
	n := sub.tap.left(1<<30) + 1
	sub.tap.hold(1)
	problems := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { problems[i] = sub.read(ctx) })
	}
	all.Wait()
	return n, errors.Join(problems...)
}
