package graph

import (
	"context"
	"strconv"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

// PathQuery asks how one symbol comes to call another.
type PathQuery struct {
	From    string `json:"from" jsonschema:"a class, a method, or Class#method"`
	To      string `json:"to" jsonschema:"a class, a method, a service, or Class#method"`
	Service string `json:"service,omitempty" jsonschema:"where from is, when several services have its name"`
	Depth   int    `json:"depth,omitempty" jsonschema:"calls at most; default: as many as the client allows"`
}

var opCallPath = &base.Op{Name: "CallPath", System: base.SystemDB}

// CallPath is a shortest chain of calls from one symbol to another, in order; Depth counts from 1. Of a class it may begin
// or end at any method. No chain within the depth (0 = Config.MaxDepth) is an empty list; a symbol that the graph does not
// have is base.ErrNotFound.
func (c *Client) CallPath(ctx context.Context, q PathQuery) ([]code.Call, error) {
	depth := c.config.MaxDepth
	if q.Depth != 0 {
		var err error
		if depth, err = c.depth(opCallPath, q.Depth); err != nil {
			return nil, err
		}
	}
	from, err := c.roots(ctx, opCallPath, "from", q.From, q.Service)
	if err != nil {
		return nil, err
	}
	to, err := c.roots(ctx, opCallPath, "to", q.To, "")
	if err != nil {
		return nil, err
	}
	var steps []code.Symbol
	if steps, err = c.symbols(ctx, opCallPath, c.cypher.text(
		"MATCH (x) WHERE elementId(x) IN $from MATCH (y) WHERE elementId(y) IN $to AND y <> x",
		"MATCH p = shortestPath((x)-[:<CALLS>*.."+strconv.Itoa(depth)+"]->(y))",
		"WITH p ORDER BY length(p) LIMIT 1",
		"UNWIND range(0, length(p)) AS i WITH i, nodes(p)[i] AS n",
		"OPTIONAL MATCH (c:<Class>)-[:<HAS_METHOD>]->(n) WITH i, n, head(collect(c)) AS c",
		"RETURN <n,c> ORDER BY i"), map[string]any{"from": idsOf(from), "to": idsOf(to)}); err != nil {
		return nil, err
	}
	var all []code.Call
	for i := 1; i < len(steps); i++ {
		all = append(all, code.Call{From: steps[i-1], To: steps[i], Depth: i})
	}
	return all, nil
}

func idsOf(symbols []code.Symbol) []string {
	all := make([]string, len(symbols))
	for i, s := range symbols {
		all[i] = s.ID
	}
	return all
}
