package awssecrettest

import (
	"net/http"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// Fail has the next n requests fail; a negative n lasts until [Server.ClearFaults]. A fault on connect strikes the next
// connections instead. Error is an InternalServiceError, WrongPassword an UnrecognizedClientException, IgnoreCancel the same
// as Silent. A status without a message has the body that AWS sends with it.
func (s *Server) Fail(f fault.Fault, n int) {
	if f.Kind == fault.KindWrongPassword { // a credential comes with each request
		f.Stage = fault.OnRequest
	}
	s.api.Faults.Add(f, n)
}

// ClearFaults forgets every planned fault, and what [Server.Refuse] planned.
func (s *Server) ClearFaults() {
	s.api.Faults.Clear()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = nil
}

// fail acts a fault out where a would have been the answer.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f fault.Fault, a wire.Answer) {
	switch f.Kind {
	case fault.KindStatus:
		status(f).Write(w)
	case fault.KindError:
		Exception{"InternalServiceError", f.Message}.answer().Write(w)
	case fault.KindWrongPassword:
		unrecognized.answer().Write(w)
	default:
		if a, ok := s.api.Act(w, r, f, a); ok {
			a.Write(w)
		}
	}
}

// codes are what AWS sends with a status.
var codes = map[int]string{
	http.StatusForbidden: "AccessDeniedException", http.StatusTooManyRequests: "ThrottlingException",
	http.StatusInternalServerError: "InternalServiceError", http.StatusServiceUnavailable: "ServiceUnavailableException",
}

func status(f fault.Fault) wire.Answer {
	a := wire.Answer{Status: f.Code, Header: http.Header{}, Body: []byte(f.Message)}
	if code := codes[f.Code]; f.Message == "" && code != "" {
		a = Exception{code, http.StatusText(f.Code)}.answer()
		a.Status = f.Code
	}
	for name, values := range f.Header {
		a.Header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}
