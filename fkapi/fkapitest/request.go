package fkapitest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// Request is one request as the server received it.
type Request struct {
	At      time.Time // by the server's clock
	Proto   string    // "HTTP/1.1" or "HTTP/2.0"
	Method  string
	Target  string // path and query, as on the wire
	Header  http.Header
	Body    []byte
	Refusal error // why the credential was not accepted; nil if it was
}

// Path is the target without its query.
func (r Request) Path() string {
	path, _, _ := strings.Cut(r.Target, "?")
	return path
}

// Effect is an accepted request that a real service would have acted on: every one that is not a read. It is written
// down before the answer is sent, or lost.
type Effect struct {
	Method string
	Target string
	Key    string // Idempotency-Key, if there was one
	Body   string
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests empties the list that [Server.Requests] gives. The ledger stays.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Ledger is what was done so far, oldest first. A search is a read and not in it.
func (s *Server) Ledger() []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ledger)
}

// Reply is a scripted answer.
type Reply struct {
	Status int // 0 = 200
	Header http.Header
	Body   string
}

type reply struct {
	prefix string
	Reply
}

// Reply has the server answer the next request whose target begins with the prefix with this, whatever it holds; each
// reply is used once, in order, and then the server answers from what it holds. In that it differs from
// clickhousetest, where a reply is chosen by a function of the request and serves until it is cleared: a page of a list
// is told from the next one by its turn only. The credential is still checked.
func (s *Server) Reply(prefix string, replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range replies {
		s.replies = append(s.replies, reply{prefix, r})
	}
}

func (s *Server) scripted(target string) (Reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.replies {
		if strings.HasPrefix(target, r.prefix) {
			s.replies = slices.Delete(s.replies, i, i+1)
			return r.Reply, true
		}
	}
	return Reply{}, false
}

// maxBody bounds what the server reads of a request.
const maxBody = 8 << 20

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.track(1)
	defer s.track(-1)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	refusal := s.authenticate(r, body)
	s.record(r, body, refusal)
	w.Header().Set("Date", s.clock().UTC().Format(http.TimeFormat))
	a := s.answer(r, body, refusal)
	if f, strikes := s.plan.NextAt(fault.OnRequest); strikes {
		s.fail(w, r, f, a)
		return
	}
	a.write(w)
}

func (s *Server) track(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running += n
}

func (s *Server) record(r *http.Request, body []byte, refusal error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		At: s.clock(), Proto: r.Proto, Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone(), Body: body, Refusal: refusal,
	})
	if refusal == nil && !repeatable(r) {
		s.ledger = append(s.ledger, Effect{
			Method: r.Method, Target: r.RequestURI, Key: r.Header.Get("Idempotency-Key"), Body: string(body),
		})
	}
}

// authenticate accepts Basic credentials or a signature over the bytes that came.
func (s *Server) authenticate(r *http.Request, body []byte) error {
	if user, password, ok := r.BasicAuth(); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.basic && user == User && password == Password {
			return nil
		}
		return errBasic
	}
	return s.verifier.Verify(r, body)
}

// answer is one answer before it is sent.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may have gone
}

func jsonAnswer(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"statusCode":500,"message":"the fake cannot encode its answer"}`)
	}
	return answer{status, http.Header{"Content-Type": {"application/json"}}, body}
}

func problem(status int, message string) answer {
	return jsonAnswer(status, map[string]any{"statusCode": status, "message": message})
}

func (s *Server) answer(r *http.Request, body []byte, refusal error) answer {
	if refusal != nil {
		return problem(http.StatusUnauthorized, "unauthorized")
	}
	if scripted, ok := s.scripted(r.RequestURI); ok {
		return scripted.answer()
	}
	return s.route(r, body)
}

func (r Reply) answer() answer {
	a := answer{r.Status, r.Header, []byte(r.Body)}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.header.Get("Content-Type") == "" {
		a.header = a.header.Clone()
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set("Content-Type", "application/json")
	}
	return a
}
