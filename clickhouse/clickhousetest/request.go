package clickhousetest

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Request is one query that a client sent. Its maps belong to the caller.
type Request struct {
	SQL        string
	QueryID    string
	User       string
	Database   string // of the connection
	LogComment string // the setting log_comment
	Settings   map[string]string
	Parameters map[string]string // unquoted
	Compressed bool              // the client asked for compressed blocks
	Received   time.Time
	Elapsed    time.Duration // zero until Finished
	Rows       int           // sent, or inserted
	Code       int           // of the exception that answered it; zero for none
	Cancelled  bool          // the client cancelled it, went away, or it was killed, before the answer was complete
	Finished   bool          // nothing is being done for it any more
}

func (r Request) clone() Request {
	r.Settings, r.Parameters = maps.Clone(r.Settings), maps.Clone(r.Parameters)
	return r
}

// ledger is every request since the start, and what runs now.
type ledger struct {
	mu      sync.Mutex
	entries []*entry
	running map[*entry]func(error)
}

type entry struct{ request Request }

// begin records a request; stop is called with the reason when the query is to be killed.
func (l *ledger) begin(r Request, stop func(error)) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{r}
	l.entries = append(l.entries, e)
	if l.running == nil {
		l.running = map[*entry]func(error){}
	}
	l.running[e] = stop
	return e
}

// finish must come before the last packet of the answer is sent: a client that has read it must find the query gone.
func (l *ledger) finish(e *entry, code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.request.Finished {
		return
	}
	delete(l.running, e)
	e.request.Finished = true
	e.request.Code = code
	e.request.Elapsed = time.Since(e.request.Received)
}

func (l *ledger) cancelled(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !e.request.Finished {
		e.request.Cancelled = true
	}
}

func (l *ledger) addRows(e *entry, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.request.Rows += n
}

// snapshot is the request as it stands now.
func (l *ledger) snapshot(e *entry) Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return e.request.clone()
}

// kill stops the running queries of an id and says which they were.
func (l *ledger) kill(id string) []Request {
	l.mu.Lock()
	var (
		stops  []func(error)
		killed []Request
	)
	for e, stop := range l.running {
		if e.request.QueryID == id {
			e.request.Cancelled = true
			stops, killed = append(stops, stop), append(killed, e.request.clone())
		}
	}
	l.mu.Unlock()
	for _, stop := range stops {
		stop(errKilled)
	}
	return killed
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

// Requests is every query received since the start or the last [Server.ForgetRequests], oldest first. Pings are
// counted by [Server.Pings].
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

// Running is how many queries the server is working on now; system.processes shows the same.
func (s *Server) Running() int {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return len(s.ledger.running)
}
