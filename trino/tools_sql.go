package trino

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
)

// QueryInput is the question of trino_query_sql; see [Query].
type QueryInput struct {
	SQL     string `json:"sql" jsonschema:"one statement that reads; values as question marks"`
	Args    []any  `json:"args,omitempty" jsonschema:"the values of the question marks, in their order: texts, numbers, booleans"`
	Catalog string `json:"catalog,omitempty" jsonschema:"of names without one; default: the configured one"`
	Schema  string `json:"schema,omitempty" jsonschema:"of names without one; default: the configured one"`
	Limit   int    `json:"limit,omitempty" jsonschema:"rows; 1 to 10000, default 100"`
}

// QueryOutput is the answer to a statement. NaN and infinities are the texts NaN, +Inf and -Inf.
type QueryOutput struct {
	Columns []string         `json:"columns"`
	Items   []map[string]any `json:"items"`
	Outcome base.Outcome     `json:"outcome"`
	Stats   base.Stats       `json:"stats,omitzero"`
}

// ExplainInput is the question of trino_explain_sql.
type ExplainInput struct {
	SQL     string `json:"sql" jsonschema:"the statement, without EXPLAIN"`
	Args    []any  `json:"args,omitempty" jsonschema:"the values of the question marks, in their order"`
	Type    string `json:"type,omitempty" jsonschema:"LOGICAL, DISTRIBUTED (default), IO (what it would read) or VALIDATE"`
	Catalog string `json:"catalog,omitempty"`
	Schema  string `json:"schema,omitempty"`
}

// The tools for a statement of the caller's own.
var (
	QuerySQL = tool.Declare[QueryInput, QueryOutput]("trino_query_sql",
		"Runs one SQL statement that reads, in Trino's dialect. Prefer the tools for callbacks, load files and logs. Bound datestr "+
			"(text, YYYY-MM-DD) in every table of history. The outcome truncated says that there are more rows than the limit.")
	ExplainSQL = tool.Declare[ExplainInput, Explanation]("trino_explain_sql",
		"Explains a statement without running it: its plan, the tables and partitions it would read (IO), or whether it is valid.")
)

func (c *Client) sqlTools() []tool.Tool {
	return []tool.Tool{
		QuerySQL.Bind(c.querySQL),
		ExplainSQL.Bind(func(ctx context.Context, in ExplainInput) (Explanation, error) {
			return c.Explain(ctx, Query{SQL: in.SQL, Args: wholeNumbers(in.Args), Catalog: in.Catalog, Schema: in.Schema}, ExplainType(in.Type))
		}),
	}
}

// wholeNumbers gives back what JSON made floats of.
func wholeNumbers(args []any) []any {
	out := make([]any, len(args))
	for i, v := range args {
		out[i] = v
		if f, ok := v.(float64); ok && f == float64(int64(f)) && f < 1<<53 && f > -1<<53 {
			out[i] = int64(f)
		}
	}
	return out
}

func (c *Client) querySQL(ctx context.Context, in QueryInput) (QueryOutput, error) {
	out := QueryOutput{Columns: []string{}, Items: []map[string]any{}}
	if err := checkLimit(in.Limit); err != nil {
		return out, c.invalid(opQuery, err)
	}
	limit := pageSize(in.Limit)
	answer, err := c.Query(base.WithStats(ctx, &out.Stats), Query{
		SQL: in.SQL, Args: wholeNumbers(in.Args), Catalog: in.Catalog, Schema: in.Schema, MaxRows: int64(limit),
	})
	if err != nil {
		return out, err
	}
	for _, column := range answer.Columns() {
		out.Columns = append(out.Columns, column.Name)
	}
	for row, failed := range rows.ToMap(answer) {
		if err = failed; err != nil {
			break
		}
		for name, v := range row {
			row[name] = speakable(v)
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
