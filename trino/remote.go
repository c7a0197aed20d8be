package trino

import (
	"context"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/logquery"
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

// remotePage is how many items one call brings.
const remotePage = 1000

// walk goes through the pages of a remote list up to limit items, 0 = the default of a client, negative = all.
func walk[T any](op string, limit int, fetch func(n int, cursor string) (base.Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if limit == 0 {
			limit = maxChunk
		}
		seen, n := 0, remotePage
		pages := base.Pages(func(cursor string) (base.Page[T], error) {
			if n = remotePage; limit > 0 {
				n = min(n, limit-seen)
			}
			p, err := fetch(n, cursor)
			if err == nil && limit > 0 && p.More && seen+len(p.Items) >= limit {
				p.More = false
				e := base.NewIncomplete(base.Truncated, remoteName, op, int64(seen+len(p.Items)),
					"more match than the limit; raise it, narrow the window, or go on from the cursor", nil)
				e.Cursor = p.Cursor
				return p, e
			}
			return p, err
		})
		for item, err := range pages {
			if err == nil {
				seen++
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// Logs is [Client.Logs], page by page.
func (r *RemoteClient) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return walk(opLogs.Name, q.Limit, func(n int, cursor string) (base.Page[logs.Record], error) {
		q := q
		q.Limit = n
		return r.LogsPage(ctx, q, cursor)
	})
}

// LogsPage is [Client.LogsPage].
func (r *RemoteClient) LogsPage(ctx context.Context, q logs.Query, cursor string) (base.Page[logs.Record], error) {
	q.Limit = pageSize(q.Limit)
	return SearchLogs.Call(ctx, r.caller, LogsInput(logquery.FormOf(q, cursor)))
}

// Callbacks is [Client.Callbacks], page by page.
func (r *RemoteClient) Callbacks(ctx context.Context, o CallbacksOptions) iter.Seq2[Callback, error] {
	return walk(opCallbacks.Name, o.Limit, func(n int, cursor string) (base.Page[Callback], error) {
		o := o
		o.Limit = n
		return r.CallbacksPage(ctx, o, cursor)
	})
}

// CallbacksPage is [Client.CallbacksPage].
func (r *RemoteClient) CallbacksPage(ctx context.Context, o CallbacksOptions, cursor string) (base.Page[Callback], error) {
	return ListCallbacks.Call(ctx, r.caller, CallbacksInput{
		Window: o.Window, TrackingID: o.TrackingID, LoadNumber: o.LoadNumber, CompanyID: o.CompanyID, MessageType: o.MessageType,
		Delivery: o.Delivery, OldestFirst: o.OldestFirst, Limit: pageSize(o.Limit), Cursor: cursor,
	})
}

// LoadFiles is [Client.LoadFiles]; one call brings at most 10,000.
func (r *RemoteClient) LoadFiles(ctx context.Context, o FilesOptions) iter.Seq2[LoadFile, error] {
	return given(func() (base.Page[LoadFile], error) { return ListLoadFiles.Call(ctx, r.caller, filesInput(o)) })
}

// LocationProcessing is [Client.LocationProcessing]; one call brings at most 10,000.
func (r *RemoteClient) LocationProcessing(ctx context.Context, o FilesOptions) iter.Seq2[Location, error] {
	return given(func() (base.Page[Location], error) { return ListLocations.Call(ctx, r.caller, filesInput(o)) })
}

func filesInput(o FilesOptions) FilesInput {
	in := FilesInput(o)
	if in.Limit <= 0 || in.Limit > maxChunk {
		in.Limit = maxChunk
	}
	return in
}

// given yields a list that is given at once.
func given[T any](call func() (base.Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		found, err := items(call())
		for _, item := range found {
			if !yield(item, nil) {
				return
			}
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
	}
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

// items turns the page of a list that is given at once back into the list, with an error when it was cut.
func items[T any](p base.Page[T], err error) ([]T, error) {
	if err == nil && (p.More || p.Outcome == base.Partial) {
		err = base.NewIncomplete(p.Outcome, remoteName, p.Stats.Op, int64(len(p.Items)), "the list was cut; ask for less at once", nil)
	}
	return p.Items, err
}
