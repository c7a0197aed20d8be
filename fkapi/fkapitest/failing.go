package fkapitest

import (
	"errors"
	"net/http"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

var errBasic = errors.New("user or password is wrong")

// fail acts a fault out instead of sending the answer as it is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f fault.Fault, a wire.Answer) {
	switch f.Kind {
	case fault.KindStatus:
		s.status(w, f)
	case fault.KindError:
		problem(errorStatus(f.Code), f.Message).Write(w)
	case fault.KindWrongPassword:
		problem(http.StatusUnauthorized, "unauthorized").Write(w)
	default:
		if instead, ok := s.http.Act(w, r, f, a); ok {
			instead.Write(w)
		}
	}
}

func (s *Server) status(w http.ResponseWriter, f fault.Fault) {
	a := problem(f.Code, f.Message)
	if f.Message != "" && f.Header.Get("Content-Type") != "" {
		a.Body = []byte(f.Message)
	}
	for name, values := range f.Header {
		a.Header[http.CanonicalHeaderKey(name)] = values
	}
	a.Write(w)
}

// errorStatus is the HTTP status of an error in the service's own form.
func errorStatus(code int) int {
	if code >= 400 && code < 600 {
		return code
	}
	return http.StatusInternalServerError
}
