// Package listing makes pages, and loops over them, of a list that a service hands out piece by piece. Where the list goes
// on is the service's own word for it (a token, an offset, a number of a page); a caller gets it as an opaque cursor that
// serves one question alone.
package listing

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/cursor"
)

// Piece is what one request brought.
type Piece[T any] struct {
	Items []T
	Next  string   // where the list goes on, in the service's own words; empty at its end
	Total int      // of the whole list, as the service counts it; 0 = it does not say
	Notes []string // on the answer, for its Stats
	// Missing says what the service could not look at, though it answered; empty = nothing.
	Missing string
	// Dropped is how many items came that were none of the answer, such as those out of the operator's bounds. They count
	// against Total.
	Dropped int
}

// List is one question. It is plain data that is made for one call.
type List[T any] struct {
	Source string
	Op     string // of the method that was called
	// Kind tells the lists of a source apart, Question the questions of a list; a limit is no part of it.
	Kind     cursor.Kind
	Question any
	// Size is how many items one request may bring.
	Size int
	// Fetch asks for at most n items from a place on; the empty place is the beginning. Each call of it is one guarded call.
	Fetch func(ctx context.Context, place string, n int) (Piece[T], error)
	// Key tells items apart in a list whose pieces may overlap, for it changes while it is read; nil = they do not.
	Key func(T) string
}

// place is where a list goes on.
type place struct {
	Next  string `json:"n"`
	Seen  int    `json:"s,omitempty"` // items of the pieces before, those dropped included
	Total int    `json:"t,omitempty"`
	Given int    `json:"g,omitempty"`
	Short string `json:"m,omitempty"` // what a piece before could not look at
}

// longest is more than the place of any service takes: tokens of some hundred bytes are usual.
const longest = 32 << 10

// Page is one page of at most n items (0 = Size, never above it), for a caller who keeps the cursor. Only the last page
// can know that nothing matched: an empty one before it is Data, which is everything up to its cursor.
func (l List[T]) Page(ctx context.Context, n int, at string) (base.Page[T], error) {
	if n <= 0 || n > l.Size {
		n = l.Size
	}
	from, err := l.decode(at)
	if err != nil {
		return base.Page[T]{Outcome: base.Failed}, base.Invalid(l.Source, l.Op, "%s", err)
	}
	p, _, err := l.page(ctx, n, from)
	return p, err
}

// page is Page, and how many items came that were none of the answer.
func (l List[T]) page(ctx context.Context, n int, from place) (p base.Page[T], dropped int, err error) {
	var stats base.Stats
	piece, err := l.Fetch(base.WithStats(ctx, &stats), from.Next, n)
	if err != nil {
		return base.Page[T]{Outcome: base.Failed, Stats: stats}, 0, err
	}
	p = base.Page[T]{Items: append([]T{}, piece.Items...), Stats: stats, Outcome: base.Data}
	p.Stats.Rows = int64(len(p.Items))
	p.Stats.Notes = append(p.Stats.Notes, piece.Notes...)
	base.AddStats(ctx, base.Stats{Rows: p.Stats.Rows, Notes: piece.Notes})
	return p, piece.Dropped, l.finish(&p, piece, from)
}

// finish says what the page is worth and where the list goes on.
func (l List[T]) finish(p *base.Page[T], piece Piece[T], from place) error {
	next := place{
		Next: piece.Next, Seen: from.Seen + len(piece.Items) + piece.Dropped, Total: max(from.Total, piece.Total),
		Given: from.Given + len(piece.Items), Short: from.Short,
	}
	if next.Short == "" {
		next.Short = piece.Missing
	}
	if piece.Missing != "" {
		p.Outcome = base.Partial
		p.Stats.Notes = append(p.Stats.Notes, piece.Missing)
	}
	switch {
	case piece.Next != "" && piece.Next == from.Next:
		return l.protocol("the list repeats the place where it goes on, so it would never end")
	case piece.Next != "" && len(piece.Items)+piece.Dropped == 0:
		p.Outcome = base.Partial
		p.Stats.Notes = append(p.Stats.Notes, "the service gave nothing more and said that there is more")
	case piece.Next != "":
		text, _ := json.Marshal(next) // plain data
		p.More, p.Cursor = true, l.Kind.Encode(cursor.Binding(l.Question), text)
		if len(p.Cursor) > longest {
			return l.protocol("the service's word for where the list goes on is too long")
		}
	case next.Seen < next.Total:
		p.Outcome = base.Partial
		p.Stats.Notes = append(p.Stats.Notes, fmt.Sprintf(
			"the service announced %d and gave %d: the list changed while it was read; ask again", next.Total, next.Seen))
	case next.Short != "":
		p.Outcome = base.Partial
	case next.Given == 0:
		p.Outcome = base.NoData
	}
	return nil
}

func (l List[T]) protocol(text string) error {
	e := base.NewError(base.KindProtocol, nil).WithText(text)
	e.Source, e.Op, e.Sent = l.Source, l.Op, base.Answered
	return e
}

func (l List[T]) decode(at string) (place, error) {
	if at == "" {
		return place{}, nil
	}
	text, err := l.Kind.Decode(cursor.Binding(l.Question), at, longest)
	if err != nil {
		return place{}, err
	}
	var p place
	if json.Unmarshal(text, &p) != nil || p.Next == "" || p.Seen < 0 || p.Total < 0 || p.Given < 0 {
		return p, cursor.ErrForeign
	}
	return p, nil
}

// All yields every item once, up to limit; 0 = all. Nothing is held while the loop body runs. It ends with a
// [base.IncompleteError] where it did not yield everything that matched, with the cursor to go on from where there is one.
func (l List[T]) All(ctx context.Context, limit int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		w := walk[T]{List: l, limit: limit, yield: yield, known: map[string]bool{}, places: map[string]bool{}}
		if err := w.run(ctx); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// walk is one loop over a list.
type walk[T any] struct {
	List[T]
	limit   int
	yield   func(T, error) bool
	known   map[string]bool // keys of items
	places  map[string]bool // cursors
	given   int
	idle    int    // pages in a row that brought nothing new
	barren  int    // pages in a row whose items were none of the answer
	missing string // what a page could not look at
	cursor  string // of the page in hand
	left    bool
}

// maxIdle is how many pages in a row may bring nothing new, maxBarren how many of them may hold nothing but what is none of the
// answer: what is looked for may stand far back in a list.
const (
	maxIdle   = 5
	maxBarren = 500
)

func (w *walk[T]) run(ctx context.Context) error {
	for {
		from, err := w.decode(w.cursor)
		if err != nil {
			return w.broken(err) // cannot be: the cursor is our own
		}
		p, dropped, err := w.page(ctx, min(w.size(), w.Size), from)
		if err != nil {
			return w.broken(err)
		}
		if p.Outcome == base.Partial && w.missing == "" && len(p.Stats.Notes) > 0 {
			w.missing = p.Stats.Notes[len(p.Stats.Notes)-1]
		}
		if err := w.hand(p); err != nil || w.left {
			return err
		}
		if w.barren++; w.idle == 0 {
			w.barren = 0
		} else if dropped > 0 && w.barren < maxBarren {
			w.idle = 0
		}
		switch {
		case !p.More && w.missing != "":
			return w.incomplete(base.Partial, w.missing, nil)
		case !p.More:
			return nil
		case w.places[p.Cursor]:
			return w.broken(w.protocol("the list repeats the place where it goes on, so it would never end"))
		case w.idle >= maxIdle:
			return w.incomplete(base.Partial, fmt.Sprintf("the last %d pages brought nothing new and more are announced", maxIdle), nil)
		}
		w.cursor = p.Cursor
		w.places[p.Cursor] = true
	}
}

// size is no more than what is still wanted, and one to see whether there is more.
func (w *walk[T]) size() int {
	if w.limit <= 0 {
		return w.Size
	}
	return min(w.Size, w.limit-w.given+1)
}

// hand yields what is new on a page, up to the limit.
func (w *walk[T]) hand(p base.Page[T]) error {
	w.idle++
	for _, item := range p.Items {
		if w.Key != nil {
			key := w.Key(item)
			if w.known[key] {
				continue
			}
			w.known[key] = true
		}
		if w.limit > 0 && w.given == w.limit {
			return w.truncated()
		}
		w.given, w.idle = w.given+1, 0
		if w.left = !w.yield(item, nil); w.left {
			return nil
		}
	}
	if w.limit > 0 && w.given == w.limit && p.More {
		w.cursor = p.Cursor
		return w.truncated()
	}
	return nil
}

func (w *walk[T]) truncated() error {
	return w.incomplete(base.Truncated, fmt.Sprintf("more matched than the limit of %d; raise limit or narrow the question", w.limit), nil)
}

// broken is the error of a page that could not be read: partial once something was handed out.
func (w *walk[T]) broken(err error) error {
	if w.given == 0 {
		return err
	}
	return w.incomplete(base.Partial, "the pages after this could not be read", err)
}

func (w *walk[T]) incomplete(outcome base.Outcome, missing string, cause error) error {
	e := base.NewIncomplete(outcome, w.Source, w.Op, int64(w.given), missing, cause)
	e.Cursor = w.cursor
	return e
}
