package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/fourkites/sources/mcp"
)

// notice is what a person is told when the server listens.
type notice struct {
	boxes  []mcp.Toolbox
	demo   string // what the demo is about; empty with -live
	tokens string // the variable with the tokens that are asked for; empty = none is
}

// welcome says where the tools are, and how a client is told of them.
func (s settings) welcome(address string, n notice) string {
	base := "http://" + s.reachable(address) + "/mcp"
	var b strings.Builder
	rows := s.rowsOf(base, n.boxes)
	widest := 0
	for _, r := range rows {
		widest = max(widest, len(r.url))
	}
	fmt.Fprintf(&b, "%-*s  tools  older names\n", widest, "endpoint")
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s  %5d  %11d\n", widest, r.url, r.tools, r.older)
	}
	fmt.Fprintf(&b, `
Settings of a client over HTTP:
  {"mcpServers": {"sources": {"type": "http", "url": "%s"}}}
and over stdin and stdout, from the folder of this module:
  {"mcpServers": {"sources": {"command": "go", "args": ["run", "./examples/mcpserver", "-stdio"]}}}
`, base)
	if n.tokens != "" {
		fmt.Fprintf(&b, "Each request over HTTP needs the header \"Authorization: Bearer ...\" with a token of %s.\n", n.tokens)
	}
	if n.demo != "" {
		fmt.Fprintf(&b, "Ask it, for one: \"Read ticket %s, and find the cause and the commit that brought it.\"\n", demoKey)
	}
	b.WriteString("Ctrl-C ends it.\n")
	return b.String()
}

// reachable is the address as a client writes it.
func (s settings) reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || isLoopback(host) || len(s.hosts()) == 0 {
		return address
	}
	return net.JoinHostPort(s.hosts()[0], port)
}
