package base

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Outcome is what an answer is worth. The zero value is no outcome: the answer is not complete yet.
type Outcome uint8

// An answer is one of these, and says so.
const (
	Pending   Outcome = iota
	Data              // everything that matched; of a Page, everything up to its cursor
	NoData            // nothing matched, and that was verified where it could be an artefact
	Partial           // a part could not be looked at
	Truncated         // more matched than was handed out
	Failed            // no answer
)

var outcomeNames = [...]string{"pending", "data", "no_data", "partial", "truncated", "failed"}

// String is the outcome in one word.
func (o Outcome) String() string { return outcomeNames[int(o)%len(outcomeNames)] }

// MarshalText writes the outcome in one word.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (o *Outcome) UnmarshalText(text []byte) error {
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("outcome: %q is not known", text)
}

// Page is one page of a list. Cursor is opaque and names the place after the last item; it is set when More is.
type Page[T any] struct {
	Items   []T     `json:"items"`
	Cursor  string  `json:"cursor,omitempty"`
	More    bool    `json:"more"`
	Outcome Outcome `json:"outcome"`
	Stats   Stats   `json:"stats,omitzero"`
}

// Both are found by errors.Is in the last yield of an iterator that could not hand out everything that matched:
// ErrTruncated where a limit ended it, ErrPartial where only a part could be looked at. An iterator that a failure ended
// yields an *[Error] instead, which is neither, also when it had handed out items before; OutcomeOf calls that Partial.
var (
	ErrTruncated = errors.New("truncated")
	ErrPartial   = errors.New("partial")
)

// IncompleteError ends an iterator, or accompanies an answer, that is not the whole answer. What was handed out before
// it is right, but there is more.
type IncompleteError struct {
	Outcome Outcome // Truncated or Partial
	Source  string
	Op      string
	Seen    int64  // rows or items handed out
	Missing string // what was not seen, and how to see it
	Cursor  string // where to go on; may be empty

	err error
}

// NewIncomplete makes the error; cause may be nil.
func NewIncomplete(outcome Outcome, source, op string, seen int64, missing string, cause error) *IncompleteError {
	return &IncompleteError{Outcome: outcome, Source: source, Op: op, Seen: seen, Missing: missing, err: cause}
}

// Error says what is missing.
func (e *IncompleteError) Error() string {
	var b strings.Builder
	for _, part := range []string{e.Source, e.Op} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	fmt.Fprintf(&b, "%s after %d: %s", e.Outcome, e.Seen, e.Missing)
	if e.err != nil {
		b.WriteString(": " + e.err.Error())
	}
	return b.String()
}

// Is matches ErrTruncated or ErrPartial.
func (e *IncompleteError) Is(target error) bool {
	return (target == ErrTruncated && e.Outcome == Truncated) || (target == ErrPartial && e.Outcome == Partial)
}

// Unwrap gives the cause, if there is one.
func (e *IncompleteError) Unwrap() error { return e.err }

// OutcomeOf is what an answer of n items that ended with err is worth.
func OutcomeOf(n int, err error) Outcome {
	if e, ok := errors.AsType[*IncompleteError](err); ok {
		return e.Outcome
	}
	switch {
	case err != nil && n > 0:
		return Partial
	case err != nil:
		return Failed
	case n == 0:
		return NoData
	}
	return Data
}

// Pages walks a list page by page. fetch gets the cursor of the page to fetch, empty for the first, and is called with
// nothing held while the caller's loop body runs. A cursor that repeats ends the walk with a protocol error, for such
// a list never ends. A last page that is not the whole rest ends it with an [IncompleteError].
func Pages[T any](fetch func(cursor string) (Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		seen := map[string]bool{}
		var count int64
		for cursor := ""; ; {
			page, err := fetch(cursor)
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
				count++
			}
			switch {
			case err != nil:
				yield(zero, err)
				return
			case !page.More && (page.Outcome == Truncated || page.Outcome == Partial):
				yield(zero, NewIncomplete(page.Outcome, page.Stats.Source, page.Stats.Op, count,
					"the last page says that it is not the whole rest", nil))
				return
			case !page.More:
				return
			case page.Cursor == "" || seen[page.Cursor]:
				e := NewError(KindProtocol, nil).WithText("the list repeats its cursor, so it would never end")
				e.Source, e.Op, e.Sent = page.Stats.Source, page.Stats.Op, Answered
				yield(zero, e)
				return
			}
			cursor = page.Cursor
			seen[cursor] = true
		}
	}
}

// Collect gathers an iterator into a slice. On an error what was gathered before comes with it.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}
