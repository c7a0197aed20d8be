package wire

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// Asked is one request as a server received it. The fakes hand it out as a type of their own with the same fields.
type Asked struct {
	At      time.Time
	Method  string
	Target  string // path and query, as on the wire
	Header  http.Header
	Body    []byte
	Refused bool // the credential was not accepted
}

// Effect is an accepted request that changed something.
type Effect struct {
	Method string
	Target string
	Body   string
}

// Front is what a fake over HTTP does before and after its own answers: it reads the request, keeps it, and acts faults out.
// Set the functions before the first request. It is safe for concurrent use.
type Front struct {
	Server  *Server
	Accepts func(*http.Request) bool             // whether the credential is good
	Answer  func(*http.Request, Asked) Answer    // to a request whose credential was accepted
	Refuse  func(status int, text string) Answer // in the words of the service
	Denied  string                               // what it says to a credential that is not accepted

	mu      sync.Mutex
	asked   []Asked
	ledger  []Effect
	running int
}

// maxBody bounds what a server reads of a request.
const maxBody = 8 << 20

// Serve answers one request.
func (f *Front) Serve(w http.ResponseWriter, r *http.Request) {
	f.track(1)
	defer f.track(-1)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	asked := Asked{At: time.Now(), Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone(), Body: body, Refused: !f.Accepts(r)}
	f.keep(asked)
	a := f.Refuse(http.StatusUnauthorized, f.Denied)
	if !asked.Refused {
		a = f.Answer(r, asked)
	}
	if planned, strikes := f.Server.Faults.NextAt(fault.OnRequest); strikes {
		f.fail(w, r, planned, a)
		return
	}
	a.Write(w)
}

func (f *Front) track(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running += n
}

// keep writes a request down before it is answered, or its answer is lost.
func (f *Front) keep(asked Asked) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, asked)
}

// Did writes down that a request changed something; the fake says so before it answers.
func (f *Front) Did(asked Asked) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ledger = append(f.ledger, Effect{Method: asked.Method, Target: asked.Target, Body: string(asked.Body)})
}

// fail acts a fault out instead of sending the answer as it is.
func (f *Front) fail(w http.ResponseWriter, r *http.Request, planned fault.Fault, a Answer) {
	switch planned.Kind {
	case fault.KindStatus:
		refused := f.Refuse(planned.Code, planned.Message)
		if planned.Message != "" && planned.Header.Get("Content-Type") != "" {
			refused.Body = []byte(planned.Message)
		}
		for name, values := range planned.Header {
			refused.Header[http.CanonicalHeaderKey(name)] = values
		}
		refused.Write(w)
	case fault.KindError:
		status := planned.Code
		if status < http.StatusBadRequest || status > 599 {
			status = http.StatusInternalServerError
		}
		f.Refuse(status, planned.Message).Write(w)
	case fault.KindWrongPassword:
		f.Refuse(http.StatusUnauthorized, f.Denied).Write(w)
	default:
		if instead, ok := f.Server.Act(w, r, planned, a); ok {
			instead.Write(w)
		}
	}
}

// Asked are all requests since the start or the last Forget, oldest first.
func (f *Front) Asked() []Asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// Forget empties the list that Asked gives. The ledger stays.
func (f *Front) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = nil
}

// Ledger is what was changed so far, oldest first.
func (f *Front) Ledger() []Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.ledger)
}

// Running is how many requests are being worked on now.
func (f *Front) Running() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running
}
