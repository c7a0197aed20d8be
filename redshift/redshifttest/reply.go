package redshifttest

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Column is the name and the type of a column. Types are boolean, smallint, integer, bigint, real, double precision,
// numeric, text, varchar, char, name, oid, date, timestamp, timestamptz, time, interval, bytea, json, super and uuid.
type Column struct{ Name, Type string }

// Reply is a scripted answer. Values are strings, whole numbers, floats, bools, time.Time, []byte, or nil for NULL. Do
// not write to a Reply after handing it to a server.
type Reply struct {
	Columns []Column
	Rows    [][]any

	Repeat int           // how often Rows are sent: 0 and 1 mean once, negative without end, until the client stops
	Delay  time.Duration // before the first row
	Pause  time.Duration // before each row
	Err    *ServerError  // sent after the rows, in place of the end; without Columns it is the whole answer
	Times  int           // after so many answers the reply is used up; zero or less is never
}

// Reply answers the statements for which match is true. Of several scripted replies that match, the one added last is
// used. A nil match means all statements. The function is called with a copy and must be safe for concurrent use.
func (s *Server) Reply(match func(Request) bool, reply Reply) {
	if match == nil {
		match = func(Request) bool { return true }
	}
	s.script.add(&scripted{match: match, reply: reply, left: reply.Times})
}

// ReplyTo answers the statements whose SQL contains this text.
func (s *Server) ReplyTo(text string, reply Reply) {
	s.Reply(func(r Request) bool { return strings.Contains(r.SQL, text) }, reply)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() { s.script.clear() }

// script is the replies in the order in which they were added.
type script struct {
	mu      sync.Mutex
	replies []*scripted
}

type scripted struct {
	match func(Request) bool
	reply Reply
	left  int
}

func (s *script) add(r *scripted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, r)
}

func (s *script) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = nil
}

// find is the reply for a request; count says that it will be answered with it.
func (s *script) find(r Request, count bool) *Reply {
	s.mu.Lock()
	candidates := slices.Clone(s.replies)
	s.mu.Unlock()
	for _, c := range slices.Backward(candidates) {
		if c.match(r.clone()) && (!count || s.use(c)) {
			return &c.reply
		}
	}
	return nil
}

// use counts one answer and drops the reply after its last.
func (s *script) use(c *scripted) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.replies, c)
	if at < 0 {
		return false
	}
	if c.reply.Times > 0 {
		c.left--
		if c.left == 0 {
			s.replies = slices.Delete(s.replies, at, at+1)
		}
	}
	return true
}
