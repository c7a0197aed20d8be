package trinotest

import (
	"net/http"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// fail acts a fault out instead of sending the answer as it is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f fault.Fault, a answer) {
	switch f.Kind {
	case fault.KindStatus:
		status(f).write(w, r)
	case fault.KindError:
		failed(map[string]any{"id": "20250101_000000_00000_fault"}, &query{failure: NewError(f.Code, f.Message)}).write(w, r)
	case fault.KindWrongPassword:
		refusal(http.StatusUnauthorized, "Invalid credentials").write(w, r)
	default:
		if instead, ok := s.http.Act(w, r, f, wire.Answer(a)); ok {
			answer(instead).write(w, r)
		}
	}
}

func status(f fault.Fault) answer {
	a := refusal(f.Code, f.Message)
	for name, values := range f.Header {
		a.Header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}
