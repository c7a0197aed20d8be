package login

import (
	"context"

	"github.com/fourkites/sources/base/secret"
)

// shownKey is the key of the version that a call has shown last.
type shownKey struct{}

// Noting is the context of one call, in which Show notes what was shown for Refused.
func Noting(ctx context.Context) context.Context {
	return context.WithValue(ctx, shownKey{}, new(string))
}

// Show is Get for an attempt: the secret is remembered, and its version noted.
func (s *Secret) Show(ctx context.Context) (secret.Snapshot, error) {
	snap, err := s.Get(ctx)
	if err != nil {
		return snap, err
	}
	if version, ok := ctx.Value(shownKey{}).(*string); ok {
		*version = snap.Version
	}
	s.Remember(snap.Reveal())
	return snap, nil
}

// Shown is the version that a call has shown last; empty before it has shown any.
func Shown(ctx context.Context) string {
	if version, ok := ctx.Value(shownKey{}).(*string); ok {
		return *version
	}
	return ""
}

// Refused says that the server rejected what the call showed last, and waits for another version, as a guard asks for
// after an Unauthenticated answer. An error says that there is none.
func (s *Secret) Refused(ctx context.Context) error {
	if version, ok := ctx.Value(shownKey{}).(*string); ok {
		s.Refuse(*version)
	}
	return s.Refresh(ctx)
}
