package llm

import (
	"encoding/json"

	"github.com/fourkites/sources/internal/rest"
)

// responses asks by /responses, whose thoughts are handed back to go on from: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/responses
type responses struct{ azure }

func (r responses) decoder() decoder { return &responsesStream{} }

func (r responses) question(q Request) (rest.Request, error) {
	body := object{
		"model": r.config.Model, "input": r.input(q.Messages), "stream": true, "store": false, "max_output_tokens": q.MaxTokens,
		"include": []string{"reasoning.encrypted_content"},
	}
	if q.System != "" {
		body["instructions"] = q.System
	}
	if len(q.Tools) > 0 {
		body["tools"] = r.tools(q.Tools)
	}
	switch q.Tool {
	case "":
	case AnyTool:
		body["tool_choice"] = "required"
	default:
		body["tool_choice"] = object{"type": "function", "name": q.Tool}
	}
	if len(q.Schema) > 0 {
		body["text"] = object{"format": object{"type": "json_schema", "name": "answer", "strict": strictly(q.Schema), "schema": q.Schema}}
	}
	if q.Temperature != nil {
		body["temperature"] = *q.Temperature
	}
	return post("/responses", body)
}

func (r responses) notes(q Request) []string {
	notes := r.azure.notes(q)
	if len(q.Stop) > 0 {
		notes = append(notes, r.config.Name+": stop was not asked for: responses of Azure OpenAI takes no such texts")
	}
	return notes
}

func (r responses) tools(all []ToolSpec) []object {
	out := make([]object, len(all))
	for i, t := range all {
		out[i] = object{"type": "function", "name": t.Name, "description": t.Description, "parameters": t.Schema, "strict": false}
	}
	return out
}

// input are the turns, in which calls, results and thoughts are items of their own.
func (r responses) input(all []Message) []object {
	var out []object
	for _, m := range all {
		var content []object
		flush := func() {
			if len(content) > 0 {
				out = append(out, object{"type": "message", "role": m.Role, "content": content})
			}
			content = nil
		}
		for _, p := range m.Parts {
			if item := r.item(p); item != nil {
				flush()
				out = append(out, item)
				continue
			}
			if c := r.content(m.Role, p); c != nil {
				content = append(content, c)
			}
		}
		flush()
	}
	return out
}

func (r responses) item(p Part) object {
	switch {
	case p.Thinking != nil && p.Thinking.Hidden != "" && p.Thinking.Signature != "":
		summary := []object{}
		if p.Thinking.Text != "" {
			summary = append(summary, object{"type": "summary_text", "text": p.Thinking.Text})
		}
		return object{"type": "reasoning", "id": p.Thinking.Signature, "summary": summary, "encrypted_content": p.Thinking.Hidden}
	case p.Call != nil:
		return object{"type": "function_call", "call_id": p.Call.ID, "name": p.Call.Name, "arguments": string(p.Call.Arguments)}
	case p.Result != nil:
		return object{"type": "function_call_output", "call_id": p.Result.CallID, "output": p.Result.Text}
	}
	return nil
}

// content is a part within a turn; a thought of another provider has no place.
func (r responses) content(role Role, p Part) object {
	switch {
	case p.Thinking != nil:
		return nil
	case p.Image != nil:
		return object{"type": "input_image", "image_url": p.Image.dataURL()}
	case role == Assistant:
		return object{"type": "output_text", "text": p.Text}
	}
	return object{"type": "input_text", "text": p.Text}
}

// responsesEvent is every event of the stream.
type responsesEvent struct {
	Type     string          `json:"type"`
	Delta    json.RawMessage `json:"delta"`
	Item     json.RawMessage `json:"item"`
	Response struct {
		ID         string          `json:"id"`
		Model      string          `json:"model"`
		Usage      *responsesUsage `json:"usage"`
		Error      *refusal        `json:"error"`
		Incomplete struct {
			Reason string `json:"reason"`
		} `json:"incomplete_details"`
	} `json:"response"`
	refusal // of an event of type error
}

type responsesItem struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Encrypted string `json:"encrypted_content"`
}

type responsesUsage struct {
	Input   int `json:"input_tokens"`
	Output  int `json:"output_tokens"`
	Details struct {
		Cached int `json:"cached_tokens"`
	} `json:"input_tokens_details"`
}

// responsesStream is one stream in the reading.
type responsesStream struct {
	called  bool
	refused bool
	done    bool
}

func (s *responsesStream) ended() bool { return s.done }

func (s *responsesStream) take(data string) ([]Event, error) {
	if data == "[DONE]" {
		return nil, nil
	}
	e, err := decode[responsesEvent](data)
	if err != nil {
		return nil, err
	}
	switch e.Type {
	case "response.created":
		return []Event{{Begin: &Begin{ID: e.Response.ID, Model: e.Response.Model}}}, nil
	case "response.output_text.delta":
		return textOf(e.text()), nil
	case "response.refusal.delta":
		s.refused = true
		return textOf(e.text()), nil
	case "response.reasoning_summary_text.delta":
		return thoughtOf(Thinking{Text: e.text()}), nil
	case "response.output_item.done":
		return s.item(e.Item)
	case "response.completed", "response.incomplete":
		return s.finish(e), nil
	case "response.failed":
		if e.Response.Error == nil {
			return nil, protocol(nil, "the answer failed, and nothing says why")
		}
		return nil, midStream(*e.Response.Error)
	case "error":
		return nil, midStream(e.refusal)
	}
	return nil, nil
}

func (e responsesEvent) text() (text string) {
	_ = json.Unmarshal(e.Delta, &text) // some have an object there, which is no text
	return text
}

// item hands out what is whole now.
func (s *responsesStream) item(data json.RawMessage) ([]Event, error) {
	item, err := decode[responsesItem](string(data))
	if err != nil {
		return nil, err
	}
	switch item.Type {
	case "message":
		return nil, nil
	case "reasoning":
		return thoughtOf(Thinking{Signature: item.ID, Hidden: item.Encrypted}), nil
	case "function_call":
		s.called = true
		call := pendingCall{ToolCall: ToolCall{ID: item.CallID, Name: item.Name}}
		call.text.WriteString(item.Arguments)
		return call.whole()
	}
	return []Event{{Other: &Other{Type: item.Type, Pieces: []json.RawMessage{data}}}}, nil
}

func (s *responsesStream) finish(e responsesEvent) []Event {
	s.done = true
	var all []Event
	if u := e.Response.Usage; u != nil {
		all = append(all, Event{Usage: &Usage{Input: u.Input - u.Details.Cached, Output: u.Output, CachedInput: u.Details.Cached}})
	}
	stop := StopEnd
	switch {
	case e.Response.Incomplete.Reason == "content_filter":
		stop = StopFilter
	case e.Type == "response.incomplete":
		stop = StopTokens
	case s.refused:
		stop = StopRefusal
	case s.called:
		stop = StopTools
	}
	return append(all, Event{Stop: stop})
}
