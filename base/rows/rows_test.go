package rows_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// table is a cursor over columns in memory, in batches of a given size.
type table struct {
	columns []rows.Column
	batches []*rows.Batch
	fails   error
	closed  int
}

func (t *table) Columns() []rows.Column { return t.columns }
func (t *table) Stats() base.Stats      { return base.Stats{Source: "memory"} }
func (t *table) Close() error           { t.closed++; return nil }
func (t *table) Next() (*rows.Batch, error) {
	if len(t.batches) == 0 {
		if t.fails != nil {
			return nil, t.fails
		}
		return nil, io.EOF
	}
	b := t.batches[0]
	t.batches = t.batches[1:]
	return b, nil
}

func texts(all ...string) *rows.Strings {
	var data []byte
	var ends []uint32
	for _, s := range all {
		data = append(data, s...)
		ends = append(ends, uint32(len(data)))
	}
	return rows.NewStrings(data, ends)
}

// people is three rows in two batches.
func people() *table {
	columns := []rows.Column{{Name: "id", Type: "UInt64"}, {Name: "full_name", Type: "String"}, {Name: "age", Type: "Nullable(UInt8)", Nullable: true}}
	batch := func(ids rows.Numbers[uint64], names *rows.Strings, nulls []bool, ages rows.Numbers[uint8]) *rows.Batch {
		return rows.NewBatch(columns, []rows.Vector{ids, names, &rows.Nullable{Nulls: nulls, Values: ages}}, len(ids))
	}
	return &table{columns: columns, batches: []*rows.Batch{
		batch(rows.Numbers[uint64]{1, 2}, texts("ada", "bob"), []bool{false, true}, rows.Numbers[uint8]{36, 0}),
		batch(rows.Numbers[uint64]{3}, texts("cy"), []bool{false}, rows.Numbers[uint8]{7}),
	}}
}

func open(t *table, o rows.Options) *rows.Rows {
	o.Source, o.Op = "memory", "Query"
	return rows.New(t, o)
}

type identity struct{ ID uint64 }

type person struct {
	identity
	Name string `db:"full_name"`
	Age  *int
	None string
}

func TestStructsAreFilledByTagByNameAndThroughEmbedding(t *testing.T) {
	t.Parallel()
	source := people()
	r := open(source, rows.Options{})
	got, err := rows.Collect(r, rows.ToStruct[person])
	old, young := 36, 7
	want := []person{{identity{1}, "ada", &old, ""}, {identity{2}, "bob", nil, ""}, {identity{3}, "cy", &young, ""}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(person{})); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if r.Outcome() != base.Data || r.Stats().Rows != 3 || source.closed == 0 {
		t.Errorf("outcome %v, stats %+v, closed %d times", r.Outcome(), r.Stats(), source.closed)
	}
}

func refused[T any](t *testing.T, source *table, to func(*rows.Rows) iter.Seq2[T, error], words ...string) {
	t.Helper()
	_, err := rows.Collect(open(source, rows.Options{}), to)
	if base.KindOf(err) != base.KindInvalid {
		t.Fatalf("%v, want Invalid", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v does not say %q", err, w)
		}
	}
	if source.closed == 0 {
		t.Error("the rows were not closed")
	}
}

func TestWhatDoesNotFitNamesColumnAndField(t *testing.T) {
	t.Parallel()
	refused(t, people(), rows.ToStruct[struct {
		ID   uint64
		Name string `db:"full_name"`
		Age  uint8
	}], `"age"`, "Age", "NULL")
	refused(t, people(), rows.ToStruct[struct{ ID uint64 }], `"full_name"`, "ToStructLax")
	refused(t, people(), rows.ToStructLax[struct{ ID string }], `"id"`, "ID")
	refused(t, people(), rows.ToStructLax[struct{ ID chan int }], `"id"`, "chan int")
	refused(t, people(), rows.To[uint64], "3 columns")
	columns := []rows.Column{{Name: "n", Type: "Int64"}}
	for _, n := range []int64{256, -1} {
		one := &table{columns: columns, batches: []*rows.Batch{rows.NewBatch(columns, []rows.Vector{rows.Numbers[int64]{n}}, 1)}}
		refused(t, one, rows.To[uint8], `"n"`, "does not fit")
	}
}

func TestColumnsWithoutAFieldGoIntoTheExtras(t *testing.T) {
	t.Parallel()
	type known struct {
		ID   int64
		Rest map[string]any `db:",extras"`
	}
	got, err := rows.Collect(open(people(), rows.Options{}), rows.ToStruct[known])
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	if diff := cmp.Diff(map[string]any{"full_name": "bob", "age": nil}, got[1].Rest); diff != "" || got[1].ID != 2 {
		t.Error(diff)
	}
}

func TestNullGoesIntoScannersAndMaps(t *testing.T) {
	t.Parallel()
	type nulled struct{ Age sql.Null[int64] }
	got, err := rows.Collect(open(people(), rows.Options{}), rows.ToStructLax[nulled])
	want := []nulled{{sql.Null[int64]{V: 36, Valid: true}}, {}, {sql.Null[int64]{V: 7, Valid: true}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	maps, err := rows.Collect(open(people(), rows.Options{}), rows.ToMap)
	if err != nil || len(maps) != 3 || maps[1]["age"] != nil || maps[2]["id"] != uint64(3) {
		t.Errorf("%v %v", maps, err)
	}
}

func TestTheCapHandsOutExactlySoManyAndSaysSo(t *testing.T) {
	t.Parallel()
	for limit := int64(1); limit <= 4; limit++ {
		source := people()
		r := open(source, rows.Options{MaxRows: limit})
		got, err := rows.Collect(r, rows.ToMap)
		cut := limit < 3
		if int64(len(got)) != min(limit, 3) || errors.Is(err, base.ErrTruncated) != cut || (err == nil) == cut || source.closed == 0 {
			t.Errorf("cap %d: %d rows, %v", limit, len(got), err)
		}
		if want := map[bool]base.Outcome{true: base.Truncated, false: base.Data}[cut]; r.Outcome() != want {
			t.Errorf("cap %d: outcome %v", limit, r.Outcome())
		}
	}
	got, err := rows.Collect(open(people(), rows.Options{MaxBytes: 14}), rows.ToMap)
	if len(got) != 1 || !errors.Is(err, base.ErrTruncated) || !strings.Contains(err.Error(), "MaxBytes 14") {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

func TestTheCapCutsTheLastBatchTooAndSaysSo(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]rows.Options{"rows": {MaxRows: 1}, "bytes": {MaxBytes: 14}} {
		source := people()
		source.batches = source.batches[:1] // two rows, and nothing comes after them
		r := open(source, o)
		got, err := rows.Collect(r, rows.ToMap)
		if len(got) != 1 || !errors.Is(err, base.ErrTruncated) || r.Outcome() != base.Truncated || source.closed == 0 {
			t.Errorf("%s: %d rows, %v, %v", name, len(got), r.Outcome(), err)
		}
	}
}

func TestAnOuterFieldWinsOverAnEmbeddedOne(t *testing.T) {
	t.Parallel()
	type outer struct {
		identity
		ID int
	}
	got, err := rows.Collect(open(people(), rows.Options{}), rows.ToStructLax[outer])
	if err != nil || len(got) != 3 || got[2].ID != 3 || got[2].identity.ID != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// word is a type whose Scan reuses its memory, as those do that are meant for one row after the other.
type word []byte

func (w *word) Scan(v any) error {
	*w = append((*w)[:0], v.(string)...)
	return nil
}

func TestAValueThatWasHandedOutIsNotWrittenToAgain(t *testing.T) {
	t.Parallel()
	columns := []rows.Column{{Name: "big", Type: "String"}, {Name: "word", Type: "String"}}
	var batches []*rows.Batch
	for _, n := range []string{"123456789012345678901234567890", "987654321098765432109876543210"} {
		batches = append(batches, rows.NewBatch(columns, []rows.Vector{texts(n), texts(n)}, 1))
	}
	type row struct {
		Big  big.Int
		Word word
	}
	got, err := rows.Collect(open(&table{columns: columns, batches: batches}, rows.Options{}), rows.ToStruct[row])
	if err != nil || len(got) != 2 || got[0].Big.String() != "123456789012345678901234567890" || string(got[0].Word) != got[0].Big.String() {
		t.Errorf("%s, %s, %v", &got[0].Big, got[0].Word, err)
	}
}

func TestWhatStandsUnderANullNeedNotFit(t *testing.T) {
	t.Parallel()
	columns := []rows.Column{{Name: "n", Type: "Nullable(Int64)"}}
	v := &rows.Nullable{Nulls: []bool{true, false}, Values: rows.Numbers[int64]{-7777, 7}}
	got, err := rows.Collect(open(&table{columns: columns, batches: []*rows.Batch{rows.NewBatch(columns, []rows.Vector{v}, 2)}}, rows.Options{}), rows.To[*uint8])
	if err != nil || len(got) != 2 || got[0] != nil || *got[1] != 7 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAFailureInTheMiddleIsNeverAnEnd(t *testing.T) {
	t.Parallel()
	source := people()
	source.fails = base.NewError(base.KindUnavailable, io.ErrUnexpectedEOF)
	r := open(source, rows.Options{})
	got, err := rows.Collect(r, rows.ToStruct[person])
	if len(got) != 3 || base.KindOf(err) != base.KindUnavailable || r.Outcome() != base.Partial {
		t.Errorf("%d rows, %v, %v", len(got), r.Outcome(), err)
	}
}

func TestLeavingALoopClosesTheRows(t *testing.T) {
	t.Parallel()
	source := people()
	r := open(source, rows.Options{})
	for _, err := range r.All() {
		if err == nil {
			break
		}
	}
	if source.closed == 0 || r.Next() || r.Err() != nil || r.Close() != nil {
		t.Errorf("closed %d times, %v", source.closed, r.Err())
	}
}

func TestScanReadsRowByRow(t *testing.T) {
	t.Parallel()
	r := open(people(), rows.Options{})
	var id int
	var name string
	var age *uint8
	if err := r.Scan(&id, &name, &age); base.KindOf(err) != base.KindInvalid {
		t.Errorf("before Next: %v", err)
	}
	n := 0
	for ; r.Next(); n++ {
		if err := r.Scan(&id, &name, &age); err != nil {
			t.Fatal(err)
		}
	}
	if n != 3 || id != 3 || name != "cy" || age == nil || *age != 7 || r.Err() != nil {
		t.Error(n, id, name, age, r.Err())
	}
	if err := r.Scan(&id); base.KindOf(err) != base.KindInvalid {
		t.Errorf("after the end: %v", err)
	}
}

func TestComposedColumnsGiveValuesOfTheirTypes(t *testing.T) {
	t.Parallel()
	at := &rows.Times{Ticks: []int64{-1, 1500}, PerSecond: 1000}
	for _, c := range []struct {
		v    rows.Vector
		want any
	}{
		{&rows.Dictionary{Keys: []uint32{0, 1}, Values: texts("", "x"), NullKey0: true}, "x"},
		{&rows.Lists{Ends: []uint32{1, 3}, Elements: rows.Numbers[int32]{1, 2, 3}}, []int32{2, 3}},
		{&rows.Maps{Ends: []uint32{0, 1}, Keys: texts("k"), Values: texts("v")}, map[string]string{"k": "v"}},
		{&rows.Tuples{Names: []string{"a"}, Members: []rows.Vector{texts("x", "y")}, Rows: 2}, map[string]any{"a": "y"}},
		{at, time.Unix(1, 5e8).UTC()},
		{rows.Any{nil, 1}, 1},
	} {
		if diff := cmp.Diff(c.want, c.v.Value(1)); diff != "" || c.v.Len() != 2 {
			t.Errorf("%T: %s", c.v, diff)
		}
	}
	if got := at.At(0); !got.Equal(time.Unix(0, -1e6)) {
		t.Errorf("before 1970: %v", got)
	}
}

// Memory must not grow with the number of rows: strings of a batch share one piece, and nothing is made per row.
func TestStreamingAllocatesPerBatchAndNotPerRow(t *testing.T) {
	const size = 50_000
	columns := []rows.Column{{Name: "id", Type: "UInt64"}, {Name: "name", Type: "String"}}
	names := make([]string, size)
	for i := range names {
		names[i] = "name"
	}
	batch := rows.NewBatch(columns, []rows.Vector{make(rows.Numbers[uint64], size), texts(names...)}, size)
	type row struct {
		ID   uint64
		Name string
	}
	n := testing.AllocsPerRun(3, func() {
		source := &table{columns: columns, batches: []*rows.Batch{batch, batch, batch, batch}}
		for _, err := range rows.ToStruct[row](open(source, rows.Options{})) {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	if n > 50 {
		t.Errorf("%v allocations for %d rows", n, 4*size)
	}
}

// The batch that the cap cuts may be the last one: there is more all the same.
func TestTheCapWithinTheLastBatchIsACut(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]rows.Options{"rows": {MaxRows: 2}, "bytes": {MaxBytes: 24}} {
		columns := []rows.Column{{Name: "id", Type: "UInt64"}}
		source := &table{columns: columns, batches: []*rows.Batch{rows.NewBatch(columns, []rows.Vector{rows.Numbers[uint64]{1, 2, 3, 4}}, 4)}}
		r := open(source, o)
		got, err := rows.Collect(r, rows.To[uint64])
		if len(got) >= 4 || !errors.Is(err, base.ErrTruncated) || r.Outcome() != base.Truncated || source.closed == 0 {
			t.Errorf("%s: %d of 4, %v, %v", name, len(got), r.Outcome(), err)
		}
	}
}

func TestRowsAreReadOnceAndSaySoOtherwise(t *testing.T) {
	t.Parallel()
	open3 := func() *rows.Rows {
		columns := []rows.Column{{Name: "id", Type: "UInt64"}}
		return open(&table{columns: columns, batches: []*rows.Batch{
			rows.NewBatch(columns, []rows.Vector{rows.Numbers[uint64]{1, 2}}, 2),
			rows.NewBatch(columns, []rows.Vector{rows.Numbers[uint64]{3}}, 1),
		}}, rows.Options{})
	}
	for name, begin := range map[string]func(*rows.Rows){
		"Next":   func(r *rows.Rows) { r.Next() },
		"Close":  func(r *rows.Rows) { _ = r.Close() },
		"a loop": func(r *rows.Rows) { _, _ = rows.Collect(r, rows.To[uint64]) },
		"a break": func(r *rows.Rows) {
			for _, err := range r.All() {
				if err != nil {
					t.Error(err)
				}
				break
			}
		},
	} {
		r := open3()
		begin(r)
		got, err := rows.Collect(r, rows.To[uint64])
		if len(got) != 0 || base.KindOf(err) != base.KindInvalid {
			t.Errorf("after %s: %d rows, %v", name, len(got), err)
		}
	}
}

func TestTheSizeOfAColumnCountsWhatItsValuesHold(t *testing.T) {
	t.Parallel()
	piece, long := make([]byte, 1<<20), strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		v    rows.Vector
		held int64
	}{
		"bytes":     {rows.Values[[]byte]{piece, nil, piece}, 2 << 20},
		"nullable":  {&rows.Nullable{Nulls: []bool{false, true, false}, Values: rows.Values[[]byte]{piece, nil, piece}}, 2 << 20},
		"any":       {rows.Any{long, nil, json.Number("1")}, 1 << 20},
		"any bytes": {rows.Any{piece, piece}, 2 << 20},
		"nested":    {rows.Any{[]any{long, map[string]any{"a": long, long: true}}}, 3 << 20},
		"lists":     {&rows.Lists{Ends: []uint32{2}, Elements: rows.Any{long, long}}, 2 << 20},
		"few words": {&rows.Nullable{Nulls: []bool{true, true, false}, Values: &rows.Dictionary{Keys: []uint32{0, 0, 0}, Values: texts(long)}}, 1 << 20},
		"no word":   {&rows.Nullable{Nulls: []bool{true, true}, Values: &rows.Dictionary{Keys: []uint32{0, 0}, Values: texts()}}, 0},
	} {
		all := c.v.Len()
		size := rows.NewBatch(nil, []rows.Vector{c.v}, all).Size()
		if size < c.held || size > c.held+200 {
			t.Errorf("%s: %d bytes, and it holds %d", name, size, c.held)
		}
	}
	cut := &table{columns: []rows.Column{{Name: "b"}}, batches: []*rows.Batch{rows.NewBatch([]rows.Column{{Name: "b"}}, []rows.Vector{rows.Values[[]byte]{piece, piece, piece}}, 3)}}
	if got, err := rows.Collect(open(cut, rows.Options{MaxBytes: 5 << 19}), rows.To[[]byte]); len(got) != 2 || !errors.Is(err, base.ErrTruncated) {
		t.Errorf("%d rows, %v", len(got), err)
	}
}
