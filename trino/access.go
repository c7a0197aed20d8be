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
// asked only where there is something to hold the statement to, and what the statement says of the days must hold too.
func (c *Client) checkTables(ctx context.Context, op *base.Op, q Query, all []lexeme) error {
	if planned, err := c.checkForm(op, q, all); !planned {
		return err
	}
	named := c.namedHistory(q, all)
	if len(c.config.Schemas) == 0 && !named.anywhere {
		return nil
	}
	says := q.bounds(c.tables.Partition, all)
	if named.read != nil && !says.there && !all[0].word("WITH") { // no plan could tell another thing
		return c.invalid(op, c.unbounded(*named.read))
	}
	if named.read != nil {
		if err := c.checkDays(says); err != nil {
			return c.invalid(op, err)
		}
	}
	plan, err := c.plan(ctx, op, q)
	if err != nil {
		return err
	}
	if err := c.checkPlan(op, plan); err != nil {
		return err
	}
	if err := c.checkBound(plan, named.read, says); err != nil {
		return c.invalid(op, err)
	}
	return nil
}

// checkSchemas holds a statement to the schemas alone.
func (c *Client) checkSchemas(ctx context.Context, op *base.Op, q Query, all []lexeme) error {
	if len(c.config.Schemas) == 0 {
		return nil
	}
	if planned, err := c.checkForm(op, q, all); !planned {
		return err
	}
	plan, err := c.plan(ctx, op, q)
	if err != nil {
		return err
	}
	return c.checkPlan(op, plan)
}

// checkForm holds to the schemas what a plan could not be held to them by; planned reports whether there is a plan to ask for.
func (c *Client) checkForm(op *base.Op, q Query, all []lexeme) (planned bool, err error) {
	held := len(c.config.Schemas) > 0
	switch {
	case all[0].word("SHOW"), all[0].word("DESCRIBE"), all[0].word("DESC"):
		if held {
			err = c.checkShown(op, q, all)
		}
		return false, err
	case all[0].word("EXPLAIN"): // the plan of a plan cannot be had, and a plan tells of rows
		if held {
			err = c.outside(op, "a statement that begins with EXPLAIN", "ask for the plan by Explain")
		}
		return false, err
	}
	if name := unlisted(all); held && name != "" { // a plan does not say what a function reads
		return false, c.outside(op, fmt.Sprintf("the table function %q", name), "read the tables themselves")
	}
	return true, nil
}

func (c *Client) checkPlan(op *base.Op, plan ioPlan) error {
	for _, in := range plan.Inputs {
		if t := in.name(); !c.allowed(t.catalog, t.schema) {
			return c.forbidden(op, t.String())
		}
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

// checkBound refuses a plan that reads a table of history from an earlier day on than the statement says, or from its
// beginning. Of a view the plan names the tables behind it: one of these has to be bounded.
func (c *Client) checkBound(plan ioPlan, read *tableName, says written) error {
	seen, bounded := false, false
	for _, in := range plan.Inputs {
		t := in.name()
		low, begins := in.begins(c.tables.Partition)
		begins = begins && says.there && low >= says.low
		if c.isHistory(t) {
			if !begins {
				return c.unbounded(t)
			}
			if err := c.checkDays(written{there: true, low: low, err: says.err}); err != nil {
				return err
			}
		}
		bounded = bounded || begins
		seen = seen || read != nil && t.equal(*read)
	}
	if read != nil && !seen && !bounded && len(plan.Inputs) > 0 {
		return c.unbounded(*read)
	}
	return nil
}

// checkDays refuses values that are no days, and a first day before what the tables keep.
func (c *Client) checkDays(says written) error {
	if says.err != nil || says.low == "" {
		return says.err
	}
	if err := c.tables.checkKept(says.low); err != nil {
		return fmt.Errorf("sql: %s begins at %.40s, %w", c.tables.Partition, says.low, err)
	}
	return nil
}

func (c *Client) unbounded(t tableName) error {
	return fmt.Errorf("sql: %s is read without a bound on %s, so all of its history would be; add %s BETWEEN 'YYYY-MM-DD' AND "+
		"'YYYY-MM-DD' to its conditions: only =, IN, >=, > and BETWEEN with a day as text or a bound value count, and it must be "+
		"a lower bound", t, c.tables.Partition, c.tables.Partition)
}

// history is what a statement says of the tables of history.
type history struct {
	anywhere bool       // a name, of whatever, is that of such a table
	read     *tableName // stands where a table is read
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
		}
		parts := []string{all[i].text}
		for ; i+2 < len(all) && all[i+1].kind == '.' && all[i+2].name(); i += 2 {
			parts = append(parts, all[i+2].text)
		}
		last := parts[len(parts)-1]
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

// outside refuses what cannot be held to the schemas.
func (c *Client) outside(op *base.Op, what, instead string) error {
	e := base.NewError(base.KindPermission, nil).WithText(fmt.Sprintf("%.200s cannot be held to the schemas that may be read", what))
	e.Source, e.Op, e.Sent, e.Hint = c.Name(), op.Name, base.NotSent, instead
	return e
}

// ownFunctions are the table functions that read nothing but what the plan shows.
var ownFunctions = []string{"sequence", "exclude_columns", "system.builtin.sequence", "system.builtin.exclude_columns"}

// unlisted is the first table function of a statement that may read on its own; empty without one.
func unlisted(all []lexeme) string {
	for i := range all {
		if name := tableFunction(all[i:]); name != "" && !slices.Contains(ownFunctions, name) {
			return name
		}
	}
	return ""
}

// tableFunction is the name in TABLE(name(…)), in lower case; empty for something else, as TABLE(name) and TABLE(SELECT …).
func tableFunction(all []lexeme) string {
	if len(all) < 2 || !all[0].word("TABLE") || all[1].kind != '(' {
		return ""
	}
	name, rest := path(all[2:])
	switch {
	case len(rest) == 0 || len(name) == 0 || rest[0].kind == ')':
		return ""
	case len(name) == 1 && all[2].kind == 'w' && startsReading(all[2:]):
		return ""
	}
	return strings.ToLower(strings.Join(name, "."))
}
