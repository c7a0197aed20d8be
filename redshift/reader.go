package redshift

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fourkites/sources/base/rows"
)

const (
	pages     = 3 // one in the caller's hands, one waiting, one being filled
	pageRows  = 8192
	pageBytes = 1 << 20

	// flushAfter hands out a page that is not full when rows come slowly.
	flushAfter = 20 * time.Millisecond
	flushEvery = 32 // rows between two looks at the clock

	// drainFor is how long an answer that was left is read on in the hope of its end: a request to cancel costs more.
	drainFor = 10 * time.Millisecond

	rollbackTimeout = 2 * time.Second
)

// reader owns a connection while one statement runs on it: it begins the transaction, reads the rows into pages, and
// rolls back. It is one goroutine, which the client waits for.
type reader struct {
	ask  *ask
	ctx  context.Context // of the statement; its end is a request to cancel
	stop context.CancelFunc
	pid  uint32

	full  chan *page    // closed at the end, after err was set
	empty chan *page    // has room for every page
	left  chan struct{} // nobody wants the rest
	done  chan struct{} // the connection was given back

	columns []rows.Column // before the first page, or the end
	err     error

	table   table
	page    *page
	made    int
	seen    int64
	began   time.Time // of the page
	target  int       // rows of the next page
	capped  bool      // all that may be handed out was
	leaving sync.Once
}

func newReader(ctx context.Context, a *ask, pid uint32) *reader {
	r := &reader{
		ask: a, pid: pid, full: make(chan *page, 1), empty: make(chan *page, pages),
		left: make(chan struct{}), done: make(chan struct{}), target: 1,
	}
	r.ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	return r
}

// leave says that nobody wants the rest; the server is told so after that time.
func (r *reader) leave(after time.Duration) {
	r.leaving.Do(func() {
		close(r.left)
		if after <= 0 {
			r.stop()
			return
		}
		timer := time.AfterFunc(after, r.stop)
		context.AfterFunc(r.ctx, func() { timer.Stop() })
	})
}

// wait waits until the connection was given back, but not for long.
func (r *reader) wait(most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
	}
}

func (r *reader) run(k *pgxpool.Conn) {
	defer close(r.done)
	defer r.stop()
	conn := k.Conn()
	stopped := false
	func() {
		defer close(r.full)
		defer func() {
			if value := recover(); value != nil { // a defect of the driver or of a decoder, fed by what a server sent
				r.err = malformed("a row that cannot be decoded: %T", value)
				_ = conn.PgConn().Conn().Close()
			}
		}()
		r.err = r.ask.client.fromDriver(r.read(conn))
		stopped = r.ctx.Err() != nil
	}()
	r.rollback(conn)
	if stopped && conn.IsClosed() {
		r.ask.client.kill(r.pid, r.ask.query.SQL)
	}
	r.ask.client.release(k)
}

// read runs the statement and hands its rows out.
func (r *reader) read(conn *pgx.Conn) error {
	if err := execAll(r.ctx, conn, r.ask.preamble()); err != nil {
		return notSent(r.ask.client.fromDriver(err))
	}
	if status := conn.PgConn().TxStatus(); status != 'T' {
		return notSent(malformed("the server began no transaction (status %q)", status))
	}
	answer, err := conn.Query(r.ctx, r.ask.query.SQL, r.ask.query.Args...)
	if err != nil {
		return err
	}
	defer answer.Close()
	if err := checkFields(answer.FieldDescriptions()); err != nil {
		r.stop()
		return err
	}
	r.table = newTable(answer.FieldDescriptions(), r.ask.layout)
	r.columns = r.table.columns
	for answer.Next() {
		more, err := r.add(answer.RawValues())
		if err != nil || !more {
			r.stop()
			return err
		}
	}
	answer.Close()
	if err := cmp.Or(answer.Err(), checkEnd(answer, r.seen)); err != nil && !r.capped {
		return err
	}
	r.hand()
	return nil
}

// add puts a row into the page; false when no more rows are wanted.
func (r *reader) add(values [][]byte) (bool, error) {
	if r.page == nil && !r.turn() {
		return false, nil
	}
	if err := r.page.add(&r.table, values); err != nil {
		return false, err
	}
	r.seen++
	limit := r.ask.query.MaxRows
	switch {
	case limit > 0 && r.seen == limit+1: // one row more proves that there are more
		r.capped = true
		r.hand()
		r.leave(drainFor)
		return true, nil
	case r.page.n >= r.target, r.page.size >= pageBytes, limit > 0 && r.seen == limit:
		r.target = min(pageRows, r.target*8)
		return r.hand(), nil
	case r.page.n%flushEvery == 0 && time.Since(r.began) > flushAfter:
		return r.hand(), nil
	}
	return true, nil
}

// turn takes an empty page.
func (r *reader) turn() bool {
	select {
	case r.page = <-r.empty:
	default:
		if r.made < pages {
			r.made++
			r.page = newPage(&r.table)
			break
		}
		select {
		case r.page = <-r.empty:
		case <-r.left:
			return r.drain()
		}
	}
	r.page.reset()
	r.began = time.Now()
	return true
}

// drain lets the rest of an answer that was left go by for a moment, in a page that nobody sees.
func (r *reader) drain() bool {
	if r.ctx.Err() != nil {
		return false
	}
	r.page = newPage(&r.table)
	return true
}

// hand gives the page to the caller; false when nobody wants it and the time to drain is over.
func (r *reader) hand() bool {
	if r.page == nil || r.page.n == 0 {
		return true
	}
	p := r.page
	select {
	case <-r.left: // a page that nobody takes is filled again
		p.reset()
		return r.ctx.Err() == nil
	default:
	}
	select {
	case r.full <- p:
		r.page = nil
		return true
	case <-r.left:
		p.reset()
		return r.ctx.Err() == nil
	}
}

// rollback ends the transaction. A connection that cannot be freed is closed by its release.
func (r *reader) rollback(conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), rollbackTimeout)
	defer cancel()
	_ = execAll(ctx, conn, "ROLLBACK")
}
