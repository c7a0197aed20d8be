package clickhouse

import (
	"context"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/logquery"
	"github.com/fourkites/sources/internal/output"
)

// The client and the remote answer the same questions.
var (
	_ traces.Source  = (*Client)(nil)
	_ metrics.Source = (*Client)(nil)
	_ logs.Source    = (*RemoteClient)(nil)
	_ traces.Source  = (*RemoteClient)(nil)
	_ metrics.Source = (*RemoteClient)(nil)
)

// RemoteClient asks the same questions of a server that serves this package's tools. It is safe for concurrent use as
// far as its caller is, and has nothing to close.
type RemoteClient struct {
	name   string
	caller tool.Caller
}

// Remote makes a client of the tools that the caller reaches. The name stands in the provenance of answers; empty =
// clickhouse.
func Remote(name string, caller tool.Caller) *RemoteClient {
	orDefault(&name, defaultName)
	return &RemoteClient{name, caller}
}

// Name is the name given to Remote.
func (r *RemoteClient) Name() string { return r.name }

// Logs is [Client.Logs], page by page.
func (r *RemoteClient) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return output.Walk(r.name, opLogs.Name, q.Limit, func(n int, cursor string) (base.Page[logs.Record], error) {
		q := q
		q.Limit = n
		return r.LogsPage(ctx, q, cursor)
	})
}

// LogsPage is [Client.LogsPage].
func (r *RemoteClient) LogsPage(ctx context.Context, q logs.Query, cursor string) (base.Page[logs.Record], error) {
	return SearchLogs.Call(ctx, r.caller, LogsInput(logquery.FormOf(q, cursor)))
}

// LogHistogram is [Client.LogHistogram].
func (r *RemoteClient) LogHistogram(ctx context.Context, q logs.Query, step time.Duration) ([]LogBucket, error) {
	return items(ctx, r, GetLogHistogram, LogHistogramInput{LogsInput(logquery.FormOf(q, "")), int(step / time.Second)})
}

// LogCounts is [Client.LogCounts].
func (r *RemoteClient) LogCounts(ctx context.Context, q logs.Query, by ...string) ([]LogCount, error) {
	return items(ctx, r, CountLogs, LogCountsInput{LogsInput(logquery.FormOf(q, "")), by})
}

// LogContext is [Client.LogContext].
func (r *RemoteClient) LogContext(ctx context.Context, o LogContextOptions) (LogContext, error) {
	return GetLogContext.Call(ctx, r.caller, o)
}

// Spans is [Client.Spans], page by page.
func (r *RemoteClient) Spans(ctx context.Context, q traces.Query) iter.Seq2[traces.Span, error] {
	return output.Walk(r.name, opSpans.Name, q.Limit, func(n int, cursor string) (base.Page[traces.Span], error) {
		in := spansInput(q, cursor)
		in.Limit = n
		return SearchSpans.Call(ctx, r.caller, in)
	})
}

// Trace is [Client.Trace].
func (r *RemoteClient) Trace(ctx context.Context, traceID string) (Trace, error) {
	return GetTrace.Call(ctx, r.caller, TraceInput{traceID})
}

// Exceptions is [Client.Exceptions], page by page.
func (r *RemoteClient) Exceptions(ctx context.Context, o ExceptionsOptions) iter.Seq2[Exception, error] {
	return output.Walk(r.name, opExceptions.Name, o.Limit, func(n int, cursor string) (base.Page[Exception], error) {
		return ListExceptions.Call(ctx, r.caller, ExceptionsInput{
			Window: o.Window, Service: o.Service, Type: o.Type, GroupID: o.GroupID, TraceID: o.TraceID, Limit: n, Cursor: cursor,
		})
	})
}

// Services is [Client.Services].
func (r *RemoteClient) Services(ctx context.Context, w base.Window) ([]Service, error) {
	return items(ctx, r, ListServices, WindowInput{w})
}

// ServiceDependencies is [Client.ServiceDependencies].
func (r *RemoteClient) ServiceDependencies(ctx context.Context, w base.Window) ([]Dependency, error) {
	return items(ctx, r, ListDependencies, WindowInput{w})
}

// TopOperations is [Client.TopOperations].
func (r *RemoteClient) TopOperations(ctx context.Context, service string, w base.Window, n int) ([]Operation, error) {
	return items(ctx, r, ListOperations, OperationsInput{Service: service, Window: w, Limit: n})
}

// FieldKeys is [Client.FieldKeys].
func (r *RemoteClient) FieldKeys(ctx context.Context, signal Signal, prefix string) ([]FieldKey, error) {
	return items(ctx, r, ListFieldKeys, FieldKeysInput{signal, prefix})
}

// FieldValues is [Client.FieldValues].
func (r *RemoteClient) FieldValues(ctx context.Context, signal Signal, key, prefix string) ([]FieldValue, error) {
	return items(ctx, r, ListFieldValues, FieldValuesInput{signal, key, prefix})
}

// MetricNames is [Client.MetricNames].
func (r *RemoteClient) MetricNames(ctx context.Context, w base.Window, prefix string) ([]MetricName, error) {
	return items(ctx, r, ListMetrics, MetricNamesInput{w, prefix})
}

// Metrics is [Client.Metrics]; one call brings at most 10,000 points.
func (r *RemoteClient) Metrics(ctx context.Context, q metrics.Query) iter.Seq2[metrics.Point, error] {
	return func(yield func(metrics.Point, error) bool) {
		limit := q.Limit
		if limit <= 0 {
			limit = maxChunk
		}
		found, err := items(ctx, r, SearchMetrics, MetricsInput{Window: q.Window, Metric: q.Metric, Labels: q.Labels, Limit: limit})
		for _, p := range found {
			if !yield(p.point(), nil) {
				return
			}
		}
		if err != nil {
			yield(metrics.Point{}, err)
		}
	}
}

// items calls a tool whose list is given at once, and turns its page back into the list, with an error when it was cut.
func items[In, T any](ctx context.Context, r *RemoteClient, from tool.Declaration[In, base.Page[T]], in In) ([]T, error) {
	p, err := from.Call(ctx, r.caller, in)
	return output.Items(r.name, p, err)
}
