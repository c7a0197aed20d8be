package history

import "github.com/fourkites/sources/base"

// The questions of the tools of sources of history. Lists are pages: give the cursor of the last page for the next one.

// LogsInput is the question of a tool that searches the history of logs; see [github.com/fourkites/sources/base/logs.Query].
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

// CallbacksInput is the question of a tool that lists callbacks; see [CallbacksOptions].
type CallbacksInput struct {
	Window      base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	TrackingID  string      `json:"tracking_id,omitempty" jsonschema:"id of a load, digits only"`
	LoadNumber  string      `json:"load_number,omitempty" jsonschema:"as the customer writes it"`
	CompanyID   string      `json:"company_id,omitempty" jsonschema:"id of the company"`
	MessageType string      `json:"message_type,omitempty" jsonschema:"such as ARRIVAL"`
	Delivery    Delivery    `json:"delivery,omitempty" jsonschema:"delivered (the endpoint answered 2xx) or not_delivered; default: both"`
	OldestFirst bool        `json:"oldest_first,omitempty" jsonschema:"default: newest first"`
	Limit       int         `json:"limit,omitempty" jsonschema:"callbacks of a page; 1 to 10000, default 100"`
	Cursor      string      `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

// FilesInput is the question of the tools that list load files and locations; see [FilesOptions].
type FilesInput struct {
	TrackingID  string      `json:"tracking_id" jsonschema:"id of a load, digits only"`
	Window      base.Window `json:"window" jsonschema:"RFC 3339; its days count"`
	OldestFirst bool        `json:"oldest_first,omitempty" jsonschema:"by day; default: newest first"`
	Limit       int         `json:"limit,omitempty" jsonschema:"1 to 10000, default 100"`
}

// RangeInput has the parameters of the tools query_load_files and query_callbacks.
type RangeInput struct {
	TrackingID string `json:"tracking_id" jsonschema:"id of a load, digits only"`
	DateRange  string `json:"date_range" jsonschema:"2025-01-01..2025-01-31 (both days included), or such as 7d: until now"`
}

// LogsAliasInput has the parameters of the tool query_logs.
type LogsAliasInput struct {
	Service   string `json:"service,omitempty" jsonschema:"name of the service; empty: all"`
	DateRange string `json:"date_range" jsonschema:"2025-01-01..2025-01-31 (both days included), or such as 7d: until now"`
	Severity  string `json:"severity,omitempty" jsonschema:"at least this severity"`
}
