package llmtest

import "github.com/fourkites/sources/llm"

func messageStart(id, model string, u llm.Usage) object {
	return object{"type": "message_start", "message": object{
		"id": id, "type": "message", "role": "assistant", "model": model, "content": []any{}, "stop_reason": nil, "stop_sequence": nil,
		"usage": object{
			"input_tokens": u.Input, "output_tokens": 1, "cache_read_input_tokens": u.CachedInput, "cache_creation_input_tokens": u.WrittenInput,
		},
	}}
}

func blockStart(index int, block object) object {
	return object{"type": "content_block_start", "index": index, "content_block": block}
}

func blockDelta(index int, delta object) object {
	return object{"type": "content_block_delta", "index": index, "delta": delta}
}

var messagesStops = map[llm.StopReason]string{
	llm.StopEnd: "end_turn", llm.StopTools: "tool_use", llm.StopPause: "pause_turn", llm.StopFilter: "refusal",
}

// messagesStream is an answer as Anthropic sends it.
func messagesStream(id string, r Reply) []string {
	m := messages{}
	m.add(messageStart(id, Model, r.Usage))
	m.add(object{"type": "ping"})
	if r.Thinking != "" {
		m.block(object{"type": "thinking", "thinking": ""}, append(deltas("thinking_delta", "thinking", r.Thinking),
			object{"type": "signature_delta", "signature": "signed by " + id})...)
	}
	if r.Text != "" {
		m.block(object{"type": "text", "text": ""}, deltas("text_delta", "text", r.Text)...)
	}
	for _, c := range r.Calls {
		first, second := halves(c.Arguments)
		m.block(object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object{}},
			object{"type": "input_json_delta", "partial_json": first},
			object{"type": "input_json_delta", "partial_json": second})
	}
	if r.Error != "" {
		m.add(object{"type": "error", "error": object{"type": r.Error, "message": "The model gave up"}})
		return m.all
	}
	stop := messagesStops[r.Stop]
	if stop == "" {
		stop = string(r.Stop)
	}
	m.add(object{"type": "message_delta", "delta": object{"stop_reason": stop, "stop_sequence": nil}, "usage": object{"output_tokens": r.Usage.Output}})
	m.add(object{"type": "message_stop"})
	return m.all
}

// messages is a stream in the making.
type messages struct {
	all  []string
	next int
}

func (m *messages) add(event object) {
	name, _ := event["type"].(string)
	m.all = append(m.all, sseEvent(name, event))
}

func (m *messages) block(begin object, pieces ...object) {
	m.add(blockStart(m.next, begin))
	for _, p := range pieces {
		m.add(blockDelta(m.next, p))
	}
	m.add(object{"type": "content_block_stop", "index": m.next})
	m.next++
}

func deltas(kind, field, text string) []object {
	var all []object
	for _, p := range pieces(text) {
		all = append(all, object{"type": kind, field: p})
	}
	return all
}
