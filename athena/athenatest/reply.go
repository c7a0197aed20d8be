package athenatest

import (
	"strings"
	"time"

	"github.com/fourkites/sources/internal/script"
)

// Column is a column of an answer or of a table, its type in Athena's words: varchar, decimal(38,10), array(varchar).
type Column struct {
	Name  string
	Type  string
	Extra string // of a table: "partition key"
}

// Reply is a scripted answer to a statement. Values are Go's nearest to the type: text, numbers, bool, []byte, time.Time,
// nil, []any and map[string]any. What Athena writes as text may be given as that text. Do not write to a Reply after
// handing it to a server.
//
// The query waits in the queue, then runs, then waits again where Requeued says so, then ends. The zero Reply ends before
// anybody asks.
type Reply struct {
	Columns []Column
	Rows    [][]any

	Queued   int           // questions for its state that find it QUEUED
	Running  int           // then those that find it RUNNING
	Requeued int           // then those that find it QUEUED again
	Wait     time.Duration // for so long it is QUEUED
	Delay    time.Duration // then for so long it is RUNNING
	Pause    time.Duration // before each page, and each answer of S3 about its files
	Scanned  int64         // bytes that it reads; 0 = none
	Err      *Failure      // it ends as FAILED
	Refuse   *Exception    // StartQueryExecution is refused; nothing begins
	Times    int           // after so many answers the reply is used up; zero or less is never, before another one once

	bulk *bulk
}

// Failure is why a query ends as FAILED.
type Failure struct {
	Reason    string // StateChangeReason, and the message of the AthenaError
	Category  int    // 1 system, 2 user, 3 other; 0 = Athena gives no AthenaError
	Type      int    // ErrorType
	Retryable bool
}

// QueryTimedOut is how a query ends that took longer than the quota allows, 30 minutes (Amazon Athena User Guide: Athena
// error catalog, type 210).
func QueryTimedOut() *Failure { return &Failure{Category: 1, Type: 210, Reason: "Query timeout"} }

// QueryExhausted is how a query ends that needs more than there is (the same catalog, type 3).
func QueryExhausted() *Failure {
	return &Failure{Category: 2, Type: 3, Reason: "Query exhausted resources at this scale factor"}
}

// EngineFailed is how a query ends for a reason of the engine's own, which may be over next time (the same, type 200).
func EngineFailed() *Failure {
	return &Failure{Category: 1, Type: 200, Retryable: true, Reason: "Query engine had an internal error"}
}

// Reply answers the statements for which match is true. Of several scripted replies that match, the one added last is
// used. Several replies given together take turns, each once, or as often as its Times says; the last one stays. A nil
// match means all statements. The function is called with a copy and must be safe for concurrent use.
func (s *Server) Reply(match func(Request) bool, replies ...Reply) {
	turns := make([]script.Turn[Reply], len(replies))
	for i, r := range replies {
		turns[i] = script.Turn[Reply]{Reply: r, Times: r.Times}
	}
	if match == nil {
		match = func(Request) bool { return true }
	}
	s.script.Add(func(r Request) bool { return match(r.clone()) }, turns...)
}

// ReplyTo answers the statements whose SQL contains this text, by the rules of [Server.Reply]. EXPLAIN of such a statement
// contains it too: for a client that asks for plans first, as with a bound on bytes, add a reply to EXPLAIN after it.
func (s *Server) ReplyTo(text string, replies ...Reply) {
	s.Reply(func(r Request) bool { return strings.Contains(r.SQL, text) }, replies...)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() { s.script.Clear() }
