package vaultsecret

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// The waits after failures, which double from one to the other.
const (
	shortest = time.Second
	lasting  = time.Minute
)

// backoff is the wait after so many failures before this one, between half of it and all.
func backoff(failures int) time.Duration {
	wait := shortest
	for range min(failures, 10) {
		wait = min(2*wait, lasting)
	}
	return wait/2 + rand.N(wait/2+1)
}

// spread is 50 to 60 % of a life, at random so that a fleet does not ask at the same moment. That is before any secret.Cache
// asks for the leases that end with the token, which it does from 70 % on.
func spread(life time.Duration) time.Duration {
	return time.Duration(float64(life) * (0.5 + 0.1*rand.Float64()))
}

// keep renews the token ahead of its end, and logs in anew when renewals end, until the store is closed: leases die with the
// token that they were taken with, also while nobody asks.
func (s *Store) keep() {
	timer := time.NewTimer(lasting)
	defer timer.Stop()
	for {
		n, plan := s.planned()
		var due <-chan time.Time // nil: nothing is planned
		if n != nil {
			timer.Reset(max(time.Until(plan), 0))
			due = timer.C
		}
		select {
		case <-s.quit:
			return
		case <-s.wake:
		case <-due:
			s.prolong(n)
		}
	}
}

// planned is the session to keep; nil where there is none, or one without end, or one that has ended: then whoever asks for a
// secret logs in.
func (s *Store) planned() (*session, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.session
	if !n.alive() || n.plan.IsZero() {
		return nil, time.Time{}
	}
	return n, n.plan
}

func (s *Store) prolong(n *session) {
	ctx, cancel := context.WithTimeout(s.tasks.ctx, longest)
	defer cancel()
	s.mu.Lock()
	renewable, life := n.renewable, n.life
	s.mu.Unlock()
	if renewable && s.renewed(ctx, n, life) {
		return
	}
	s.mu.Lock()
	n.leaving = true
	s.mu.Unlock()
	if _, _, err := s.logins.do(ctx); err != nil {
		s.postpone(n, err)
	}
}

// renewed renews the token. False means that a renewal is no use, now or any more.
func (s *Store) renewed(ctx context.Context, n *session, life time.Duration) bool {
	since := time.Now()
	out, err := s.exchange(ctx, opRenew, n.connection, write(pathRenewSelf, map[string]any{"increment": int64(life / time.Second)}))
	if err != nil {
		if refusal(err) {
			s.mu.Lock()
			n.renewable = false
			s.mu.Unlock()
			return false
		}
		s.postpone(n, err)
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	granted := time.Duration(0)
	if out != nil && out.Auth != nil {
		granted = time.Duration(out.Auth.LeaseDuration) * time.Second
	}
	if granted > 0 {
		n.lives(since, granted)
	}
	if granted < life/2 || granted <= 0 { // its longest life is near
		n.renewable = false
	}
	return n.renewable
}

// postpone plans another try.
func (s *Store) postpone(n *session, err error) {
	s.mu.Lock()
	n.plan = time.Now().Add(backoff(n.tries))
	n.tries++
	end := n.end
	s.mu.Unlock()
	if s.logger != nil && s.tasks.ctx.Err() == nil {
		s.logger.Warn("the token was not renewed", "store", s.config.Name, "ends", end, "error", err.Error())
	}
}

// refusal reports whether a renewal was refused for good, rather than not answered. An engine whose account is gone answers
// 500.
func refusal(err error) bool {
	return slices.Contains([]int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusInternalServerError,
	}, statusOf(err))
}
