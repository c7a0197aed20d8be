package llm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/contract"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

// said is everything that a recorded stream says, found without the client.
type said struct {
	text, thinking, arguments, stop string
	output                          int
	calls                           []string
	others                          int
}

// streamsOf are the streams of a recording, which may hold several, as bodies, with what they say.
func streamsOf(t *testing.T, path string) (bodies []string, all []said) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	s := said{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		fmt.Fprintf(&body, "data: %s   \n\n", line)
		var e map[string]any
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if s.take(e) {
			bodies, all = append(bodies, body.String()), append(all, s)
			body.Reset()
			s = said{}
		}
	}
	if body.Len() > 0 { // chat/completions ends by a line that the recordings leave out
		bodies, all = append(bodies, body.String()+"data: [DONE]\n\n"), append(all, s)
	}
	return bodies, all
}

func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func text(v any, path ...any) string {
	s, _ := at(v, path...).(string)
	return s
}

// take reads one event; true = the stream is over.
func (s *said) take(e map[string]any) bool {
	known := map[string]bool{"text": true, "thinking": true, "redacted_thinking": true, "tool_use": true}
	switch text(e, "type") {
	case "message_start":
		*s = said{}
	case "content_block_start":
		kind := text(e, "content_block", "type")
		if kind == "tool_use" {
			s.calls = append(s.calls, text(e, "content_block", "name"))
		}
		if !known[kind] {
			s.others++
		}
		s.text += text(e, "content_block", "text")
	case "content_block_delta":
		s.text += text(e, "delta", "text")
		s.thinking += text(e, "delta", "thinking")
		if len(s.calls) > 0 {
			s.arguments += text(e, "delta", "partial_json")
		}
	case "message_delta":
		s.stop = text(e, "delta", "stop_reason")
		n, _ := at(e, "usage", "output_tokens").(float64)
		s.output = int(n)
	case "response.output_text.delta":
		s.text += text(e, "delta")
	case "response.reasoning_summary_text.delta":
		s.thinking += text(e, "delta")
	case "response.function_call_arguments.delta":
		s.arguments += text(e, "delta")
	case "response.output_item.added":
		if text(e, "item", "type") == "function_call" {
			s.calls = append(s.calls, text(e, "item", "name"))
		}
	case "":
		s.text += text(e, "choices", 0, "delta", "content")
		if n, ok := at(e, "usage", "completion_tokens").(float64); ok {
			s.output = int(n)
		}
	}
	if n, ok := at(e, "response", "usage", "output_tokens").(float64); ok {
		s.output = int(n)
	}
	return text(e, "type") == "message_stop" || text(e, "type") == "response.completed"
}

func TestContractRecordedStreamsAreReadWithoutLoss(t *testing.T) {
	t.Parallel()
	contract.Recorded(t, "anthropic")
	for pattern, configure := range map[string]func(*llmtest.Server) llm.Config{
		"anthropic/*.chunks.txt":                                (*llmtest.Server).Config,
		"azure-openai/openai/src/chat/__fixtures__/*chunks.txt": (*llmtest.Server).AzureConfig,
		"azure-openai/azure/src/__fixtures__/*.chunks.txt":      func(s *llmtest.Server) llm.Config { c := s.AzureConfig(); c.API = llm.Responses; return c },
	} {
		files, err := filepath.Glob(filepath.Join(contract.Recorded(t), pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				s := started(t)
				client := connected(t, configure(s))
				bodies, all := streamsOf(t, file)
				for i, body := range bodies {
					s.Reply(nil, llmtest.Reply{Body: body, Header: map[string][]string{"Content-Type": {"text/event-stream"}}})
					got, err := client.Generate(t.Context(), ask())
					compare(t, all[i], got, err)
				}
				t.Logf("%d streams", len(bodies))
			})
		}
	}
}

func compare(t *testing.T, want said, got llm.Response, err error) {
	t.Helper()
	if refused := want.stop == "refusal"; refused != (base.KindOf(err) == base.KindContentFiltered) || !refused && err != nil {
		t.Fatal(err)
	}
	var seen said
	seen.text, seen.output, seen.stop, seen.others = got.Text, got.Usage.Output, want.stop, len(got.Other)
	for _, th := range got.Thinking {
		seen.thinking += th.Text
	}
	for _, c := range got.Calls {
		seen.calls = append(seen.calls, c.Name)
		if string(c.Arguments) != "{}" || want.arguments != "" {
			seen.arguments += string(c.Arguments)
		}
	}
	if got.Stop == "" || got.ID == "" || got.Model == "" {
		t.Errorf("stop %q, id %q, model %q", got.Stop, got.ID, got.Model)
	}
	if diff := cmp.Diff(want, seen, cmp.AllowUnexported(said{})); diff != "" {
		t.Error(diff)
	}
}

func TestContractRecordedErrorsHaveTheirKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file   string
		status int
		azure  bool
		kind   base.Kind
		says   string
	}{
		{"errors/anthropic_midstream_overloaded.sse", 200, false, base.KindOverloaded, "Overloaded"},
		{"errors/anthropic_midstream_overloaded_2025.sse", 200, false, base.KindOverloaded, "Overloaded"},
		{"errors/azure_429_rate_limit.json", 429, true, base.KindThrottled, "retry after 2s"},
		{"errors/azure_429_retry_86400.json", 429, true, base.KindQuotaExceeded, "retry after 24h"},
		{"azure-openai/content_filter_jailbreak.json", 400, true, base.KindContentFiltered, "hint"},
		{"azure-openai/content_filter_violence.json", 400, true, base.KindContentFiltered, "hint"},
		{"azure-openai/content_filter_no_innererror.json", 400, true, base.KindContentFiltered, "hint"},
	} {
		t.Run(filepath.Base(test.file), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(contract.Recorded(t, strings.Split(test.file, "/")...))
			if err != nil {
				t.Fatal(err)
			}
			s := started(t)
			c := s.Config()
			if test.azure {
				c = s.AzureConfig()
			}
			c.Limits.Retries = -1
			kind := "application/json"
			if test.status == 200 {
				kind = "text/event-stream"
			}
			s.Reply(nil, llmtest.Reply{Status: test.status, Body: string(body), Header: map[string][]string{"Content-Type": {kind}}})
			_, err = connected(t, c).Generate(t.Context(), ask())
			if base.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
			if test.file == "azure-openai/content_filter_jailbreak.json" && !strings.Contains(fmt.Sprint(categories(err)), "jailbreak") {
				t.Errorf("categories %v", categories(err))
			}
			if n := len(s.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}
