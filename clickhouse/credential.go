package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// credential gives the present password to every dial, and never one that the server has refused.
type credential struct {
	cache *secret.Cache // nil: the account has no password

	mu    sync.Mutex
	shown []string // passwords that were used, so that errors can be cleaned of them
}

func newCredential(ctx context.Context, v secret.Value, resolver secret.Resolver) (*credential, error) {
	if v.IsZero() {
		return &credential{}, nil
	}
	source, err := v.Source(ctx, resolver)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	settings := secret.CacheConfig{}
	if _, reference := v.Reference(); !reference {
		settings.Poll = -1 // a literal does not change, and a given source is asked again when it expires or is refused
	}
	return &credential{cache: secret.NewCache(source, settings)}, nil
}

func (k *credential) get(ctx context.Context) (password, version string, err error) {
	if k.cache == nil {
		return "", "", nil
	}
	snap, err := k.cache.Get(ctx)
	if err != nil {
		return "", "", fmt.Errorf("password: %w", err)
	}
	password = snap.Reveal()
	k.remember(password)
	return password, snap.Version, nil
}

const maxShown = 8

func (k *credential) remember(password string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.shown, password) {
		return
	}
	k.shown = append(k.shown, password)
	if len(k.shown) > maxShown {
		k.shown = k.shown[1:]
	}
}

// secrets are the passwords that must not show in any text.
func (k *credential) secrets() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.shown...)
}

// clean takes the passwords out of what a server said, and what does not show, which could stand within one.
func (k *credential) clean(text string) string {
	return base.Conceal(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")), k.secrets()...)
}

// serverNames are the exceptions by which servers call their errors; any other text there is dropped.
var serverNames = []string{"DB::Exception", "DB::NetException", "DB::ParsingException", "DB::ErrnoException", "Poco::Exception", "std::exception"}

// cleanError cleans all that a caller can reach of an exception.
func (k *credential) cleanError(e *ServerError) {
	e.Message = k.clean(e.Message)
	if !slices.Contains(serverNames, e.Name) {
		e.Message = strings.TrimPrefix(e.Message, k.clean(e.Name)+": ")
		e.Name = ""
	}
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
