package rows

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"sync/atomic"

	"github.com/fourkites/sources/base"
)

// Options says whose answer it is and how much of it may be handed out.
type Options struct {
	Source, Op string // of the errors
	MaxRows    int64  // handed out at most; zero or negative = no cap
	MaxBytes   int64  // decoded bytes handed out at most; zero or negative = no cap
	Advice     string // how to see the rest of an answer that was cut; empty = a general one
}

// Rows is the answer of one query. It holds a connection and a permit until it is closed, which the end of the answer,
// an error, the end of any iterator over it, and Close do. It is not safe for concurrent use, Close excepted.
type Rows struct {
	cursor  Cursor
	options Options
	columns []Column

	batch   *Batch // the present one
	row     int    // of Next
	seen    int64
	bytes   int64
	err     error
	outcome base.Outcome
	over    bool // rows of the present batch are kept back, for they are above the cap
	begun   bool // something reads them, so that a loop would not see them all
	left    atomic.Bool
	scans   []filler
	targets []reflect.Type
}

// New wraps a cursor. The Rows own it and close it.
func New(cursor Cursor, options Options) *Rows {
	return &Rows{cursor: cursor, options: options, columns: cursor.Columns(), row: -1}
}

// Columns are the columns of the answer. They must not be written to.
func (r *Rows) Columns() []Column { return r.columns }

// Outcome is what the answer is worth: base.Pending until it has ended, and for ever after a loop over it was left by break
// or return, or Close came before the end. Rows that do not fit what they are read into end it too.
func (r *Rows) Outcome() base.Outcome { return r.outcome }

// Stats is what the answer cost so far; final when it has ended.
func (r *Rows) Stats() base.Stats {
	s := r.cursor.Stats()
	s.Rows = r.seen
	return s
}

// Err is why the answer ended early: nil at its proper end, and when it was left.
func (r *Rows) Err() error {
	if errors.Is(r.err, io.EOF) || errors.Is(r.err, errLeft) {
		return nil
	}
	return r.err
}

// Close gives everything back; what has not been read is cancelled at the server. It may be called again.
func (r *Rows) Close() error {
	r.left.Store(true)
	return r.cursor.Close()
}

var errLeft = errors.New("rows: closed")

// end is the last thing that happens to an answer.
func (r *Rows) end(err error) {
	r.err, r.batch = err, nil
	_ = r.cursor.Close()
	switch {
	case errors.Is(err, errLeft):
		return
	case errors.Is(err, io.EOF):
		err = nil
	}
	r.outcome = base.OutcomeOf(int(r.seen), err)
}

// fail ends an answer whose rows do not fit what they are read into, after the rows that were handed out.
func (r *Rows) fail(handed int64, err error) error {
	if r.err == nil {
		r.seen = handed
		r.end(r.invalid(err))
	}
	return r.invalid(err)
}

// fetch brings the next batch, cut to what may be handed out; false at the end.
func (r *Rows) fetch() (*Batch, bool) {
	if r.err == nil && r.left.Load() {
		r.err, r.batch = errLeft, nil
	}
	if r.err != nil {
		return nil, false
	}
	if r.over {
		r.end(r.cut())
		return nil, false
	}
	b, err := r.cursor.Next()
	if err != nil {
		if r.left.Load() && !errors.Is(err, io.EOF) {
			err = errLeft
		}
		r.end(err)
		return nil, false
	}
	n := r.allowed(b)
	if n == 0 {
		r.end(r.cut())
		return nil, false
	}
	if n < b.n {
		r.over = true
		b = &Batch{columns: b.columns, vectors: b.vectors, n: n}
	}
	r.bytes += b.Size()
	r.seen += int64(n)
	r.batch = b
	return b, true
}

// allowed is how many rows of the batch may be handed out.
func (r *Rows) allowed(b *Batch) int {
	n := int64(b.n)
	if r.options.MaxRows > 0 {
		n = min(n, r.options.MaxRows-r.seen)
	}
	if limit := r.options.MaxBytes; limit > 0 && r.bytes+b.size(int(n)) > limit {
		n = min(n, int64(b.head(limit-r.bytes)))
	}
	return int(n)
}

// cut is the error of an answer of which there is more.
func (r *Rows) cut() error {
	advice := r.options.Advice
	if advice == "" {
		advice = "narrow the question, or raise the cap"
	}
	missing := fmt.Sprintf("more rows than MaxRows %d; %s", r.options.MaxRows, advice)
	if r.options.MaxRows <= 0 || r.seen < r.options.MaxRows {
		missing = fmt.Sprintf("more bytes than MaxBytes %d; %s", r.options.MaxBytes, advice)
	}
	return base.NewIncomplete(base.Truncated, r.options.Source, r.options.Op, r.seen, missing, nil)
}

// Looper is a Cursor that wants to know while a loop body of its reader runs, for a call in the body can wait for what
// the cursor itself holds. leave is called when the loop ends.
type Looper interface {
	Loop() (leave func())
}

// Batches yields the answer as columns. A batch is valid until the loop asks for the next. The Rows are closed at the
// end. They can be read once: a loop over Rows that were read from, or closed, yields a base.ErrInvalid, as it does with
// All.
func (r *Rows) Batches() iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		if r.begun || r.left.Load() {
			yield(nil, base.Invalid(r.options.Source, r.options.Op, "rows: read from or closed already; ask anew, or keep what was read"))
			return
		}
		r.begun = true
		defer func() { _ = r.Close() }()
		if c, ok := r.cursor.(Looper); ok {
			defer c.Loop()()
		}
		for {
			b, ok := r.fetch()
			if !ok {
				break
			}
			if !yield(b, nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// All yields the answer row by row. A row is valid until the loop asks for the next. The Rows are closed at the end.
func (r *Rows) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for b, err := range r.Batches() {
			if err != nil {
				yield(Row{}, err)
				return
			}
			for i := range b.n {
				if !yield(Row{b, i}, nil) {
					return
				}
			}
		}
	}
}

// Next goes to the next row; false at the end, and then Err says whether it came early. The caller closes the Rows.
func (r *Rows) Next() bool {
	r.begun = true
	if r.batch != nil && !r.left.Load() && r.row+1 < r.batch.n {
		r.row++
		return true
	}
	if _, ok := r.fetch(); !ok {
		return false
	}
	r.row = 0
	return true
}

// Row is the row that Next went to.
func (r *Rows) Row() Row { return Row{r.batch, r.row} }
