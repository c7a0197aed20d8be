package graph

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

// FlowQuery asks what is expected to happen when an entry point runs.
type FlowQuery struct {
	Entry   string `json:"entry" jsonschema:"a method, Class#method, or a class"`
	Service string `json:"service,omitempty" jsonschema:"where it is, when several services have its name"`
	Depth   int    `json:"depth,omitempty" jsonschema:"default 4"`
	Limit   int    `json:"limit,omitempty" jsonschema:"calls; default 1000"`
}

// Flow is what an entry point calls, in the order in which the calls stand in the code.
type Flow struct {
	Entry code.Symbol `json:"entry"`
	Steps []Step      `json:"steps"`
}

// Step is one call of a flow. What a symbol calls follows it, one deeper, at its first step only.
type Step struct {
	Symbol code.Symbol `json:"symbol"`
	Caller string      `json:"caller"` // Class#method
	Depth  int         `json:"depth"`  // calls away from the entry, from 1
	Line   int         `json:"line,omitempty"`
	Again  bool        `json:"again,omitempty"` // it stands above already, or is the entry: what it calls is not repeated
}

var opFlow = &base.Op{Name: "Flow", System: base.SystemDB}

// Flow is the expected flow of an entry point, from the calls that the graph knows: a caller's calls in the order of their
// lines, depth first. An entry that several services or classes have is base.ErrInvalid and names them; one that the graph
// does not have is base.ErrNotFound. More calls than the limit are a *base.IncompleteError beside the first.
func (c *Client) Flow(ctx context.Context, q FlowQuery) (Flow, error) {
	w, err := c.walk(opFlow, q.Depth, q.Limit, false)
	if err != nil {
		return Flow{}, err
	}
	roots, err := c.entry(ctx, opFlow, q.Entry, q.Service)
	if err != nil {
		return Flow{}, err
	}
	err = w.run(ctx, roots)
	if _, cut := errors.AsType[*base.IncompleteError](err); err != nil && !cut {
		return Flow{}, err
	}
	return flowOf(roots, w), err
}

// entry is the one symbol of that name, first, and its methods when it is a class.
func (c *Client) entry(ctx context.Context, op *base.Op, name, service string) ([]code.Symbol, error) {
	f, err := c.findingOf(op, "entry", name, service)
	if err != nil {
		return nil, err
	}
	found, err := c.symbols(ctx, op, f.statement(c.cypher), f.args(mostRoots))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, c.unknown(op, name, service)
	}
	for _, s := range found[1:] { // overloads are one entry
		if s.Kind != found[0].Kind || s.Class != found[0].Class || s.Service != found[0].Service || s.File != found[0].File {
			return nil, base.Invalid(c.Name(), op.Name, "entry: %d symbols have this name, such as %s in %s and %s in %s; write Class#method and the service",
				len(found), found[0], c.guard.Clean(found[0].Service), s, c.guard.Clean(s.Service))
		}
	}
	return c.withMethods(ctx, op, found)
}

func flowOf(roots []code.Symbol, w *walk) Flow {
	out := Flow{Entry: roots[0], Steps: []Step{}}
	by := map[string][]edge{}
	for _, f := range w.found {
		by[f.From.ID] = append(by[f.From.ID], f)
	}
	for _, calls := range by {
		slices.SortStableFunc(calls, func(a, b edge) int { return cmp.Compare(a.line, b.line) })
	}
	above := map[string]bool{}
	for _, r := range roots {
		above[r.ID] = true
	}
	var follow func(id string, depth int)
	follow = func(id string, depth int) { // no deeper than the walk, which is bounded
		for _, f := range by[id] {
			again := above[f.To.ID]
			out.Steps = append(out.Steps, Step{Symbol: f.To, Caller: f.From.String(), Depth: depth, Line: f.line, Again: again})
			if !again && depth < w.depth {
				above[f.To.ID] = true
				follow(f.To.ID, depth+1)
			}
		}
	}
	for _, r := range roots {
		follow(r.ID, 1)
	}
	return out
}
