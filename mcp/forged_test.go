package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

const signed = "demo/token<&>+1"

func TestTheTokenDoesNotComeBackInAnySpelling(t *testing.T) {
	t.Parallel()
	forged := words("x")
	forged.IsError, forged.Meta = true, sdk.Meta{"fourkites.com/error": map[string]any{
		"kind": "internal", "message": "your token is " + signed, "source": signed, "op": signed, "code": signed, "query_id": signed, "request_id": signed, "hint": signed,
	}}
	for name, result := range map[string]*sdk.CallToolResult{
		"escaped":    words(`{"text":"demo\u002ftoken<&>+1","demo\/token\u003c&>+1":"\u0064emo/token\u003c\u0026\u003e\u002b1"}`),
		"plain":      words("it is " + signed),
		"structured": {StructuredContent: json.RawMessage(`{"text":"demo\/token\u003c\u0026\u003e+1"}`)},
		"forged":     forged,
	} {
		s := dialled(t, mcp.ClientConfig{URL: foreign(t, answering(result)), Token: secret.Literal(signed)})
		answer, err := s.CallTool(t.Context(), "demo_get_echo", nil)
		var read any
		if err == nil && json.Unmarshal(answer, &read) != nil {
			t.Errorf("%s: no JSON: %s", name, answer)
		}
		if whole := fmt.Sprintf("%v %v %#v", read, err, err); strings.Contains(whole, signed) || !strings.Contains(whole, "[redacted]") {
			t.Errorf("%s: %s", name, whole)
		}
	}
}

func TestTheTokenDoesNotComeBackInTheListOfTools(t *testing.T) {
	t.Parallel()
	url := foreign(t, func(s *sdk.Server) {
		one := anyTool("demo_get_echo")
		one.Description = "Send " + signed + " along."
		one.InputSchema = json.RawMessage(`{"type":"object","description":"` + signed + `"}`)
		s.AddTool(one, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return words(`{}`), nil })
	})
	tools, err := dialled(t, mcp.ClientConfig{URL: url, Token: secret.Literal(signed)}).Tools(t.Context())
	if err != nil || len(tools) != 1 || tools[0].Annotations == nil || tools[0].Description != "Send [redacted] along." {
		t.Fatalf("%+v %v", tools, err)
	}
	if input := fmt.Sprint(tools[0].InputSchema); strings.Contains(input, signed) || !strings.Contains(input, "object") {
		t.Error(input)
	}
}

func TestALongErrorKeepsItsKind(t *testing.T) {
	t.Parallel()
	failing := func(context.Context, echoInput) (echoOutput, error) {
		e := base.NewError(base.KindQuotaExceeded, nil).WithText(strings.Repeat("many words ", 50) + "end")
		e.Source, e.Op, e.Code = "demo", "GetBroken", "396"
		e.SetHint(base.HintOf("ask for a narrower window, for fewer fields, or for one part of it after the other"))
		return echoOutput{}, e
	}
	_, url := serving(t, mcp.ServerConfig{}, mcp.Group("demo", []tool.Tool{broken.Bind(failing)}, nil))
	_, want := failing(t.Context(), echoInput{})
	_, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url}), broken, echoInput{})
	if !errors.Is(err, base.ErrQuotaExceeded) || err.Error() != want.Error() {
		t.Errorf("%v\nwant %v", err, want)
	}
}

type count struct {
	N       int64        `json:"n"`
	All     []int64      `json:"all"`
	Outcome base.Outcome `json:"outcome"`
}

func TestALargeNumberKeepsItsDigits(t *testing.T) {
	t.Parallel()
	counts := tool.Declare[echoInput, count]("demo_get_count", "Gives numbers.")
	want := count{N: 9007199254740993, All: []int64{1, -9007199254740995}, Outcome: base.Data}
	_, url := serving(t, mcp.ServerConfig{}, mcp.Group("demo", []tool.Tool{
		counts.Bind(func(context.Context, echoInput) (count, error) { return want, nil }),
	}, nil))
	got, err := mcp.Call(t.Context(), dialled(t, mcp.ClientConfig{URL: url}), counts, echoInput{})
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v %v", got, err)
	}
}

// listing is a server that answers each question for its tools with what page says.
func listing(t *testing.T, page func(n int64) string) string {
	t.Helper()
	var asked atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			ID     json.RawMessage
			Method string
		}
		body, err := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || err != nil || json.Unmarshal(body, &m) != nil {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		result := ""
		switch m.Method {
		case "initialize":
			result = `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}`
		case "tools/list":
			result = page(asked.Add(1))
		case "notifications/initialized":
			w.WriteHeader(http.StatusAccepted)
			return
		default:
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func TestPagesWithoutAnEndAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1000)
	for name, page := range map[string]func(int64) string{
		"empty":    func(n int64) string { return fmt.Sprintf(`{"tools":[],"nextCursor":"%d"}`, n) },
		"the same": func(int64) string { return `{"tools":[],"nextCursor":"again"}` },
		"nameless": func(n int64) string { return fmt.Sprintf(`{"tools":[{"name":""}],"nextCursor":"%d"}`, n) },
		"long": func(n int64) string {
			return fmt.Sprintf(`{"tools":[{"name":"tool_%d","description":"%s","inputSchema":{"type":"object"}}],"nextCursor":"%d"}`, n, long, n)
		},
	} {
		s := dialled(t, mcp.ClientConfig{URL: listing(t, page), MaxTools: 20, MaxAnswerBytes: 10_000, Limits: base.Limits{Retries: -1}})
		if err := s.Ping(t.Context()); !errors.Is(err, base.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
