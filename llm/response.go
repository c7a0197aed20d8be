package llm

import (
	"encoding/json"

	"github.com/fourkites/sources/base"
)

// StopReason says why an answer ended. A provider may have others than these.
type StopReason string

// The reasons.
const (
	StopEnd      StopReason = "end"
	StopTokens   StopReason = "max_tokens" // it is cut
	StopSequence StopReason = "stop_sequence"
	StopTools    StopReason = "tool_calls"
	StopRefusal  StopReason = "refusal"
	StopFilter   StopReason = "content_filter"
	StopPause    StopReason = "pause" // the provider wants to be asked again to go on
)

// Usage is what an answer cost in tokens.
type Usage struct {
	Input        int `json:"input"`                   // that were not kept at the provider
	Output       int `json:"output"`                  // thinking included
	CachedInput  int `json:"cached_input,omitempty"`  // read from what the provider kept
	WrittenInput int `json:"written_input,omitempty"` // kept by the provider from now on
}

// Total is all tokens together.
func (u Usage) Total() int { return u.Input + u.Output + u.CachedInput + u.WrittenInput }

// Add is both together.
func (u Usage) Add(o Usage) Usage {
	return Usage{u.Input + o.Input, u.Output + o.Output, u.CachedInput + o.CachedInput, u.WrittenInput + o.WrittenInput}
}

// Response is an answer. With an error beside it, it is what came before the error.
type Response struct {
	Begin
	Text     string       `json:"text"`
	Thinking []Thinking   `json:"thinking,omitempty"`
	Calls    []ToolCall   `json:"calls,omitempty"`
	Other    []Other      `json:"other,omitempty"`
	Stop     StopReason   `json:"stop,omitempty"`
	Usage    Usage        `json:"usage"`
	Outcome  base.Outcome `json:"outcome"` // Data; Truncated = max_tokens cut it; Partial = it broke off; Failed = refused, or nothing came
	Stats    base.Stats   `json:"stats,omitzero"`
}

// Message is the answer as a turn of the conversation, to go on from.
func (r Response) Message() Message {
	m := Message{Role: Assistant}
	for i := range r.Thinking {
		m.Parts = append(m.Parts, Part{Thinking: &r.Thinking[i]})
	}
	if r.Text != "" {
		m.Parts = append(m.Parts, Part{Text: r.Text})
	}
	for i := range r.Calls {
		m.Parts = append(m.Parts, Part{Call: &r.Calls[i]})
	}
	return m
}

// Event is one piece of an answer while it comes: exactly one of its fields is set. The zero Event comes with an error.
type Event struct {
	Begin    *Begin     `json:"begin,omitempty"`
	Text     string     `json:"text,omitempty"`
	Thinking *Thinking  `json:"thinking,omitempty"` // a piece of the text, or the signature at its end
	Call     *ToolCall  `json:"call,omitempty"`     // whole
	Other    *Other     `json:"other,omitempty"`    // whole
	Usage    *Usage     `json:"usage,omitempty"`    // of all up to now
	Stop     StopReason `json:"stop,omitempty"`
}

// Begin says who answers. It comes again with another ID where what stands between began the answer anew: what came before it
// is void. It comes again with the same ID where the provider went on with another model.
type Begin struct {
	ID       string `json:"id,omitempty"`
	Provider string `json:"provider"`        // name of the client
	Model    string `json:"model,omitempty"` // as the provider names it
	// Tried are those who were asked before, and why they did not answer.
	Tried []Tried `json:"tried,omitempty"`
}

// Tried is a model that a Failover asked in vain.
type Tried struct {
	Provider string    `json:"provider"`
	Kind     base.Kind `json:"kind"`
	Problem  string    `json:"problem"`
}

// Other is a part of an answer that this package has no word for, such as the call of a tool that the provider itself runs.
type Other struct {
	Type   string            `json:"type"`
	Pieces []json.RawMessage `json:"pieces"` // as they came
}

// add puts an event to the answer.
func (r *Response) add(e Event) {
	switch {
	case e.Begin != nil:
		if r.ID != "" && r.ID != e.Begin.ID {
			*r = Response{}
		}
		r.Begin = *e.Begin
	case e.Thinking != nil:
		r.think(*e.Thinking)
	case e.Call != nil:
		r.Calls = append(r.Calls, *e.Call)
	case e.Other != nil:
		r.Other = append(r.Other, *e.Other)
	case e.Usage != nil:
		r.Usage = *e.Usage
	case e.Stop != "":
		r.Stop = e.Stop
	default:
		r.Text += e.Text
	}
}

// think joins the pieces of a thought; its signature ends it.
func (r *Response) think(t Thinking) {
	if n := len(r.Thinking); n == 0 || r.Thinking[n-1].Signature != "" || r.Thinking[n-1].Hidden != "" || t.Hidden != "" && t.Signature == "" {
		r.Thinking = append(r.Thinking, Thinking{})
	}
	last := &r.Thinking[len(r.Thinking)-1]
	last.Text += t.Text
	last.Signature, last.Hidden = t.Signature, t.Hidden
}
