package mcp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/mcp"
)

func open(s *sdk.Server) (n int) {
	for range s.Sessions() {
		n++
	}
	return n
}

// fronted is a server of somebody else, with sessions, behind a front.
func fronted(t *testing.T, fill func(*sdk.Server)) (*sdk.Server, *front, string) {
	t.Helper()
	served := sdk.NewServer(&sdk.Implementation{Name: "foreign"}, nil)
	fill(served)
	f, url := newFront(t, sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return served }, nil))
	return served, f, url
}

func TestFirstCallsSideBySideMakeOneSession(t *testing.T) {
	t.Parallel()
	_, f, url := fronted(t, answering(words(`{}`)))
	s := dialled(t, mcp.ClientConfig{URL: url})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := s.CallTool(t.Context(), "demo_get_echo", nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := f.count("initialize"); n != 1 {
		t.Errorf("%d greetings", n)
	}
}

func TestACallerWhoLeavesLeavesTheSessionToTheOthers(t *testing.T) {
	t.Parallel()
	began := make(chan struct{})
	_, f, url := fronted(t, func(s *sdk.Server) {
		answering(words(`{}`))(s)
		s.AddTool(anyTool("demo_get_slow"), func(ctx context.Context, _ *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			close(began)
			<-ctx.Done()
			return nil, ctx.Err()
		})
	})
	s := dialled(t, mcp.ClientConfig{URL: url})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, err := s.CallTool(ctx, "demo_get_slow", nil); !errors.Is(err, base.ErrCanceled) {
		t.Errorf("%v", err)
	}
	if _, err := s.CallTool(t.Context(), "demo_get_echo", nil); err != nil || f.count("initialize") != 1 {
		t.Errorf("%v, %d greetings", err, f.count("initialize"))
	}
}

func TestASessionThatBrokeEndsWithItsLastCall(t *testing.T) {
	t.Parallel()
	began, gate := make(chan struct{}, 10), make(chan struct{})
	served, f, url := fronted(t, func(s *sdk.Server) {
		answering(words(`{}`))(s)
		s.AddTool(anyTool("demo_get_large"), func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return words(strings.Repeat("x", 200_000)), nil
		})
		s.AddTool(anyTool("demo_get_slow"), func(ctx context.Context, _ *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			began <- struct{}{}
			select {
			case <-gate:
				return words(`"whole"`), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
	})
	s := dialled(t, mcp.ClientConfig{URL: url, MaxAnswerBytes: 100_000})
	answer := make(chan string, 1)
	go func() {
		text, err := s.CallTool(t.Context(), "demo_get_slow", nil)
		if err != nil {
			t.Error(err)
		}
		answer <- string(text)
	}()
	<-began
	if _, err := s.CallTool(t.Context(), "demo_get_large", nil); !errors.Is(err, base.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := s.CallTool(t.Context(), "demo_get_echo", nil); err != nil || f.count("initialize") != 2 {
		t.Errorf("on a new session: %v, %d greetings", err, f.count("initialize"))
	}
	close(gate)
	if text := <-answer; text != `"whole"` {
		t.Errorf("the call on the session that broke: %s", text)
	}
	eventually(t, "the session that broke is ended", func() bool { return open(served) == 1 })
}

func TestASessionWhoseListFailedIsEnded(t *testing.T) {
	t.Parallel()
	served, f, url := fronted(t, answering(words(`{}`)))
	f.fail("tools/list", status(400))
	s := dialled(t, mcp.ClientConfig{URL: url, Limits: base.Limits{Retries: -1}})
	if err := s.Ping(t.Context()); err == nil {
		t.Error("the list did not fail")
	}
	eventually(t, "the session is ended", func() bool { return open(served) == 0 })
}

func TestAListThatChangedIsReadOnceAndAgainWhereThatFailed(t *testing.T) {
	t.Parallel()
	told := make(chan struct{}, 10)
	served, f, url := fronted(t, answering(words(`{}`)))
	s := dialled(t, mcp.ClientConfig{URL: url, Limits: base.Limits{Retries: -1}, ClientOptions: func(o *sdk.ClientOptions) {
		o.ToolListChangedHandler = func(context.Context, *sdk.ToolListChangedRequest) { told <- struct{}{} }
	}})
	ask := func() error {
		_, err := s.CallTool(t.Context(), "demo_get_echo", nil)
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	served.AddTool(anyTool("demo_get_other"), func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return words(`{}`), nil })
	eventually(t, "the program is told of the change", func() bool { return len(told) > 0 })
	lists := f.count("tools/list")
	f.fail("tools/list", status(503))
	for range 2 {
		_ = ask() // the first meets the fault
	}
	if n := f.count("tools/list"); n != lists+2 {
		t.Errorf("%d lists after a change, of which one failed", n-lists)
	}
	for range 3 {
		if err := ask(); err != nil {
			t.Error(err)
		}
	}
	if n := f.count("tools/list"); n != lists+2 {
		t.Errorf("%d lists after the change was seen", n-lists)
	}
}

func TestAListMayHaveAsManyToolsAsItMay(t *testing.T) {
	t.Parallel()
	url := foreign(t, answering(words(`{}`)))
	if tools, err := dialled(t, mcp.ClientConfig{URL: url, MaxTools: 1}).Tools(t.Context()); err != nil || len(tools) != 1 {
		t.Errorf("%d %v", len(tools), err)
	}
}

func TestCloseLetsGoOfTheStoreOfTheToken(t *testing.T) {
	t.Parallel()
	store := newStuck()
	s := dialled(t, mcp.ClientConfig{URL: "http://127.0.0.1:1/mcp", Token: secret.From(store)})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-store.began; cancel() }()
	_, _ = mcp.Call(ctx, s, echo, echoInput{})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-store.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the store was asked until %v", err)
	}
}

func TestAServerThatIsNotThereIsAskedOnce(t *testing.T) {
	t.Parallel()
	var dials atomic.Int64
	dial := base.WithDialer(func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	})
	s := dialled(t, mcp.ClientConfig{URL: "http://tools.example.com/mcp", Limits: base.Limits{Retries: -1}}, dial)
	if err := s.Ping(t.Context()); !errors.Is(err, base.ErrUnavailable) || dials.Load() != 1 {
		t.Errorf("%v after %d dials", err, dials.Load())
	}
}

func TestATransportThatWasGivenKeepsItsConnections(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{Stateless: true}, newDemo())
	given := &http.Transport{}
	t.Cleanup(given.CloseIdleConnections)
	s := dialled(t, mcp.ClientConfig{URL: url}, base.WithTransport(given))
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var reused atomic.Bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused.Store(i.Reused) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := given.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if !reused.Load() {
		t.Error("the connections of the caller's transport were closed")
	}
}

func TestAnOldTLSIsRefusedWhateverIsGiven(t *testing.T) {
	t.Parallel()
	web := httptest.NewUnstartedServer(serverOf(t, mcp.ServerConfig{Stateless: true}))
	web.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // it must be refused
	web.StartTLS()
	t.Cleanup(web.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	given := base.WithTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10}) //nolint:gosec // as above
	s, err := mcp.Dial(t.Context(), mcp.ClientConfig{URL: web.URL + "/mcp", Limits: base.Limits{Retries: -1}}, given)
	if err != nil {
		return // it may be refused here, too
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Ping(t.Context()); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

func TestAnAnswerWithoutEventsIsBoundedToo(t *testing.T) {
	t.Parallel()
	served := sdk.NewServer(&sdk.Implementation{Name: "foreign"}, nil)
	answering(words(strings.Repeat("x", 300_000)))(served)
	_, url := newFront(t, sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return served }, &sdk.StreamableHTTPOptions{JSONResponse: true}))
	s := dialled(t, mcp.ClientConfig{URL: url, MaxAnswerBytes: 100_000})
	_, err := s.CallTool(t.Context(), "demo_get_echo", nil)
	if !errors.Is(err, base.ErrTooLarge) || !strings.Contains(err.Error(), "longer than the 100000 bytes") {
		t.Errorf("%v", err)
	}
}

func TestARefusalOfANewerQuestionIsForgottenWhenTheOlderOneIsAnswered(t *testing.T) {
	t.Parallel()
	served := sdk.NewServer(&sdk.Implementation{Name: "foreign"}, nil)
	served.AddTool(anyTool("demo_get_echo"), func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return nil, errors.New("not so")
	})
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return served }, nil)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Method") == "server/discover" {
			w.WriteHeader(http.StatusGone)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s := dialled(t, mcp.ClientConfig{URL: web.URL, Limits: base.Limits{Retries: -1}})
	if _, err := s.CallTool(t.Context(), "demo_get_echo", nil); err == nil || strings.Contains(err.Error(), "410") {
		t.Errorf("%v", err)
	}
}

// issuer is an authorization of the program's own.
type issuer struct{ auth.OAuthHandler }

func TestWhatAConfigCannotMeanIsRefusedOnEitherSide(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]mcp.ClientConfig{
		"token, oauth: both set": {URL: "https://x/mcp", Token: secret.Literal("t"), OAuth: issuer{}},
		"a fragment":             {URL: "https://x/mcp#f"},
		"connect_timeout":        {URL: "https://x/mcp", ConnectTimeout: -1},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	for want, c := range map[string]mcp.ServerConfig{
		"allowed_origins[0]": {AllowedOrigins: []string{"https://u:p@x.example.com"}},
		"max_request_bytes":  {MaxRequestBytes: -1}, "max_result_bytes": {MaxResultBytes: 999}, "max_sessions": {MaxSessions: -1},
		"session_idle": {SessionIdle: -1}, "call_timeout": {CallTimeout: -1}, "progress": {Progress: -1},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if err := (mcp.ServerConfig{MaxResultBytes: 1000}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheEnvironmentIsCheckedAsAConfigIs(t *testing.T) {
	t.Parallel()
	read := func(values map[string]string) (mcp.ClientConfig, error) {
		return mcp.ClientConfigFromEnv(t.Context(), base.EnvMap(values))
	}
	if c, err := read(map[string]string{"MCP_URL": "https://x/mcp", "MCP_TOKEN": "t"}); err != nil || c.URL != "https://x/mcp" || c.Token.IsZero() {
		t.Errorf("%+v %v", c, err)
	}
	for name, values := range map[string]map[string]string{"MCP_URL": {}, "url: not a URL": {"MCP_URL": "ftp://x"}} {
		if _, err := read(values); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
