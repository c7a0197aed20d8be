// Command investigate goes from a ticket, or from a recorded incident, to its root cause.
//
// Without arguments it needs nothing but Go: it starts the services in process, loads an embedded scenario, reads the
// ticket in it, and prints a report in Markdown. With -case it investigates a recorded incident. See -h.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300) // a run is short and holds a recording several times over: memory for time
	}
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}
