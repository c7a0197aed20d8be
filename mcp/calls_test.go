package mcp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

// front counts what methods a server is asked, and answers the first of some itself.
type front struct {
	next http.Handler

	mu     sync.Mutex
	asked  map[string]int
	faults map[string][]func(http.ResponseWriter)
}

func newFront(t *testing.T, next http.Handler) (*front, string) {
	t.Helper()
	f := &front{next: next, asked: map[string]int{}, faults: map[string][]func(http.ResponseWriter){}}
	web := httptest.NewServer(f)
	t.Cleanup(web.Close)
	return f, web.URL + "/mcp"
}

// fail has the next request of a method answered so.
func (f *front) fail(method string, answers ...func(http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[method] = append(f.faults[method], answers...)
}

func (f *front) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[method]
}

func (f *front) plan(body []byte) (answer func(http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, method := range []string{"initialize", "tools/list", "tools/call"} {
		if !bytes.Contains(body, []byte(`"method":"`+method+`"`)) {
			continue
		}
		f.asked[method]++
		if planned := f.faults[method]; len(planned) > 0 {
			answer, f.faults[method] = planned[0], planned[1:]
		}
	}
	return answer
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if answer := f.plan(body); answer != nil {
		answer(w)
		return
	}
	f.next.ServeHTTP(w, r)
}

func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func aborted(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// writable is a server that serves the tool that changes something.
func writable(t *testing.T) *mcp.Server {
	t.Helper()
	return serverOf(t, mcp.ServerConfig{Writes: true})
}

func TestAWriteIsMadeAgainWhereItWasNotSent(t *testing.T) {
	t.Parallel()
	var now restarting
	now.restart(t, mcp.ServerConfig{Writes: true})
	f, url := newFront(t, &now)
	s := dialled(t, mcp.ClientConfig{URL: url})
	if _, err := mcp.Call(t.Context(), s, change, echoInput{}); err != nil {
		t.Fatal(err)
	}
	now.restart(t, mcp.ServerConfig{Writes: true})
	f.fail("initialize", status(503))
	if _, err := mcp.Call(t.Context(), s, change, echoInput{}); err != nil {
		t.Errorf("the session was lost, and then the greeting failed: %v", err)
	}
}

func TestAReadIsMadeAgainAlsoAsTheFirstCall(t *testing.T) {
	t.Parallel()
	f, url := newFront(t, writable(t))
	f.fail("tools/call", status(503))
	s := dialled(t, mcp.ClientConfig{URL: url})
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil || f.count("tools/call") != 2 {
		t.Errorf("%v after %d calls", err, f.count("tools/call"))
	}
}

func TestAWriteThatTheServerListedLaterIsMadeOnce(t *testing.T) {
	t.Parallel()
	served := sdk.NewServer(&sdk.Implementation{Name: "foreign"}, nil)
	answering(words(`{}`))(served)
	f, url := newFront(t, sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return served }, &sdk.StreamableHTTPOptions{Stateless: true}))
	s := dialled(t, mcp.ClientConfig{URL: url})
	if _, err := s.CallTool(t.Context(), "demo_get_echo", nil); err != nil {
		t.Fatal(err)
	}
	served.AddTool(&sdk.Tool{Name: "demo_add_text", InputSchema: anyTool("").InputSchema},
		func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return words(`{}`), nil })
	f.fail("tools/call", aborted, aborted, aborted)
	if _, err := s.CallTool(t.Context(), "demo_add_text", nil); !errors.Is(err, base.ErrOutcomeUnknown) || f.count("tools/call") != 2 {
		t.Errorf("%v, %d calls in all", err, f.count("tools/call"))
	}
}

func TestAToolThatMayBeRepeatedIsRepeated(t *testing.T) {
	t.Parallel()
	served := sdk.NewServer(&sdk.Implementation{Name: "foreign"}, nil)
	again := anyTool("demo_set_text")
	again.Annotations = &sdk.ToolAnnotations{IdempotentHint: true}
	served.AddTool(again, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return words(`{}`), nil })
	f, url := newFront(t, sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return served }, nil))
	s := dialled(t, mcp.ClientConfig{URL: url})
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.fail("tools/call", aborted)
	if _, err := s.CallTool(t.Context(), "demo_set_text", nil); err != nil {
		t.Error(err)
	}
}

func TestAFailureOfAForeignToolIsItsAnswer(t *testing.T) {
	t.Parallel()
	failing := words(strings.Repeat("it broke ", 10_000))
	failing.IsError = true
	served := sdk.NewServer(&sdk.Implementation{Name: "foreign"}, nil)
	answering(failing)(served)
	f, url := newFront(t, sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return served }, nil))
	s := dialled(t, mcp.ClientConfig{URL: url})
	_, err := s.CallTool(t.Context(), "demo_get_echo", nil)
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Sent != base.Answered || e.Source != "mcp" || e.Op != "demo_get_echo" || len(err.Error()) > 1000 || f.count("tools/call") != 1 {
		t.Errorf("%.200v after %d calls", err, f.count("tools/call"))
	}
}

func TestAForgedErrorDoesNotBringTheTokenBack(t *testing.T) {
	t.Parallel()
	forged := words("x")
	forged.IsError = true
	forged.Meta = sdk.Meta{"fourkites.com/error": map[string]any{"kind": "internal", "message": "your token is demo-token-1", "sent": "answered"}}
	s := dialled(t, mcp.ClientConfig{URL: foreign(t, answering(forged)), Token: secret.Literal("demo-token-1")})
	_, err := s.CallTool(t.Context(), "demo_get_echo", nil)
	if err == nil || !strings.Contains(err.Error(), "your token is") || strings.Contains(err.Error(), "demo-token-1") {
		t.Errorf("%v", err)
	}
}

func TestWhatWasLocalToTheServerIsItsFailureHere(t *testing.T) {
	t.Parallel()
	for kind, want := range map[base.Kind]error{
		base.KindCircuitOpen: base.ErrUnavailable, base.KindBudgetExhausted: base.ErrUnavailable, base.KindLimitExceeded: base.ErrThrottled,
		base.KindNoTimeLeft: base.ErrDeadline, base.KindNotFound: base.ErrNotFound,
	} {
		fails := tool.Declare[echoInput, echoOutput]("kind_get_error", "Fails.")
		_, url := serving(t, mcp.ServerConfig{}, mcp.Group("kind", []tool.Tool{fails.Bind(func(context.Context, echoInput) (echoOutput, error) {
			e := base.NewError(kind, nil)
			e.Source = "graph"
			return echoOutput{}, e
		})}, nil))
		if _, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url}), fails, echoInput{}); !errors.Is(err, want) || errors.Is(err, base.ErrCircuitOpen) {
			t.Errorf("%v: %v", kind, err)
		}
	}
}

func TestARefusalOfTheProtocolKeepsItsKind(t *testing.T) {
	t.Parallel()
	for code, want := range map[int64]error{
		jsonrpc.CodeInvalidParams: base.ErrInvalid, jsonrpc.CodeInvalidRequest: base.ErrInvalid, jsonrpc.CodeMethodNotFound: base.ErrProtocol,
		jsonrpc.CodeInternalError: base.ErrInternal,
	} {
		url := foreign(t, func(s *sdk.Server) {
			s.AddTool(anyTool("demo_get_echo"), func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				return nil, &jsonrpc.Error{Code: code, Message: "not so"}
			})
		})
		if _, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url, Limits: base.Limits{Retries: -1}}), echo, echoInput{}); !errors.Is(err, want) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestAnUnknownToolIsAnErrorOfTheSession(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	_, err := dialled(t, mcp.ClientConfig{URL: url, Name: "far"}).CallTool(t.Context(), "demo_get_ecko", nil)
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Source != "far" || e.Kind != base.KindInvalid || e.Sent != base.NotSent {
		t.Errorf("%+v", err)
	}
}

func TestARefusedTokenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	f, url := newFront(t, serverOf(t, mcp.ServerConfig{Tokens: []secret.Value{secret.Literal("right-token")}}))
	s := dialled(t, mcp.ClientConfig{URL: url, Token: secret.Literal("wrong-token"), Limits: base.Limits{Retries: -1}})
	_, first := mcp.Call(t.Context(), s, echo, echoInput{})
	sent := f.count("initialize")
	_, second := mcp.Call(t.Context(), s, echo, echoInput{})
	if !errors.Is(first, base.ErrUnauthenticated) || !errors.Is(second, base.ErrUnauthenticated) || f.count("initialize") != sent {
		t.Errorf("%v, %v: %d greetings, then %d", first, second, sent, f.count("initialize"))
	}
}

func TestAServerSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for name, test := range map[string]struct {
		header      []string
		least, most time.Duration
	}{
		"seconds":              {[]string{"Retry-After", "7"}, 7 * time.Second, 7 * time.Second},
		"milliseconds":         {[]string{"Retry-After-Ms", "1500", "Retry-After", "7"}, 1500 * time.Millisecond, 1500 * time.Millisecond},
		"a date":               {[]string{"Retry-After", soon}, 50 * time.Minute, time.Hour},
		"a number without end": {[]string{"Retry-After", "999999999"}, 24 * time.Hour, 24 * time.Hour},
		"nothing":              {nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, url := newFront(t, writable(t))
			s := dialled(t, mcp.ClientConfig{URL: url, Limits: base.Limits{Retries: -1}})
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.fail("tools/call", status(429, test.header...))
			_, err := mcp.Call(t.Context(), s, echo, echoInput{})
			if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindThrottled || e.RetryAfter < test.least || e.RetryAfter > test.most {
				t.Errorf("%+v", err)
			}
		})
	}
}

func TestACallSaysWhatItsAnswerCoversOnce(t *testing.T) {
	t.Parallel()
	counts := tool.Declare[echoInput, base.Page[string]]("list_get_counts", "Gives a page.")
	_, url := serving(t, mcp.ServerConfig{}, mcp.Group("list", []tool.Tool{counts.Bind(func(context.Context, echoInput) (base.Page[string], error) {
		return base.Page[string]{Items: []string{"x"}, Outcome: base.Data, Stats: base.Stats{Rows: 5, Calls: 3, Attempts: 4, Notes: []string{"late"}}}, nil
	})}, nil))
	var stats base.Stats
	if _, err := mcp.Call(base.WithStats(t.Context(), &stats), dialled(t, mcp.ClientConfig{URL: url}), counts, echoInput{}); err != nil {
		t.Fatal(err)
	}
	if stats.Rows != 5 || stats.Calls != 1 || stats.Attempts != 1 || fmt.Sprint(stats.Notes) != "[late]" {
		t.Errorf("%+v", stats)
	}
}

func TestAnAnswerOfAProgramIsBoundedToo(t *testing.T) {
	t.Parallel()
	s := dialled(t, mcp.ClientConfig{Command: self(t, "server"), MaxAnswerBytes: 20_000})
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{Text: strings.Repeat("x", 20_000)}); !errors.Is(err, base.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); err != nil {
		t.Errorf("after it: %v", err)
	}
}
