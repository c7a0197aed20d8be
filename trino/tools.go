package trino

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/archive"
	"github.com/fourkites/sources/internal/output"
)

// The tools of a client. [Client.Tools] binds them; each can be called wherever it is served.
var (
	SearchLogs = tool.Declare[LogsInput, base.Page[logs.Record]]("trino_search_logs",
		"Searches the history of logs (older than the live store keeps) by service, severity, text, fields and ids within a "+
			"window, newest first. The answer is a page: its outcome says whether it is all (data, no_data) or not (truncated, "+
			"partial); more pages follow with its cursor.")
	ListCallbacks = tool.Declare[CallbacksInput, base.Page[Callback]]("trino_list_callbacks",
		"Lists the calls of customers' endpoints for a load or a company in a window, delivered or not, with their HTTP status.")
	ListLoadFiles = tool.Declare[FilesInput, base.Page[LoadFile]]("trino_list_load_files",
		"Lists what is known of the files that brought a load, day by day.")
	ListLocations = tool.Declare[FilesInput, base.Page[Location]]("trino_list_locations",
		"Lists the steps of carriers' files that bear on a load, from file over worker to location, day by day.")
	ListCatalogs = tool.Declare[CatalogsInput, base.Page[string]]("trino_list_catalogs", "Lists the catalogs that may be read.")
	ListSchemas  = tool.Declare[SchemasInput, base.Page[string]]("trino_list_schemas", "Lists the schemas of a catalog.")
	ListTables   = tool.Declare[TablesInput, base.Page[Table]]("trino_list_tables",
		"Lists the tables and views of a schema; history says that a statement over the table must bound its days (datestr).")
	DescribeTable = tool.Declare[DescribeInput, TableDescription]("trino_describe_table",
		"Returns the columns of a table, their types and which are partition keys, with some rows if asked for.")
	GetQuery    = tool.Declare[QueryIDInput, QueryStatus]("trino_get_query", "Says what the server knows of a query by its id: state, times, error.")
	CancelQuery = tool.Declare[QueryIDInput, CancelOutput]("trino_cancel_query", "Ends a running query by its id.").Writing()
)

// Tools binds the client's methods, under their canonical names.
func (c *Client) Tools() []tool.Tool {
	return append([]tool.Tool{
		SearchLogs.Bind(c.searchLogs), ListCallbacks.Bind(c.listCallbacks), ListLoadFiles.Bind(c.listLoadFiles),
		ListLocations.Bind(archive.Listed(c.refused(opLocations), c.LocationProcessing)),
		ListCatalogs.Bind(output.PagedMore(func(ctx context.Context, _ CatalogsInput) ([]string, error) { return c.Catalogs(ctx) })),
		ListSchemas.Bind(output.PagedMore(func(ctx context.Context, in SchemasInput) ([]string, error) { return c.Schemas(ctx, in.Catalog) })),
		ListTables.Bind(output.PagedMore(func(ctx context.Context, in TablesInput) ([]Table, error) { return c.Tables(ctx, TablesOptions(in)) })),
		DescribeTable.Bind(func(ctx context.Context, in DescribeInput) (TableDescription, error) {
			return c.DescribeTable(ctx, in.Table, in.SampleRows)
		}),
		GetQuery.Bind(func(ctx context.Context, in QueryIDInput) (QueryStatus, error) { return c.QueryStatus(ctx, in.QueryID) }),
		CancelQuery.Bind(func(ctx context.Context, in QueryIDInput) (CancelOutput, error) {
			known, err := c.Cancel(ctx, in.QueryID)
			return CancelOutput{known}, err
		}),
	}, c.sqlTools()...)
}

func (c *Client) searchLogs(ctx context.Context, in LogsInput) (base.Page[logs.Record], error) {
	q, err := archive.LogsQuery(in)
	if err = errors.Join(err, archive.CheckLimit(in.Limit)); err != nil {
		return base.Page[logs.Record]{}, c.invalid(opLogsPage, err)
	}
	return c.LogsPage(ctx, q, in.Cursor)
}

func (c *Client) listCallbacks(ctx context.Context, in CallbacksInput) (base.Page[Callback], error) {
	if err := archive.CheckLimit(in.Limit); err != nil {
		return base.Page[Callback]{}, c.invalid(opCallbacksPage, err)
	}
	return c.CallbacksPage(ctx, archive.CallbacksOptions(in), in.Cursor)
}

func (c *Client) listLoadFiles(ctx context.Context, in FilesInput) (base.Page[LoadFile], error) {
	return archive.Listed(c.refused(opLoadFiles), c.LoadFiles)(ctx, in)
}

// refused types what is wrong with a question.
func (c *Client) refused(op *base.Op) func(error) error {
	return func(err error) error { return c.invalid(op, err) }
}
