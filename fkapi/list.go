package fkapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
)

// position is where a list is read on. It travels as an opaque cursor.
type position struct {
	Query string          `json:"q"`           // fingerprint of what was asked: a cursor serves its own question only
	Page  int             `json:"p"`           // from 1
	After json.RawMessage `json:"a,omitempty"` // search_after of the page before
	Total int             `json:"t,omitempty"` // that the first page announced
	Seen  int             `json:"n,omitempty"` // on the pages before
	Given int             `json:"g,omitempty"` // items of the pages before that fitted the question
	Last  string          `json:"l,omitempty"` // fingerprint of the page before
}

func (p position) encode() string {
	text, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// pagination is what an answer says about the list.
type pagination struct {
	pages int             // in all; 0 = not said
	total int             // items in all; 0 = not said
	after json.RawMessage // where to read on
}

// readPagination takes the pagination of an answer of n items. A count that is only that of the page is no total.
func readPagination(d document.Document, n int) pagination {
	inner, ok := d.Object("pagination")
	if !ok {
		inner = d
	}
	p := pagination{pages: inner.Count("totalPages", "total_pages"), total: inner.Count("count", "total", "totalCount", "total_count")}
	if p.pages > 1 && p.total <= n {
		p.total = 0
	}
	for _, from := range []document.Document{d, inner} {
		if _, raw, found := from.Find([]string{"searchAfter", "search_after"}); found && raw[0] == '[' && string(raw) != "[]" {
			p.after = raw
		}
	}
	return p
}

// listing reads one list page by page.
type listing[T any] struct {
	service *service
	op      *base.Op
	query   string // fingerprint of the question
	size    int    // items of a full page
	key     func(T) string
	keep    func(*T) bool // nil = all
	fetch   func(ctx context.Context, at position) ([]T, pagination, error)
}

func (l listing[T]) start(cursor string) (position, error) {
	if cursor == "" {
		return position{Query: l.query, Page: 1}, nil
	}
	var p position
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(text, &p) != nil || p.Page < 1 || p.Total < 0 || p.Seen < 0 || p.Given < 0 {
		return p, base.Invalid(l.service.name, l.op.Name, "cursor: not one that this client gave; begin without a cursor")
	}
	if p.Query != l.query {
		return p, base.Invalid(l.service.name, l.op.Name, "cursor: of another question; begin without a cursor")
	}
	return p, nil
}

// raw is one page as it came, with where the list goes on; next is nil at its end.
type raw[T any] struct {
	items []T
	total int // the first page's
	next  *position
}

// read fetches the page at a position. A page or a cursor that repeats is an error: such a list never ends.
func (l listing[T]) read(ctx context.Context, at position) (raw[T], error) {
	items, p, err := l.fetch(ctx, at)
	if err != nil {
		return raw[T]{}, err
	}
	print := l.fingerprint(items)
	if len(items) > 0 && print == at.Last {
		return raw[T]{}, l.service.protocol(l.op, fmt.Sprintf("page %d repeats the page before it, so the list would never end", at.Page))
	}
	if p.after != nil && string(p.after) == string(at.After) {
		return raw[T]{}, l.service.protocol(l.op, "the list repeats its search_after, so it would never end")
	}
	if at.Page == 1 && at.After == nil {
		at.Total = p.total
	}
	r := raw[T]{items: items, total: at.Total}
	if l.more(at, p, len(items)) {
		r.next = &position{Query: l.query, Page: at.Page + 1, After: p.after, Total: at.Total, Seen: at.Seen + len(items), Last: print}
	}
	return r, nil
}

func (l listing[T]) more(at position, p pagination, n int) bool {
	switch {
	case p.after != nil:
		return n > 0
	case p.pages > 0:
		return at.Page < p.pages
	}
	return n > 0 && n >= l.size
}

func (l listing[T]) fingerprint(items []T) string {
	h := sha256.New()
	for _, item := range items {
		_, _ = io.WriteString(h, l.key(item)+"\n") // a hash never fails
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:9])
}

// page is one page, never with a null for its items, for a caller who keeps the cursor. Only the last page of a list
// can know that nothing matched: an empty one before it is Data, which is everything up to its cursor.
func (l listing[T]) page(ctx context.Context, cursor string) (base.Page[T], error) {
	at, err := l.start(cursor)
	if err != nil {
		return base.Page[T]{Outcome: base.Failed}, err
	}
	var stats base.Stats
	r, err := l.read(base.WithStats(ctx, &stats), at)
	if err != nil {
		return base.Page[T]{Outcome: base.Failed, Stats: stats}, err
	}
	page := base.Page[T]{Items: append([]T{}, l.kept(r.items)...), Stats: stats, Outcome: base.Data}
	page.Stats.Rows = int64(len(page.Items))
	base.AddStats(ctx, base.Stats{Rows: page.Stats.Rows})
	given := at.Given + len(page.Items)
	if given == 0 && r.next == nil {
		page.Outcome = base.NoData
	}
	if r.next != nil {
		r.next.Given = given
		page.More, page.Cursor = true, r.next.encode()
	} else if seen := at.Seen + len(r.items); seen < r.total {
		page.Outcome = base.Partial
		page.Stats.Notes = append(page.Stats.Notes, shrunk(r.total, seen))
	}
	return page, nil
}

func shrunk(total, seen int) string {
	return fmt.Sprintf("the service announced %d and gave %d: the list changed while it was read; ask again", total, seen)
}

func (l listing[T]) kept(items []T) []T {
	if l.keep == nil {
		return items
	}
	var all []T
	for i := range items {
		if l.keep(&items[i]) {
			all = append(all, items[i])
		}
	}
	return all
}

// maxIdle is how many pages in a row may bring nothing new.
const maxIdle = 5

// maxRefused is how many items in a row may come that do not fit the question. A service that ignores the filter and
// the page, and has a new id for every item, would otherwise be read for ever.
const maxRefused = 50_000

// walk is one loop over a listing.
type walk[T any] struct {
	listing[T]
	limit   int
	yield   func(T, error) bool
	known   map[string]bool
	given   int64
	refused int    // by keep, since the last item that was handed out
	cursor  string // of the page being read
}

// all yields every item once. Nothing is held while the loop body runs.
func (l listing[T]) all(ctx context.Context, limit int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		w := walk[T]{listing: l, limit: limit, yield: yield, known: map[string]bool{}}
		if err := w.run(ctx); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

var errLeft = errors.New("the loop was left")

func (w *walk[T]) run(ctx context.Context) error {
	defer func() { base.AddStats(ctx, base.Stats{Rows: w.given}) }()
	at, _ := w.start("")
	for idle := 0; ; {
		r, err := w.read(ctx, at)
		if err != nil {
			return w.broken(err)
		}
		before := len(w.known)
		switch err := w.hand(r); {
		case errors.Is(err, errLeft):
			return nil
		case err != nil:
			return err
		}
		if r.next == nil {
			return w.end(r.total)
		}
		if idle++; len(w.known) > before {
			idle = 0
		}
		if idle == maxIdle {
			return w.incomplete(base.Partial, fmt.Sprintf("the last %d pages brought nothing new and more are announced", maxIdle), nil)
		}
		at, w.cursor = *r.next, r.next.encode()
		if w.refused >= maxRefused {
			return w.incomplete(base.Truncated, fmt.Sprintf("the last %d items did not fit the question and more are announced; narrow it, or read on from the cursor", w.refused), nil)
		}
	}
}

// hand yields what is new on a page, up to the limit.
func (w *walk[T]) hand(r raw[T]) error {
	for i := range r.items {
		key := w.key(r.items[i])
		if w.known[key] {
			continue
		}
		if w.keep != nil && !w.keep(&r.items[i]) {
			w.known[key] = true
			w.refused++
			continue
		}
		if w.full() {
			return w.truncated()
		}
		w.known[key] = true
		w.given, w.refused = w.given+1, 0
		if !w.yield(r.items[i], nil) {
			return errLeft
		}
	}
	if w.full() && r.next != nil {
		w.cursor = r.next.encode()
		return w.truncated()
	}
	return nil
}

func (w *walk[T]) full() bool { return w.limit > 0 && w.given >= int64(w.limit) }

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

func (w *walk[T]) end(total int) error {
	if len(w.known) < total {
		return w.incomplete(base.Partial, shrunk(total, len(w.known)), nil)
	}
	return nil
}

func (w *walk[T]) incomplete(outcome base.Outcome, missing string, cause error) error {
	e := base.NewIncomplete(outcome, w.service.name, w.op.Name, w.given, missing, cause)
	e.Cursor = w.cursor
	return e
}

// fingerprintOf identifies a question.
func fingerprintOf(question any) string {
	text, _ := json.Marshal(question) // plain data
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
