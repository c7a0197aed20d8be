package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/wire"
	"github.com/fourkites/sources/mcp"
)

const suiteToken = "demo-mcp-token-0123456789"

// faulty is our server with faults on its answers to calls of tools; greetings and lists are answered as they are.
type faulty struct {
	http  wire.Server
	front wire.Front
	real  *mcp.Server

	mu    sync.Mutex
	token string
}

func newFaulty(t testing.TB) *faulty {
	t.Helper()
	real, err := mcp.NewServer(t.Context(), mcp.ServerConfig{Stateless: true, Writes: true}, []mcp.Toolbox{newDemo()})
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{real: real, token: suiteToken}
	f.http.List = wire.List{Begin: `{"jsonrpc":"2.0","id":1,"result":{"content":[`, Entry: `{"type":"text","text":"and so on"},`, Type: "application/json"}
	f.front = wire.Front{Server: &f.http, Accepts: f.accepts, Answer: f.answer, Refuse: refusal, Denied: "unauthorized"}
	if err := f.http.Start(f.serve, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.http.Close)
	return f
}

func (f *faulty) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Host = "localhost" // the rows reach it by names of their own
	if bytes.Contains(body, []byte(`"tools/call"`)) || !f.accepts(r) {
		f.front.Serve(w, r)
		return
	}
	f.real.ServeHTTP(w, r)
}

func (f *faulty) accepts(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return r.Header.Get("Authorization") == "Bearer "+f.token
}

func (f *faulty) setToken(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token = token
}

func (f *faulty) answer(r *http.Request, asked wire.Asked) wire.Answer {
	r = r.WithContext(context.WithoutCancel(r.Context())) // a caller who leaves must not keep a planned fault from striking
	r.Body = io.NopCloser(bytes.NewReader(asked.Body))
	w := httptest.NewRecorder()
	f.real.ServeHTTP(w, r)
	return wire.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
}

func refusal(status int, text string) wire.Answer {
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte(text)}
}

func (f *faulty) calls() (n int) {
	for _, r := range f.front.Asked() {
		if strings.Contains(string(r.Body), `"tools/call"`) {
			n++
		}
	}
	return n
}

func subject(t testing.TB, s basetest.Settings) basetest.Subject {
	server, token := newFaulty(t), newTurning(suiteToken)
	c := mcp.ClientConfig{URL: server.http.URL() + "/mcp", Token: secret.From(token), Limits: s.Limits, CAFile: s.CAFile, Proxy: "none", MaxAnswerBytes: 8 << 20}
	if s.Address != "" {
		scheme := "http://"
		if s.CAFile != "" {
			scheme = "https://"
		}
		c.URL = scheme + s.Address + "/mcp"
	}
	session, err := mcp.Dial(t.Context(), c, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() }) // a row may have left calls running
	text := strings.Repeat("some text. ", 200)
	return basetest.Subject{
		Client: session, Items: 1,
		Fake: basetest.Fake{
			Address: server.http.Addr(), Fail: server.http.Faults.Add, Running: server.front.Running, Close: server.http.Close,
			Connections: func() int { open, _ := server.http.Connections(); return open },
			Refuse:      func() { server.setToken("") },
			Rotate:      func() { token.turn(suiteToken + "-1"); server.setToken(suiteToken + "-1") },
			Calls:       server.calls,
		},
		Read: func(ctx context.Context) (int, error) {
			out, err := mcp.Call(ctx, session, echo, echoInput{Text: text})
			if err == nil && out.Text != text {
				t.Errorf("the answer has %d bytes, want %d", len(out.Text), len(text))
			}
			return min(len(out.Text), 1), err
		},
		Write: func(ctx context.Context) error {
			_, err := mcp.Call(ctx, session, change, echoInput{})
			return err
		},
	}
}

func TestTheSessionKeepsThePromisesOfEverySource(t *testing.T) {
	inside, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 3, "error": map[string]any{"code": -32603, "message": "it broke"}})
	if err != nil {
		t.Fatal(err)
	}
	basetest.Run(t, basetest.Harness{
		Family: basetest.HTTP, New: subject, Secrets: []string{suiteToken}, Transient: fault.Status(503),
		Missing: base.KindInvalid, // what a tool does not find stands in its result
		Inside:  fault.Status(200, "Content-Type", "application/json").WithMessage(string(inside)),
		Configure: func(l base.Limits) error {
			session, err := mcp.Dial(context.Background(), mcp.ClientConfig{URL: "https://tools.example.com/mcp", Limits: l})
			if err == nil {
				err = session.Close()
			}
			return err
		},
		Skip: map[string]string{
			"F30": "the token carries no time",
			"F45": "the fake answers lists as they are; TestPingIsARealQuestion asks",
		},
	})
}
