package graphtest

import (
	"maps"
	"sync"
	"time"
)

// Request is one statement that a client sent. Its maps belong to the caller, what is in them does not.
type Request struct {
	Cypher      string         // without EXPLAIN
	Explain     bool           // only its plan was asked for
	Params      map[string]any // whole numbers as int64
	User        string
	Database    string
	Connection  string // bolt-7
	Transaction string // neo4j-transaction-7, as SHOW TRANSACTIONS tells it
	Implicit    bool   // outside of BEGIN and COMMIT
	Reading     bool   // in access mode READ
	Timeout     time.Duration
	Metadata    map[string]any // of the transaction
	Received    time.Time
	Elapsed     time.Duration // zero until Finished
	Records     int           // sent
	Code        string        // of the error that answered it; empty for none
	Cancelled   bool          // it ended before its answer: RESET, ROLLBACK, or the client went away
	Finished    bool          // nothing is being done for it any more
}

func (r Request) clone() Request {
	r.Params, r.Metadata = maps.Clone(r.Params), maps.Clone(r.Metadata)
	return r
}

// ledger is every request since the start, and how many are being answered.
type ledger struct {
	mu      sync.Mutex
	entries []*entry
	running int
}

type entry struct{ request Request }

func (l *ledger) begin(r Request) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{r}
	l.entries = append(l.entries, e)
	l.running++
	return e
}

// finish must come before the last message of the answer is sent: a client that has read it must find the statement
// gone.
func (l *ledger) finish(e *entry, code string, cancelled bool, records int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &e.request
	if r.Finished {
		return
	}
	l.running--
	r.Finished, r.Code, r.Cancelled, r.Records = true, code, cancelled, records
	r.Elapsed = time.Since(r.Received)
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

// Running is how many statements the server is working on now: those whose answer was not sent to its end.
func (s *Server) Running() int {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.running
}
