package redshift

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fourkites/sources/internal/identifier"
)

// Tables names the tables and columns that the typed methods read. The zero value of each field is the usual name. A
// table is written as table, schema.table or database.schema.table.
type Tables struct {
	Loads                string `json:"loads,omitempty" yaml:"loads"`                                 // platform_shared_db.platform.fact_loads
	Stops                string `json:"stops,omitempty" yaml:"stops"`                                 // platform_shared_db.platform.fact_stops
	Events               string `json:"events,omitempty" yaml:"events"`                               // tracking_update_v3s
	Validations          string `json:"validations,omitempty" yaml:"validations"`                     // hadoop.load_validation_data_mart
	CarrierFiles         string `json:"carrier_files,omitempty" yaml:"carrier_files"`                 // fact_carrier_file_logs
	CarrierRecords       string `json:"carrier_records,omitempty" yaml:"carrier_records"`             // fact_carrier_record_logs
	LoadFiles            string `json:"load_files,omitempty" yaml:"load_files"`                       // fact_load_file_logs
	LoadFileRecords      string `json:"load_file_records,omitempty" yaml:"load_file_records"`         // fact_load_file_records
	Companies            string `json:"companies,omitempty" yaml:"companies"`                         // platform_shared_db.pgs_company.companies
	CompanyRelationships string `json:"company_relationships,omitempty" yaml:"company_relationships"` // company_relationships
	NetworkRelationships string `json:"network_relationships,omitempty" yaml:"network_relationships"` // network_relationships
	LoadStates           string `json:"load_states,omitempty" yaml:"load_states"`                     // load_states

	// Columns renames columns: the key is the field of this struct and the usual name, such as "loads.load_number", the
	// value the name in the table. A column that the table lacks is "-": a question that needs it is base.ErrInvalid, and
	// what a method always asks of it, such as that a load is not deleted, is left out, which Stats.Notes says. A column
	// that has the usual name and is another then is among the extras, as "other." and its name.
	Columns map[string]string `json:"columns,omitempty" yaml:"columns"`
}

// absent is the name of a column that a table lacks.
const absent = "-"

var defaultTables = Tables{
	Loads: "platform_shared_db.platform.fact_loads", Stops: "platform_shared_db.platform.fact_stops",
	Events: "tracking_update_v3s", Validations: "hadoop.load_validation_data_mart",
	CarrierFiles: "fact_carrier_file_logs", CarrierRecords: "fact_carrier_record_logs",
	LoadFiles: "fact_load_file_logs", LoadFileRecords: "fact_load_file_records",
	Companies:            "platform_shared_db.pgs_company.companies",
	CompanyRelationships: "company_relationships", NetworkRelationships: "network_relationships", LoadStates: "load_states",
}

func (t Tables) withDefaults() Tables {
	identifier.Fill(&t, defaultTables)
	t.Columns = maps.Clone(t.Columns)
	return t
}

// Validate reports every name that could not be the name of a table or column, by field.
func (t Tables) Validate() error {
	var all []error
	identifier.Each(t, "tables.", func(field, name string) {
		if err := checkName(name, true); err != nil {
			all = append(all, fmt.Errorf("%s: %w", field, err))
		}
	})
	for _, key := range slices.Sorted(maps.Keys(t.Columns)) {
		table, column, _ := strings.Cut(key, ".")
		if !slices.ContainsFunc(layoutFields[table], func(f field) bool { return f.name == column }) {
			all = append(all, errors.New("tables.columns: a key is no column that is read; write it as loads.load_number"))
		} else if err := checkName(t.Columns[key], false); err != nil {
			all = append(all, fmt.Errorf("tables.columns[%s]: %w", key, err))
		}
		if required := requiredColumns[key]; required && t.Columns[key] == absent {
			all = append(all, fmt.Errorf("tables.columns[%s]: the table cannot be read without this column", key))
		}
	}
	return errors.Join(all...)
}

// checkName allows what a table or column is named in practice: no quotes, no control characters, bounded.
func checkName(name string, table bool) error {
	if name == "" {
		return errors.New("the name is empty")
	}
	if err := identifier.Check(name, 400); err != nil {
		return err
	}
	parts := strings.Split(name, ".")
	if table && (len(parts) > 3 || slices.Contains(parts, "")) {
		return errors.New("write the table as table, schema.table or database.schema.table")
	}
	return nil
}

// quote is the one place where an identifier becomes part of SQL. Dots within the name of a column stay within it.
func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

// quoteTable quotes database, schema and table each.
func quoteTable(name string) string { return pgx.Identifier(strings.Split(name, ".")).Sanitize() }

// field is a column of a typed method: how its value is read, whatever type it has in the table.
type field struct {
	name     string
	kind     kind
	nullable bool // the field of the struct tells NULL from zero
}

// layout is how the columns of a table become the fields of a struct; columns that are in no field keep their name and
// type. The nil layout is that of a caller's own statement.
type layout struct {
	table  string // quoted
	fields map[string]field
	names  map[string]string // usual name to quoted name; empty = absent
	lags   bool              // what it holds comes from elsewhere
	notes  []string          // what a reader of the answer must know
}

func (l *layout) field(column string) (field, bool) {
	if l == nil {
		return field{}, false
	}
	f, ok := l.fields[strings.ToLower(column)]
	return f, ok
}

// taken reports whether a column has the usual name of another, or of one that the table is said to lack: it is an extra.
func (l *layout) taken(column string) bool {
	if l == nil {
		return false
	}
	_, known := l.names[strings.ToLower(column)]
	return known
}

// column is the quoted name of a column, empty if the table lacks it.
func (l *layout) column(name string) string { return l.names[name] }

// newLayout is the layout of one table; key is the field of Tables in its written form.
func (t Tables) newLayout(key, table string) *layout {
	l := &layout{table: quoteTable(table), lags: true, fields: map[string]field{}, names: map[string]string{}}
	for _, f := range layoutFields[key] {
		name := f.name
		if other := t.Columns[key+"."+name]; other != "" {
			name = other
		}
		if name == absent {
			l.names[f.name] = ""
			continue
		}
		l.names[f.name] = quote(name)
		l.fields[strings.ToLower(name)] = f
	}
	return l
}

func textFields(names ...string) (all []field) { return fieldsOf(kindText, names...) }

func timeFields(names ...string) (all []field) { return fieldsOf(kindTime, names...) }

func fieldsOf(k kind, names ...string) (all []field) {
	for _, name := range names {
		all = append(all, field{name: name, kind: k})
	}
	return all
}

func flagFields(names ...string) (all []field) {
	for _, name := range names {
		all = append(all, field{name: name, kind: kindBool, nullable: true})
	}
	return all
}

// layoutFields are the columns that are read into fields, by table.
var layoutFields = map[string][]field{
	"loads": slices.Concat(
		textFields("load_id", "load_number", "display_load_number", "pro_number", "shipper_id", "carrier_id", "managing_carrier_id",
			"status", "load_mode", "modes", "reference_numbers", "tags"),
		timeFields("created_at", "terminated_at", "delivered_at", "first_ping_time", "latest_check_call_time"),
		flagFields("relay_load", "is_deleted")),
	"stops": slices.Concat(
		textFields("load_id", "stop_id", "stop_type", "stop_name", "status", "delay"),
		[]field{{name: "sequence", kind: kindInt64}},
		timeFields("appointment_time", "arrival_time", "departure_time"), flagFields("on_time", "delayed")),
	"events": slices.Concat(textFields("tracking_id", "status", "message", "source"), timeFields("update_time", "created_at")),
	"validations": slices.Concat(
		textFields("load_id", "company_id", "company_name", "load_number", "status", "error", "carrier_id", "carrier_name",
			"file_name", "modes", "shipper_name"),
		[]field{{name: "stop_count", kind: kindInt64}}, timeFields("processed_at")),
	"carrier_files": slices.Concat(
		textFields("id", "s3_file_path", "file_format", "data_source", "data_type", "stage"), timeFields("created_at")),
	"carrier_records":   textFields("file_id", "load_identifier_1", "load_identifier_2", "load_identifier_3", "load_identifier_4"),
	"load_files":        slices.Concat(textFields("file_name", "s3_file_path"), timeFields("created_at")),
	"load_file_records": textFields("file_name", "load_id"),
	"companies":         slices.Concat(textFields("id", "name", "permalink", "status"), flagFields("active", "is_test_company")),
	"company_relationships": slices.Concat(
		textFields("company_id", "target_company_id", "status", "super_file_configurations", "eld_provider"),
		flagFields("active", "allow_tracking", "eld_enabled")),
	"network_relationships": slices.Concat(
		textFields("relationship_id", "shipper_id", "carrier_id", "status"), flagFields("active", "allow_tracking"),
		timeFields("created_at", "updated_at")),
	"load_states": slices.Concat(textFields("load_id", "carrier_id", "current_state"), timeFields("updated_at")),
}

// requiredColumns are those without which a table means nothing.
var requiredColumns = map[string]bool{
	"loads.load_id": true, "stops.load_id": true, "events.tracking_id": true, "events.update_time": true,
	"validations.processed_at": true, "carrier_files.id": true, "carrier_records.file_id": true, "load_files.file_name": true,
	"load_file_records.file_name": true, "load_file_records.load_id": true, "companies.permalink": true, "companies.name": true,
	"company_relationships.company_id": true, "company_relationships.target_company_id": true,
	"network_relationships.shipper_id": true, "network_relationships.carrier_id": true,
	"load_states.load_id": true, "load_states.carrier_id": true, "load_states.current_state": true, "load_states.updated_at": true,
}
