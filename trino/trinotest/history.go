package trinotest

import (
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/trinosql"
	"github.com/fourkites/sources/trino"
)

// home is the default catalog and schema of the trino package, where a fresh server has the tables of history.
var home = trinosql.Session{Catalog: "hive", Schema: "log"}

// AddCallbacks adds callbacks; their day follows from their time where it is not given.
func (s *Server) AddCallbacks(all ...trino.Callback) {
	for _, c := range all {
		s.insert(trinosql.CallbacksTable, trinosql.CallbackRow(c))
	}
}

// AddLoadFiles adds rows of load files: tracking id, file name, status and day of each.
func (s *Server) AddLoadFiles(rows ...[4]string) {
	for _, r := range rows {
		s.insert(trinosql.FilesTable, []any{r[0], r[1], r[2], r[3]})
	}
}

// AddLocations adds rows of location processing: tracking id, file name, worker, outcome and day of each.
func (s *Server) AddLocations(rows ...[5]string) {
	for _, r := range rows {
		s.insert(trinosql.LocationsTable, []any{r[0], r[1], r[2], r[3], r[4]})
	}
}

// AddLogs adds log records; their day follows from their time.
func (s *Server) AddLogs(all ...logs.Record) {
	for _, r := range all {
		s.insert(trinosql.LogsTable, trinosql.LogRow(r))
	}
}

func (s *Server) insert(table string, row []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine.Add(home, table, nil, row)
}
