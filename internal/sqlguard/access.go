package sqlguard

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

// CheckTables holds a statement to the schemas that may be read, and to a bound on the days of history. The server itself
// says which tables it would read, and from what day on: a name in a view, a comment or a text cannot deceive it. It is
// asked only where there is something to hold the statement to, and what the statement says of the days must hold too.
func (g *Guard) CheckTables(ctx context.Context, op *base.Op, q Statement, all []Lexeme) error {
	if planned, err := g.checkForm(op, q, all); !planned {
		return err
	}
	named := g.namedHistory(q, all)
	if len(g.Schemas) == 0 && !named.anywhere {
		return nil
	}
	says := q.bounds(g.Tables.Partition, all)
	if named.read != nil && !says.there && !all[0].word("WITH") { // no plan could tell another thing
		return g.Invalid(op, g.unbounded(*named.read))
	}
	if named.read != nil {
		if err := g.checkDays(says); err != nil {
			return g.Invalid(op, err)
		}
	}
	plan, err := g.plan(ctx, op, q)
	if err != nil {
		return err
	}
	if err := g.checkPlan(op, plan); err != nil {
		return err
	}
	if err := g.checkBound(plan, named.read, says); err != nil {
		return g.Invalid(op, err)
	}
	return nil
}

// CheckSchemas holds a statement to the schemas alone.
func (g *Guard) CheckSchemas(ctx context.Context, op *base.Op, q Statement, all []Lexeme) error {
	if len(g.Schemas) == 0 {
		return nil
	}
	if planned, err := g.checkForm(op, q, all); !planned {
		return err
	}
	plan, err := g.plan(ctx, op, q)
	if err != nil {
		return err
	}
	return g.checkPlan(op, plan)
}

// checkForm holds to the schemas what a plan could not be held to them by; planned reports whether there is a plan to ask for.
func (g *Guard) checkForm(op *base.Op, q Statement, all []Lexeme) (planned bool, err error) {
	held := len(g.Schemas) > 0
	switch {
	case all[0].word("SHOW"), all[0].word("DESCRIBE"), all[0].word("DESC"):
		if held {
			err = g.checkShown(op, q, all)
		}
		return false, err
	case all[0].word("EXPLAIN"): // the plan of a plan cannot be had, and a plan tells of rows
		if held {
			err = g.outside(op, "a statement that begins with EXPLAIN", "ask for the plan by Explain")
		}
		return false, err
	}
	if name := unlisted(all); held && name != "" { // a plan does not say what a function reads
		return false, g.outside(op, fmt.Sprintf("the table function %q", name), "read the tables themselves")
	}
	return true, nil
}

func (g *Guard) checkPlan(op *base.Op, plan Plan) error {
	for _, in := range plan.Inputs {
		if t := in.Name(); !g.Allowed(t.Catalog, t.Schema) {
			return g.Forbidden(op, t.String())
		}
	}
	return nil
}

// plan asks the server what a statement would read.
func (g *Guard) plan(ctx context.Context, op *base.Op, q Statement) (Plan, error) {
	text, err := g.Explain(ctx, op, q)
	if err != nil {
		return Plan{}, err
	}
	plan, err := ParsePlan(text)
	return plan, g.Typed(ctx, op, err)
}

// checkBound refuses a plan that reads a table of history from an earlier day on than the statement says, or from its
// beginning. Of a view the plan names the tables behind it: one of these has to be bounded.
func (g *Guard) checkBound(plan Plan, read *Table, says written) error {
	seen, bounded := false, false
	for _, in := range plan.Inputs {
		t := in.Name()
		low, begins := in.begins(g.Tables.Partition)
		begins = begins && says.there && low >= says.low
		if g.IsHistory(t) {
			if !begins {
				return g.unbounded(t)
			}
			if err := g.checkDays(written{there: true, low: low, err: says.err}); err != nil {
				return err
			}
		}
		bounded = bounded || begins
		seen = seen || read != nil && t.Equal(*read)
	}
	if read != nil && !seen && !bounded && len(plan.Inputs) > 0 {
		return g.unbounded(*read)
	}
	return nil
}

// checkDays refuses values that are no days, and a first day before what the tables keep.
func (g *Guard) checkDays(says written) error {
	if says.err != nil || says.low == "" {
		return says.err
	}
	if err := g.Tables.CheckKept(says.low); err != nil {
		return fmt.Errorf("sql: %s begins at %.40s, %w", g.Tables.Partition, says.low, err)
	}
	return nil
}

func (g *Guard) unbounded(t Table) error {
	return fmt.Errorf("sql: %s is read without a bound on %s, so all of its history would be; add %s BETWEEN 'YYYY-MM-DD' AND "+
		"'YYYY-MM-DD' to its conditions: only =, IN, >=, > and BETWEEN with a day as text or a bound value count, and it must be "+
		"a lower bound", t, g.Tables.Partition, g.Tables.Partition)
}

// mentions is what a statement says of the tables of history.
type mentions struct {
	anywhere bool   // a name, of whatever, is that of such a table
	read     *Table // stands where a table is read
}

// namedHistory looks at the names of a statement. What they mean only the server knows.
func (g *Guard) namedHistory(q Statement, all []Lexeme) (h mentions) {
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
		h.anywhere = h.anywhere || g.partitioned(last)
		if t := g.resolved(q, parts); from && h.read == nil && g.IsHistory(t) {
			h.read = &t
		}
	}
	return h
}

// afterFrom are the words behind a list of tables.
var afterFrom = []string{"SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "WINDOW", "ON", "USING"}

// resolved is the table that a name means in a statement.
func (g *Guard) resolved(q Statement, parts []string) Table {
	return Name(parts, or(q.Catalog, g.Catalog), or(q.Schema, g.Schema))
}

// Allowed reports whether the schema may be read.
func (g *Guard) Allowed(catalog, schema string) bool {
	return len(g.Schemas) == 0 || slices.ContainsFunc(g.Schemas, func(name string) bool {
		return strings.EqualFold(name, catalog+"."+schema)
	})
}

// Forbidden is the error of what lies outside of the schemas.
func (g *Guard) Forbidden(op *base.Op, what string) error {
	e := base.NewError(base.KindPermission, nil).WithText(fmt.Sprintf("%.200s lies outside the schemas that may be read", what))
	e.Source, e.Op, e.Sent = g.Source, op.Name, base.NotSent
	e.Hint = "allowed are " + strings.Join(g.Schemas, ", ")
	return e
}

// outside refuses what cannot be held to the schemas.
func (g *Guard) outside(op *base.Op, what, instead string) error {
	e := base.NewError(base.KindPermission, nil).WithText(fmt.Sprintf("%.200s cannot be held to the schemas that may be read", what))
	e.Source, e.Op, e.Sent, e.Hint = g.Source, op.Name, base.NotSent, instead
	return e
}

// ownFunctions are the table functions that read nothing but what the plan shows.
var ownFunctions = []string{"sequence", "exclude_columns", "system.builtin.sequence", "system.builtin.exclude_columns"}

// unlisted is the first table function of a statement that may read on its own; empty without one.
func unlisted(all []Lexeme) string {
	for i := range all {
		if name := tableFunction(all[i:]); name != "" && !slices.Contains(ownFunctions, name) {
			return name
		}
	}
	return ""
}

// tableFunction is the name in TABLE(name(…)), in lower case; empty for something else, as TABLE(name) and TABLE(SELECT …).
func tableFunction(all []Lexeme) string {
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

// checkCatalogs refuses the catalogs that call something. The plan of such a statement calls it too.
func (g *Guard) checkCatalogs(op *base.Op, q Statement, all []Lexeme) error {
	calls := func(name string) bool {
		return g.Calling != "" && len(name) >= len(g.Calling) && strings.EqualFold(name[:len(g.Calling)], g.Calling)
	}
	name, found := q.Catalog, calls(q.Catalog)
	for i := 0; i < len(all) && !found; i++ {
		name, found = all[i].text, all[i].kind == 'q' && calls(all[i].text)
	}
	if !found {
		return nil
	}
	e := base.NewError(base.KindPermission, nil).WithText(fmt.Sprintf("the catalog %.200q calls what it names, and that may do more than read", name))
	e.Source, e.Op, e.Sent, e.Hint = g.Source, op.Name, base.NotSent, "read a catalog that an operator has registered"
	return e
}
