package mcp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth/extauth"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/canary"
	"github.com/fourkites/sources/mcp"
)

// gossip is our server behind a door that accepts one token, gives it out to a client of OAuth, and fails calls of tools
// with all tokens that it was ever shown.
type gossip struct {
	token atomic.Value // string
	said  atomic.Value // string
	real  *mcp.Server
}

func newGossip(t *testing.T, token string) (*gossip, string) {
	t.Helper()
	real, err := mcp.NewServer(t.Context(), mcp.ServerConfig{Stateless: true}, []mcp.Toolbox{newDemo()})
	if err != nil {
		t.Fatal(err)
	}
	g := &gossip{real: real}
	g.token.Store(token)
	g.said.Store("")
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, server.URL
}

func (g *gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := g.token.Load().(string)
	if r.URL.Path == "/token" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/mcp") {
		http.NotFound(w, r)
		return
	}
	shown := r.Header.Get("Authorization")
	if said := g.said.Load().(string); shown != "" && !strings.Contains(said, shown) {
		g.said.Store(said + " " + shown)
	}
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
	case shown != "Bearer "+token:
		w.WriteHeader(http.StatusUnauthorized)
	case bytes.Contains(body, []byte(`"tools/call"`)):
		var asked struct{ ID any }
		_ = json.Unmarshal(body, &asked) // a client of ours sends JSON
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"jsonrpc": "2.0", "id": asked.ID, "error": map[string]any{"code": -32603, "message": "broken by" + g.said.Load().(string)},
		})
	default:
		r.Body = io.NopCloser(bytes.NewReader(body))
		g.real.ServeHTTP(w, r)
	}
}

func TestATokenThatWasTurnedStillDoesNotShow(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	first, second := set.Token("the first"), set.Token("the second")
	g, url := newGossip(t, first)
	token := newTurning(first)
	session, err := mcp.Dial(t.Context(), mcp.ClientConfig{URL: url + "/mcp", Token: secret.From(token), Proxy: "none", Limits: base.Limits{Retries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	for i := range 2 {
		_, err := mcp.Call(t.Context(), session, echo, echoInput{Text: "x"})
		if leaks := set.SweepValue("an error", err); len(leaks) > 0 || !strings.Contains(fmt.Sprint(err), "broken by") {
			t.Errorf("call %d: %v: %v", i, err, leaks)
		}
		token.turn(second)
		g.token.Store(second)
	}
	if said := g.said.Load().(string); !strings.Contains(said, first) || !strings.Contains(said, second) {
		t.Errorf("the server was shown %q", said)
	}
}

func TestATokenOfOAuthDoesNotShow(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	first := set.Token("the first")
	g, url := newGossip(t, first)
	handler, err := extauth.NewClientCredentialsHandler(&extauth.ClientCredentialsHandlerConfig{Credentials: &oauthex.ClientCredentials{
		ClientID: "demo", ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: set.Token("the secret")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	session, err := mcp.Dial(t.Context(), mcp.ClientConfig{URL: url + "/mcp", OAuth: handler, Proxy: "none", Limits: base.Limits{Retries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	_, err = mcp.Call(t.Context(), session, echo, echoInput{Text: "x"})
	if leaks := set.SweepValue("an error", err); len(leaks) > 0 || !strings.Contains(fmt.Sprint(err), "broken by") || g.said.Load() == "" {
		t.Errorf("%v: %v", err, leaks)
	}
}
