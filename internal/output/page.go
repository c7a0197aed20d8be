// Package output is what the tools of a source answer with: lists as pages, rows of a statement, values that JSON can
// carry; and how a remote client makes lists of pages again.
package output

import (
	"context"
	"iter"

	"github.com/fourkites/sources/base"
)

const (
	DefaultItems = 100    // of a page, when the question does not say
	MaxItems     = 10_000 // of a page
)

// PageSize is the number of items of a page: 0 is DefaultItems, negative is MaxItems.
func PageSize(limit int) int {
	switch {
	case limit == 0:
		return DefaultItems
	case limit < 0:
		return MaxItems
	}
	return min(limit, MaxItems)
}

// Paged makes a page of a method that gives its list at once. A list that was cut says so by its outcome: there is no
// cursor to go on from, and so no More.
func Paged[In, T any](list func(context.Context, In) ([]T, error)) func(context.Context, In) (base.Page[T], error) {
	return func(ctx context.Context, in In) (base.Page[T], error) {
		var stats base.Stats
		items, err := list(base.WithStats(ctx, &stats), in)
		p := base.Page[T]{Items: items, Outcome: base.OutcomeOf(len(items), err)}
		switch {
		case p.Outcome == base.Truncated || p.Outcome == base.Partial:
			stats.Notes = append(stats.Notes, err.Error())
		case err != nil:
			return p, err
		}
		if p.Items == nil {
			p.Items = []T{}
		}
		p.Stats = stats
		return p, nil
	}
}

// PagedMore is Paged for the sources whose pages say More, too, when the list was truncated.
func PagedMore[In, T any](list func(context.Context, In) ([]T, error)) func(context.Context, In) (base.Page[T], error) {
	paged := Paged(list)
	return func(ctx context.Context, in In) (base.Page[T], error) {
		p, err := paged(ctx, in)
		p.More = p.Outcome == base.Truncated
		return p, err
	}
}

// Items turns such a page back into the list, with an error when it was cut.
func Items[T any](source string, p base.Page[T], err error) ([]T, error) {
	if err == nil && (p.More || p.Outcome == base.Truncated || p.Outcome == base.Partial) {
		err = base.NewIncomplete(p.Outcome, source, p.Stats.Op, int64(len(p.Items)), "the list was cut; ask for less at once", nil)
	}
	return p.Items, err
}

// step is how many items one call of a walk brings.
const step = 1000

// Walk goes through the pages of a remote list up to limit items, 0 = MaxItems, negative = all. fetch brings the page of n
// items at a cursor.
func Walk[T any](source, op string, limit int, fetch func(n int, cursor string) (base.Page[T], error)) iter.Seq2[T, error] {
	if limit == 0 {
		limit = MaxItems
	}
	return func(yield func(T, error) bool) {
		seen := 0
		pages := base.Pages(func(cursor string) (base.Page[T], error) {
			n := step
			if limit > 0 {
				n = min(n, limit-seen)
			}
			p, err := fetch(n, cursor)
			if err == nil && limit > 0 && p.More && seen+len(p.Items) >= limit {
				p.More = false
				e := base.NewIncomplete(base.Truncated, source, op, int64(seen+len(p.Items)),
					"more match than the limit; raise it, narrow the window, or go on from the cursor", nil)
				e.Cursor = p.Cursor
				return p, e
			}
			return p, err
		})
		for item, err := range pages {
			if err == nil {
				seen++
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
