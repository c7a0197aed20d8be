package rows_test

import (
	"testing"
	"time"

	"github.com/fourkites/sources/base/rows"
)

func TestInstantsAndLengthsOfTimeGoIntoFieldsOfTheirTypes(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("+05:30", 19800)
	columns := []rows.Column{{Name: "at", Type: "timestamp(9) with time zone"}, {Name: "took", Type: "time"}}
	at := rows.Values[time.Time]{time.Unix(0, 1).In(zone)}
	source := &table{columns: columns, batches: []*rows.Batch{
		rows.NewBatch(columns, []rows.Vector{at, rows.Values[time.Duration]{time.Minute}}, 1),
	}}
	type row struct {
		At   time.Time
		Took *time.Duration
	}
	got, err := rows.Collect(open(source, rows.Options{}), rows.ToStruct[row])
	if err != nil || len(got) != 1 || !got[0].At.Equal(at[0]) || got[0].At.Location() != zone || *got[0].Took != time.Minute {
		t.Errorf("%v %v", got, err)
	}
	took := func() *table {
		return &table{columns: columns, batches: []*rows.Batch{
			rows.NewBatch(columns, []rows.Vector{at, rows.Values[time.Duration]{time.Minute}}, 1),
		}}
	}
	refused(t, took(), rows.ToStructLax[struct{ Took int32 }], `"took"`)
	refused(t, took(), rows.ToStructLax[struct{ Took int64 }], `"took"`) // nanoseconds, without a word about it
	type nanoseconds int64
	refused(t, took(), rows.ToStructLax[struct{ Took *nanoseconds }], `"took"`)
	whole := []rows.Column{{Name: "took", Type: "bigint"}}
	number := &table{columns: whole, batches: []*rows.Batch{rows.NewBatch(whole, []rows.Vector{rows.Numbers[int64]{int64(time.Second)}}, 1)}}
	spans, err := rows.Collect(open(number, rows.Options{}), rows.ToStruct[struct{ Took time.Duration }])
	if err != nil || len(spans) != 1 || spans[0].Took != time.Second {
		t.Errorf("%v %v", spans, err)
	}
}
