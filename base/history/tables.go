package history

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/identifier"
)

// Tables names the tables and columns that hold history. The zero value of each field is its stated name. A table is
// written as table, schema.table or catalog.schema.table; what is left out is that of the Config.
type Tables struct {
	Callbacks string `json:"callbacks,omitempty" yaml:"callbacks"`   // callbacks_v2
	LoadFiles string `json:"load_files,omitempty" yaml:"load_files"` // load_files
	Locations string `json:"locations,omitempty" yaml:"locations"`   // vw_location_processing_flow
	Logs      string `json:"logs,omitempty" yaml:"logs"`             // logs

	// More are other tables with the same partitions: a statement that reads them has to bound them too.
	More []string `json:"more,omitempty" yaml:"more"`

	// Partition is the column of each of these tables that holds the day as YYYY-MM-DD; empty = datestr.
	Partition string `json:"partition,omitempty" yaml:"partition"`
	// Chunk is how many days one statement of a typed method reads; longer windows are cut into such pieces, which run
	// side by side. 0 = 7.
	Chunk int `json:"chunk_days,omitempty" yaml:"chunk_days"`
	// Retention is how long the tables keep what they hold. A window, or a statement of the caller's own, that begins before
	// it is refused, for its answer would miss what is gone without saying so; 0 = 180 days, negative = not checked.
	Retention base.Duration `json:"retention,omitempty" yaml:"retention"`

	CallbackColumns CallbackColumns `json:"callback_columns,omitzero" yaml:"callback_columns"`
	FileColumns     FileColumns     `json:"file_columns,omitzero" yaml:"file_columns"`
	LocationColumns FileColumns     `json:"location_columns,omitzero" yaml:"location_columns"`
	LogColumns      LogColumns      `json:"log_columns,omitzero" yaml:"log_columns"`
}

// CallbackColumns names the columns of the table of callbacks; the comment is the default.
type CallbackColumns struct {
	ID          string `json:"id,omitempty" yaml:"id"`                     // uuid
	Time        string `json:"time,omitempty" yaml:"time"`                 // ts: a timestamp, a text, or milliseconds since 1970
	TrackingID  string `json:"tracking_id,omitempty" yaml:"tracking_id"`   // fk_tracking_id
	ConfigID    string `json:"config_id,omitempty" yaml:"config_id"`       // config_id
	LoadNumber  string `json:"load_number,omitempty" yaml:"load_number"`   // load_number
	CompanyID   string `json:"company_id,omitempty" yaml:"company_id"`     // company_id
	URL         string `json:"url,omitempty" yaml:"url"`                   // ext_url
	Status      string `json:"status,omitempty" yaml:"status"`             // ext_request_status: HTTP
	MessageType string `json:"message_type,omitempty" yaml:"message_type"` // message_type
	Error       string `json:"error,omitempty" yaml:"error"`               // error_msg
}

// FileColumns names the columns of the tables of load files and of location processing that are needed by name; all
// others are handed out as they come.
type FileColumns struct {
	TrackingID string `json:"tracking_id,omitempty" yaml:"tracking_id"` // fk_tracking_id
}

// LogColumns names the columns of the table of logs; the comment, SigNoz's name, is the default. A column that the table
// lacks is left out, and conditions over it are refused.
type LogColumns struct {
	Time             string `json:"time,omitempty" yaml:"time"`                           // timestamp: a timestamp, or nanoseconds since 1970
	ID               string `json:"id,omitempty" yaml:"id"`                               // id
	TraceID          string `json:"trace_id,omitempty" yaml:"trace_id"`                   // trace_id
	SpanID           string `json:"span_id,omitempty" yaml:"span_id"`                     // span_id
	SeverityText     string `json:"severity_text,omitempty" yaml:"severity_text"`         // severity_text
	SeverityNumber   string `json:"severity_number,omitempty" yaml:"severity_number"`     // severity_number
	Body             string `json:"body,omitempty" yaml:"body"`                           // body
	StringAttributes string `json:"string_attributes,omitempty" yaml:"string_attributes"` // attributes_string: map(varchar, varchar)
	NumberAttributes string `json:"number_attributes,omitempty" yaml:"number_attributes"` // attributes_number: map(varchar, double)
	BoolAttributes   string `json:"bool_attributes,omitempty" yaml:"bool_attributes"`     // attributes_bool: map(varchar, boolean)
	Resources        string `json:"resources,omitempty" yaml:"resources"`                 // resources_string: map(varchar, varchar)
}

const (
	defaultRetention = 180 * 24 * time.Hour
	maxChunkDays     = 366
)

var defaultTables = Tables{
	Callbacks: "callbacks_v2", LoadFiles: "load_files", Locations: "vw_location_processing_flow", Logs: "logs",
	Partition: "datestr", Chunk: 7, Retention: base.Duration(defaultRetention),
	CallbackColumns: CallbackColumns{
		ID: "uuid", Time: "ts", TrackingID: "fk_tracking_id", ConfigID: "config_id", LoadNumber: "load_number",
		CompanyID: "company_id", URL: "ext_url", Status: "ext_request_status", MessageType: "message_type", Error: "error_msg",
	},
	FileColumns:     FileColumns{TrackingID: "fk_tracking_id"},
	LocationColumns: FileColumns{TrackingID: "fk_tracking_id"},
	LogColumns: LogColumns{
		Time: "timestamp", ID: "id", TraceID: "trace_id", SpanID: "span_id", SeverityText: "severity_text",
		SeverityNumber: "severity_number", Body: "body", StringAttributes: "attributes_string",
		NumberAttributes: "attributes_number", BoolAttributes: "attributes_bool", Resources: "resources_string",
	},
}

// WithDefaults is the same with the names filled in that the operator left out.
func (t Tables) WithDefaults() Tables {
	t.More = slices.Clone(t.More)
	identifier.Fill(&t, defaultTables)
	return t
}

// Validate reports every name that could not be the name of a table or column, by field.
func (t Tables) Validate() error {
	var all []error
	identifier.Each(t, "tables.", func(field, name string) {
		table := strings.Count(field, ".") == 1 && field != "tables.partition"
		if err := CheckName(name, table); err != nil {
			all = append(all, fmt.Errorf("%s: %w", field, err))
		}
	})
	for i, name := range t.More {
		if err := CheckName(name, true); err != nil {
			all = append(all, fmt.Errorf("tables.more[%d]: %w", i, err))
		}
	}
	if t.Chunk < 0 || t.Chunk > maxChunkDays {
		all = append(all, fmt.Errorf("tables.chunk_days: must be between 0 (the default) and %d", maxChunkDays))
	}
	if t.Retention.D() > 100*365*24*time.Hour {
		all = append(all, errors.New("tables.retention: more than 100 years"))
	}
	return errors.Join(all...)
}

// CheckName allows what a table or column is named in practice: no quotes, no control characters, bounded.
func CheckName(name string, table bool) error {
	if err := identifier.Check(name, 200); err != nil {
		return err
	}
	if table && strings.Count(name, ".") > 2 || strings.Contains("."+name+".", "..") {
		return errors.New("write the table as table, schema.table or catalog.schema.table")
	}
	return nil
}

// All are the tables of history, More included.
func (t Tables) All() []string {
	return append([]string{t.Callbacks, t.LoadFiles, t.Locations, t.Logs}, t.More...)
}

// CheckWindow refuses a window that is unbounded, or that the tables cannot answer for. Its error begins with window.
func (t Tables) CheckWindow(w base.Window) error {
	if err := w.Validate(); err != nil {
		return err
	}
	keep := t.Retention.D()
	switch {
	case keep <= 0:
		return nil
	case w.Duration() > keep:
		return fmt.Errorf("window: longer than the %d days that the tables keep", int(keep.Hours()/24))
	}
	if err := t.CheckKept(w.From.UTC().Format(time.DateOnly)); err != nil {
		return fmt.Errorf("window.from: %w", err)
	}
	return nil
}

// CheckKept refuses a day, written YYYY-MM-DD, before the first that the tables keep.
func (t Tables) CheckKept(day string) error {
	keep := t.Retention.D()
	if keep <= 0 {
		return nil
	}
	if first := time.Now().UTC().Add(-keep).Format(time.DateOnly); day < first {
		return fmt.Errorf("before what the tables keep, which is %d days; begin at %s or later", int(keep.Hours()/24), first)
	}
	return nil
}
