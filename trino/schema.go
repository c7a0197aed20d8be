package trino

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// Column is a column of a table.
type Column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Extra   string `json:"extra,omitempty"` // such as partition key
	Comment string `json:"comment,omitempty"`
}

// columns are those of a table by their names in lower case.
type columns map[string]Column

func (c columns) has(name string) bool {
	_, ok := c[strings.ToLower(name)]
	return ok
}

func (c columns) base(name string) string {
	t, err := parseType(c[strings.ToLower(name)].Type)
	if err != nil {
		return ""
	}
	return t.base
}

// tableProbe looks at each table of history once per client: the first call asks, those beside it wait for its answer. A
// probe that failed is tried again by the next call. The zero value is ready.
type tableProbe struct {
	mu     sync.Mutex
	known  map[string]columns
	flight map[string]chan struct{} // closed when the probe of a table has ended
}

// get gives what is known, or calls probe.
func (p *tableProbe) get(ctx context.Context, table string, probe func(context.Context) (columns, error)) (columns, error) {
	for {
		p.mu.Lock()
		if known, ok := p.known[table]; ok {
			p.mu.Unlock()
			return known, nil
		}
		wait := p.flight[table]
		if wait == nil {
			if p.flight == nil {
				p.flight, p.known = map[string]chan struct{}{}, map[string]columns{}
			}
			p.flight[table] = make(chan struct{})
			p.mu.Unlock()
			return p.fly(ctx, table, probe)
		}
		p.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (p *tableProbe) fly(ctx context.Context, table string, probe func(context.Context) (columns, error)) (c columns, err error) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		close(p.flight[table])
		delete(p.flight, table)
		if err == nil {
			p.known[table] = c
		}
	}()
	return probe(ctx)
}

// layout is the columns of a table of history, which must have its partition.
func (c *Client) layout(ctx context.Context, op *base.Op, table tableName) (columns, error) {
	known, err := c.probe.get(ctx, table.String(), func(ctx context.Context) (columns, error) {
		all, err := c.describe(ctx, op, table)
		if err != nil {
			return nil, err
		}
		found := columns{}
		for _, column := range all {
			found[strings.ToLower(column.Name)] = column
		}
		return found, nil
	})
	if err != nil {
		return nil, c.typed(ctx, op, err)
	}
	if !known.has(c.tables.Partition) {
		return nil, c.invalid(op, errors.New("tables.partition: "+table.String()+" has no column "+c.tables.Partition))
	}
	return known, nil
}

// typed is the error of a wait that the context ended.
func (c *Client) typed(ctx context.Context, op *base.Op, err error) error {
	if _, ok := errors.AsType[*base.Error](err); ok || err == nil {
		return err
	}
	e := classify(err).WithText(c.guard.Clean(err.Error())) // the guard does not see it
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind = base.KindDeadline
	}
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
	return e
}

func (c *Client) invalid(op *base.Op, err error) error {
	return base.Invalid(c.Name(), op.Name, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
}

func (c *Client) describe(ctx context.Context, op *base.Op, table tableName) ([]Column, error) {
	type row struct{ Column, Type, Extra, Comment string }
	found, err := read[row](ctx, c, op, Query{SQL: "DESCRIBE " + table.sql()})
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
