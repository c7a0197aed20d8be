package graph

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

// ImpactQuery asks what a change of a symbol, or of a file, can break. One of the two is set.
type ImpactQuery struct {
	Symbol  string `json:"symbol,omitempty" jsonschema:"a class, a method, or Class#method"`
	File    string `json:"file,omitempty" jsonschema:"instead of symbol: the path, or its end from a slash on"`
	Service string `json:"service,omitempty" jsonschema:"where it is, when several services have its name"`
	Depth   int    `json:"depth,omitempty" jsonschema:"default 4"`
	Limit   int    `json:"limit,omitempty" jsonschema:"calls; default 1000"`
}

// Impact is what depends on some code.
type Impact struct {
	Symbols  []code.Symbol `json:"symbols"`  // that were asked about, the methods of classes included
	Callers  []code.Call   `json:"callers"`  // what calls them, and their services as a whole, the nearest first
	Entries  []code.Symbol `json:"entries"`  // among the callers, those that nothing found calls: where the change is met first
	Services []string      `json:"services"` // of all of these, in order
}

var opImpact = &base.Op{Name: "Impact", System: base.SystemDB}

// Impact tells what calls a symbol or what a file holds, directly and through others. Calls between services are calls of
// a service as a whole where the graph knows no more: then the callers of the symbol's service are there, too. What the
// graph does not have is base.ErrNotFound. More calls than the limit are a *base.IncompleteError beside the first.
func (c *Client) Impact(ctx context.Context, q ImpactQuery) (Impact, error) {
	w, err := c.walk(opImpact, q.Depth, q.Limit, true)
	if err != nil {
		return Impact{}, err
	}
	roots, err := c.affected(ctx, q)
	if err != nil {
		return Impact{}, err
	}
	all, err := c.withServices(ctx, opImpact, roots)
	if err != nil {
		return Impact{}, err
	}
	err = w.run(ctx, all)
	if _, cut := errors.AsType[*base.IncompleteError](err); err != nil && !cut {
		return Impact{}, err
	}
	return impactOf(roots, w.found), err
}

func (c *Client) affected(ctx context.Context, q ImpactQuery) ([]code.Symbol, error) {
	if (q.Symbol == "") == (strings.TrimSpace(q.File) == "") {
		return nil, base.Invalid(c.Name(), opImpact.Name, "symbol, file: set one of the two")
	}
	if q.Symbol != "" {
		return c.roots(ctx, opImpact, "symbol", q.Symbol, q.Service)
	}
	f, err := c.finding(opImpact, code.SymbolsQuery{File: q.File, Service: q.Service})
	if err != nil {
		return nil, err
	}
	found, err := c.symbols(ctx, opImpact, f.statement(c.cypher), f.args(mostRoots+1))
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, c.unknown(opImpact, "in "+q.File, q.Service)
	case len(found) > mostRoots:
		return nil, base.Invalid(c.Name(), opImpact.Name, "file: more than %d symbols are in files of this name; write more of the path", mostRoots)
	}
	found, err = c.withMethods(ctx, opImpact, found)
	return distinct(found), err
}

// distinct keeps the first of each.
func distinct(all []code.Symbol) []code.Symbol {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(s code.Symbol) bool {
		known := seen[s.ID]
		seen[s.ID] = true
		return known
	})
}

// withServices adds the nodes of the services that the symbols belong to.
func (c *Client) withServices(ctx context.Context, op *base.Op, symbols []code.Symbol) ([]code.Symbol, error) {
	names := map[string]bool{}
	for _, s := range symbols {
		if s.Service != "" {
			names[s.Service] = true
		}
	}
	if len(names) == 0 {
		return symbols, nil
	}
	nodes, err := c.symbols(ctx, op, c.cypher.text("MATCH (n:<Service>) WHERE n.<name> IN $names WITH n, null AS c RETURN <n,c> LIMIT $limit"),
		map[string]any{"names": slices.Sorted(maps.Keys(names)), "limit": mostRoots})
	return append(slices.Clone(symbols), nodes...), err
}

func impactOf(roots []code.Symbol, found []edge) Impact {
	out := Impact{Symbols: roots, Callers: []code.Call{}, Entries: []code.Symbol{}, Services: []string{}}
	called, services := map[string]bool{}, map[string]bool{}
	for _, f := range found {
		called[f.To.ID] = true
		services[f.From.Service] = true
		out.Callers = append(out.Callers, f.Call)
	}
	for _, s := range roots {
		services[s.Service] = true
	}
	for _, f := range found {
		if !called[f.From.ID] {
			called[f.From.ID] = true
			out.Entries = append(out.Entries, f.From)
		}
	}
	delete(services, "")
	out.Services = append(out.Services, slices.Sorted(maps.Keys(services))...)
	return out
}
