package base_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

// book is a list of pages by cursor.
type book map[string]base.Page[int]

func (b book) fetch(cursor string) (base.Page[int], error) {
	p, ok := b[cursor]
	if !ok {
		return p, fmt.Errorf("no page %q: %w", cursor, errDown)
	}
	return p, nil
}

func TestPagesWalkAListToItsEnd(t *testing.T) {
	t.Parallel()
	page := func(cursor string, more bool, items ...int) base.Page[int] {
		return base.Page[int]{Items: items, Cursor: cursor, More: more}
	}
	short := page("", false, 3)
	short.Outcome, short.Stats = base.Truncated, base.Stats{Source: "svc", Op: "List"}
	for name, c := range map[string]struct {
		pages book
		want  []int
		is    error
	}{
		"one page":                    {book{"": page("", false, 1)}, []int{1}, nil},
		"three pages, one is empty":   {book{"": page("a", true, 1), "a": page("b", true), "b": page("", false, 3)}, []int{1, 3}, nil},
		"nothing":                     {book{"": page("", false)}, nil, nil},
		"a page fails":                {book{"": page("a", true, 1)}, []int{1}, errDown},
		"the cursor repeats":          {book{"": page("a", true, 1), "a": page("a", true, 2)}, []int{1, 2}, base.ErrProtocol},
		"the cursors go in a circle":  {book{"": page("a", true, 1), "a": page("b", true, 2), "b": page("a", true, 3)}, []int{1, 2, 3}, base.ErrProtocol},
		"more is said without cursor": {book{"": page("", true, 1)}, []int{1}, base.ErrProtocol},
		"the end is not the end":      {book{"": page("a", true, 1), "a": short}, []int{1, 3}, base.ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := base.Collect(base.Pages(c.pages.fetch))
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.is != nil) || (c.is != nil && !errors.Is(err, c.is)) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestLeavingPagesFetchesNoMore(t *testing.T) {
	t.Parallel()
	fetched := 0
	for v, err := range base.Pages(func(string) (base.Page[int], error) {
		fetched++
		return base.Page[int]{Items: []int{1, 2}, Cursor: fmt.Sprint(fetched), More: true}, nil
	}) {
		if v == 2 || err != nil {
			break
		}
	}
	if fetched != 1 {
		t.Errorf("%d pages", fetched)
	}
}

func TestAnAnswerSaysWhatItIsWorth(t *testing.T) {
	t.Parallel()
	cut := base.NewIncomplete(base.Truncated, "svc", "Query", 10, "more rows than MaxRows 10", nil)
	part := fmt.Errorf("x: %w", base.NewIncomplete(base.Partial, "svc", "Query", 3, "shard 2 of 5", io.ErrUnexpectedEOF))
	for _, c := range []struct {
		n    int
		err  error
		want base.Outcome
	}{
		{0, nil, base.NoData},
		{5, nil, base.Data},
		{0, errDown, base.Failed},
		{5, errDown, base.Partial},
		{10, cut, base.Truncated},
		{3, part, base.Partial},
	} {
		if got := base.OutcomeOf(c.n, c.err); got != c.want {
			t.Errorf("%d items, %v: %s", c.n, c.err, got)
		}
	}
	if !errors.Is(cut, base.ErrTruncated) || errors.Is(cut, base.ErrPartial) || !errors.Is(part, base.ErrPartial) || !errors.Is(part, io.ErrUnexpectedEOF) {
		t.Error("an incomplete answer is not found for what it is")
	}
	if got := cut.Error(); got != "svc: Query: truncated after 10: more rows than MaxRows 10" {
		t.Error(got)
	}
	if got := base.NewIncomplete(base.Partial, "", "", 0, "all", errDown).Error(); got != "partial after 0: all: "+errDown.Error() {
		t.Error(got)
	}
}

func TestWordsReadBack(t *testing.T) {
	t.Parallel()
	for o := base.Pending; o <= base.Failed; o++ {
		text, err := json.Marshal(o)
		var read base.Outcome
		if err != nil || json.Unmarshal(text, &read) != nil || read != o {
			t.Errorf("%s reads back as %s", o, read)
		}
	}
	var o base.Outcome
	if o.UnmarshalText([]byte("splendid")) == nil {
		t.Error("an outcome that does not exist was read")
	}
	var l base.Limits
	text := `{"timeout":"90s","breaker":{"open_for":"1m"}}`
	if err := json.Unmarshal([]byte(text), &l); err != nil || l.Timeout.D() != 90*time.Second {
		t.Errorf("%+v, %v", l, err)
	}
	if back, err := json.Marshal(l); err != nil || string(back) != `{"timeout":"1m30s","breaker":{"open_for":"1m0s"}}` {
		t.Errorf("%s, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"timeout":"soon"}`), &l); err == nil || !strings.Contains(err.Error(), `write it as "30s"`) {
		t.Errorf("%v", err)
	}
}

func TestStatsOfCallsSideBySideAddUpAndNest(t *testing.T) {
	t.Parallel()
	g := newGuard(t, noBreaker(base.Limits{}))
	var outer, inner base.Stats
	ctx := base.WithStats(t.Context(), &outer)
	nested := base.WithStats(base.WithStats(ctx, nil), &inner)
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			c := ctx
			if i%2 == 0 {
				c = nested
			}
			_, _ = base.Do(c, g, read, func(ctx context.Context) (int, error) {
				base.AddStats(ctx, base.Stats{
					Rows: 1, RowsRead: 10, BytesRead: 100, QueryID: "q", Notes: []string{"late"},
					Asked: base.Around(noon.Add(time.Duration(i)*time.Minute), time.Minute, 0),
				})
				return 0, nil
			})
		})
	}
	all.Wait()
	if inner.Calls != 10 || outer.Calls != 20 || outer.Attempts != 20 || outer.Rows != 20 || outer.RowsRead != 200 ||
		outer.BytesRead != 2000 || outer.Source != "fake" || outer.Op != "Read" || outer.QueryID != "q" || len(outer.Notes) != 1 {
		t.Errorf("inner %+v\nouter %+v", inner, outer)
	}
	if want := (base.Window{From: noon.Add(-time.Minute), To: noon.Add(19 * time.Minute)}); outer.Asked != want || !outer.Covered.IsZero() {
		t.Errorf("asked %+v, covered %+v", outer.Asked, outer.Covered)
	}
	base.AddStats(t.Context(), base.Stats{Rows: 1}) // nobody listens
}

func TestRejectedCallsCountInStatsToo(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}})
	var s base.Stats
	ctx := base.WithStats(t.Context(), &s)
	for range 3 {
		_, _ = base.Do(ctx, g, read, fails(unavailable()))
	}
	if s.Calls != 3 || s.Attempts != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAWindowThatCannotBeAskedForIsNamed(t *testing.T) {
	t.Parallel()
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	good := base.Around(noon, time.Hour, time.Minute)
	if err := good.Validate(); err != nil || good.Duration() != 61*time.Minute || !good.Contains(good.From) || good.Contains(good.To) {
		t.Errorf("%+v, %v", good, err)
	}
	for want, w := range map[string]base.Window{
		"window.from: missing": {To: noon},
		"window.to: missing":   {From: noon},
		"is not after":         {From: noon, To: noon},
	} {
		if err := w.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if (base.Window{From: noon}).Duration() != 0 || !(base.Window{}).IsZero() {
		t.Error("half a window has a length, or none is one")
	}
}
