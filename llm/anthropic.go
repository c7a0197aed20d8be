package llm

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/fourkites/sources/internal/rest"
)

// anthropicVersion is the version of the API that this package speaks:
// https://platform.claude.com/docs/en/api/versioning
const anthropicVersion = "2023-06-01"

// anthropic speaks Anthropic's Messages: https://platform.claude.com/docs/en/api/messages
type anthropic struct{ config Config }

type object map[string]any

func (a anthropic) url() string { return cmp.Or(a.config.URL, anthropicURL) }

func (a anthropic) header() http.Header {
	return http.Header{"Anthropic-Version": {anthropicVersion}, "Content-Type": {"application/json"}}
}

func (a anthropic) sign(req *http.Request, key string) { req.Header.Set("X-Api-Key", key) }

func (a anthropic) models() rest.Request { return rest.Request{Path: "/v1/models", Query: "limit=1"} }

func (a anthropic) notes(Request) []string { return nil }

func (a anthropic) decoder() decoder { return &anthropicStream{blocks: map[int]*block{}} }

func (a anthropic) question(r Request) (rest.Request, error) {
	body := a.counted(r)
	body["max_tokens"], body["stream"] = r.MaxTokens, true
	if len(r.Schema) > 0 {
		body["output_config"] = object{"format": object{"type": "json_schema", "schema": r.Schema}}
	}
	if r.Temperature != nil {
		body["temperature"] = *r.Temperature
	}
	if len(r.Stop) > 0 {
		body["stop_sequences"] = r.Stop
	}
	return post("/v1/messages", body)
}

// counted is the part of a question that costs input.
func (a anthropic) counted(r Request) object {
	body := object{"model": a.config.Model, "messages": a.messages(r.Messages)}
	if r.System != "" {
		system := object{"type": "text", "text": r.System}
		if r.CacheSystem {
			system["cache_control"] = ephemeral
		}
		body["system"] = []object{system}
	}
	if len(r.Tools) > 0 {
		body["tools"] = a.tools(r.Tools)
	}
	switch r.Tool {
	case "":
	case AnyTool:
		body["tool_choice"] = object{"type": "any"}
	default:
		body["tool_choice"] = object{"type": "tool", "name": r.Tool}
	}
	if r.ThinkingTokens > 0 {
		body["thinking"] = object{"type": "enabled", "budget_tokens": r.ThinkingTokens}
	}
	return body
}

// post is a question of JSON that is answered by a stream.
func post(path string, body object) (rest.Request, error) {
	text, err := json.Marshal(body)
	return rest.Request{Path: path, Body: text, Header: http.Header{"Accept": {"text/event-stream"}}}, err
}

// ephemeral marks what is worth keeping; the provider keeps it for five minutes.
var ephemeral = object{"type": "ephemeral"}

func (a anthropic) tools(all []ToolSpec) []object {
	out := make([]object, len(all))
	for i, t := range all {
		out[i] = object{"name": t.Name, "description": t.Description, "input_schema": t.Schema}
	}
	return out
}

func (a anthropic) messages(all []Message) []object {
	out := make([]object, len(all))
	for i, m := range all {
		content := make([]object, 0, len(m.Parts))
		for _, p := range m.Parts {
			b := a.part(p)
			if p.Cache {
				b["cache_control"] = ephemeral
			}
			content = append(content, b)
		}
		out[i] = object{"role": m.Role, "content": content}
	}
	return out
}

func (a anthropic) part(p Part) object {
	switch {
	case p.Thinking != nil && p.Thinking.Hidden != "":
		return object{"type": "redacted_thinking", "data": p.Thinking.Hidden}
	case p.Thinking != nil:
		return object{"type": "thinking", "thinking": p.Thinking.Text, "signature": p.Thinking.Signature}
	case p.Image != nil:
		return object{"type": "image", "source": object{
			"type": "base64", "media_type": p.Image.MediaType, "data": base64.StdEncoding.EncodeToString(p.Image.Data),
		}}
	case p.Call != nil:
		return object{"type": "tool_use", "id": p.Call.ID, "name": p.Call.Name, "input": p.Call.Arguments}
	case p.Result != nil:
		return object{"type": "tool_result", "tool_use_id": p.Result.CallID, "content": p.Result.Text, "is_error": p.Result.IsError}
	}
	return object{"type": "text", "text": p.Text}
}
