package awssecrettest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// Request is one request as the server received it.
type Request struct {
	At       time.Time
	Action   string // GetSecretValue
	SecretID string
	Stage    string // VersionStage
	Version  string // VersionId
	Header   http.Header
	Body     string
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests empties the list that [Server.Requests] gives.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

const (
	maxBody = 1 << 20
	target  = "secretsmanager."
)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	var in input
	bad := json.Unmarshal(body, &in)
	action, known := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	s.record(Request{
		At: time.Now(), Action: action, SecretID: in.SecretID, Stage: in.VersionStage, Version: in.VersionID,
		Header: r.Header.Clone(), Body: string(body),
	})
	run := actions[action]
	var a wire.Answer
	switch e := s.keepsOut(r); {
	case e != nil:
		a = e.answer()
	case !known || run == nil || r.Method != http.MethodPost:
		a = Exception{"UnknownOperationException", ""}.answer()
	case bad != nil:
		a = Exception{"SerializationException", "the body is no JSON of this operation"}.answer()
	default:
		a = s.act(run, in)
	}
	if f, strikes := s.api.Faults.NextAt(fault.OnRequest); strikes {
		s.fail(w, r, f, a)
		return
	}
	a.Write(w)
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// keepsOut says why a request is not let in: a planned exception first, then its signature.
func (s *Server) keepsOut(r *http.Request) *Exception {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.refused(); e != nil {
		return e
	}
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	scope := strings.Split(credential, "/")
	if len(scope) != 5 {
		return &unsigned
	}
	k, known := s.keys[scope[0]]
	switch {
	case !known, k.token != r.Header.Get("X-Amz-Security-Token"):
		return &unrecognized
	case k.expired:
		return &expired
	case scope[2] != Region || scope[3] != "secretsmanager":
		return &misscoped
	}
	return nil
}

// act runs an action.
func (s *Server) act(run action, in input) wire.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, refused := run(s, in)
	if refused != nil {
		return refused.answer()
	}
	body, err := json.Marshal(out)
	if err != nil {
		return InternalServiceError().answer()
	}
	return wire.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: body}
}
