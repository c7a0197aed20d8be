package llm_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/contract"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

func TestContractRequestsAreThoseOfTheDocuments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		document, prefix string
		operations       int
		configure        func(*llmtest.Server) llm.Config
	}{
		{"anthropic", "", 3, (*llmtest.Server).Config},
		{"azure-openai-v1", "/openai/v1", 2, (*llmtest.Server).AzureConfig},
		{"azure-openai-v1", "/openai/v1", 2, func(s *llmtest.Server) llm.Config { c := s.AzureConfig(); c.API = llm.Responses; return c }},
	} {
		document := contract.Open(t, test.document, test.prefix)
		s := started(t)
		client, err := llm.New(t.Context(), test.configure(s), base.WithTransport(watching{t, document}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		s.Reply(nil, llmtest.Reply{Text: "Hm.", Thinking: "Let me look.", Calls: []llm.ToolCall{llmtest.Call("call_1", "weather", map[string]string{"city": "x"})}}, llmtest.Reply{Text: "Rain."})
		r := llm.Request{
			System: "Be brief.", CacheSystem: true, Tools: []llm.ToolSpec{weather}, Tool: llm.AnyTool, Messages: []llm.Message{llm.Say("Rain?")}, ThinkingTokens: 1024,
		}
		r.Messages[0].Parts = append(r.Messages[0].Parts, llm.Part{Image: &llm.Image{MediaType: "image/png", Data: []byte("x")}, Cache: true})
		first, err := client.Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		r.Messages = append(r.Messages, first.Message(), llm.Message{Role: llm.User, Parts: []llm.Part{{Result: &llm.ToolResult{CallID: "call_1", Text: "rain"}}}})
		r.Tool, r.Stop = "", nil
		if _, err := client.Generate(t.Context(), r); err != nil {
			t.Error(err)
		}
		s.Reply(nil, llmtest.Reply{Text: `{"cause":"x","services":[],"score":null,"place":null}`})
		if _, _, err := llm.GenerateInto[verdict](t.Context(), client, ask()); err != nil {
			t.Error(err)
		}
		if err := client.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := client.CountTokens(t.Context(), r); err != nil {
			t.Error(err)
		}
		if n := len(document.Seen()); n != test.operations {
			t.Errorf("%s: %d operations: %v", test.document, n, document.Seen())
		}
	}
}

// asTheProviders are the rules of the documents that the providers themselves break.
var asTheProviders = []string{"nullable", "enum", "format"}

// watching holds every request to the document, and every answer that is no stream: those are recorded, and have their test.
type watching struct {
	t        testing.TB
	document *contract.Document
}

func (w watching) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := w.document.CheckRequest(r, body); err != nil {
		w.t.Errorf("%s %s: %v\n%s", r.Method, r.URL.Path, err, body)
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || resp.Header.Get("Content-Type") != "application/json" {
		return resp, err
	}
	answer, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if problem := w.document.CheckResponse(r, resp.StatusCode, resp.Header, answer, asTheProviders...); problem != nil {
		w.t.Errorf("%s %s: %v\n%s", r.Method, r.URL.Path, problem, answer)
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, err
}
