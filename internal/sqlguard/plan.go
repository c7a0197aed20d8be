package sqlguard

import (
	"encoding/json"
	"slices"
	"strings"
)

// Plan is a plan of EXPLAIN (TYPE IO, FORMAT JSON), as far as it is read
// (https://github.com/trinodb/trino/blob/476/core/trino-main/src/main/java/io/trino/sql/planner/planprinter/IoPlanPrinter.java).
type Plan struct {
	Inputs []Input `json:"inputTableColumnInfos"`
}

// Input is a table that a statement would read.
type Input struct {
	Table struct {
		Catalog     string `json:"catalog"`
		SchemaTable struct {
			Schema string `json:"schema"`
			Table  string `json:"table"`
		} `json:"schemaTable"`
	} `json:"table"`
	Constraint struct {
		None    bool     `json:"none"` // no row can match
		Columns []Column `json:"columnConstraints"`
	} `json:"constraint"`
	Estimate struct {
		Rows  any `json:"outputRowCount"` // NaN comes as a text
		Bytes any `json:"outputSizeInBytes"`
	} `json:"estimate"`
}

// Column is a column by whose values less is read.
type Column struct {
	Name   string `json:"columnName"`
	Domain struct {
		Ranges []struct {
			Low struct {
				Value *string `json:"value"` // absent = no bound
			} `json:"low"`
		} `json:"ranges"`
	} `json:"domain"`
}

// ParsePlan reads the JSON of a plan. Its error is a *PlanError.
func ParsePlan(text string) (Plan, error) {
	var plan Plan
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		return plan, &PlanError{"the plan is not the JSON that was expected"}
	}
	if plan.Inputs == nil {
		return plan, &PlanError{"the plan does not say what is read"}
	}
	return plan, nil
}

// Name is the table.
func (in Input) Name() Table {
	return Table{in.Table.Catalog, in.Table.SchemaTable.Schema, in.Table.SchemaTable.Table}
}

// begins is the first value of the column that is read, and whether there is a first at all: else all before is read too.
// Where no row can match it is beyond any value.
func (in Input) begins(column string) (low string, ok bool) {
	if in.Constraint.None {
		return beyond, true
	}
	i := slices.IndexFunc(in.Constraint.Columns, func(c Column) bool { return strings.EqualFold(c.Name, column) })
	if i < 0 {
		return "", false
	}
	low = beyond
	for _, r := range in.Constraint.Columns[i].Domain.Ranges {
		if r.Low.Value == nil {
			return "", false
		}
		low = min(low, *r.Low.Value)
	}
	return low, true
}

// beyond is greater than any day.
const beyond = "~"

// PlanError is a plan that cannot be understood.
type PlanError struct{ what string }

// Error says what is wrong with the plan.
func (e *PlanError) Error() string { return e.what }

// Bytes is what the tables of the plan give to the rest of it, as the optimizer estimates; false where it has no estimate of
// one of them. Of columnar files it is near to what is read, of others less.
func (p Plan) Bytes() (int64, bool) {
	var all float64
	for _, in := range p.Inputs {
		if in.Constraint.None {
			continue
		}
		n, ok := in.Estimate.Bytes.(float64)
		if !ok {
			return 0, false
		}
		all += n
	}
	return int64(min(all, 1<<62)), true
}
