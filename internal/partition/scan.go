package partition

import (
	"context"
	"errors"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/cursor"
	"github.com/fourkites/sources/internal/output"
)

// MaxChunk is how many rows are gathered before they are handed out; what is larger is streamed.
const MaxChunk = 10_000

// scan walks over the rows of one question to a table of history: R is a row as it comes, T what is made of it.
type scan[R, T any] struct {
	engine  *Engine
	op      *base.Op
	window  base.Window // asked for
	left    base.Window // still to look at
	newest  bool
	kind    cursor.Kind
	binding string
	after   *position // of the last item handed out

	ask  func(w base.Window, after *position, limit int) question // limit 0 = all
	item func(R) (T, position, error)
}

// each yields all items up to limit, negative = all.
func (s *scan[R, T]) each(ctx context.Context, limit int, yield func(T, error) bool) {
	var zero T
	if limit < 0 || limit > MaxChunk {
		s.stream(ctx, limit, yield)
		return
	}
	found, more, err := s.take(ctx, limit)
	for _, item := range found {
		if !yield(item, nil) {
			return
		}
	}
	if err = s.incomplete(len(found), more, err); err != nil {
		yield(zero, err)
	}
}

// take gathers up to n items from the position that the scan has come to, and says whether there are more. The pieces of
// the window run side by side.
func (s *scan[R, T]) take(ctx context.Context, n int) (found []T, more bool, err error) {
	base.AddStats(ctx, base.Stats{Asked: s.window})
	start := s.after
	ask := func(ctx context.Context, w base.Window) ([]R, error) {
		return read[R](ctx, s.engine, s.op, s.ask(w, start, n+1))
	}
	for p := range sideBySide(ctx, s.engine.Width(), chunks(s.left, s.engine.Guard.Tables.Chunk, s.newest), ask) {
		if p.err != nil {
			return found, false, p.err
		}
		for _, r := range p.items {
			if len(found) == n {
				base.AddStats(ctx, base.Stats{Covered: s.covered(r)})
				return found, true, nil
			}
			one, at, err := s.item(r)
			if err != nil {
				return found, false, s.engine.Guard.Typed(ctx, s.op, err)
			}
			found, s.after = append(found, one), &at
		}
		base.AddStats(ctx, base.Stats{Covered: p.window})
	}
	return found, false, nil
}

// covered is the part of the window that was looked at, when the row is the first that was not handed out; the zero window
// where that cannot be told.
func (s *scan[R, T]) covered(cut R) base.Window {
	w := s.window
	at, err := s.reached(cut)
	switch {
	case err != nil || s.newest && !at.Before(w.To) || !s.newest && !at.After(w.From):
		return base.Window{}
	case s.newest && at.After(w.From):
		w.From = at
	case !s.newest && at.Before(w.To):
		w.To = at
	}
	return w
}

// reached is the instant of the last item handed out. A list that knows days alone has come through those before the day
// of the row that was not.
func (s *scan[R, T]) reached(cut R) (time.Time, error) {
	if s.kind != 0 && s.after != nil {
		return time.Unix(0, s.after.Nanos).UTC(), nil
	}
	_, day, err := s.item(cut)
	at := time.Unix(0, day.Nanos).UTC()
	if s.newest {
		at = at.AddDate(0, 0, 1)
	}
	return at, err
}

// stream hands items out as they arrive, piece after piece.
func (s *scan[R, T]) stream(ctx context.Context, limit int, yield func(T, error) bool) {
	base.AddStats(ctx, base.Stats{Asked: s.window})
	seen, more, left := 0, false, false
	var err error
	start := s.after
	for _, w := range chunks(s.left, s.engine.Guard.Tables.Chunk, s.newest) {
		if seen, more, left, err = s.streamPiece(ctx, s.query(w, start, limit, seen), limit, seen, yield); left {
			return
		}
		if err != nil || more {
			break
		}
		base.AddStats(ctx, base.Stats{Covered: w})
	}
	if err = s.incomplete(seen, more, err); err != nil {
		var zero T
		yield(zero, err)
	}
}

func (s *scan[R, T]) query(w base.Window, after *position, limit, seen int) question {
	rest := 0
	if limit > 0 {
		rest = limit - seen + 1
	}
	return s.ask(w, after, rest)
}

func (s *scan[R, T]) streamPiece(ctx context.Context, q question, limit, seen int, yield func(T, error) bool) (_ int, more, left bool, err error) {
	answer, err := s.engine.Query(ctx, s.op, q.sql, q.args)
	if err != nil {
		return seen, false, false, err
	}
	for r, err := range rows.ToStructLax[R](answer) {
		if err != nil {
			return seen, false, false, err
		}
		if limit > 0 && seen == limit {
			return seen, true, false, nil
		}
		one, at, err := s.item(r)
		if err != nil {
			return seen, false, false, s.engine.Guard.Typed(ctx, s.op, err)
		}
		seen++
		s.after = &at
		if !yield(one, nil) {
			return seen, false, true, nil
		}
	}
	return seen, false, false, nil
}

// incomplete is the error that a list ends with, nil when it is whole.
func (s *scan[R, T]) incomplete(seen int, more bool, err error) error {
	var e *base.IncompleteError
	source, op := s.engine.Guard.Source, s.op.Name
	switch {
	case err != nil && seen == 0:
		return err
	case err != nil:
		if errors.As(err, &e) {
			return err
		}
		e = base.NewIncomplete(base.Partial, source, op, int64(seen), "the rest could not be read; "+s.further(), err)
	case more:
		e = base.NewIncomplete(base.Truncated, source, op, int64(seen), "more match than the limit; raise it, narrow the window, or "+
			s.further(), nil)
	default:
		return nil
	}
	e.Cursor = s.cursor()
	return e
}

func (s *scan[R, T]) further() string {
	if s.kind == 0 {
		return "ask for the days that are missing"
	}
	return "go on from the cursor"
}

func (s *scan[R, T]) cursor() string { return s.kind.EncodePosition(s.binding, s.after) }

func (s *scan[R, T]) resume(cursor string) error {
	if cursor == "" {
		return nil
	}
	at, err := s.kind.DecodePosition(s.binding, cursor, maxCursor)
	if err != nil {
		return err
	}
	s.after = &at
	instant := time.Unix(0, at.Nanos).UTC()
	if s.newest && instant.Before(s.left.To) {
		s.left.To = instant.Add(1)
	}
	if !s.newest && instant.After(s.left.From) {
		s.left.From = instant
	}
	return nil
}

// page is one page of the items.
func (s *scan[R, T]) page(ctx context.Context, limit int, cursor string) (base.Page[T], error) {
	var stats base.Stats
	ctx = base.WithStats(ctx, &stats)
	if err := s.resume(cursor); err != nil {
		return base.Page[T]{Outcome: base.Failed}, s.engine.Guard.Invalid(s.op, err)
	}
	items, more, err := s.take(ctx, output.PageSize(limit))
	p := base.Page[T]{Items: items, More: more, Outcome: base.OutcomeOf(len(items), err)}
	if more {
		p.Outcome = base.Data // the page is whole; the list goes on
	}
	if err != nil && len(items) > 0 {
		stats.Notes = append(stats.Notes, "the page ends early: "+err.Error())
		p.More, err = true, nil
	}
	if p.More {
		p.Cursor = s.cursor()
	}
	if p.Items == nil {
		p.Items = []T{}
	}
	p.Stats = stats
	return p, err
}
