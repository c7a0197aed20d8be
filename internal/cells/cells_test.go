package cells_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/cells"
)

// read is what a column makes of texts; nil is NULL.
func read(t *testing.T, c cells.Cells, texts ...any) []any {
	t.Helper()
	for _, text := range texts {
		if text == nil {
			c.Null(true)
		} else if err := c.Add([]byte(text.(string))); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	v := c.Vector()
	var all []any
	for i := range v.Len() {
		all = append(all, rows.NewBatch([]rows.Column{{Name: "a"}}, []rows.Vector{v}, v.Len()).Row(i).Value(0))
	}
	return all
}

func same(t *testing.T, what string, got, want []any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestTextsBecomeValuesAndNullIsNoEmptyText(t *testing.T) {
	t.Parallel()
	same(t, "bigint", read(t, cells.Integers[int64](64), "-9223372036854775808", nil, "9223372036854775807", "+1", "0"),
		[]any{int64(math.MinInt64), nil, int64(math.MaxInt64), int64(1), int64(0)})
	same(t, "tinyint", read(t, cells.Integers[int8](8), "-128", "127"), []any{int8(-128), int8(127)})
	same(t, "real", read(t, cells.Float32s(), "1.5", nil, "Infinity"), []any{float32(1.5), nil, float32(math.Inf(1))})
	same(t, "double", read(t, cells.Float64s(), "0.1", "1E300", "-Infinity", nil), []any{0.1, 1e300, math.Inf(-1), nil})
	same(t, "varchar", read(t, &cells.Texts{}, "", nil, "ü", nil, "x"), []any{"", nil, "ü", nil, "x"})
	parse := func(b []byte) (int64, error) { return int64(len(b)), nil }
	same(t, "time", read(t, cells.NewTimes(1, 0, parse), "abc", nil), []any{time.Unix(3, 0).UTC(), nil})
	same(t, "value", read(t, cells.NewValues(func(b []byte) (string, error) { return string(b) + "!", nil }), nil, "a"), []any{nil, "a!"})
}

func TestABatchKnowsNothingOfTheOneBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]cells.Cells{
		"numbers": cells.Integers[int16](16), "texts": &cells.Texts{},
		"values": cells.NewValues(func(b []byte) (string, error) { return string(b), nil }),
		"times":  cells.NewTimes(1, 0, func([]byte) (int64, error) { return 1, nil }),
	} {
		read(t, c, "1", nil, "2", nil)
		c.Reset()
		if got := read(t, c, "3", "4"); len(got) != 2 || got[0] == nil || got[1] == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAnUnmarkedNullIsTheZeroValue(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		c    cells.Cells
		want any
	}{
		"numbers": {cells.Integers[int16](16), int16(0)}, "texts": {&cells.Texts{}, ""},
		"times": {cells.NewTimes(1, 7, func([]byte) (int64, error) { return 1, nil }), time.Unix(7, 0).UTC()},
	} {
		test.c.Null(false)
		same(t, name, read(t, test.c), []any{test.want})
	}
}

func TestTextsThatAreNoValueAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		c     cells.Cells
		texts []string
	}{
		{cells.Integers[int8](8), []string{"", "-", "+", "128", "-129", "1.0", " 1", "1\x00", "0x1", "99999999999999999999"}},
		{cells.Integers[int64](64), []string{"9223372036854775808", "-9223372036854775809", "18446744073709551617", "--1"}},
		{cells.Float64s(), []string{"", "a", "1e400", "1,5"}},
		{cells.Float32s(), []string{"", "1e39"}},
	} {
		for _, text := range test.texts {
			if err := test.c.Add([]byte(text)); err == nil {
				t.Errorf("%q was read", text)
			}
		}
	}
	if err := cells.NotA("number", errors.New("x")); err == nil || err.Error() != "is not a number" {
		t.Error(err)
	}
}
