package rows_test

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// many is more rows than are filled at a time.
const many = 3000

// column is a cursor over one column in one batch.
func column(v rows.Vector) *table {
	columns := []rows.Column{{Name: "n", Type: "Test"}}
	return &table{columns: columns, batches: []*rows.Batch{rows.NewBatch(columns, []rows.Vector{v}, v.Len())}}
}

// each makes a value for every row.
func each[E any](make func(i int) E) []E {
	var all []E
	for i := range many {
		all = append(all, make(i))
	}
	return all
}

func TestEveryRowOfALargeBatchHasItsOwnValues(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("+05:30", 19800)
	words := texts("zero", "one", "two")
	null := func(i int) bool { return i%3 == 1 }
	type row struct {
		Same   int64
		Wider  int64
		Flag   bool
		Byte   bool
		Text   string
		Word   string
		At     time.Time
		Took   time.Duration
		Maybe  *int64
		Pick   *string
		List   []int32
		Extras map[string]any `db:",extras"`
	}
	var columns []rows.Column
	for _, name := range []string{"same", "wider", "flag", "byte", "text", "word", "at", "took", "maybe", "pick", "list", "rest"} {
		columns = append(columns, rows.Column{Name: name, Type: "Test"})
	}
	key := func(i int) uint32 { return uint32(i % 3) }
	vectors := []rows.Vector{
		rows.Numbers[int64](each(func(i int) int64 { return int64(-i) })),
		rows.Numbers[uint16](each(func(i int) uint16 { return uint16(i) })),
		rows.Values[bool](each(func(i int) bool { return i%7 == 0 })),
		rows.Numbers[uint8](each(func(i int) uint8 { return uint8(i % 2) })),
		texts(each(func(i int) string { return fmt.Sprint("text ", i) })...),
		&rows.Dictionary{Keys: each(key), Values: words},
		&rows.Times{Ticks: each(func(i int) int64 { return int64(i) - 1500 }), PerSecond: 1000, Location: zone},
		rows.Values[time.Duration](each(func(i int) time.Duration { return time.Duration(i) })),
		&rows.Nullable{Nulls: each(null), Values: rows.Numbers[int64](each(func(i int) int64 { return int64(i) }))},
		&rows.Dictionary{Keys: each(key), Values: words, NullKey0: true},
		&rows.Lists{Ends: each(func(i int) uint32 { return uint32(i + 1) }), Elements: rows.Numbers[int32](each(func(i int) int32 { return int32(i) }))},
		rows.Numbers[int64](each(func(i int) int64 { return int64(i) })),
	}
	source := &table{columns: columns, batches: []*rows.Batch{rows.NewBatch(columns, vectors, many)}}
	got, err := rows.Collect(open(source, rows.Options{}), rows.ToStruct[row])
	want := each(func(i int) row {
		r := row{
			Same: int64(-i), Wider: int64(i), Flag: i%7 == 0, Byte: i%2 == 1, Text: fmt.Sprint("text ", i), Word: words.At(i % 3),
			At: time.UnixMilli(int64(i) - 1500).In(zone), Took: time.Duration(i), List: []int32{int32(i)},
			Extras: map[string]any{"rest": int64(i)},
		}
		if n := int64(i); !null(i) {
			r.Maybe = &n
		}
		if word := words.At(i % 3); i%3 != 0 {
			r.Pick = &word
		}
		return r
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for i := range got {
		if got[i].At.Location() != zone {
			t.Fatalf("row %d is in the zone %s", i, got[i].At.Location())
		}
	}
}

func TestANullBehindTheFirstChunkIsNoZero(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 1023, 1024, many - 1} {
		nulls := each(func(i int) bool { return i == at })
		refused(t, column(&rows.Nullable{Nulls: nulls, Values: make(rows.Numbers[int64], many)}), rows.To[int64], "NULL")
		keys := each(func(i int) uint32 {
			if i == at {
				return 0
			}
			return 1
		})
		refused(t, column(&rows.Dictionary{Keys: keys, Values: texts("", "word"), NullKey0: true}), rows.To[string], "NULL")
	}
}

func TestANumberWithoutItsSignOrATruthBeyondOneDoesNotFit(t *testing.T) {
	t.Parallel()
	refused(t, column(rows.Numbers[uint64]{1 << 63}), rows.To[int64], "does not fit")
	refused(t, column(rows.Numbers[int64]{-1}), rows.To[uint64], "does not fit")
	refused(t, column(rows.Numbers[float64]{0.5}), rows.To[int64], "does not fit")
	refused(t, column(rows.Numbers[uint8]{2}), rows.To[bool], "does not fit")
	refused(t, column(&rows.Times{Ticks: []int64{0}, PerSecond: 1}), rows.To[string], "do not go together")
}

func TestAnInstantIsShownInItsZone(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("+05:30", 19800)
	at := &rows.Times{Ticks: []int64{0}, PerSecond: 1, Location: zone}
	if got, ok := at.Value(0).(time.Time); !ok || got.Location() != zone || at.At(0).Location() != zone {
		t.Errorf("%v and %v", at.Value(0), at.At(0))
	}
	if got := (&rows.Times{Ticks: []int64{0}, PerSecond: 1}).At(0); got.Location() != time.UTC {
		t.Errorf("%v", got)
	}
}

func TestANullWithinAComposedValueIsNil(t *testing.T) {
	t.Parallel()
	words := &rows.Dictionary{Keys: []uint32{0, 1}, Values: texts("", "x"), NullKey0: true}
	if diff := cmp.Diff([]any{nil, "x"}, (&rows.Lists{Ends: []uint32{2}, Elements: words}).Value(0)); diff != "" {
		t.Errorf("list: %s", diff)
	}
	keyed := &rows.Maps{Ends: []uint32{2}, Keys: texts("a", "b"), Values: words}
	if diff := cmp.Diff(map[string]any{"a": nil, "b": "x"}, keyed.Value(0)); diff != "" {
		t.Errorf("map: %s", diff)
	}
	refused(t, column(&rows.Lists{Ends: []uint32{2}, Elements: words}), rows.To[[]string], "NULL", "element 0")
}

func TestAMapOfListsKeepsEachListItsOwn(t *testing.T) {
	t.Parallel()
	lists := &rows.Maps{
		Ends: []uint32{2}, Keys: texts("a", "b"),
		Values: &rows.Lists{Ends: []uint32{1, 2}, Elements: rows.Numbers[int32]{1, 2}},
	}
	got, err := rows.Collect(open(column(lists), rows.Options{}), rows.To[map[string][]int64])
	if diff := cmp.Diff([]map[string][]int64{{"a": {1}, "b": {2}}}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestANumberOfAMapThatWasReadIsNotWrittenToAgain(t *testing.T) {
	t.Parallel()
	digits := []string{"123456789012345678901234567890", "987654321098765432109876543210"}
	source := column(&rows.Maps{Ends: []uint32{2}, Keys: texts("a", "b"), Values: texts(digits...)})
	got, err := rows.Collect(open(source, rows.Options{}), rows.To[map[string]big.Int])
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	for i, key := range []string{"a", "b"} {
		if n := got[0][key]; n.String() != digits[i] {
			t.Errorf("%s is %s", key, &n)
		}
	}
}

func TestTwoColumnsForOneFieldAreRefused(t *testing.T) {
	t.Parallel()
	columns := []rows.Column{{Name: "load_id"}, {Name: "LoadID"}}
	one := rows.Numbers[int64]{1}
	source := &table{columns: columns, batches: []*rows.Batch{rows.NewBatch(columns, []rows.Vector{one, one}, 1)}}
	refused(t, source, rows.ToStruct[struct{ LoadID int64 }], `"load_id"`, `"LoadID"`, "AS")
}

func TestWhatOneQuestionLeavesOutAnotherRefuses(t *testing.T) {
	t.Parallel()
	type partial struct{ ID uint64 }
	if got, err := rows.Collect(open(people(), rows.Options{}), rows.ToStructLax[partial]); len(got) != 3 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	refused(t, people(), rows.ToStruct[partial], `"full_name"`)
}

func TestScanWantsARowAndAPlaceForEachColumn(t *testing.T) {
	t.Parallel()
	r := open(people(), rows.Options{})
	var id int
	for b, err := range r.Batches() {
		if err != nil || b.Len() == 0 {
			t.Fatal(err)
		}
		if err := r.Scan(&id, new(string), new(*int)); base.KindOf(err) != base.KindInvalid {
			t.Errorf("within a loop over batches: %v", err)
		}
	}
	r = open(people(), rows.Options{})
	defer func() { _ = r.Close() }()
	for r.Next() {
		for _, dest := range [][]any{{}, {&id}, {&id, new(string), new(*int), &id}, {id, new(string), new(*int)}, {nil, nil, nil}} {
			if err := r.Scan(dest...); base.KindOf(err) != base.KindInvalid {
				t.Errorf("into %v: %v", dest, err)
			}
		}
	}
}

func TestAnAnswerThatIsReadToItsEndGivesItsConnectionBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails   error
		options rows.Options
		outcome base.Outcome
	}{
		"its end":       {nil, rows.Options{}, base.Data},
		"a failure":     {base.NewError(base.KindUnavailable, io.ErrUnexpectedEOF), rows.Options{}, base.Partial},
		"the row cap":   {nil, rows.Options{MaxRows: 1}, base.Truncated},
		"the byte cap":  {nil, rows.Options{MaxBytes: 30}, base.Truncated},
		"a cap not met": {nil, rows.Options{MaxRows: 3, MaxBytes: 1000}, base.Data},
	} {
		source := people()
		source.fails = c.fails
		r := open(source, c.options)
		for r.Next() {
			_ = r.Row()
		}
		if source.closed == 0 || r.Outcome() != c.outcome {
			t.Errorf("%s: closed %d times, %v, %v", name, source.closed, r.Outcome(), r.Err())
		}
	}
}

func TestTheCapThatWasReachedIsNamed(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]rows.Options{
		"MaxBytes 30": {MaxRows: 1000, MaxBytes: 30}, // two rows are 26 bytes
		"MaxRows 2":   {MaxRows: 2, MaxBytes: 1000},
	} {
		got, err := rows.Collect(open(people(), o), rows.ToMap)
		e, ok := errors.AsType[*base.IncompleteError](err)
		if len(got) != 2 || !ok || e.Seen != 2 || e.Missing != "more "+map[string]string{"MaxBytes 30": "bytes", "MaxRows 2": "rows"}[want]+" than "+want+"; narrow the question, or raise the cap" {
			t.Errorf("%s: %d rows, %v", want, len(got), err)
		}
	}
}

// leaver is a cursor whose reader is closed while it waits for the next batch.
type leaver struct {
	*table
	leave func()
}

func (l *leaver) Next() (*rows.Batch, error) {
	if len(l.batches) > 0 {
		return l.table.Next()
	}
	l.leave()
	return nil, base.NewError(base.KindCanceled, errors.New("the statement was cancelled"))
}

func TestAnAnswerThatDoesNotFitHasFailed(t *testing.T) {
	t.Parallel()
	type lacking struct{ ID uint64 }
	type null struct {
		ID       uint64
		FullName string
		Age      uint8
	}
	none := rows.New(people(), rows.Options{})
	if _, err := rows.Collect(none, rows.ToStruct[lacking]); err == nil || none.Outcome() != base.Failed || none.Err() == nil {
		t.Errorf("no row fits: %v, %v, %v", err, none.Outcome(), none.Err())
	}
	second := rows.New(people(), rows.Options{})
	got, err := rows.Collect(second, rows.ToStruct[null])
	if err == nil || second.Outcome() != base.OutcomeOf(len(got), err) || second.Stats().Rows != int64(len(got)) {
		t.Errorf("the second row does not fit: %d rows, %v, %v", len(got), err, second.Outcome())
	}
}

func TestAnAnswerThatWasLeftHasNoErrorAndNoOutcome(t *testing.T) {
	t.Parallel()
	cursor := &leaver{table: people()}
	r := rows.New(cursor, rows.Options{})
	cursor.leave = func() { _ = r.Close() }
	n := 0
	for r.Next() {
		n++
	}
	if n != 3 || r.Err() != nil || r.Outcome() != base.Pending {
		t.Errorf("%d rows, %v, %v", n, r.Outcome(), r.Err())
	}
}

func TestValuesWithoutACommonTypeFillFieldsThatHaveOne(t *testing.T) {
	t.Parallel()
	type row struct {
		N    int
		F    float64
		S    string
		B    bool
		At   time.Time
		Or   *int64
		Text []byte
	}
	at := time.Unix(7, 0).UTC()
	seven := int64(7)
	vectors := []rows.Vector{
		rows.Any{int64(1), 2.0},
		rows.Any{1.5, int64(2)},
		rows.Any{"a", "b"},
		rows.Any{true, false},
		rows.Any{at, at},
		rows.Any{nil, seven},
		rows.Any{[]byte("x"), "y"},
	}
	columns := make([]rows.Column, len(vectors))
	for i, name := range []string{"n", "f", "s", "b", "at", "or", "text"} {
		columns[i].Name = name
	}
	got, err := rows.Collect(rows.New(&table{columns: columns, batches: []*rows.Batch{rows.NewBatch(columns, vectors, 2)}}, rows.Options{}), rows.ToStruct[row])
	want := []row{{1, 1.5, "a", true, at, nil, []byte("x")}, {2, 2, "b", false, at, &seven, []byte("y")}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for name, wrong := range map[string]rows.Any{"NULL": {nil, int64(1)}, "go together": {int64(1), "x"}, "does not fit": {int64(1), 1.5}} {
		_, err := rows.Collect(rows.New(column(wrong), rows.Options{}), rows.ToStruct[struct{ N int }])
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
