package athenatest

import (
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/trinosql"
)

// AddTable adds rows to a table, named catalog.database.table, and makes it if there is none; a name of fewer parts is one
// of AwsDataCatalog and raw_data_db. A row has a value for each column: text, int64 or int, float64, bool, []byte,
// time.Time, nil, []any and map[string]any.
func (s *Server) AddTable(name string, columns []Column, rows ...[]any) {
	own := make([]trinosql.Column, len(columns))
	for i, c := range columns {
		own[i] = trinosql.Column(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine.Add(home, name, own, rows...)
}

// AddCallbacks adds callbacks; their day follows from their time where it is not given.
func (s *Server) AddCallbacks(all ...history.Callback) {
	for _, c := range all {
		s.AddTable(trinosql.CallbacksTable, nil, trinosql.CallbackRow(c))
	}
}

// AddLoadFiles adds rows of load files: tracking id, file name, status and day of each.
func (s *Server) AddLoadFiles(rows ...[4]string) {
	for _, r := range rows {
		s.AddTable(trinosql.FilesTable, nil, []any{r[0], r[1], r[2], r[3]})
	}
}

// AddLocations adds rows of location processing: tracking id, file name, worker, outcome and day of each.
func (s *Server) AddLocations(rows ...[5]string) {
	for _, r := range rows {
		s.AddTable(trinosql.LocationsTable, nil, []any{r[0], r[1], r[2], r[3], r[4]})
	}
}

// AddLogs adds log records; their day follows from their time.
func (s *Server) AddLogs(all ...logs.Record) {
	for _, r := range all {
		s.AddTable(trinosql.LogsTable, nil, trinosql.LogRow(r))
	}
}
