package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

type echoInput struct {
	Text string `json:"text,omitempty" jsonschema:"what comes back"`
}

type echoOutput struct {
	Text    string       `json:"text"`
	Items   []string     `json:"items"`
	Outcome base.Outcome `json:"outcome"`
}

// declared are the tools that the tests serve.
var (
	echo   = tool.Declare[echoInput, echoOutput]("demo_get_echo", "Gives the text back.")
	slow   = tool.Declare[echoInput, echoOutput]("demo_get_slow", "Runs until it is cut.")
	broken = tool.Declare[echoInput, echoOutput]("demo_get_broken", "Fails.")
	panics = tool.Declare[echoInput, echoOutput]("demo_get_panic", "Panics.")
	change = tool.Declare[echoInput, echoOutput]("demo_add_text", "Changes something.").Writing()
)

func echoed(_ context.Context, in echoInput) (echoOutput, error) {
	return echoOutput{Text: in.Text, Items: []string{}, Outcome: base.Data}, nil
}

// demo is a toolbox whose slow calls tell when they begin and why they ended.
type demo struct {
	began chan struct{}
	ended chan error
}

func newDemo() *demo { return &demo{began: make(chan struct{}, 100), ended: make(chan error, 100)} }

func (*demo) Name() string { return "demo" }

func (d *demo) Tools() []tool.Tool {
	return []tool.Tool{
		echo.Bind(echoed), slow.Bind(d.slow), broken.Bind(failed), change.Bind(echoed),
		panics.Bind(func(context.Context, echoInput) (echoOutput, error) { panic("the secret of the panic") }),
	}
}

func (*demo) Aliases() []tool.Tool { return []tool.Tool{echo.Alias("older_echo").Bind(echoed)} }

func (*demo) Health() base.Health {
	return base.Health{Source: "demo", State: base.Ready, Breaker: "closed"}
}

func (d *demo) slow(ctx context.Context, _ echoInput) (echoOutput, error) {
	d.began <- struct{}{}
	<-ctx.Done()
	d.ended <- context.Cause(ctx)
	return echoOutput{}, ctx.Err()
}

func failed(context.Context, echoInput) (echoOutput, error) {
	e := base.NewError(base.KindQuotaExceeded, errors.New("too many rows"))
	e.Source, e.Op, e.Code, e.Attempts, e.RetryAfter = "demo", "GetBroken", "396", 1, 3*time.Second
	e.SetHint(base.HintOf("narrow the window"))
	return echoOutput{}, e
}

// serving is a server of these toolboxes on a loopback address.
func serving(t *testing.T, c mcp.ServerConfig, boxes ...mcp.Toolbox) (*mcp.Server, string) {
	t.Helper()
	s, err := mcp.NewServer(t.Context(), c, boxes)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		web.Close()
	})
	return s, web.URL + "/mcp"
}

// connected is the official client at an endpoint.
func connected(t *testing.T, url string, change ...func(*sdk.ClientOptions)) *sdk.ClientSession {
	t.Helper()
	options := &sdk.ClientOptions{}
	for _, f := range change {
		f(options)
	}
	client := sdk.NewClient(&sdk.Implementation{Name: "test"}, options)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: url, MaxRetries: -1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func called(t *testing.T, session *sdk.ClientSession, name string, args any) *sdk.CallToolResult {
	t.Helper()
	r, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func textOf(t *testing.T, r *sdk.CallToolResult) string {
	t.Helper()
	if len(r.Content) != 1 {
		t.Fatalf("%d contents", len(r.Content))
	}
	text, ok := r.Content[0].(*sdk.TextContent)
	if !ok {
		t.Fatalf("%T", r.Content[0])
	}
	return text.Text
}

func namesAt(t *testing.T, url string) string {
	t.Helper()
	var names []string
	for one, err := range connected(t, url).Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, one.Name)
	}
	return strings.Join(names, " ")
}

func TestOneEndpointServesAllToolsAndOneEachBoxWithItsOlderNames(t *testing.T) {
	t.Parallel()
	other := mcp.Group("other", []tool.Tool{echo.Alias("other_get_echo").Bind(echoed)}, nil)
	_, url := serving(t, mcp.ServerConfig{}, mcp.Extend(newDemo(), echo.Alias("foreign_echo").Bind(echoed)), other)
	if got, want := namesAt(t, url), "demo_get_broken demo_get_echo demo_get_panic demo_get_slow other_get_echo"; got != want {
		t.Errorf("all: %s, want %s", got, want)
	}
	if got, want := namesAt(t, url+"/demo"), "demo_get_broken demo_get_echo demo_get_panic demo_get_slow foreign_echo older_echo"; got != want {
		t.Errorf("demo: %s, want %s", got, want)
	}
	if got, want := namesAt(t, url+"/other"), "other_get_echo"; got != want {
		t.Errorf("other: %s, want %s", got, want)
	}
}

func TestAnAnswerComesAsJSONAndAsText(t *testing.T) {
	t.Parallel()
	_, url := serving(t, mcp.ServerConfig{}, newDemo())
	r := called(t, connected(t, url), "demo_get_echo", map[string]any{"text": "hi"})
	structured, err := json.Marshal(r.StructuredContent)
	if want := `{"items":[],"outcome":"data","text":"hi"}`; err != nil || string(structured) != want || r.IsError {
		t.Errorf("%s %v, want %s", structured, err, want)
	}
	if text := textOf(t, r); !strings.Contains(text, `"text":"hi"`) {
		t.Errorf("text %s", text)
	}
}
