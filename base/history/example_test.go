package history_test

import (
	"fmt"

	"github.com/fourkites/sources/base/history"
)

// An operator writes only what differs from the stated names; what is wrong is reported by field, all at once.
func ExampleTables_Validate() {
	t := history.Tables{Callbacks: "archive.callbacks", Partition: "day"}
	fmt.Println(t.Validate(), t.WithDefaults().LoadFiles, t.WithDefaults().Chunk)
	t.Logs, t.Chunk = `logs"; --`, 1000
	fmt.Println(t.Validate())
	// Output:
	// <nil> load_files 7
	// tables.logs: the name has the character '"', which names of tables and columns cannot have
	// tables.chunk_days: must be between 0 (the default) and 366
}
