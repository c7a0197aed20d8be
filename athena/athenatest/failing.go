package athenatest

import (
	"net/http"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// Fail has the next n requests to Athena fail; a negative n lasts until [Server.ClearFaults]. A fault on connect strikes
// the next connections to it instead.
//
// What strikes StartQueryExecution and concerns data (cut or reset in mid-body, oversized, bomb, corrupt compression,
// malformed block) waits for the first data of that query, a page or a range of its file. Error has the query end as
// FAILED: its code is the ErrorType, the ErrorCategory 1 below 1000, else 2; a query that only asks about others gets
// InternalServerException. A status without a message has the body that AWS sends with it. WrongPassword is
// UnrecognizedClientException, IgnoreCancel the same as Silent. A query whose answer is lost by Cut has begun; one that is
// struck by Reset or Silent has not.
func (s *Server) Fail(f fault.Fault, n int) { s.api.Faults.Add(onRequest(f), n) }

// FailAction is [Server.Fail] for one action alone, such as GetQueryExecution.
func (s *Server) FailAction(action string, f fault.Fault, n int) {
	s.mu.Lock()
	plan := s.planned[action]
	if plan == nil {
		plan = &fault.Plan{}
		s.planned[action] = plan
	}
	s.mu.Unlock()
	plan.Add(onRequest(f), n)
}

// FailObjects is [Server.Fail] for the requests to S3, GET and HEAD. A status without a message has S3's own error: 503 is
// SlowDown, 403 AccessDenied. Error is an InternalError.
func (s *Server) FailObjects(f fault.Fault, n int) { s.objects.Faults.Add(onRequest(f), n) }

// ClearFaults forgets every planned fault, and what [Server.Refuse] planned.
func (s *Server) ClearFaults() {
	s.api.Faults.Clear()
	s.objects.Faults.Clear()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.planned)
	s.refusals = nil
	for _, e := range s.history {
		e.fault = nil
	}
}

// onRequest is the fault where this protocol has it: a credential comes with each request.
func onRequest(f fault.Fault) fault.Fault {
	if f.Kind == fault.KindWrongPassword {
		f.Stage = fault.OnRequest
	}
	return f
}

// ofData are the faults that strike the first data of a query.
func ofData(f fault.Fault) bool {
	switch f.Kind {
	case fault.KindCutMidBody, fault.KindResetMidBody, fault.KindOversized, fault.KindBomb, fault.KindCorruptCompression,
		fault.KindMalformedBlock:
		return true
	}
	return false
}

// fail acts a fault out instead of sending the answer as it is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, f fault.Fault, req Request, in input) {
	starts := req.Action == "StartQueryExecution"
	switch {
	case f.Kind == fault.KindStatus:
		s.status(f).Write(w)
	case f.Kind == fault.KindWrongPassword:
		unrecognized.answer().Write(w)
	case f.Kind == fault.KindError && !starts:
		Exception{Code: "InternalServerException", Message: f.Message}.answer().Write(w)
	case f.Kind == fault.KindError, starts && ofData(f):
		s.answerWith(req, in, &f).Write(w)
	case f.Kind == fault.KindReset, f.Kind == fault.KindSilent, f.Kind == fault.KindIgnoreCancel, f.Kind == fault.KindGarbage,
		f.Kind == fault.KindHostileLength:
		_, _ = s.api.Act(w, r, f, wire.Answer{Status: http.StatusOK})
	default: // the answer is made, and lost or late
		if a, ok := s.api.Act(w, r, f, s.act(w, r, req, in)); ok && a.Status != 0 {
			a.Write(w)
		}
	}
}

// answerWith begins a query that the fault strikes later.
func (s *Server) answerWith(req Request, in input, f *fault.Fault) wire.Answer {
	out, refused := s.begin(req, in, f)
	if refused != nil {
		return refused.answer()
	}
	return jsonAnswer(out)
}

// struck takes the fault that waits for the query's first data.
func (s *Server) struck(e *execution) *fault.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := e.fault
	if f == nil || f.Kind == fault.KindError {
		return nil
	}
	e.fault = nil
	return f
}

// codes are what AWS sends with a status.
var codes = map[int]string{
	http.StatusForbidden: "AccessDeniedException", http.StatusTooManyRequests: "ThrottlingException",
	http.StatusInternalServerError: "InternalServerException", http.StatusServiceUnavailable: "ServiceUnavailableException",
}

func (s *Server) status(f fault.Fault) wire.Answer {
	a := wire.Answer{Status: f.Code, Header: http.Header{}, Body: []byte(f.Message)}
	if code := codes[f.Code]; f.Message == "" && code != "" {
		a = Exception{Code: code, Message: http.StatusText(f.Code)}.answer()
		a.Status = f.Code
	}
	for name, values := range f.Header {
		a.Header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}
