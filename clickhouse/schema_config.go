package clickhouse

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/identifier"
)

// Tables names the tables and columns that hold logs, traces and metrics. The zero value of each field is the name that
// SigNoz uses. A table is written as database.table.
type Tables struct {
	Logs          string `json:"logs,omitempty" yaml:"logs"`                     // signoz_logs.distributed_logs_v2
	LogResources  string `json:"log_resources,omitempty" yaml:"log_resources"`   // signoz_logs.distributed_logs_v2_resource
	LogValues     string `json:"log_values,omitempty" yaml:"log_values"`         // signoz_logs.distributed_tag_attributes_v2
	Spans         string `json:"spans,omitempty" yaml:"spans"`                   // signoz_traces.distributed_signoz_index_v3
	SpanResources string `json:"span_resources,omitempty" yaml:"span_resources"` // signoz_traces.distributed_traces_v3_resource
	SpanValues    string `json:"span_values,omitempty" yaml:"span_values"`       // signoz_traces.distributed_tag_attributes_v2
	TraceSummary  string `json:"trace_summary,omitempty" yaml:"trace_summary"`   // signoz_traces.distributed_trace_summary
	Exceptions    string `json:"exceptions,omitempty" yaml:"exceptions"`         // signoz_traces.distributed_signoz_error_index_v2
	Dependencies  string `json:"dependencies,omitempty" yaml:"dependencies"`     // signoz_traces.distributed_dependency_graph_minutes_v2
	TopOperations string `json:"top_operations,omitempty" yaml:"top_operations"` // signoz_traces.distributed_top_level_operations
	FieldKeys     string `json:"field_keys,omitempty" yaml:"field_keys"`         // signoz_metadata.distributed_field_keys
	Samples       string `json:"samples,omitempty" yaml:"samples"`               // signoz_metrics.distributed_samples_v4
	TimeSeries    string `json:"time_series,omitempty" yaml:"time_series"`       // signoz_metrics.distributed_time_series_v4

	LogColumns LogColumns `json:"log_columns,omitzero" yaml:"log_columns"`

	// Lineage says which history of migrations the tables have; empty asks the server once per client.
	Lineage Lineage `json:"lineage,omitempty" yaml:"lineage"`

	// Retention is how long the tables keep what they hold. A window that ends before it is refused, for its answer
	// would be empty without saying why; 0 = not checked.
	Retention base.Duration `json:"retention,omitempty" yaml:"retention"`
}

// LogColumns names the columns of the table of logs, for tables that another program writes. The zero value of each
// field is the name that SigNoz uses; a column that the table lacks is "-", and conditions over it are refused.
type LogColumns struct {
	Time             string `json:"time,omitempty" yaml:"time"`                           // timestamp, UInt64 nanoseconds
	ID               string `json:"id,omitempty" yaml:"id"`                               // id
	Bucket           string `json:"bucket,omitempty" yaml:"bucket"`                       // ts_bucket_start, seconds
	Fingerprint      string `json:"fingerprint,omitempty" yaml:"fingerprint"`             // resource_fingerprint
	TraceID          string `json:"trace_id,omitempty" yaml:"trace_id"`                   // trace_id
	SpanID           string `json:"span_id,omitempty" yaml:"span_id"`                     // span_id
	SeverityText     string `json:"severity_text,omitempty" yaml:"severity_text"`         // severity_text
	SeverityNumber   string `json:"severity_number,omitempty" yaml:"severity_number"`     // severity_number
	Body             string `json:"body,omitempty" yaml:"body"`                           // body
	StringAttributes string `json:"string_attributes,omitempty" yaml:"string_attributes"` // attributes_string
	NumberAttributes string `json:"number_attributes,omitempty" yaml:"number_attributes"` // attributes_number
	BoolAttributes   string `json:"bool_attributes,omitempty" yaml:"bool_attributes"`     // attributes_bool
	Resources        string `json:"resources,omitempty" yaml:"resources"`                 // resources_string
}

// Lineage is the history of migrations that the tables of logs went through.
type Lineage string

// A fresh installation has columns of retention and an index over the words of a body; a legacy one has neither.
const (
	LineageProbed Lineage = ""
	LineageFresh  Lineage = "fresh"
	LineageLegacy Lineage = "legacy"
)

// absent is the name of a column that a table lacks.
const absent = "-"

// defaultTables are SigNoz's names.
var defaultTables = Tables{
	Logs: "signoz_logs.distributed_logs_v2", LogResources: "signoz_logs.distributed_logs_v2_resource",
	LogValues: "signoz_logs.distributed_tag_attributes_v2",
	Spans:     "signoz_traces.distributed_signoz_index_v3", SpanResources: "signoz_traces.distributed_traces_v3_resource",
	SpanValues:   "signoz_traces.distributed_tag_attributes_v2",
	TraceSummary: "signoz_traces.distributed_trace_summary", Exceptions: "signoz_traces.distributed_signoz_error_index_v2",
	Dependencies:  "signoz_traces.distributed_dependency_graph_minutes_v2",
	TopOperations: "signoz_traces.distributed_top_level_operations",
	FieldKeys:     "signoz_metadata.distributed_field_keys",
	Samples:       "signoz_metrics.distributed_samples_v4", TimeSeries: "signoz_metrics.distributed_time_series_v4",
	LogColumns: LogColumns{
		Time: "timestamp", ID: "id", Bucket: "ts_bucket_start", Fingerprint: "resource_fingerprint",
		TraceID: "trace_id", SpanID: "span_id", SeverityText: "severity_text", SeverityNumber: "severity_number",
		Body: "body", StringAttributes: "attributes_string", NumberAttributes: "attributes_number",
		BoolAttributes: "attributes_bool", Resources: "resources_string",
	},
}

// withDefaults fills in the names that the operator left out.
func (t Tables) withDefaults() Tables {
	identifier.Fill(&t, defaultTables)
	return t
}

// Validate reports every name that could not be the name of a table or column, by field.
func (t Tables) Validate() error {
	var all []error
	identifier.Each(t, "tables.", func(field, name string) {
		if err := checkName(name, strings.Count(field, ".") == 1); err != nil {
			all = append(all, fmt.Errorf("%s: %w", field, err))
		}
	})
	switch t.Lineage {
	case LineageProbed, LineageFresh, LineageLegacy:
	default:
		all = append(all, errors.New("tables.lineage: not known; write fresh, legacy, or leave it empty"))
	}
	if t.Retention < 0 || t.Retention.D() > 100*365*24*time.Hour {
		all = append(all, errors.New("tables.retention: must be between 0 (not checked) and 100 years"))
	}
	required := t.withDefaults().LogColumns
	for field, name := range map[string]string{"time": required.Time, "id": required.ID, "body": required.Body} {
		if name == absent {
			all = append(all, fmt.Errorf("tables.log_columns.%s: logs cannot be read without this column", field))
		}
	}
	return errors.Join(all...)
}

// checkName allows what a table or column is named in practice: no quotes, no control characters, bounded.
func checkName(name string, table bool) error {
	if err := identifier.Check(name, 200); err != nil {
		return err
	}
	if table && strings.Count(name, ".") > 1 {
		return errors.New("write the table as database.table")
	}
	return nil
}

// quote is the one place where an identifier becomes part of SQL. Dots within the name of a column stay within it.
func quote(identifier string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(identifier) + "`"
}

// quoteTable quotes database and table each.
func quoteTable(name string) string {
	database, table, ok := strings.Cut(name, ".")
	if !ok {
		return quote(name)
	}
	return quote(database) + "." + quote(table)
}
