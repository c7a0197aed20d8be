package trino

import (
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

func (c *Client) newGuard() *sqlguard.Guard {
	return &sqlguard.Guard{
		Source: c.config.Name, Catalog: c.config.Catalog, Schema: c.config.Schema, Schemas: c.config.Schemas, Tables: c.tables,
		Explain: c.explainIO, Typed: c.typed,
	}
}

// statement is what the guard looks at of a query.
func (q Query) statement() sqlguard.Statement {
	return sqlguard.Statement{SQL: q.SQL, Args: q.Args, Catalog: q.Catalog, Schema: q.Schema, Session: q.Session, Timeout: q.Timeout}
}

// explainIO asks the server what a statement would read.
func (c *Client) explainIO(ctx context.Context, op *base.Op, s sqlguard.Statement) (string, error) {
	answer, err := c.query(ctx, op, Query{
		SQL: s.SQL, Args: s.Args, Catalog: s.Catalog, Schema: s.Schema, Session: s.Session, Timeout: s.Timeout, explain: "EXPLAIN (TYPE IO, FORMAT JSON) ",
	})
	if err != nil {
		return "", err
	}
	parts, err := rows.Collect(answer, rows.To[string])
	return strings.Join(parts, ""), err
}

// typed is the error of a wait that the context ended, or of an answer that is not what was asked for.
func (c *Client) typed(ctx context.Context, op *base.Op, err error) error {
	if _, ok := errors.AsType[*base.Error](err); ok || err == nil {
		return err
	}
	if _, ok := errors.AsType[*sqlguard.PlanError](err); ok || partition.Malformed(err) {
		err = malformed("%s", err)
	}
	e := classify(err).WithText(c.guard.Clean(err.Error())) // the guard does not see it
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind = base.KindDeadline
	}
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
	return e
}

func (c *Client) invalid(op *base.Op, err error) error { return c.reading.Invalid(op, err) }
