package redshifttest

import (
	"maps"
	"slices"
	"strings"
)

// catalog is a view of what the server holds and does, with the columns that AWS documents: Amazon Redshift Database
// Developer Guide, SVV_ALL_SCHEMAS, SVV_ALL_TABLES, SVV_ALL_COLUMNS, SYS_QUERY_HISTORY, STV_RECENTS, STL_QUERY, SVL_QLOG.
func (s *Server) catalog(name string) (table, bool) {
	switch strings.TrimPrefix(name, "pg_catalog.") {
	case "svv_all_schemas":
		return s.schemas(), true
	case "svv_all_tables":
		return s.allTables(), true
	case "svv_all_columns":
		return s.allColumns(), true
	case "sys_query_history":
		return s.history(), true
	case "stv_recents":
		return s.recents(), true
	case "stl_query":
		return s.queryLog(false), true
	case "svl_qlog":
		return s.queryLog(true), true
	}
	return table{}, false
}

func texts(names ...string) (all []Column) {
	for _, name := range names {
		all = append(all, Column{name, "varchar"})
	}
	return all
}

// stored are the tables, by name.
func (s *Server) stored() (all []table) {
	s.tables.mu.RLock()
	defer s.tables.mu.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(s.tables.all)) {
		all = append(all, s.tables.all[name])
	}
	return all
}

func (t table) parts() (database, schema, name string) {
	parts := strings.SplitN(t.name, ".", 3)
	return parts[0], parts[1], parts[2]
}

func (s *Server) schemas() table {
	v := table{columns: texts("database_name", "schema_name", "schema_owner", "schema_type", "schema_acl", "source_database", "schema_option")}
	seen := map[string]bool{}
	for _, t := range s.stored() {
		database, schema, _ := t.parts()
		if key := database + "." + schema; !seen[key] {
			seen[key] = true
			v.rows = append(v.rows, []any{database, schema, "100", "local", nil, nil, nil})
		}
	}
	v.rows = append(v.rows, []any{DefaultDatabase, "pg_catalog", "1", "local", nil, nil, nil}, []any{DefaultDatabase, "information_schema", "1", "local", nil, nil, nil})
	return v
}

func (s *Server) allTables() table {
	v := table{columns: texts("database_name", "schema_name", "table_name", "table_type", "table_acl", "remarks")}
	for _, t := range s.stored() {
		database, schema, name := t.parts()
		v.rows = append(v.rows, []any{database, schema, name, "TABLE", nil, nil})
	}
	return v
}

func (s *Server) allColumns() table {
	v := table{columns: slices.Concat(texts("database_name", "schema_name", "table_name", "column_name"), []Column{{"ordinal_position", "integer"}},
		texts("column_default", "is_nullable", "data_type"), []Column{{"character_maximum_length", "integer"}, {"numeric_precision", "integer"}, {"numeric_scale", "integer"}}, texts("remarks"))}
	for _, t := range s.stored() {
		database, schema, name := t.parts()
		for i, c := range t.columns {
			v.rows = append(v.rows, []any{database, schema, name, c.Name, int64(i + 1), nil, "YES", c.Type, nil, nil, nil, nil})
		}
	}
	return v
}

func (s *Server) history() table {
	v := table{columns: []Column{
		{"user_id", "integer"},
		{"query_id", "bigint"},
		{"query_label", "varchar"},
		{"session_id", "integer"},
		{"database_name", "varchar"},
		{"query_type", "varchar"},
		{"status", "varchar"},
		{"start_time", "timestamp"},
		{"end_time", "timestamp"},
		{"elapsed_time", "bigint"},
		{"error_message", "varchar"},
		{"returned_rows", "bigint"},
		{"query_text", "varchar"},
	}}
	for i, r := range s.Requests() {
		status, end := "running", any(nil)
		if r.Finished {
			status, end = "success", r.Received.Add(r.Elapsed).UTC()
			if r.Code != "" {
				status = "failed"
			}
			if r.Cancelled {
				status = "canceled"
			}
		}
		v.rows = append(v.rows, []any{
			int64(100), int64(i + 1), "default", int64(r.PID), r.Database, "SELECT", status, r.Received.UTC(), end,
			r.Elapsed.Microseconds(), nil, int64(r.Rows), cut(r.SQL, 4000),
		})
	}
	return v
}

func (s *Server) recents() table {
	v := table{columns: []Column{
		{"userid", "integer"},
		{"status", "char"},
		{"starttime", "timestamp"},
		{"duration", "integer"},
		{"user_name", "char"},
		{"db_name", "char"},
		{"query", "char"},
		{"pid", "integer"},
	}}
	for _, r := range s.Requests() {
		status := "Running"
		if r.Finished {
			status = "Done"
		}
		v.rows = append(v.rows, []any{int64(100), status, r.Received.UTC(), r.Elapsed.Microseconds(), r.User, r.Database, cut(r.SQL, 600), int64(r.PID)})
	}
	return v
}

// logOffset is added to the numbers of queries: those of STL_QUERY are others than those of SYS_QUERY_HISTORY.
const logOffset = 500_000

// queryLog is STL_QUERY, or SVL_QLOG with a part of each text: statements that have ended.
func (s *Server) queryLog(short bool) table {
	v := table{columns: []Column{
		{"userid", "integer"},
		{"query", "integer"},
		{"label", "char"},
		{"xid", "bigint"},
		{"pid", "integer"},
		{"database", "char"},
		{"querytxt", "char"},
		{"starttime", "timestamp"},
		{"endtime", "timestamp"},
		{"aborted", "integer"},
		{"insert_pristine", "integer"},
		{"concurrency_scaling_status", "integer"},
	}}
	if short {
		v.columns = []Column{
			{"userid", "integer"},
			{"query", "integer"},
			{"xid", "bigint"},
			{"pid", "integer"},
			{"starttime", "timestamp"},
			{"endtime", "timestamp"},
			{"elapsed", "bigint"},
			{"aborted", "integer"},
			{"label", "char"},
			{"substring", "char"},
			{"source_query", "integer"},
			{"concurrency_scaling_status_txt", "text"},
			{"from_sp_call", "integer"},
		}
	}
	for i, r := range s.Requests() {
		if !r.Finished {
			continue
		}
		aborted := int64(0)
		if r.Code != "" || r.Cancelled {
			aborted = 1
		}
		query, pid, start, end := int64(i+1+logOffset), int64(r.PID), r.Received.UTC(), r.Received.Add(r.Elapsed).UTC()
		row := []any{int64(100), query, "default", query, pid, r.Database, cut(r.SQL, 4000), start, end, aborted, int64(0), int64(0)}
		if short {
			row = []any{int64(100), query, query, pid, start, end, r.Elapsed.Microseconds(), aborted, "default", cut(r.SQL, 60), nil, nil, nil}
		}
		v.rows = append(v.rows, row)
	}
	return v
}

func cut(s string, n int) string { return s[:min(n, len(s))] }
