package clickhouse

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// Estimate is what the server would read for a statement.
type Estimate struct {
	Tables []TableEstimate `json:"tables"`
	Parts  uint64          `json:"parts"` // of all tables
	Rows   uint64          `json:"rows"`
	Marks  uint64          `json:"marks"` // granules, mostly of 8,192 rows
}

// TableEstimate is what would be read of one table.
type TableEstimate struct {
	Database string `json:"database" db:"database"`
	Table    string `json:"table" db:"table"`
	Parts    uint64 `json:"parts" db:"parts"`
	Rows     uint64 `json:"rows" db:"rows"`
	Marks    uint64 `json:"marks" db:"marks"`
}

var opEstimate = &base.Op{Name: "Estimate", System: base.SystemDB}

// Estimate asks what a query would read, without running it (EXPLAIN ESTIMATE). Tables that are not of the MergeTree
// family do not count. Caps of the query are ignored.
func (c *Client) Estimate(ctx context.Context, q Query) (Estimate, error) {
	if err := c.checkReads(opEstimate, q.SQL); err != nil {
		return Estimate{}, err
	}
	q.SQL, q.MaxRows, q.MaxBytes = "EXPLAIN ESTIMATE "+q.SQL, -1, -1
	answer, err := c.query(ctx, opEstimate, q)
	if err != nil {
		return Estimate{}, err
	}
	tables, err := rows.Collect(answer, rows.ToStructLax[TableEstimate])
	e := Estimate{Tables: tables}
	for _, t := range tables {
		e.Parts += t.Parts
		e.Rows += t.Rows
		e.Marks += t.Marks
	}
	return e, err
}
