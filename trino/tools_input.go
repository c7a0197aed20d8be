package trino

import "github.com/fourkites/sources/base/history"

// The inputs and outputs of the tools. Lists are pages: give the cursor of the last page for the next one.

// The questions that the sources of history share.
type (
	// LogsInput is the question of trino_search_logs; see [logs.Query].
	LogsInput = history.LogsInput
	// CallbacksInput is the question of trino_list_callbacks; see [CallbacksOptions].
	CallbacksInput = history.CallbacksInput
	// FilesInput is the question of trino_list_load_files and trino_list_locations; see [FilesOptions].
	FilesInput = history.FilesInput
	// RangeInput has the parameters of the tools query_load_files and query_callbacks.
	RangeInput = history.RangeInput
	// LogsAliasInput has the parameters of the tool query_logs.
	LogsAliasInput = history.LogsAliasInput
)

// CatalogsInput is the question of trino_list_catalogs: it has none.
type CatalogsInput struct{}

// SchemasInput is the question of trino_list_schemas.
type SchemasInput struct {
	Catalog string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
}

// TablesInput is the question of trino_list_tables; see [TablesOptions].
type TablesInput struct {
	Catalog string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
	Schema  string `json:"schema,omitempty" jsonschema:"default: the configured one"`
	Like    string `json:"like,omitempty" jsonschema:"pattern: % is any text, _ any letter"`
}

// DescribeInput is the question of trino_describe_table.
type DescribeInput struct {
	Table      string `json:"table" jsonschema:"table, schema.table or catalog.schema.table"`
	SampleRows int    `json:"sample_rows,omitempty" jsonschema:"rows to show, 0 to 100; default none"`
}

// QueryIDInput is the question of trino_get_query and trino_cancel_query.
type QueryIDInput struct {
	QueryID string `json:"query_id" jsonschema:"as stats and errors carry it"`
}

// CancelOutput is the answer of trino_cancel_query: whether the server knew the query.
type CancelOutput struct {
	Cancelled bool `json:"cancelled"`
}
