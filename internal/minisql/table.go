// Package minisql answers a subset of ClickHouse's SQL from memory. It exists so that the exported fake of the
// clickhouse package can run the very statements that the client sends, not an imitation of their answers.
package minisql

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Column is the name of a column and its type in ClickHouse's words.
type Column struct{ Name, Type string }

// Table is a table and its rows. Name is "database.table". A value is a string (String, FixedString, LowCardinality,
// Enum), uint64, int64, float64, bool, time.Time in UTC, map[string]any, []any (Array, Tuple) or nil for NULL.
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]any
}

// Result is the answer of a statement. ReadRows counts the rows that were looked at.
type Result struct {
	Columns  []Column
	Rows     [][]any
	ReadRows uint64
}

// Error is what ClickHouse would answer, with its code and name.
type Error struct {
	Code    int
	Name    string
	Message string
}

// Error is the message with its code, as the server prints it.
func (e *Error) Error() string { return fmt.Sprintf("Code: %d. %s (%s)", e.Code, e.Message, e.Name) }

var codeNames = map[int]string{
	6: "CANNOT_PARSE_TEXT", 10: "NOT_FOUND_COLUMN_IN_BLOCK", 25: "CANNOT_PARSE_ESCAPE_SEQUENCE", 41: "CANNOT_PARSE_DATETIME",
	49: "LOGICAL_ERROR", 50: "UNKNOWN_TYPE", 125: "INCORRECT_RESULT_OF_SCALAR_SUBQUERY", 153: "ILLEGAL_DIVISION",
	158: "TOO_MANY_ROWS", 167: "TOO_DEEP_AST", 168: "TOO_BIG_AST", 184: "ILLEGAL_AGGREGATION", 190: "SIZES_OF_ARRAYS_DONT_MATCH",
	215: "NOT_AN_AGGREGATE", 258: "UNION_ALL_RESULT_STRUCTURES_MISMATCH", 131: "TOO_LARGE_STRING_SIZE", 349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN", 386: "NO_COMMON_TYPE", 440: "INVALID_LIMIT_EXPRESSION", 457: "BAD_QUERY_PARAMETER",
	36: "BAD_ARGUMENTS", 42: "NUMBER_OF_ARGUMENTS_DOESNT_MATCH", 43: "ILLEGAL_TYPE_OF_ARGUMENT", 46: "UNKNOWN_FUNCTION",
	47: "UNKNOWN_IDENTIFIER", 53: "TYPE_MISMATCH", 60: "UNKNOWN_TABLE", 62: "SYNTAX_ERROR", 81: "UNKNOWN_DATABASE",
	115: "UNKNOWN_SETTING", 427: "CANNOT_COMPILE_REGEXP", 456: "UNKNOWN_QUERY_PARAMETER",
}

func fail(code int, format string, args ...any) *Error {
	return &Error{Code: code, Name: codeNames[code], Message: fmt.Sprintf(format, args...)}
}

// DB holds tables. It is safe for concurrent use: a statement sees the tables as they were when it began.
type DB struct {
	mu     sync.RWMutex
	tables map[string]Table
}

// New makes an empty database.
func New() *DB { return &DB{tables: map[string]Table{}} }

// Put adds a table or replaces the one of that name.
func (d *DB) Put(t Table) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t.Rows = slices.Clip(t.Rows)
	d.tables[t.Name] = t
}

// Append adds rows to a table; each has one value per column.
func (d *DB) Append(name string, rows ...[]any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, ok := d.tables[name]
	if !ok {
		return fail(60, "Table %s does not exist", name)
	}
	for _, r := range rows {
		if len(r) != len(t.Columns) {
			return fail(36, "a row of %d values for %d columns of %s", len(r), len(t.Columns), name)
		}
	}
	t.Rows = append(t.Rows, rows...) // readers keep their own length
	d.tables[name] = t
	return nil
}

// Table returns a table as it is now.
func (d *DB) Table(name string) (Table, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	t, ok := d.tables[name]
	t.Rows = slices.Clip(t.Rows)
	return t, ok
}

// snapshot is the database as it is now. Rows are never changed in place, so that only the map has to be copied.
func (d *DB) snapshot() *DB {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return &DB{tables: maps.Clone(d.tables)}
}

func (d *DB) names() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var all []string
	for name := range d.tables {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// find is a stored table, or one of the system tables that follow from them.
func (d *DB) find(name string) (Table, error) {
	if t, ok := d.Table(name); ok {
		return t, nil
	}
	if t, ok := d.system(name); ok {
		return t, nil
	}
	database, _, qualified := strings.Cut(name, ".")
	if qualified && !d.hasDatabase(database) {
		return Table{}, fail(81, "Database %s does not exist", database)
	}
	return Table{}, fail(60, "Table %s does not exist", name)
}

func (d *DB) hasDatabase(database string) bool {
	return database == "system" || database == "default" || slices.ContainsFunc(d.names(), func(n string) bool { return strings.HasPrefix(n, database+".") })
}

func (d *DB) system(name string) (Table, bool) {
	t := Table{Name: name}
	switch name {
	case "system.one":
		t.Columns, t.Rows = []Column{{"dummy", "UInt8"}}, [][]any{{uint64(0)}}
	case "system.columns":
		t.Columns = []Column{{"database", "String"}, {"table", "String"}, {"name", "String"}, {"type", "String"}, {"position", "UInt64"}}
		for _, n := range d.names() {
			stored, _ := d.Table(n)
			database, table, _ := strings.Cut(n, ".")
			for i, c := range stored.Columns {
				t.Rows = append(t.Rows, []any{database, table, c.Name, c.Type, uint64(i + 1)})
			}
		}
	case "system.tables":
		t.Columns = []Column{{"database", "String"}, {"name", "String"}, {"engine", "String"}, {"total_rows", "Nullable(UInt64)"}}
		for _, n := range d.names() {
			stored, _ := d.Table(n)
			database, table, _ := strings.Cut(n, ".")
			t.Rows = append(t.Rows, []any{database, table, "MergeTree", uint64(len(stored.Rows))})
		}
	case "system.databases":
		t.Columns = []Column{{"name", "String"}, {"engine", "String"}}
		var last string
		for _, n := range d.names() {
			if database, _, _ := strings.Cut(n, "."); database != last {
				t.Rows, last = append(t.Rows, []any{database, "Atomic"}), database
			}
		}
	case "system.settings":
		t.Columns = []Column{{"name", "String"}, {"value", "String"}, {"readonly", "UInt8"}}
	case "system.data_skipping_indices":
		t.Columns = []Column{{"database", "String"}, {"table", "String"}, {"name", "String"}, {"type", "String"}, {"expr", "String"}}
	default:
		return t, false
	}
	return t, true
}
