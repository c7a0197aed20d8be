package output_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/output"
)

var (
	cutShort = base.NewIncomplete(base.Truncated, "shop", "Orders", 1, "there are more", nil)
	halfRead = base.NewIncomplete(base.Partial, "shop", "Orders", 1, "a shelf was closed", nil)
	broken   = base.NewError(base.KindProtocol, errors.New("broken"))
)

func TestAListBecomesAPageThatSaysWhetherItIsAll(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		items   []string
		err     error
		outcome base.Outcome
		more    bool // where More is said
		fails   bool
	}{
		{"whole", []string{"a"}, nil, base.Data, false, false},
		{"none", nil, nil, base.NoData, false, false},
		{"truncated", []string{"a"}, cutShort, base.Truncated, true, false},
		{"partial", []string{"a"}, halfRead, base.Partial, false, false},
		{"failed", nil, broken, base.Failed, false, true},
	} {
		list := func(context.Context, struct{}) ([]string, error) { return test.items, test.err }
		quiet, err := output.Paged(list)(t.Context(), struct{}{})
		if (err != nil) != test.fails || quiet.Outcome != test.outcome || quiet.More {
			t.Errorf("%s: %+v, %v", test.name, quiet, err)
		}
		said, err := output.PagedMore(list)(t.Context(), struct{}{})
		if (err != nil) != test.fails || said.Outcome != test.outcome || said.More != test.more {
			t.Errorf("%s: %+v, %v", test.name, said, err)
		}
		if test.fails {
			continue
		}
		if quiet.Items == nil || (test.err != nil) != (len(quiet.Stats.Notes) == 1) {
			t.Errorf("%s: items %v, notes %q", test.name, quiet.Items, quiet.Stats.Notes)
		}
		for _, page := range []base.Page[string]{quiet, said} {
			back, err := output.Items("shop", page, nil)
			if e, cut := errors.AsType[*base.IncompleteError](err); cut != (test.err != nil) || cut && e.Outcome != test.outcome {
				t.Errorf("%s: back as %v, %v", test.name, back, err)
			}
		}
	}
}

// shelves is a list of n numbers, page by page; it notes how many each page was asked for.
func shelves(n int, asked *[]int) func(int, string) (base.Page[int], error) {
	next := 0
	return func(size int, _ string) (base.Page[int], error) {
		*asked = append(*asked, size)
		p := base.Page[int]{Outcome: base.Data}
		for ; len(p.Items) < size && next < n; next++ {
			p.Items = append(p.Items, next)
		}
		if p.More = next < n; p.More {
			p.Cursor = "after " + string(rune('a'+len(*asked)))
		}
		return p, nil
	}
}

func TestAWalkEndsAtItsLimitAndSaysSo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		there, limit int
		seen         int
		asked        []int
		cut          bool
	}{
		{"fewer than the limit", 3, 5, 3, []int{5}, false},
		{"as many as the limit", 5, 5, 5, []int{5}, false},
		{"more than the limit", 2500, 1200, 1200, []int{1000, 200}, true},
		{"no limit", 2500, -1, 2500, []int{1000, 1000, 1000}, false},
		{"the limit of a client", 10_500, 0, 10_000, slices.Repeat([]int{1000}, 10), true},
	} {
		var asked []int
		seen, failed := 0, error(nil)
		for _, err := range output.Walk("shop", "Orders", test.limit, shelves(test.there, &asked)) {
			if failed = err; err == nil {
				seen++
			}
		}
		e, cut := errors.AsType[*base.IncompleteError](failed)
		if seen != test.seen || cut != test.cut || !cut && failed != nil || !slices.Equal(asked, test.asked) {
			t.Errorf("%s: %d seen, asked %v, %v", test.name, seen, asked, failed)
		}
		if cut && (e.Seen != int64(seen) || e.Cursor == "" || e.Source != "shop" || e.Op != "Orders") {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
}

func TestAPageHasASizeWithinItsBounds(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{0: 100, -1: 10_000, 7: 7, 10_000: 10_000, 10_001: 10_000} {
		if got := output.PageSize(limit); got != want {
			t.Errorf("%d: %d, want %d", limit, got, want)
		}
	}
}

func TestValuesAreThoseThatJSONCarries(t *testing.T) {
	t.Parallel()
	numbers := func(b []byte) any { return output.List(b) }
	nan, inf := math.NaN(), math.Inf(-1)
	got := output.Value([]any{
		1.5, nan, float32(math.Inf(1)), "x", nil, true,
		[]byte{1, 2},
		[]float64{1, inf},
		[]float32{2},
		map[string]any{"a": []any{nan}},
		map[string]float64{"b": inf},
	}, numbers)
	want := []any{
		1.5, "NaN", "+Inf", "x", nil, true,
		[]any{byte(1), byte(2)},
		[]any{1.0, "-Inf"},
		[]any{2.0},
		map[string]any{"a": []any{"NaN"}},
		map[string]any{"b": "-Inf"},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestWholeNumbersAreWholeAgain(t *testing.T) {
	t.Parallel()
	args := []any{1.0, -2.0, 0.5, math.NaN(), math.Inf(1), float64(1 << 53), float64(1<<53 - 1), "1", true, nil}
	got := output.WholeNumbers(args)
	if _, ok := got[3].(float64); !ok {
		t.Errorf("NaN became %v", got[3])
	}
	got[3] = nil
	want := []any{int64(1), int64(-2), 0.5, nil, math.Inf(1), float64(1 << 53), int64(1<<53 - 1), "1", true, nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAnAnswerSaysOfItselfIsAddedOnce(t *testing.T) {
	t.Parallel()
	said := base.Stats{Source: "shop", Op: "Orders", Rows: 3}
	for name, local := range map[string]bool{"from afar": false, "through the client itself": true} {
		var seen base.Stats
		got, err := output.Told(base.WithStats(t.Context(), &seen), func(ctx context.Context) (string, error) {
			if local {
				base.AddStats(ctx, said)
			}
			return "answer", nil
		}, func(string) base.Stats { return said })
		if got != "answer" || err != nil || seen.Rows != 3 {
			t.Errorf("%s: %q, %v, %+v", name, got, err, seen)
		}
	}
}
