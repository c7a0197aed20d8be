package clickhouse

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/traces"
)

var opTrace = &base.Op{Name: "Trace", System: base.SystemDB}

// Trace is all spans of one trace that are known, in the order of their start.
type Trace struct {
	ID       string        `json:"id"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"` // from the first start to the last end
	Services []string      `json:"services"`    // in the order in which they appear
	Spans    []traces.Span `json:"spans"`

	// CriticalPath is the chain of spans that the trace's duration is made of, in the order of time: shorten one of
	// its steps and the trace is shorter.
	CriticalPath []PathStep `json:"critical_path"`
	// Orphans are the ids of spans whose parent is missing: a part of the trace was not recorded, or not yet.
	Orphans []string `json:"orphans,omitempty"`

	Outcome base.Outcome `json:"outcome"` // Truncated when the trace has more spans than are handed out
	Stats   base.Stats   `json:"stats,omitzero"`
}

// PathStep is time that the trace spent in one span itself, with none of its children on the path running.
type PathStep struct {
	SpanID  string        `json:"span_id"`
	Service string        `json:"service"`
	Name    string        `json:"name"`
	Start   time.Time     `json:"start"`
	Self    time.Duration `json:"self_ns"`
	Failed  bool          `json:"failed,omitempty"`
}

// The time around a trace in which its spans, and the records of its logs, can lie.
const (
	spanPadding = time.Second
	logPadding  = 5*time.Minute + time.Second
)

// maxTraceSpans is how many spans of a trace are handed out.
const maxTraceSpans = 10_000

type summaryRow struct {
	Start int64  `db:"x_start"`
	End   int64  `db:"x_end"`
	Spans uint64 `db:"x_spans"`
}

// summarySQL asks when a trace was. Rows that are not merged yet stand beside one another, so they are aggregated.
func summarySQL(t Tables, id string) Query {
	s := newStatement()
	s.and("trace_id = %s", s.text(id))
	return Query{
		SQL: "SELECT toUnixTimestamp64Nano(min(" + quote("start") + ")) AS x_start, toUnixTimestamp64Nano(max(" + quote("end") + ")) AS x_end, " +
			"toUInt64(sum(num_spans)) AS x_spans\nFROM " + quoteTable(t.TraceSummary) + s.clause() + "\nGROUP BY trace_id",
		Args: s.args,
	}
}

// traceWindow is the part of the window that the trace lies in. A trace that the summary does not know leaves the
// window as it is; so does a server without the summary.
func (c *Client) traceWindow(ctx context.Context, op *base.Op, id string, w base.Window, padding time.Duration) (base.Window, error) {
	found, err := read[summaryRow](ctx, c, op, summarySQL(c.tables, id))
	switch {
	case err != nil && !hidden(err):
		return w, err
	case err != nil || len(found) == 0:
		return w, nil
	}
	from := time.Unix(0, found[0].Start).UTC().Add(-padding)
	to := time.Unix(0, found[0].End).UTC().Add(padding)
	if from.After(w.From) {
		w.From = from
	}
	if to.Before(w.To) {
		w.To = to
	}
	return w, nil
}

// Trace returns a trace by its id, 32 hexadecimal digits, with its critical path. A trace of which no span is known is
// an [base.ErrNotFound]. Of more than 10,000 spans the newest are handed out, and the outcome is Truncated.
func (c *Client) Trace(ctx context.Context, traceID string) (Trace, error) {
	var stats base.Stats
	ctx = base.WithStats(ctx, &stats)
	id, err := checkHex("trace_id", traceID, 32)
	if err != nil {
		return Trace{}, c.invalid(opTrace, err)
	}
	scan, err := c.spanScan(ctx, opTrace, traces.Query{TraceID: id}, "")
	if err != nil {
		return Trace{}, err
	}
	spans, more, err := scan.take(ctx, maxTraceSpans)
	if err != nil {
		return Trace{}, err
	}
	if len(spans) == 0 {
		return Trace{}, c.notFound(opTrace, "no span of this trace is known",
			"the trace may be older than what is kept, not sampled, or not written yet")
	}
	out := assemble(id, spans)
	if out.Outcome = base.Data; more {
		out.Outcome = base.Truncated
	}
	out.Stats = stats
	return out, nil
}

// assemble puts the spans in order and draws the conclusions.
func assemble(id string, spans []traces.Span) Trace {
	slices.SortStableFunc(spans, func(a, b traces.Span) int {
		if n := a.Start.Compare(b.Start); n != 0 {
			return n
		}
		return strings.Compare(a.SpanID, b.SpanID)
	})
	spans = slices.CompactFunc(spans, func(a, b traces.Span) bool {
		return a.SpanID == b.SpanID && a.Start.Equal(b.Start) && a.Service == b.Service // written twice
	})
	out := Trace{ID: id, Spans: spans, Start: spans[0].Start}
	end := out.Start
	for _, s := range spans {
		if s.End().After(end) {
			end = s.End()
		}
		if !slices.Contains(out.Services, s.Service) {
			out.Services = append(out.Services, s.Service)
		}
	}
	out.Duration = end.Sub(out.Start)
	out.CriticalPath, out.Orphans = criticalPath(spans)
	return out
}
