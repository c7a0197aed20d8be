package mcp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/mcp"
)

func TestAServerThatEndsCallsNoTokenWrong(t *testing.T) {
	t.Parallel()
	config := mcp.ServerConfig{Tokens: []secret.Value{secret.Literal("right-token")}}
	var server restarting
	server.restart(t, config)
	web := httptest.NewServer(&server)
	t.Cleanup(web.Close)
	s := dialled(t, mcp.ClientConfig{URL: web.URL + "/mcp", Token: secret.Literal("right-token"), Limits: base.Limits{RetryAfter: base.Duration(time.Millisecond)}})
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil {
		t.Fatal(err)
	}
	if err := server.now.Load().Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"the right token": "right-token", "a wrong one": "wrong-token"} {
		status, words, header := knock(t, web.URL+"/mcp", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.Errorf("with %s: %d %q", name, status, words)
		}
	}
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); !errors.Is(err, base.ErrUnavailable) {
		t.Errorf("a call at the end: %v", err)
	}
	server.restart(t, config)
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil {
		t.Errorf("a call of the next server: %v", err)
	}
}

func TestATokenThatTheServerCannotReadIsNotCalledWrong(t *testing.T) {
	t.Parallel()
	lost := secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		return secret.Snapshot{}, errors.New("the disk of the store is away")
	})
	_, url := serving(t, mcp.ServerConfig{Tokens: []secret.Value{secret.From(lost), secret.Literal("right-token")}}, newDemo())
	for token, want := range map[string]int{"right-token": 200, "other-token": 500} {
		status, words, _ := knock(t, url, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
		if status != want {
			t.Errorf("%s: %d %q", token, status, words)
		}
		if strings.Contains(words, "disk") {
			t.Errorf("a stranger is told why: %q", words)
		}
	}
}
