package llm_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

var asEvents = http.Header{"Content-Type": {"text/event-stream"}}

func event(data string) string { return "data: " + data + "\n\n" }

const begun = `{"type":"message_start","message":{"id":"m1","model":"demo","usage":{"input_tokens":5}}}`

func opened(block string) string {
	return `{"type":"content_block_start","index":0,"content_block":` + block + `}`
}

func TestBrokenStreamsAreClearErrors(t *testing.T) {
	t.Parallel()
	call := opened(`{"type":"tool_use","id":"c1","name":"weather","input":{}}`)
	closed := `{"type":"content_block_stop","index":0}`
	half := `{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"city\":"}}`
	for name, test := range map[string]struct {
		body string
		kind base.Kind
	}{
		"nothing":                     {" ", base.KindUnavailable},
		"only comments":               {": ping\n\n: ping\n\n", base.KindUnavailable},
		"ends within an event":        {event(begun) + "data: {\"type\":\"content", base.KindUnavailable},
		"ends within a character":     {event(begun) + "data: {\"type\":\"ping\xc3", base.KindUnavailable},
		"ends within a call":          {event(begun) + event(call) + event(half), base.KindUnavailable},
		"ends before the last event":  {event(begun) + event(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`), base.KindUnavailable},
		"an event that is no JSON":    {event(begun) + event(`{"type":`), base.KindProtocol},
		"an event of another form":    {event(`{"type":"content_block_start","index":"x"}`), base.KindProtocol},
		"a call that is closed early": {event(begun) + event(call) + event(half) + event(closed), base.KindProtocol},
		"a call of a list":            {event(begun) + event(opened(`{"type":"tool_use","id":"c","name":"weather","input":[1]}`)) + event(closed), base.KindProtocol},
		"a call without a name":       {event(begun) + event(opened(`{"type":"tool_use","id":"c"}`)) + event(closed), base.KindProtocol},
		"a piece of nothing":          {event(begun) + event(half), base.KindProtocol},
		"an error of no known type":   {event(`{"type":"error","error":{"type":"new_error","message":"m"}}`), base.KindInternal},
		"an endless event":            {"data: " + strings.Repeat("x", 9<<20), base.KindTooLarge},
	} {
		s := started(t)
		c := s.Config()
		c.Limits.Retries = -1
		s.Reply(nil, llmtest.Reply{Body: test.body, Header: asEvents})
		got, err := connected(t, c).Generate(t.Context(), ask())
		if base.KindOf(err) != test.kind || len(got.Calls) != 0 || got.Outcome == base.Data {
			t.Errorf("%s: %v, calls %v, %s", name, err, got.Calls, got.Outcome)
		}
	}
}

func TestWhatIsNotKnownIsPassedOver(t *testing.T) {
	t.Parallel()
	body := "\uFEFFretry: 10\r\nevent: message_start\rdata: " + begun + "\r\n\r\n" + ": a comment\n" +
		"event: surprise\ndata: {\"type\":\"surprise\",\"x\":[]}\n\n" +
		event(opened(`{"type":"text","text":"Hel"}`)) +
		event(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}`) +
		event(`{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"url":"x"}}}`) +
		event(`{"type":"content_block_stop","index":0}`) + event(`{"type":"content_block_stop","index":9}`) +
		event(opened(`{"type":"redacted_thinking","data":"sealed"}`)) +
		"data: {\"type\":\"message_delta\",\ndata: \"delta\":{\"stop_reason\":\"brand_new\"},\"usage\":{\"output_tokens\":3}}\n\n" +
		event(`{"type":"message_stop"}`) + "data: left over"
	s := started(t)
	s.Reply(nil, llmtest.Reply{Body: body, Header: asEvents})
	got, err := connected(t, s.Config()).Generate(t.Context(), ask())
	if err == nil || !errors.Is(err, base.ErrPartial) { // what carried it broke off behind the answer
		t.Errorf("%v", err)
	}
	if got.Text != "Hello" || got.Stop != "brand_new" || got.Usage != (llm.Usage{Input: 5, Output: 3}) {
		t.Errorf("%+v", got)
	}
	if len(got.Other) != 1 || got.Other[0].Type != "citations_delta" || len(got.Thinking) != 1 || got.Thinking[0].Hidden != "sealed" {
		t.Errorf("%+v, %+v", got.Other, got.Thinking)
	}
}

func TestAnAnswerThatBeginsAnewIsTheLaterOne(t *testing.T) {
	t.Parallel()
	part := func(id, text string) string {
		return event(strings.Replace(begun, "m1", id, 1)) + event(opened(`{"type":"text","text":"`+text+`"}`))
	}
	end := event(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`) + event(`{"type":"message_stop"}`)
	for _, test := range []struct{ body, want, id string }{
		{part("m1", "one ") + part("m2", "two") + end, "two", "m2"},
		{part("m1", "one ") + part("m1", "and two") + end, "one and two", "m1"},
	} {
		s := started(t)
		s.Reply(nil, llmtest.Reply{Body: test.body, Header: asEvents})
		got, err := connected(t, s.Config()).Generate(t.Context(), ask())
		if err != nil || got.Text != test.want || got.ID != test.id {
			t.Errorf("%q, %s, %v", got.Text, got.ID, err)
		}
	}
}

func TestAzureStreamsThatAreBrokenAreClearErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		api, body string
		kind      base.Kind
	}{
		"without its last line":   {llm.Chat, event(`{"id":"c","choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}`), base.KindUnavailable},
		"a cut call":              {llm.Chat, event(`{"id":"c","choices":[{"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"a","arguments":"{\"x"}}]},"finish_reason":"tool_calls"}]}`), base.KindProtocol},
		"failed without a reason": {llm.Responses, event(`{"type":"response.failed","response":{"id":"r"}}`), base.KindProtocol},
		"an error":                {llm.Responses, event(`{"type":"error","code":"rate_limit_exceeded","message":"Please try again in 2 seconds"}`), base.KindThrottled},
		"an error with a status":  {llm.Chat, event(`{"error":{"code":503,"message":"m"}}`), base.KindUnavailable},
	} {
		s := started(t)
		c := s.AzureConfig()
		c.API, c.Limits.Retries = test.api, -1
		s.Reply(nil, llmtest.Reply{Body: test.body, Header: asEvents})
		got, err := connected(t, c).Generate(t.Context(), ask())
		if base.KindOf(err) != test.kind || len(got.Calls) != 0 {
			t.Errorf("%s: %v, %v", name, err, got.Calls)
		}
	}
}

// FuzzStream: whatever a stream holds, there is an answer or a typed error, and a call that is handed out has an object of
// arguments.
func FuzzStream(f *testing.F) {
	s := llmtest.NewServer()
	f.Cleanup(s.Close)
	var clients []*llm.Client
	for _, c := range []llm.Config{s.Config(), s.AzureConfig(), func() llm.Config { c := s.AzureConfig(); c.API = llm.Responses; return c }()} {
		c.Limits.Retries, c.Limits.Breaker.Ratio = -1, -1
		client, err := llm.New(f.Context(), c)
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { _ = client.Close() })
		clients = append(clients, client)
	}
	f.Add(event(begun)+event(opened(`{"type":"tool_use","id":"c","name":"a","input":{"x":1}}`))+event(`{"type":"content_block_stop","index":0}`), uint8(0))
	f.Add(event(`{"id":"c","choices":[{"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"a","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}`)+event("[DONE]"), uint8(1))
	f.Add(event(`{"type":"response.output_item.done","item":{"type":"function_call","call_id":"1","name":"a","arguments":"{}"}}`), uint8(2))
	f.Fuzz(func(t *testing.T, body string, which uint8) {
		if body == "" {
			return
		}
		s.Reply(nil, llmtest.Reply{Body: body, Header: asEvents, Times: 1}, llmtest.Reply{Text: "x"})
		got, err := clients[int(which)%len(clients)].Generate(t.Context(), ask())
		if err != nil && base.KindOf(err) == base.KindUnknown && !errors.Is(err, base.ErrTruncated) {
			t.Errorf("untyped: %v", err)
		}
		for _, c := range got.Calls {
			if len(c.Arguments) == 0 || c.Arguments[0] != '{' || c.Name == "" {
				t.Errorf("%s(%s)", c.Name, c.Arguments)
			}
		}
		if fmt.Sprint(err) == "" {
			t.Error("an error without words")
		}
		s.ClearReplies()
	})
}
