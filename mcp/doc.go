// Package mcp serves tools over the Model Context Protocol, and calls those of a remote server as if they were local.
//
// A [Server] serves the tools of any number of clients: all of them at /mcp, those of one client, with their older names, at
// /mcp/<name>; over streamable HTTP by ServeHTTP, or over standard input and output by ServeStdio.
//
// A [Session] is one remote server behind the guard that every source stands behind. It is a [tool.Caller], so that
//
//	logs := clickhouse.Remote("clickhouse", session)
//
// answers as the client itself would, with the same errors. [Call] calls one declared tool. An error of a source has the Source
// and Op that it had there; where the way to it failed, the Source is the name of the Session.
//
// See https://modelcontextprotocol.io/specification.
package mcp
