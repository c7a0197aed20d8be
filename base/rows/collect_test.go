package rows_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/fourkites/sources/base/rows"
)

// What is collected is moved while the garbage collector runs, and the memory that it was moved from goes back to the
// system at once.
func TestEveryCollectedValueIsKept(t *testing.T) {
	t.Parallel()
	const size, batches = 50_000, 8 // nine pieces
	columns := []rows.Column{{Name: "id", Type: "UInt64"}, {Name: "name", Type: "String"}}
	source := &table{columns: columns}
	for b := range batches {
		ids, names := make(rows.Numbers[uint64], size), make([]string, size)
		for i := range ids {
			ids[i], names[i] = uint64(b*size+i), fmt.Sprint("name-", b*size+i)
		}
		source.batches = append(source.batches, rows.NewBatch(columns, []rows.Vector{ids, texts(names...)}, size))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var collector sync.WaitGroup
	collector.Go(func() {
		for ctx.Err() == nil {
			runtime.GC()
		}
	})
	type row struct {
		ID   uint64
		Name string
	}
	got, err := rows.Collect(open(source, rows.Options{}), rows.ToStruct[row])
	source.batches = nil
	runtime.GC()
	cancel()
	collector.Wait()
	if err != nil || len(got) != size*batches || cap(got) != len(got) {
		t.Fatal(len(got), cap(got), err)
	}
	for i, r := range got {
		if r.ID != uint64(i) || r.Name != fmt.Sprint("name-", i) {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
}
