package graph

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

const (
	defaultDepth = 4
	defaultCalls = 1000
	mostRoots    = 1000
)

var (
	opCallers = &base.Op{Name: "Callers", System: base.SystemDB}
	opCallees = &base.Op{Name: "Callees", System: base.SystemDB}
)

// Callers lists what calls a symbol, directly and through others, the nearest first; of a class, what calls its methods.
// Each call is listed once. Depth is 4 by default and bounded by Config.MaxDepth. A symbol that the graph does not have is
// base.ErrNotFound. More calls than the limit (0 = 1,000, at most 10,000) are a *base.IncompleteError beside the first.
func (c *Client) Callers(ctx context.Context, q code.CallsQuery) ([]code.Call, error) {
	return c.calls(ctx, opCallers, q, true)
}

// Callees is Callers the other way: what a symbol calls.
func (c *Client) Callees(ctx context.Context, q code.CallsQuery) ([]code.Call, error) {
	return c.calls(ctx, opCallees, q, false)
}

func (c *Client) calls(ctx context.Context, op *base.Op, q code.CallsQuery, up bool) ([]code.Call, error) {
	w, err := c.walk(op, q.Depth, q.Limit, up)
	if err != nil {
		return nil, err
	}
	roots, err := c.roots(ctx, op, "symbol", q.Symbol, q.Service)
	if err != nil {
		return nil, err
	}
	err = w.run(ctx, roots)
	all := make([]code.Call, len(w.found))
	for i, f := range w.found {
		all[i] = f.Call
	}
	return all, err
}

// depth is how far a question goes: 0 is the default.
func (c *Client) depth(op *base.Op, depth int) (int, error) {
	switch {
	case depth == 0:
		return min(defaultDepth, c.config.MaxDepth), nil
	case depth < 0 || depth > c.config.MaxDepth:
		return 0, base.Invalid(c.Name(), op.Name, "depth: %d is not between 1 and %d, which max_depth says", depth, c.config.MaxDepth)
	}
	return depth, nil
}

// roots are the symbols of that name, with the methods of those that are classes.
func (c *Client) roots(ctx context.Context, op *base.Op, field, symbol, service string) ([]code.Symbol, error) {
	f, err := c.findingOf(op, field, symbol, service)
	if err != nil {
		return nil, err
	}
	found, err := c.symbols(ctx, op, f.statement(c.cypher), f.args(mostRoots+1))
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, c.unknown(op, symbol, service)
	case len(found) > mostRoots:
		return nil, base.Invalid(c.Name(), op.Name, "symbol: more than %d have this name; write Class#method, or the service", mostRoots)
	}
	return c.withMethods(ctx, op, found)
}

func (c *Client) unknown(op *base.Op, symbol, service string) error {
	text := "the graph has no symbol " + symbol
	if service != "" {
		text += " in the service " + service
	}
	e := base.NewError(base.KindNotFound, nil).WithText(c.guard.Clean(text))
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.Answered
	e.SetHint(base.HintOf("names are compared exactly; find it by its class or its method alone, or leave the service out"))
	return e
}

// withMethods adds the methods of the classes among the symbols.
func (c *Client) withMethods(ctx context.Context, op *base.Op, found []code.Symbol) ([]code.Symbol, error) {
	var classes []string
	for _, s := range found {
		if s.Kind == code.KindClass {
			classes = append(classes, s.ID)
		}
	}
	if len(classes) == 0 {
		return found, nil
	}
	methods, err := c.symbols(ctx, op, c.cypher.text(
		"MATCH (c:<Class>)-[:<HAS_METHOD>]->(n:<Method>) WHERE elementId(c) IN $ids",
		"WITH DISTINCT n, c RETURN <n,c> ORDER BY c.<name>, n.<line>, n.<name> LIMIT $limit"),
		map[string]any{"ids": classes, "limit": mostSymbols})
	return append(found, methods...), err
}

// edge is a call, and where in the caller's file it stands.
type edge struct {
	code.Call
	line int
}

// walk goes along the calls level by level: each symbol is asked about once, however many ways lead to it.
type walk struct {
	client *Client
	op     *base.Op
	depth  int
	limit  int
	up     bool
	found  []edge
	seen   map[string]bool // asked about
	calls  map[[2]string]bool
}

func (c *Client) walk(op *base.Op, depth, limit int, up bool) (*walk, error) {
	depth, err := c.depth(op, depth)
	if err != nil {
		return nil, err
	}
	if limit, err = c.limited(op, limit, defaultCalls); err != nil {
		return nil, err
	}
	return &walk{client: c, op: op, depth: depth, limit: limit, up: up, seen: map[string]bool{}, calls: map[[2]string]bool{}}, nil
}

func (w *walk) run(ctx context.Context, roots []code.Symbol) error {
	var ids []string
	for _, s := range roots {
		ids = w.visit(ids, s.ID)
	}
	for level := 1; level <= w.depth && len(ids) > 0; level++ {
		next, err := w.level(ctx, ids, level)
		if err != nil {
			return err
		}
		ids = next
	}
	return nil
}

func (w *walk) visit(ids []string, id string) []string {
	if w.seen[id] {
		return ids
	}
	w.seen[id] = true
	return append(ids, id)
}

// level asks for the calls of these symbols, and returns the symbols at their other end that are new.
func (w *walk) level(ctx context.Context, ids []string, level int) (next []string, err error) {
	match := "MATCH (a)-[k:<CALLS>]->(b) WHERE elementId(a) IN $ids"
	if w.up {
		match = "MATCH (a)-[k:<CALLS>]->(b) WHERE elementId(b) IN $ids"
	}
	over := false
	err = w.client.each(ctx, w.op, w.client.cypher.text(match,
		"WITH a, b, min(k.<line>) AS line",
		"OPTIONAL MATCH (c:<Class>)-[:<HAS_METHOD>]->(a)", "WITH a, b, line, head(collect(c)) AS c",
		"OPTIONAL MATCH (d:<Class>)-[:<HAS_METHOD>]->(b)", "WITH a, b, line, c, head(collect(d)) AS d",
		"RETURN <a,c> AS x, <b,d> AS y, line ORDER BY x[4], x[3], x[2], line, y[4], y[3], y[2] LIMIT $limit"),
		map[string]any{"ids": ids, "limit": w.limit + 1}, func(row []any) error {
			from, err := symbolOf(row[0])
			if err != nil {
				return err
			}
			to, err := symbolOf(row[1])
			if err != nil {
				return err
			}
			pair := [2]string{from.ID, to.ID}
			if w.calls[pair] {
				return nil
			}
			if len(w.found) == w.limit {
				over = true
				return nil
			}
			w.calls[pair] = true
			line, _ := row[2].(int64)
			w.found = append(w.found, edge{code.Call{From: from, To: to, Depth: level}, int(line)})
			if w.up {
				to = from
			}
			next = w.visit(next, to.ID)
			return nil
		})
	if err == nil && over {
		err = w.client.cut(w.op, len(w.found), "more calls than the limit; ask for less depth, or for one method")
	}
	return next, err
}
