package partition

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/sqlguard"
)

// columns are the types of a table's columns by their names in lower case.
type columns map[string]string

func (c columns) has(name string) bool {
	_, ok := c[strings.ToLower(name)]
	return ok
}

// base is the type of a column without its arguments, in lower case: timestamp(3) with time zone is timestamp with time zone.
func (c columns) base(name string) string {
	full := strings.ToLower(strings.TrimSpace(c[strings.ToLower(name)]))
	open, end := strings.IndexByte(full, '('), strings.LastIndexByte(full, ')')
	if open < 0 || end < open {
		return full
	}
	return strings.TrimSpace(full[:open]) + strings.TrimRight(full[end+1:], " ")
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
func (e *Engine) layout(ctx context.Context, op *base.Op, table sqlguard.Table) (columns, error) {
	known, err := e.probe.get(ctx, table.String(), func(ctx context.Context) (columns, error) {
		all, err := e.Describe(ctx, op, table)
		found := columns{}
		for name, typ := range all {
			found[strings.ToLower(name)] = typ
		}
		return found, err
	})
	if err != nil {
		return nil, e.Guard.Typed(ctx, op, err)
	}
	if !known.has(e.Guard.Tables.Partition) {
		return nil, e.Guard.Invalid(op, errors.New("tables.partition: "+table.String()+" has no column "+e.Guard.Tables.Partition))
	}
	return known, nil
}

// read gathers an answer of which nothing is left out.
func read[T any](ctx context.Context, e *Engine, op *base.Op, q question) ([]T, error) {
	answer, err := e.Query(ctx, op, q.sql, q.args)
	if err != nil {
		return nil, err
	}
	return rows.Collect(answer, rows.ToStructLax[T])
}
