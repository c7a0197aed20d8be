package athena

import (
	"errors"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/partition"
)

// QueryAliasInput has the parameters of the tool query.
type QueryAliasInput struct {
	SQL      string `json:"sql"`
	Catalog  string `json:"catalog,omitempty"`
	Database string `json:"database,omitempty"`
}

// RangeInput has the parameters of the tools query_load_files and query_callbacks.
type RangeInput struct {
	TrackingID string `json:"tracking_id"`
	DateRange  string `json:"date_range" jsonschema:"2025-01-01..2025-01-31 (both days included), or such as 7d: until now"`
}

// LogsAliasInput has the parameters of the tool query_logs.
type LogsAliasInput struct {
	Service   string `json:"service,omitempty"`
	DateRange string `json:"date_range" jsonschema:"2025-01-01..2025-01-31 (both days included), or such as 7d: until now"`
	Severity  string `json:"severity,omitempty" jsonschema:"at least this severity"`
}

// The short names and parameters of these tools. They belong on an endpoint of this source alone.
var (
	QueryAlias     = tool.Alias(QuerySQL, "query", "Runs one SQL statement that reads; bound datestr in tables of history.", QueryAliasInput.convert)
	QueryLoadFiles = tool.Alias(ListLoadFiles, "query_load_files", "Lists the files that brought a load.", RangeInput.files)
	QueryCallbacks = tool.Alias(ListCallbacks, "query_callbacks", "Lists the callbacks of a load.", RangeInput.callbacks)
	QueryLogs      = tool.Alias(SearchLogs, "query_logs", "Searches the history of a service's logs, newest first.", LogsAliasInput.convert)
)

// Aliases binds the same methods under their short names.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		QueryAlias.Bind(c.querySQL), QueryLoadFiles.Bind(c.listLoadFiles), QueryCallbacks.Bind(c.listCallbacks), QueryLogs.Bind(c.searchLogs),
	}
}

func (in QueryAliasInput) convert() (QueryInput, error) {
	return QueryInput{SQL: in.SQL, Catalog: in.Catalog, Database: in.Database, Limit: maxChunk}, nil // it has no limit of its own to raise
}

func (in RangeInput) files() (FilesInput, error) {
	w, err := partition.DateRange(in.DateRange, time.Now())
	if err != nil {
		return FilesInput{}, aliasError("query_load_files", err)
	}
	return FilesInput{TrackingID: in.TrackingID, Window: w}, nil
}

func (in RangeInput) callbacks() (CallbacksInput, error) {
	w, err := partition.DateRange(in.DateRange, time.Now())
	if err == nil && in.TrackingID == "" {
		err = errors.New("tracking_id: is empty")
	}
	if err != nil {
		return CallbacksInput{}, aliasError("query_callbacks", err)
	}
	return CallbacksInput{TrackingID: in.TrackingID, Window: w}, nil
}

func (in LogsAliasInput) convert() (LogsInput, error) {
	w, err := partition.DateRange(in.DateRange, time.Now())
	if err != nil {
		return LogsInput{}, aliasError("query_logs", err)
	}
	out := LogsInput{Window: w, MinSeverity: in.Severity}
	if in.Service != "" {
		out.Services = []string{in.Service}
	}
	return out, nil
}

func aliasError(name string, err error) error {
	return base.Invalid(remoteName, name, "%s", err.Error())
}
