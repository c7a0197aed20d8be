package clickhousetest

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Table is a named table with its rows. Name is "database.table"; a name without a database is in "default". For the
// values see [Reply].
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]any
}

// tables is everything that can be queried.
type tables struct {
	mu      sync.RWMutex
	db      engine
	shapes  map[string]*shape
	indexes []index
	dropped map[string]bool
	signoz  signoz
}

// shape is what a table looks like, and what stands in columns that an INSERT leaves out.
type shape struct {
	columns  []Column
	position map[string]int
	defaults []any
	hidden   []Column // listed in system.columns, and not to be selected
}

type index struct{ database, table, name, kind, full, expr string }

func newTables() *tables {
	return &tables{db: newEngine(), shapes: map[string]*shape{}, dropped: map[string]bool{}}
}

// Put adds a table, or replaces the one of that name, rows included. A column of a type that the server does not know
// can be filtered by and not be selected.
func (s *Server) Put(t Table) { s.tables.put(t, nil) }

// Rows is a copy of a table's rows as they stand; nil if there is no such table.
func (s *Server) Rows(table string) [][]any {
	s.tables.mu.RLock()
	defer s.tables.mu.RUnlock()
	name := qualified(table, "default")
	if s.tables.shapes[name] == nil {
		return nil
	}
	return slices.Clone(s.tables.db.rows(name))
}

// Exec runs one statement as user default would: CREATE TABLE, DROP TABLE, TRUNCATE TABLE, or a SELECT whose result is
// dropped. The error is an [*Exception].
func (s *Server) Exec(sql string) error {
	if statement := parseDefinition(sql); statement != nil {
		return s.tables.define(statement, "default")
	}
	viewer := viewer{server: s, database: "default"}
	if _, err := s.tables.query(context.Background(), viewer, sql, nil); err != nil {
		return asException(context.Background(), err)
	}
	return nil
}

func (t *tables) put(table Table, hidden []Column) {
	table.Name = qualified(table.Name, "default")
	t.mu.Lock()
	defer t.mu.Unlock()
	sh := &shape{columns: slices.Clone(table.Columns), position: map[string]int{}, hidden: hidden}
	for i, c := range table.Columns {
		sh.position[c.Name] = i
		var zero any
		if codec, err := codecFor(c.Type); err == nil {
			zero = codec.zero()
		}
		sh.defaults = append(sh.defaults, zero)
	}
	t.shapes[table.Name] = sh
	delete(t.dropped, table.Name)
	t.db.put(table)
}

func (t *tables) drop(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.shapes, name)
	t.dropped[name] = true
	t.db.put(Table{Name: name})
}

func (t *tables) shape(name string) (*shape, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s, ok := t.shapes[name]
	return s, ok
}

func (t *tables) append(name string, rows [][]any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.db.append(name, rows)
}

// viewer is who asks: the system tables depend on it.
type viewer struct {
	server   *Server
	database string
	readonly string // the value of the setting, empty for 0
}

// query evaluates SQL. The system tables are made afresh for a query that mentions them.
func (t *tables) query(ctx context.Context, by viewer, sql string, params map[string]string) (computed, error) {
	sql = t.qualify(sql, by.database)
	if err := t.refuseDropped(sql, by.database); err != nil {
		return computed{}, err
	}
	if !strings.Contains(strings.ToLower(sql), "system.") {
		t.mu.RLock()
		defer t.mu.RUnlock()
		return t.db.query(ctx, sql, params)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, table := range t.systemTables(by) {
		t.db.put(table)
	}
	return t.db.query(ctx, sql, params)
}

var tableAfterKeyword = regexp.MustCompile("(?i)\\b(FROM|JOIN|TABLE|INTO)(\\s+)(`[^`]+`|\"[^\"]+\"|\\w+)")

// qualify puts the connection's database before table names that have none. Only names of tables that exist there are
// touched, and text in quotes is not.
func (t *tables) qualify(sql, database string) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var b strings.Builder
	last := 0
	for _, m := range tableAfterKeyword.FindAllStringSubmatchIndex(sql, -1) {
		name := strings.Trim(sql[m[6]:m[7]], "`\"")
		if m[7] < len(sql) && sql[m[7]] == '.' || t.shapes[database+"."+name] == nil || insideQuotes(sql[:m[0]]) {
			continue
		}
		b.WriteString(sql[last:m[6]])
		b.WriteString(database + ".")
		last = m[6]
	}
	return b.String() + sql[last:]
}

// refuseDropped is the error for a query over a table that was dropped: the engine keeps an empty shell of it.
func (t *tables) refuseDropped(sql, database string) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.dropped) == 0 {
		return nil
	}
	for _, m := range fromTable.FindAllStringSubmatch(sql, -1) {
		if name := qualified(m[1], database); t.dropped[name] {
			return unknownTable(name)
		}
	}
	return nil
}

// insideQuotes says whether a string literal is open at the end of the text.
func insideQuotes(s string) bool {
	open := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && open:
			i++
		case s[i] == '\'':
			open = !open
		}
	}
	return open
}

// qualified is the name as "database.table" without quotes.
func qualified(name, database string) string {
	name = strings.NewReplacer("`", "", `"`, "").Replace(strings.TrimSpace(name))
	if strings.Contains(name, ".") {
		return name
	}
	return database + "." + name
}

func unknownTable(name string) *Exception {
	return exceptionf(codeUnknownTable, "Unknown table expression identifier '%s'", name)
}

// systemTables are the tables that describe the server itself. The caller holds the lock.
func (t *tables) systemTables(by viewer) []Table {
	columns := Table{Name: "system.columns", Columns: []Column{
		{"database", "String"},
		{"table", "String"},
		{"name", "String"},
		{"type", "String"},
		{"position", "UInt64"},
		{"default_kind", "String"},
		{"default_expression", "String"},
		{"comment", "String"},
	}}
	list := Table{Name: "system.tables", Columns: []Column{
		{"database", "String"}, {"name", "String"}, {"engine", "String"}, {"total_rows", "Nullable(UInt64)"},
	}}
	databases := map[string]bool{"default": true, "system": true}
	for _, name := range slices.Sorted(maps.Keys(t.shapes)) {
		database, table, _ := strings.Cut(name, ".")
		databases[database] = true
		engine := "MergeTree"
		if strings.HasPrefix(table, "distributed_") {
			engine = "Distributed"
		}
		list.Rows = append(list.Rows, []any{database, table, engine, uint64(len(t.db.rows(name)))})
		sh := t.shapes[name]
		for i, c := range slices.Concat(sh.columns, sh.hidden) {
			columns.Rows = append(columns.Rows, []any{database, table, c.Name, c.Type, uint64(i + 1), "", "", ""})
		}
	}
	return []Table{columns, list, databaseTable(databases), t.indexTable(), processTable(by.server), settingTable(by), {
		Name: "system.one", Columns: []Column{{"dummy", "UInt8"}}, Rows: [][]any{{uint64(0)}},
	}}
}

func databaseTable(names map[string]bool) Table {
	t := Table{Name: "system.databases", Columns: []Column{{"name", "String"}, {"engine", "String"}}}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		t.Rows = append(t.Rows, []any{name, "Atomic"})
	}
	return t
}

// settingTable has the settings that the server obeys; under readonly = 1 none may be changed.
func settingTable(by viewer) Table {
	t := Table{Name: "system.settings", Columns: []Column{
		{"name", "String"}, {"value", "String"}, {"changed", "UInt8"}, {"readonly", "UInt8"},
	}}
	fixed, readonly := uint64(0), by.readonly
	if readonly == "1" {
		fixed = 1
	}
	if readonly == "" {
		readonly = "0"
	}
	for name, value := range map[string]string{
		"readonly": readonly, "max_execution_time": "0", "max_result_rows": "0", "max_rows_to_read": "0", "max_block_size": "65409",
	} {
		t.Rows = append(t.Rows, []any{name, value, uint64(0), fixed})
	}
	return t
}

func (t *tables) indexTable() Table {
	out := Table{Name: "system.data_skipping_indices", Columns: []Column{
		{"database", "String"},
		{"table", "String"},
		{"name", "String"},
		{"type", "String"},
		{"type_full", "String"},
		{"expr", "String"},
		{"granularity", "UInt64"},
	}}
	for _, i := range t.indexes {
		out.Rows = append(out.Rows, []any{i.database, i.table, i.name, i.kind, i.full, i.expr, uint64(1)})
	}
	return out
}

func processTable(s *Server) Table {
	t := Table{Name: "system.processes", Columns: []Column{
		{"is_initial_query", "UInt8"},
		{"user", "String"},
		{"query_id", "String"},
		{"elapsed", "Float64"},
		{"read_rows", "UInt64"},
		{"query", "String"},
		{"current_database", "String"},
		{"is_cancelled", "UInt8"},
		{"Settings", "Map(LowCardinality(String), LowCardinality(String))"},
	}}
	for _, r := range s.ledger.now() {
		settings := map[string]any{}
		for k, v := range r.Settings {
			settings[k] = v
		}
		cancelled := uint64(0)
		if r.Cancelled {
			cancelled = 1
		}
		t.Rows = append(t.Rows, []any{uint64(1), r.User, r.QueryID, elapsed(r), uint64(r.Rows), r.SQL, r.Database, cancelled, settings})
	}
	return t
}
