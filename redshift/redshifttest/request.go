package redshifttest

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Request is one statement that a client sent. BEGIN, ROLLBACK, SET and empty ones are not counted. Its map and its
// slice belong to the caller.
type Request struct {
	SQL       string
	Args      []any // text, or nil for NULL
	User      string
	Database  string
	PID       uint32
	Extended  bool              // it came by the extended protocol
	ReadOnly  bool              // in a READ ONLY transaction
	Settings  map[string]string // of the session at that time, such as statement_timeout
	Received  time.Time
	Elapsed   time.Duration // zero until Finished
	Rows      int           // sent
	Code      string        // SQLSTATE of the error that answered it; empty for none
	Cancelled bool          // by a request to cancel, or because the client went away
	Finished  bool          // nothing is being done for it any more
}

func (r Request) clone() Request {
	r.Settings, r.Args = maps.Clone(r.Settings), slices.Clone(r.Args)
	return r
}

// ledger is every request since the start, and what runs now.
type ledger struct {
	mu      sync.Mutex
	entries []*entry
	running map[*entry]struct{}
}

type entry struct{ request Request }

func (l *ledger) begin(r Request) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{r}
	l.entries = append(l.entries, e)
	if l.running == nil {
		l.running = map[*entry]struct{}{}
	}
	l.running[e] = struct{}{}
	return e
}

// finish must come before the last message of the answer is sent: a client that has read it must find the statement
// gone.
func (l *ledger) finish(e *entry, code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.request.Finished {
		return
	}
	delete(l.running, e)
	e.request.Finished, e.request.Code = true, code
	e.request.Elapsed = time.Since(e.request.Received)
}

func (l *ledger) change(e *entry, change func(*Request)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&e.request)
}

func (l *ledger) now() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Request
	for e := range l.running {
		out = append(out, e.request.clone())
	}
	slices.SortFunc(out, func(a, b Request) int { return a.Received.Compare(b.Received) })
	return out
}

// Requests is every statement received since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	out := make([]Request, len(s.ledger.entries))
	for i, e := range s.ledger.entries {
		out[i] = e.request.clone()
	}
	return out
}

// ForgetRequests empties the list that [Server.Requests] gives.
func (s *Server) ForgetRequests() {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	s.ledger.entries = nil
}

// Running is how many statements the server is working on now; sys_query_history shows the same.
func (s *Server) Running() int { return len(s.ledger.now()) }
