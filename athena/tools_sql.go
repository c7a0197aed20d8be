package athena

import (
	"context"
	"errors"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/archive"
	"github.com/fourkites/sources/internal/output"
	"github.com/fourkites/sources/internal/partition"
)

// QueryInput is the question of athena_query_sql; see [Query].
type QueryInput struct {
	SQL             string `json:"sql" jsonschema:"one statement that reads; values as question marks"`
	Args            []any  `json:"args,omitempty" jsonschema:"the values of the question marks, in their order: texts, numbers, booleans"`
	Workgroup       string `json:"workgroup,omitempty" jsonschema:"default: the configured one"`
	Catalog         string `json:"catalog,omitempty" jsonschema:"of names without one; default: the configured one"`
	Database        string `json:"database,omitempty" jsonschema:"of names without one; default: the configured one"`
	ReuseMaxMinutes int    `json:"reuse_max_minutes,omitempty" jsonschema:"age up to which an earlier answer may be given again; 0 to 10080, default as configured"`
	MaxScanBytes    int64  `json:"max_scan_bytes,omitempty" jsonschema:"bytes that the query may read; default as configured"`
	Limit           int    `json:"limit,omitempty" jsonschema:"rows; 1 to 10000, default 100"`
}

func (in QueryInput) query() Query {
	return Query{
		SQL: in.SQL, Args: output.WholeNumbers(in.Args), Workgroup: in.Workgroup, Catalog: in.Catalog, Database: in.Database,
		ReuseMaxAge: time.Duration(in.ReuseMaxMinutes) * time.Minute, MaxScan: in.MaxScanBytes, MaxRows: int64(output.PageSize(in.Limit)),
	}
}

// StartInput is the question of athena_start_query; see [Query].
type StartInput struct {
	SQL       string `json:"sql" jsonschema:"one statement that reads; values as question marks"`
	Args      []any  `json:"args,omitempty" jsonschema:"the values of the question marks, in their order"`
	Workgroup string `json:"workgroup,omitempty" jsonschema:"default: the configured one"`
	Catalog   string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
	Database  string `json:"database,omitempty" jsonschema:"default: the configured one"`
}

// StartOutput is the answer of athena_start_query.
type StartOutput struct {
	QueryID string `json:"query_id"`
}

// ResultsInput is the question of athena_get_results.
type ResultsInput struct {
	QueryID string `json:"query_id" jsonschema:"of athena_start_query"`
	Limit   int    `json:"limit,omitempty" jsonschema:"rows; 1 to 10000, default 100"`
}

// QueryOutput is the answer to a statement. NaN and infinities are the texts NaN, +Inf and -Inf.
type QueryOutput struct {
	Columns []string         `json:"columns"`
	Items   []map[string]any `json:"items"`
	Outcome base.Outcome     `json:"outcome"`
	Stats   base.Stats       `json:"stats,omitzero"`
}

// ExplainInput is the question of athena_explain_sql.
type ExplainInput struct {
	SQL      string `json:"sql" jsonschema:"the statement, without EXPLAIN"`
	Args     []any  `json:"args,omitempty" jsonschema:"the values of the question marks, in their order"`
	Type     string `json:"type,omitempty" jsonschema:"LOGICAL, DISTRIBUTED (default), IO (what it would read) or VALIDATE"`
	Catalog  string `json:"catalog,omitempty" jsonschema:"default: the configured one"`
	Database string `json:"database,omitempty" jsonschema:"default: the configured one"`
}

// The tools for a statement of the caller's own.
var (
	QuerySQL = tool.Declare[QueryInput, QueryOutput]("athena_query_sql",
		"Runs one SQL statement that reads, in Athena's dialect. Prefer the tools for callbacks, load files and logs. Bound datestr "+
			"(text, YYYY-MM-DD) in every table of history. The outcome truncated says that there are more rows than the limit.")
	ExplainSQL = tool.Declare[ExplainInput, Explanation]("athena_explain_sql",
		"Explains a statement without running it: its plan, the tables and partitions it would read (IO), or whether it is valid.")
)

func (c *Client) sqlTools() []tool.Tool {
	return []tool.Tool{
		QuerySQL.Bind(c.querySQL), StartSQL.Bind(c.startSQL), GetResults.Bind(c.getResults),
		ExplainSQL.Bind(func(ctx context.Context, in ExplainInput) (Explanation, error) {
			return c.Explain(ctx, Query{SQL: in.SQL, Args: output.WholeNumbers(in.Args), Catalog: in.Catalog, Database: in.Database}, ExplainType(in.Type))
		}),
	}
}

func (c *Client) querySQL(ctx context.Context, in QueryInput) (QueryOutput, error) {
	err := archive.CheckLimit(in.Limit)
	if in.ReuseMaxMinutes < 0 {
		err = errors.Join(err, errors.New("reuse_max_minutes: negative; leave it out for what is configured"))
	}
	if err != nil {
		return emptyOutput(), c.invalid(opQuery, err)
	}
	return readOutput(ctx, func(ctx context.Context) (*rows.Rows, error) { return c.Query(ctx, in.query()) })
}

func (c *Client) getResults(ctx context.Context, in ResultsInput) (QueryOutput, error) {
	if err := archive.CheckLimit(in.Limit); err != nil {
		return emptyOutput(), c.invalid(opResults, err)
	}
	return readOutput(ctx, func(ctx context.Context) (*rows.Rows, error) {
		return c.Results(ctx, in.QueryID, ResultsOptions{MaxRows: int64(output.PageSize(in.Limit))})
	})
}

func (c *Client) startSQL(ctx context.Context, in StartInput) (StartOutput, error) {
	id, err := c.StartQuery(ctx, Query{
		SQL: in.SQL, Args: output.WholeNumbers(in.Args), Workgroup: in.Workgroup, Catalog: in.Catalog, Database: in.Database,
	})
	return StartOutput{id}, err
}

func emptyOutput() QueryOutput {
	return QueryOutput{Columns: []string{}, Items: []map[string]any{}}
}

func readOutput(ctx context.Context, ask func(context.Context) (*rows.Rows, error)) (QueryOutput, error) {
	out, err := output.Read(ctx, ask, func(_ int, row map[string]any) error {
		partition.Speakable(row)
		return nil
	})
	return QueryOutput(out), err
}
