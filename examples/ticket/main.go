// Command ticket reads a ticket of Jira and fetches what it points to: the loads that it names, similar tickets, the
// documents of the services in it, the code of its stack traces, what was deployed in its window, and its log lines.
//
// Without arguments it is a demo and needs nothing but Go: it starts the services in process, fills them with a ticket that
// is made up, and prints a report in Markdown. With -issue it asks the real ones. See -h.
//
// What a ticket says is found by rules alone, each finding with where it stood and how sure it is. A source that is missing,
// fails or has more than was read is named in the report, and the rest goes on.
package main

import (
	"os"
	"time"

	"github.com/fourkites/sources/internal/command"
)

func main() {
	os.Exit(run(command.Interrupted(), os.Args[1:], command.Environment(), time.Now(), os.Stdout, os.Stderr))
}
