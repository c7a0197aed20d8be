package trino

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// checkSchemas holds a statement to the schemas that may be read. The server itself says which tables it would read: a
// name in a view, a comment or a text cannot deceive it.
func (c *Client) checkSchemas(ctx context.Context, op *base.Op, q Query, all []lexeme) error {
	if len(c.config.Schemas) == 0 {
		return nil
	}
	switch {
	case all[0].word("SHOW"), all[0].word("DESCRIBE"), all[0].word("DESC"):
		return c.refuseNames(op, all)
	case all[0].word("EXPLAIN"):
		return nil // it reads no rows
	}
	q.explain = "EXPLAIN (TYPE IO, FORMAT JSON) "
	q.Progress, q.MaxRows, q.MaxBytes = nil, 0, 0
	answer, err := c.query(ctx, op, q)
	if err != nil {
		return err
	}
	plans, err := rows.Collect(answer, rows.To[string])
	if err != nil {
		return err
	}
	tables, err := inputTables(strings.Join(plans, ""))
	if err != nil {
		return c.invalid(op, err)
	}
	for _, t := range tables {
		if !c.allowed(t.catalog, t.schema) {
			return c.forbidden(op, t.String())
		}
	}
	return nil
}

func (c *Client) allowed(catalog, schema string) bool {
	return len(c.config.Schemas) == 0 || slices.ContainsFunc(c.config.Schemas, func(name string) bool {
		return strings.EqualFold(name, catalog+"."+schema)
	})
}

func (c *Client) forbidden(op *base.Op, what string) error {
	e := base.NewError(base.KindPermission, nil).WithText(fmt.Sprintf("%.200s lies outside the schemas that may be read", what))
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
	e.Hint = "allowed are " + strings.Join(c.config.Schemas, ", ")
	return e
}

// refuseNames looks for a qualified name outside the schemas, in a statement that only shows names.
func (c *Client) refuseNames(op *base.Op, all []lexeme) error {
	for i := 0; i+2 < len(all); i++ {
		if !all[i].name() || all[i+1].kind != '.' || !all[i+2].name() {
			continue
		}
		catalog, schema := all[i].text, all[i+2].text
		if i+4 >= len(all) || all[i+3].kind != '.' { // schema.table, or catalog.schema
			if c.allowed(c.config.Catalog, catalog) {
				continue
			}
		}
		if !c.allowed(catalog, schema) {
			return c.forbidden(op, catalog+"."+schema)
		}
		i += 4
	}
	return nil
}

// inputTables reads a plan of EXPLAIN (TYPE IO).
func inputTables(plan string) ([]tableName, error) {
	var io struct {
		Inputs []struct {
			Table struct {
				Catalog     string `json:"catalog"`
				SchemaTable struct {
					Schema string `json:"schema"`
					Table  string `json:"table"`
				} `json:"schemaTable"`
			} `json:"table"`
		} `json:"inputTableColumnInfos"`
	}
	if err := json.Unmarshal([]byte(plan), &io); err != nil {
		return nil, fmt.Errorf("schemas: the server's plan cannot be read: %w", err)
	}
	var all []tableName
	for _, in := range io.Inputs {
		all = append(all, tableName{in.Table.Catalog, in.Table.SchemaTable.Schema, in.Table.SchemaTable.Table})
	}
	return all, nil
}
