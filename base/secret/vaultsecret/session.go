package vaultsecret

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/fourkites/sources/base"
)

// session is one login: a token, and how long it lives.
type session struct {
	connection
	method  string // for errors
	version string // of a token that was given
	own     bool   // the store has logged in, and revokes the token

	// Under Store.mu.
	life      time.Duration // as granted first; 0 = not known, or without end
	end       time.Time     // zero = none
	renewable bool
	dead      bool
	leaving   bool      // the keeper wants another
	plan      time.Time // when the keeper does something about it
	tries     int       // failures of the keeper since the last success
}

// alive reports whether the token may be shown. The caller holds Store.mu.
func (n *session) alive() bool {
	return n != nil && !n.dead && (n.end.IsZero() || time.Now().Before(n.end))
}

// lives takes what the server granted, counted from before the request. The caller holds Store.mu, or has the session alone.
func (n *session) lives(since time.Time, life time.Duration) {
	if n.life == 0 {
		n.life = life
	}
	n.end, n.plan, n.tries = since.Add(life), since.Add(max(spread(life), soonest)), 0
}

// soonest keeps the keeper from spinning at the end of a life.
const soonest = 200 * time.Millisecond

// current is the present session, of a new login where there is none.
func (s *Store) current(ctx context.Context) (*session, error) {
	s.mu.Lock()
	n := s.session
	alive := n.alive()
	s.mu.Unlock()
	if alive {
		return n, nil
	}
	n, _, err := s.logins.do(ctx)
	return n, err
}

// ask asks with the present token. Where the server does not know the token any more, it logs in anew and asks once more.
func (s *Store) ask(ctx context.Context, op *base.Op, r request) (*api.Secret, *session, error) {
	for first := true; ; first = false {
		n, err := s.current(ctx)
		if err != nil {
			return nil, nil, err
		}
		out, err := s.exchange(ctx, op, n.connection, r)
		if statusOf(err) != http.StatusForbidden || !s.lost(ctx, n, first) {
			return out, n, err
		}
	}
}

// lost finds out whether a 403 means that the token has ended: then it cannot look itself up. A token of a login just made
// that cannot either is one without the policy for it, and from then on a 403 is taken for what it says, unless there is
// another token to try.
func (s *Store) lost(ctx context.Context, n *session, first bool) bool {
	s.mu.Lock()
	alive, blind := n.alive(), s.blind
	s.mu.Unlock()
	switch {
	case !alive:
		return first
	case blind && !(first && s.method.another(ctx, n)):
		return false
	case !blind:
		if _, err := s.exchange(ctx, opToken, n.connection, read(pathLookup, nil)); statusOf(err) != http.StatusForbidden {
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !first {
		s.blind = true
		return false
	}
	n.dead = true
	return true
}

const (
	pathLookup      = "auth/token/lookup-self"
	pathRenewSelf   = "auth/token/renew-self"
	pathRevokeSelf  = "auth/token/revoke-self"
	pathRenewLease  = "sys/leases/renew"
	pathRevokeLease = "sys/leases/revoke"
)

// pause keeps logins that fail from following one another at once.
type pause struct {
	failures int
	err      error
	until    time.Time
}

// login replaces the session. It runs alone: see Store.logins.
func (s *Store) login(ctx context.Context) (*session, error) {
	s.mu.Lock()
	old, p := s.session, s.pause
	good := old.alive() && !old.leaving
	s.mu.Unlock()
	if good { // of the login that a caller has just missed
		return old, nil
	}
	if p.err != nil && time.Now().Before(p.until) {
		return nil, p.err
	}
	n, err := s.method.login(ctx, s, old)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		wait := p.failures
		if !errors.Is(err, ErrLogin) { // a server that was not there may be back any moment
			wait = min(wait, 2)
		}
		s.pause = pause{p.failures + 1, err, time.Now().Add(backoff(wait))}
		return nil, err
	}
	s.pause = pause{}
	if old != n {
		s.retire(old)
	}
	s.session = n
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
	return n, nil
}

// retire keeps a session whose leases run on until it ends. The caller holds the lock.
func (s *Store) retire(old *session) {
	if old.alive() {
		s.retired = append(s.retired, old)
	}
	s.retired = slices.DeleteFunc(s.retired, func(n *session) bool { return !n.alive() })
}

// runs is when a lease ends, zero = never, and whether it has not yet.
func (s *Store) runs(l *lease) (end time.Time, alive bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.ends()
}

// until sets when a lease ends.
func (s *Store) until(l *lease, end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.end = end
}

// named adds to a trouble that it was met at the login.
func named(err error, method string) error {
	t, ok := errors.AsType[*trouble](err)
	if !ok {
		return err
	}
	named := *t
	named.text = "at the login by " + method + ": " + t.text
	if slices.Contains([]int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, t.status) {
		named.reason = ErrLogin
	}
	return &named
}
