// Command mcpserver serves the tools of every source over MCP, on HTTP or on stdin and stdout.
//
// Without arguments it is a demo and needs nothing but Go: it starts the services in process, fills them with an incident
// that is made up, and serves the tools of ten clients and the questions that need several of them. With -live it asks the
// real ones, those whose variables are set. See -h.
//
// At /mcp are all tools, each under the one name that it has in this house; at /mcp/NAME are those of one client, under the
// names and with the parameters of older servers too. A tool that writes is served with -writes alone.
package main

import (
	"os"
	"time"

	"github.com/fourkites/sources/internal/command"
)

func main() {
	os.Exit(run(command.Interrupted(), os.Args[1:], command.Environment(), time.Now(), streams{os.Stdin, os.Stdout, os.Stderr}))
}
