// Command warehouse tells the whole life of a load: what it is, its stops, its events, how it was created, the files that
// bore on it, the relationship of its shipper and carrier, and its history by day.
//
// Without arguments it is a demo and needs nothing but Go: it starts a Tracking API, a Redshift and a Trino in process,
// fills them with a load that is made up, and prints a report in Markdown. With -load it asks the real ones. See -h.
//
// What the load is comes from the Tracking API where there is one, else from the warehouse's table of loads, else from
// its validation mart; all that can be asked are compared, and the report names the fields in which they differ. A source
// that is missing, fails or has more than was read is named in the report, and the rest goes on.
package main

import (
	"os"
	"time"

	"github.com/fourkites/sources/internal/command"
)

func main() {
	os.Exit(run(command.Interrupted(), os.Args[1:], command.Environment(), time.Now(), os.Stdout, os.Stderr))
}
