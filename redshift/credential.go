package redshift

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/base/secret"
)

// credential gives the present user and password to every dial, and never one that the server has refused.
type credential struct {
	user  string
	cache *secret.Cache   // nil: the account has no password
	keys  func() []string // that AWS is asked with; nil: it is not asked
	pairs bool            // the secret is user and password, see joinPair

	mu    sync.Mutex
	shown []string // passwords that were used, so that errors can be cleaned of them
}

func newCredential(ctx context.Context, user string, v secret.Value, resolver secret.Resolver) (*credential, error) {
	k := &credential{user: user}
	if v.IsZero() {
		return k, nil
	}
	source, err := v.Source(ctx, resolver)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	settings := secret.CacheConfig{}
	if _, reference := v.Reference(); !reference {
		settings.Poll = -1 // a literal does not change, and a given source is asked again when it expires or is refused
	}
	k.cache = secret.NewCache(source, settings)
	return k, nil
}

// newIssued is the credential of a source that issues users with passwords that end. The cache asks for the next when
// some 80 % of a life have passed, one call at a time.
func newIssued(source *iam) *credential {
	return &credential{pairs: true, keys: source.secrets, cache: secret.NewCache(source, secret.CacheConfig{
		RetryMin: 20 * time.Millisecond, RetryMax: 5 * time.Second, // the guard waits between its attempts
	})}
}

func (k *credential) get(ctx context.Context) (user, password, version string, err error) {
	if k.cache == nil {
		return k.user, "", "", nil
	}
	snap, err := k.cache.Get(ctx)
	if err != nil {
		return "", "", "", fmt.Errorf("password: %w", err)
	}
	user, password = k.user, snap.Reveal()
	if k.pairs {
		user, password = splitPair(password)
	}
	k.remember(password)
	return user, password, snap.Version, nil
}

// joinPair puts a user and a password into one secret.
func joinPair(user, password string) string { return user + "\x00" + password }

func splitPair(text string) (user, password string) {
	user, password, _ = strings.Cut(text, "\x00")
	return user, password
}

const maxPasswords = 8

func (k *credential) remember(password string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.shown, password) {
		return
	}
	k.shown = append(k.shown, password)
	if len(k.shown) > maxPasswords {
		k.shown = k.shown[1:]
	}
}

// secrets are the passwords, and the keys of AWS, that must not show in any text.
func (k *credential) secrets() []string {
	k.mu.Lock()
	all := append([]string(nil), k.shown...)
	k.mu.Unlock()
	if k.keys != nil {
		all = append(all, k.keys()...)
	}
	return all
}

// refuse says that the server rejected this version.
func (k *credential) refuse(version string) {
	if k.cache != nil && version != "" {
		k.cache.Refuse(version)
	}
}

// refresh waits for a version that was not refused; an error when there is none, and then a retry is useless.
func (k *credential) refresh(ctx context.Context) error {
	if k.cache == nil {
		return secret.ErrEmpty
	}
	_, err := k.cache.Get(ctx)
	return err
}

func (k *credential) close() error {
	if k.cache == nil {
		return nil
	}
	return k.cache.Close()
}
