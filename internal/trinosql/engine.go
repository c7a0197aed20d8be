// Package trinosql answers simple statements of Trino's SQL from tables in memory: one table, conditions, an order and a
// limit; DESCRIBE, SHOW CATALOGS, SCHEMAS and TABLES; EXPLAIN in outline. There are no joins, no groups and no sub-queries.
// The fakes of Trino and of Athena, whose engine is Trino, answer with it.
package trinosql

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Error is why a statement has no answer: the name is one of Trino's StandardErrorCode. All are errors of the user.
type Error struct{ Name, Message string }

// Column is a column of a table or of an answer, its type in Trino's words.
type Column struct {
	Name  string
	Type  string
	Extra string // of a table: "partition key"
}

// Result is the answer to a statement. Values are text, int64, float64, bool, []byte, time.Time, nil, []any and
// map[string]any.
type Result struct {
	Source  *Table // that was read; nil = none
	Columns []Column
	Rows    [][]any
}

// Session is what a statement does not say by itself.
type Session struct{ Catalog, Schema string }

// Engine is the tables. Make it with [NewEngine]. It is not safe for concurrent use: the fake locks.
type Engine struct {
	tables map[string]*Table
	system func(key string) *Table
}

// NewEngine is an engine without tables. The function, unless nil, makes the tables of the fake's own, from their name in
// lower case (catalog.schema.table), or nil.
func NewEngine(system func(key string) *Table) *Engine {
	if system == nil {
		system = func(string) *Table { return nil }
	}
	return &Engine{tables: map[string]*Table{}, system: system}
}

// Add adds rows to a table, and makes it if there is none. A name with less than three parts is one of the session's
// catalog and schema. Values are those of [Result], and int, int32 and map[string]string beside them.
func (e *Engine) Add(in Session, name string, columns []Column, rows ...[]any) {
	full := in.full(strings.SplitN(name, ".", 3))
	key := strings.Join(full, ".")
	t := e.tables[key]
	if t == nil {
		t = &Table{Catalog: full[0], Schema: full[1], Name: full[2], Columns: columns}
		e.tables[key] = t
	}
	for _, values := range rows {
		t.add(values)
	}
}

// full is the three parts of a name, in lower case.
func (in Session) full(names []string) []string {
	full := []string{in.Catalog, in.Schema, ""}
	copy(full[3-min(3, len(names)):], names)
	for i := range full {
		full[i] = strings.ToLower(full[i])
	}
	return full
}

// Find is the table of a name, by the parts that a statement writes.
func (e *Engine) Find(in Session, names ...string) (*Table, *Error) {
	full := in.full(names)
	key := strings.Join(full, ".")
	for _, find := range []func(string) *Table{e.system, e.listing} {
		if t := find(key); t != nil {
			return t, nil
		}
	}
	switch t := e.tables[key]; {
	case t != nil:
		return t, nil
	case !slices.Contains(e.Catalogs(), full[0]):
		return nil, &Error{"CATALOG_NOT_FOUND", fmt.Sprintf("line 1:15: Catalog '%s' not found", full[0])}
	case !slices.Contains(e.Schemas(full[0]), full[1]):
		return nil, &Error{"SCHEMA_NOT_FOUND", fmt.Sprintf("line 1:15: Schema '%s' does not exist", full[1])}
	}
	return nil, &Error{"TABLE_NOT_FOUND", fmt.Sprintf("line 1:15: Table '%s' does not exist", key)}
}

// Catalogs are the names of the catalogs in order, system among them.
func (e *Engine) Catalogs() []string {
	all := map[string]bool{"system": true}
	for _, t := range e.tables {
		all[t.Catalog] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// Schemas are the names of a catalog's schemas in order; one that has no table has information_schema alone.
func (e *Engine) Schemas(catalog string) []string {
	all := map[string]bool{"information_schema": true}
	if catalog == "system" {
		all["runtime"] = true
	}
	for _, t := range e.tables {
		if t.Catalog == catalog {
			all[t.Schema] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Tables are the tables of a schema, by name.
func (e *Engine) Tables(catalog, schema string) []*Table {
	var all []*Table
	for _, key := range slices.Sorted(maps.Keys(e.tables)) {
		if t := e.tables[key]; t.Catalog == catalog && (schema == "" || t.Schema == schema) {
			all = append(all, t)
		}
	}
	return all
}

// listing is information_schema.tables of a catalog.
func (e *Engine) listing(key string) *Table {
	catalog, rest, _ := strings.Cut(key, ".")
	if rest != "information_schema.tables" {
		return nil
	}
	t := &Table{Catalog: catalog, Schema: "information_schema", Name: "tables", Columns: []Column{
		{Name: "table_catalog", Type: "varchar"},
		{Name: "table_schema", Type: "varchar"},
		{Name: "table_name", Type: "varchar"},
		{Name: "table_type", Type: "varchar"},
	}}
	for _, of := range e.Tables(catalog, "") {
		kind := "BASE TABLE"
		if of.View() {
			kind = "VIEW"
		}
		t.Rows = append(t.Rows, Row{"table_catalog": catalog, "table_schema": of.Schema, "table_name": of.Name, "table_type": kind})
	}
	return t
}
