package mcp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/mcp"
)

func dialled(t *testing.T, c mcp.ClientConfig, opts ...base.Option) *mcp.Session {
	t.Helper()
	s, err := mcp.Dial(t.Context(), c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestARemoteToolAnswersInTheSameType(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"with sessions": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := serving(t, mcp.ServerConfig{Stateless: stateless}, newDemo())
			s := dialled(t, mcp.ClientConfig{URL: url})
			got, err := mcp.Call(t.Context(), s, echo, echoInput{Text: "<hi> & bye"})
			if diff := cmp.Diff(echoOutput{Text: "<hi> & bye", Items: []string{}, Outcome: base.Data}, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			if h := s.Health(); h.State != base.Ready {
				t.Errorf("health %v", h.State)
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheErrorOfARemoteToolIsTheOneThatItHadThere(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	s := dialled(t, mcp.ClientConfig{URL: url})
	_, err := mcp.Call(t.Context(), s, broken, echoInput{})
	_, want := failed(t.Context(), echoInput{})
	e, ok := errors.AsType[*base.Error](err)
	if !ok || err.Error() != want.Error() || e.Kind != base.KindQuotaExceeded || e.Code != "396" || e.RetryAfter != 3*time.Second || e.Hint != "narrow the window" {
		t.Errorf("%v, want %v", err, want)
	}
	if h := s.Health(); h.State != base.Ready {
		t.Errorf("a tool's error is not the server's: %v", h.State)
	}
}

// restarting is a server that a test replaces by a new one, which knows no session of the old.
type restarting struct{ now atomic.Pointer[mcp.Server] }

func (r *restarting) restart(t *testing.T, c mcp.ServerConfig) {
	t.Helper()
	s, err := mcp.NewServer(t.Context(), c, []mcp.Toolbox{newDemo()})
	if err != nil {
		t.Fatal(err)
	}
	r.now.Store(s)
}

func (r *restarting) ServeHTTP(w http.ResponseWriter, q *http.Request) { r.now.Load().ServeHTTP(w, q) }

func TestASessionThatTheServerForgotIsMadeAnew(t *testing.T) {
	t.Parallel()
	var server restarting
	server.restart(t, mcp.ServerConfig{})
	web := httptest.NewServer(&server)
	t.Cleanup(web.Close)
	s := dialled(t, mcp.ClientConfig{URL: web.URL + "/mcp"})
	for i := range 4 {
		if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		if _, err := s.CallTool(t.Context(), "demo_get_echo", nil); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		server.restart(t, mcp.ServerConfig{})
	}
}

func TestATokenThatWasTurnedIsShownAnew(t *testing.T) {
	t.Parallel()
	serverToken, clientToken := newTurning("first-token"), newTurning("first-token")
	_, url := serving(t, mcp.ServerConfig{Tokens: []secret.Value{secret.From(serverToken)}}, newDemo())
	s := dialled(t, mcp.ClientConfig{URL: url, Token: secret.From(clientToken)})
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil {
		t.Fatal(err)
	}
	serverToken.turn("second-token")
	clientToken.turn("second-token")
	if _, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url, Token: secret.From(clientToken)}), echo, echoInput{}); err != nil {
		t.Errorf("a token that was just turned in: %v", err)
	}
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil { // the first is refused by now
		t.Error(err)
	}
}

func TestATokenThatIsWrongIsSentOnce(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{Tokens: []secret.Value{secret.Literal("right-token")}}, newDemo())
	s := dialled(t, mcp.ClientConfig{URL: url, Token: secret.Literal("wrong-token")})
	for range 2 {
		_, err := mcp.Call(t.Context(), s, echo, echoInput{})
		if !errors.Is(err, base.ErrUnauthenticated) || strings.Contains(err.Error(), "wrong-token") {
			t.Errorf("%v", err)
		}
	}
}

func TestAWrongAddressDoesNotSayThatAThingIsNotThere(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	s := dialled(t, mcp.ClientConfig{URL: url + "/nowhere"})
	_, err := mcp.Call(t.Context(), s, echo, echoInput{})
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindInvalid || e.Code != "404" || !strings.Contains(e.Hint, "url") {
		t.Errorf("%v", err)
	}
}

func TestARefusalSaysWhatToDoAboutTheToken(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{Tokens: []secret.Value{secret.Literal("right-token")}}, newDemo())
	for hint, token := range map[string]secret.Value{"set token": {}, "check token": secret.Literal("wrong-token")} {
		_, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url, Token: token}), echo, echoInput{})
		if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindUnauthenticated || !strings.Contains(e.Hint, hint) {
			t.Errorf("%s: %v", hint, err)
		}
	}
}

func TestTheEndOfTheCallersContextReachesTheRemoteTool(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"with sessions": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDemo()
			_, url := serving(t, mcp.ServerConfig{Stateless: stateless}, d)
			s := dialled(t, mcp.ClientConfig{URL: url})
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-d.began; cancel() }()
			if _, err := mcp.Call(ctx, s, slow, echoInput{}); !errors.Is(err, base.ErrCanceled) {
				t.Errorf("%v", err)
			}
			select {
			case cause := <-d.ended:
				if cause == nil {
					t.Error("the tool ended by itself")
				}
			case <-time.After(5 * time.Second):
				t.Error("the tool still runs")
			}
			if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil {
				t.Errorf("after it: %v", err)
			}
		})
	}
}

func TestPingIsARealQuestion(t *testing.T) {
	t.Parallel()
	var server restarting
	server.restart(t, mcp.ServerConfig{Stateless: true})
	var sick atomic.Int32 // 1: silent, 2: failing
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch sick.Load() {
		case 1:
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client leaves
			<-r.Context().Done()
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(web.Close)
	s := dialled(t, mcp.ClientConfig{URL: web.URL + "/mcp", Limits: base.Limits{Retries: -1}})
	if err := s.Ping(t.Context()); err != nil || s.Health().State != base.Ready {
		t.Errorf("%v %v", err, s.Health().State)
	}
	sick.Store(1)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Ping(ctx); !errors.Is(err, base.ErrDeadline) {
		t.Errorf("silent: %v", err)
	}
	sick.Store(2)
	if err := s.Ping(t.Context()); !errors.Is(err, base.ErrUnavailable) || s.Health().State == base.Ready {
		t.Errorf("failing: %v %v", err, s.Health().State)
	}
}
