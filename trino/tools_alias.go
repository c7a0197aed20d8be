package trino

import (
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/archive"
)

// QueryAliasInput has the parameters of the tool query.
type QueryAliasInput struct {
	SQL     string `json:"sql" jsonschema:"one statement that reads"`
	Catalog string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
	Schema  string `json:"schema,omitempty" jsonschema:"default: the configured one"`
}

// The short names and parameters of these tools. They belong on an endpoint of this source alone.
var (
	QueryAlias     = tool.Alias(QuerySQL, "query", "Runs one SQL statement that reads; bound datestr in tables of history.", QueryAliasInput.convert)
	QueryLoadFiles = tool.Alias(ListLoadFiles, "query_load_files", "Lists the files that brought a load.", files)
	QueryCallbacks = tool.Alias(ListCallbacks, "query_callbacks", "Lists the callbacks of a load.", callbacks)
	QueryLogs      = tool.Alias(SearchLogs, "query_logs", "Searches the history of a service's logs, newest first.", searched)
)

// Aliases binds the same methods under their short names.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		QueryAlias.Bind(c.querySQL), QueryLoadFiles.Bind(c.listLoadFiles), QueryCallbacks.Bind(c.listCallbacks), QueryLogs.Bind(c.searchLogs),
	}
}

func (in QueryAliasInput) convert() (QueryInput, error) {
	return QueryInput{SQL: in.SQL, Catalog: in.Catalog, Schema: in.Schema, Limit: maxChunk}, nil // it has no limit of its own to raise
}

func files(in RangeInput) (FilesInput, error)         { return archive.Files(remoteName, in) }
func callbacks(in RangeInput) (CallbacksInput, error) { return archive.Callbacks(remoteName, in) }
func searched(in LogsAliasInput) (LogsInput, error)   { return archive.Logs(remoteName, in) }
