package llm

import (
	"encoding/json"
)

// anthropicEvent is every event of the stream.
type anthropicEvent struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		ID    string         `json:"id"`
		Model string         `json:"model"`
		Usage anthropicUsage `json:"usage"`
	} `json:"message"`
	Block json.RawMessage `json:"content_block"`
	Delta json.RawMessage `json:"delta"`
	Usage *anthropicUsage `json:"usage"`
	Error refusal         `json:"error"`
}

// anthropicBlock is what a block begins with.
type anthropicBlock struct {
	Type     string                 `json:"type"`
	ID       string                 `json:"id"`
	Name     string                 `json:"name"`
	Text     string                 `json:"text"`
	Thinking string                 `json:"thinking"`
	Data     string                 `json:"data"`
	Input    json.RawMessage        `json:"input"`
	To       struct{ Model string } `json:"to"`
}

// anthropicDelta is what comes of a block, or of the message, later.
type anthropicDelta struct {
	Type       string `json:"type"`
	Text       string `json:"text"`
	Thinking   string `json:"thinking"`
	Signature  string `json:"signature"`
	JSON       string `json:"partial_json"`
	StopReason string `json:"stop_reason"`
}

type anthropicUsage struct {
	Input   int `json:"input_tokens"`
	Output  int `json:"output_tokens"`
	Cached  int `json:"cache_read_input_tokens"`
	Written int `json:"cache_creation_input_tokens"`
}

// newest takes over what grew: the counts of later events are of all up to then, and some leave a count out.
func (u *anthropicUsage) newest(o anthropicUsage) {
	u.Input, u.Output = max(u.Input, o.Input), max(u.Output, o.Output)
	u.Cached, u.Written = max(u.Cached, o.Cached), max(u.Written, o.Written)
}

func (u anthropicUsage) event() Event {
	return Event{Usage: &Usage{Input: u.Input, Output: u.Output, CachedInput: u.Cached, WrittenInput: u.Written}}
}

// block is a part of the message that comes bit by bit, where it is not handed out at once.
type block struct {
	call  *pendingCall
	other *Other
}

// anthropicStream is one stream in the reading.
type anthropicStream struct {
	id     string
	blocks map[int]*block
	usage  anthropicUsage
	done   bool
}

func (s *anthropicStream) ended() bool { return s.done }

func (s *anthropicStream) take(data string) ([]Event, error) {
	e, err := decode[anthropicEvent](data)
	if err != nil {
		return nil, err
	}
	switch e.Type {
	case "message_start":
		return s.begin(e), nil
	case "content_block_start":
		return s.open(e)
	case "content_block_delta":
		return s.delta(e)
	case "content_block_stop":
		return s.close(e.Index)
	case "message_delta":
		return s.finish(e)
	case "message_stop":
		s.done = true
	case "error":
		return nil, anthropicError(e.Error)
	}
	return nil, nil
}

// begin heeds who answers. Some that stand between send it twice; one with another id begins the answer anew.
func (s *anthropicStream) begin(e anthropicEvent) []Event {
	if s.id != "" && s.id == e.Message.ID {
		return nil
	}
	*s = anthropicStream{id: e.Message.ID, blocks: map[int]*block{}, usage: e.Message.Usage}
	return []Event{{Begin: &Begin{ID: e.Message.ID, Model: e.Message.Model}}, s.usage.event()}
}

func (s *anthropicStream) open(e anthropicEvent) ([]Event, error) {
	b, err := decode[anthropicBlock](string(e.Block))
	if err != nil {
		return nil, err
	}
	s.blocks[e.Index] = &block{}
	switch b.Type {
	case "text":
		return textOf(b.Text), nil
	case "thinking":
		return thoughtOf(Thinking{Text: b.Thinking}), nil
	case "redacted_thinking":
		return []Event{{Thinking: &Thinking{Hidden: b.Data}}}, nil
	case "tool_use":
		call := &pendingCall{ToolCall: ToolCall{ID: b.ID, Name: b.Name}}
		if len(b.Input) > 0 && string(b.Input) != "{}" {
			call.text.Write(b.Input)
		}
		s.blocks[e.Index].call = call
		return nil, nil
	}
	s.blocks[e.Index].other = &Other{Type: b.Type, Pieces: []json.RawMessage{e.Block}}
	if b.To.Model != "" { // the provider goes on with another model
		return []Event{{Begin: &Begin{ID: s.id, Model: b.To.Model}}}, nil
	}
	return nil, nil
}

func textOf(text string) []Event {
	if text == "" {
		return nil
	}
	return []Event{{Text: text}}
}

func thoughtOf(t Thinking) []Event {
	if t == (Thinking{}) {
		return nil
	}
	return []Event{{Thinking: &t}}
}

func (s *anthropicStream) delta(e anthropicEvent) ([]Event, error) {
	d, err := decode[anthropicDelta](string(e.Delta))
	if err != nil {
		return nil, err
	}
	b := s.blocks[e.Index]
	switch {
	case b == nil:
		return nil, protocol(nil, "a piece of the answer belongs to no part of it")
	case b.other != nil:
		b.other.Pieces = append(b.other.Pieces, e.Delta)
	case d.Type == "text_delta":
		return textOf(d.Text), nil
	case d.Type == "thinking_delta":
		return thoughtOf(Thinking{Text: d.Thinking}), nil
	case d.Type == "signature_delta":
		return thoughtOf(Thinking{Signature: d.Signature}), nil
	case d.Type == "input_json_delta" && b.call != nil:
		b.call.text.WriteString(d.JSON)
	default:
		return []Event{{Other: &Other{Type: d.Type, Pieces: []json.RawMessage{e.Delta}}}}, nil
	}
	return nil, nil
}

// close hands out what is whole now.
func (s *anthropicStream) close(index int) ([]Event, error) {
	b := s.blocks[index]
	delete(s.blocks, index)
	switch {
	case b == nil:
		return nil, nil
	case b.call != nil:
		return b.call.whole()
	case b.other != nil:
		return []Event{{Other: b.other}}, nil
	}
	return nil, nil
}

// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
var anthropicStops = map[string]StopReason{
	"end_turn": StopEnd, "max_tokens": StopTokens, "stop_sequence": StopSequence, "tool_use": StopTools, "refusal": StopRefusal,
	"pause_turn": StopPause, "model_context_window_exceeded": StopTokens,
}

func (s *anthropicStream) finish(e anthropicEvent) ([]Event, error) {
	d, err := decode[anthropicDelta](string(e.Delta))
	if err != nil {
		return nil, err
	}
	var all []Event
	if e.Usage != nil {
		s.usage.newest(*e.Usage)
		all = append(all, s.usage.event())
	}
	if d.StopReason != "" {
		stop, known := anthropicStops[d.StopReason]
		if !known {
			stop = StopReason(d.StopReason)
		}
		all = append(all, Event{Stop: stop})
	}
	return all, nil
}
