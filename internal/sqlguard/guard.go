// Package sqlguard holds a caller's own statement to what may be run, for the sources that speak Trino's SQL: one statement
// that reads, within the schemas that may be read, with a bound on the days of tables of history. It takes statements apart
// by their words; what these mean the server says, by a plan.
package sqlguard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
)

// Guard is what one client may read.
type Guard struct {
	Source          string // name of the client
	Catalog, Schema string // of names without one
	Schemas         []string
	Tables          history.Tables // defaults filled in
	Calling         string         // how the names of catalogs begin that call something; empty = there are none
	// Explain asks the server for EXPLAIN (TYPE IO, FORMAT JSON) of a statement.
	Explain func(ctx context.Context, op *base.Op, q Statement) (string, error)
	// Typed makes the client's error of one that is not.
	Typed func(ctx context.Context, op *base.Op, err error) error
}

// Statement is a statement of a caller: its words, and what goes with them.
type Statement struct {
	SQL             string
	Args            []any  // of its question marks
	Catalog, Schema string // empty = those of the Guard

	Session map[string]string // for Explain alone, as Timeout is
	Timeout time.Duration
}

// Check refuses a statement that does more than read, or that reads what it may not, or history without a bound.
func (g *Guard) Check(ctx context.Context, op *base.Op, q Statement) error {
	all, err := Lex(q.SQL)
	if err == nil {
		err = CheckReading(all)
	}
	if err != nil {
		return g.Refusal(op, err)
	}
	if err := g.checkCatalogs(op, q, all); err != nil {
		return err
	}
	return g.CheckTables(ctx, op, q, all)
}

// CheckExplained refuses what Check does, but for bounds: of a statement that is explained nothing is read. A plan tells of
// what lies in a table.
func (g *Guard) CheckExplained(ctx context.Context, op *base.Op, q Statement) error {
	all, err := Lex(q.SQL)
	if err == nil {
		err = CheckReading(all)
	}
	if err == nil && len(all) > 0 && all[0].word("EXPLAIN") {
		err = errors.New("sql: begins with EXPLAIN, which is added here; leave it out")
	}
	if err != nil {
		return g.Refusal(op, err)
	}
	if err := g.checkCatalogs(op, q, all); err != nil {
		return err
	}
	return g.CheckSchemas(ctx, op, q, all)
}

// Refusal types why a statement may not be run.
func (g *Guard) Refusal(op *base.Op, err error) error {
	if write, ok := errors.AsType[*WriteError](err); ok {
		e := base.NewError(base.KindPermission, write).WithText(write.Error())
		e.Source, e.Op, e.Sent = g.Source, op.Name, base.NotSent
		return e
	}
	if err != nil {
		return base.Invalid(g.Source, op.Name, "%s", err)
	}
	return nil
}

// Invalid is the error of a question that is wrong before it is asked.
func (g *Guard) Invalid(op *base.Op, err error) error {
	return base.Invalid(g.Source, op.Name, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// Table is the name of a table with its catalog and schema.
type Table struct{ Catalog, Schema, Table string }

// Name is a table that is written as table, schema.table or catalog.schema.table.
func Name(parts []string, catalog, schema string) Table {
	t := Table{catalog, schema, parts[len(parts)-1]}
	if len(parts) > 1 {
		t.Schema = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		t.Catalog = parts[len(parts)-3]
	}
	return t
}

// Table is the name of a table in the catalog and schema of the guard.
func (g *Guard) Table(name string) Table {
	return Name(strings.Split(name, "."), g.Catalog, g.Schema)
}

// Equal compares names as the server does.
func (t Table) Equal(o Table) bool {
	return strings.EqualFold(t.Catalog, o.Catalog) && strings.EqualFold(t.Schema, o.Schema) && strings.EqualFold(t.Table, o.Table)
}

// SQL is the name as a statement writes it.
func (t Table) SQL() string { return Quote(t.Catalog) + "." + Quote(t.Schema) + "." + Quote(t.Table) }

// String is the name for people.
func (t Table) String() string { return t.Catalog + "." + t.Schema + "." + t.Table }

// Quote is the one place where an identifier becomes part of SQL.
func Quote(identifier string) string { return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"` }

// QuoteText is a text as a literal of SQL.
func QuoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// partitioned reports whether a name, without catalog and schema, is that of a table of history.
func (g *Guard) partitioned(name string) bool {
	return slices.ContainsFunc(g.Tables.All(), func(table string) bool {
		return strings.EqualFold(table[strings.LastIndexByte(table, '.')+1:], name)
	})
}

// IsHistory reports whether it is one of the tables of history.
func (g *Guard) IsHistory(t Table) bool {
	return slices.ContainsFunc(g.Tables.All(), func(name string) bool { return g.Table(name).Equal(t) })
}
