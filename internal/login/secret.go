// Package login keeps the secret that a source shows to its server: the present one, never one that the server has
// refused, and those that were shown, so that they can be taken out of texts.
package login

import (
	"context"
	"slices"
	"sync"

	"github.com/fourkites/sources/base/secret"
)

// Secret is the password, token or key of an account. The zero value is that of an account without one. It is for use by
// many goroutines; Close ends it.
type Secret struct {
	cache *secret.Cache // nil: the account has no secret

	mu    sync.Mutex
	shown []string // newest last
}

// New is the secret of a Config; of the zero Value an account without one. Its errors do not name the field.
func New(ctx context.Context, v secret.Value, resolver secret.Resolver) (*Secret, error) {
	if v.IsZero() {
		return &Secret{}, nil
	}
	source, err := v.Source(ctx, resolver)
	if err != nil {
		return nil, err
	}
	settings := secret.CacheConfig{}
	if _, reference := v.Reference(); !reference {
		settings.Poll = -1 // a literal does not change, and a given source is asked again when it expires or is refused
	}
	return From(source, settings), nil
}

// From is the secret that a source issues.
func From(source secret.Source, settings secret.CacheConfig) *Secret {
	return &Secret{cache: secret.NewCache(source, settings)}
}

// Watch tells the version of every new secret, one at a time, so that connections of an older one can be let go. It is for
// the owner, before the first Get; the function must not call Close.
func (s *Secret) Watch(rekey func(version string)) {
	if s.cache != nil {
		s.cache.Subscribe(func(snap secret.Snapshot) { rekey(snap.Version) })
	}
}

// Empty reports whether the account has no secret.
func (s *Secret) Empty() bool { return s.cache == nil }

// Get is the present secret, secret.ErrEmpty where the account has none. Whoever shows it, or a text made of it, says so
// with Remember.
func (s *Secret) Get(ctx context.Context) (secret.Snapshot, error) {
	if s.cache == nil {
		return secret.Snapshot{}, secret.ErrEmpty
	}
	return s.cache.Get(ctx)
}

// kept is how many texts are remembered: those of some rotations.
const kept = 8

// Remember keeps texts that are shown to a server, the last eight.
func (s *Secret) Remember(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		if slices.Contains(s.shown, text) {
			continue
		}
		if s.shown = append(s.shown, text); len(s.shown) > kept {
			s.shown = slices.Delete(s.shown, 0, 1)
		}
	}
}

// Secrets are the remembered texts, which must not show in any other.
func (s *Secret) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.shown)
}

// Refuse says that the server rejected this version. The empty version, of an account without a secret, is none.
func (s *Secret) Refuse(version string) {
	if s.cache != nil && version != "" {
		s.cache.Refuse(version)
	}
}

// Refresh waits for a version that was not refused. An error says that there is none, and that a retry is useless.
func (s *Secret) Refresh(ctx context.Context) error {
	_, err := s.Get(ctx)
	return err
}

// Close ends the watch over the secret.
func (s *Secret) Close() error {
	if s.cache == nil {
		return nil
	}
	return s.cache.Close()
}
