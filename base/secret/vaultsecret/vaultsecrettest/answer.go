package vaultsecrettest

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// reply is what is around every answer.
type reply struct {
	RequestID     string         `json:"request_id"`
	LeaseID       string         `json:"lease_id"`
	Renewable     bool           `json:"renewable"`
	LeaseDuration int            `json:"lease_duration"`
	Data          map[string]any `json:"data"`
	Auth          *auth          `json:"auth"`
}

type auth struct {
	ClientToken   string `json:"client_token"`
	LeaseDuration int    `json:"lease_duration"`
	Renewable     bool   `json:"renewable"`
	TokenType     string `json:"token_type"`
}

func (r reply) answer(status int) wire.Answer {
	r.RequestID = "00000000-0000-4000-8000-000000000000"
	return encoded(status, r)
}

func encoded(status int, value any) wire.Answer {
	body, err := json.Marshal(value)
	if err != nil {
		return refuse(http.StatusInternalServerError, "internal error")
	}
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: body}
}

func give(data map[string]any) wire.Answer { return reply{Data: data}.answer(http.StatusOK) }

// refuse is an answer with what is wrong; the server has none where there is just nothing.
func refuse(status int, said ...string) wire.Answer {
	if said == nil {
		said = []string{}
	}
	return encoded(status, map[string]any{"errors": said})
}

// down is the answer of a server that is not active.
func (s *Server) down() (wire.Answer, bool) {
	switch s.state {
	case Sealed:
		return refuse(http.StatusServiceUnavailable, "Vault is sealed"), true
	case Standby:
		return refuse(http.StatusInternalServerError, "local node not active but active cluster node not found"), true
	case Redirecting:
		return wire.Answer{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"https://active.example:8200/v1/elsewhere"}}}, true
	case Uninitialised:
		return refuse(http.StatusServiceUnavailable, "Vault is sealed"), true
	}
	return wire.Answer{}, false
}

// health has the status that the question wishes, as the real one.
func (s *Server) health(in asked) wire.Answer {
	state := s.state
	status, wish := http.StatusOK, "activecode"
	switch state {
	case Sealed:
		status, wish = http.StatusServiceUnavailable, "sealedcode"
	case Standby, Redirecting:
		status, wish = http.StatusTooManyRequests, "standbycode"
	case Uninitialised:
		status, wish = http.StatusNotImplemented, "uninitcode"
	}
	if code, err := strconv.Atoi(in.query.Get(wish)); err == nil {
		status = code
	}
	return encoded(status, map[string]any{
		"initialized": state != Uninitialised, "sealed": state == Sealed || state == Uninitialised, "standby": state != Active, "version": "1.21.0",
	})
}

// Fail has the next n requests fail, those for sys/health not counted; a negative n lasts until [Server.ClearFaults]. A fault
// on connect strikes the next connections instead. Error is a 500 with the message, WrongPassword the answer to a token that
// is not known, IgnoreCancel the same as Silent. A status without a message has the body that Vault sends with it.
func (s *Server) Fail(f fault.Fault, n int) {
	if f.Kind == fault.KindWrongPassword { // a token comes with each request
		f.Stage = fault.OnRequest
	}
	s.api.Faults.Add(f, n)
}

// ClearFaults forgets every planned fault.
func (s *Server) ClearFaults() { s.api.Faults.Clear() }

// fail acts a fault out where a would have been the answer.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f fault.Fault, a wire.Answer) {
	switch f.Kind {
	case fault.KindStatus:
		a = wire.Answer{Status: f.Code, Body: []byte(f.Message), Header: http.Header{}}
		if f.Message == "" {
			a = refuse(f.Code)
		}
		for name, values := range f.Header {
			a.Header[http.CanonicalHeaderKey(name)] = values
		}
		a.Write(w)
	case fault.KindError:
		refuse(http.StatusInternalServerError, f.Message).Write(w)
	case fault.KindWrongPassword:
		refuse(http.StatusForbidden, "permission denied").Write(w)
	default:
		if a, ok := s.api.Act(w, r, f, a); ok {
			a.Write(w)
		}
	}
}
