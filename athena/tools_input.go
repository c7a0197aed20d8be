package athena

import (
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/logquery"
	"github.com/fourkites/sources/internal/output"
)

// The inputs and outputs of the tools. Lists are pages: give the cursor of the last page for the next one.

// LogsInput is the question of the tool athena_search_logs; see [logs.Query].
type LogsInput struct {
	Window        base.Window       `json:"window" jsonschema:"from included, to excluded, RFC 3339; history only: 30 to 180 days old"`
	Services      []string          `json:"services,omitempty" jsonschema:"any of these services; empty: all"`
	MinSeverity   string            `json:"min_severity,omitempty" jsonschema:"TRACE, DEBUG, INFO, WARN, ERROR or FATAL"`
	Contains      []string          `json:"contains,omitempty" jsonschema:"texts that the body has, all of them, in any case"`
	NotContains   []string          `json:"not_contains,omitempty" jsonschema:"texts that the body lacks"`
	Regexp        string            `json:"regexp,omitempty" jsonschema:"RE2, over the body in lower case"`
	Fields        map[string]string `json:"fields,omitempty" jsonschema:"attributes by name; resource attributes as resource.<name>"`
	TraceID       string            `json:"trace_id,omitempty" jsonschema:"32 hexadecimal digits"`
	SpanID        string            `json:"span_id,omitempty" jsonschema:"16 hexadecimal digits"`
	TrackingID    string            `json:"tracking_id,omitempty" jsonschema:"id of a load, in the body or in any attribute"`
	CorrelationID string            `json:"correlation_id,omitempty" jsonschema:"in the body or in any attribute"`
	RecordUUID    string            `json:"record_uuid,omitempty" jsonschema:"in the body or in any attribute"`
	OldestFirst   bool              `json:"oldest_first,omitempty" jsonschema:"default: newest first"`
	Limit         int               `json:"limit,omitempty" jsonschema:"records of a page; 1 to 10000, default 100"`
	Cursor        string            `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

// query is the question in the terms of the client.
func (in LogsInput) query() (logs.Query, error) { return logquery.Form(in).Query() }

// CallbacksInput is the question of athena_list_callbacks; see [CallbacksOptions].
type CallbacksInput struct {
	Window      base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	TrackingID  string      `json:"tracking_id,omitempty" jsonschema:"id of a load, digits only"`
	LoadNumber  string      `json:"load_number,omitempty"`
	CompanyID   string      `json:"company_id,omitempty"`
	MessageType string      `json:"message_type,omitempty"`
	Delivery    Delivery    `json:"delivery,omitempty" jsonschema:"delivered (the endpoint answered 2xx) or not_delivered; default: both"`
	OldestFirst bool        `json:"oldest_first,omitempty" jsonschema:"default: newest first"`
	Limit       int         `json:"limit,omitempty" jsonschema:"callbacks of a page; 1 to 10000, default 100"`
	Cursor      string      `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

func (in CallbacksInput) options() CallbacksOptions {
	return CallbacksOptions{
		Window: in.Window, TrackingID: in.TrackingID, LoadNumber: in.LoadNumber, CompanyID: in.CompanyID,
		MessageType: in.MessageType, Delivery: in.Delivery, OldestFirst: in.OldestFirst, Limit: in.Limit,
	}
}

// FilesInput is the question of athena_list_load_files and athena_list_locations; see [FilesOptions].
type FilesInput struct {
	TrackingID  string      `json:"tracking_id" jsonschema:"id of a load, digits only"`
	Window      base.Window `json:"window" jsonschema:"RFC 3339; its days count"`
	OldestFirst bool        `json:"oldest_first,omitempty" jsonschema:"by day; default: newest first"`
	Limit       int         `json:"limit,omitempty" jsonschema:"1 to 10000, default 100"`
}

func (in FilesInput) options() FilesOptions {
	return FilesOptions{TrackingID: in.TrackingID, Window: in.Window, OldestFirst: in.OldestFirst, Limit: output.PageSize(in.Limit)}
}

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
