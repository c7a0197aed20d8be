package trino

import (
	"encoding/json"
	"slices"
)

// ioPlan is a plan of EXPLAIN (TYPE IO, FORMAT JSON), as far as it is read
// (https://github.com/trinodb/trino/blob/476/core/trino-main/src/main/java/io/trino/sql/planner/planprinter/IoPlanPrinter.java).
type ioPlan struct {
	Inputs []planInput `json:"inputTableColumnInfos"`
}

// planInput is a table that a statement would read.
type planInput struct {
	Table struct {
		Catalog     string `json:"catalog"`
		SchemaTable struct {
			Schema string `json:"schema"`
			Table  string `json:"table"`
		} `json:"schemaTable"`
	} `json:"table"`
	Constraint struct {
		None    bool         `json:"none"` // no row can match
		Columns []planColumn `json:"columnConstraints"`
	} `json:"constraint"`
	Estimate struct {
		Rows  any `json:"outputRowCount"` // NaN comes as a text
		Bytes any `json:"outputSizeInBytes"`
	} `json:"estimate"`
}

// planColumn is a column by whose values less is read.
type planColumn struct {
	Name   string `json:"columnName"`
	Domain struct {
		Ranges []struct {
			Low struct {
				Value *string `json:"value"` // absent = no bound
			} `json:"low"`
		} `json:"ranges"`
	} `json:"domain"`
}

func parsePlan(text string) (ioPlan, error) {
	var plan ioPlan
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		return plan, malformed("the plan is not the JSON that was expected")
	}
	if plan.Inputs == nil {
		return plan, malformed("the plan does not say what is read")
	}
	return plan, nil
}

func (in planInput) name() tableName {
	return tableName{in.Table.Catalog, in.Table.SchemaTable.Schema, in.Table.SchemaTable.Table}
}

// begins is the first value of the column that is read, and whether there is a first at all: else all before is read too.
// Where no row can match it is beyond any value.
func (in planInput) begins(column string) (low string, ok bool) {
	if in.Constraint.None {
		return beyond, true
	}
	i := slices.IndexFunc(in.Constraint.Columns, func(c planColumn) bool { return equalFold(c.Name, column) })
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
