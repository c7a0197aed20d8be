package athena

import "github.com/fourkites/sources/base/history"

// The inputs and outputs of the tools. Lists are pages: give the cursor of the last page for the next one.

// The questions that the sources of history share.
type (
	// LogsInput is the question of athena_search_logs; see [logs.Query].
	LogsInput = history.LogsInput
	// CallbacksInput is the question of athena_list_callbacks; see [CallbacksOptions].
	CallbacksInput = history.CallbacksInput
	// FilesInput is the question of athena_list_load_files and athena_list_locations; see [FilesOptions].
	FilesInput = history.FilesInput
	// RangeInput has the parameters of the tools query_load_files and query_callbacks.
	RangeInput = history.RangeInput
	// LogsAliasInput has the parameters of the tool query_logs.
	LogsAliasInput = history.LogsAliasInput
)

// CatalogsInput is the question of athena_list_catalogs: it has none.
type CatalogsInput struct{}

// DatabasesInput is the question of athena_list_databases.
type DatabasesInput struct {
	Catalog string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
}

// TablesInput is the question of athena_list_tables; see [TablesOptions].
type TablesInput struct {
	Catalog  string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
	Database string `json:"database,omitempty" jsonschema:"default: the configured one"`
	Matching string `json:"matching,omitempty" jsonschema:"a regular expression that the whole name matches"`
}

// DescribeInput is the question of athena_describe_table.
type DescribeInput struct {
	Table      string `json:"table" jsonschema:"table, database.table or catalog.database.table"`
	SampleRows int    `json:"sample_rows,omitempty" jsonschema:"rows to show, 0 to 100; default none"`
}

// QueryIDInput is the question of athena_get_query and athena_stop_query.
type QueryIDInput struct {
	QueryID string `json:"query_id" jsonschema:"as stats, errors and athena_start_query tell it"`
}

// StopOutput is the answer of athena_stop_query: the query was stopped, or had ended before.
type StopOutput struct {
	Stopped bool `json:"stopped"`
}
