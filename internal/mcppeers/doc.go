// Package mcppeers holds our MCP server and client against programs of others that speak the protocol: its conformance
// suite, the Inspector, and the clients of the Python and TypeScript SDKs.
//
// It is tests only. They install the peers at pinned versions, and run where INTEGRATION=1 says so; a peer that cannot be
// installed fails them. `make mcp` runs nothing else and prints what each peer passed.
package mcppeers
