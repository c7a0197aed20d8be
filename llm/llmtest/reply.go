package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
	"github.com/fourkites/sources/llm"
)

// Reply is a scripted answer. It is sent as a stream in the form of whoever asks.
type Reply struct {
	Thinking string
	Text     string
	Calls    []llm.ToolCall
	Stop     llm.StopReason // empty = end, or tool_calls where there are any
	Usage    llm.Usage      // zero = counted by length

	Error string // type of an error that comes instead of the end of the answer, such as overloaded_error
	Cut   int    // where the stream breaks off, in bytes; 0 = it does not

	Status int         // 0 = 200
	Header http.Header // beside the type of the content
	Body   string      // sent as it is, instead of the above; empty = none

	Delay time.Duration // before the answer
	Times int           // after so many answers the reply is used up; zero or less is never, before another one once
}

// Reply answers the questions for which match is true. Of several scripted replies that match, the one added last is used.
// Several replies given together take turns, each once, or as often as its Times says; the last one stays. A nil match means
// all questions. The function is called with a copy and must be safe for concurrent use. The key is checked before.
func (s *Server) Reply(match func(Request) bool, replies ...Reply) {
	turns := make([]script.Turn[Reply], len(replies))
	for i, r := range replies {
		turns[i] = script.Turn[Reply]{Reply: r, Times: r.Times}
	}
	if match == nil {
		match = func(Request) bool { return true }
	}
	s.script.Add(func(r Request) bool { return match(r.clone()) }, turns...)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() { s.script.Clear() }

// Call is a call of a tool, for a Reply. The arguments are whatever has a JSON form.
func Call(id, name string, arguments any) llm.ToolCall {
	text, err := json.Marshal(arguments)
	if err != nil {
		text = []byte(`{}`)
	}
	return llm.ToolCall{ID: id, Name: name, Arguments: text}
}

// stream writes an answer as events.
type stream func(id string, r Reply) []string

// completed fills in what a reply leaves open.
func (r Reply) completed(input int) Reply {
	if r.Stop == "" {
		r.Stop = llm.StopEnd
		if len(r.Calls) > 0 {
			r.Stop = llm.StopTools
		}
	}
	if r.Usage == (llm.Usage{}) {
		r.Usage = llm.Usage{Input: input, Output: 1 + (len(r.Text)+len(r.Thinking))/charsPerToken}
	}
	return r
}

func (r Reply) answer(form stream, number, input int) wire.Answer {
	a := wire.Answer{Status: r.Status, Header: r.Header.Clone(), Body: []byte(r.Body)}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.Header == nil {
		a.Header = http.Header{}
	}
	kind := "application/json"
	if r.Body == "" {
		kind = "text/event-stream; charset=utf-8"
		events := form(fmt.Sprintf("msg_%d", number), r.completed(input))
		a.Body = []byte(strings.Join(events, ""))
		a.Middle = len(events[0]) + len(events[1])/2 // before there is anything to hand out
	}
	if r.Cut > 0 {
		a.Body = a.Body[:min(r.Cut, len(a.Body))]
	}
	if a.Header.Get("Content-Type") == "" {
		a.Header.Set("Content-Type", kind)
	}
	return a
}

// sseEvent is one event as it stands on the wire.
func sseEvent(name string, data any) string {
	text, err := json.Marshal(data)
	if err != nil {
		text = []byte(`{}`)
	}
	if name != "" {
		name = "event: " + name + "\n"
	}
	return name + "data: " + string(text) + "\n\n"
}

// halves are the arguments of a call in two pieces, which do not part a character.
func halves(arguments []byte) (first, second string) {
	half := len(arguments) / 2
	for half > 0 && !utf8.RuneStart(arguments[half]) {
		half--
	}
	return string(arguments[:half]), string(arguments[half:])
}

// pieces is a text as a model says it, word by word.
func pieces(text string) []string {
	if text == "" {
		return nil
	}
	return strings.SplitAfter(text, " ")
}
