package trino

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// checkTables holds a statement to the schemas that may be read, and to a bound on the days of history. The server itself
// says which tables it would read, and from what day on: a name in a view, a comment or a text cannot deceive it. It is
// asked only where there is something to hold the statement to.
func (c *Client) checkTables(ctx context.Context, op *base.Op, q Query, all []lexeme) error {
	switch {
	case all[0].word("SHOW"), all[0].word("DESCRIBE"), all[0].word("DESC"):
		return c.refuseNames(op, all)
	case all[0].word("EXPLAIN"):
		return nil // it reads no rows
	}
	named := c.namedHistory(q, all)
	if len(c.config.Schemas) == 0 && !named.anywhere {
		return nil
	}
	if named.read != nil && !named.bounded && !all[0].word("WITH") { // no plan could tell another thing
		return c.invalid(op, c.unbounded(*named.read))
	}
	plan, err := c.plan(ctx, op, q)
	if err != nil {
		return err
	}
	for _, in := range plan.Inputs {
		if t := in.name(); !c.allowed(t.catalog, t.schema) {
			return c.forbidden(op, t.String())
		}
	}
	if err := c.checkBound(plan, named.read); err != nil {
		return c.invalid(op, err)
	}
	return nil
}

// plan asks the server what a statement would read.
func (c *Client) plan(ctx context.Context, op *base.Op, q Query) (ioPlan, error) {
	q.explain = "EXPLAIN (TYPE IO, FORMAT JSON) "
	q.Progress, q.MaxRows, q.MaxBytes = nil, 0, 0
	answer, err := c.query(ctx, op, q)
	if err != nil {
		return ioPlan{}, err
	}
	parts, err := rows.Collect(answer, rows.To[string])
	if err != nil {
		return ioPlan{}, err
	}
	plan, err := parsePlan(strings.Join(parts, ""))
	return plan, c.typed(ctx, op, err)
}

// checkBound refuses a plan that reads a table of history from its beginning. Of a view the plan names the tables behind it:
// one of these has to be bounded.
func (c *Client) checkBound(plan ioPlan, read *tableName) error {
	seen, bounded := false, false
	for _, in := range plan.Inputs {
		t, begins := in.name(), in.begins(c.tables.Partition)
		if c.isHistory(t) && !begins {
			return c.unbounded(t)
		}
		bounded = bounded || begins
		seen = seen || read != nil && t.equal(*read)
	}
	if read != nil && !seen && !bounded && len(plan.Inputs) > 0 {
		return c.unbounded(*read)
	}
	return nil
}

func (c *Client) unbounded(t tableName) error {
	return fmt.Errorf("sql: %s is read without a bound on %s, so all of its history would be; add %s BETWEEN 'YYYY-MM-DD' AND "+
		"'YYYY-MM-DD' to its conditions", t, c.tables.Partition, c.tables.Partition)
}

// history is what a statement says of the tables of history.
type history struct {
	anywhere bool       // a name, of whatever, is that of such a table
	read     *tableName // stands where a table is read
	bounded  bool       // the partition is named
}

// namedHistory looks at the names of a statement. What they mean only the server knows.
func (c *Client) namedHistory(q Query, all []lexeme) (h history) {
	from := false // within a list of tables
	for i := 0; i < len(all); i++ {
		switch l := all[i]; {
		case l.kind == ',':
			continue
		case l.word("FROM"), l.word("JOIN"), l.word("TABLE"):
			from = true
			continue
		case l.kind == '(' || l.kind == 'w' && slices.Contains(afterFrom, strings.ToUpper(l.text)):
			from = false
			continue
		case !l.name():
			continue
		case equalFold(l.text, c.tables.Partition):
			h.bounded = true
		}
		parts := []string{all[i].text}
		for ; i+2 < len(all) && all[i+1].kind == '.' && all[i+2].name(); i += 2 {
			parts = append(parts, all[i+2].text)
		}
		last := parts[len(parts)-1]
		h.bounded = h.bounded || equalFold(last, c.tables.Partition)
		h.anywhere = h.anywhere || c.tables.partitioned(last)
		if t := c.resolved(q, parts); from && h.read == nil && c.isHistory(t) {
			h.read = &t
		}
	}
	return h
}

// afterFrom are the words behind a list of tables.
var afterFrom = []string{"SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "WINDOW", "ON", "USING"}

// resolved is the table that a name means in a statement.
func (c *Client) resolved(q Query, parts []string) tableName {
	t := tableName{or(q.Catalog, c.config.Catalog), or(q.Schema, c.config.Schema), parts[len(parts)-1]}
	if len(parts) > 1 {
		t.schema = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		t.catalog = parts[len(parts)-3]
	}
	return t
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
