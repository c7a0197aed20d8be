package clickhouse

import (
	"context"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/output"
)

// The tools of a client. [Client.Tools] binds them; each can be called wherever it is served.
var (
	SearchLogs = tool.Declare[LogsInput, base.Page[logs.Record]]("clickhouse_search_logs",
		"Searches log records by service, severity, text, fields and ids within a window, newest first. The answer is a page: "+
			"more says whether there is more; then call again with its cursor and the same arguments.")
	GetLogContext = tool.Declare[LogContextOptions, LogContext]("clickhouse_get_log_context",
		"Returns what a service logged just before and after one record (by id) or one instant (by time and service).")
	GetLogHistogram = tool.Declare[LogHistogramInput, base.Page[LogBucket]]("clickhouse_get_log_histogram",
		"Counts matching log records, and those of severity ERROR and above, in steps of time: when did something begin?")
	CountLogs = tool.Declare[LogCountsInput, base.Page[LogCount]]("clickhouse_count_logs",
		"Counts matching log records in groups (by service, severity, attributes), the largest first, each with its first and last time.")
	SearchSpans = tool.Declare[SpansInput, base.Page[traces.Span]]("clickhouse_search_spans",
		"Searches spans of traces by service, operation, failure, duration and attributes within a window, newest first, as a page: "+
			"more says whether there is more; then call again with its cursor and the same arguments.")
	GetTrace = tool.Declare[TraceInput, Trace]("clickhouse_get_trace",
		"Returns all spans of a trace by its id, its services, and its critical path: the chain of spans that its duration is made of.")
	ListExceptions = tool.Declare[ExceptionsInput, base.Page[Exception]]("clickhouse_list_exceptions",
		"Lists exceptions with their stack traces that spans recorded within a window, newest first, as a page: "+
			"more says whether there is more; then call again with its cursor and the same arguments.")
	ListServices = tool.Declare[WindowInput, base.Page[Service]]("clickhouse_list_services",
		"Lists the services that sent spans or logs in a window, with counts, failures and durations.")
	ListDependencies = tool.Declare[WindowInput, base.Page[Dependency]]("clickhouse_list_dependencies",
		"Lists which service called which in a window, with calls, failures and durations.")
	ListOperations = tool.Declare[OperationsInput, base.Page[Operation]]("clickhouse_list_operations",
		"Lists the operations of a service in a window by the time spent in them, with calls, failures and durations.")
	ListFieldKeys = tool.Declare[FieldKeysInput, base.Page[FieldKey]]("clickhouse_list_field_keys",
		"Lists the names of fields that logs, traces or metrics have; look here before filtering by a field.")
	ListFieldValues = tool.Declare[FieldValuesInput, base.Page[FieldValue]]("clickhouse_list_field_values",
		"Lists the values that a field of logs or traces was seen with.")
	SearchMetrics = tool.Declare[MetricsInput, base.Page[MetricPoint]]("clickhouse_search_metrics",
		"Returns the points of metrics in a window, series by series.")
	ListMetrics = tool.Declare[MetricNamesInput, base.Page[MetricName]]("clickhouse_list_metrics",
		"Lists the metrics that have points in a window.")
)

// Tools binds the client's read methods, under their canonical names.
func (c *Client) Tools() []tool.Tool {
	return append([]tool.Tool{
		SearchLogs.Bind(c.searchLogs), GetLogContext.Bind(c.LogContext), GetLogHistogram.Bind(c.logHistogramPage),
		CountLogs.Bind(c.countLogs), SearchSpans.Bind(c.searchSpans),
		GetTrace.Bind(func(ctx context.Context, in TraceInput) (Trace, error) { return c.Trace(ctx, in.TraceID) }),
		ListExceptions.Bind(c.listExceptions),
		ListServices.Bind(output.Paged(func(ctx context.Context, in WindowInput) ([]Service, error) { return c.Services(ctx, in.Window) })),
		ListDependencies.Bind(output.Paged(func(ctx context.Context, in WindowInput) ([]Dependency, error) {
			return c.ServiceDependencies(ctx, in.Window)
		})),
		ListOperations.Bind(output.Paged(func(ctx context.Context, in OperationsInput) ([]Operation, error) {
			return c.TopOperations(ctx, in.Service, in.Window, in.Limit)
		})),
		ListFieldKeys.Bind(output.Paged(func(ctx context.Context, in FieldKeysInput) ([]FieldKey, error) {
			return c.FieldKeys(ctx, in.Signal, in.Prefix)
		})),
		ListFieldValues.Bind(output.Paged(func(ctx context.Context, in FieldValuesInput) ([]FieldValue, error) {
			return c.FieldValues(ctx, in.Signal, in.Key, in.Prefix)
		})),
		SearchMetrics.Bind(output.Paged(c.searchMetrics)),
		ListMetrics.Bind(output.Paged(func(ctx context.Context, in MetricNamesInput) ([]MetricName, error) {
			return c.MetricNames(ctx, in.Window, in.Prefix)
		})),
	}, c.sqlTools()...)
}

func (c *Client) searchLogs(ctx context.Context, in LogsInput) (base.Page[logs.Record], error) {
	q, err := in.query()
	if err != nil {
		return base.Page[logs.Record]{}, c.invalid(opLogsPage, err)
	}
	return c.LogsPage(ctx, q, in.Cursor)
}

func (c *Client) searchSpans(ctx context.Context, in SpansInput) (base.Page[traces.Span], error) {
	return c.SpansPage(ctx, in.query(), in.Cursor)
}

func (c *Client) listExceptions(ctx context.Context, in ExceptionsInput) (base.Page[Exception], error) {
	return c.ExceptionsPage(ctx, ExceptionsOptions{
		Window: in.Window, Service: in.Service, Type: in.Type, GroupID: in.GroupID, TraceID: in.TraceID, Limit: in.Limit,
	}, in.Cursor)
}

func (c *Client) logHistogramPage(ctx context.Context, in LogHistogramInput) (base.Page[LogBucket], error) {
	return output.Paged(func(ctx context.Context, in LogHistogramInput) ([]LogBucket, error) {
		q, err := in.Logs.query()
		if err != nil {
			return nil, c.invalid(opLogHistogram, err)
		}
		return c.LogHistogram(ctx, q, time.Duration(min(in.StepSeconds, 1<<30))*time.Second)
	})(ctx, in)
}

func (c *Client) countLogs(ctx context.Context, in LogCountsInput) (base.Page[LogCount], error) {
	return output.Paged(func(ctx context.Context, in LogCountsInput) ([]LogCount, error) {
		q, err := in.Logs.query()
		if err != nil {
			return nil, c.invalid(opLogCounts, err)
		}
		return c.LogCounts(ctx, q, in.By...)
	})(ctx, in)
}

func (c *Client) searchMetrics(ctx context.Context, in MetricsInput) ([]MetricPoint, error) {
	var all []MetricPoint
	for p, err := range c.Metrics(ctx, in.query()) {
		if err != nil {
			return all, err
		}
		all = append(all, metricPoint(p))
	}
	return all, nil
}
