package evidence_test

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/incident"
)

// healthyParts are the parts of the recorded incidents before their faults.
var healthyParts = map[byte][]struct{ name, until string }{
	'C': {{"C5-exception", "10:04:30"}, {"C4-cpu-contention", "14:23:20"}, {"C1-contacts-return", "08:42:58"}, {"C2-basic-return", "09:03:00"}},
	'D': {{"D2-return", "14:47:35"}, {"D5-cpu-contention", "16:31:30"}, {"D3-cpu-consumed", "12:18:15"}, {"D4-exception", "12:27:15"}},
}

// until is the part of a recording before a time of its day.
func until(c incident.Case, clock string) incident.Case {
	day := c.Window.From.Truncate(24 * time.Hour)
	at, err := time.Parse("15:04:05", clock)
	if err != nil {
		panic(err)
	}
	return between(c, c.Window.From, day.Add(time.Duration(at.Hour())*time.Hour+time.Duration(at.Minute())*time.Minute+time.Duration(at.Second())*time.Second))
}

func between(c incident.Case, from, to time.Time) incident.Case {
	w := base.Window{From: from, To: to}
	c.Spans = slices.DeleteFunc(slices.Clone(c.Spans), func(s traces.Span) bool { return !w.Contains(s.Start) })
	c.Logs = slices.DeleteFunc(slices.Clone(c.Logs), func(l logs.Record) bool { return !w.Contains(l.Time) })
	c.Metrics = slices.DeleteFunc(slices.Clone(c.Metrics), func(m metrics.Point) bool { return m.Time.After(to) })
	c.Window = w
	return c
}

// joined puts healthy parts one behind the other, as if they were one time, with measurements drawn from those before
// the first fault.
func joined(rng *rand.Rand, parts []incident.Case, measured []metrics.Point) incident.Case {
	out := incident.Case{Name: "joined", Window: base.Window{From: parts[0].Window.From}}
	at := out.Window.From
	for _, p := range parts {
		by := at.Sub(p.Window.From)
		for _, s := range whole(p) {
			s.Start = s.Start.Add(by)
			out.Spans = append(out.Spans, s)
		}
		for _, l := range p.Logs {
			l.Time = l.Time.Add(by)
			out.Logs = append(out.Logs, l)
		}
		at = at.Add(p.Window.Duration())
	}
	out.Window.To = at
	bySeries := map[string][]metrics.Point{}
	for _, p := range measured {
		key := p.Labels[incident.PodKey] + " " + p.Metric
		bySeries[key] = append(bySeries[key], p)
	}
	for _, key := range sorted(bySeries) {
		known := bySeries[key]
		for t := out.Window.From.Add(-10 * time.Minute); t.Before(out.Window.To.Add(2 * time.Minute)); t = t.Add(time.Minute) {
			p := known[rng.IntN(len(known))]
			p.Time = t
			out.Metrics = append(out.Metrics, p)
		}
	}
	return out
}

// whole are the spans of traces that lie within the window.
func whole(c incident.Case) []traces.Span {
	late := map[string]bool{}
	known := map[string]bool{}
	for _, s := range c.Spans {
		known[s.TraceID+s.SpanID] = true
	}
	for _, s := range c.Spans {
		if s.End().After(c.Window.To) || s.ParentID != "" && !known[s.TraceID+s.ParentID] {
			late[s.TraceID] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(c.Spans), func(s traces.Span) bool { return late[s.TraceID] })
}

// only is the part of a recording that these traces make.
func only(c incident.Case, kept map[string]bool) incident.Case {
	c.Spans = slices.DeleteFunc(slices.Clone(c.Spans), func(s traces.Span) bool { return !kept[s.TraceID] })
	c.Logs = slices.DeleteFunc(slices.Clone(c.Logs), func(l logs.Record) bool { return !kept[l.TraceID] })
	return c
}
