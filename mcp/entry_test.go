package mcp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/mcp"
)

// shown is a request with this bearer token.
func shown(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func TestAVerifierGuardsTheDoorAloneAndBesideTokens(t *testing.T) {
	t.Parallel()
	verifier := func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		if token == "issued-token" {
			return &auth.TokenInfo{UserID: "somebody"}, nil
		}
		return nil, auth.ErrInvalidToken
	}
	for name, tokens := range map[string][]secret.Value{"alone": nil, "beside": {secret.Literal("fixed-token")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := serving(t, mcp.ServerConfig{Verifier: verifier, Tokens: tokens}, newDemo())
			if status, words, _ := knock(t, url, shown("issued-token")); status != 200 {
				t.Errorf("what was issued: %d %s", status, words)
			}
			for what, change := range map[string]func(*http.Request){"nothing": nil, "another": shown("other-token")} {
				if status, _, _ := knock(t, url, change); status != 401 {
					t.Errorf("%s: %d", what, status)
				}
			}
		})
	}
}

// counted is a source of a secret that counts how often it is asked.
type counted struct {
	*turning
	asked atomic.Int64
}

func (c *counted) Get(ctx context.Context) (secret.Snapshot, error) {
	c.asked.Add(1)
	return c.turning.Get(ctx)
}

func TestGuessesDoNotHaveTheStoreAskedEachTime(t *testing.T) {
	t.Parallel()
	store := &counted{turning: newTurning("right-token")}
	_, url := serving(t, mcp.ServerConfig{Tokens: []secret.Value{secret.From(store)}}, newDemo())
	began := time.Now()
	for range 50 {
		if status, _, _ := knock(t, url, shown("wrong-token")); status != 401 {
			t.Fatalf("%d", status)
		}
	}
	if most := 2 + int64(time.Since(began)/time.Second); store.asked.Load() > most {
		t.Errorf("asked %d times, at most %d are due", store.asked.Load(), most)
	}
}

// stuck is a source of a secret that answers to nobody, and tells why it was let go.
type stuck struct {
	began chan struct{}
	ended chan error
}

func newStuck() *stuck { return &stuck{make(chan struct{}, 10), make(chan error, 10)} }

func (s *stuck) Get(ctx context.Context) (secret.Snapshot, error) {
	s.began <- struct{}{}
	<-ctx.Done()
	s.ended <- ctx.Err()
	return secret.Snapshot{}, ctx.Err()
}

func TestShutdownLetsGoOfTheStores(t *testing.T) {
	t.Parallel()
	store := newStuck()
	s := serverOf(t, mcp.ServerConfig{Tokens: []secret.Value{secret.From(store)}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/mcp", strings.NewReader(greetingBody))
	shown("a-token")(r)
	go s.ServeHTTP(httptest.NewRecorder(), r)
	<-store.began
	cancel()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-store.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the store was asked until %v", err)
	}
}

func serverOf(t *testing.T, c mcp.ServerConfig) *mcp.Server {
	t.Helper()
	return server(t, c, newDemo())
}

func TestTheDoorKnowsPathsAndNamesOfThisMachine(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{AllowedOrigins: []string{"https://bot.example.com"}}, newDemo())
	for name, test := range map[string]struct {
		path   string
		change func(*http.Request)
		want   int
	}{
		"a path without a name":     {"/", nil, 404},
		"a path below a name":       {"/demo/x", nil, 404},
		"IPv6":                      {"", func(r *http.Request) { r.Host = "[::1]" }, 200},
		"IPv6 with a port":          {"", func(r *http.Request) { r.Host = "[::1]:80" }, 200},
		"IPv4 in IPv6":              {"", func(r *http.Request) { r.Host = "[::ffff:127.0.0.1]:80" }, 200},
		"an origin in another case": {"", func(r *http.Request) { r.Header.Set("Origin", "https://Bot.example.com") }, 200},
	} {
		if status, words, _ := knock(t, url+test.path, test.change); status != test.want {
			t.Errorf("%s: %d %s, want %d", name, status, words, test.want)
		}
	}
}

func TestARequestMayHaveItsBytesAndNotOneMore(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int]int{len(greetingBody): 200, len(greetingBody) - 1: 413} {
		_, url := serving(t, mcp.ServerConfig{MaxRequestBytes: int64(bytes)}, newDemo())
		if status, words, _ := knock(t, url, nil); status != want || want == 413 && !strings.Contains(words, "bytes that one may have") {
			t.Errorf("%d bytes: %d %s", bytes, status, words)
		}
	}
}

func TestASessionThatSaysNothingEnds(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{MaxSessions: 1, SessionIdle: base.Duration(50 * time.Millisecond)}, newDemo())
	if status, words, _ := knock(t, url, nil); status != 200 {
		t.Fatalf("%d %s", status, words)
	}
	eventually(t, "the place of the silent session is free", func() bool {
		status, _, _ := knock(t, url, nil)
		return status == 200
	})
}
