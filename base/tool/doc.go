// Package tool describes a client's method once, so that language models, remote sessions and programs can call it: a
// name, a text, and JSON schemas that come from the types of its input and output.
//
// A package declares its tools without a client, and binds them to one:
//
//	var SearchLogs = tool.Declare[LogsQuery, LogsPage]("clickhouse_search_logs", "Searches log records. ...")
//
//	func (c *Client) Tools() []tool.Tool {
//		return []tool.Tool{SearchLogs.Bind(c.searchLogs)}
//	}
//
// The same declaration calls the tool wherever it is served, see [Declaration.Call].
package tool
