package mcp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"

	"github.com/fourkites/sources/base/secret"
)

// bearer checks the tokens of requests.
type bearer struct {
	tokens   []*secret.Cache
	verifier auth.TokenVerifier
	require  func(http.Handler) http.Handler

	mu    sync.Mutex
	asked time.Time // when the stores were last asked because a token was not known
}

// freshness is how often an unknown token may have the stores asked: it may be one that was just rotated in, or a guess.
const freshness = time.Second

// newBearer gives nil where no token is asked for.
func newBearer(ctx context.Context, c ServerConfig, resolver secret.Resolver) (*bearer, error) {
	if len(c.Tokens) == 0 && c.Verifier == nil {
		return nil, nil //nolint:nilnil // no token is asked for
	}
	b := &bearer{verifier: c.Verifier}
	b.require = auth.RequireBearerToken(b.verify, &auth.RequireBearerTokenOptions{
		ResourceMetadataURL: c.MetadataURL, AllowMissingExpiration: true,
	})
	for i, token := range c.Tokens {
		source, err := token.Source(ctx, resolver)
		if err != nil {
			_ = b.close()
			return nil, fmt.Errorf("tokens[%d]: %w", i, err)
		}
		settings := secret.CacheConfig{}
		if token.IsLiteral() {
			settings.Poll = -1
		}
		b.tokens = append(b.tokens, secret.NewCache(source, settings))
	}
	return b, nil
}

func (b *bearer) close() error {
	var problems []error
	for _, cache := range b.tokens {
		problems = append(problems, cache.Close())
	}
	return errors.Join(problems...)
}

// errUnread is told to the caller, so it does not say which store, or why.
var errUnread = errors.New("a token of this server cannot be read now")

// verify knows a token by its place in the list, so that a session outlives the rotation of its token. One that is not known is
// called wrong only where all tokens could be read: a client does not show again what was refused.
func (b *bearer) verify(ctx context.Context, token string, r *http.Request) (*auth.TokenInfo, error) {
	at, unread := b.find(ctx, token, (*secret.Cache).Get)
	if at < 0 && b.mayAsk() {
		at, unread = b.find(ctx, token, (*secret.Cache).Refresh)
	}
	if at >= 0 {
		return &auth.TokenInfo{UserID: fmt.Sprintf("token-%d", at)}, nil
	}
	var info *auth.TokenInfo
	err := auth.ErrInvalidToken
	if b.verifier != nil {
		info, err = b.verifier(ctx, token, r)
	}
	if unread && errors.Is(err, auth.ErrInvalidToken) {
		return nil, errUnread
	}
	return info, err
}

// find compares with all tokens. An empty or lost one opens nothing; unread says that one was lost.
func (b *bearer) find(ctx context.Context, token string, get func(*secret.Cache, context.Context) (secret.Snapshot, error)) (found int, unread bool) {
	shown, found := sha256.Sum256([]byte(token)), -1
	for i, cache := range b.tokens {
		snap, err := get(cache, ctx)
		if err != nil {
			unread = unread || !errors.Is(err, secret.ErrEmpty)
			continue
		}
		want := sha256.Sum256(snap.Bytes())
		if subtle.ConstantTimeCompare(shown[:], want[:]) == 1 {
			found = i
		}
	}
	return found, unread
}

func (b *bearer) mayAsk() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.asked) < freshness {
		return false
	}
	b.asked = time.Now()
	return true
}
