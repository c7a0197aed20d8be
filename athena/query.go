package athena

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

// Query is one statement that reads. The zero value of each field but SQL is its default.
type Query struct {
	// SQL is sent as it is, but for one semicolon at its end. Values belong into Args. At most 262,144 bytes.
	// A statement over a table of history must bound Tables.Partition from below by days written YYYY-MM-DD, as text or as
	// Args, none of them before Tables.Retention.
	SQL string
	// Args are the values of the question marks in SQL, in their order: text, numbers, json.Number, bool, time.Time (a
	// timestamp with its zone), []byte, nil, and slices (ARRAY) of these. Each is at most 1,024 bytes as a literal.
	Args []any
	// MaxRows is how many rows are handed out; 0 = Config.MaxRows, negative = no cap. It is never above Config.MaxRows.
	MaxRows int64
	// MaxBytes is how many decoded bytes are handed out; 0 = Config.MaxBytes, negative = no cap. It is never above
	// Config.MaxBytes.
	MaxBytes int64
	// MaxScan is how many bytes the query may read from storage; 0 = Config.MaxScan. It is never above Config.MaxScan. Where
	// the plan tells, a query that would read more is refused before it starts; one that is seen to read more is stopped.
	MaxScan int64
	// Timeout bounds the whole answer, reading it included; 0 = what the context says.
	Timeout time.Duration
	// Workgroup, Catalog and Database replace those of Config.
	Workgroup, Catalog, Database string
	// ReuseMaxAge is how old an earlier answer to the same statement may be to be given again, in whole minutes up to 7 days;
	// 0 = Config.ReuseMaxAge, negative = never. Stats say when it was.
	ReuseMaxAge time.Duration

	explain string // stands before the statement
}

var (
	opQuery = method("Query")
	opStart = method("StartQuery")
)

// Query starts a query, waits for its end, and returns its answer. The caller reads the rows to their end or closes them;
// while it works on rows nothing is held here. The answer ends at the caps of the query, and then its last error is
// base.ErrTruncated. A statement that does not only read is base.ErrPermission, before it is sent.
//
// A query that failed, one that was stopped at the server (base.ErrCanceled), one whose time was over (base.ErrDeadline of
// the context, base.ErrQuotaExceeded of max_execution) and one without rows (no error, and the outcome base.NoData) are four
// different answers. Who leaves early, by the end of the context too, has the query stopped at the server: soon after
// this returns, and Close waits for it. Each page, and each part of a file, is asked for anew where it was lost.
func (c *Client) Query(ctx context.Context, q Query) (*rows.Rows, error) {
	if err := c.prepare(ctx, opQuery, &q); err != nil {
		return nil, err
	}
	return c.query(ctx, opQuery, q)
}

// StartQuery starts a query and returns its id without waiting. The id serves [Client.Execution], [Client.Results] and
// [Client.StopQuery], in another process too. The query runs on when the context ends. It is checked as by [Client.Query],
// but that nobody stops it for what it reads.
func (c *Client) StartQuery(ctx context.Context, q Query) (id string, err error) {
	if err := c.prepare(ctx, opStart, &q); err != nil {
		return "", err
	}
	a, err := c.newAsk(ctx, opStart, q)
	if err != nil {
		return "", err
	}
	id, err = base.Do(ctx, c.guard, opStart, func(ctx context.Context) (string, error) {
		err := a.start(ctx)
		return a.id, err
	})
	if err != nil { // nobody will know the id of what may have been started
		a.leave()
	}
	return id, err
}

// prepare fills in the caps and holds the statement to what may be run.
func (c *Client) prepare(ctx context.Context, op *base.Op, q *Query) error {
	q.MaxRows = partition.Capped(q.MaxRows, c.config.MaxRows)
	q.MaxBytes = partition.Capped(q.MaxBytes, c.config.MaxBytes)
	if q.MaxScan < 0 {
		return c.invalid(op, errors.New("max_scan: negative; 0 takes that of the configuration"))
	}
	q.MaxScan = partition.Capped(q.MaxScan, c.config.MaxScan)
	q.SQL = sqlguard.Unterminated(q.SQL)
	if err := q.check(); err != nil {
		return c.invalid(op, err)
	}
	return c.checkReading(ctx, op, *q)
}

// maxSQL is the service's own limit.
const maxSQL = 262_144

// check refuses what could not be sent.
func (q Query) check() error {
	switch {
	case strings.TrimSpace(q.SQL) == "":
		return errors.New("sql: empty; write one statement that reads")
	case len(q.SQL) > maxSQL:
		return fmt.Errorf("sql: %d bytes, and Athena takes %d; move long lists into a table, or ask in parts", len(q.SQL), maxSQL)
	case strings.Contains(q.SQL, "\x00"):
		return errors.New("sql: holds a NUL byte")
	case q.Timeout < 0:
		return errors.New("timeout: negative; 0 takes that of the context")
	case q.Workgroup != "" && !workgroupForm.MatchString(q.Workgroup):
		return fmt.Errorf("workgroup: %.80q is not the name of a workgroup", q.Workgroup)
	case !plainName(q.Catalog), !plainName(q.Database):
		return errors.New("catalog, database: control characters or letters beyond ASCII, or longer than 255 bytes")
	}
	if why := badAge(max(0, q.ReuseMaxAge)); why != "" {
		return errors.New("reuse_max_age: " + why)
	}
	return nil
}

// query is the way of all methods that read: their SQL limits itself, so a negative or zero MaxRows is no cap.
func (c *Client) query(ctx context.Context, op *base.Op, q Query) (*rows.Rows, error) {
	a, err := c.newAsk(ctx, op, q)
	if err != nil {
		return nil, err
	}
	s := c.newStream(ctx, op, q.Timeout, a)
	if err := s.open(); err != nil {
		return nil, err
	}
	return rows.New(s, rows.Options{Source: c.Name(), Op: op.Name, MaxRows: q.MaxRows, MaxBytes: q.MaxBytes}), nil
}

// ask is one logical statement.
type ask struct {
	client   *Client
	query    Query
	sql      string
	literals []string
	selects  bool // its answer has a header
	caller   context.Context

	token string // of the start under way, or that succeeded
	maybe bool   // a start was sent, and its answer lost
	id    string // of the query that was started; empty before
	began time.Time
	last  Execution
}

func (c *Client) newAsk(ctx context.Context, op *base.Op, q Query) (*ask, error) {
	a := &ask{client: c, query: q, caller: ctx, sql: q.SQL}
	var err error
	if !utf8.ValidString(q.SQL) { // JSON has no other texts: another one would be asked for
		return nil, c.invalid(op, errors.New("sql: not UTF-8; bind bytes as []byte"))
	}
	if a.literals, err = literals(q.Args); err != nil {
		return nil, c.invalid(op, err)
	}
	all, err := sqlguard.Lex(q.SQL)
	if err != nil {
		return nil, c.invalid(op, err)
	}
	a.selects = q.explain == "" && sqlguard.Selects(all)
	if q.explain != "" || !a.selects { // only statements that select take parameters
		if a.sql, err = sqlguard.Bind(q.SQL, all, a.literals); err != nil {
			return nil, c.invalid(op, err)
		}
		a.sql, a.literals = q.explain+a.sql, nil
	} else if n := sqlguard.Marks(all); n != len(a.literals) {
		return nil, c.invalid(op, fmt.Errorf("args: %d values for %d question marks", len(a.literals), n))
	}
	if len(a.sql) > maxSQL {
		return nil, c.invalid(op, fmt.Errorf("sql: %d bytes with its values, and Athena takes %d", len(a.sql), maxSQL))
	}
	return a, nil
}

// start is one attempt to start the query. The token is the same over the attempts of one call, so that an attempt whose
// answer was lost is not run twice, and never that of another call, to which the service would give the old answer.
func (a *ask) start(ctx context.Context) error {
	if a.token == "" {
		a.token = rand.Text() + rand.Text()
	}
	a.maybe = true
	out, err := request(ctx, a.client, a.starting())
	if err != nil {
		e := classify(err)
		a.maybe = e.Sent == base.MaybeSent
		return err
	}
	a.maybe = false
	if a.id = aws.ToString(out.QueryExecutionId); !queryID.MatchString(a.id) {
		a.id = ""
		return malformed("a query that was started without an id")
	}
	a.began = time.Now()
	return nil
}

func (a *ask) starting() func(context.Context, *service) (*athena.StartQueryExecutionOutput, error) {
	c, q := a.client.config, a.query
	in := &athena.StartQueryExecutionInput{
		QueryString: &a.sql, ClientRequestToken: &a.token, ExecutionParameters: a.literals,
		WorkGroup:             aws.String(or(q.Workgroup, c.Workgroup)),
		QueryExecutionContext: &types.QueryExecutionContext{Catalog: aws.String(or(q.Catalog, c.Catalog)), Database: aws.String(or(q.Database, c.Database))},
	}
	if c.OutputLocation != "" || c.BucketOwner != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: optional(c.OutputLocation), ExpectedBucketOwner: optional(c.BucketOwner)}
	}
	if age := a.reuse(); age > 0 {
		in.ResultReuseConfiguration = &types.ResultReuseConfiguration{ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{
			Enabled: true, MaxAgeInMinutes: aws.Int32(int32(age / time.Minute)),
		}}
	}
	return func(ctx context.Context, s *service) (*athena.StartQueryExecutionOutput, error) {
		return s.queries.StartQueryExecution(ctx, in)
	}
}

// reuse is how old an earlier answer may be; 0 = none is wanted.
func (a *ask) reuse() time.Duration {
	switch {
	case a.query.explain != "" || a.query.ReuseMaxAge < 0:
		return 0
	case a.query.ReuseMaxAge > 0:
		return a.query.ReuseMaxAge
	}
	return a.client.config.ReuseMaxAge.D()
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
