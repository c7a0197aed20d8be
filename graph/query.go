package graph

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// Query is one Cypher statement that reads. The zero value of each field but Cypher is its default.
type Query struct {
	// Cypher is sent as it is. Values belong into Args; a backslash with a u is refused, for Cypher reads it as another
	// character wherever it stands.
	Cypher string
	// Args are the values of $name: nil, bool, numbers, text, []byte, time.Time, slices and maps with text keys. A value
	// cannot change the statement.
	Args map[string]any
	// MaxRows is how many rows are handed out; 0 = Config.MaxRows, negative = no cap. It is never above Config.MaxRows.
	MaxRows int64
	// MaxBytes is how many decoded bytes are handed out; 0 = Config.MaxBytes, negative = no cap. It is never above
	// Config.MaxBytes.
	MaxBytes int64
	// Timeout bounds the whole answer, reading it included; 0 = what the context says.
	Timeout time.Duration
}

var opQuery = &base.Op{Name: "Query", System: base.SystemDB}

// Query asks the server and returns its answer, whose first rows have arrived. The caller reads the rows to their end or
// closes them: until then they hold a connection and a permit. The answer ends at the caps of the query, and then its
// last error is base.ErrTruncated. The statement runs alone in a transaction of access mode READ that is rolled back,
// after its plan has said that it reads; what both let through is refused by its words. A label or type that the database
// does not have is base.ErrInvalid, where the server tells of it: the answer would be empty for no better reason. Before the
// first row a failure is retried, never after.
//
// Values are plain: nodes, relationships, paths and points are maps; a date and a local time of a day of the calendar are
// a time.Time in UTC, an instant is one in its zone; a time of day and a duration are text as Cypher writes them.
func (c *Client) Query(ctx context.Context, q Query) (*rows.Rows, error) {
	q.MaxRows = capped(q.MaxRows, c.config.MaxRows)
	q.MaxBytes = capped(q.MaxBytes, c.config.MaxBytes)
	if err := c.check(opQuery, q); err != nil {
		return nil, err
	}
	return c.query(ctx, opQuery, q, false)
}

// capped is the smaller of what a caller and the operator allow, negative for no cap.
func capped(asked, operator int64) int64 {
	if asked == 0 || operator > 0 && (asked < 0 || asked > operator) {
		return operator
	}
	return asked
}

// query is the way of all methods that read; own statements are of this package, and known to read.
func (c *Client) query(ctx context.Context, op *base.Op, q Query, own bool) (*rows.Rows, error) {
	cancel := context.CancelFunc(func() {})
	if q.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, q.Timeout)
	}
	a := &ask{client: c, op: op, query: q, caller: ctx, began: time.Now(), own: own}
	s, hold, err := base.Open(ctx, c.guard, op, a.open)
	if err != nil {
		cancel()
		return nil, err
	}
	s.attach(hold, cancel)
	return rows.New(s, rows.Options{Source: c.Name(), Op: op.Name, MaxRows: q.MaxRows, MaxBytes: q.MaxBytes}), nil
}

const (
	maxCypher = 256 << 10
	maxArgs   = 10_000
)

func (c *Client) check(op *base.Op, q Query) error {
	switch {
	case strings.TrimSpace(q.Cypher) == "":
		return base.Invalid(c.Name(), op.Name, "cypher: empty; write one statement that reads")
	case len(q.Cypher) > maxCypher:
		return base.Invalid(c.Name(), op.Name, "cypher: %d bytes, and the limit is %d", len(q.Cypher), maxCypher)
	case q.Timeout < 0:
		return base.Invalid(c.Name(), op.Name, "timeout: negative; 0 takes that of the context")
	case len(q.Args) > maxArgs:
		return base.Invalid(c.Name(), op.Name, "args: %d of them, and the limit is %d", len(q.Args), maxArgs)
	}
	for name, value := range q.Args {
		if err := checkArg(value, 0); err != nil {
			return base.Invalid(c.Name(), op.Name, "args: %s: %s", c.guard.Clean(name), err.Error())
		}
	}
	if err := checkReading(q.Cypher, c.config.Procedures); err != nil {
		return c.refusal(op, err)
	}
	return nil
}

// refusal types why a statement may not be run.
func (c *Client) refusal(op *base.Op, err error) error {
	text := "cypher: " + c.guard.Clean(err.Error())
	if _, ok := err.(*writeError); !ok { //nolint:errorlint // made a moment ago
		return base.Invalid(c.Name(), op.Name, "%s", text)
	}
	e := base.NewError(base.KindPermission, err).WithText(text)
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
	return e
}

// limit is the time that the server may take: the caller's remaining time, rounded up so that the caller's own deadline
// is met first, and never more than the operator's. Zero is the server's own limit.
func (a *ask) limit() time.Duration {
	most := max(0, a.client.config.MaxExecution.D())
	at, ok := a.caller.Deadline()
	if !ok {
		return most
	}
	left := time.Duration(math.Ceil(max(time.Until(at), time.Millisecond).Seconds())) * time.Second
	if most > 0 {
		return min(left, most)
	}
	return left
}

// ids are those of calls: no other client has the same.
type ids struct {
	prefix string
	last   *atomic.Uint32
}

func newIDs() ids {
	raw := make([]byte, 4)
	_, _ = rand.Read(raw) // never fails
	return ids{mark + hex.EncodeToString(raw), new(atomic.Uint32)}
}

func (i ids) next() string {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], i.last.Add(1))
	return fmt.Sprintf("%s%x", i.prefix, raw)
}
