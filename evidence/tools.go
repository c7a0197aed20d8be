package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/logquery"
	"github.com/fourkites/sources/internal/output"
)

// The tools of this package. Sources.Tools binds them; Declaration.Call calls one wherever it is served.
var (
	FindLogPatterns = tool.Declare[LogPatternsInput, Patterns]("evidence_find_log_patterns",
		"Sorts the log records of a window into patterns: templates of lines with masks in the place of values, with counts, services, "+
			"severities, first and last time and examples, the most frequent first. Start here to see what a service logs at all.")
	DiffLogPatterns = tool.Declare[LogDiffInput, Diff]("evidence_diff_log_patterns",
		"Compares the log patterns of two windows that do not overlap: which lines are new, gone, more frequent or rarer during an incident "+
			"than before, the most surprising first. A line that is gone counts as much as a new one.")
	SearchLogs = tool.Declare[LogsInput, LogPage]("evidence_search_logs",
		"Searches logs of any age that is kept (as a rule 180 days) by service, severity, text, fields and ids within a window, newest first; "+
			"the window is cut by age, and each part asked of the store that keeps it. The answer is a page: its outcome says whether it is "+
			"all (data, no_data) or not (partial); its coverage says who answered for which part and names the gaps; more pages follow with "+
			"its cursor.")
	MineLogLines = tool.Declare[LogLinesInput, Patterns]("evidence_mine_log_lines",
		"Sorts log lines that are given as text into patterns, the most frequent first.")
	GetLoadMetadata = tool.Declare[LoadMetadataInput, LoadMetadataReport]("evidence_get_load_metadata",
		"Returns what a load is, from the first source that knows it: the Tracking API, then the warehouse's table of loads, then its "+
			"validation mart. The answer says which source gave it, how old it may be, what it lacks if that was a lesser source (degraded), "+
			"how each source did, and how the others agree. With compare every source is asked, and fields that differ are named.")
	InvestigateIncident = tool.Declare[IncidentInput, Report]("evidence_investigate_incident",
		"Finds the service that is the root cause of an incident in a window of time: compares logs, traces and metrics of the window with a "+
			"healthy baseline. The answer has a verdict, causes ranked by confidence with evidence, and what could not be seen. It needs no "+
			"knowledge of the services; a service that few traces reach may be missed.")
	FindTraceAnomalies = tool.Declare[TraceAnomaliesInput, Anomalies]("evidence_find_trace_anomalies",
		"Compares the traces of a window with those of a healthy baseline: which operations, and which calls between two services, are "+
			"slower, failing, missing or new, the strongest first, with example traces. It shows where something is wrong, and "+
			"evidence_investigate_incident why.")
	ExplainStuckLoad = tool.Declare[StuckLoadInput, StuckLoadReport]("evidence_explain_stuck_load",
		"Finds why a load waits for tracking info: reads the load, the relationship of its shipper and carrier, the logs that name it and "+
			"their traces. The answer has a verdict, causes with evidence, a timeline, and what could not be seen.")
	GetTicket = tool.Declare[TicketInput, TicketReport]("evidence_get_ticket",
		"Gives one ticket by its key with all its comments, and what it speaks of: loads, times, traces, services, errors and the window "+
			"to look at, each with where it stood and how sure it is. Start here when a question begins with a ticket.")
	TraceCorrelation = tool.Declare[CorrelationQuestion, CorrelationReport]("evidence_trace_correlation",
		"Follows a correlation id through all services: the log records of any age that name it, the traces that these belong to, one "+
			"timeline of both, and the services in the order of their first appearance. The outcome says whether it is all (data, no_data) "+
			"or not (partial, truncated), and not_seen what is missing.")
)

// LogPatternsInput is the question of the tool evidence_find_log_patterns; see [logs.Query] and [PatternOptions].
type LogPatternsInput struct {
	Window base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339"`
	LogLinesFilter
	MaxPatterns int `json:"max_patterns,omitempty" jsonschema:"default 100"`
	Limit       int `json:"limit,omitempty" jsonschema:"records that are read, default 1000000"`
}

// LogDiffInput is the question of the tool evidence_diff_log_patterns.
type LogDiffInput struct {
	Before base.Window `json:"before" jsonschema:"when all was well; from included, to excluded, RFC 3339"`
	During base.Window `json:"during" jsonschema:"the incident; it must not overlap before"`
	LogLinesFilter
	MaxPatterns int `json:"max_patterns,omitempty" jsonschema:"changes, default 100"`
	Limit       int `json:"limit,omitempty" jsonschema:"records that are read of each window, default 1000000"`
}

// LogLinesFilter says which records of a window count. Every condition that is set must hold.
type LogLinesFilter struct {
	Services    []string `json:"services,omitempty" jsonschema:"any of these services; empty: all"`
	MinSeverity string   `json:"min_severity,omitempty" jsonschema:"TRACE, DEBUG, INFO, WARN, ERROR or FATAL"`
	Contains    []string `json:"contains,omitempty" jsonschema:"texts that the body has, all of them, in any case"`
	NotContains []string `json:"not_contains,omitempty" jsonschema:"texts that the body lacks"`
	TraceID     string   `json:"trace_id,omitempty" jsonschema:"32 hexadecimal digits"`
	TrackingID  string   `json:"tracking_id,omitempty" jsonschema:"id of a load, in the body or in any attribute"`
}

func (f LogLinesFilter) query(op string) (logs.Query, error) {
	q := logs.Query{
		Services: f.Services, Contains: f.Contains, NotContains: f.NotContains, TraceID: f.TraceID, TrackingID: f.TrackingID,
		MinSeverity: logs.ParseSeverity(f.MinSeverity),
	}
	if f.MinSeverity != "" && q.MinSeverity == logs.SeverityUnset {
		return q, base.Invalid("evidence", op, "min_severity: %q is not known; write TRACE, DEBUG, INFO, WARN, ERROR or FATAL", f.MinSeverity)
	}
	return q, nil
}

// LogsInput is the question of the tool evidence_search_logs; see [logs.Query].
type LogsInput struct {
	Window        base.Window       `json:"window" jsonschema:"from included, to excluded, RFC 3339; of any age up to what is kept"`
	Services      []string          `json:"services,omitempty" jsonschema:"any of these services; empty: all"`
	MinSeverity   string            `json:"min_severity,omitempty" jsonschema:"TRACE, DEBUG, INFO, WARN, ERROR or FATAL"`
	Contains      []string          `json:"contains,omitempty" jsonschema:"texts that the body has, all of them, in any case"`
	NotContains   []string          `json:"not_contains,omitempty" jsonschema:"texts that the body lacks"`
	Regexp        string            `json:"regexp,omitempty" jsonschema:"RE2, over the body in lower case"`
	Fields        map[string]string `json:"fields,omitempty" jsonschema:"attributes by name; resource attributes as resource.<name>"`
	TraceID       string            `json:"trace_id,omitempty" jsonschema:"32 hexadecimal digits"`
	SpanID        string            `json:"span_id,omitempty" jsonschema:"16 hexadecimal digits"`
	TrackingID    string            `json:"tracking_id,omitempty" jsonschema:"id of a load, in the body or in any attribute"`
	CorrelationID string            `json:"correlation_id,omitempty" jsonschema:"in the body or in any attribute"`
	RecordUUID    string            `json:"record_uuid,omitempty" jsonschema:"in the body or in any attribute"`
	OldestFirst   bool              `json:"oldest_first,omitempty" jsonschema:"default: newest first"`
	Limit         int               `json:"limit,omitempty" jsonschema:"records of a page; 1 to 10000, default 100"`
	Cursor        string            `json:"cursor,omitempty" jsonschema:"of the last page; the other arguments must be the same"`
}

// LogLinesInput is the question of the tool evidence_mine_log_lines, and of the older tool analyze_logs_with_drain.
type LogLinesInput struct {
	Logs        []string `json:"logs" jsonschema:"lines, or bodies of log records"`
	MaxPatterns int      `json:"max_patterns,omitempty" jsonschema:"default 100"`
}

// TicketInput is the question of the tool evidence_get_ticket, and of the older tool query_jira_issue.
type TicketInput struct {
	IssueKey string `json:"issue_key" jsonschema:"key of the ticket, such as OPS-482"`
}

// CorrelationIDInput has the parameters of the older tool trace_correlation_id.
type CorrelationIDInput struct {
	CorrelationID string `json:"correlation_id" jsonschema:"as it stands in the body or in any attribute of log records"`
}

// StuckLoadInput is the question of the tool evidence_explain_stuck_load; see [StuckLoadQuestion].
type StuckLoadInput struct {
	TrackingID string      `json:"tracking_id" jsonschema:"tracking id of the load, digits"`
	Window     base.Window `json:"window,omitzero" jsonschema:"of logs and traces; default: the life of the load"`
	Shipper    string      `json:"shipper,omitempty" jsonschema:"permalink; default: that of the load"`
	Carrier    string      `json:"carrier,omitempty" jsonschema:"permalink; default: that of the load"`
}

// LoadMetadataInput is the question of the tool evidence_get_load_metadata.
type LoadMetadataInput struct {
	TrackingID string `json:"tracking_id" jsonschema:"digits; a load number is another thing"`
	Compare    bool   `json:"compare,omitempty" jsonschema:"ask every source and compare their fields, which takes longer; default: stop at the first answer"`
}

// IncidentInput is the question of the tool evidence_investigate_incident; see [Incident].
type IncidentInput struct {
	Window   base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339; at most 24 hours; it should begin some minutes before the trouble"`
	Baseline base.Window `json:"baseline,omitzero" jsonschema:"a healthy time, at most 24 hours, such as the same hour of another day; default: the quiet part of the window"`
}

// TraceAnomaliesInput is the question of the tool evidence_find_trace_anomalies; see [AnomalyOptions].
type TraceAnomaliesInput struct {
	Window       base.Window `json:"window" jsonschema:"the incident; from included, to excluded, RFC 3339"`
	Baseline     base.Window `json:"baseline" jsonschema:"a healthy time; it must not overlap window"`
	Services     []string    `json:"services,omitempty" jsonschema:"that are called or call; empty: all"`
	MaxAnomalies int         `json:"max_anomalies,omitempty" jsonschema:"default 50, at most 1000"`
	Examples     int         `json:"examples,omitempty" jsonschema:"traces of each window that an anomaly carries; default 3, at most 10"`
	MaxSpans     int         `json:"max_spans,omitempty" jsonschema:"read of each window; default 200000, at most 2000000"`
}

// Tools are the questions of this package as tools over these sources. One whose source is missing says so when it is
// called.
func (s Sources) Tools() []tool.Tool {
	return []tool.Tool{
		SearchLogs.Bind(s.toolLogs), FindLogPatterns.Bind(s.toolPatterns), DiffLogPatterns.Bind(s.toolDiff), MineLogLines.Bind(toolLines),
		GetLoadMetadata.Bind(s.toolLoad), InvestigateIncident.Bind(s.toolIncident), FindTraceAnomalies.Bind(s.toolAnomalies),
		ExplainStuckLoad.Bind(s.toolStuckLoad), GetTicket.Bind(s.toolTicket), TraceCorrelation.Bind(s.toolCorrelation),
	}
}

// Aliases are the same under the names and parameters that an older server had. They belong on the endpoint that has had them,
// which is the one of the code graph.
func (s Sources) Aliases() []tool.Tool {
	return []tool.Tool{
		MineLogLines.Alias("analyze_logs_with_drain").Bind(toolLines),
		GetTicket.Alias("query_jira_issue").Bind(s.toolTicket),
		tool.Alias(TraceCorrelation, "trace_correlation_id", TraceCorrelation.Description(), func(in CorrelationIDInput) (CorrelationQuestion, error) {
			return CorrelationQuestion{CorrelationID: in.CorrelationID}, nil
		}).Bind(s.toolCorrelation),
	}
}

func (s Sources) toolTicket(ctx context.Context, in TicketInput) (TicketReport, error) {
	return Ticket(ctx, s.Tickets, in.IssueKey)
}

func (s Sources) toolCorrelation(ctx context.Context, in CorrelationQuestion) (CorrelationReport, error) {
	return Correlation(ctx, in, s)
}

func (s Sources) toolLogs(ctx context.Context, in LogsInput) (LogPage, error) {
	q, err := logquery.Form(in).Query()
	if err == nil && (in.Limit < 0 || in.Limit > output.MaxItems) {
		err = fmt.Errorf("limit: %d is not between 1 and %d; leave it out for %d", in.Limit, output.MaxItems, output.DefaultItems)
	}
	if err == nil && (s.Logs == nil || holdsNil(s.Logs)) {
		err = errors.New("sources.logs: no client of logs was given")
	}
	if err != nil {
		return LogPage{}, base.Invalid(evidenceName, opLogsPage, "%v", err)
	}
	return LogsPage(ctx, s.tiers(), q, in.Cursor)
}

// tiers are those that the logs are given as; any other source is one tier without bounds.
func (s Sources) tiers() LogTiers {
	if t, ok := s.Logs.(LogTiers); ok {
		return t
	}
	return LogTiers{Tiers: []LogTier{{Sources: []logs.Source{s.Logs}}}}
}

func (s Sources) toolPatterns(ctx context.Context, in LogPatternsInput) (Patterns, error) {
	q, err := in.query("LogPatterns")
	if err != nil {
		return Patterns{}, err
	}
	q.Window, q.Limit = in.Window, in.Limit
	return LogPatterns(ctx, s.Logs, q, PatternOptions{MaxPatterns: in.MaxPatterns})
}

func (s Sources) toolDiff(ctx context.Context, in LogDiffInput) (Diff, error) {
	q, err := in.query("PatternDiff")
	if err != nil {
		return Diff{}, err
	}
	q.Limit = in.Limit
	return PatternDiff(ctx, s.Logs, q, in.Before, in.During, PatternOptions{MaxPatterns: in.MaxPatterns})
}

func toolLines(_ context.Context, in LogLinesInput) (Patterns, error) {
	return LinePatterns(slices.Values(in.Logs), PatternOptions{MaxPatterns: in.MaxPatterns})
}

func (s Sources) toolStuckLoad(ctx context.Context, in StuckLoadInput) (StuckLoadReport, error) {
	return StuckLoad(ctx, StuckLoadQuestion{TrackingID: in.TrackingID, Window: in.Window, Shipper: in.Shipper, Carrier: in.Carrier}, s)
}

func (s Sources) toolLoad(ctx context.Context, in LoadMetadataInput) (LoadMetadataReport, error) {
	ask := LoadMetadata
	if in.Compare {
		ask = CompareLoadMetadata
	}
	answer, err := ask(ctx, in.TrackingID, s.Loads...)
	if err != nil {
		return LoadMetadataReport{}, err
	}
	return answer.Report(), nil
}

func (s Sources) toolIncident(ctx context.Context, in IncidentInput) (Report, error) {
	return Investigate(ctx, Incident{Window: in.Window, Baseline: in.Baseline}, s)
}

func (s Sources) toolAnomalies(ctx context.Context, in TraceAnomaliesInput) (Anomalies, error) {
	return TraceAnomalies(ctx, s.Traces, in.Window, in.Baseline, AnomalyOptions{
		Services: in.Services, MaxAnomalies: in.MaxAnomalies, Examples: in.Examples, MaxSpans: in.MaxSpans,
	})
}
