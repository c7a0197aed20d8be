package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

// listed is a tool that answers with a page of these texts.
func listed(items ...string) mcp.Toolbox {
	list := tool.Declare[echoInput, base.Page[string]]("list_get_items", "Gives a page.")
	return mcp.Group("list", []tool.Tool{list.Bind(func(context.Context, echoInput) (base.Page[string], error) {
		return base.Page[string]{Items: items, Outcome: base.Data}, nil
	})}, nil)
}

// measured counts the bytes of the longest line that a server writes.
type measured struct {
	http.ResponseWriter
	line int
	most *atomic.Int64
}

func (m *measured) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (m *measured) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		m.line += len(line)
		if int64(m.line) > m.most.Load() {
			m.most.Store(int64(m.line))
		}
		if line[len(line)-1] == '\n' {
			m.line = 0
		}
	}
	return m.ResponseWriter.Write(p)
}

// watched is a server whose longest event is known.
func watched(t *testing.T, s http.Handler) (url string, longest *atomic.Int64) {
	t.Helper()
	longest = new(atomic.Int64)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(&measured{w, 0, longest}, r)
	}))
	t.Cleanup(web.Close)
	return web.URL + "/mcp", longest
}

func TestAResultKeepsToItsBytesAlsoWhereTheyDoubleOnTheWire(t *testing.T) {
	t.Parallel()
	for name, item := range map[string]string{
		"words": "some words of a line of a log ", "quotes": `"\"\\`, "angles": "<&>", "letters": "ü€😀",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items := slices.Repeat([]string{strings.Repeat(item, 100)}, 6000)
			s := server(t, mcp.ServerConfig{Stateless: true}, listed(items...))
			url, longest := watched(t, s)
			answer, err := dialled(t, mcp.ClientConfig{URL: url}).CallTool(t.Context(), "list_get_items", nil)
			if err != nil {
				t.Fatal(err)
			}
			var page base.Page[string]
			if err := json.Unmarshal(answer, &page); err != nil {
				t.Fatal(err)
			}
			if page.Outcome != base.Truncated || len(page.Items) == 0 || len(page.Stats.Notes) == 0 {
				t.Errorf("%d items, %s, %q", len(page.Items), page.Outcome, page.Stats.Notes)
			}
			if len(answer) > 400_000 || longest.Load() > 1<<20 || longest.Load() < 300_000 {
				t.Errorf("%d bytes, %d on the wire", len(answer), longest.Load())
			}
		})
	}
}

func TestAnOperatorMayRaiseTheBytesOfAResult(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{MaxResultBytes: 2 << 20}, listed(strings.Repeat("x", 1<<20)))
	answer, err := dialled(t, mcp.ClientConfig{URL: url, MaxAnswerBytes: 8 << 20}).CallTool(t.Context(), "list_get_items", nil)
	if err != nil || len(answer) < 1<<20 || !strings.Contains(string(answer), `"outcome":"data"`) {
		t.Errorf("%d bytes %v", len(answer), err)
	}
}

func TestTheTextForModelsHidesNothingAndTheJSONIsAsItWas(t *testing.T) {
	t.Parallel()
	const hidden = "safe\u202e\u200b\U000E0041 text"
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	r := called(t, connected(t, url), "demo_get_echo", map[string]any{"text": hidden})
	if text := textOf(t, r); strings.ContainsAny(text, "\u202e\u200b\U000E0041") || !strings.Contains(text, "safe") {
		t.Errorf("%q", text)
	}
	out, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url}), echo, echoInput{Text: hidden})
	if err != nil || out.Text != hidden {
		t.Errorf("%q %v", out.Text, err)
	}
}

func TestAToolThatPanicsIsAnErrorWithoutItsWords(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	r := called(t, connected(t, url), "demo_get_panic", map[string]any{})
	text, err := json.Marshal(r)
	if err != nil || !r.IsError || strings.Contains(string(text), "the secret of the panic") || !strings.Contains(string(text), "panicked") {
		t.Errorf("%s %v", text, err)
	}
	called(t, connected(t, url), "demo_get_echo", map[string]any{})
}

func TestWrongArgumentsAreAResultThatAModelCanMend(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	r := called(t, connected(t, url), "demo_get_echo", map[string]any{"texd": "hi"})
	if text := textOf(t, r); !r.IsError || !strings.Contains(text, "texd") || !strings.Contains(text, "text") {
		t.Errorf("%v %s", r.IsError, text)
	}
}

func TestALongCallTellsThatItRuns(t *testing.T) {
	t.Parallel()
	d := newDemo()
	_, url := serving(t, mcp.ServerConfig{Progress: base.Duration(5 * time.Millisecond)}, d)
	told := make(chan *sdk.ProgressNotificationParams, 1000)
	session := connected(t, url, func(o *sdk.ClientOptions) {
		o.ProgressNotificationHandler = func(_ context.Context, r *sdk.ProgressNotificationClientRequest) { told <- r.Params }
	})
	ctx, cancel := context.WithCancel(t.Context())
	params := &sdk.CallToolParams{Name: "demo_get_slow", Arguments: map[string]any{}}
	params.SetProgressToken("mine")
	go func() {
		defer cancel()
		last := 0.0
		for range 3 {
			p := <-told
			if p.ProgressToken != "mine" || p.Progress <= last || !strings.Contains(p.Message, "demo_get_slow") {
				t.Errorf("%+v after %v", p, last)
			}
			last = p.Progress
		}
	}()
	if _, err := session.CallTool(ctx, params); err == nil {
		t.Error("the call ended by itself")
	}
	if cause := <-d.ended; cause == nil {
		t.Error("the tool was not cut")
	}
}

func TestHealthIsAResource(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo(), listed("x"))
	for endpoint, want := range map[string]int{"": 1, "/demo": 1} {
		r, err := connected(t, url+endpoint).ReadResource(t.Context(), &sdk.ReadResourceParams{URI: mcp.HealthURI})
		if err != nil {
			t.Fatal(err)
		}
		var report struct{ Sources []map[string]any }
		if err := json.Unmarshal([]byte(r.Contents[0].Text), &report); err != nil || len(report.Sources) != want || report.Sources[0]["state"] != "ready" {
			t.Errorf("%s: %s %v", endpoint, r.Contents[0].Text, err)
		}
	}
	if _, err := connected(t, url+"/list").ReadResource(t.Context(), &sdk.ReadResourceParams{URI: mcp.HealthURI}); err == nil {
		t.Error("a box without health has the resource")
	}
}

func TestATraceGoesOnAtTheServerAndNothingOfTheArgumentsIsTold(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	s, err := mcp.NewServer(t.Context(), mcp.ServerConfig{Stateless: true}, []mcp.Toolbox{newDemo()},
		base.WithTracerProvider(provider), base.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	caller := dialled(t, mcp.ClientConfig{URL: web.URL + "/mcp"}, base.WithTracerProvider(provider))
	ctx, span := provider.Tracer("test").Start(t.Context(), "question")
	_, err = mcp.Call(ctx, caller, echo, echoInput{Text: "a private text"})
	_, failed := mcp.Call(ctx, caller, broken, echoInput{Text: "a private text"})
	span.End()
	if err != nil || failed == nil {
		t.Fatal(err, failed)
	}
	served := 0
	for _, one := range spans.Ended() {
		if !strings.HasPrefix(one.Name(), "tools/call ") || one.SpanKind().String() != "server" {
			continue
		}
		served++
		if one.SpanContext().TraceID() != span.SpanContext().TraceID() || !one.Parent().IsRemote() {
			t.Errorf("%s is not of the trace", one.Name())
		}
	}
	if served != 2 {
		t.Errorf("%d spans of the server", served)
	}
	if text := logged.String(); !strings.Contains(text, "demo_get_echo") || !strings.Contains(text, "quota exceeded") || strings.Contains(text, "private") {
		t.Error(text)
	}
}
