package llm

import (
	"encoding/json"
	"maps"
	"slices"
)

// chunk is every event of a stream of chat/completions.
type chunk struct {
	ID      string     `json:"id"`
	Model   string     `json:"model"`
	Usage   *chatUsage `json:"usage"`
	Error   *refusal   `json:"error"`
	Choices []struct {
		Index  int       `json:"index"`
		Delta  chatDelta `json:"delta"`
		Finish string    `json:"finish_reason"`
	} `json:"choices"`
}

type chatDelta struct {
	Content string `json:"content"`
	Refusal string `json:"refusal"`
	Calls   []struct {
		Index    int    `json:"index"`
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

type chatUsage struct {
	Input   int `json:"prompt_tokens"`
	Output  int `json:"completion_tokens"`
	Details struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

func (u chatUsage) event() Event {
	return Event{Usage: &Usage{Input: u.Input - u.Details.Cached, Output: u.Output, CachedInput: u.Details.Cached}}
}

// chatStream is one stream in the reading.
type chatStream struct {
	id      string
	calls   map[int]*pendingCall
	refused bool
	done    bool
}

func (s *chatStream) ended() bool { return s.done }

// take makes of an event what a caller sees. The first one may be about filters alone, without an id or a choice.
func (s *chatStream) take(data string) ([]Event, error) {
	if data == "[DONE]" {
		s.done = true
		return nil, nil
	}
	c, err := decode[chunk](data)
	switch {
	case err != nil:
		return nil, err
	case c.Error != nil:
		return nil, midStream(*c.Error)
	}
	var all []Event
	if c.ID != "" && c.ID != s.id {
		s.id = c.ID
		all = append(all, Event{Begin: &Begin{ID: c.ID, Model: c.Model}})
	}
	for _, choice := range c.Choices {
		if choice.Index != 0 { // only one is asked for
			continue
		}
		all = append(all, s.delta(choice.Delta)...)
		more, err := s.finish(choice.Finish)
		if all = append(all, more...); err != nil {
			return all, err
		}
	}
	if c.Usage != nil {
		all = append(all, c.Usage.event())
	}
	return all, nil
}

func midStream(said refusal) error { return azureError(said, 0) }

func (s *chatStream) delta(d chatDelta) []Event {
	if d.Refusal != "" {
		s.refused = true
	}
	for _, part := range d.Calls {
		p := s.calls[part.Index]
		if p == nil {
			p = &pendingCall{}
			s.calls[part.Index] = p
		}
		if part.ID != "" {
			p.ID = part.ID
		}
		p.Name += part.Function.Name
		p.text.WriteString(part.Function.Arguments)
	}
	return textOf(d.Content + d.Refusal)
}

var chatStops = map[string]StopReason{
	"stop": StopEnd, "length": StopTokens, "tool_calls": StopTools, "function_call": StopTools, "content_filter": StopFilter,
}

// finish hands the calls out, which are whole only now. Of an answer that was cut none is.
func (s *chatStream) finish(reason string) ([]Event, error) {
	if reason == "" {
		return nil, nil
	}
	stop, known := chatStops[reason]
	if !known {
		stop = StopReason(reason)
	}
	if s.refused && stop == StopEnd {
		stop = StopRefusal
	}
	var all []Event
	if stop != StopTokens && stop != StopFilter {
		for _, at := range slices.Sorted(maps.Keys(s.calls)) {
			call, err := s.calls[at].whole()
			if err != nil {
				return all, err
			}
			all = append(all, call...)
		}
	}
	clear(s.calls)
	return append(all, Event{Stop: stop}), nil
}

// strictly reports whether a schema is one that Azure OpenAI can hold an answer to: every object names all its properties and
// no other may come.
func strictly(schema json.RawMessage) bool {
	var s struct {
		Types      json.RawMessage            `json:"type"`
		Properties map[string]json.RawMessage `json:"properties"`
		Additional json.RawMessage            `json:"additionalProperties"`
		Required   []string                   `json:"required"`
		Items      json.RawMessage            `json:"items"`
	}
	if json.Unmarshal(schema, &s) != nil || s.Types == nil { // true, or anything at all
		return false
	}
	if isObject := string(s.Types) == `"object"` || slices.Contains(typesOf(s.Types), "object"); isObject {
		if string(s.Additional) != "false" || len(s.Required) != len(s.Properties) {
			return false
		}
	}
	for _, p := range s.Properties {
		if !strictly(p) {
			return false
		}
	}
	return s.Items == nil || strictly(s.Items)
}

func typesOf(types json.RawMessage) (all []string) {
	_ = json.Unmarshal(types, &all) // one type alone is no list
	return all
}
