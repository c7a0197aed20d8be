package llm

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
)

// mostTools is more than a provider takes.
const mostTools = 512

// ThinkingTokens has a least number: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
const leastThinking = 1024

var (
	toolName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	mediaTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}
)

func (r Request) problem() string {
	switch {
	case len(r.Messages) == 0:
		return "messages: empty; ask something"
	case r.MaxTokens < 0:
		return "max_tokens: negative"
	case r.ThinkingTokens != 0 && r.ThinkingTokens < leastThinking:
		return fmt.Sprintf("thinking_tokens: less than %d", leastThinking)
	case r.ThinkingTokens > 0 && r.MaxTokens > 0 && r.ThinkingTokens >= r.MaxTokens:
		return "thinking_tokens: it must be less than max_tokens"
	case r.Temperature != nil && (math.IsNaN(*r.Temperature) || *r.Temperature < 0 || *r.Temperature > 2):
		return "temperature: not between 0 and 2"
	case len(r.Schema) > 0 && !json.Valid(r.Schema):
		return "schema: not JSON"
	case len(r.Stop) > 0 && slices.Contains(r.Stop, ""):
		return "stop: an empty text would end every answer"
	}
	if problem := r.tools(); problem != "" {
		return problem
	}
	for i, m := range r.Messages {
		if problem := m.problem(); problem != "" {
			return fmt.Sprintf("messages[%d]%s", i, problem)
		}
	}
	return ""
}

func (r Request) tools() string {
	if len(r.Tools) > mostTools {
		return fmt.Sprintf("tools: more than %d", mostTools)
	}
	names := map[string]bool{}
	for i, t := range r.Tools {
		switch {
		case !toolName.MatchString(t.Name):
			return fmt.Sprintf("tools[%d].name: letters, digits, _ and - alone, at most 128", i)
		case names[t.Name]:
			return fmt.Sprintf("tools[%d].name: %s is there twice", i, t.Name)
		case !json.Valid(t.Schema):
			return fmt.Sprintf("tools[%d].schema: not JSON", i)
		}
		names[t.Name] = true
	}
	switch {
	case r.Tool == "":
	case len(r.Tools) == 0:
		return "tool: there are no tools"
	case r.Tool != AnyTool && !names[r.Tool]:
		return fmt.Sprintf("tool: %.40q is none of the tools", r.Tool)
	}
	return ""
}

func (m Message) problem() string {
	switch {
	case m.Role != User && m.Role != Assistant:
		return fmt.Sprintf(".role: %.20q is neither %s nor %s", m.Role, User, Assistant)
	case len(m.Parts) == 0:
		return ".parts: empty"
	}
	for i, p := range m.Parts {
		if problem := p.problem(m.Role); problem != "" {
			return fmt.Sprintf(".parts[%d]%s", i, problem)
		}
	}
	return ""
}

func (p Part) problem(by Role) string {
	set := 0
	for _, is := range []bool{p.Text != "", p.Thinking != nil, p.Image != nil, p.Call != nil, p.Result != nil} {
		if is {
			set++
		}
	}
	switch {
	case set == 0:
		return ": empty; a provider refuses that"
	case set > 1:
		return ": more than one field is set"
	case p.Image != nil && !slices.Contains(mediaTypes, p.Image.MediaType):
		return fmt.Sprintf(".image.media_type: %.40q is none of image/png, image/jpeg, image/gif, image/webp", p.Image.MediaType)
	case p.Image != nil && len(p.Image.Data) == 0:
		return ".image.data: empty"
	case by == User && (p.Call != nil || p.Thinking != nil):
		return ": a call or a thought is the assistant's"
	case by == Assistant && (p.Result != nil || p.Image != nil):
		return ": a result or an image is the user's"
	case p.Call != nil && !json.Valid(p.Call.Arguments):
		return ".call.arguments: not JSON"
	case p.Call != nil && p.Call.ID == "", p.Result != nil && p.Result.CallID == "":
		return ": the id of the call is missing"
	}
	return ""
}
