package evidence_test

import (
	"context"
	"iter"
	"slices"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

// memory is a source that holds what it answers with.
type memory struct {
	name string
	incident.Case
}

func (m memory) Name() string { return m.name }

// answer yields those items of a list that a window holds.
func answer[T any](all []T, holds func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range slices.Backward(all) {
			if holds(one) && !yield(one, nil) {
				return
			}
		}
	}
}

func (m memory) Logs(_ context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return answer(m.Case.Logs, func(r logs.Record) bool { return q.Window.Contains(r.Time) })
}

func (m memory) Spans(_ context.Context, q traces.Query) iter.Seq2[traces.Span, error] {
	return answer(m.Case.Spans, func(s traces.Span) bool { return q.Window.Contains(s.Start) })
}

func (m memory) Metrics(_ context.Context, q metrics.Query) iter.Seq2[metrics.Point, error] {
	return answer(m.Case.Metrics, func(p metrics.Point) bool { return q.Window.Contains(p.Time) })
}

// sources are the questions that a recording can answer.
func sources(name string, c incident.Case) evidence.Sources {
	m := memory{name, c}
	var s evidence.Sources
	if len(c.Logs) > 0 {
		s.Logs = m
	}
	if len(c.Spans) > 0 {
		s.Traces = m
	}
	if len(c.Metrics) > 0 {
		s.Metrics = m
	}
	return s
}
