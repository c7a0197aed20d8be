package trinotest

import (
	"time"

	"github.com/fourkites/sources/internal/trinosql"
)

// AddTable adds rows to a table, named catalog.schema.table, and makes it if there is none. A row has a value for each
// column: text, int64 or int, float64, bool, []byte, time.Time, nil, []any and map[string]any.
func (s *Server) AddTable(name string, columns []Column, rows ...[]any) {
	own := make([]trinosql.Column, len(columns))
	for i, c := range columns {
		own[i] = trinosql.Column(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine.Add(trinosql.Session{Catalog: "log", Schema: "log"}, name, own, rows...)
}

// systemTable are the tables that the server makes up. The caller holds the lock.
func (s *Server) systemTable(key string) *trinosql.Table {
	if key != "system.runtime.queries" {
		return nil
	}
	t := &trinosql.Table{Catalog: "system", Schema: "runtime", Name: "queries", Columns: []trinosql.Column{
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
		t.Rows = append(t.Rows, q.row())
	}
	return t
}

// row is the query as system.runtime.queries shows it.
func (q *query) row() trinosql.Row {
	r := trinosql.Row{
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
	return r
}
