package vaultsecret

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/fourkites/sources/base/secret"
)

// lease is an account that the server has issued.
type lease struct {
	id        string
	reference string
	session   *session // with which it ends
	renewable bool
	value     secret.Snapshot
	life      time.Duration // that it had at first
	granted   time.Duration // what to ask for
	end       time.Time     // under Store.mu; zero = none
}

// ends is when a lease ends, by itself or with its token; zero = never. The caller holds Store.mu.
func (l *lease) ends() (end time.Time, alive bool) {
	end = l.session.end
	if end.IsZero() || (!l.end.IsZero() && l.end.Before(end)) {
		end = l.end
	}
	return end, l.session.alive() && (end.IsZero() || time.Now().Before(end))
}

// maxOld bounds the leases of one source that were replaced: what was opened with them may go on for a while.
const maxOld = 2

// issued is the present account: the one at hand with a longer life, or another.
func (s *source) issued(ctx context.Context) (secret.Snapshot, error) {
	if s.reference.version != 0 {
		return secret.Snapshot{}, s.reference.fail(ErrReference, "the engine there keeps no versions; leave out ?version=")
	}
	if s.reference.key == keyUser {
		return secret.Snapshot{}, s.reference.fail(ErrReference, "an account of its own would be issued for its name alone; leave out the key, and the name comes with the password")
	}
	var unrenewed error
	if s.held != nil && !secret.Refused(ctx, s.held.value.Version) {
		snap, err := s.renew(ctx)
		if err == nil {
			return snap, nil
		}
		if !errors.Is(err, ErrRenewal) {
			return secret.Snapshot{}, err
		}
		unrenewed = ErrRenewal
	}
	snap, err := s.issue(ctx)
	if err != nil && unrenewed != nil {
		failed := *s.reference.failed(err)
		failed.beside = unrenewed
		return secret.Snapshot{}, &failed
	}
	return snap, err
}

// renew prolongs the account at hand. ErrRenewal says that another one is needed: the lease cannot be renewed, or is gone, or
// has so little of its longest life left that old connections need the time.
func (s *source) renew(ctx context.Context) (secret.Snapshot, error) {
	l := s.held
	left, alive := s.left(l)
	switch {
	case !alive:
		return secret.Snapshot{}, ErrRenewal
	case left == longestLife:
		return s.told(l), nil
	case !l.renewable:
		return s.ifFresh(l, left)
	}
	since := time.Now()
	out, _, err := s.store.ask(ctx, opRenew, write(pathRenewLease, map[string]any{"lease_id": l.id, "increment": int64(l.granted / time.Second)}))
	switch {
	case refusal(err):
		l.renewable = false
		return secret.Snapshot{}, ErrRenewal
	case err != nil:
		return secret.Snapshot{}, err
	case out != nil && out.LeaseDuration > 0:
		l.renewable = out.Renewable
		s.store.until(l, since.Add(time.Duration(out.LeaseDuration)*time.Second))
	}
	if left, alive = s.left(l); !alive || left < l.life/2 {
		return s.ifFresh(l, left)
	}
	return s.told(l), nil
}

// ifFresh hands out a lease that cannot be prolonged as long as nobody needs to ask for another: a cache does when 70 % of a
// life have passed.
func (s *source) ifFresh(l *lease, left time.Duration) (secret.Snapshot, error) {
	if left > l.life/3 {
		return s.told(l), nil
	}
	return secret.Snapshot{}, ErrRenewal
}

// left is how long the account has, by its own lease and with the token.
func (s *source) left(l *lease) (time.Duration, bool) {
	end, alive := s.store.runs(l)
	if end.IsZero() {
		return longestLife, alive
	}
	return time.Until(end), alive
}

// told is the account with its present end.
func (s *source) told(l *lease) secret.Snapshot {
	snap := l.value
	snap.Expires, _ = s.store.runs(l)
	return snap
}

// issue gets another account. The one at hand stays, for it is still in use.
func (s *source) issue(ctx context.Context) (secret.Snapshot, error) {
	if err := s.makeRoom(ctx); err != nil {
		return secret.Snapshot{}, err
	}
	since := time.Now()
	out, n, err := s.store.ask(ctx, opIssue, read(s.reference.path, nil))
	switch {
	case err != nil:
		return secret.Snapshot{}, err
	case out == nil || out.Data == nil:
		return secret.Snapshot{}, s.reference.fail(ErrNotFound, "")
	}
	snap, err := s.reference.snapshot(out.Data, "")
	if out.LeaseID == "" {
		return snap, err // an account that is changed from time to time, and not issued
	}
	l := s.taken(out, n, since, snap)
	if err != nil { // nobody can use it
		if s.store.revoke(ctx, l) != nil {
			s.old = append(s.old, l)
		}
		return secret.Snapshot{}, err
	}
	if s.held != nil {
		s.old = append(s.old, s.held)
	}
	s.held = l
	return s.told(l), nil
}

// taken notes a lease, for Close.
func (s *source) taken(out *api.Secret, n *session, since time.Time, snap secret.Snapshot) *lease {
	granted := time.Duration(out.LeaseDuration) * time.Second
	l := &lease{id: out.LeaseID, reference: s.reference.text, session: n, renewable: out.Renewable, value: snap, granted: granted}
	if granted > 0 {
		l.end = since.Add(granted)
	}
	l.life, _ = s.left(l)
	s.store.note(l)
	return l
}

// makeRoom revokes the oldest of the leases that were replaced where one more would be too many.
func (s *source) makeRoom(ctx context.Context) error {
	s.old = slices.DeleteFunc(s.old, s.over)
	if s.held != nil && s.over(s.held) {
		s.held = nil
	}
	for s.held != nil && len(s.old) >= maxOld {
		if err := s.store.revoke(ctx, s.old[0]); err != nil {
			if refusal(err) {
				return s.reference.fail(ErrLeases, "the oldest could not be revoked")
			}
			return err
		}
		s.old = slices.Delete(s.old, 0, 1)
	}
	return nil
}

// over reports whether a lease has ended by itself, and forgets it then.
func (s *source) over(l *lease) bool {
	if _, alive := s.left(l); alive {
		return false
	}
	s.store.forget(l)
	return true
}
