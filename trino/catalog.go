package trino

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

var (
	opCatalogs = method("Catalogs")
	opSchemas  = method("Schemas")
	opTables   = method("Tables")
	opDescribe = method("DescribeTable")
)

// Catalogs are the names of the catalogs that the account sees, and that may be read.
func (c *Client) Catalogs(ctx context.Context) ([]string, error) {
	return c.namesOf(ctx, opCatalogs, Query{SQL: "SHOW CATALOGS"}, func(name string) bool {
		return len(c.config.Schemas) == 0 || slices.ContainsFunc(c.config.Schemas, func(allowed string) bool {
			return strings.HasPrefix(strings.ToLower(allowed), strings.ToLower(name)+".")
		})
	})
}

// Schemas are the names of the schemas of a catalog, empty = that of Config, that may be read.
func (c *Client) Schemas(ctx context.Context, catalog string) ([]string, error) {
	catalog = or(catalog, c.config.Catalog)
	if err := history.CheckName(catalog, false); err != nil {
		return nil, c.invalid(opSchemas, fmt.Errorf("catalog: %w", err))
	}
	return c.namesOf(ctx, opSchemas, Query{SQL: "SHOW SCHEMAS FROM " + sqlguard.Quote(catalog)}, func(name string) bool {
		return c.reading.Allowed(catalog, name)
	})
}

func (c *Client) namesOf(ctx context.Context, op *base.Op, q Query, keep func(string) bool) ([]string, error) {
	answer, err := c.query(ctx, op, q)
	if err != nil {
		return nil, err
	}
	all, err := rows.Collect(answer, rows.To[string])
	return slices.DeleteFunc(all, func(name string) bool { return !keep(name) }), err
}

// Column is a column of a table.
type Column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Extra   string `json:"extra,omitempty"` // such as partition key
	Comment string `json:"comment,omitempty"`
}

func (c *Client) describe(ctx context.Context, op *base.Op, table sqlguard.Table) ([]Column, error) {
	type row struct{ Column, Type, Extra, Comment string }
	found, err := read[row](ctx, c, op, Query{SQL: "DESCRIBE " + table.SQL()})
	all := make([]Column, 0, len(found))
	for _, r := range found {
		all = append(all, Column{Name: r.Column, Type: r.Type, Extra: r.Extra, Comment: r.Comment})
	}
	return all, err
}

// read gathers an answer of which nothing is left out.
func read[T any](ctx context.Context, c *Client, op *base.Op, q Query) ([]T, error) {
	answer, err := c.query(ctx, op, q)
	if err != nil {
		return nil, err
	}
	return rows.Collect(answer, rows.ToStructLax[T])
}

// Table is a table or a view of a schema.
type Table struct {
	Catalog string `json:"catalog"`
	Schema  string `json:"schema"`
	Name    string `json:"name"`
	View    bool   `json:"view,omitempty"`
	History bool   `json:"history,omitempty"` // a statement over it has to bound its partition
}

// TablesOptions says which tables are wanted. The zero value is all of the schema of Config.
type TablesOptions struct {
	Catalog string `json:"catalog,omitempty"` // empty = that of Config
	Schema  string `json:"schema,omitempty"`  // empty = that of Config
	Like    string `json:"like,omitempty"`    // a pattern of LIKE: % is any text, _ any letter
}

// Tables lists the tables and views of a schema, by name.
func (c *Client) Tables(ctx context.Context, o TablesOptions) ([]Table, error) {
	catalog, schema := or(o.Catalog, c.config.Catalog), or(o.Schema, c.config.Schema)
	for field, name := range map[string]string{"catalog": catalog, "schema": schema} {
		if err := history.CheckName(name, false); err != nil {
			return nil, c.invalid(opTables, fmt.Errorf("%s: %w", field, err))
		}
	}
	if !c.reading.Allowed(catalog, schema) {
		return nil, c.reading.Forbidden(opTables, catalog+"."+schema)
	}
	where, args := " WHERE table_schema = ?", []any{strings.ToLower(schema)}
	if o.Like != "" {
		where, args = where+" AND table_name LIKE ?", append(args, strings.ToLower(o.Like))
	}
	type row struct {
		Name string `db:"table_name"`
		Type string `db:"table_type"`
	}
	found, err := read[row](ctx, c, opTables, Query{
		SQL:  "SELECT table_name, table_type FROM " + sqlguard.Quote(catalog) + ".information_schema.tables" + where + " ORDER BY table_name",
		Args: args,
	})
	all := make([]Table, 0, len(found))
	for _, r := range found {
		all = append(all, Table{
			Catalog: catalog, Schema: schema, Name: r.Name, View: r.Type == "VIEW", History: c.reading.IsHistory(sqlguard.Table{Catalog: catalog, Schema: schema, Table: r.Name}),
		})
	}
	return all, err
}

// TableDescription is the columns of a table, and some of its rows if they were asked for.
type TableDescription struct {
	Table   string           `json:"table"` // catalog.schema.table
	Columns []Column         `json:"columns"`
	Sample  []map[string]any `json:"sample,omitempty"`
}

const (
	maxSample  = 100
	sampleDays = 7
)

// DescribeTable describes a table, written as table, schema.table or catalog.schema.table, with so many rows of it, at
// most 100. Of a table with partitions by day the rows are the newest of the last seven days.
func (c *Client) DescribeTable(ctx context.Context, name string, sample int) (TableDescription, error) {
	out := TableDescription{}
	if name == "" {
		return out, c.invalid(opDescribe, errors.New("table: missing"))
	}
	if err := history.CheckName(name, true); err != nil {
		return out, c.invalid(opDescribe, fmt.Errorf("table: %w", err))
	}
	table := c.reading.Table(name)
	if !c.reading.Allowed(table.Catalog, table.Schema) {
		return out, c.reading.Forbidden(opDescribe, table.String())
	}
	var err error
	out.Table = table.String()
	if out.Columns, err = c.describe(ctx, opDescribe, table); err != nil || sample <= 0 {
		return out, err
	}
	out.Sample, err = c.sample(ctx, table, out.Columns, min(sample, maxSample))
	return out, err
}

func (c *Client) sample(ctx context.Context, table sqlguard.Table, all []Column, n int) ([]map[string]any, error) {
	q := Query{SQL: "SELECT * FROM " + table.SQL()}
	if slices.ContainsFunc(all, func(column Column) bool { return strings.EqualFold(column.Name, c.tables.Partition) }) {
		now := time.Now().UTC()
		q.SQL += " WHERE " + sqlguard.Quote(c.tables.Partition) + " BETWEEN ? AND ? ORDER BY " + sqlguard.Quote(c.tables.Partition) + " DESC"
		q.Args = []any{now.AddDate(0, 0, 1-sampleDays).Format(time.DateOnly), now.Format(time.DateOnly)}
	}
	q.SQL += " LIMIT " + strconv.Itoa(n)
	answer, err := c.query(ctx, opDescribe, q)
	if err != nil {
		return nil, err
	}
	found, err := rows.Collect(answer, rows.ToMap)
	for _, r := range found {
		for name, v := range r {
			r[name] = partition.Speakable(v)
		}
	}
	return found, err
}
