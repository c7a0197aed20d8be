package athenatest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/fourkites/sources/internal/wire"
)

// Exception is an error of Athena's API in its own form. The status follows from the code: 500 for InternalServerException,
// 503 for ServiceUnavailableException, else 400.
type Exception struct {
	Code            string // InvalidRequestException
	Message         string
	Reason          string // of TooManyRequestsException
	AthenaErrorCode string // of InvalidRequestException
}

// Throttled is the answer to too many requests a second.
func Throttled() Exception { return Exception{Code: "ThrottlingException", Message: "Rate exceeded"} }

// TooManyQueries is the answer to a query while as many run as may.
func TooManyQueries() Exception {
	return Exception{
		Code: "TooManyRequestsException", Reason: "CONCURRENT_QUERY_LIMIT_EXCEEDED",
		Message: "You have exceeded the limit for the number of queries you can run concurrently.",
	}
}

// AccessDenied is the answer to one whom no policy allows the action.
func AccessDenied() Exception {
	return Exception{Code: "AccessDeniedException", Message: "You are not authorized to perform this action on the resource"}
}

// ExpiredToken is the answer to a session that is over.
func ExpiredToken() Exception {
	return Exception{Code: "ExpiredTokenException", Message: "The security token included in the request is expired"}
}

func invalid(message string) *Exception {
	return &Exception{Code: "InvalidRequestException", Message: message, AthenaErrorCode: "INVALID_INPUT"}
}

func (e Exception) answer() wire.Answer {
	out := map[string]string{"__type": e.Code, "Message": e.Message}
	for name, value := range map[string]string{"Reason": e.Reason, "AthenaErrorCode": e.AthenaErrorCode} {
		if value != "" {
			out[name] = value
		}
	}
	body, _ := json.Marshal(out) // texts have a JSON form
	status := http.StatusBadRequest
	switch {
	case strings.HasPrefix(e.Code, "Internal"):
		status = http.StatusInternalServerError
	case strings.HasPrefix(e.Code, "ServiceUnavailable"):
		status = http.StatusServiceUnavailable
	}
	return wire.Answer{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: body}
}

// refusal is an exception that waits for requests.
type refusal struct {
	action string
	e      Exception
	left   int // negative = without end
}

// Refuse has the next n requests with this action answered with the exception, before anything else is looked at; an empty
// action is all of Athena's. A negative n lasts until [Server.ClearFaults].
func (s *Server) Refuse(action string, e Exception, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, refusal{action, e, n})
}

// refused takes a waiting exception. The caller holds the lock.
func (s *Server) refused(action string) *Exception {
	for i := range s.refusals {
		r := &s.refusals[i]
		if r.left == 0 || r.action != "" && r.action != action {
			continue
		}
		if r.left > 0 {
			r.left--
		}
		return &r.e
	}
	return nil
}
