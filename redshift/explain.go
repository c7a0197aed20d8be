package redshift

import (
	"context"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// Plan is how the server would run a statement, line by line.
type Plan struct {
	Lines []string `json:"lines"`
}

// String is the plan as the server prints it.
func (p Plan) String() string { return strings.Join(p.Lines, "\n") }

var opExplain = &base.Op{Name: "Explain", System: base.SystemDB}

// Explain asks how a statement would be run, without running it. Caps of the query are ignored.
func (c *Client) Explain(ctx context.Context, q Query) (Plan, error) {
	if err := c.checkCaller(opExplain, q); err != nil {
		return Plan{}, err
	}
	q.SQL, q.MaxRows, q.MaxBytes = "EXPLAIN "+q.SQL, -1, -1
	answer, err := c.query(ctx, opExplain, q, nil)
	if err != nil {
		return Plan{}, err
	}
	lines, err := rows.Collect(answer, rows.To[string])
	return Plan{Lines: lines}, err
}
