package clickhouse

import (
	"math"
	"strconv"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/logquery"
)

// The inputs and outputs of the tools. Lists are pages: give the cursor of the last page for the next one.

// LogsInput is the question of the tool clickhouse_search_logs; see [logs.Query].
type LogsInput struct {
	Window        base.Window       `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	Services      []string          `json:"services,omitempty" jsonschema:"any of these services; empty: all"`
	MinSeverity   string            `json:"min_severity,omitempty" jsonschema:"TRACE, DEBUG, INFO, WARN, ERROR or FATAL"`
	Contains      []string          `json:"contains,omitempty" jsonschema:"texts that the body has, all of them, in any case; fewer than four letters match whole words only"`
	NotContains   []string          `json:"not_contains,omitempty" jsonschema:"texts that the body lacks"`
	Regexp        string            `json:"regexp,omitempty" jsonschema:"RE2, in any case"`
	Fields        map[string]string `json:"fields,omitempty" jsonschema:"attributes by name; resource attributes as resource.<name>"`
	TraceID       string            `json:"trace_id,omitempty" jsonschema:"32 hexadecimal digits"`
	SpanID        string            `json:"span_id,omitempty" jsonschema:"16 hexadecimal digits"`
	TrackingID    string            `json:"tracking_id,omitempty" jsonschema:"id of a load, in the body or in any attribute"`
	CorrelationID string            `json:"correlation_id,omitempty" jsonschema:"in the body or in any attribute"`
	RecordUUID    string            `json:"record_uuid,omitempty" jsonschema:"in the body or in any attribute"`
	OldestFirst   bool              `json:"oldest_first,omitempty" jsonschema:"default: newest first"`
	Limit         int               `json:"limit,omitempty" jsonschema:"records of a page; default 100, at most 10000"`
	Cursor        string            `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

// query is the question in the terms of the client.
func (in LogsInput) query() (logs.Query, error) { return logquery.Form(in).Query() }

// LogCountsInput is the question of clickhouse_count_logs.
type LogCountsInput struct {
	Logs LogsInput `json:"logs" jsonschema:"which records are counted; its limit is that of the groups"`
	By   []string  `json:"by,omitempty" jsonschema:"service, severity, trace_id, attribute.<name>, resource.<name>"`
}

// LogHistogramInput is the question of clickhouse_get_log_histogram.
type LogHistogramInput struct {
	Logs        LogsInput `json:"logs" jsonschema:"which records are counted"`
	StepSeconds int       `json:"step_seconds,omitempty" jsonschema:"default: about 60 steps in the window"`
}

// SpansInput is the question of clickhouse_search_spans; see [traces.Query].
type SpansInput struct {
	Window        base.Window       `json:"window,omitzero" jsonschema:"from included, to excluded, RFC 3339; not needed with trace_id"`
	Services      []string          `json:"services,omitempty" jsonschema:"any of these services; empty: all"`
	Name          string            `json:"name,omitempty" jsonschema:"name of the operation"`
	TraceID       string            `json:"trace_id,omitempty" jsonschema:"32 hexadecimal digits"`
	Failed        bool              `json:"failed,omitempty" jsonschema:"only spans that failed"`
	MinDurationMS float64           `json:"min_duration_ms,omitempty" jsonschema:"milliseconds"`
	MaxDurationMS float64           `json:"max_duration_ms,omitempty" jsonschema:"milliseconds"`
	Attributes    map[string]string `json:"attributes,omitempty" jsonschema:"values of attributes by name; all must hold"`
	Limit         int               `json:"limit,omitempty" jsonschema:"spans of a page; default 100, at most 10000"`
	Cursor        string            `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

func (in SpansInput) query() traces.Query {
	return traces.Query{
		Window: in.Window, Services: in.Services, Name: in.Name, TraceID: in.TraceID, Failed: in.Failed,
		MinDuration: milliseconds(in.MinDurationMS), MaxDuration: milliseconds(in.MaxDurationMS),
		Attributes: in.Attributes, Limit: in.Limit,
	}
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(math.Max(-1, math.Min(ms, 1e12)) * float64(time.Millisecond))
}

func spansInput(q traces.Query, cursor string) SpansInput {
	return SpansInput{
		Window: q.Window, Services: q.Services, Name: q.Name, TraceID: q.TraceID, Failed: q.Failed,
		MinDurationMS: float64(q.MinDuration) / 1e6, MaxDurationMS: float64(q.MaxDuration) / 1e6,
		Attributes: q.Attributes, Limit: q.Limit, Cursor: cursor,
	}
}

// TraceInput is the question of clickhouse_get_trace.
type TraceInput struct {
	TraceID string `json:"trace_id" jsonschema:"32 hexadecimal digits"`
}

// ExceptionsInput is the question of clickhouse_list_exceptions; see [ExceptionsOptions].
type ExceptionsInput struct {
	Window  base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	Service string      `json:"service,omitempty" jsonschema:"that raised it; empty: all"`
	Type    string      `json:"type,omitempty" jsonschema:"class of the exception"`
	GroupID string      `json:"group_id,omitempty" jsonschema:"of an exception of an answer: those that are alike"`
	TraceID string      `json:"trace_id,omitempty" jsonschema:"32 hexadecimal digits"`
	Limit   int         `json:"limit,omitempty" jsonschema:"exceptions of a page; default 100, at most 10000"`
	Cursor  string      `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

// WindowInput is the question of the tools that need a window alone.
type WindowInput struct {
	Window base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
}

// OperationsInput is the question of clickhouse_list_operations.
type OperationsInput struct {
	Service string      `json:"service" jsonschema:"name as clickhouse_list_services gives it"`
	Window  base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	Limit   int         `json:"limit,omitempty" jsonschema:"default 50"`
}

// FieldKeysInput is the question of clickhouse_list_field_keys.
type FieldKeysInput struct {
	Signal Signal `json:"signal" jsonschema:"logs, traces or metrics"`
	Prefix string `json:"prefix,omitempty" jsonschema:"what the names begin with"`
}

// FieldValuesInput is the question of clickhouse_list_field_values.
type FieldValuesInput struct {
	Signal Signal `json:"signal" jsonschema:"logs or traces"`
	Key    string `json:"key" jsonschema:"name of the field"`
	Prefix string `json:"prefix,omitempty" jsonschema:"what the values begin with"`
}

// MetricsInput is the question of clickhouse_search_metrics; see [metrics.Query].
type MetricsInput struct {
	Window base.Window       `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	Metric string            `json:"metric,omitempty" jsonschema:"name of the metric; empty: all"`
	Labels map[string]string `json:"labels,omitempty" jsonschema:"values of labels by name; all must hold"`
	Limit  int               `json:"limit,omitempty" jsonschema:"points; default 1000, at most 10000"`
}

func (in MetricsInput) query() metrics.Query {
	limit := in.Limit
	if limit <= 0 {
		limit = 1000
	}
	return metrics.Query{Window: in.Window, Metric: in.Metric, Labels: in.Labels, Limit: min(limit, maxChunk)}
}

// MetricNamesInput is the question of clickhouse_list_metrics.
type MetricNamesInput struct {
	Window base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	Prefix string      `json:"prefix,omitempty" jsonschema:"what the names begin with"`
}

// MetricPoint is a point as JSON can carry it.
type MetricPoint struct {
	Time       time.Time         `json:"time"`
	Metric     string            `json:"metric"`
	Labels     map[string]string `json:"labels,omitempty"`
	Value      float64           `json:"value"`
	NotANumber string            `json:"not_a_number,omitempty" jsonschema:"NaN, +Inf or -Inf, which JSON has no numbers for; value is then 0 and means nothing"`
}

func metricPoint(p metrics.Point) MetricPoint {
	out := MetricPoint{Time: p.Time, Metric: p.Metric, Labels: p.Labels, Value: p.Value}
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		out.Value, out.NotANumber = 0, strconv.FormatFloat(p.Value, 'g', -1, 64)
	}
	return out
}

func (p MetricPoint) point() metrics.Point {
	out := metrics.Point{Time: p.Time, Metric: p.Metric, Labels: p.Labels, Value: p.Value}
	switch p.NotANumber {
	case "NaN":
		out.Value = math.NaN()
	case "+Inf":
		out.Value = math.Inf(1)
	case "-Inf":
		out.Value = math.Inf(-1)
	}
	return out
}
