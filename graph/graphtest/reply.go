package graphtest

import (
	"strings"
	"time"

	"github.com/fourkites/sources/internal/script"
)

// Reply is a scripted answer. Values are nil, bool, int, int64, float64, string, []byte, []any, []string, map[string]any,
// time.Time, and of the driver's package dbtype Node, Relationship, Path, Date, LocalDateTime, Duration and Point2D. Do
// not write to a Reply after handing it to a server.
type Reply struct {
	Fields  []string // the names of the columns
	Records [][]any
	Type    string // of the statement: r, rw, w or s; empty = what its words say

	Repeat int            // how often Records are sent: 0 and 1 mean once, negative without end, until the client stops
	Delay  time.Duration  // before anything
	Pause  time.Duration  // before each record
	Err    *ServerError   // sent after the records, in place of the end; without Fields it is the whole answer
	Stats  map[string]any // counters of what was written, such as "nodes-created"
	Times  int            // after so many answers the reply is used up; zero or less is never, before another one once
}

// Reply answers the statements for which match is true. Of several scripted replies that match, the one added last is
// used. Several replies given together take turns, each once, or as often as its Times says; the last one stays. A nil
// match means all statements. The function is called with a copy and must be safe for concurrent use. EXPLAIN of such a
// statement has its fields and type, and uses no turn.
func (s *Server) Reply(match func(Request) bool, replies ...Reply) {
	turns := make([]script.Turn[*Reply], len(replies))
	for i, r := range replies {
		turns[i] = script.Turn[*Reply]{Reply: &r, Times: r.Times}
	}
	if match == nil {
		match = func(Request) bool { return true }
	}
	s.script.Add(func(r Request) bool { return match(r.clone()) }, turns...)
}

// ReplyTo answers the statements whose Cypher contains this text, by the rules of [Server.Reply].
func (s *Server) ReplyTo(text string, replies ...Reply) {
	s.Reply(func(r Request) bool { return strings.Contains(r.Cypher, text) }, replies...)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() { s.script.Clear() }
