package athena

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

// stream is the answer of one query, batch by batch: the cursor below rows.Rows. Between two batches it holds nothing but
// its place; of a file, the parts that come next are fetched meanwhile.
type stream struct {
	client *Client
	op     *base.Op
	ask    *ask   // nil where the query was started elsewhere
	id     string // of that query
	most   int64  // rows that are handed out; zero or negative = no cap
	caller context.Context
	ctx    context.Context // ends with the answer
	cancel context.CancelCauseFunc
	began  time.Time

	// What the reader alone touches.
	table  *table
	source source

	rows, took atomic.Int64

	mu    sync.Mutex
	query Execution
	begun source // the source once it is there, for who ends the answer from beside
	ended bool
	err   error // of the end
}

func (c *Client) newStream(ctx context.Context, op *base.Op, timeout time.Duration, a *ask) *stream {
	s := &stream{client: c, op: op, ask: a, caller: ctx, began: time.Now()}
	if a != nil {
		s.most = a.query.MaxRows
	}
	var ended context.CancelFunc
	if timeout > 0 {
		ctx, ended = context.WithTimeout(ctx, timeout)
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	if ended != nil {
		cancel := s.cancel
		s.cancel = func(err error) { cancel(err); ended() }
	}
	return s
}

// open runs the query to its end and reads the first rows.
func (s *stream) open() error {
	s.client.in(s) // so that Close can cut it
	err := s.guarded(s.ask.run)
	s.note(s.ask.last)
	if err != nil {
		s.ask.leave()
		return s.fail(err)
	}
	return s.begin(s.ask.last, s.ask.selects)
}

// begin reads the first page, and where that is not all, and there is a file, goes over to the file. Both are asked for at
// once, for one after the other would take twice as long.
func (s *stream) begin(e Execution, selects bool) error {
	most := maxPage
	if s.most > 0 && s.most+2 < maxPage {
		most = int(s.most) + 2 // the names, and one row more than the cap
	}
	object := s.client.fileOf(s.op, e, selects && most == maxPage)
	if object != nil {
		object.fetch(s.ctx)
	}
	first, err := s.first(e, most, selects)
	switch {
	case err != nil || first.next == "" || object == nil:
		if object != nil {
			object.close()
		}
		s.use(&pages{client: s.client, op: s.op, id: e.ID, page: first})
	default:
		s.use(&file{object: object, id: e.ID, least: len(first.rows)})
	}
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// use has the rows come from there. The answer may have ended meanwhile.
func (s *stream) use(from source) {
	s.source = from
	s.mu.Lock()
	s.begun = from
	ended := s.ended
	s.mu.Unlock()
	if ended {
		from.close()
	}
}

// first is the first page, without the names of the columns. A statement that another program started, and that selects by
// another word (EXECUTE, USING EXTERNAL FUNCTION), begins with them too: the service tells that it is DML, and the row shows it.
func (s *stream) first(e Execution, most int, selects bool) (page, error) {
	first, err := s.client.page(s.ctx, s.op, e.ID, "", most)
	if err != nil {
		return first, err
	}
	if s.table, err = newTable(first.info); err != nil {
		return first, withQuery(err, e.ID)
	}
	bare, err := first.withoutHeader(s.table)
	switch {
	case err == nil && (selects || e.Statement == "DML"):
		return bare, nil
	case selects:
		return first, withQuery(err, e.ID)
	}
	return first, nil
}

// fail ends an answer that has not begun.
func (s *stream) fail(err error) error {
	err = s.typed(err)
	s.end(err)
	return err
}

func (s *stream) guarded(f func(context.Context) error) error {
	_, err := base.Do(s.ctx, s.client.guard, s.op, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return err
}

// note keeps what is known of the query.
func (s *stream) note(e Execution) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.query = e
}

func (s *stream) execution() Execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.query
}

// Columns are known once the answer has begun.
func (s *stream) Columns() []rows.Column { return s.table.columns }

// Next is the next batch; io.EOF at the end of the answer, else a typed error.
func (s *stream) Next() (*rows.Batch, error) {
	s.mu.Lock()
	ended, err := s.ended, s.err
	s.mu.Unlock()
	switch {
	case ended && err != nil:
		return nil, s.typed(err)
	case ended:
		return nil, io.EOF
	}
	err = s.source.fill(s.ctx, s.table)
	if errors.Is(err, io.EOF) {
		if _, typed := errors.AsType[*base.Error](err); !typed {
			s.end(nil)
			return nil, io.EOF
		}
	}
	if err != nil {
		err = s.typed(err)
		s.end(err)
		return nil, err
	}
	s.rows.Add(int64(s.table.n))
	return s.table.batch(), nil
}

// typed is an error of the answer with its query, and with what a deadline may have been.
func (s *stream) typed(err error) error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok {
		e = classify(err).WithText(s.client.guard.Clean(err.Error()))
		if errors.Is(err, context.DeadlineExceeded) {
			e.Kind = base.KindDeadline
		}
		if errors.Is(context.Cause(s.ctx), errClosed) {
			e = classify(errClosed)
		}
	}
	copied := *e
	if copied.Source == "" { // it did not pass the guard, which says what happened
		copied.Source, copied.Op = s.client.Name(), s.op.Name
		for _, cause := range e.Unwrap() {
			copied = *copied.WithText(s.client.guard.Clean(cause.Error()))
		}
	}
	if copied.QueryID == "" {
		copied.QueryID = s.execution().ID
	}
	if copied.Kind == base.KindDeadline && copied.Hint == "" {
		copied.SetHint(base.HintOf("the caller's deadline or the timeout of the query passed; narrow the window, or give it longer"))
	}
	return &copied
}

// Close ends the answer. It may be called again, and beside Next.
func (s *stream) Close() error {
	s.end(nil)
	return nil
}

// cut is the end that Close of the client brings.
func (s *stream) cut() {
	s.cancel(errClosed)
	s.mu.Lock()
	begun := s.begun != nil && !s.ended
	s.mu.Unlock()
	if begun {
		s.end(errClosed)
	}
}

// end gives back what the answer holds, and reports what it cost. Only the first end counts.
func (s *stream) end(err error) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended, s.err = true, err
	begun := s.begun
	s.mu.Unlock()
	s.took.Store(int64(time.Since(s.began)))
	s.cancel(err)
	if begun != nil {
		begun.close()
	}
	base.AddStats(s.caller, s.cost())
	s.client.out(s)
}

// cost is what only the source knows of an answer.
func (s *stream) cost() base.Stats {
	n, e := s.rows.Load(), s.execution()
	if s.most > 0 {
		n = min(n, s.most)
	}
	out := base.Stats{QueryID: e.ID, Rows: n}
	if s.ask == nil { // the query was somebody else's, who has counted what it cost
		return out
	}
	out.BytesRead, out.Cost = e.BytesScanned, e.Cost
	if limit := s.ask.query.MaxScan; limit > 0 && e.BytesScanned > limit {
		out.Notes = append(out.Notes, fmt.Sprintf("the query read %d bytes, and %d are allowed: it had ended before that was seen", e.BytesScanned, limit))
	}
	if e.Reused {
		out.Age = s.ask.reuse()
		out.Notes = append(out.Notes, fmt.Sprintf("the answer is that of an earlier query, up to %s old", s.ask.reuse()))
	}
	return out
}

// Stats is what answering has cost so far.
func (s *stream) Stats() base.Stats {
	stats := s.cost()
	stats.Source, stats.Op, stats.Calls, stats.Attempts = s.client.Name(), s.op.Name, 1, 1
	if stats.Elapsed = time.Duration(s.took.Load()); stats.Elapsed == 0 {
		stats.Elapsed = time.Since(s.began)
	}
	return stats
}

// ResultsOptions bounds an answer that is read by the id of its query. The zero value takes the caps of Config.
type ResultsOptions struct {
	MaxRows  int64         // 0 = Config.MaxRows, negative = no cap; never above Config.MaxRows
	MaxBytes int64         // 0 = Config.MaxBytes, negative = no cap; never above Config.MaxBytes
	Timeout  time.Duration // of the whole answer, the wait for the query included; 0 = what the context says
}

var opResults = method("Results")

// Results waits for the end of a query that [Client.StartQuery] started, in this process or another, and returns its answer
// as [Client.Query] does. The query is not stopped when the context ends: it is asked for again by its id.
func (c *Client) Results(ctx context.Context, id string, o ResultsOptions) (*rows.Rows, error) {
	if err := c.checkID(opResults, id); err != nil {
		return nil, err
	}
	if o.Timeout < 0 {
		return nil, c.invalid(opResults, errors.New("timeout: negative; 0 takes that of the context"))
	}
	s := c.newStream(ctx, opResults, o.Timeout, nil)
	s.id, s.most = id, partition.Capped(o.MaxRows, c.config.MaxRows)
	if err := s.resume(); err != nil {
		return nil, err
	}
	return rows.New(s, rows.Options{
		Source: c.Name(), Op: opResults.Name, MaxRows: s.most, MaxBytes: partition.Capped(o.MaxBytes, c.config.MaxBytes),
	}), nil
}

// resume waits for the end of a query that was started elsewhere.
func (s *stream) resume() error {
	s.client.in(s)
	var last Execution
	err := s.guarded(func(ctx context.Context) error {
		for {
			e, err := s.client.execution(ctx, s.id)
			if err != nil {
				return withQuery(err, s.id)
			}
			if last = e; e.Done() {
				return withoutRetry(e.Err(), s.id)
			}
			if err := sleep(ctx, pause(time.Since(s.began))); err != nil {
				return withQuery(err, s.id)
			}
		}
	})
	s.note(last)
	if err != nil {
		return s.fail(err)
	}
	return s.begin(last, selecting(last.SQL))
}

// withoutRetry is the failure of a query that is not ours to run anew.
func withoutRetry(err error, id string) error {
	if err == nil {
		return nil
	}
	e, _ := errors.AsType[*base.Error](withQuery(err, id))
	return e.WithoutRetry()
}

// selecting reports whether the answer of a statement begins with the names of its columns.
func selecting(sql string) bool {
	all, err := sqlguard.Lex(sql)
	return err == nil && sqlguard.Selects(all)
}
