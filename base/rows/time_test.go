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
	refused(t, &table{columns: columns, batches: []*rows.Batch{
		rows.NewBatch(columns, []rows.Vector{at, rows.Values[time.Duration]{time.Minute}}, 1),
	}}, rows.ToStructLax[struct{ Took int32 }], `"took"`)
}
