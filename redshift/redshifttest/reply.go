package redshifttest

import (
	"strings"
	"time"

	"github.com/fourkites/sources/internal/script"
)

// Column is the name and the type of a column. Types are boolean, smallint, integer, bigint, real, double precision,
// numeric, text, varchar, char, name, oid, date, timestamp, timestamptz, time, interval, bytea, json, super and uuid.
type Column struct{ Name, Type string }

// Reply is a scripted answer. Values are strings, whole numbers, floats, bools, time.Time, []byte, or nil for NULL. Do
// not write to a Reply after handing it to a server.
type Reply struct {
	Columns []Column // no statement that reads has none: a client takes that for a broken answer
	Rows    [][]any

	Repeat int           // how often Rows are sent: 0 and 1 mean once, negative without end, until the client stops
	Delay  time.Duration // before the first row
	Pause  time.Duration // before each row
	Err    *ServerError  // sent after the rows, in place of the end; without Columns it is the whole answer
	Times  int           // after so many answers the reply is used up; zero or less is never, before another one once
}

// Reply answers the statements for which match is true. Of several scripted replies that match, the one added last is
// used. Several replies given together take turns, each once, or as often as its Times says; the last one stays. A nil
// match means all statements. The function is called with a copy and must be safe for concurrent use.
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

// ReplyTo answers the statements whose SQL contains this text, by the rules of [Server.Reply].
func (s *Server) ReplyTo(text string, replies ...Reply) {
	s.Reply(func(r Request) bool { return strings.Contains(r.SQL, text) }, replies...)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() { s.script.Clear() }
