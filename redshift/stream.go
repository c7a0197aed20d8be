package redshift

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// stream is the answer of one query as it arrives: the cursor below rows.Rows. A reader works on the connection; the
// stream takes its pages, and leaves it alone when the caller has gone: no wait of the driver is a wait of the caller.
type stream struct {
	client *Client
	op     *base.Op
	ctx    context.Context // of the attempt: it ends with the hold
	caller context.Context
	reader *reader
	id     string // of the session, to cancel it by
	limit  int64  // of the rows that are handed out
	idle   time.Duration
	began  time.Time // of the call, its earlier attempts included
	tries  int       // attempts of the call
	notes  []string
	lag    time.Duration // how old the answer may be
	stop   func() bool   // of the watch over ctx

	first   *page // has arrived and was not handed out
	current *page // is in the caller's hands
	rows    atomic.Int64
	took    atomic.Int64 // nanoseconds; set at the end

	once   sync.Once
	over   chan struct{} // closed by the first end
	mu     sync.Mutex
	hold   *base.Hold
	ended  bool
	paid   bool  // the call was settled
	err    error // typed, of the end, once that was settled
	cancel context.CancelFunc
}

func newStream(ctx context.Context, a *ask, pid uint32) *stream {
	s := &stream{
		client: a.client, op: a.op, ctx: ctx, caller: a.caller, id: strconv.FormatUint(uint64(pid), 10),
		limit: a.query.MaxRows, began: cmp.Or(a.began, time.Now()), tries: max(1, a.attempts), idle: max(0, a.client.guard.Limits().Idle.D()), over: make(chan struct{}),
	}
	if a.client.bare.Load() {
		s.notes = append(s.notes, noteBare)
	}
	if a.layout != nil {
		s.notes = append(s.notes, a.layout.notes...)
	}
	if a.layout != nil && a.layout.lags {
		s.behind(a.client.lagNow())
	}
	s.reader = newReader(ctx, a, pid)
	s.mu.Lock() // the context may have ended already, and then interrupt runs at once
	defer s.mu.Unlock()
	s.stop = context.AfterFunc(ctx, s.interrupt)
	return s
}

// begin waits for the first rows, or the end of an answer without any.
func (s *stream) begin() error {
	select {
	case p, ok := <-s.reader.full:
		if ok {
			s.first = p
			return nil
		}
		err := s.reader.err
		if cause := context.Cause(s.ctx); err != nil && cause != nil {
			err = cause
		}
		s.end(err)
		return err
	case <-s.ctx.Done():
		s.end(context.Cause(s.ctx))
		return context.Cause(s.ctx)
	}
}

// Columns are known once the first rows have arrived.
func (s *stream) Columns() []rows.Column { return s.reader.columns }

var errLeft = errors.New("redshift: the answer was left")

// Next is the next batch; io.EOF at the end of the answer, else a typed error.
func (s *stream) Next() (*rows.Batch, error) {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended { // perhaps by another goroutine that has not settled it yet
		return nil, s.endOr(nil, io.EOF)
	}
	if s.current != nil {
		s.reader.empty <- s.current // has room for every page
		s.current = nil
	}
	p, err := s.wait()
	if err != nil {
		return nil, err
	}
	s.current = p
	s.rows.Add(int64(p.n))
	return p.batch(s.reader.columns), nil
}

// wait takes the next page; the time that the caller takes between two pages does not count as silence.
func (s *stream) wait() (*page, error) {
	if p := s.first; p != nil {
		s.first = nil
		return p, nil
	}
	var silence <-chan time.Time
	if s.idle > 0 {
		timer := time.NewTimer(s.idle)
		defer timer.Stop()
		silence = timer.C
	}
	select {
	case p, ok := <-s.reader.full:
		switch {
		case ok:
			return p, nil
		case s.reader.err != nil:
			return nil, s.endOr(&queryError{s.id, s.reader.err}, s.reader.err)
		}
		return nil, s.endOr(nil, io.EOF)
	case <-s.over:
		return nil, s.endOr(nil, errLeft)
	case <-s.ctx.Done():
		cause := context.Cause(s.ctx)
		return nil, s.endOr(&queryError{s.id, cause}, cause)
	case <-silence:
		err := &silenceError{s.idle}
		return nil, s.endOr(&queryError{s.id, err}, err)
	}
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
func (s *stream) interrupt() { s.end(&queryError{s.id, context.Cause(s.ctx)}) }

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

const (
	// leaveWait is how long an answer that was left waits for its session, so that the permit comes back when the server
	// is free again; a session that takes longer is finished behind the caller's back.
	leaveWait = time.Second
	// lateWait is the same when the caller's time is up.
	lateWait = 25 * time.Millisecond
)

// end has the reader stop the server if that still works on the answer, and settles the call. Only the first end
// counts; a second one waits for it.
func (s *stream) end(err error) {
	s.once.Do(func() {
		s.took.Store(int64(time.Since(s.began)))
		s.mu.Lock()
		s.stop()
		s.ended, s.err = true, err
		s.mu.Unlock()
		close(s.over)
		if err != nil || s.ctx.Err() != nil {
			s.reader.leave(0)
			s.reader.wait(lateWait)
		} else {
			s.reader.leave(drainFor)
			s.reader.wait(leaveWait)
		}
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
	base.AddStats(s.caller, s.cost())
	if typed := hold.End(err); typed != nil {
		s.mu.Lock()
		s.err = typed
		s.mu.Unlock()
	}
	cancel()
}

// cost is what only the source knows of an answer.
func (s *stream) cost() base.Stats {
	n := s.rows.Load()
	if s.limit > 0 {
		n = min(n, s.limit)
	}
	return base.Stats{QueryID: s.id, Rows: n, Age: s.lag, Notes: s.notes}
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
