package awssecrettest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/fourkites/sources/internal/wire"
)

// Exception is an error of the API in its own form. The status follows from the code: 500 for InternalServiceError, 503 for
// ServiceUnavailableException, else 400.
type Exception struct {
	Code    string // ResourceNotFoundException
	Message string
}

// Throttled is the answer to too many requests a second.
func Throttled() Exception { return Exception{"ThrottlingException", "Rate exceeded"} }

// AccessDenied is the answer to one whom no policy allows to read the secret.
func AccessDenied(name string) Exception {
	return Exception{"AccessDeniedException", "User: arn:aws:iam::" + Account + ":user/demo is not authorized to perform: secretsmanager:GetSecretValue on resource: " + name}
}

// DecryptionFailure is the answer where the key of KMS cannot be used.
func DecryptionFailure() Exception {
	return Exception{"DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key."}
}

// InternalServiceError is the answer to a fault of the service.
func InternalServiceError() Exception {
	return Exception{"InternalServiceError", "An error occurred on the server side."}
}

func notFound(of string) *Exception {
	if of != "" {
		of = " value for " + of
	}
	return &Exception{"ResourceNotFoundException", "Secrets Manager can't find the specified secret" + of + "."}
}

func invalidRequest(message string) *Exception {
	return &Exception{"InvalidRequestException", message}
}

var (
	unrecognized = Exception{"UnrecognizedClientException", "The security token included in the request is invalid."}
	expired      = Exception{"ExpiredTokenException", "The security token included in the request is expired"}
	unsigned     = Exception{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	misscoped    = Exception{"InvalidSignatureException", "Credential should be scoped to a valid region and to correct service."}
)

const contentType = "application/x-amz-json-1.1"

func (e Exception) answer() wire.Answer {
	body, _ := json.Marshal(map[string]string{"__type": e.Code, "Message": e.Message}) // texts have a JSON form
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
	e    Exception
	left int // negative = without end
}

// Refuse has the next n requests answered with the exception, before anything else is looked at. A negative n lasts until
// [Server.ClearFaults].
func (s *Server) Refuse(e Exception, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, refusal{e, n})
}

// refused takes a waiting exception. The caller holds the lock.
func (s *Server) refused() *Exception {
	for i := range s.refusals {
		r := &s.refusals[i]
		if r.left == 0 {
			continue
		}
		if r.left > 0 {
			r.left--
		}
		return &r.e
	}
	return nil
}
