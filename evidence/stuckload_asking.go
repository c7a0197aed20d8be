package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/fkapi"
)

// Bounds of what is read of one load.
const (
	maxLoadLines  = 2000 // newest first
	maxLineBytes  = 4096 // of a body that is kept
	maxLoadTraces = 8
	maxTraceSpans = 500
)

// stuckLine is a log record that names the load.
type stuckLine struct {
	logs.Record
	body     Body
	severity logs.Severity
	pattern  int // index among the patterns of the case
}

// spanOf is a span with the client that gave it.
type spanOf struct {
	traces.Span
	client string
}

// askLoad finds the load. The error is that of a load that does not exist, or of a question that no source takes.
func (c *stuckCase) askLoad(ctx context.Context) error {
	about := "load " + c.question.TrackingID
	if len(c.sources.Loads) == 0 {
		c.inquiry.lack("loads", about)
		return nil
	}
	asked := make([]LoadSource, 0, len(c.sources.Loads))
	for _, s := range c.sources.Loads {
		asked = append(asked, askedLoads{asking{c.inquiry, s, about}, s})
	}
	answer, err := LoadMetadata(ctx, c.question.TrackingID, asked...)
	noteSkipped(c.inquiry, about, answer.Answer)
	switch {
	case err == nil:
		c.load = &Sourced[fkapi.Load]{answer.Value, answer.Source, answer.Degraded}
		noteDegraded(c.inquiry, about, answer.Answer)
		noteDenied(c.inquiry, about, answer)
		return nil
	case errors.Is(err, base.ErrNotFound):
		e := base.NewError(base.KindNotFound, err).WithText("no source knows the load with tracking id " + c.question.TrackingID)
		e.Source, e.Op, e.Sent = "evidence", opStuckLoad, base.Answered
		e.Hint = "check the tracking id; a load number is another thing"
		return e
	}
	return nil // the inquiry has noted it
}

// askNetwork finds what the network says of the shipper and the carrier.
func (c *stuckCase) askNetwork(ctx context.Context, shipper, carrier string) {
	about := fmt.Sprintf("relationship of shipper %s and carrier %s", cmp.Or(shipper, "(unknown)"), cmp.Or(carrier, "(unknown)"))
	if len(c.sources.Networks) == 0 {
		c.inquiry.lack("network", about)
		return
	}
	if shipper == "" || carrier == "" {
		for _, s := range c.sources.Networks {
			c.inquiry.skip(s.Name(), "the shipper or the carrier is not known")
		}
		c.inquiry.unseen("%s: not asked, for one of the two is not known", about)
		return
	}
	asked := make([]NetworkSource, 0, len(c.sources.Networks))
	for _, s := range c.sources.Networks {
		asked = append(asked, askedNetworks{asking{c.inquiry, s, about}, s})
	}
	answer, err := NetworkVerdict(ctx, shipper, carrier, asked...)
	noteSkipped(c.inquiry, about, answer)
	switch {
	case err == nil:
		c.network = &Sourced[fkapi.Network]{answer.Value, answer.Source, answer.Degraded}
		noteDegraded(c.inquiry, about, answer)
	case errors.Is(err, base.ErrNotFound):
		c.inquiry.unseen("%s: no source knows the shipper", about)
	}
}

// askTelemetry reads the log lines that name the load, and then the traces that they belong to.
func (c *stuckCase) askTelemetry(ctx context.Context) {
	about := "logs that name load " + c.question.TrackingID
	if c.sources.Logs == nil {
		c.inquiry.lack("logs", about)
	} else {
		_ = c.inquiry.ask(ctx, c.sources.Logs.Name(), about, c.readLines) // what it lacks is noted
		slices.SortStableFunc(c.lines, func(a, b stuckLine) int { return compareRecords(a.Record, b.Record) })
	}
	c.askTraces(ctx)
}

func (c *stuckCase) readLines(ctx context.Context) (int, error) {
	q := logs.Query{Window: c.window, TrackingID: c.question.TrackingID, Order: logs.NewestFirst, Limit: maxLoadLines}
	for r, err := range c.sources.Logs.Logs(ctx, q) {
		if err != nil {
			return len(c.lines), err
		}
		r.Body = strings.Clone(cutBody(r.Body, maxLineBytes))
		line := stuckLine{Record: r, body: ParseBody(r.Body)}
		line.severity = severityOf(r, line.body)
		if line.body.Site == (CodeRegion{}) {
			line.body.Site = attributeSite(r)
		}
		c.lines = append(c.lines, line)
	}
	return len(c.lines), nil
}

func (c *stuckCase) askTraces(ctx context.Context) {
	about := "traces of load " + c.question.TrackingID
	if c.sources.Traces == nil {
		c.inquiry.lack("traces", about)
		return
	}
	ids := c.traceIDs()
	if len(ids) == 0 {
		c.inquiry.skip(c.sources.Traces.Name(), "no log line of the load names a trace")
		c.inquiry.unseen("%s: no log line of the load names one", about)
		return
	}
	if left := len(ids) - maxLoadTraces; left > 0 {
		c.inquiry.unseen("%s: %d more, of lines that are less severe", about, left)
		ids = ids[:maxLoadTraces]
	}
	var mu sync.Mutex
	for _, id := range ids {
		c.inquiry.start(ctx, c.sources.Traces.Name(), "trace "+id, func(ctx context.Context) (int, error) {
			spans, err := base.Collect(c.sources.Traces.Spans(ctx, traces.Query{TraceID: id, Limit: maxTraceSpans}))
			mu.Lock()
			defer mu.Unlock()
			for _, s := range spans {
				c.spans = append(c.spans, spanOf{s, c.sources.Traces.Name()})
			}
			return len(spans), err
		})
	}
	c.inquiry.wait()
	slices.SortStableFunc(c.spans, func(a, b spanOf) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.TraceID, b.TraceID), cmp.Compare(a.SpanID, b.SpanID))
	})
}

// traceIDs are those of the lines, the most severe lines' first.
func (c *stuckCase) traceIDs() []string {
	lines := slices.Clone(c.lines)
	slices.SortStableFunc(lines, func(a, b stuckLine) int { return cmp.Compare(b.severity, a.severity) })
	var ids []string
	for _, l := range lines {
		if l.TraceID != "" && !slices.Contains(ids, l.TraceID) {
			ids = append(ids, l.TraceID)
		}
	}
	return ids
}

// asking is a source of a fallback that keeps its account in an inquiry.
type asking struct {
	inquiry *inquiry
	source  interface{ Name() string }
	about   string
}

// Name is the source's.
func (a asking) Name() string { return a.source.Name() }

// Health is the source's, unproven where it has none.
func (a asking) Health() base.Health {
	if known, ok := a.source.(HealthSource); ok {
		return known.Health()
	}
	return base.Health{}
}

// Degrades is the source's.
func (a asking) Degrades() string {
	if lesser, ok := a.source.(LesserSource); ok {
		return lesser.Degrades()
	}
	return ""
}

type askedLoads struct {
	asking
	loads LoadSource
}

// Load asks the source and notes how it did.
func (a askedLoads) Load(ctx context.Context, trackingID string) (load fkapi.Load, err error) {
	err = a.inquiry.ask(ctx, a.Name(), a.about, func(ctx context.Context) (n int, err error) {
		load, err = a.loads.Load(ctx, trackingID)
		return one(err)
	})
	return load, err
}

type askedNetworks struct {
	asking
	networks NetworkSource
}

// CheckNetwork asks the source and notes how it did.
func (a askedNetworks) CheckNetwork(ctx context.Context, shipper, carrier string) (network fkapi.Network, err error) {
	err = a.inquiry.ask(ctx, a.Name(), a.about, func(ctx context.Context) (n int, err error) {
		network, err = a.networks.CheckNetwork(ctx, shipper, carrier)
		return one(err)
	})
	return network, err
}

// noteSkipped notes the sources of a fallback that were not asked.
func noteSkipped[T any](q *inquiry, about string, answer base.Answer[T]) {
	for _, t := range answer.Tried {
		if t.Skipped == "" {
			continue
		}
		q.skip(t.Source, t.Skipped)
		if answer.Source == "" {
			q.unseen("%s: %s: %s", t.Source, about, t.Skipped)
		}
	}
}

// noteDegraded notes what an answer lacks that came from a lesser source.
func noteDegraded[T any](q *inquiry, about string, answer base.Answer[T]) {
	age := ""
	if answer.Age > 0 {
		age = ", this one up to " + answer.Age.Round(time.Second).String() + " old"
	}
	if answer.Degraded != "" {
		q.unseen("%s: %s answered, whose answers are %s%s", about, answer.Source, answer.Degraded, age)
	}
}

// noteDenied notes the sources that do not know a load that a lesser one knows.
func noteDenied(q *inquiry, about string, answer LoadAnswer) {
	for _, a := range answer.Agreement {
		if a.Agreement == Denies {
			q.unseen("%s: %s does not know it, and %s does", about, a.Source, answer.Source)
		}
	}
}
