package llmtest

import "github.com/fourkites/sources/llm"

var chatStops = map[llm.StopReason]string{llm.StopEnd: "stop", llm.StopTokens: "length", llm.StopSequence: "stop", llm.StopRefusal: "stop"}

// chatStream is an answer as Azure OpenAI sends it for chat/completions: first what a filter says of the question.
func chatStream(id string, r Reply) []string {
	c := chat{id: id}
	c.all = append(c.all, sseEvent("", object{"choices": []any{}, "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []any{
		object{"prompt_index": 0, "content_filter_results": object{"violence": object{"filtered": false, "severity": "safe"}}},
	}}))
	c.add(object{"role": "assistant", "content": ""}, nil, nil)
	for _, p := range pieces(r.Text) {
		c.add(object{"content": p}, nil, nil)
	}
	for i, call := range r.Calls {
		first, second := halves(call.Arguments)
		c.add(object{"tool_calls": []object{{
			"index": i, "id": call.ID, "type": "function", "function": object{"name": call.Name, "arguments": first},
		}}}, nil, nil)
		c.add(object{"tool_calls": []object{{"index": i, "function": object{"arguments": second}}}}, nil, nil)
	}
	if r.Error != "" {
		return append(c.all, sseEvent("", object{"error": object{"code": r.Error, "message": "The model gave up"}}))
	}
	stop := chatStops[r.Stop]
	if stop == "" {
		stop = string(r.Stop)
	}
	c.add(object{}, stop, nil)
	c.add(nil, nil, object{
		"prompt_tokens": r.Usage.Input + r.Usage.CachedInput, "completion_tokens": r.Usage.Output, "total_tokens": r.Usage.Total(),
		"prompt_tokens_details": object{"cached_tokens": r.Usage.CachedInput},
	})
	return append(c.all, "data: [DONE]\n\n")
}

// chat is a stream in the making.
type chat struct {
	id  string
	all []string
}

func (c *chat) add(delta, finish, usage any) {
	choices := []any{}
	if delta != nil {
		choices = append(choices, object{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": nil, "content_filter_results": object{}})
	}
	c.all = append(c.all, sseEvent("", object{
		"id": c.id, "object": "chat.completion.chunk", "created": 1, "model": Model, "choices": choices, "usage": usage, "obfuscation": "x",
	}))
}

// responsesStream is an answer as Azure OpenAI sends it for responses.
func responsesStream(id string, r Reply) []string {
	a := responses{id: id}
	a.add("response.created", object{"response": a.response("in_progress", nil)})
	if r.Thinking != "" {
		for _, p := range pieces(r.Thinking) {
			a.add("response.reasoning_summary_text.delta", object{"delta": p, "output_index": 0})
		}
		a.add("response.output_item.done", object{"item": object{"type": "reasoning", "id": "rs_" + id, "summary": []any{}, "encrypted_content": "sealed"}})
	}
	for _, p := range pieces(r.Text) {
		a.add("response.output_text.delta", object{"delta": p})
	}
	if r.Text != "" {
		a.add("response.output_item.done", object{"item": object{"type": "message", "id": "m_" + id, "role": "assistant"}})
	}
	for _, c := range r.Calls {
		a.add("response.function_call_arguments.delta", object{"delta": string(c.Arguments)})
		a.add("response.output_item.done", object{"item": object{
			"type": "function_call", "id": "fc_" + c.ID, "call_id": c.ID, "name": c.Name, "arguments": string(c.Arguments), "status": "completed",
		}})
	}
	usage := object{
		"input_tokens": r.Usage.Input + r.Usage.CachedInput, "output_tokens": r.Usage.Output,
		"input_tokens_details": object{"cached_tokens": r.Usage.CachedInput},
	}
	switch {
	case r.Error != "":
		last := a.response("failed", nil)
		last["error"] = object{"code": r.Error, "message": "The model gave up"}
		a.add("response.failed", object{"response": last})
	case r.Stop == llm.StopTokens, r.Stop == llm.StopFilter:
		reason := map[llm.StopReason]string{llm.StopTokens: "max_output_tokens", llm.StopFilter: "content_filter"}[r.Stop]
		last := a.response("incomplete", usage)
		last["incomplete_details"] = object{"reason": reason}
		a.add("response.incomplete", object{"response": last})
	default:
		a.add("response.completed", object{"response": a.response("completed", usage)})
	}
	return a.all
}

// responses is a stream in the making.
type responses struct {
	id  string
	all []string
}

func (a *responses) response(status string, usage any) object {
	return object{"id": a.id, "object": "response", "status": status, "model": Model, "error": nil, "incomplete_details": nil, "output": []any{}, "usage": usage}
}

func (a *responses) add(kind string, event object) {
	event["type"], event["sequence_number"] = kind, len(a.all)
	a.all = append(a.all, sseEvent(kind, event))
}
