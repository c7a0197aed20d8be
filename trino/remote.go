package trino

import (
	"context"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/archive"
	"github.com/fourkites/sources/internal/output"
)

// The client and the remote answer the same questions.
var _ logs.Source = (*RemoteClient)(nil)

// RemoteClient asks the same questions of a server that serves this package's tools. It is safe for concurrent use as
// far as its caller is, and has nothing to close.
type RemoteClient struct{ caller tool.Caller }

// Remote makes a client of the tools that the caller reaches.
func Remote(caller tool.Caller) *RemoteClient { return &RemoteClient{caller: caller} }

// remoteName is the name of every remote client.
const remoteName = "trino"

// Name is that of the package.
func (r *RemoteClient) Name() string { return remoteName }

// Logs is [Client.Logs], page by page.
func (r *RemoteClient) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return output.Walk(remoteName, opLogs.Name, q.Limit, func(n int, cursor string) (base.Page[logs.Record], error) {
		q := q
		q.Limit = n
		return r.LogsPage(ctx, q, cursor)
	})
}

// LogsPage is [Client.LogsPage].
func (r *RemoteClient) LogsPage(ctx context.Context, q logs.Query, cursor string) (base.Page[logs.Record], error) {
	return SearchLogs.Call(ctx, r.caller, archive.LogsInput(q, cursor))
}

// Callbacks is [Client.Callbacks], page by page.
func (r *RemoteClient) Callbacks(ctx context.Context, o CallbacksOptions) iter.Seq2[Callback, error] {
	return output.Walk(remoteName, opCallbacks.Name, o.Limit, func(n int, cursor string) (base.Page[Callback], error) {
		o := o
		o.Limit = n
		return r.CallbacksPage(ctx, o, cursor)
	})
}

// CallbacksPage is [Client.CallbacksPage].
func (r *RemoteClient) CallbacksPage(ctx context.Context, o CallbacksOptions, cursor string) (base.Page[Callback], error) {
	return ListCallbacks.Call(ctx, r.caller, archive.CallbacksInput(o, cursor))
}

// LoadFiles is [Client.LoadFiles]; one call brings at most 10,000.
func (r *RemoteClient) LoadFiles(ctx context.Context, o FilesOptions) iter.Seq2[LoadFile, error] {
	return archive.Given(remoteName, func() (base.Page[LoadFile], error) { return ListLoadFiles.Call(ctx, r.caller, archive.FilesInput(o)) })
}

// LocationProcessing is [Client.LocationProcessing]; one call brings at most 10,000.
func (r *RemoteClient) LocationProcessing(ctx context.Context, o FilesOptions) iter.Seq2[Location, error] {
	return archive.Given(remoteName, func() (base.Page[Location], error) { return ListLocations.Call(ctx, r.caller, archive.FilesInput(o)) })
}

// Catalogs is [Client.Catalogs].
func (r *RemoteClient) Catalogs(ctx context.Context) ([]string, error) {
	return items(ListCatalogs.Call(ctx, r.caller, CatalogsInput{}))
}

// Schemas is [Client.Schemas].
func (r *RemoteClient) Schemas(ctx context.Context, catalog string) ([]string, error) {
	return items(ListSchemas.Call(ctx, r.caller, SchemasInput{catalog}))
}

// Tables is [Client.Tables].
func (r *RemoteClient) Tables(ctx context.Context, o TablesOptions) ([]Table, error) {
	return items(ListTables.Call(ctx, r.caller, TablesInput(o)))
}

// DescribeTable is [Client.DescribeTable].
func (r *RemoteClient) DescribeTable(ctx context.Context, table string, sample int) (TableDescription, error) {
	return DescribeTable.Call(ctx, r.caller, DescribeInput{table, sample})
}

// QueryStatus is [Client.QueryStatus].
func (r *RemoteClient) QueryStatus(ctx context.Context, id string) (QueryStatus, error) {
	return GetQuery.Call(ctx, r.caller, QueryIDInput{id})
}

// Cancel is [Client.Cancel].
func (r *RemoteClient) Cancel(ctx context.Context, id string) (known bool, err error) {
	out, err := CancelQuery.Call(ctx, r.caller, QueryIDInput{id})
	return out.Cancelled, err
}

// items is [output.Items] of a call.
func items[T any](p base.Page[T], err error) ([]T, error) { return output.Items(remoteName, p, err) }
