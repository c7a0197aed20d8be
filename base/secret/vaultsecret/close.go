package vaultsecret

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"
)

// The bounds of Close: how long requests under way may end by themselves, so that no account is lost that was just issued;
// how long they may take once they are cut; how long revoking takes, of how many leases at once.
const (
	graceful     = time.Second
	cutShort     = time.Second
	revokeWithin = 5 * time.Second
	revokeAtOnce = 8
)

// Close ends the store: every Get fails with [secret.ErrClosed] from now on, the token is renewed no more, the leases that the
// store took are revoked, and so is its token where it has logged in itself. It takes eight seconds at most, may be called
// again, and closes no transport that the caller gave. Its error counts the leases that were not revoked, by reference; a
// lease whose token was revoked ends with it.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.tasks.shut()
		close(s.quit)
		var all []error
		if !s.tasks.over(graceful) {
			s.cut()
			if !s.tasks.over(cutShort) {
				all = append(all, fmt.Errorf("%s: close: a request is still running", s.config.Name))
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), revokeWithin)
		defer cancel()
		all = append(all, s.revokeAll(ctx))
		s.cut()
		if err := s.guard.Close(ctx); err != nil {
			all = append(all, fmt.Errorf("%s: close: %w", s.config.Name, err))
		}
		if s.own != nil {
			s.own.CloseIdleConnections()
		}
		s.closed = errors.Join(all...)
	})
	return s.closed
}

// revoke revokes one lease and waits until the engine has done so.
func (s *Store) revoke(ctx context.Context, l *lease) error {
	_, _, err := s.ask(ctx, opRevoke, write(pathRevokeLease, map[string]any{"lease_id": l.id, "sync": true}))
	if err == nil {
		s.forget(l)
	}
	return err
}

// note keeps a lease for Close, and forgets those that have ended by themselves: their sources may be in use no more.
func (s *Store) note(l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.leases, func(l *lease, _ struct{}) bool { _, alive := l.ends(); return !alive })
	s.leases[l] = struct{}{}
}

func (s *Store) forget(l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.leases, l)
}

// revokeAll revokes the leases that run, then the tokens.
func (s *Store) revokeAll(ctx context.Context) error {
	s.mu.Lock()
	leases := slices.DeleteFunc(slices.Collect(maps.Keys(s.leases)), func(l *lease) bool { _, alive := l.ends(); return !alive })
	sessions := slices.DeleteFunc(append(slices.Clone(s.retired), s.session), func(n *session) bool { return !n.alive() })
	s.mu.Unlock()
	left := s.revokeLeases(ctx, leases)

	gone := map[*session]bool{}
	var tokens []error
	for _, n := range sessions {
		if !n.own {
			continue
		}
		if _, err := s.exchange(ctx, opRevoke, n.connection, revokeSelf); err != nil {
			tokens = append(tokens, fmt.Errorf("%s: close: the token of the login by %s was not revoked: %w", s.config.Name, n.method, err))
			continue
		}
		gone[n] = true
	}
	maps.DeleteFunc(left, func(l *lease, _ error) bool { return gone[l.session] })
	return errors.Join(append([]error{s.unrevoked(left, len(leases))}, tokens...)...)
}

func revokeSelf(ctx context.Context, c connection) (*api.Secret, error) {
	return write(pathRevokeSelf, map[string]any{})(ctx, c)
}

// revokeLeases revokes some side by side, each with the token that it was taken with, and reports what is left.
func (s *Store) revokeLeases(ctx context.Context, leases []*lease) map[*lease]error {
	var mu sync.Mutex
	left := map[*lease]error{}
	places := make(chan struct{}, revokeAtOnce)
	var all sync.WaitGroup
	for _, l := range leases {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			data := map[string]any{"lease_id": l.id, "sync": true}
			if _, err := s.exchange(ctx, opRevoke, l.session.connection, write(pathRevokeLease, data)); err != nil {
				mu.Lock()
				defer mu.Unlock()
				left[l] = err
			}
		})
	}
	all.Wait()
	return left
}

// unrevoked counts the leases that are left, by reference, with one of the reasons.
func (s *Store) unrevoked(left map[*lease]error, of int) error {
	if len(left) == 0 {
		return nil
	}
	counts := map[string]int{}
	var why error
	for l, err := range left {
		counts[l.reference]++
		why = err
	}
	var parts []string
	for _, reference := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s: %d", reference, counts[reference]))
	}
	return fmt.Errorf("%s: close: %d of %d leases were not revoked (%s): %w", s.config.Name, len(left), of, strings.Join(parts, ", "), why)
}
