package rows_test

import (
	"fmt"

	"github.com/fourkites/sources/base/rows"
)

// An answer, here one in memory, read into the caller's own structs.
func Example() {
	type Load struct {
		ID   uint64
		Name string `db:"full_name"`
	}
	r := rows.New(people(), rows.Options{Source: "memory", Op: "Query"})
	loads, err := rows.Collect(r, rows.ToStructLax[Load])
	fmt.Println(loads, err, r.Outcome())
	// Output: [{1 ada} {2 bob} {3 cy}] <nil> data
}
