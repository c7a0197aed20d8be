package trino

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/fourkites/sources/base/secret"
)

// credential puts the present password or token on every request, and never one that the server has refused.
type credential struct {
	cache *secret.Cache // nil: the account has neither
	user  string
	token bool

	mu    sync.Mutex
	shown []string // what was sent, newest last, so that errors can be cleaned of it
}

func newCredential(ctx context.Context, c Config, resolver secret.Resolver) (*credential, error) {
	k := &credential{user: c.User, token: !c.Token.IsZero()}
	field, value := "password", c.Password
	if k.token {
		field, value = "token", c.Token
	}
	if value.IsZero() {
		return k, nil
	}
	source, err := value.Source(ctx, resolver)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	settings := secret.CacheConfig{}
	if _, reference := value.Reference(); !reference {
		settings.Poll = -1 // a literal does not change, and a given source is asked again when it expires or is refused
	}
	k.cache = secret.NewCache(source, settings)
	return k, nil
}

// proof is what one request carried.
type proof struct{ version string }

type proofKey struct{}

// sign is called for every request to the coordinator.
func (k *credential) sign(req *http.Request, _ []byte) error {
	if k.cache == nil {
		return nil
	}
	snap, err := k.cache.Get(req.Context())
	if err != nil {
		return err
	}
	if p, ok := req.Context().Value(proofKey{}).(*proof); ok {
		p.version = snap.Version
	}
	if k.token {
		k.remember(snap.Reveal())
		req.Header.Set("Authorization", "Bearer "+snap.Reveal())
		return nil
	}
	k.remember(snap.Reveal(), k.user+":"+snap.Reveal())
	req.SetBasicAuth(k.user, snap.Reveal())
	return nil
}

const maxShown = 8

func (k *credential) remember(all ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, text := range all {
		if slices.Contains(k.shown, text) {
			continue
		}
		if k.shown = append(k.shown, text); len(k.shown) > maxShown {
			k.shown = k.shown[1:]
		}
	}
}

// secrets are what must not show in any text.
func (k *credential) secrets() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.shown)
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
