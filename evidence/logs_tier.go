package evidence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

const (
	// logBatch is how many records a reader hands over at a time.
	logBatch = 64
	// maxLogCall is how many records a source is asked for at a time: what the sources of this module gather, at most, so
	// that they hold no permit while the records are handed out.
	maxLogCall = 10_000
	// maxInstant is how many records of one instant a tier may have.
	maxInstant = 50_000
)

var (
	// errLeft ends a reader whose records nobody wants any more.
	errLeft = errors.New("the list was left")
	// errSlow ends a call that took the time of the sources behind it.
	errSlow = errors.New("its share of the time has passed")
)

// logBatchOf is whole instants of one source of a tier, in order.
type logBatchOf struct {
	source  int
	records []logs.Record
}

// tierReader reads the part of the window that belongs to one tier, from its sources one after the other, in a goroutine
// of its own. Its fields but batches are for whoever runs it, and after it has ended for all.
type tierReader struct {
	query   logs.Query
	newest  bool
	window  base.Window // of the tier
	sources []logs.Source
	first   int // records that the first call asks for
	batches chan logBatchOf

	left    base.Window   // what is still to be asked
	held    []logs.Record // of the instant at which the call before broke off
	pending []logs.Record // of the instant that is being read
	batch   logBatchOf
	last    time.Time // of the last record of the running call; zero = none yet
	parts   []LogPart // by source
	failure error     // of its last source; nil where it ended or was stopped
}

func newTierReader(l *logQuestion, t LogTier, window base.Window) *tierReader {
	r := &tierReader{
		query: l.query, newest: l.newest(), window: window, left: window, sources: t.Sources, first: maxLogCall,
		batches: make(chan logBatchOf),
	}
	if l.limit >= 0 { // two batches more, so that a list that is cut needs no second call
		r.first = min(l.limit+1+2*logBatch, maxLogCall)
	}
	for _, s := range t.Sources {
		p := LogPart{Source: s.Name(), Outcome: skipped, Reason: "not needed"}
		if lesser, ok := s.(LesserSource); ok {
			p.Degraded = lesser.Degrades()
		}
		r.parts = append(r.parts, p)
	}
	return r
}

// start runs the reader; its batches are closed when it has ended.
func (r *tierReader) start(ctx context.Context, running *sync.WaitGroup) {
	running.Go(func() {
		defer close(r.batches)
		r.failure = base.NewError(base.KindInternal, nil).WithText("the source ended the goroutine that asked it")
		r.failure = r.run(ctx)
	})
}

// run asks one source after the other until one has come to the end.
func (r *tierReader) run(ctx context.Context) error {
	var failures []error
	for i, s := range r.sources {
		err := r.read(ctx, i, s)
		if err == nil || ctx.Err() != nil {
			return r.stopped(ctx, err)
		}
		failures = append(failures, err)
	}
	r.push(r.held)
	return r.stopped(ctx, errors.Join(errors.Join(failures...), r.flush(ctx)))
}

// stopped is why the reader ended, nil where it did not fail: it came to the end, or nobody wanted more.
func (r *tierReader) stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// read asks one source for what is left, part after part, and keeps its account.
func (r *tierReader) read(ctx context.Context, i int, s logs.Source) error {
	p := &r.parts[i]
	p.Asked, p.Reason = r.left, ""
	if i > 0 {
		before := r.parts[i-1]
		p.Degraded = joinedText(fmt.Sprintf("in the place of %s: %s", before.Source, before.Reason), p.Degraded)
	}
	if isDown(ctx, s) {
		p.Reason = "the source is down"
		return base.NewError(base.KindUnavailable, nil).WithText(p.Source + ": " + p.Reason)
	}
	r.batch.source = i
	began := time.Now()
	var stats base.Stats
	given, err := r.parted(base.WithStats(ctx, &stats), s, len(r.sources)-i)
	failed := r.flush(ctx)
	if err == nil {
		err = failed
	}
	p.account(given, err, stats, time.Since(began))
	p.left = err != nil && errors.Is(context.Cause(ctx), errLeft)
	p.Covered = r.covered(p.Asked, err)
	return err
}

// isDown says whether a source that can tell is down.
func isDown(ctx context.Context, s logs.Source) (down bool) {
	h, ok := s.(HealthSource)
	if ok {
		_, _ = guarded(ctx, func(context.Context) (int, error) {
			down = h.Health().State == base.Down
			return 0, nil
		})
	}
	return down
}

// covered is what of the window that a source was asked for it has answered wholly.
func (r *tierReader) covered(asked base.Window, err error) base.Window {
	switch {
	case err == nil:
	case r.newest:
		asked.From = r.left.To
	default:
		asked.To = r.left.From
	}
	return forward(asked)
}

// parted asks for what is left, some records at a time. sources is how many are left to share the time, this one
// included.
func (r *tierReader) parted(ctx context.Context, s logs.Source, sources int) (given int, err error) {
	for n := r.first; ; {
		got, err := r.call(ctx, s, n, sources)
		given += got
		if err == nil {
			r.settle()
			return given, nil
		}
		before := r.left
		r.interrupt()
		if !errors.Is(err, base.ErrTruncated) || errors.Is(err, base.ErrPartial) {
			return given, err
		}
		switch {
		case r.left != before:
			n = maxLogCall
		case got >= n && n < maxInstant: // all of them of one instant
			n = min(4*n, maxInstant)
		default:
			return given, base.NewError(base.KindTooLarge, nil).WithText(fmt.Sprintf(
				"more than %d records of one instant (%s), which it does not hand out at once; narrow the question", got, r.at()))
		}
	}
}

// at is where the list broke off.
func (r *tierReader) at() string {
	if len(r.held) == 0 {
		return "none was given"
	}
	return r.held[0].Time.UTC().Format(time.RFC3339Nano)
}

// call asks once for at most n records of what is left. The sequence of the source ends before it returns.
func (r *tierReader) call(ctx context.Context, s logs.Source, n, sources int) (got int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slow := r.patience(ctx, sources, func() { cancel(errSlow) })
	defer slow.Stop()
	q := r.query
	q.Window, q.Limit = r.left, n
	r.last = time.Time{}
	var told error // the source's own, or what is wrong with a record; it counts more than a panic of one that goes on
	_, err = guarded(ctx, func(ctx context.Context) (int, error) {
		for record, failed := range s.Logs(ctx, q) {
			if got == 0 {
				slow.Stop()
			}
			if told = failed; told == nil {
				told = r.take(ctx, record)
			}
			if told != nil {
				return 0, told
			}
			got++
		}
		return 0, nil
	})
	if told != nil {
		err = told
	}
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		err = base.NewError(base.KindAttemptTimeout, err).WithText("no record came within its share of the time")
	}
	return got, err
}

// patience gives a source its share of the deadline until its first record comes, if others could take over.
func (r *tierReader) patience(ctx context.Context, sources int, stop func()) *time.Timer {
	deadline, ok := ctx.Deadline()
	if !ok || sources < 2 {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return t
	}
	return time.AfterFunc(time.Until(deadline)/time.Duration(sources), stop)
}

// take adds one record of a source, which is held to its promises: a list in another order would lose records.
func (r *tierReader) take(ctx context.Context, record logs.Record) error {
	at := record.Time
	switch {
	case !r.left.Contains(at):
		return r.broken("a record of %s, outside of the window that was asked for", at)
	case !r.last.IsZero() && (r.newest && at.After(r.last) || !r.newest && at.Before(r.last)):
		return r.broken("a record of %s out of order", at)
	case len(r.pending) == maxInstant:
		return base.NewError(base.KindTooLarge, nil).WithText(fmt.Sprintf("more than %d records of one instant; narrow the question", maxInstant))
	}
	r.last = at
	if len(r.pending) == 0 && len(r.held) > 0 && !r.held[0].Time.Equal(at) {
		r.push(r.held)
		r.held = nil
	}
	if len(r.pending) > 0 && !r.pending[0].Time.Equal(at) {
		r.settle()
		if len(r.batch.records) >= logBatch {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
	}
	r.pending = append(r.pending, record)
	return nil
}

func (r *tierReader) broken(format string, at time.Time) error {
	return base.NewError(base.KindProtocol, nil).WithText("it gave " + fmt.Sprintf(format, at.UTC().Format(time.RFC3339Nano)))
}

// settle ends the instant that is being read.
func (r *tierReader) settle() {
	all, _ := joinInstant(r.held, r.pending)
	r.push(all)
	clear(r.pending)
	r.held, r.pending = nil, r.pending[:0]
}

// interrupt keeps the instant that a call broke off in: there may be more of it.
func (r *tierReader) interrupt() {
	r.held, _ = joinInstant(r.held, r.pending)
	r.pending = nil
	switch {
	case len(r.held) == 0:
	case r.newest:
		r.left.To = r.held[0].Time.UTC().Add(1)
	default:
		r.left.From = r.held[0].Time.UTC()
	}
}

// push adds the records of one instant to the batch.
func (r *tierReader) push(all []logs.Record) { r.batch.records = append(r.batch.records, all...) }

// flush hands the batch over, and waits until it is taken.
func (r *tierReader) flush(ctx context.Context) error {
	if len(r.batch.records) == 0 {
		return nil
	}
	select {
	case r.batches <- r.batch:
		r.batch.records = make([]logs.Record, 0, 2*logBatch)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
