package athena

import (
	"context"
	"fmt"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/sqlguard"
)

// ExplainType is what is asked of a plan.
type ExplainType string

// The plan as the optimizer has it, as it is distributed over workers, what it would read, and whether the statement is
// valid at all.
const (
	Logical     ExplainType = "LOGICAL"
	Distributed ExplainType = "DISTRIBUTED"
	IO          ExplainType = "IO"
	Validate    ExplainType = "VALIDATE"
)

// Explanation is a plan.
type Explanation struct {
	Type  ExplainType `json:"type"`
	Plan  string      `json:"plan,omitempty"`  // text; of IO, JSON; of VALIDATE, empty
	Valid bool        `json:"valid,omitempty"` // of VALIDATE
	Reads []Input     `json:"reads,omitempty"` // of IO: the tables that would be read
	Stats base.Stats  `json:"stats,omitzero"`
}

// Input is a table that a statement would read.
type Input struct {
	Table       string   `json:"table"`                 // catalog.database.table
	Constraints []string `json:"constraints,omitempty"` // columns by which less is read, such as datestr
	Rows        float64  `json:"rows,omitempty"`        // the optimizer's estimate; 0 = none
	Bytes       float64  `json:"bytes,omitempty"`
}

var opExplain = method("Explain")

// Explain asks for the plan of a statement without running it. Type empty = DISTRIBUTED. A statement that is not valid is
// base.ErrInvalid, whatever the type.
func (c *Client) Explain(ctx context.Context, q Query, kind ExplainType) (Explanation, error) {
	var out Explanation
	kind = ExplainType(strings.ToUpper(or(string(kind), string(Distributed))))
	format := ""
	switch kind {
	case Logical, Distributed, Validate:
	case IO:
		format = ", FORMAT JSON"
	default:
		return out, c.invalid(opExplain, fmt.Errorf("type: %.40q is none of LOGICAL, DISTRIBUTED, IO, VALIDATE", kind))
	}
	q.SQL = sqlguard.Unterminated(q.SQL)
	if err := c.reading.CheckExplained(ctx, opExplain, sqlguard.Statement{SQL: q.SQL, Args: q.Args, Catalog: q.Catalog, Schema: q.Database, Timeout: q.Timeout}); err != nil {
		return out, err
	}
	out.Type = kind
	q.explain, q.MaxRows = "EXPLAIN (TYPE "+string(kind)+format+") ", 0
	text, err := c.plan(base.WithStats(ctx, &out.Stats), opExplain, q)
	if err != nil {
		return out, err
	}
	if kind == Validate {
		out.Valid = strings.Contains(text, "true")
		return out, nil
	}
	if begin := strings.IndexByte(text, '{'); kind == IO && begin > 0 {
		text = text[begin:]
	}
	if out.Plan = text; kind == IO {
		err = out.readInputs()
	}
	return out, c.typed(ctx, opExplain, err)
}

// readInputs takes the tables out of a plan of TYPE IO.
func (e *Explanation) readInputs() error {
	plan, err := sqlguard.ParsePlan(e.Plan)
	if err != nil {
		return err
	}
	for _, in := range plan.Inputs {
		input := Input{Table: in.Name().String()}
		for _, column := range in.Constraint.Columns {
			input.Constraints = append(input.Constraints, column.Name)
		}
		input.Rows, _ = in.Estimate.Rows.(float64)
		input.Bytes, _ = in.Estimate.Bytes.(float64)
		e.Reads = append(e.Reads, input)
	}
	return nil
}
