package redshift

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// Query is one statement that reads. The zero value of each field but SQL is its default.
type Query struct {
	// SQL is sent as it is: SELECT, WITH, SHOW or EXPLAIN. Values belong into Args.
	SQL string
	// Args are the values of $1, $2 and so on, bound by the server: text, numbers, bool, time.Time, []byte, nil and
	// what implements driver.Valuer, which is asked for its value once. A value cannot change the statement.
	Args []any
	// MaxRows is how many rows are handed out; 0 = Config.MaxRows, negative = no cap. It is never above Config.MaxRows.
	MaxRows int64
	// MaxBytes is how many decoded bytes are handed out; 0 = Config.MaxBytes, negative = no cap. It is never above
	// Config.MaxBytes.
	MaxBytes int64
	// Timeout bounds the whole answer, reading it included; 0 = what the context says.
	Timeout time.Duration
	// Schema is where names without one are looked for; empty = the account's search path.
	Schema string
}

var opQuery = &base.Op{Name: "Query", System: base.SystemDB}

// Query asks the server and returns its answer, whose first rows have arrived. The caller reads the rows to their end or
// closes them: until then they hold a connection and a permit. The answer ends at the caps of the query, and then its
// last error is base.ErrTruncated. The statement runs alone in a READ ONLY transaction that is rolled back; a write is
// base.ErrPermission or base.ErrInvalid. Before the first row a failure is retried, never after. Its Stats have no Age, for
// the client does not know what the statement reads: see Client.Lag for how far the warehouse is behind.
func (c *Client) Query(ctx context.Context, q Query) (*rows.Rows, error) {
	q.MaxRows = capped(q.MaxRows, c.config.MaxRows)
	q.MaxBytes = capped(q.MaxBytes, c.config.MaxBytes)
	if err := c.checkCaller(opQuery, q); err != nil {
		return nil, err
	}
	return c.query(ctx, opQuery, q, nil)
}

// checkCaller refuses what a caller's statement may not do; those of this package do none of it.
func (c *Client) checkCaller(op *base.Op, q Query) error {
	if err := c.check(op, q); err != nil {
		return err
	}
	if err := c.checkAccess(op, q); err != nil {
		return err
	}
	if err := checkCalls(q.SQL); err != nil {
		return c.refusal(op, err)
	}
	return nil
}

// capped is the smaller of what a caller and the operator allow, negative for no cap.
func capped(asked, operator int64) int64 {
	if asked == 0 || operator > 0 && (asked < 0 || asked > operator) {
		return operator
	}
	return asked
}

// query is the way of all methods that read: their SQL limits itself, so a negative or zero MaxRows is no cap.
func (c *Client) query(ctx context.Context, op *base.Op, q Query, as *layout) (*rows.Rows, error) {
	if err := c.check(op, q); err != nil {
		return nil, err
	}
	var err error
	if q.Args, err = boundArgs(q.Args); err != nil {
		return nil, c.invalid(op, err)
	}
	cancel := context.CancelFunc(func() {})
	if q.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, q.Timeout)
	}
	a := &ask{client: c, op: op, query: q, layout: as, caller: ctx, began: time.Now()}
	s, hold, err := base.Open(ctx, c.guard, op, a.open)
	if err != nil {
		cancel()
		return nil, err
	}
	s.attach(hold, cancel)
	return rows.New(s, rows.Options{Source: c.Name(), Op: op.Name, MaxRows: q.MaxRows, MaxBytes: q.MaxBytes}), nil
}

// maxSQL is what Redshift takes as one statement (16 MB) and more than anybody reads.
const (
	maxSQL  = 1 << 20
	maxArgs = 32767
)

func (c *Client) check(op *base.Op, q Query) error {
	invalid := func(format string, args ...any) error { return c.invalid(op, fmt.Errorf(format, args...)) }
	switch {
	case strings.TrimSpace(q.SQL) == "":
		return invalid("sql: empty; write one statement that reads")
	case len(q.SQL) > maxSQL:
		return invalid("sql: %d bytes, and the limit is %d", len(q.SQL), maxSQL)
	case strings.Contains(q.SQL, "\x00"):
		return invalid("sql: holds a NUL byte")
	case q.Timeout < 0:
		return invalid("timeout: negative; 0 takes that of the context")
	case len(q.Args) > maxArgs:
		return invalid("args: %d of them, and the limit of the protocol is %d", len(q.Args), maxArgs)
	}
	if err := checkReading(q.SQL); err != nil {
		return c.refusal(op, err)
	}
	if q.Schema != "" {
		if err := checkName(q.Schema, false); err != nil {
			return invalid("schema: %s", err.Error())
		}
	}
	return nil
}

// refusal types why a statement may not be run.
func (c *Client) refusal(op *base.Op, err error) error {
	if _, ok := errors.AsType[*writeError](err); ok {
		write := &writeError{c.guard.Clean(err.Error())}
		e := base.NewError(base.KindPermission, write).WithText("sql: " + write.Error())
		e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
		return e
	}
	return base.Invalid(c.Name(), op.Name, "sql: %s", err.Error())
}

// ask is one logical query; open is one attempt at it.
type ask struct {
	client *Client
	op     *base.Op
	query  Query
	layout *layout
	caller context.Context

	began    time.Time // zero = with the attempt
	attempts int
}

func (a *ask) open(ctx context.Context) (*stream, error) {
	a.attempts++
	k, err := a.client.acquire(ctx)
	if err != nil {
		full, _ := errors.AsType[*fullError](err)
		switch cause := context.Cause(ctx); {
		case full != nil:
			return nil, full
		case cause != nil:
			return nil, notSent(fmt.Errorf("%s: %w", a.client.dialer.address, cause))
		case a.client.ending.Load():
			return nil, errPoolClosed
		}
		return nil, notSent(a.client.fromDriver(err))
	}
	s := a.start(ctx, k)
	if err := s.begin(); err != nil {
		return nil, &queryError{s.id, err}
	}
	return s, nil
}

// start lets a reader of its own work on the statement.
func (a *ask) start(ctx context.Context, k *pgxpool.Conn) *stream {
	s := newStream(ctx, a, k.Conn().PgConn().PID())
	a.client.background.Go(func() { s.reader.run(k) })
	return s
}

// preamble begins the transaction in which the statement runs alone.
func (a *ask) preamble() string {
	var b strings.Builder
	b.WriteString("BEGIN")
	if !a.client.config.PlainTransactions {
		b.WriteString(" READ ONLY")
	}
	if limit, shorter := a.limit(); shorter && !a.client.bare.Load() {
		fmt.Fprintf(&b, "; SET LOCAL statement_timeout TO %s", strconv.FormatInt(limit.Milliseconds(), 10))
	}
	if path := a.path(); len(path) > 0 {
		fmt.Fprintf(&b, "; SET LOCAL search_path TO %s", strings.Join(path, ", "))
	}
	return b.String()
}

// path is where names without a schema are looked for, quoted; none is the account's own. A statement of the caller's
// finds nothing outside of the schemas that are allowed.
func (a *ask) path() (all []string) {
	switch {
	case a.query.Schema != "":
		return []string{quote(a.query.Schema)}
	case a.layout != nil || a.op.Probe:
		return nil
	}
	for _, schema := range a.client.config.Schemas {
		all = append(all, quote(schema))
	}
	return all
}

// limit is the time that the server may take and whether that is less than what every connection sets: the caller's
// remaining time, rounded up so that the caller's own deadline is met first.
func (a *ask) limit() (time.Duration, bool) {
	most := max(0, a.client.config.MaxExecution.D())
	at, ok := a.caller.Deadline()
	if !ok {
		return most, false
	}
	left := max(time.Until(at), time.Millisecond)
	left = time.Duration(math.Ceil(left.Seconds())) * time.Second
	return left, most == 0 || left < most
}

// noteBare tells the reader of an answer what did not hold.
const noteBare = "the account may not set statement_timeout, so the server itself held no limit on time; deadline and cap " +
	"were held by cancelling"

// comment names the method at the head of a statement of this package, for those who look at what runs at the server.
func comment(op *base.Op) string { return "/* redshift." + op.Name + " */ " }
