package redshift

import "github.com/fourkites/sources/base"

// The inputs of the tools, and the outputs that are no answer of a method. Lists are pages that say whether they are all.

// LoadInput is the question of the tools about one load.
type LoadInput struct {
	TrackingID string `json:"tracking_id" jsonschema:"digits"`
}

// LoadOutput is a load, and what asking for it cost and how old the answer may be.
type LoadOutput struct {
	Load
	Stats base.Stats `json:"stats,omitzero"`
}

// LoadEventsInput is the question of redshift_list_load_events; see [EventsQuery].
type LoadEventsInput struct {
	TrackingID string      `json:"tracking_id" jsonschema:"digits"`
	Window     base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339; at most 93 days"`
	Statuses   []string    `json:"statuses,omitempty" jsonschema:"only these events; empty: all"`
	Limit      int         `json:"limit,omitempty" jsonschema:"events of a page; default 1000"`
	Cursor     string      `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

// CompanyInput is the question of redshift_get_company.
type CompanyInput struct {
	Permalink string `json:"permalink" jsonschema:"key of the company in addresses"`
}

// CompanyOutput is a company, and what asking for it cost and how old the answer may be.
type CompanyOutput struct {
	Company
	Stats base.Stats `json:"stats,omitzero"`
}

// RelationshipInput is the question of redshift_get_relationship.
type RelationshipInput struct {
	ShipperID string `json:"shipper_id" jsonschema:"permalink"`
	CarrierID string `json:"carrier_id" jsonschema:"permalink"`
}

// SchemasInput is the question of redshift_list_schemas and redshift_list_running_queries: none.
type SchemasInput struct{}

// TablesInput is the question of redshift_list_tables.
type TablesInput struct {
	Schema string `json:"schema,omitempty" jsonschema:"schema, or database.schema; empty: all"`
}

// TableInput is the question of redshift_describe_table.
type TableInput struct {
	Table string `json:"table" jsonschema:"table, schema.table or database.schema.table"`
}

// RecentRowsInput is the question of redshift_list_recent_rows.
type RecentRowsInput struct {
	Table string `json:"table" jsonschema:"table, schema.table or database.schema.table"`
	Limit int    `json:"limit,omitempty" jsonschema:"rows; default 100, at most 10000"`
}

// QueryInput is the question of redshift_query_sql; see [Query].
type QueryInput struct {
	SQL    string `json:"sql" jsonschema:"one statement that reads: SELECT, WITH, SHOW or EXPLAIN; values as $1, $2"`
	Args   []any  `json:"args,omitempty" jsonschema:"the values of $1, $2: text, numbers, true or false; write NULL into the statement"`
	Schema string `json:"schema,omitempty" jsonschema:"where names without a schema are looked for"`
	Limit  int    `json:"limit,omitempty" jsonschema:"rows; default 100, at most 10000"`
}

// QueryOutput is the answer to a statement. NaN and infinities are the texts NaN, +Inf and -Inf.
type QueryOutput struct {
	Columns []string         `json:"columns"`
	Items   []map[string]any `json:"items"`
	Outcome base.Outcome     `json:"outcome"`
	Stats   base.Stats       `json:"stats,omitzero"`
}

// CancelInput is the question of redshift_cancel_query.
type CancelInput struct {
	PID int64 `json:"pid" jsonschema:"of the session, from redshift_list_running_queries"`
}

// CancelOutput says whether there was something to stop.
type CancelOutput struct {
	Cancelled bool `json:"cancelled" jsonschema:"false: no statement of that session was running"`
}
