package evidence

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
)

// CorrelationQuestion names a correlation id that is to be followed.
type CorrelationQuestion struct {
	CorrelationID string      `json:"correlation_id" jsonschema:"as it stands in the body or in any attribute of log records"`
	Window        base.Window `json:"window,omitzero" jsonschema:"of the log records; default: all that is kept, as a rule 180 days; a narrower one is faster"`
	Limit         int         `json:"limit,omitempty" jsonschema:"log records that are read, the oldest first, and entries of the timeline; default 200, at most 2000"`
}

// CorrelationReport is what happened under a correlation id. All instants are UTC.
type CorrelationReport struct {
	CorrelationID string              `json:"correlation_id"`
	Outcome       base.Outcome        `json:"outcome"` // partial or truncated where something is missing: see not_seen
	Window        base.Window         `json:"window"`
	Services      []CorrelatedService `json:"services" jsonschema:"in the order of their first appearance"`
	Traces        []CorrelatedTrace   `json:"traces" jsonschema:"that the records belong to, by their first record"`
	Timeline      []CorrelationEvent  `json:"timeline" jsonschema:"log records and spans in one list, oldest first"`
	Records       int                 `json:"records"` // log records that were read
	Spans         int                 `json:"spans"`   // spans that were read
	Coverage      LogCoverage         `json:"coverage"`
	Sources       []SourceReport      `json:"sources"`  // one row per client asked
	NotSeen       []string            `json:"not_seen"` // what is missing, and why
	Stats         base.Stats          `json:"stats,omitzero"`
}

// CorrelatedService is what one service did under a correlation id.
type CorrelatedService struct {
	Service string    `json:"service"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"` // of its records, and of the beginnings of its spans
	Records int       `json:"records"`
	Errors  int       `json:"errors"` // records of severity ERROR and above
	Spans   int       `json:"spans"`
	Failed  int       `json:"failed"` // spans that failed
}

// CorrelatedTrace is a trace that log records of a correlation id belong to.
type CorrelatedTrace struct {
	TraceID string `json:"trace_id"`
	Outcome string `json:"outcome" jsonschema:"data, no_data (no span of it is kept), truncated, partial, failed or skipped"`
	Records int    `json:"records"` // of the correlation id
	Spans   int    `json:"spans"`   // of all services
	Root    string `json:"root,omitempty" jsonschema:"service and operation of its first span without a parent"`
	Reason  string `json:"reason,omitempty"` // why it was not read, or not wholly

	severity logs.Severity // of its worst record
	answered bool
	err      error
	spans    []traces.Span
}

// CorrelationEvent is one entry of a timeline.
type CorrelationEvent struct {
	At       time.Time     `json:"at"`
	Type     ItemType      `json:"type"` // log or span
	Service  string        `json:"service,omitempty"`
	Severity string        `json:"severity,omitempty"` // of a record
	What     string        `json:"what"`               // the line, or the operation of a span
	TraceID  string        `json:"trace_id,omitempty"`
	SpanID   string        `json:"span_id,omitempty"`
	Record   string        `json:"record,omitempty"`      // id of the record
	Duration time.Duration `json:"duration_ns,omitempty"` // of a span
	Failed   bool          `json:"failed,omitempty"`      // of a span
}

const (
	opCorrelation        = "Correlation"
	correlationEvents    = 200 // of a timeline, when the question does not say
	maxCorrelationEvents = 2000
	maxCorrelationTraces = 16
	maxCorrelationID     = 256 // bytes
)

// Correlation follows a correlation id: it reads the log records of all ages that name it, oldest first, then the traces that
// these belong to, and merges both into one timeline.
//
// A part that could not be looked at leaves the report partial, what the limits cut leaves it truncated, and NotSeen says what
// is missing. A trace of which no span is kept is not missing: many are not sampled. The error is base.ErrInvalid for a question
// that makes no sense and where no client of logs was given, that of the logs where nobody answered for them, and that of the
// context when it is canceled; after its deadline the report tells what was seen until then.
func Correlation(ctx context.Context, question CorrelationQuestion, sources Sources) (CorrelationReport, error) {
	if err := question.check(sources); err != nil {
		return CorrelationReport{}, err
	}
	f := follow(question, sources)
	ctx = base.WithStats(ctx, &f.report.Stats)
	asked := f.askLogs(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		return CorrelationReport{}, canceled(ctx, opCorrelation)
	}
	if asked != nil && base.OutcomeOf(len(f.lines), asked) == base.Failed {
		return CorrelationReport{}, asked
	}
	f.askTraces(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		return CorrelationReport{}, canceled(ctx, opCorrelation)
	}
	return f.tell(asked), nil
}

func (q CorrelationQuestion) check(s Sources) error {
	problem := ""
	switch {
	case strings.TrimSpace(q.CorrelationID) == "":
		problem = "correlation_id: empty"
	case len(q.CorrelationID) > maxCorrelationID:
		problem = "correlation_id: longer than 256 bytes"
	case strings.ContainsFunc(q.CorrelationID, unicode.IsControl):
		problem = "correlation_id: holds a control character"
	case q.Limit < 0 || q.Limit > maxCorrelationEvents:
		problem = "limit: not between 1 and 2000; leave it out for 200"
	case s.Logs == nil || holdsNil(s.Logs):
		problem = "sources.logs: no client of logs was given"
	case s.Traces != nil && holdsNil(s.Traces):
		return nilClient(opCorrelation, "traces", s.Traces)
	}
	if problem != "" {
		return base.Invalid(evidenceName, opCorrelation, "%s", problem)
	}
	return nil
}

// following is one correlation id in the course of the question.
type following struct {
	report  *CorrelationReport
	sources Sources
	tiers   LogTiers
	limit   int
	inquiry *inquiry
	lines   []stuckLine // oldest first
	traces  []*CorrelatedTrace
	lacking bool // a part could not be looked at
	cut     bool // a limit cut something
}

func follow(q CorrelationQuestion, s Sources) *following {
	f := &following{
		report: &CorrelationReport{CorrelationID: q.CorrelationID}, sources: s, tiers: s.tiers(), limit: cmp.Or(q.Limit, correlationEvents),
	}
	now := time.Now
	if f.tiers.Now != nil {
		now = f.tiers.Now
	}
	at := now()
	f.tiers.Now = func() time.Time { return at } // the window of all that is kept is told by the clock that cuts it
	f.report.Window = utc(q.Window)
	if q.Window.IsZero() {
		f.report.Window = f.tiers.kept(at)
	}
	f.inquiry = newInquiry(f.report.Window, nil)
	return f
}

// kept is the window of all that the tiers keep, or of the house's age of logs where one has no bound.
func (t LogTiers) kept(now time.Time) base.Window {
	oldest := (&logQuestion{tiers: t.Tiers}).oldest()
	now = now.UTC().Truncate(time.Second)
	return base.Window{From: now.Add(-cmp.Or(oldest, HistoryLogs)), To: now.Add(time.Second)}
}

// askLogs reads the records that name the id.
func (f *following) askLogs(ctx context.Context) error {
	q := logs.Query{
		Window: f.report.Window, CorrelationID: f.report.CorrelationID, Order: logs.OldestFirst, Limit: f.limit,
	}
	f.report.Coverage = LogCoverage{Parts: []LogPart{}, Gaps: []LogGap{}}
	about := "log records of correlation id " + f.report.CorrelationID
	return f.inquiry.ask(ctx, f.sources.Logs.Name(), about, func(ctx context.Context) (int, error) {
		for r, err := range Logs(ctx, f.tiers, q, &f.report.Coverage) {
			if err != nil {
				return len(f.lines), err
			}
			f.add(r)
		}
		return len(f.lines), nil
	})
}

func (f *following) add(r logs.Record) {
	r.Body = strings.Clone(cutBody(r.Body, maxLineBytes))
	line := stuckLine{Record: r, body: ParseBody(r.Body)}
	line.severity = severityOf(r, line.body)
	f.lines = append(f.lines, line)
	if r.TraceID == "" {
		return
	}
	at := slices.IndexFunc(f.traces, func(t *CorrelatedTrace) bool { return t.TraceID == r.TraceID })
	if at < 0 {
		at = len(f.traces)
		f.traces = append(f.traces, &CorrelatedTrace{TraceID: r.TraceID, Outcome: skipped})
	}
	t := f.traces[at]
	t.Records++
	t.severity = max(t.severity, line.severity)
}

// askTraces reads the traces of the records; where they are many, those of the most severe records.
func (f *following) askTraces(ctx context.Context) {
	const about = "traces of the log records"
	switch {
	case len(f.traces) == 0:
		if f.sources.Traces != nil {
			f.inquiry.skip(f.sources.Traces.Name(), "no log record names a trace")
		}
		return
	case f.sources.Traces == nil:
		f.inquiry.lack("traces", about)
		f.lacking = true
		for _, t := range f.traces {
			t.Reason = "no client was given"
		}
		return
	}
	for _, t := range f.chosen() {
		f.inquiry.start(ctx, f.sources.Traces.Name(), "trace "+t.TraceID, func(ctx context.Context) (n int, err error) {
			t.spans, err = base.Collect(f.sources.Traces.Spans(ctx, traces.Query{TraceID: t.TraceID, Limit: maxTraceSpans}))
			t.answered, t.err = true, err
			return len(t.spans), err
		})
	}
	f.inquiry.wait()
}

func (f *following) chosen() []*CorrelatedTrace {
	left := len(f.traces) - maxCorrelationTraces
	if left <= 0 {
		return f.traces
	}
	f.cut = true
	f.inquiry.unseen("traces of the log records: %d more, of records that are less severe", left)
	all := slices.Clone(f.traces)
	slices.SortStableFunc(all, func(a, b *CorrelatedTrace) int { return cmp.Compare(b.severity, a.severity) })
	for _, t := range all[maxCorrelationTraces:] {
		t.Reason = "other traces have more severe records"
	}
	return all[:maxCorrelationTraces]
}
