// Package llmtest is a provider of language models in process, for tests of programs that use llm: it speaks Anthropic's
// Messages and both ways to ask Azure OpenAI, as streams of events, checks keys, answers as it is told, keeps what it was
// asked, and fails on demand.
//
// Where it differs from the real ones: it does not think; without a script it answers the same text; tokens are counted by
// length; answers that are not streams are refused; a fault that comes after some events comes before the first, a scripted
// reply can break off later; schemas, images and limits are not looked at.
package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
	"github.com/fourkites/sources/llm"
)

// What a fresh server accepts, and what it is.
const (
	Key     = "demo-model-key-0123456789"
	Model   = "demo-model-1" // of Azure, the deployment
	Version = "2024-10-21"   // a dated version of Azure's API
)

// Server is one provider, at once Anthropic and Azure OpenAI. Its methods are safe for concurrent use. The caller closes it.
type Server struct {
	// URL is the base URL of the provider.
	URL string

	http     wire.Server
	front    wire.Front
	startErr error
	script   script.Script[Request, Reply]

	mu    sync.Mutex
	keys  []string
	model func(Request) Reply
	n     int
}

// NewServer starts a server on a free port of the loopback interface. It accepts [Key] and knows [Model]. Listening fails only
// on a machine that is out of ports or descriptors; then [Server.Err] says so and nobody can connect.
func NewServer() *Server {
	s := &Server{keys: []string{Key}}
	s.http.List = wire.List{
		Begin: sseEvent("message_start", messageStart("msg_0", Model, llm.Usage{})) + sseEvent("content_block_start", blockStart(0, object{"type": "text", "text": ""})),
		Entry: sseEvent("content_block_delta", blockDelta(0, object{"type": "text_delta", "text": "and so on "})),
		Type:  "text/event-stream",
	}
	s.front = wire.Front{Server: &s.http, Accepts: s.accepts, Answer: s.answer, Refuse: refuse, Denied: "invalid x-api-key"}
	s.startErr = s.http.Start(s.front.Serve, nil)
	s.URL = s.http.URL()
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if s.startErr == nil {
		return nil
	}
	return fmt.Errorf("llmtest: no server on 127.0.0.1: %w", s.startErr)
}

// Config is what a client needs to ask it as Anthropic. The Proxy is "none".
func (s *Server) Config() llm.Config {
	return llm.Config{URL: s.URL, Model: Model, Key: secret.Literal(Key), Proxy: "none"}
}

// AzureConfig is what a client needs to ask it as Azure OpenAI, with a key.
func (s *Server) AzureConfig() llm.Config {
	c := s.Config()
	c.Provider = llm.Azure
	return c
}

// SetKeys replaces the keys and tokens that are accepted: one, two while a rotation is under way, none to refuse everybody.
func (s *Server) SetKeys(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = slices.Clone(keys)
}

// SetModel has every question that no scripted reply answers go to this function, which is the model then. It is called by
// several goroutines at once. Nil is the model that always says the same.
func (s *Server) SetModel(model func(Request) Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model = model
}

// Fail has the next n requests fail; a negative n lasts until [Server.ClearFaults]. A fault on connect strikes the next
// connections instead.
//
// WrongPassword is a 401, Error a status with a body in the provider's form, IgnoreCancel the same as Silent, and
// MalformedBlock a stream that ends in the middle.
func (s *Server) Fail(f fault.Fault, n int) {
	if f.Kind == fault.KindWrongPassword {
		f.Stage = fault.OnRequest
	}
	s.http.Faults.Add(f, n)
}

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() { s.http.Faults.Clear() }

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) { return s.http.Connections() }

// DropConnections drops every open connection, as a restart does. New ones are accepted.
func (s *Server) DropConnections() { s.http.DropConnections() }

// Running is how many requests are being worked on now.
func (s *Server) Running() int { return s.front.Running() }

// Close ends the server and every connection. It may be called again.
func (s *Server) Close() { s.http.Close() }

// accepts reports whether the key, in one of the forms in which providers take it, is known.
func (s *Server) accepts(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, shown := range []string{r.Header.Get("X-Api-Key"), r.Header.Get("Api-Key"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")} {
		if slices.Contains(s.keys, shown) {
			return true
		}
	}
	return false
}

type object = map[string]any

func answerOf(status int, value any) wire.Answer {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"message":"the fake cannot encode its answer"}}`)
	}
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

// kinds are the types of Anthropic's refusals by their status.
var kinds = map[int]string{
	400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
	405: "invalid_request_error", 409: "conflict_error", 410: "not_found_error", 422: "invalid_request_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error",
}

// refuse is a refusal in the form that both providers' clients read.
func refuse(status int, message string) wire.Answer {
	kind := kinds[status]
	if kind == "" {
		kind = "api_error"
	}
	return answerOf(status, object{"type": "error", "error": object{"type": kind, "code": nil, "message": message}, "request_id": "req_demo"})
}
