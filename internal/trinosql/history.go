package trinosql

import (
	"cmp"
	"time"

	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
)

// The tables of history.
const (
	CallbacksTable = "callbacks_v2"
	FilesTable     = "load_files"
	LocationsTable = "vw_location_processing_flow"
	LogsTable      = "logs"
)

// DefineHistory makes the tables of history, empty, in the session's catalog and schema. Each has its day in datestr.
func (e *Engine) DefineHistory(in Session) {
	text := func(names ...string) []Column {
		var all []Column
		for _, name := range names {
			all = append(all, Column{Name: name, Type: "varchar"})
		}
		return all
	}
	partition := Column{Name: "datestr", Type: "varchar", Extra: "partition key"}
	e.Add(in, CallbacksTable, append([]Column{{Name: "uuid", Type: "varchar"}, {Name: "ts", Type: "timestamp(6)"}},
		append(text("fk_tracking_id", "config_id", "load_number", "company_id", "ext_url", "ext_request_status", "message_type",
			"error_msg"), partition)...))
	e.Add(in, FilesTable, append(text("fk_tracking_id", "file_name", "status"), partition))
	e.Add(in, LocationsTable, append(text("fk_tracking_id", "file_name", "worker", "outcome"), partition))
	e.Add(in, LogsTable, []Column{
		{Name: "timestamp", Type: "bigint"},
		{Name: "id", Type: "varchar"},
		{Name: "trace_id", Type: "varchar"},
		{Name: "span_id", Type: "varchar"},
		{Name: "severity_text", Type: "varchar"},
		{Name: "severity_number", Type: "integer"},
		{Name: "body", Type: "varchar"},
		{Name: "attributes_string", Type: "map(varchar, varchar)"},
		{Name: "attributes_number", Type: "map(varchar, double)"},
		{Name: "attributes_bool", Type: "map(varchar, boolean)"},
		{Name: "resources_string", Type: "map(varchar, varchar)"},
		partition,
	})
}

// Day is the partition of a time, that of UTC.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// CallbackRow is a callback as a row of [CallbacksTable]; its day follows from its time where it is not given.
func CallbackRow(c history.Callback) []any {
	return []any{
		c.ID, c.Time, c.TrackingID, c.ConfigID, c.LoadNumber, c.CompanyID, c.URL, c.Status, c.MessageType, c.Error,
		cmp.Or(c.Date, Day(c.Time)),
	}
}

// LogRow is a record as a row of [LogsTable].
func LogRow(r logs.Record) []any {
	text, numbers, flags := map[string]any{}, map[string]any{}, map[string]any{}
	for k, v := range r.Attributes {
		switch v := v.(type) {
		case string:
			text[k] = v
		case float64:
			numbers[k] = v
		case bool:
			flags[k] = v
		}
	}
	resources := map[string]any{}
	for k, v := range r.Resources {
		resources[k] = v
	}
	if r.Service != "" {
		resources["service.name"] = r.Service
	}
	return []any{
		r.Time.UnixNano(), r.ID, r.TraceID, r.SpanID, r.SeverityText, int64(r.Severity), r.Body, text, numbers, flags, resources,
		Day(r.Time),
	}
}
