package redshift

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
)

// The tools for statements of the caller's own, and for what the server is and does.
var (
	QuerySQL = tool.Declare[QueryInput, QueryOutput]("redshift_query_sql",
		"Runs one SQL statement that reads, in a READ ONLY transaction. Prefer the tools for loads, events, files and companies. Bound every "+
			"table of history by time. The outcome truncated says that there are more rows than the limit.")
	ExplainSQL    = tool.Declare[QueryInput, Plan]("redshift_explain_sql", "Says how the server would run a statement, without running it.")
	ListSchemas   = tool.Declare[SchemasInput, base.Page[Schema]]("redshift_list_schemas", "Lists the schemas that the account may see.")
	ListTables    = tool.Declare[TablesInput, base.Page[Table]]("redshift_list_tables", "Lists the tables and views of a schema.")
	DescribeTable = tool.Declare[TableInput, base.Page[Column]]("redshift_describe_table",
		"Lists the columns of a table with their types; look here before writing a statement.")
	ListRecentRows = tool.Declare[RecentRowsInput, QueryOutput]("redshift_list_recent_rows",
		"Returns some rows of a table, the newest first where it has a column that tells.")
	ListRunningQueries = tool.Declare[SchemasInput, base.Page[RunningQuery]]("redshift_list_running_queries",
		"Lists what the server works on now, oldest first, with the pid of each session.")
	CancelQuery = tool.Declare[CancelInput, CancelOutput]("redshift_cancel_query",
		"Stops the statement that a session works on. It stops work of others too where the account may.").Writing()
)

func (c *Client) sqlTools() []tool.Tool {
	return []tool.Tool{
		QuerySQL.Bind(c.querySQL),
		ExplainSQL.Bind(func(ctx context.Context, in QueryInput) (Plan, error) {
			return c.Explain(ctx, Query{SQL: in.SQL, Args: plainArgs(in.Args), Schema: in.Schema})
		}),
		ListSchemas.Bind(pageOf(func(ctx context.Context, _ SchemasInput) ([]Schema, error) { return c.Schemas(ctx) })),
		ListTables.Bind(pageOf(func(ctx context.Context, in TablesInput) ([]Table, error) { return c.Tables(ctx, in.Schema) })),
		DescribeTable.Bind(pageOf(func(ctx context.Context, in TableInput) ([]Column, error) { return c.DescribeTable(ctx, in.Table) })),
		ListRecentRows.Bind(c.recentRows),
		ListRunningQueries.Bind(pageOf(func(ctx context.Context, _ SchemasInput) ([]RunningQuery, error) { return c.RunningQueries(ctx) })),
		CancelQuery.Bind(func(ctx context.Context, in CancelInput) (CancelOutput, error) {
			stopped, err := c.Cancel(ctx, in.PID)
			return CancelOutput{stopped}, err
		}),
	}
}

// plainArgs makes numbers of JSON whole where they are; what cannot be bound is left to the check of arguments.
func plainArgs(args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case json.Number:
			out[i] = v.String()
		case float64:
			if out[i] = v; v == math.Trunc(v) && math.Abs(v) < 1<<53 {
				out[i] = int64(v)
			}
		default:
			out[i] = arg
		}
	}
	return out
}

const (
	defaultToolRows = 100
	maxToolRows     = 10_000
)

func toolLimit(limit int) int {
	if limit == 0 {
		return defaultToolRows
	}
	if limit < 0 {
		return maxToolRows
	}
	return min(limit, maxToolRows)
}

func (c *Client) querySQL(ctx context.Context, in QueryInput) (QueryOutput, error) {
	return c.output(ctx, func(ctx context.Context) (*rows.Rows, error) {
		return c.Query(ctx, Query{SQL: in.SQL, Args: plainArgs(in.Args), Schema: in.Schema, MaxRows: int64(toolLimit(in.Limit))})
	})
}

func (c *Client) recentRows(ctx context.Context, in RecentRowsInput) (QueryOutput, error) {
	return c.output(ctx, func(ctx context.Context) (*rows.Rows, error) { return c.RecentRows(ctx, in.Table, toolLimit(in.Limit)) })
}

// output reads an answer for a tool. One that was cut says so.
func (c *Client) output(ctx context.Context, ask func(context.Context) (*rows.Rows, error)) (QueryOutput, error) {
	out := QueryOutput{Columns: []string{}, Items: []map[string]any{}}
	answer, err := ask(base.WithStats(ctx, &out.Stats))
	if err != nil {
		return out, err
	}
	for _, column := range answer.Columns() {
		out.Columns = append(out.Columns, column.Name)
	}
	for row, e := range rows.ToMap(answer) {
		if err = e; err != nil {
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

// speakable is a value that JSON can carry: it has no number for NaN, and no bytes.
func speakable(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		return speakable(float64(v))
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
		return base64.StdEncoding.EncodeToString(v)
	}
	return v
}
