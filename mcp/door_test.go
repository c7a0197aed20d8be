package mcp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/mcp"
)

const greetingBody = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

// knock sends one greeting, changed as told, and gives the status and the words of the answer.
func knock(t *testing.T, url string, change func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(greetingBody))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if change != nil {
		change(r)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	words, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(words), response.Header
}

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestTheDoorKnowsWhoMayEnter(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{
		Tokens: []secret.Value{secret.Literal("first-token"), secret.Literal("second-token")}, AllowedHosts: []string{"tools.example.com"},
		AllowedOrigins: []string{"https://bot.example.com"}, MetadataURL: "https://tools.example.com/.well-known/oauth-protected-resource",
	}, newDemo())
	token := func(r *http.Request) { r.Header.Set("Authorization", "Bearer second-token") }
	for name, test := range map[string]struct {
		change func(*http.Request)
		want   int
		says   string
	}{
		"with a token":             {token, 200, "serverInfo"},
		"without a token":          {nil, 401, ""},
		"with another token":       {func(r *http.Request) { r.Header.Set("Authorization", "Bearer third-token") }, 401, ""},
		"with an empty token":      {func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401, ""},
		"with the token as basic":  {func(r *http.Request) { r.SetBasicAuth("x", "second-token") }, 401, ""},
		"of an allowed host":       {func(r *http.Request) { token(r); r.Host = "TOOLS.example.com:8443" }, 200, "serverInfo"},
		"of a foreign host":        {func(r *http.Request) { token(r); r.Host = "evil.example.com" }, 403, "allowed_hosts"},
		"of a host that begins so": {func(r *http.Request) { token(r); r.Host = "localhost.evil.example.com" }, 403, "allowed_hosts"},
		"of an allowed origin":     {func(r *http.Request) { token(r); r.Header.Set("Origin", "https://bot.example.com") }, 200, "serverInfo"},
		"of a local origin":        {func(r *http.Request) { token(r); r.Header.Set("Origin", "http://localhost:3000") }, 200, "serverInfo"},
		"of a foreign origin":      {func(r *http.Request) { token(r); r.Header.Set("Origin", "https://evil.example.com") }, 403, "allowed_origins"},
		"of the origin null":       {func(r *http.Request) { token(r); r.Header.Set("Origin", "null") }, 403, "allowed_origins"},
		"of an origin that begins": {func(r *http.Request) { token(r); r.Header.Set("Origin", "https://bot.example.com.evil.example.com") }, 403, "allowed_origins"},
		"for an unknown endpoint":  {func(r *http.Request) { token(r); r.URL.Path = "/mcp/dmo" }, 404, "demo"},
		"for another path":         {func(r *http.Request) { token(r); r.URL.Path = "/mcpx" }, 404, "demo"},
		"for the path with slash":  {func(r *http.Request) { token(r); r.URL.Path = "/mcp/" }, 404, "demo"},
		"with an old session":      {func(r *http.Request) { token(r); r.Header.Set("Mcp-Session-Id", "gone") }, 404, ""},
		"with a length of 1 GB": {func(r *http.Request) {
			token(r)
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(endless{}, 1<<30)), 1<<30
		}, 413, "bytes"},
		"with a body without end": {func(r *http.Request) { token(r); r.Body, r.ContentLength = io.NopCloser(endless{}), -1 }, 413, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, words, header := knock(t, url, test.change)
			if status != test.want || !strings.Contains(words, test.says) || strings.Contains(words, "token-") {
				t.Errorf("%d %q, want %d and %q", status, words, test.want, test.says)
			}
			if status == 401 && !strings.Contains(header.Get("WWW-Authenticate"), "https://tools.example.com/.well-known/") {
				t.Errorf("WWW-Authenticate %q", header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestASessionBelongsToTheTokenThatBeganIt(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{Tokens: []secret.Value{secret.Literal("first-token"), secret.Literal("second-token")}}, newDemo())
	_, _, header := knock(t, url, func(r *http.Request) { r.Header.Set("Authorization", "Bearer first-token") })
	session := header.Get("Mcp-Session-Id")
	for token, want := range map[string]bool{"first-token": true, "second-token": false} {
		status, words, _ := knock(t, url, func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Mcp-Session-Id", session)
			r.Body = io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`))
			r.ContentLength = -1
		})
		if (status < 300) != want {
			t.Errorf("%s: %d %s", token, status, words)
		}
	}
}

func TestOnlySoManySessionsAreOpen(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{MaxSessions: 2}, newDemo())
	first := connected(t, url)
	// A greeting of another version of the protocol takes a place for a moment.
	eventually(t, "a place for a second session", func() bool {
		second, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: url + "/demo", MaxRetries: -1}, nil)
		if err == nil {
			t.Cleanup(func() { _ = second.Close() })
		}
		return err == nil
	})
	status, words, header := knock(t, url, nil)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("%d %s", status, words)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the place of the session that ended is free", func() bool {
		status, _, _ := knock(t, url, nil)
		return status == http.StatusOK
	})
}

func TestACallTooManyIsRefusedAndMadeLater(t *testing.T) {
	t.Parallel()
	d := newDemo()
	_, url := serving(t, mcp.ServerConfig{MaxCalls: 1}, d)
	ctx, cancel := context.WithCancel(t.Context())
	first := dialled(t, mcp.ClientConfig{URL: url})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = mcp.Call(ctx, first, slow, echoInput{})
	}()
	<-d.began
	second := dialled(t, mcp.ClientConfig{URL: url, Limits: base.Limits{Retries: -1}})
	if _, err := mcp.Call(t.Context(), second, echo, echoInput{}); !errors.Is(err, base.ErrThrottled) {
		t.Errorf("%v", err)
	}
	cancel()
	<-done
	third := dialled(t, mcp.ClientConfig{URL: url}) // with retries
	if _, err := mcp.Call(t.Context(), third, echo, echoInput{}); err != nil {
		t.Error(err)
	}
}

func TestShutdownWaitsForCallsAndThenCutsThem(t *testing.T) {
	t.Parallel()
	d := newDemo()
	s, url := serving(t, mcp.ServerConfig{}, d)
	session := connected(t, url)
	answered := make(chan bool, 1)
	go func() {
		r, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: "demo_get_slow", Arguments: map[string]any{}})
		answered <- err == nil && !r.IsError
	}()
	<-d.began
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if cause := <-d.ended; cause == nil {
		t.Error("the call was not cut")
	}
	if <-answered {
		t.Error("a call that was cut has an answer")
	}
	if status, _, header := knock(t, url, nil); status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("after it: %d", status)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestAWholeCallIsBounded(t *testing.T) {
	t.Parallel()
	d := newDemo()
	_, url := serving(t, mcp.ServerConfig{CallTimeout: base.Duration(20 * time.Millisecond)}, d)
	_, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url}), slow, echoInput{})
	if !errors.Is(err, base.ErrDeadline) {
		t.Errorf("%v", err)
	}
}

func TestToolsThatWriteAreServedWhereTheyAreWanted(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{Writes: true}, newDemo())
	for one, err := range connected(t, url).Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		writes := one.Name == "demo_add_text"
		if one.Annotations.ReadOnlyHint == writes || one.Annotations.IdempotentHint == writes {
			t.Errorf("%s: %+v", one.Name, one.Annotations)
		}
	}
}

func TestWhatTheServerCannotServeIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	twice := mcp.Group("twice", newDemo().Tools(), nil)
	_, err := mcp.NewServer(t.Context(), mcp.ServerConfig{
		MaxCalls: -1, MaxResultBytes: 10, AllowedHosts: []string{"https://x"}, AllowedOrigins: []string{"bot.example.com"}, Tokens: []secret.Value{{}},
	}, []mcp.Toolbox{newDemo(), newDemo(), nil, mcp.Group("Bad/Name", nil, nil)})
	for _, part := range []string{"max_calls", "max_result_bytes", "allowed_hosts[0]", "allowed_origins[0]", "tokens[0]", `"demo": the name stands twice`, "toolbox 2: nil", "Bad/Name"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
	if _, err := mcp.NewServer(t.Context(), mcp.ServerConfig{}, []mcp.Toolbox{newDemo(), twice}); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "declared by demo and by twice") {
		t.Errorf("%v", err)
	}
}
