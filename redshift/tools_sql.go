package redshift

import (
	"context"
	"encoding/base64"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
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
			return c.Explain(ctx, Query{SQL: in.SQL, Args: output.WholeNumbers(in.Args), Schema: in.Schema})
		}),
		ListSchemas.Bind(output.PagedMore(func(ctx context.Context, _ SchemasInput) ([]Schema, error) { return c.Schemas(ctx) })),
		ListTables.Bind(output.PagedMore(func(ctx context.Context, in TablesInput) ([]Table, error) { return c.Tables(ctx, in.Schema) })),
		DescribeTable.Bind(output.PagedMore(func(ctx context.Context, in TableInput) ([]Column, error) { return c.DescribeTable(ctx, in.Table) })),
		ListRecentRows.Bind(c.recentRows),
		ListRunningQueries.Bind(output.PagedMore(func(ctx context.Context, _ SchemasInput) ([]RunningQuery, error) { return c.RunningQueries(ctx) })),
		CancelQuery.Bind(func(ctx context.Context, in CancelInput) (CancelOutput, error) {
			stopped, err := c.Cancel(ctx, in.PID)
			return CancelOutput{stopped}, err
		}),
	}
}

func (c *Client) querySQL(ctx context.Context, in QueryInput) (QueryOutput, error) {
	return toolOutput(ctx, func(ctx context.Context) (*rows.Rows, error) {
		return c.Query(ctx, Query{
			SQL: in.SQL, Args: output.WholeNumbers(in.Args), Schema: in.Schema, MaxRows: int64(output.PageSize(in.Limit)),
		})
	})
}

func (c *Client) recentRows(ctx context.Context, in RecentRowsInput) (QueryOutput, error) {
	return toolOutput(ctx, func(ctx context.Context) (*rows.Rows, error) {
		return c.RecentRows(ctx, in.Table, output.PageSize(in.Limit))
	})
}

// toolOutput reads an answer for a tool. One that was cut says so.
func toolOutput(ctx context.Context, ask func(context.Context) (*rows.Rows, error)) (QueryOutput, error) {
	out, err := output.Read(ctx, ask, func(_ int, row map[string]any) error {
		for name, v := range row {
			row[name] = output.Value(v, text)
		}
		return nil
	})
	return QueryOutput(out), err
}

// text is what bytes are written as: the text that they are, else base64.
func text(b []byte) any {
	if utf8.Valid(b) {
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}
