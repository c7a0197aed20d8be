package output

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// Table is the answer to a statement. Each source has an output of its own with these fields.
type Table struct {
	Columns []string
	Items   []map[string]any
	Outcome base.Outcome
	Stats   base.Stats
}

// Read reads the rows that ask gives. keep makes of a row, the one after taken rows, what is handed out; its error ends
// the reading before the row. An answer that was cut is one whose outcome and notes say so; a failure is an error.
func Read(
	ctx context.Context, ask func(context.Context) (*rows.Rows, error), keep func(taken int, row map[string]any) error,
) (Table, error) {
	out := Table{Columns: []string{}, Items: []map[string]any{}}
	answer, err := ask(base.WithStats(ctx, &out.Stats))
	if err != nil {
		return out, err
	}
	for _, column := range answer.Columns() {
		out.Columns = append(out.Columns, column.Name)
	}
	for row, failed := range rows.ToMap(answer) {
		if err = failed; err == nil {
			err = keep(len(out.Items), row)
		}
		if err != nil {
			break
		}
		out.Items = append(out.Items, row)
	}
	if out.Outcome = base.OutcomeOf(len(out.Items), err); out.Outcome == base.Failed {
		return out, err
	}
	if err != nil {
		out.Stats.Notes = append(out.Stats.Notes, err.Error())
	}
	return out, nil
}

// WholeNumbers gives back what JSON made floats of: each float that is a whole number below 2⁵³ is an int64.
func WholeNumbers(args []any) []any {
	out := make([]any, len(args))
	for i, v := range args {
		out[i] = v
		if f, ok := v.(float64); ok && f < 1<<53 && f > -1<<53 && f == float64(int64(f)) {
			out[i] = int64(f)
		}
	}
	return out
}
