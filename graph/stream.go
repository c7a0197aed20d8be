package graph

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// ask is one logical query; open is one attempt at it.
type ask struct {
	client *Client
	op     *base.Op
	query  Query
	caller context.Context
	own    bool // the statement is of this package

	began    time.Time // zero = with the attempt
	attempts int
}

// open begins a transaction, has the statement checked, and waits for the first rows.
func (a *ask) open(ctx context.Context) (*stream, error) {
	a.attempts++
	t, err := a.client.begin(ctx, a, neo4j.AccessModeRead)
	if err != nil {
		return nil, err
	}
	s := newStream(ctx, a, t)
	if err := t.entry.shield(s.begin); err != nil {
		return nil, s.fail(err)
	}
	return s, nil
}

// stream is the answer of one query as it arrives: the cursor below rows.Rows.
type stream struct {
	client *Client
	op     *base.Op
	ask    *ask
	ctx    context.Context // of the attempt: it ends with the hold
	quiet  context.Context // that the driver reads with
	tx     *transaction
	result neo4j.ResultWithContext
	idle   time.Duration
	began  time.Time // of the call, its earlier attempts included
	tries  int
	stop   func() bool // of the watch over ctx

	columns []rows.Column
	vectors []rows.Any
	first   int   // rows that have arrived and were not handed out
	pending error // why there are no more rows than those that were handed out
	count   atomic.Int64
	took    atomic.Int64 // nanoseconds; set at the end

	reading sync.Mutex // over the driver
	once    sync.Once
	mu      sync.Mutex
	hold    *base.Hold
	ended   bool
	paid    bool  // the call was settled
	err     error // typed, of the end, once that was settled
	cancel  context.CancelFunc
}

func newStream(ctx context.Context, a *ask, t *transaction) *stream {
	s := &stream{
		client: a.client, op: a.op, ask: a, ctx: ctx, quiet: t.quiet(ctx), tx: t, began: cmp.Or(a.began, time.Now()),
		tries: max(1, a.attempts), idle: max(0, a.client.guard.Limits().Idle.D()),
	}
	t.watch(s.idle)
	s.mu.Lock() // the context may have ended already, and then interrupt runs at once
	defer s.mu.Unlock()
	s.stop = context.AfterFunc(ctx, s.interrupt)
	return s
}

// begin runs the statement and waits for its first rows, or the end of an answer without any.
func (s *stream) begin() error {
	s.reading.Lock()
	defer s.reading.Unlock()
	if !s.ask.own {
		if err := s.plan(); err != nil {
			return err
		}
	}
	var err error
	if s.result, err = s.tx.Run(s.quiet, s.ask.query.Cypher, s.ask.query.Args); err != nil {
		return err
	}
	keys, err := s.result.Keys()
	if err != nil {
		return err
	}
	s.columns = make([]rows.Column, len(keys))
	for i, key := range keys {
		s.columns[i] = rows.Column{Name: key, Type: "ANY", Nullable: true}
	}
	s.vectors = make([]rows.Any, len(keys))
	s.first = s.read(firstBatch)
	if s.first == 0 && !errors.Is(s.pending, io.EOF) {
		return s.pending
	}
	return nil
}

// fail ends an attempt that has no rows, and gives its error.
func (s *stream) fail(err error) error {
	err = s.tx.reason(s.ctx, err, false)
	s.end(err)
	return err
}

const (
	firstBatch = 16 // rows of the first batch, which the caller waits for
	batch      = 1024
)

// read gathers up to n rows and says how many came; why there were no more stands in pending.
func (s *stream) read(n int) int {
	for i := range s.vectors {
		s.vectors[i] = s.vectors[i][:0]
		if cap(s.vectors[i]) < n {
			s.vectors[i] = make(rows.Any, 0, n)
		}
	}
	var record *neo4j.Record
	for i := range n {
		if !s.result.NextRecord(s.quiet, &record) {
			s.pending = cmp.Or(s.result.Err(), io.EOF)
			return i
		}
		if len(record.Values) != len(s.vectors) {
			s.pending = &malformedError{"a record has another number of values than the answer has columns"}
			return i
		}
		for j, v := range record.Values {
			p, why := plain(v)
			if why != "" {
				s.pending = &valueError{s.client.guard.Clean(s.columns[j].Name), s.client.guard.Clean(why)}
				for k := range j {
					s.vectors[k] = s.vectors[k][:i]
				}
				return i
			}
			s.vectors[j] = append(s.vectors[j], p)
		}
	}
	return n
}

// Columns are known once the first rows have arrived.
func (s *stream) Columns() []rows.Column { return s.columns }

// Next is the next batch; io.EOF at the end of the answer, else a typed error.
func (s *stream) Next() (*rows.Batch, error) {
	n, err := s.next()
	if n == 0 {
		if errors.Is(err, io.EOF) {
			return nil, s.endOr(nil, io.EOF)
		}
		return nil, s.endOr(err, err)
	}
	s.count.Add(int64(n))
	vectors := make([]rows.Vector, len(s.vectors))
	for i, v := range s.vectors {
		vectors[i] = v
	}
	return rows.NewBatch(s.columns, vectors, n), nil
}

func (s *stream) next() (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	switch {
	case ended:
		return 0, io.EOF
	case s.first > 0:
		n := s.first
		s.first = 0
		return n, nil
	case s.pending == nil:
		n := 0
		if err := s.tx.entry.shield(func() error { n = s.read(batch); return nil }); err != nil {
			n, s.pending = 0, err
		}
		if n > 0 {
			return n, nil
		}
	}
	if errors.Is(s.pending, io.EOF) {
		return 0, io.EOF
	}
	return 0, s.tx.reason(s.ctx, s.pending, false)
}

// endOr ends the answer and returns its typed error, else the other one.
func (s *stream) endOr(err, otherwise error) error {
	s.end(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return otherwise
}

// Close ends the answer; what the server has not sent is cancelled. It may be called again, and beside Next.
func (s *stream) Close() error {
	s.end(nil)
	return nil
}

// interrupt runs when the context of the answer ends, whether somebody reads or not.
func (s *stream) interrupt() {
	s.tx.cut()
	s.end(&callError{id: s.tx.id, err: context.Cause(s.ctx)})
}

// Loop tells the guard that a loop body of the reader runs: a query in it can wait for this answer's own permit.
func (s *stream) Loop() (leave func()) { return s.hold.Loop() }

// attach hands over what the answer keeps after the call. The answer may have ended meanwhile.
func (s *stream) attach(hold *base.Hold, cancel context.CancelFunc) {
	s.mu.Lock()
	s.hold, s.cancel = hold, cancel
	ended, err := s.ended, s.err
	s.mu.Unlock()
	if ended {
		s.settle(err)
	}
}

// leaveWait is how long an answer that was left waits for the server to take its ROLLBACK, at most.
const leaveWait = time.Second

// patience is how long the server may take over a ROLLBACK: never beyond the call's own time.
func patience(ctx context.Context) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	if end, bounded := ctx.Deadline(); bounded {
		return min(leaveWait, time.Until(end))
	}
	return leaveWait
}

// end rolls the transaction back, or cuts it, and settles the call. Only the first end counts; a second one waits for it.
func (s *stream) end(err error) {
	s.once.Do(func() {
		s.took.Store(int64(time.Since(s.began)))
		s.mu.Lock()
		s.stop()
		s.ended, s.err = true, err
		s.mu.Unlock()
		if !s.reading.TryLock() { // somebody waits for rows, and for nothing else any more
			s.tx.cut()
			s.reading.Lock()
		}
		defer s.reading.Unlock()
		if err != nil && s.ctx.Err() != nil {
			s.tx.cut()
		}
		s.tx.end(patience(s.ctx))
		s.settle(err)
	})
}

// settle ends the hold and reports what the answer cost.
func (s *stream) settle(err error) {
	s.mu.Lock()
	hold, cancel := s.hold, s.cancel
	due := hold != nil && !s.paid // without a hold the call itself fails, or has not returned yet
	s.paid = s.paid || due
	s.mu.Unlock()
	if !due {
		return
	}
	base.AddStats(s.ask.caller, s.cost())
	if typed := hold.End(err); typed != nil {
		s.mu.Lock()
		s.err = typed
		s.mu.Unlock()
	}
	cancel()
}

// cost is what only the source knows of an answer.
func (s *stream) cost() base.Stats {
	n := s.count.Load()
	if limit := s.ask.query.MaxRows; limit > 0 {
		n = min(n, limit)
	}
	return base.Stats{QueryID: s.tx.id, Rows: n}
}

// Stats is what answering has cost so far.
func (s *stream) Stats() base.Stats {
	stats := s.cost()
	stats.Source, stats.Op, stats.Calls, stats.Attempts = s.client.Name(), s.op.Name, 1, s.tries
	if stats.Elapsed = time.Duration(s.took.Load()); stats.Elapsed == 0 {
		stats.Elapsed = time.Since(s.began)
	}
	return stats
}

// discard reads an answer to its end.
func (s *stream) discard() error {
	defer func() { _ = s.Close() }()
	for {
		if _, err := s.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}
