package evidence

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
)

// maxRead bounds the spans, the lines and the points that are read of one window: memory is bounded by it.
const maxRead = 500_000

// reading is what an investigation reads.
type reading struct {
	incident  Incident
	sources   Sources
	inquiry   *inquiry
	now, past *planting // past is nil without a baseline

	mu     sync.Mutex
	gauges gauges
	names  map[*planting]*readers
}

// readers are the clients that gave something.
type readers struct{ spans, records, points string }

func newReading(i Incident, sources Sources) *reading {
	r := &reading{
		incident: i, sources: sources, inquiry: newInquiry(utc(i.Window), i.Progress),
		now: newPlanting(utc(i.Window)), gauges: gauges{}, names: map[*planting]*readers{},
	}
	r.names[r.now] = &readers{}
	if !i.Baseline.IsZero() {
		r.past = newPlanting(utc(i.Baseline))
		r.names[r.past] = &readers{}
	}
	return r
}

// ask puts all questions side by side and waits for the answers.
func (r *reading) ask(ctx context.Context) {
	r.put(ctx, r.sources, r.now, "of the incident")
	if r.past != nil {
		from := r.incident.BaselineSources
		if from.Logs == nil && from.Traces == nil && from.Metrics == nil {
			from = r.sources
		}
		r.put(ctx, from, r.past, "of the baseline")
	}
	r.inquiry.wait()
	r.lacks()
}

// put asks one window's questions. All of them are about the window as it is now: an answer that ends early shrinks it.
func (r *reading) put(ctx context.Context, from Sources, to *planting, which string) {
	window, measured := to.window, r.measured(to)
	if s := from.Logs; s != nil {
		r.inquiry.start(ctx, s.Name(), "logs "+which, func(ctx context.Context) (int, error) {
			r.names[to].records = s.Name()
			return take(s.Logs(ctx, logs.Query{Window: window, Limit: maxRead}), to, recordTime, to.record)
		})
	}
	if s := from.Traces; s != nil {
		r.inquiry.start(ctx, s.Name(), "spans "+which, func(ctx context.Context) (int, error) {
			r.names[to].spans = s.Name()
			return take(s.Spans(ctx, traces.Query{Window: window, Limit: maxRead}), to, spanTime, to.span)
		})
	}
	if s := from.Metrics; s != nil {
		r.inquiry.start(ctx, s.Name(), "metrics "+which, func(ctx context.Context) (int, error) {
			r.names[to].points = s.Name()
			return r.points(s.Metrics(ctx, metrics.Query{Window: measured, Limit: maxRead}), to == r.past)
		})
	}
}

// measured is the window of which measurements are read.
func (r *reading) measured(p *planting) base.Window {
	if p == r.past {
		return p.window
	}
	return base.Window{From: p.window.From.Add(-samplesBefore), To: p.window.To.Add(samplesAfter)}
}

func recordTime(r logs.Record) time.Time { return r.Time }

func spanTime(s traces.Span) time.Time { return s.Start }

// take plants what a source yields. Where it ends early, the window shrinks to what was seen: sources give the newest
// first, so it is the beginning that is missing.
func take[T any](all iter.Seq2[T, error], p *planting, at func(T) time.Time, plant func(T)) (int, error) {
	n := 0
	var first, last time.Time
	for one, err := range all {
		if err != nil {
			p.shrink(first, last)
			return n, err
		}
		if n == 0 {
			first = at(one)
		}
		last = at(one)
		plant(one)
		n++
	}
	return n, nil
}

// shrink cuts the window behind which nothing was seen.
func (p *planting) shrink(first, last time.Time) {
	if first.IsZero() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if last.After(first) && last.Before(p.window.To) {
		p.window.To = last
	} else if !last.After(first) && last.After(p.window.From) {
		p.window.From = last
	}
}

func (r *reading) points(all iter.Seq2[metrics.Point, error], baseline bool) (int, error) {
	n := 0
	for p, err := range all {
		if err != nil {
			return n, err
		}
		r.mu.Lock()
		r.gauges.add(p, baseline)
		r.mu.Unlock()
		n++
	}
	return n, nil
}

// What stays unseen without a source.
const (
	withoutLogs    = "lines that are missing or new, the code they point to, and whether a fault is a return or an exception"
	withoutTraces  = "calls that are slow, failing, missing or new, and who called whom"
	withoutMetrics = "cores that a pod used, so that contention, consumption and slow code cannot be told apart"
)

func (r *reading) lacks() {
	if r.sources.Logs == nil {
		r.inquiry.lack("logs", withoutLogs)
	}
	if r.sources.Traces == nil {
		r.inquiry.lack("traces", withoutTraces)
	}
	if r.sources.Metrics == nil {
		r.inquiry.lack("metrics", withoutMetrics)
	}
}

// scene is what was read, examined.
func (r *reading) scene() *scene {
	now := r.forest(r.now)
	var past *forest
	if r.past != nil {
		past = r.forest(r.past)
	}
	s := examine(now, past, r.gauges.sorted())
	s.measured = r.names[r.now].points
	r.emptiness(now)
	return s
}

func (r *reading) forest(p *planting) *forest {
	f := p.grow()
	f.spans, f.records = r.names[p].spans, r.names[p].records
	f.baseline = p == r.past
	for _, t := range f.trees {
		t.baseline = f.baseline
	}
	return f
}

// emptiness says what a source that answered with nothing leaves unseen.
func (r *reading) emptiness(f *forest) {
	if r.sources.Logs != nil && len(f.lines) == 0 {
		r.inquiry.unseen("logs: there are none in the window: %s", withoutLogs)
	}
	if r.sources.Traces != nil && !f.traced() {
		r.inquiry.unseen("traces: there are none in the window: %s", withoutTraces)
	}
	if r.sources.Metrics != nil && len(r.gauges) == 0 {
		r.inquiry.unseen("metrics: there are none in the window: %s", withoutMetrics)
	}
}

func (f *forest) traced() bool {
	for _, t := range f.trees {
		if !t.bare {
			return true
		}
	}
	return false
}

// compared is the baseline, or where none was given the part of the window before the onset.
func (r *reading) compared(onset time.Time) base.Window {
	if r.past != nil {
		return utc(r.incident.Baseline)
	}
	if quiet := (base.Window{From: r.incident.Window.From.UTC(), To: onset}); quiet.Validate() == nil {
		return quiet
	}
	return base.Window{}
}
