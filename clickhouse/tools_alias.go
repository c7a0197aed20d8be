package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// QueryLogsInput has the parameters of the older tool query_logs.
type QueryLogsInput struct {
	Service   string `json:"service,omitempty" jsonschema:"name of the service; empty: all"`
	StartTime string `json:"start_time" jsonschema:"RFC 3339, or date and time in UTC"`
	EndTime   string `json:"end_time" jsonschema:"RFC 3339, or date and time in UTC"`
	Severity  string `json:"severity,omitempty" jsonschema:"at least this severity"`
	Contains  string `json:"contains,omitempty" jsonschema:"text that the body has, in any case"`
	Limit     int    `json:"limit,omitempty" jsonschema:"records; default 100, at most 10000"`
}

// CorrelationInput has the parameters of the older tool search_by_correlation_id.
type CorrelationInput struct {
	CorrelationID string `json:"correlation_id" jsonschema:"in the body or in any attribute"`
}

// ServiceListInput has the parameters of the older tool get_service_list: none.
type ServiceListInput struct{}

// LogStatisticsInput has the parameters of the older tool get_log_statistics.
type LogStatisticsInput struct {
	Service   string `json:"service,omitempty" jsonschema:"name of the service; empty: all"`
	TimeRange string `json:"time_range,omitempty" jsonschema:"such as 30m, 6h or 7d, until now; default 1h"`
}

// The names and parameters that an older server of these tools had. They belong on an endpoint of this source alone.
var (
	QueryLogs = tool.Alias(SearchLogs, "query_logs", "Searches the log records of a service in a time range, newest first.",
		QueryLogsInput.convert)
	SearchByCorrelationID = tool.Alias(SearchLogs, "search_by_correlation_id",
		"Searches the log records of the last 30 days that carry a correlation id, oldest first.", CorrelationInput.convert)
	GetServiceList = tool.Alias(ListServices, "get_service_list", "Lists the services that sent something in the last 24 hours.",
		func(ServiceListInput) (WindowInput, error) { return WindowInput{Window: last(24 * time.Hour)}, nil })
	GetLogStatistics = tool.Alias(CountLogs, "get_log_statistics", "Counts log records by service and severity.",
		LogStatisticsInput.convert)
)

// Aliases binds the same methods under the names and parameters that an older server had.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		QueryLogs.Bind(c.searchLogs), SearchByCorrelationID.Bind(c.searchLogs),
		GetServiceList.Bind(output.Paged(func(ctx context.Context, in WindowInput) ([]Service, error) { return c.Services(ctx, in.Window) })),
		GetLogStatistics.Bind(c.countLogs),
	}
}

// last is the window of that length that ends now, on a whole second.
func last(d time.Duration) base.Window {
	now := time.Now().UTC().Truncate(time.Second).Add(time.Second)
	return base.Window{From: now.Add(-d), To: now}
}

func (in QueryLogsInput) convert() (LogsInput, error) {
	from, err := instant("start_time", in.StartTime)
	if err != nil {
		return LogsInput{}, aliasError("query_logs", err)
	}
	to, err := instant("end_time", in.EndTime)
	if err != nil {
		return LogsInput{}, aliasError("query_logs", err)
	}
	out := LogsInput{Window: base.Window{From: from, To: to}, MinSeverity: in.Severity, Limit: in.Limit}
	if in.Service != "" {
		out.Services = []string{in.Service}
	}
	if in.Contains != "" {
		out.Contains = []string{in.Contains}
	}
	return out, nil
}

func (in CorrelationInput) convert() (LogsInput, error) {
	if in.CorrelationID == "" {
		return LogsInput{}, aliasError("search_by_correlation_id", errors.New("correlation_id: is empty"))
	}
	return LogsInput{Window: last(30 * 24 * time.Hour), CorrelationID: in.CorrelationID, OldestFirst: true}, nil
}

func (in LogStatisticsInput) convert() (LogCountsInput, error) {
	length, err := timeRange(in.TimeRange)
	if err != nil {
		return LogCountsInput{}, aliasError("get_log_statistics", err)
	}
	out := LogCountsInput{Logs: LogsInput{Window: last(length)}, By: []string{"service", "severity"}}
	if in.Service != "" {
		out.Logs.Services = []string{in.Service}
	}
	return out, nil
}

func aliasError(name string, err error) error {
	return base.Invalid(defaultName, name, "%s", err.Error())
}

// instant reads the forms of time that the older tools took.
func instant(field, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is not a time; write it as 2006-01-02T15:04:05Z", field, text)
}

func timeRange(text string) (time.Duration, error) {
	if text == "" {
		return time.Hour, nil
	}
	days := 0
	if n, err := fmt.Sscanf(text, "%dd", &days); n == 1 && err == nil && text == fmt.Sprintf("%dd", days) {
		text = fmt.Sprintf("%dh", 24*days)
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d > 366*24*time.Hour {
		return 0, fmt.Errorf("time_range: %q is not a length of time up to 366d; write it as 30m, 6h or 7d", text)
	}
	return d, nil
}

var _ logs.Source = (*Client)(nil)
