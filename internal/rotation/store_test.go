package rotation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base/secret"
)

// credential is one version of a password, token or key.
type credential struct {
	n            int
	user, secret string
}

// accepts makes the server accept these credentials and no other, from its return on.
type accepts func(ctx context.Context, valid ...credential) error

// account is the name of an account at a server. Where it is paired the store alternates between two, whose names begin so
// and of which one stays as it is meanwhile.
type account struct {
	name   string
	paired bool
}

func (a account) nth(n int) credential {
	c := credential{n: n, user: a.name, secret: fmt.Sprintf("planted-word-%d", n)}
	if a.paired {
		c.user += "-" + string(rune('a'+n%2))
	}
	return c
}

func (a account) snapshot(c credential, expires time.Time) secret.Snapshot {
	s := secret.NewSnapshot(c.secret, fmt.Sprint("v", c.n), expires)
	if a.paired {
		s = s.OfUser(c.user)
	}
	return s
}

// of is the account, for a client's configuration.
func (a account) of() account { return a }

// store is a store of credentials that a rotation turns. Get is that of a client.
type store interface {
	secret.Source
	// begin tells the store how its server is told, before the first Get.
	begin(t *testing.T, server accepts)
	of() account
	// issue has the next credential accepted by the server and given to clients.
	issue(ctx context.Context) error
	// revoke has the server refuse the one before, at the end of the overlap.
	revoke(ctx context.Context) error
	// timed reports whether credentials end by the clock, so that one may be refused that was shown just before its end.
	timed() bool
}

// held is a store in memory that says nothing of the end of what it gives: clients hear of a rotation when they are
// refused. Without overlap the old credential ends when the new one begins, and clients that ask meanwhile wait.
type held struct {
	account
	accepts accepts
	overlap bool

	mu  sync.Mutex
	now credential
}

func newHeld(a account, overlap bool) *held {
	return &held{account: a, overlap: overlap, now: a.nth(1)}
}

func (s *held) begin(t *testing.T, server accepts) {
	t.Helper()
	s.accepts = server
	if err := server(t.Context(), s.now); err != nil {
		t.Fatal(err)
	}
}

func (s *held) Get(context.Context) (secret.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot(s.now, time.Time{}), nil
}

func (s *held) issue(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.nth(s.now.n + 1)
	valid := []credential{next}
	if s.overlap {
		valid = append(valid, s.now)
	}
	if err := s.accepts(ctx, valid...); err != nil {
		return err
	}
	s.now = next
	return nil
}

func (s *held) revoke(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepts(ctx, s.now)
}

func (s *held) timed() bool { return false }

// leased is a store in memory that issues a credential to each who asks, with an end; when the overlap has passed too, or
// two newer ones were issued, the server refuses it.
type leased struct {
	account
	accepts accepts

	mu      sync.Mutex
	valid   []credential
	last    int
	ends    []*time.Timer
	closed  bool
	changed chan struct{} // closed and made anew when a credential ends
	ended   int
	problem error
}

const (
	leaseLife    = 500 * time.Millisecond
	leaseOverlap = 300 * time.Millisecond
)

func newLeased(a account) *leased { return &leased{account: a, changed: make(chan struct{})} }

func (s *leased) begin(t *testing.T, server accepts) {
	s.accepts = server
	t.Cleanup(s.close)
}

func (s *leased) Get(ctx context.Context) (secret.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return secret.Snapshot{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	next := s.nth(s.last)
	s.valid = append(s.valid[max(0, len(s.valid)-1):], next)
	expires := time.Now().Add(leaseLife)
	if err := s.accepts(ctx, s.valid...); err != nil {
		return secret.Snapshot{}, err
	}
	if !s.closed {
		s.ends = append(s.ends, time.AfterFunc(leaseLife+leaseOverlap, func() { s.end(next) }))
	}
	return s.snapshot(next, expires), nil
}

func (s *leased) end(c credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for i, v := range s.valid {
		if v == c {
			s.valid = append(s.valid[:i:i], s.valid[i+1:]...)
			break
		}
	}
	if err := s.accepts(context.Background(), s.valid...); err != nil {
		s.problem = err
	}
	s.ended++
	close(s.changed)
	s.changed = make(chan struct{})
}

// issue does nothing: clients ask ahead of the end.
func (s *leased) issue(context.Context) error { return nil }

// revoke waits until another credential has ended.
func (s *leased) revoke(ctx context.Context) error {
	s.mu.Lock()
	changed := s.changed
	s.mu.Unlock()
	select {
	case <-changed:
	case <-ctx.Done():
		return fmt.Errorf("no credential ended: %w", context.Cause(ctx))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

func (s *leased) timed() bool { return true }

func (s *leased) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, end := range s.ends {
		end.Stop()
	}
}
