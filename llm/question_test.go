package llm_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/llm"
)

func TestAQuestionThatIsWrongIsNotAskedAndNamesTheField(t *testing.T) {
	t.Parallel()
	s := started(t)
	client := connected(t, s.Config())
	user := func(parts ...llm.Part) []llm.Message { return []llm.Message{{Role: llm.User, Parts: parts}} }
	assistant := func(parts ...llm.Part) []llm.Message { return []llm.Message{{Role: llm.Assistant, Parts: parts}} }
	number := func(v float64) *float64 { return &v }
	hello := user(llm.Part{Text: "hello"})
	for want, r := range map[string]llm.Request{
		"messages: empty":                         {},
		"max_tokens: negative":                    {Messages: hello, MaxTokens: -1},
		"thinking_tokens: less than 1024":         {Messages: hello, ThinkingTokens: 5},
		"thinking_tokens: it must be less":        {Messages: hello, ThinkingTokens: 9000},
		"temperature":                             {Messages: hello, Temperature: number(math.NaN())},
		"temperature: not between":                {Messages: hello, Temperature: number(2.5)},
		"schema: not JSON":                        {Messages: hello, Schema: json.RawMessage("{")},
		"stop: an empty":                          {Messages: hello, Stop: []string{"a", ""}},
		"tools[0].name":                           {Messages: hello, Tools: []llm.ToolSpec{{Name: "a b", Schema: weather.Schema}}},
		"tools[1].name: weather is there twice":   {Messages: hello, Tools: []llm.ToolSpec{weather, weather}},
		"tools[0].schema":                         {Messages: hello, Tools: []llm.ToolSpec{{Name: "a"}}},
		"tools: more than":                        {Messages: hello, Tools: make([]llm.ToolSpec, 600)},
		"tool: there are no":                      {Messages: hello, Tool: "x"},
		`tool: "x" is none`:                       {Messages: hello, Tools: []llm.ToolSpec{weather}, Tool: "x"},
		"messages[0].role":                        {Messages: []llm.Message{{Role: "system", Parts: hello[0].Parts}}},
		"messages[1].parts: empty":                {Messages: append(user(llm.Part{Text: "x"}), llm.Message{Role: llm.User})},
		"messages[0].parts[0]: empty":             {Messages: user(llm.Part{})},
		"parts[0]: more than one":                 {Messages: user(llm.Part{Text: "x", Image: &llm.Image{}})},
		"image.media_type":                        {Messages: user(llm.Part{Image: &llm.Image{MediaType: "image/tiff", Data: []byte("x")}})},
		"image.data: empty":                       {Messages: user(llm.Part{Image: &llm.Image{MediaType: "image/png"}})},
		"a call or a thought is the assistant's":  {Messages: user(llm.Part{Thinking: &llm.Thinking{Text: "x"}})},
		"a result or an image is the user's":      {Messages: assistant(llm.Part{Result: &llm.ToolResult{CallID: "x"}})},
		"call.arguments: not JSON":                {Messages: assistant(llm.Part{Call: &llm.ToolCall{ID: "x", Name: "y", Arguments: json.RawMessage("{")}})},
		"parts[0]: the id of the call is missing": {Messages: assistant(llm.Part{Call: &llm.ToolCall{Name: "y", Arguments: json.RawMessage("{}")}})},
	} {
		_, err := client.Generate(t.Context(), r)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests left the process", n)
	}
}
