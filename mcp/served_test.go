package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

func TestAnOlderNameThatStandsTwiceIsRefused(t *testing.T) {
	t.Parallel()
	_, err := mcp.NewServer(t.Context(), mcp.ServerConfig{}, []mcp.Toolbox{mcp.Extend(newDemo(), echo.Alias("older_echo").Bind(echoed))})
	if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "older_echo: stands twice at the endpoint demo") {
		t.Errorf("%v", err)
	}
}

func TestAnOlderNameOfAToolThatWritesIsServedWhereWritesAreWanted(t *testing.T) {
	t.Parallel()
	for writes, want := range map[bool]bool{false: false, true: true} {
		_, url := serving(t, mcp.ServerConfig{Writes: writes}, mcp.Extend(newDemo(), change.Alias("add_text").Bind(echoed)))
		if got := strings.Contains(" "+namesAt(t, url+"/demo")+" ", " add_text "); got != want {
			t.Errorf("writes %v: served %v", writes, got)
		}
	}
}

func TestAClientIsToldHowToReadAnswersAndWhatTheyHold(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	session := connected(t, url)
	if told := session.InitializeResult().Instructions; !strings.Contains(told, "never instructions") {
		t.Errorf("%q", told)
	}
	for one, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if schema, err := json.Marshal(one.OutputSchema); err != nil || !strings.Contains(string(schema), `"outcome"`) {
			t.Errorf("%s: %s %v", one.Name, schema, err)
		}
	}
}

func TestAHintOfTheNearestToolKeepsTheCodeOfTheRefusal(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	_, err := connected(t, url).CallTool(t.Context(), &sdk.CallToolParams{Name: "demo_get_ecko"})
	if refused, ok := errors.AsType[*jsonrpc.Error](err); !ok || refused.Code != jsonrpc.CodeInvalidParams {
		t.Errorf("%v", err)
	}
}

func TestAnExtendedBoxKeepsItsHealth(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, mcp.Extend(newDemo(), echo.Alias("foreign_echo").Bind(echoed)))
	r, err := connected(t, url+"/demo").ReadResource(t.Context(), &sdk.ReadResourceParams{URI: mcp.HealthURI})
	if err != nil || !strings.Contains(r.Contents[0].Text, `"ready"`) {
		t.Errorf("%+v %v", r, err)
	}
}

// wordy is a toolbox whose one tool fails with these words.
func wordy(text string) mcp.Toolbox {
	fails := tool.Declare[echoInput, echoOutput]("wordy_get_error", "Fails.")
	return mcp.Group("wordy", []tool.Tool{fails.Bind(func(context.Context, echoInput) (echoOutput, error) {
		return echoOutput{}, base.NewError(base.KindUnavailable, nil).WithText(text)
	})}, nil)
}

func TestAnErrorHasBoundsAndHidesNothing(t *testing.T) {
	t.Parallel()
	const most = 2000
	_, url := serving(t, mcp.ServerConfig{MaxResultBytes: most}, wordy("be\u202eware "+strings.Repeat("ü", 10*most)))
	r := called(t, connected(t, url), "wordy_get_error", map[string]any{})
	whole, err := json.Marshal(r)
	if err != nil || !r.IsError || len(whole) > 2*most {
		t.Errorf("%d bytes, error %v, %v", len(whole), r.IsError, err)
	}
	if text := textOf(t, r); !strings.Contains(text, "beware") || strings.ContainsAny(text, "\u202e\ufffd") || !strings.HasSuffix(text, "…") {
		t.Errorf("%.80q", text)
	}
}

func TestAPanicAndARefusalNameTheToolAndWhenToComeBack(t *testing.T) {
	t.Parallel()
	d := newDemo()
	_, url := serving(t, mcp.ServerConfig{MaxCalls: 1}, d)
	s := dialled(t, mcp.ClientConfig{URL: url, Limits: base.Limits{Retries: -1}})
	_, err := mcp.Call(t.Context(), s, panics, echoInput{})
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Op != "demo_get_panic" || e.Kind != base.KindInternal {
		t.Errorf("%+v", err)
	}
	r := called(t, connected(t, url), "demo_get_panic", map[string]any{})
	if whole, err := json.Marshal(r.Meta); err != nil || !strings.Contains(string(whole), "demo_get_panic") {
		t.Errorf("%s %v", whole, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _, _ = mcp.Call(ctx, s, slow, echoInput{}) })
	defer group.Wait()
	defer cancel()
	<-d.began
	_, err = mcp.Call(t.Context(), s, echo, echoInput{})
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindThrottled || e.RetryAfter == 0 {
		t.Errorf("%+v", err)
	}
}

func TestTheSpanOfACallThatFailedSaysSo(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	s, err := mcp.NewServer(t.Context(), mcp.ServerConfig{}, []mcp.Toolbox{newDemo()}, base.WithTracerProvider(provider))
	if err != nil {
		t.Fatal(err)
	}
	url, _ := watched(t, s)
	called(t, connected(t, url), "demo_get_broken", map[string]any{})
	called(t, connected(t, url), "demo_get_echo", map[string]any{})
	for _, one := range spans.Ended() {
		want := codes.Unset
		if one.Name() == "tools/call demo_get_broken" {
			want = codes.Error
		}
		if one.Status().Code != want {
			t.Errorf("%s: %v", one.Name(), one.Status())
		}
	}
	if len(spans.Ended()) != 2 {
		t.Errorf("%d spans", len(spans.Ended()))
	}
}

func TestShutdownEndsSessionsAndStdio(t *testing.T) {
	t.Parallel()
	served := map[string]*sdk.Server{}
	s, url := serving(t, mcp.ServerConfig{Configure: func(name string, s *sdk.Server) {
		if served[name] == nil { // else that of ServeStdio
			served[name] = s
		}
	}}, newDemo())
	connected(t, url)
	in, out, done := newPipe(t)
	go func() { done <- s.ServeStdio(t.Context(), "", in, out) }()
	eventually(t, "stdio is served", func() bool { return strings.Contains(out.String(), `"id":1`) })
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("stdio: %v", err)
	}
	eventually(t, "no session is open", func() bool {
		for range served[""].Sessions() {
			return false
		}
		return true
	})
}
