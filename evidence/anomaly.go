package evidence

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/traces"
)

// AnomalyOptions says which anomalies are wanted and how much is read for them. The zero value is a good start; a
// negative number is refused.
type AnomalyOptions struct {
	Services     []string `json:"services,omitempty"`      // that are called or call; empty = all
	MaxAnomalies int      `json:"max_anomalies,omitempty"` // handed out, the strongest first; 0 = 50, at most 1,000
	Examples     int      `json:"examples,omitempty"`      // traces of each window that an anomaly carries; 0 = 3, at most 10
	MaxSpans     int      `json:"max_spans,omitempty"`     // read of each window; 0 = 200,000, at most 2,000,000
}

// AnomalyKind is how spans differ from those of the baseline.
type AnomalyKind string

// The kinds.
const (
	Slower  AnomalyKind = "slower"
	Failing AnomalyKind = "failing"
	Missing AnomalyKind = "missing" // a call that was usual is not made any more, or half as often at most
	Novel   AnomalyKind = "new"     // a call that no trace of the baseline has
)

// Anomaly is an operation of a service, or the calls of it by one caller, whose spans differ between the windows.
type Anomaly struct {
	Kind      AnomalyKind `json:"kind"`
	Service   string      `json:"service"`
	Operation string      `json:"operation"`
	Caller    string      `json:"caller,omitempty"` // the service that calls; empty = whoever does, or nobody
	Before    SpanStats   `json:"before"`
	During    SpanStats   `json:"during"`
	// Strength is the log-likelihood ratio, in nats, of two rates of traces against one: of those that are slow, that
	// failed, or that have the call at all.
	Strength float64 `json:"strength"`
	// OwnStrength is that of the time that the spans spend by themselves, for calls of one caller of the time that is
	// lost between the two. Only slower spans have it: a slow call makes all its callers slower, and this tells where.
	OwnStrength float64    `json:"own_strength,omitempty"`
	Examples    []TraceRef `json:"examples,omitempty"` // of the incident; of calls that are missing, the callers
	Baseline    []TraceRef `json:"baseline,omitempty"`
}

// SpanStats is what one window has of an operation. Durations are of spans, as a trace has them in the mean.
type SpanStats struct {
	Traces    int           `json:"traces"`     // whole ones that have it or, for missing and new calls, might have it
	Shown     int           `json:"shown"`      // of those: are slow, failed, have the call
	Spans     int           `json:"spans"`      // in those traces
	PerMinute float64       `json:"per_minute"` // spans
	Median    time.Duration `json:"median_ns,omitempty"`
	P90       time.Duration `json:"p90_ns,omitempty"`
	OwnMedian time.Duration `json:"own_median_ns,omitempty"` // as OwnStrength has it
}

// TraceRef finds a span again.
type TraceRef struct {
	TraceID  string        `json:"trace_id"`
	SpanID   string        `json:"span_id"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
}

// Anomalies is how the traces of a window differ from those of a baseline.
type Anomalies struct {
	Window    base.Window  `json:"window"`   // what was read of it
	Baseline  base.Window  `json:"baseline"` // likewise
	Anomalies []Anomaly    `json:"anomalies"`
	Traces    int          `json:"traces"`          // whole ones of the window
	Before    int          `json:"baseline_traces"` // whole ones of the baseline
	Cut       int          `json:"cut"`             // traces of both that an end of a window cut, or that lack a span: not compared
	Left      int          `json:"left"`            // anomalies beyond max_anomalies
	Bar       float64      `json:"bar"`             // the strength that chance reaches in one healthy window out of fifty
	Outcome   base.Outcome `json:"outcome"`         // no_data where either window has no whole trace
	Stats     base.Stats   `json:"stats,omitzero"`
}

// TraceAnomalies compares the traces of a window with those of a baseline that does not overlap it: which operations,
// and which calls between two services, are slower, failing, missing or new. Only whole traces count, each once however
// many spans it has: a trace that an end of the window cut is no evidence of a missing call. What is handed out is
// beyond what chance gives in one healthy window out of fifty.
//
// A window without a whole trace gives no anomalies and the outcome no_data. A source that fails before the first span
// of a window is an error; one that fails later, or has more than max_spans, gives an answer about the newest part,
// whose Outcome and Stats.Notes say so. Bad options and windows are base.ErrInvalid.
func TraceAnomalies(ctx context.Context, source traces.Source, window, baseline base.Window, o AnomalyOptions) (Anomalies, error) {
	const op = "TraceAnomalies"
	o, err := o.withDefaults(op)
	if err != nil {
		return Anomalies{}, err
	}
	if err := checkWindows(op, baseline, window); err != nil {
		return Anomalies{}, err
	}
	if source == nil {
		return Anomalies{}, base.Invalid("evidence", op, "source: missing; pass a client that has traces")
	}
	sides := [2]*spanSide{{planting: newPlanting(utc(baseline))}, {planting: newPlanting(utc(window))}}
	var reading sync.WaitGroup
	for _, s := range sides {
		reading.Go(func() { s.read(ctx, source, o.MaxSpans) })
	}
	reading.Wait()
	for _, s := range sides {
		if s.err != nil && s.spans == 0 {
			return Anomalies{Outcome: base.Failed, Stats: s.stats}, s.err
		}
	}
	return compareSpans(sides[0], sides[1], o), nil
}

func (o AnomalyOptions) withDefaults(op string) (AnomalyOptions, error) {
	for _, f := range []struct {
		name       string
		value      *int
		unset, top int
	}{
		{"max_anomalies", &o.MaxAnomalies, 50, 1000},
		{"examples", &o.Examples, 3, 10},
		{"max_spans", &o.MaxSpans, 200_000, 2_000_000},
	} {
		switch v := *f.value; {
		case v < 0 || v > f.top:
			return o, base.Invalid("evidence", op, "%s: %d is not between 0 and %d", f.name, v, f.top)
		case v == 0:
			*f.value = f.unset
		}
	}
	return o, nil
}

// spanSide is one window of a comparison.
type spanSide struct {
	planting *planting
	spans    int
	stats    base.Stats
	err      error
}

func (s *spanSide) read(ctx context.Context, source traces.Source, limit int) {
	s.spans, s.err = guarded(ctx, func(ctx context.Context) (int, error) {
		q := traces.Query{Window: s.planting.window, Limit: limit}
		return take(source.Spans(base.WithStats(ctx, &s.stats), q), s.planting, spanTime, s.planting.span)
	})
}

func compareSpans(before, during *spanSide, o AnomalyOptions) Anomalies {
	past, now := before.planting.grow(), during.planting.grow()
	a := Anomalies{
		Window: now.window, Baseline: past.window, Anomalies: []Anomaly{}, Traces: now.whole(), Before: past.whole(),
		Cut: len(past.trees) - past.whole() + len(now.trees) - now.whole(), Outcome: base.Data,
	}
	if a.Traces == 0 || a.Before == 0 {
		a.Outcome = base.NoData
		a.note("%d whole traces of the window and %d of the baseline: there is nothing to compare", a.Traces, a.Before)
	}
	for _, s := range []*spanSide{before, during} {
		a.Stats.Add(s.stats)
		if s.err != nil {
			a.Outcome = base.OutcomeOf(s.spans, s.err)
			a.note("%s", missingOf(s.err))
		}
	}
	if a.Traces > 0 && a.Before > 0 {
		a.fill(newSpanGroups(past, now), o)
	}
	return a
}

func (a *Anomalies) note(format string, args ...any) {
	a.Stats.Notes = append(a.Stats.Notes, fmt.Sprintf(format, args...))
}

// whole counts the whole traces.
func (f *forest) whole() int {
	n := 0
	for _, t := range f.trees {
		if t.whole {
			n++
		}
	}
	return n
}

// fill puts in the anomalies that pass the bar.
func (a *Anomalies) fill(groups *spanGroups, o AnomalyOptions) {
	all, bar := groups.anomalies(o.Examples)
	a.Bar = rounded(bar)
	for _, one := range all {
		switch {
		case len(o.Services) > 0 && !slices.Contains(o.Services, one.Service) && !slices.Contains(o.Services, one.Caller):
		case len(a.Anomalies) == o.MaxAnomalies:
			a.Left++
		default:
			a.Anomalies = append(a.Anomalies, one)
		}
	}
	if a.Left > 0 && a.Outcome == base.Data {
		a.Outcome = base.Truncated
		a.note("%d weaker anomalies are left out; raise max_anomalies or name services", a.Left)
	}
}
