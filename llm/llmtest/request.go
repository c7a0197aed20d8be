package llmtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// Request is one request as the server received it.
type Request struct {
	At      time.Time
	Method  string
	Target  string // path and query, as on the wire
	Header  http.Header
	Body    []byte
	Refused bool // the key was not accepted
}

func (r Request) clone() Request {
	r.Header, r.Body = r.Header.Clone(), slices.Clone(r.Body)
	return r
}

// Path is the target without its query.
func (r Request) Path() string {
	path, _, _ := strings.Cut(r.Target, "?")
	return path
}

// Turns is how many messages the question has, that of the system not counted.
func (r Request) Turns() int {
	var body struct {
		Messages []struct {
			Role string `json:"role"`
		} `json:"messages"`
		Input []json.RawMessage `json:"input"`
	}
	if json.Unmarshal(r.Body, &body) != nil {
		return 0
	}
	n := len(body.Input)
	for _, m := range body.Messages {
		if m.Role != "system" {
			n++
		}
	}
	return n
}

// Text is every text of the question, in order, with line breaks between them: what the model sees.
func (r Request) Text() string {
	var body any
	if json.Unmarshal(r.Body, &body) != nil {
		return string(r.Body)
	}
	var all []string
	gather(body, "", &all)
	return strings.Join(all, "\n")
}

// said are the fields in which a provider takes texts.
var said = []string{"text", "content", "output", "thinking", "instructions", "system", "arguments"}

func gather(v any, field string, into *[]string) {
	switch v := v.(type) {
	case string:
		if slices.Contains(said, field) {
			*into = append(*into, v)
		}
	case []any:
		for _, one := range v {
			gather(one, field, into)
		}
	case object:
		for _, name := range said {
			gather(v[name], name, into)
		}
		for name, one := range v {
			if !slices.Contains(said, name) {
				gather(one, name, into)
			}
		}
	}
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	var all []Request
	for _, asked := range s.front.Asked() {
		all = append(all, Request(asked))
	}
	return all
}

// ForgetRequests empties the list that [Server.Requests] gives.
func (s *Server) ForgetRequests() { s.front.Forget() }

// answer is the scripted one, or that of the model.
func (s *Server) answer(r *http.Request, asked wire.Asked) wire.Answer {
	request := Request(asked)
	form, refused := formOf(r, request)
	switch {
	case refused != nil:
		return *refused
	case form == nil:
		return listOrCount(r, request)
	}
	reply, scripted := s.script.Next(request)
	if !scripted {
		reply = s.invent(request)
	}
	_ = wire.Pause(r.Context(), reply.Delay) // the answer to a client that has gone is lost
	return reply.answer(form, s.number(), len(request.Body)/charsPerToken)
}

func (s *Server) invent(r Request) Reply {
	s.mu.Lock()
	model := s.model
	s.mu.Unlock()
	if model == nil {
		return Reply{Text: "This is what a model would say."}
	}
	return model(r.clone())
}

func (s *Server) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return s.n
}

// charsPerToken is about what English has.
const charsPerToken = 4

// formOf is the form in which a question is answered; nil for one that is no question, or a refusal.
func formOf(r *http.Request, asked Request) (stream, *wire.Answer) {
	var body struct {
		Model     string `json:"model"`
		Stream    bool   `json:"stream"`
		MaxTokens *int   `json:"max_tokens"`
	}
	path := asked.Path()
	var form stream
	switch {
	case r.Method != http.MethodPost:
		return nil, nil
	case path == "/v1/messages":
		form = messagesStream
	case path == "/openai/v1/chat/completions", path == "/openai/deployments/"+Model+"/chat/completions" && r.URL.Query().Get("api-version") == Version:
		form = chatStream
	case path == "/openai/v1/responses":
		form = responsesStream
	default:
		return nil, nil
	}
	bad := func(status int, text string) (stream, *wire.Answer) {
		a := refuse(status, text)
		return nil, &a
	}
	switch err := json.Unmarshal(asked.Body, &body); {
	case err != nil:
		return bad(400, "the body is not JSON")
	case body.Model != Model:
		return bad(404, "model: "+body.Model)
	case !body.Stream:
		return bad(400, "stream: this server answers with streams alone")
	case path == "/v1/messages" && r.Header.Get("Anthropic-Version") == "":
		return bad(400, "anthropic-version: header is required")
	case path == "/v1/messages" && body.MaxTokens == nil:
		return bad(400, "max_tokens: Field required")
	}
	return form, nil
}

// listOrCount answers what is no question to a model.
func listOrCount(r *http.Request, asked Request) wire.Answer {
	switch path := asked.Path(); {
	case r.Method == http.MethodPost && path == "/v1/messages/count_tokens":
		return answerOf(200, object{"input_tokens": len(asked.Body) / charsPerToken})
	case r.Method == http.MethodGet && path == "/v1/models":
		one := object{
			"type": "model", "id": Model, "display_name": "Demo", "created_at": "2025-01-01T00:00:00Z", "capabilities": nil,
			"max_input_tokens": nil, "max_tokens": nil,
		}
		return answerOf(200, object{"data": []object{one}, "first_id": Model, "last_id": Model, "has_more": false})
	case r.Method == http.MethodGet && (path == "/openai/v1/models" || path == "/openai/models"):
		return answerOf(200, object{"object": "list", "data": []object{{"id": Model, "object": "model", "created": 1, "owned_by": "demo"}}})
	}
	return refuse(404, "Not found")
}
