package listing_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/listing"
)

// numbers is a list of n numbers behind offsets; it notes what was asked for.
func numbers(n int, asked *[]string) listing.List[int] {
	return listing.List[int]{
		Source: "shop", Op: "Orders", Kind: 'o', Question: "all", Size: 10,
		Fetch: func(_ context.Context, place string, size int) (listing.Piece[int], error) {
			*asked = append(*asked, place+"+"+strconv.Itoa(size))
			from, _ := strconv.Atoi(place)
			p := listing.Piece[int]{Total: n}
			for i := from; i < min(from+size, n); i++ {
				p.Items = append(p.Items, i)
			}
			if from+size < n {
				p.Next = strconv.Itoa(from + size)
			}
			return p, nil
		},
	}
}

func TestALoopYieldsEverythingOrSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		there, limit, seen int
		asked              string
		cut                bool
	}{
		{0, 0, 0, "+10", false},
		{10, 0, 10, "+10", false},
		{25, 0, 25, "+10 10+10 20+10", false},
		{25, 3, 3, "+4", true},
		{3, 3, 3, "+4", false},
		{25, 12, 12, "+10 10+3", true},
		{25, 25, 25, "+10 10+10 20+6", false},
	} {
		var asked []string
		all, err := base.Collect(numbers(test.there, &asked).All(t.Context(), test.limit))
		if len(all) != test.seen || strings.Join(asked, " ") != test.asked || errors.Is(err, base.ErrTruncated) != test.cut || !test.cut && err != nil {
			t.Errorf("%+v: %d seen, asked %v, %v", test, len(all), asked, err)
		}
	}
}

func TestACursorServesItsOwnQuestionAlone(t *testing.T) {
	t.Parallel()
	var asked []string
	l := numbers(25, &asked)
	first, err := l.Page(t.Context(), 4, "")
	if err != nil || !first.More || len(first.Items) != 4 || first.Outcome != base.Data || first.Stats.Rows != 4 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := l.Page(t.Context(), 0, first.Cursor)
	if err != nil || second.Items[0] != 4 || len(second.Items) != 10 {
		t.Errorf("%+v, %v", second, err)
	}
	other := l
	other.Question = "some"
	another := l
	another.Kind = 'p'
	for _, bad := range []func() (base.Page[int], error){
		func() (base.Page[int], error) { return other.Page(t.Context(), 0, first.Cursor) },
		func() (base.Page[int], error) { return another.Page(t.Context(), 0, first.Cursor) },
		func() (base.Page[int], error) { return l.Page(t.Context(), 0, first.Cursor+"A") },
		func() (base.Page[int], error) { return l.Page(t.Context(), 0, "no cursor") },
		func() (base.Page[int], error) { return l.Page(t.Context(), 0, strings.Repeat("A", 1<<20)) },
	} {
		if p, err := bad(); base.KindOf(err) != base.KindInvalid || p.Outcome != base.Failed {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

// scripted hands out these pieces in turn.
func scripted(pieces ...listing.Piece[int]) listing.List[int] {
	n := 0
	return listing.List[int]{
		Source: "shop", Op: "Orders", Kind: 'o', Size: 10, Key: strconv.Itoa,
		Fetch: func(context.Context, string, int) (listing.Piece[int], error) {
			if n++; n > len(pieces) {
				return listing.Piece[int]{}, errors.New("broken")
			}
			return pieces[n-1], nil
		},
	}
}

func TestAListThatIsNotWholeIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	some := func(next string, items ...int) listing.Piece[int] {
		return listing.Piece[int]{Items: items, Next: next}
	}
	var idle []listing.Piece[int]
	for i := range 20 {
		idle = append(idle, some(fmt.Sprint(i), 1))
	}
	for name, test := range map[string]struct {
		pieces []listing.Piece[int]
		seen   int
		is     error
		kind   base.Kind
	}{
		"items twice":           {[]listing.Piece[int]{some("a", 1, 2), some("", 2, 3)}, 3, nil, base.KindUnknown},
		"fewer than announced":  {[]listing.Piece[int]{{Items: []int{1}, Total: 2}}, 1, base.ErrPartial, base.KindUnknown},
		"some were dropped":     {[]listing.Piece[int]{{Items: []int{1}, Total: 2, Dropped: 1}}, 1, nil, base.KindUnknown},
		"nothing and a token":   {[]listing.Piece[int]{some("a", 1), some("b")}, 1, base.ErrPartial, base.KindUnknown},
		"a token twice":         {[]listing.Piece[int]{some("a", 1), some("a", 2)}, 1, base.ErrPartial, base.KindProtocol},
		"tokens in a circle":    {[]listing.Piece[int]{some("a", 1), some("b", 2), some("a", 3), some("b", 4)}, 4, base.ErrPartial, base.KindUnknown},
		"nothing new":           {idle, 1, base.ErrPartial, base.KindUnknown},
		"broken behind a piece": {[]listing.Piece[int]{some("a", 1)}, 1, base.ErrPartial, base.KindUnknown},
		"a part was not seen":   {[]listing.Piece[int]{{Items: []int{1}, Next: "a", Missing: "a shelf was closed"}, some("", 2)}, 2, base.ErrPartial, base.KindUnknown},
	} {
		all, err := base.Collect(scripted(test.pieces...).All(t.Context(), 0))
		if len(all) != test.seen || (err == nil) != (test.is == nil) || test.is != nil && !errors.Is(err, test.is) || test.kind != base.KindUnknown && base.KindOf(err) != test.kind {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
	if all, err := base.Collect(scripted().All(t.Context(), 0)); len(all) != 0 || err == nil || errors.Is(err, base.ErrPartial) {
		t.Errorf("broken at once: %v, %v", all, err)
	}
	endless := scripted(some("a"))
	if p, err := endless.Page(t.Context(), 0, ""); err != nil || p.Outcome != base.Partial || p.More {
		t.Errorf("a first page that is empty: %+v, %v", p, err)
	}
	if p, err := scripted(some("")).Page(t.Context(), 0, ""); err != nil || p.Outcome != base.NoData || p.Items == nil {
		t.Errorf("nothing at all: %+v, %v", p, err)
	}
}

func TestWhatIsLookedForMayStandFarBackButNotForEver(t *testing.T) {
	t.Parallel()
	asked := 0
	list := func(pages int) listing.List[int] {
		return listing.List[int]{
			Source: "shop", Op: "Orders", Kind: 'o', Question: "all", Size: 10,
			Fetch: func(_ context.Context, place string, _ int) (listing.Piece[int], error) {
				asked++
				at, _ := strconv.Atoi(place)
				if at+1 == pages {
					return listing.Piece[int]{Items: []int{7}, Dropped: 9}, nil
				}
				return listing.Piece[int]{Dropped: 10, Next: strconv.Itoa(at + 1)}, nil
			},
		}
	}
	all, err := base.Collect(list(300).All(t.Context(), 0))
	if err != nil || len(all) != 1 || asked != 300 {
		t.Errorf("%v after %d pages, %v", all, asked, err)
	}
	asked = 0
	_, err = base.Collect(list(1_000_000).All(t.Context(), 0))
	if !errors.Is(err, base.ErrPartial) || asked > 600 {
		t.Errorf("%d pages, %v", asked, err)
	}
}
