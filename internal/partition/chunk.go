package partition

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
)

// chunks cuts a window at midnights into pieces of so many days, in the order in which they are handed out.
func chunks(w base.Window, days int, newest bool) []base.Window {
	var all []base.Window
	w = utc(w)
	for from := w.From; from.Before(w.To); {
		midnight := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
		to := midnight.AddDate(0, 0, days)
		if to.After(w.To) {
			to = w.To
		}
		all = append(all, base.Window{From: from, To: to})
		from = to
	}
	if newest {
		slices.Reverse(all)
	}
	return all
}

// piece is the answer for one part of a window.
type piece[T any] struct {
	window base.Window
	items  []T
	err    error
}

// sideBySide asks for the pieces of a window, some at a time, and yields their answers in order. Leaving the loop cancels
// those under way and waits for them.
func sideBySide[T any](ctx context.Context, width int, windows []base.Window,
	ask func(context.Context, base.Window) ([]T, error),
) iter.Seq[piece[T]] {
	return func(yield func(piece[T]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		answers := make([]chan piece[T], len(windows))
		start := func(i int) {
			if i >= len(windows) {
				return
			}
			answers[i] = make(chan piece[T], 1)
			all.Go(func() {
				items, err := ask(ctx, windows[i])
				answers[i] <- piece[T]{windows[i], items, err}
			})
		}
		for i := range min(width, len(windows)) {
			start(i)
		}
		for i := range windows {
			p := <-answers[i]
			if p.err == nil {
				start(i + width)
			}
			if !yield(p) || p.err != nil {
				return
			}
		}
	}
}
