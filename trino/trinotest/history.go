package trinotest

import (
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/trino"
)

// The tables of history that a fresh server has, in the default catalog and schema of the trino package.
const (
	callbacksTable = "hive.log.callbacks_v2"
	filesTable     = "hive.log.load_files"
	locationsTable = "hive.log.vw_location_processing_flow"
	logsTable      = "hive.log.logs"
)

var partition = Column{Name: "datestr", Type: "varchar", Extra: "partition key"}

func (s *Server) defineHistory() {
	text := func(names ...string) []Column {
		var all []Column
		for _, name := range names {
			all = append(all, Column{Name: name, Type: "varchar"})
		}
		return all
	}
	s.AddTable(callbacksTable, append([]Column{{Name: "uuid", Type: "varchar"}, {Name: "ts", Type: "timestamp(6)"}},
		append(text("fk_tracking_id", "config_id", "load_number", "company_id", "ext_url", "ext_request_status", "message_type",
			"error_msg"), partition)...))
	s.AddTable(filesTable, append(text("fk_tracking_id", "file_name", "status"), partition))
	s.AddTable(locationsTable, append(text("fk_tracking_id", "file_name", "worker", "outcome"), partition))
	s.AddTable(logsTable, []Column{
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

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// AddCallbacks adds callbacks; their day follows from their time where it is not given.
func (s *Server) AddCallbacks(all ...trino.Callback) {
	for _, c := range all {
		date := c.Date
		if date == "" {
			date = day(c.Time)
		}
		s.AddTable(callbacksTable, nil, []any{
			c.ID, c.Time, c.TrackingID, c.ConfigID, c.LoadNumber, c.CompanyID, c.URL, c.Status, c.MessageType, c.Error, date,
		})
	}
}

// AddLoadFiles adds rows of load files: tracking id, file name, status and day of each.
func (s *Server) AddLoadFiles(rows ...[4]string) {
	for _, r := range rows {
		s.AddTable(filesTable, nil, []any{r[0], r[1], r[2], r[3]})
	}
}

// AddLocations adds rows of location processing: tracking id, file name, worker, outcome and day of each.
func (s *Server) AddLocations(rows ...[5]string) {
	for _, r := range rows {
		s.AddTable(locationsTable, nil, []any{r[0], r[1], r[2], r[3], r[4]})
	}
}

// AddLogs adds log records; their day follows from their time.
func (s *Server) AddLogs(all ...logs.Record) {
	for _, r := range all {
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
		s.AddTable(logsTable, nil, []any{
			r.Time.UnixNano(), r.ID, r.TraceID, r.SpanID, r.SeverityText, int64(r.Severity), r.Body, text, numbers, flags, resources,
			day(r.Time),
		})
	}
}
