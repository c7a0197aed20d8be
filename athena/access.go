package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

func (c *Client) newReading() *sqlguard.Guard {
	return &sqlguard.Guard{
		Source: c.config.Name, Catalog: c.config.Catalog, Schema: c.config.Database, Schemas: c.config.Schemas, Tables: c.config.Tables,
		Calling: "lambda:", // https://docs.aws.amazon.com/athena/latest/ug/connect-to-a-data-source-lambda.html
		Explain: c.explainIO, Typed: c.typed,
	}
}

// checkReading holds a caller's own statement to what may be run, and to what it may read.
func (c *Client) checkReading(ctx context.Context, op *base.Op, q Query) error {
	s := sqlguard.Statement{SQL: q.SQL, Args: q.Args, Catalog: q.Catalog, Schema: q.Database, Timeout: q.Timeout}
	guard, planned := *c.reading, ""
	guard.Explain = func(ctx context.Context, op *base.Op, s sqlguard.Statement) (text string, err error) {
		planned, err = c.planOf(ctx, op, s, q.Workgroup)
		return planned, err
	}
	if err := guard.Check(ctx, op, s); err != nil || q.MaxScan <= 0 || !selecting(q.SQL) {
		return err
	}
	if planned == "" {
		if _, err := guard.Explain(ctx, op, s); err != nil {
			return err
		}
	}
	plan, err := sqlguard.ParsePlan(planned)
	if err != nil {
		return c.typed(ctx, op, err)
	}
	if bytes, known := plan.Bytes(); known && bytes > q.MaxScan {
		return c.typed(ctx, op, &scanError{bytes: bytes, limit: q.MaxScan, planned: true})
	}
	return nil
}

// explainIO asks the service what a statement would read.
func (c *Client) explainIO(ctx context.Context, op *base.Op, s sqlguard.Statement) (string, error) {
	return c.planOf(ctx, op, s, "")
}

// planOf asks the service what a statement would read. That reads nothing, and costs nothing.
func (c *Client) planOf(ctx context.Context, op *base.Op, s sqlguard.Statement, workgroup string) (string, error) {
	text, err := c.plan(ctx, op, Query{
		SQL: s.SQL, Args: s.Args, Catalog: s.Catalog, Database: s.Schema, Timeout: s.Timeout, Workgroup: workgroup,
		explain: "EXPLAIN (TYPE IO, FORMAT JSON) ",
	})
	if begin := strings.IndexByte(text, '{'); begin > 0 { // the name of the column, where the service gives it
		text = text[begin:]
	}
	return text, err
}

// plan is the text of a plan.
func (c *Client) plan(ctx context.Context, op *base.Op, q Query) (string, error) {
	answer, err := c.query(ctx, op, q)
	if err != nil {
		return "", err
	}
	var lines []string
	for row, err := range answer.All() {
		if err != nil {
			return "", err
		}
		if v := row.Value(0); v != nil {
			lines = append(lines, fmt.Sprint(v))
		}
	}
	return strings.Join(lines, "\n"), nil
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
