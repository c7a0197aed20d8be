package redshift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

var (
	opSchemas       = &base.Op{Name: "Schemas", System: base.SystemDB}
	opTables        = &base.Op{Name: "Tables", System: base.SystemDB}
	opDescribeTable = &base.Op{Name: "DescribeTable", System: base.SystemDB}
	opRecentRows    = &base.Op{Name: "RecentRows", System: base.SystemDB}
)

// Schema is a schema of a database. Those of data shares have another database than the connection's.
type Schema struct {
	Database string `json:"database,omitempty" db:"database_name"`
	Name     string `json:"name" db:"schema_name"`
}

// Table is a table or view.
type Table struct {
	Database string `json:"database,omitempty" db:"database_name"`
	Schema   string `json:"schema" db:"schema_name"`
	Name     string `json:"name" db:"table_name"`
	Type     string `json:"type,omitempty" db:"table_type"` // TABLE, VIEW, EXTERNAL TABLE, ...
}

// Column is a column of a table.
type Column struct {
	Name     string `json:"name" db:"column_name"`
	Type     string `json:"type" db:"data_type"`
	Position int64  `json:"position" db:"ordinal_position"`
	Nullable string `json:"nullable,omitempty" db:"is_nullable"` // YES or NO
}

// catalog is a view of the server's own tables: Redshift's covers data shares and external tables, the standard's is
// what any server has.
type catalog struct{ redshift, standard string }

var (
	catalogSchemas = catalog{"svv_all_schemas", "information_schema.schemata"}
	catalogTables  = catalog{"svv_all_tables", "information_schema.tables"}
	catalogColumns = catalog{"svv_all_columns", "information_schema.columns"}
)

// catalogFields are the same columns in both, but for the two whose names differ.
var catalogFields = fieldsOf(kindText, "database_name", "schema_name", "table_name", "table_type", "column_name", "data_type", "is_nullable")

func (k catalog) layout(standard bool) *layout {
	l := &layout{fields: map[string]field{}, names: map[string]string{}, table: quoteTable(k.redshift)}
	if standard {
		l.table = quoteTable(k.standard)
	}
	for _, f := range append(slices.Clip(catalogFields), field{name: "ordinal_position", kind: kindInt64}) {
		name := f.name
		if other, ok := map[string]string{"database_name": "table_catalog", "schema_name": "table_schema"}[name]; ok && standard {
			if name = other; k == catalogSchemas {
				name = strings.Replace(f.name, "database_name", "catalog_name", 1)
			}
		}
		l.names[f.name] = quote(name)
		l.fields[name] = f
	}
	return l
}

const maxCatalog = 10_000

// browse reads a view of the catalog, by the standard's names where the server has none of its own. That is learned at
// the first call.
func browse[T any](ctx context.Context, c *Client, op *base.Op, k catalog, narrow func(*statement)) ([]T, error) {
	for _, standard := range []bool{false, true} {
		if !standard && c.standard.Load() {
			continue
		}
		s := newSelect(op, k.layout(standard))
		narrow(s)
		q := s.query(above(maxCatalog))
		answer, err := c.query(ctx, op, q, s.layout)
		if !standard && errors.Is(err, base.ErrNotFound) {
			c.standard.Store(true)
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := rows.Collect(answer, rows.ToStructLax[T])
		if err != nil {
			return nil, err
		}
		kept, more := first(found, maxCatalog)
		return kept, incomplete(c.Name(), op.Name, len(kept), more)
	}
	return nil, nil
}

// Schemas lists the schemas that the account may see and Config.Schemas allows, by name; the server's own are left out.
func (c *Client) Schemas(ctx context.Context) ([]Schema, error) {
	found, err := browse[Schema](ctx, c, opSchemas, catalogSchemas, func(s *statement) { s.by("database_name", "schema_name") })
	kept := []Schema{}
	for _, one := range found {
		if !isSystem(one.Name) && c.mayBrowse(one.Name) {
			kept = append(kept, one)
		}
	}
	return kept, err
}

func isSystem(schema string) bool {
	return strings.HasPrefix(schema, "pg_") || schema == "information_schema" || schema == "catalog_history"
}

func (c *Client) mayBrowse(schema string) bool {
	return len(c.config.Schemas) == 0 || slices.ContainsFunc(c.config.Schemas, func(s string) bool { return strings.EqualFold(s, schema) })
}

// checkSchema refuses a schema that Config.Schemas does not name.
func (c *Client) checkSchema(op *base.Op, schema string) error {
	if err := checkName(schema, false); err != nil {
		return base.Invalid(c.Name(), op.Name, "schema: %s", err)
	}
	if !c.mayBrowse(schema) {
		return c.forbidden(op, "schema "+schema)
	}
	return nil
}

// Tables lists the tables and views of a schema, by name; an empty schema lists those of all schemas that are allowed.
// A schema of another database is written as database.schema.
func (c *Client) Tables(ctx context.Context, schema string) ([]Table, error) {
	database, name := splitSchema(schema)
	if schema != "" {
		if err := c.checkSchema(opTables, name); err != nil {
			return nil, err
		}
	}
	found, err := browse[Table](ctx, c, opTables, catalogTables, func(s *statement) {
		if name != "" {
			s.and(s.is("schema_name", "=", name))
		}
		if database != "" {
			s.and(s.is("database_name", "=", database))
		}
		s.by("database_name", "schema_name", "table_name")
	})
	kept := []Table{}
	for _, one := range found {
		if name != "" || !isSystem(one.Schema) && c.mayBrowse(one.Schema) {
			kept = append(kept, one)
		}
	}
	return kept, err
}

func splitSchema(schema string) (database, name string) {
	if at := strings.LastIndexByte(schema, '.'); at >= 0 {
		return schema[:at], schema[at+1:]
	}
	return "", schema
}

// DescribeTable lists the columns of a table, written as table, schema.table or database.schema.table, in their order.
// A table that is not there, or is hidden from the account, is base.ErrNotFound.
func (c *Client) DescribeTable(ctx context.Context, table string) ([]Column, error) {
	if err := c.checkTable(opDescribeTable, table); err != nil {
		return nil, err
	}
	schema, name := splitSchema(table)
	database, schema := splitSchema(schema)
	found, err := browse[Column](ctx, c, opDescribeTable, catalogColumns, func(s *statement) {
		s.and(s.is("table_name", "=", name))
		if schema != "" {
			s.and(s.is("schema_name", "=", schema))
		}
		if database != "" {
			s.and(s.is("database_name", "=", database))
		}
		s.by("database_name", "schema_name", "ordinal_position")
	})
	if err == nil && len(found) == 0 {
		err = c.notFound(opDescribeTable, "there is no table "+table, "list the tables of the schema; the account may not see all of them")
	}
	return found, err
}

func (c *Client) checkTable(op *base.Op, table string) error {
	if err := checkName(table, true); err != nil {
		return base.Invalid(c.Name(), op.Name, "table: %s", err)
	}
	if schema, _ := splitSchema(table); schema != "" {
		_, schema = splitSchema(schema)
		return c.checkSchema(op, schema)
	}
	if len(c.config.Schemas) > 0 {
		return base.Invalid(c.Name(), op.Name, "table: write its schema too; allowed are %s", strings.Join(c.config.Schemas, ", "))
	}
	return nil
}

// recencyColumns are what the time of a row is called, the best first.
var recencyColumns = []string{"created_at", "update_time", "processed_at", "updated_at", "datestr"}

// RecentRows returns some rows of a table, the newest first where it has a column that tells. The caller reads the rows
// to their end or closes them.
func (c *Client) RecentRows(ctx context.Context, table string, limit int) (*rows.Rows, error) {
	columns, err := c.DescribeTable(ctx, table)
	if err != nil {
		return nil, err
	}
	sql := comment(opRecentRows) + "SELECT * FROM " + quoteTable(table)
	newest := slices.IndexFunc(recencyColumns, func(name string) bool {
		return slices.ContainsFunc(columns, func(column Column) bool { return column.Name == name })
	})
	if newest >= 0 {
		sql += " ORDER BY " + quote(recencyColumns[newest]) + " DESC NULLS LAST"
	}
	limit = c.limit(limit, defaultLimit)
	if limit > 0 {
		sql += fmt.Sprintf(" LIMIT %d", limit+1)
	}
	return c.query(ctx, opRecentRows, Query{SQL: sql, MaxRows: int64(limit), MaxBytes: c.config.MaxBytes}, nil)
}
