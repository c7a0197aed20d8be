package redshift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
)

// credential gives the present user and password to every dial, and never one that the server has refused.
type credential struct {
	*login.Secret
	user string          // where the store of the password names none
	keys func() []string // that AWS is asked with; nil: it is not asked
}

func newCredential(ctx context.Context, user string, v secret.Value, resolver secret.Resolver) (*credential, error) {
	password, err := login.New(ctx, v, resolver)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	return &credential{Secret: password, user: user}, nil
}

// newIssued is the credential of a source that issues users with passwords that end. The cache asks for the next when
// some 80 % of a life have passed, one call at a time.
func newIssued(source *iam) *credential {
	return &credential{keys: source.secrets, Secret: login.From(source, secret.CacheConfig{
		RetryMin: 20 * time.Millisecond, RetryMax: 5 * time.Second, // the guard waits between its attempts
	})}
}

func (k *credential) get(ctx context.Context) (user, password, version string, err error) {
	if k.Empty() {
		return k.user, "", "", nil
	}
	snap, err := k.Get(ctx)
	if err != nil {
		return "", "", "", fmt.Errorf("password: %w", err)
	}
	if user = cmp.Or(snap.User, k.user); user == "" {
		return "", "", "", fmt.Errorf("%w: %w", secret.ErrUnresolved, errNoUser)
	}
	k.Remember(snap.Reveal())
	return user, snap.Reveal(), snap.Version, nil
}

var errNoUser = errors.New("user: neither the configuration nor the store of the password names one; set user")

// secrets are the passwords, and the keys of AWS, that must not show in any text.
func (k *credential) secrets() []string {
	all := k.Secrets()
	if k.keys != nil {
		all = append(all, k.keys()...)
	}
	return all
}
