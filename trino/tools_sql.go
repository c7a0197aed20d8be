package trino

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/archive"
	"github.com/fourkites/sources/internal/output"
	"github.com/fourkites/sources/internal/partition"
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
	Catalog string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
	Schema  string `json:"schema,omitempty" jsonschema:"default: the configured one"`
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
			return c.Explain(ctx, Query{SQL: in.SQL, Args: output.WholeNumbers(in.Args), Catalog: in.Catalog, Schema: in.Schema}, ExplainType(in.Type))
		}),
	}
}

func (c *Client) querySQL(ctx context.Context, in QueryInput) (QueryOutput, error) {
	if err := archive.CheckLimit(in.Limit); err != nil {
		return QueryOutput{Columns: []string{}, Items: []map[string]any{}}, c.invalid(opQuery, err)
	}
	out, err := output.Read(ctx, func(ctx context.Context) (*rows.Rows, error) {
		return c.Query(ctx, Query{
			SQL: in.SQL, Args: output.WholeNumbers(in.Args), Catalog: in.Catalog, Schema: in.Schema,
			MaxRows: int64(output.PageSize(in.Limit)),
		})
	}, func(_ int, row map[string]any) error {
		partition.Speakable(row)
		return nil
	})
	return QueryOutput(out), err
}
