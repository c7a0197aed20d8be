package llm

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/fourkites/sources/internal/rest"
)

// azure is what both ways to ask Azure OpenAI have in common.
type azure struct{ config Config }

// url is that of the API: v1, or a dated version of it.
// https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
func (a azure) url() string {
	root := strings.TrimRight(a.config.URL, "/") + "/openai"
	if a.config.APIVersion == "" {
		return root + "/v1"
	}
	return root
}

func (a azure) header() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func (a azure) sign(req *http.Request, key string) {
	if a.config.Key.IsZero() {
		bearer(req, key)
		return
	}
	req.Header.Set("Api-Key", key)
}

func (a azure) version() string {
	if a.config.APIVersion == "" {
		return ""
	}
	return url.Values{"api-version": {a.config.APIVersion}}.Encode()
}

func (a azure) models() rest.Request { return rest.Request{Path: "/models", Query: a.version()} }

func (a azure) notes(r Request) []string {
	if r.ThinkingTokens > 0 {
		return []string{a.config.Name + ": thinking_tokens was not asked for: Azure OpenAI takes no such number"}
	}
	return nil
}

// chat asks by chat/completions: https://learn.microsoft.com/azure/ai-foundry/openai/latest
type chat struct{ azure }

func (c chat) decoder() decoder { return &chatStream{calls: map[int]*pendingCall{}} }

func (c chat) question(r Request) (rest.Request, error) {
	body := object{
		"messages": c.messages(r), "stream": true, "stream_options": object{"include_usage": true}, "max_completion_tokens": r.MaxTokens,
		"model": c.config.Model,
	}
	if len(r.Tools) > 0 {
		body["tools"] = c.tools(r.Tools)
	}
	switch r.Tool {
	case "":
	case AnyTool:
		body["tool_choice"] = "required"
	default:
		body["tool_choice"] = object{"type": "function", "function": object{"name": r.Tool}}
	}
	if len(r.Schema) > 0 {
		body["response_format"] = object{"type": "json_schema", "json_schema": object{"name": "answer", "strict": strictly(r.Schema), "schema": r.Schema}}
	}
	if r.Temperature != nil {
		body["temperature"] = *r.Temperature
	}
	if len(r.Stop) > 0 {
		body["stop"] = r.Stop
	}
	path := "/chat/completions"
	if c.config.APIVersion != "" {
		path = "/deployments/" + url.PathEscape(c.config.Model) + path
	}
	q, err := post(path, body)
	q.Query = c.version()
	return q, err
}

func (c chat) tools(all []ToolSpec) []object {
	out := make([]object, len(all))
	for i, t := range all {
		out[i] = object{"type": "function", "function": object{"name": t.Name, "description": t.Description, "parameters": t.Schema}}
	}
	return out
}

// messages are the turns: a result of a tool is a turn of its own here, and a thought has no place.
func (c chat) messages(r Request) []object {
	var out []object
	if r.System != "" {
		out = append(out, object{"role": "system", "content": r.System})
	}
	for _, m := range r.Messages {
		turn := object{"role": m.Role}
		var content, calls []object
		for _, p := range m.Parts {
			switch {
			case p.Thinking != nil:
			case p.Result != nil:
				out = append(out, object{"role": "tool", "tool_call_id": p.Result.CallID, "content": p.Result.Text})
			case p.Call != nil:
				calls = append(calls, object{"id": p.Call.ID, "type": "function", "function": object{
					"name": p.Call.Name, "arguments": string(p.Call.Arguments),
				}})
			case p.Image != nil:
				content = append(content, object{"type": "image_url", "image_url": object{"url": p.Image.dataURL()}})
			default:
				content = append(content, object{"type": "text", "text": p.Text})
			}
		}
		if len(calls) > 0 {
			turn["tool_calls"] = calls
		}
		if len(content) > 0 {
			turn["content"] = content
		}
		if len(turn) > 1 {
			out = append(out, turn)
		}
	}
	return out
}

func (i *Image) dataURL() string {
	return "data:" + i.MediaType + ";base64," + base64.StdEncoding.EncodeToString(i.Data)
}
