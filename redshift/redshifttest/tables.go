package redshifttest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/redshift"
)

// table is columns and rows. Values are string, int64, float64, bool, time.Time in UTC, or nil.
type table struct {
	name    string // in full, lower case
	columns []Column
	rows    [][]any
}

// tables are what the server holds.
type tables struct {
	mu  sync.RWMutex
	all map[string]table
}

// recordTables are the tables of the client's methods and the records that they hold.
var recordTables = []struct {
	name   string
	record any
}{
	{"platform_shared_db.platform.fact_loads", redshift.Load{}},
	{"platform_shared_db.platform.fact_stops", redshift.Stop{}},
	{"platform_shared_db.public.tracking_update_v3s", redshift.LoadEvent{}},
	{"platform_shared_db.hadoop.load_validation_data_mart", redshift.ValidationAttempt{}},
	{"platform_shared_db.public.fact_carrier_file_logs", redshift.CarrierFile{}},
	{"platform_shared_db.public.fact_carrier_record_logs", redshift.CarrierRecord{}},
	{"platform_shared_db.public.fact_load_file_logs", redshift.LoadFile{}},
	{"platform_shared_db.public.fact_load_file_records", redshift.LoadFileRecord{}},
	{"platform_shared_db.pgs_company.companies", redshift.Company{}},
	{"platform_shared_db.public.company_relationships", redshift.CompanyRelationship{}},
	{"platform_shared_db.public.network_relationships", redshift.NetworkRelationship{}},
	{"platform_shared_db.public.load_states", redshift.LoadState{}},
}

func newTables() *tables {
	t := &tables{all: map[string]table{}}
	for _, one := range recordTables {
		t.all[one.name] = table{name: one.name, columns: columnsOf(one.record)}
	}
	return t
}

// numberColumns are of type bigint in the warehouse, and text in the client's records.
var numberColumns = []string{"load_id", "tracking_id", "stop_id"}

// columnsOf are the columns of a record, by its tags.
func columnsOf(record any) (all []Column) {
	for one := range reflect.TypeOf(record).Fields() {
		name := one.Tag.Get("db")
		if name == "-" || strings.HasPrefix(name, ",") {
			continue
		}
		typ := "varchar"
		switch f := one.Type; {
		case slices.Contains(numberColumns, name), f.Kind() == reflect.Int64:
			typ = "bigint"
		case f == reflect.TypeFor[time.Time]():
			typ = "timestamp"
		case f == reflect.TypeFor[*bool]():
			typ = "boolean"
		}
		all = append(all, Column{name, typ})
	}
	return all
}

// Insert adds records of the client's types to their tables: redshift.Load, Stop, LoadEvent, ValidationAttempt,
// CarrierFile (with its records), CarrierRecord, LoadFile, LoadFileRecord, Company, CompanyRelationship,
// NetworkRelationship and LoadState. Empty fields are NULL; each of Extras is a column that the table gets if it has
// none of that name. A record of another type panics, for it is a mistake of the test.
func (s *Server) Insert(records ...any) {
	for _, record := range records {
		at := slices.IndexFunc(recordTables, func(t struct {
			name   string
			record any
		},
		) bool {
			return reflect.TypeOf(t.record) == reflect.TypeOf(record)
		})
		if at < 0 {
			panic(fmt.Sprintf("redshifttest: Insert of a %T, which no table holds", record))
		}
		s.tables.add(recordTables[at].name, valuesOf(record))
		if f, ok := record.(redshift.CarrierFile); ok {
			for _, r := range f.Records {
				s.Insert(r)
			}
		}
	}
}

func valuesOf(record any) map[string]any {
	out := map[string]any{}
	v := reflect.ValueOf(record)
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Tag.Get("db"), v.Field(i)
		switch {
		case name == ",extras":
			for _, key := range f.MapKeys() {
				out[key.String()] = f.MapIndex(key).Interface()
			}
		case name == "-" || f.IsZero():
		case f.Kind() == reflect.Pointer:
			out[name] = f.Elem().Interface()
		case slices.Contains(numberColumns, name):
			var n int64
			if _, err := fmt.Sscan(f.String(), &n); err == nil {
				out[name] = n
			}
		default:
			out[name] = f.Interface()
		}
	}
	return out
}

// add puts a row into a table.
func (t *tables) add(name string, values map[string]any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	into := t.all[name]
	for column, v := range values {
		if !slices.ContainsFunc(into.columns, func(c Column) bool { return c.Name == column }) {
			into = into.with(Column{column, typeFor(v)})
		}
	}
	row := make([]any, len(into.columns))
	for i, c := range into.columns {
		row[i] = plain(values[c.Name])
	}
	into.rows = append(into.rows, row) // readers keep their own length
	t.all[name] = into
}

// with is the table with one column more, NULL in the rows that are there.
func (t table) with(c Column) table {
	t.columns = append(slices.Clip(t.columns), c)
	rows := make([][]any, len(t.rows))
	for i, row := range t.rows {
		rows[i] = append(slices.Clip(row), nil)
	}
	t.rows = rows
	return t
}

func typeFor(v any) string {
	switch v.(type) {
	case int, int32, int64:
		return "bigint"
	case float64:
		return "double precision"
	case bool:
		return "boolean"
	case time.Time:
		return "timestamp"
	}
	return "varchar"
}

func plain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case time.Time:
		return v.UTC().Truncate(time.Microsecond)
	}
	return v
}

// Create adds a table, or replaces the one of that name, which is written as schema.table or database.schema.table.
// Values are as in Reply.
func (s *Server) Create(name string, columns []Column, rows ...[]any) {
	if strings.Count(name, ".") == 1 {
		name = DefaultDatabase + "." + name
	}
	t := table{name: strings.ToLower(name), columns: slices.Clone(columns)}
	for _, row := range rows {
		values := make([]any, len(columns))
		for i := range min(len(row), len(values)) {
			values[i] = plain(row[i])
		}
		t.rows = append(t.rows, values)
	}
	s.tables.mu.Lock()
	defer s.tables.mu.Unlock()
	s.tables.all[t.name] = t
}

// find is a stored table, or one of the views of the catalog. A name without a schema is looked for along the path.
func (s *Server) find(name, path string) (table, bool) {
	if t, ok := s.catalog(name); ok {
		return t, true
	}
	s.tables.mu.RLock()
	defer s.tables.mu.RUnlock()
	candidates := []string{name, DefaultDatabase + "." + name}
	if !strings.Contains(name, ".") {
		for schema := range strings.SplitSeq(path, ",") {
			candidates = append(candidates, DefaultDatabase+"."+strings.TrimSpace(schema)+"."+name)
		}
	}
	for _, full := range candidates {
		if t, ok := s.tables.all[full]; ok {
			t.rows = slices.Clip(t.rows)
			return t, true
		}
	}
	return table{}, false
}
