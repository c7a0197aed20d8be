package trinotest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// table is what the server holds under one name.
type table struct {
	catalog, schema, name string
	columns               []Column
	rows                  []row
}

// AddTable adds rows to a table, named catalog.schema.table, and makes it if there is none. A row has a value for each
// column: text, int64 or int, float64, bool, []byte, time.Time, nil, []any and map[string]any.
func (s *Server) AddTable(name string, columns []Column, rows ...[]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.SplitN(strings.ToLower(name), ".", 3)
	for len(parts) < 3 {
		parts = append([]string{"log"}, parts...)
	}
	key := strings.Join(parts, ".")
	t := s.tables[key]
	if t == nil {
		t = &table{catalog: parts[0], schema: parts[1], name: parts[2], columns: columns}
		s.tables[key] = t
	}
	for _, values := range rows {
		r := row{}
		for i, c := range t.columns {
			r[strings.ToLower(c.Name)] = nil
			if i < len(values) {
				r[strings.ToLower(c.Name)] = widened(values[i])
			}
		}
		t.rows = append(t.rows, r)
	}
}

// widened makes one of the engine's own types of a value.
func widened(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case map[string]string:
		return mapOf(v)
	}
	return v
}

// find is the table of a name as a statement writes it. The caller holds the lock.
func (s *Server) find(names []string, req Request) (*table, *Error) {
	full := []string{req.Header.Get("X-Trino-Catalog"), req.Header.Get("X-Trino-Schema"), ""}
	copy(full[3-min(3, len(names)):], names)
	key := strings.ToLower(strings.Join(full, "."))
	if t := s.systemTable(key); t != nil {
		return t, nil
	}
	if t := s.tables[key]; t != nil {
		return t, nil
	}
	catalogs, schemas := s.catalogs(), s.schemas(strings.ToLower(full[0]))
	switch {
	case !slices.Contains(catalogs, strings.ToLower(full[0])):
		return nil, userError("CATALOG_NOT_FOUND", fmt.Sprintf("line 1:15: Catalog '%s' not found", full[0]))
	case !slices.Contains(schemas, strings.ToLower(full[1])):
		return nil, userError("SCHEMA_NOT_FOUND", fmt.Sprintf("line 1:15: Schema '%s' does not exist", full[1]))
	}
	return nil, userError("TABLE_NOT_FOUND", fmt.Sprintf("line 1:15: Table '%s' does not exist", key))
}

func (s *Server) catalogs() []string {
	all := map[string]bool{"system": true}
	for _, t := range s.tables {
		all[t.catalog] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func (s *Server) schemas(catalog string) []string {
	all := map[string]bool{"information_schema": true}
	if catalog == "system" {
		all["runtime"] = true
	}
	for _, t := range s.tables {
		if t.catalog == catalog {
			all[t.schema] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// systemTable are the tables that the server makes up. The caller holds the lock.
func (s *Server) systemTable(key string) *table {
	if key == "system.runtime.queries" {
		return s.queryTable()
	}
	catalog, rest, _ := strings.Cut(key, ".")
	if rest != "information_schema.tables" {
		return nil
	}
	t := &table{catalog: catalog, schema: "information_schema", name: "tables", columns: []Column{
		{Name: "table_catalog", Type: "varchar"},
		{Name: "table_schema", Type: "varchar"},
		{Name: "table_name", Type: "varchar"},
		{Name: "table_type", Type: "varchar"},
	}}
	for _, key := range slices.Sorted(maps.Keys(s.tables)) {
		if of := s.tables[key]; of.catalog == catalog {
			kind := "BASE TABLE"
			if strings.HasPrefix(of.name, "vw_") {
				kind = "VIEW"
			}
			t.rows = append(t.rows, row{"table_catalog": catalog, "table_schema": of.schema, "table_name": of.name, "table_type": kind})
		}
	}
	return t
}

func (s *Server) queryTable() *table {
	t := &table{catalog: "system", schema: "runtime", name: "queries", columns: []Column{
		{Name: "query_id", Type: "varchar"},
		{Name: "state", Type: "varchar"},
		{Name: "user", Type: "varchar"},
		{Name: "source", Type: "varchar"},
		{Name: "query", Type: "varchar"},
		{Name: "queued_time_ms", Type: "bigint"},
		{Name: "planning_time_ms", Type: "bigint"},
		{Name: "created", Type: "timestamp(3) with time zone"},
		{Name: "started", Type: "timestamp(3) with time zone"},
		{Name: "end", Type: "timestamp(3) with time zone"},
		{Name: "error_type", Type: "varchar"},
		{Name: "error_code", Type: "varchar"},
	}}
	for _, q := range s.history {
		r := row{
			"query_id": q.id, "state": q.state, "user": q.request.Header.Get("X-Trino-User"),
			"source": q.request.Header.Get("X-Trino-Source"), "query": q.request.SQL, "queued_time_ms": int64(1),
			"planning_time_ms": int64(2), "created": q.began, "started": q.began, "end": nil, "error_type": nil, "error_code": nil,
		}
		if q.state == stateFinished || q.state == stateFailed {
			r["end"] = q.began.Add(5 * time.Millisecond)
		}
		if q.failure != nil && q.state == stateFailed {
			r["error_type"], r["error_code"] = q.failure.Type, q.failure.Name
		}
		t.rows = append(t.rows, r)
	}
	return t
}

// run answers a selection over the table; a nil table is a single row without columns.
func (s *selection) run(t *table) (reply Reply, err *Error) {
	defer caught(&err)
	all := []row{{}}
	if t != nil {
		all = nil
		for _, r := range t.rows {
			if s.where == nil || s.where.eval(r) == true {
				all = append(all, r)
			}
		}
	}
	slices.SortStableFunc(all, s.compare)
	if s.limit >= 0 {
		all = all[:min(s.limit, len(all))]
	}
	reply.Columns = s.columns(t)
	for _, r := range all {
		var values []any
		for _, item := range s.items {
			if item.expr.kind == nodeStar {
				for _, c := range t.columns {
					values = append(values, r[strings.ToLower(c.Name)])
				}
				continue
			}
			values = append(values, item.expr.eval(r))
		}
		reply.Rows = append(reply.Rows, values)
	}
	return reply, nil
}

// compare orders rows; NULL comes last, as at the server.
func (s *selection) compare(a, b row) int {
	for _, o := range s.order {
		x, y := o.expr.eval(a), o.expr.eval(b)
		n := 0
		switch {
		case x == nil || y == nil:
			n = cmp.Compare(bit(x == nil), bit(y == nil))
			if n != 0 {
				return n
			}
		default:
			n = compare(x, y)
		}
		if o.desc {
			n = -n
		}
		if n != 0 {
			return n
		}
	}
	return 0
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *selection) columns(t *table) []Column {
	var all []Column
	for i, item := range s.items {
		if item.expr.kind == nodeStar {
			all = append(all, t.columns...)
			continue
		}
		name := item.alias
		switch {
		case name == "" && item.expr.kind == nodeName:
			name = item.expr.text
		case name == "":
			name = fmt.Sprintf("_col%d", i)
		}
		all = append(all, Column{Name: name, Type: item.expr.typ(t)})
	}
	return all
}

// typ is the type of an expression, as far as the fake knows it.
func (n *node) typ(t *table) string {
	switch n.kind {
	case nodeCast:
		return n.text
	case nodeName:
		for _, c := range t.columns {
			if strings.EqualFold(c.Name, n.text) {
				return c.Type
			}
		}
		complain("COLUMN_NOT_FOUND", "Column '"+n.text+"' cannot be resolved")
	case nodeCall:
		switch n.text {
		case "lower", "upper", "element_at":
			return "varchar"
		case "coalesce", "try":
			return n.args[0].typ(t)
		case "strpos":
			return "bigint"
		case "from_iso8601_timestamp_nanos":
			return "timestamp(9) with time zone"
		}
		return "boolean"
	}
	switch n.value.(type) {
	case nil:
		return "unknown"
	case int64:
		return "integer"
	case float64:
		return "double"
	case bool:
		return "boolean"
	case time.Time:
		return "timestamp(6)"
	}
	return "varchar"
}
