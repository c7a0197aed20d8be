package trino

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/rest"
)

// stream is the answer of one statement, page by page: the cursor below rows.Rows. Between two pages it holds nothing
// but its place.
type stream struct {
	client  *Client
	ask     *ask
	bare    bool
	ctx     context.Context // ends with the answer
	cancel  context.CancelFunc
	unwatch func() bool   // under mu
	gone    chan struct{} // closed when the end is complete
	began   time.Time
	notes   []string

	// What the reader alone touches.
	table    table
	buffer   []byte // of a page or a segment as it came
	unpacked []byte // of a segment without its compression
	segments []segment
	encoding string
	told     <-chan struct{} // closed when the last segment was acknowledged; nil = none is being
	ready    int             // rows that the table holds and that were not handed out
	quiet    quiet

	rows, rowsRead, bytesRead, took atomic.Int64

	mu    sync.Mutex
	id    string
	next  string // path of the rest; empty before the start and after the end
	ended bool
	err   error // of the end
}

// open starts the statement and waits for its first rows, or its end.
func (a *ask) open(ctx context.Context, bare bool) (*stream, error) {
	s := &stream{client: a.client, ask: a, bare: bare, began: time.Now(), gone: make(chan struct{})}
	if a.query.Timeout > 0 {
		s.ctx, s.cancel = context.WithTimeout(ctx, a.query.Timeout)
	} else {
		s.ctx, s.cancel = context.WithCancel(ctx)
	}
	if bare {
		s.notes = []string{noteBare}
	}
	a.client.in(s) // so that Close can cut it; a closed client's guard refuses the call below
	err := s.guarded(s.start)
	if err != nil {
		s.abandon(err)
		return nil, err
	}
	if !bare {
		a.client.settable.Store(true)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwatch = context.AfterFunc(s.ctx, func() { s.end(context.Cause(s.ctx)) })
	return s, nil
}

// abandon ends an answer that has not begun.
func (s *stream) abandon(err error) {
	path := s.place()
	s.mu.Lock()
	cut := s.ended // by Close, which could not know the place that the attempt under way came to
	s.mu.Unlock()
	s.end(err)
	if cut && path != "" {
		s.client.stop(path)
	}
}

// start is one attempt: it sends the statement, or goes on where the last attempt lost a page.
func (s *stream) start(ctx context.Context) error {
	if s.place() == "" {
		s.table, s.segments, s.ready, s.quiet = table{}, nil, 0, quiet{}
		if err := s.post(ctx); err != nil {
			return err
		}
	}
	for s.ready == 0 && len(s.segments) == 0 && s.place() != "" {
		err := s.page(ctx)
		if hasCode(err, gone) { // the coordinator was restarted: it is as if the statement had never been sent
			s.move("", "")
			return forgotten(err)
		}
		if err != nil {
			return err
		}
	}
	if s.table.cells == nil {
		return withQuery(malformed("the statement ended without columns"), s.queryID())
	}
	return nil
}

const hintGone = "the coordinator does not know the query any more: it was restarted, or the rows were not read in time; " +
	"ask again"

func (s *stream) post(ctx context.Context) error {
	answer, err := s.client.once(ctx, rest.Request{
		Op: s.ask.op, Method: http.MethodPost, Path: "/v1/statement", Body: []byte(s.ask.body), Header: s.ask.headers(s.bare),
		Buffer: s.buffer,
	})
	if err != nil {
		return err
	}
	return s.absorb(answer.Body)
}

// page fetches the next page.
func (s *stream) page(ctx context.Context) error {
	if err := s.quiet.pace(ctx, s.client.config.MaxExecution.D()); err != nil {
		return withQuery(err, s.queryID())
	}
	answer, err := s.client.once(ctx, rest.Request{Op: s.ask.op, Method: http.MethodGet, Path: s.place(), Buffer: s.buffer})
	if err != nil {
		return withQuery(soon(err), s.queryID())
	}
	return s.absorb(answer.Body)
}

// soon adds the wait that the protocol asks for when a link could not be served.
func soon(err error) error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.RetryAfter > 0 || !hasCode(err, passing) {
		return err
	}
	copied := *e
	copied.RetryAfter = 50*time.Millisecond + rand.N(40*time.Millisecond) // the guard adds up to a tenth
	return &copied
}

// absorb takes in what a page brought. A page with an error ends the statement at the server.
func (s *stream) absorb(body []byte) error {
	s.buffer = body
	p, err := parsePage(body, &s.table)
	path := ""
	if err == nil && p.next != "" && p.failure == nil {
		path, err = s.client.own(p.next)
	}
	p.id, p.stats.State = s.client.idOf(p.id, s.queryID()), stateOf(p.stats.State)
	id := p.id
	if err != nil {
		if s.place() == "" && id != "" { // the statement runs, and what would stop it cannot be read
			s.move(id, queryPath(id))
		}
		return withQuery(s.client.cleaned(err), id)
	}
	s.move(id, path)
	s.ready, s.segments, s.encoding = p.rows, p.segments, p.encoding
	s.quiet.note(p.rows > 0 || len(p.segments) > 0)
	s.rowsRead.Store(p.stats.Rows)
	s.bytesRead.Store(p.stats.bytesRead())
	if report := s.ask.query.Progress; report != nil {
		report(p.progress())
	}
	if p.failure != nil {
		return withQuery(s.client.cleaned(p.failure), id)
	}
	return nil
}

func (s *stream) move(id, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != "" {
		s.id = id
	}
	s.next = path
}

func (s *stream) place() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

func (s *stream) queryID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

// Columns are known once the first page has arrived.
func (s *stream) Columns() []rows.Column { return s.table.columns }

// Next is the next batch; io.EOF at the end of the answer, else a typed error.
func (s *stream) Next() (*rows.Batch, error) {
	s.mu.Lock()
	ended, err := s.ended, s.err
	s.mu.Unlock()
	if ended {
		<-s.gone
	}
	switch {
	case ended && err != nil:
		return nil, s.typed(err)
	case ended:
		return nil, io.EOF
	}
	for s.ready == 0 {
		more, err := s.advance()
		if err != nil {
			s.end(err)
			return nil, err
		}
		if !more {
			s.end(nil)
			return nil, io.EOF
		}
	}
	n := s.ready
	s.ready = 0
	s.rows.Add(int64(n))
	return s.table.batch(n), nil
}

// advance brings what comes next: a segment, or a page. Each is one guarded call that may be repeated.
func (s *stream) advance() (more bool, err error) {
	s.settle()
	switch {
	case len(s.segments) > 0:
		err = s.guarded(s.segment)
	case s.place() != "":
		err = s.guarded(func(ctx context.Context) error { return final(s.page(ctx)) })
		err = forgotten(err)
	default:
		return false, nil
	}
	return err == nil, err
}

// settle waits for the acknowledgement under way, so that there is never more than one.
func (s *stream) settle() {
	if s.told == nil {
		return
	}
	select {
	case <-s.told:
	case <-s.ctx.Done():
	}
	s.told = nil
}

// final marks the failure of a statement of which rows were handed out: nothing of it may be repeated.
func final(err error) error {
	if _, ok := errors.AsType[*ServerError](err); !ok {
		return err
	}
	copied := *classify(err)
	if e, ok := errors.AsType[*base.Error](err); ok {
		copied = *e
	}
	return copied.WithoutRetry()
}

// forgotten is the error of a link to a query that the coordinator does not know. That says nothing of the data: it is
// the server that failed, so its Kind is not that of the status.
func forgotten(err error) error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok || !hasCode(err, gone) {
		return err
	}
	copied := *e
	copied.Kind = base.KindUnavailable
	copied.SetHint(base.HintOf(hintGone))
	return &copied
}

func (s *stream) guarded(f func(context.Context) error) error {
	_, err := base.Do(s.ctx, s.client.guard, s.ask.op, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return s.explained(err)
}

// explained adds to a call's error what the guard does not know: the query, and what a deadline may have been.
func (s *stream) explained(err error) error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok {
		return err
	}
	copied := *e
	if copied.QueryID == "" {
		copied.QueryID = s.queryID()
	}
	if copied.Kind == base.KindDeadline && copied.Hint == "" {
		copied.SetHint(base.HintOf("the caller's deadline or the timeout of the query passed; narrow the window, or give it longer"))
	}
	return &copied
}

// segment takes in the first of the segments that wait.
func (s *stream) segment(ctx context.Context) error {
	g := s.segments[0]
	var b []byte
	var err error
	if g.Type == "inline" {
		b, err = g.inline()
	} else {
		b, err = s.client.fetchSegment(ctx, g, s.buffer)
		s.buffer = b
	}
	if err == nil {
		b, err = s.client.unzip.rows(g, s.encoding, b, s.unpacked)
	}
	if err != nil {
		return withQuery(s.client.cleaned(err), s.queryID())
	}
	if s.encoding == encodingZstd && g.Metadata.Uncompressed != nil {
		s.unpacked = b
	}
	n, err := s.rowsOf(b)
	if err == nil && g.Metadata.Rows > 0 && g.Metadata.Rows != int64(n) {
		err = malformed("a segment of %d rows, and %d were announced", n, g.Metadata.Rows)
	}
	if err != nil {
		return withQuery(s.client.cleaned(err), s.queryID())
	}
	s.segments, s.ready, s.told = s.segments[1:], n, s.client.acknowledge(g)
	return nil
}

func (s *stream) rowsOf(b []byte) (int, error) {
	in := &input{b: b}
	n, err := s.table.decode(in)
	if err == nil && in.peek() != 0 {
		err = malformed("something follows the rows of a segment")
	}
	return n, err
}

// typed is the error of an answer that somebody else has ended.
func (s *stream) typed(err error) error {
	if _, ok := errors.AsType[*base.Error](err); ok {
		return err
	}
	e := classify(err)
	if errors.Is(err, context.DeadlineExceeded) {
		e.Kind = base.KindDeadline
	}
	e.Source, e.Op = s.client.Name(), s.ask.op.Name
	return s.explained(e)
}

// Close ends the answer; what the server has not sent is cancelled there. It waits for that at most a second. It may be
// called again, and beside Next.
func (s *stream) Close() error {
	stopped := s.end(nil)
	if stopped == nil {
		return nil
	}
	timer := time.NewTimer(stopWait)
	defer timer.Stop()
	select {
	case <-stopped:
	case <-timer.C:
	}
	return nil
}

// cut is the end that Close brings.
func (s *stream) cut() { s.end(errClosed) }

// end stops the server if it still works on the answer, and reports what the answer cost. Only the first end counts. The
// channel is closed when the server has been told; it is nil where nothing had to be said.
func (s *stream) end(err error) <-chan struct{} {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		<-s.gone // what the answer cost has been reported when any end returns
		return nil
	}
	defer close(s.gone)
	s.ended, s.err = true, err
	path, unwatch := s.next, s.unwatch
	s.mu.Unlock()
	s.took.Store(int64(time.Since(s.began)))
	if unwatch != nil {
		unwatch()
	}
	s.cancel()
	base.AddStats(s.ask.caller, s.cost())
	var stopped <-chan struct{}
	if path != "" {
		stopped = s.client.stop(path)
	}
	s.client.out(s)
	return stopped
}

// cost is what only the source knows of an answer.
func (s *stream) cost() base.Stats {
	n := s.rows.Load()
	if limit := s.ask.query.MaxRows; limit > 0 {
		n = min(n, limit)
	}
	return base.Stats{QueryID: s.queryID(), Rows: n, RowsRead: s.rowsRead.Load(), BytesRead: s.bytesRead.Load(), Notes: s.notes}
}

// Stats is what answering has cost so far.
func (s *stream) Stats() base.Stats {
	stats := s.cost()
	stats.Source, stats.Op, stats.Calls, stats.Attempts = s.client.Name(), s.ask.op.Name, 1, 1
	if stats.Elapsed = time.Duration(s.took.Load()); stats.Elapsed == 0 {
		stats.Elapsed = time.Since(s.began)
	}
	return stats
}
