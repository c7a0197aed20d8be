package main

import (
	"context"
	"errors"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

// investigateCase goes from a recorded incident to its cause. Whatever happens, nothing is left on a server.
func (s settings) investigateCase(ctx context.Context, env map[string]string, p *progress) (found result, err error) {
	var truth incident.Truth
	if s.truth != "" {
		if truth, err = incident.ReadTruth(s.truth); err != nil {
			return result{}, err
		}
	}
	r, err := s.open(ctx, env, p)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, r.close(ctx)) }()
	sources := sourcesOf(r.theCase)
	if r.code != nil {
		sources.Code = r.code.client
	}
	report, err := evidence.Investigate(ctx, r.question(p), sources)
	if err != nil {
		return result{}, err
	}
	report.NotSeen = append(report.NotSeen, r.notSeen()...)
	report = normal(report)
	if ctx.Err() != nil {
		return result{}, context.Cause(ctx)
	}
	found = result{json: report, markdown: caseDocument(r.theCase.Name, r.healthy(), report)}
	if s.truth != "" {
		rated := scoreOf(truth, report, recordedIn(r.theCase.Case))
		found.score = &rated
	}
	return found, nil
}

// healthy is the name of the baseline, empty where there is none.
func (r *recordings) healthy() string {
	if r.baseline == nil {
		return ""
	}
	return r.baseline.Name
}

// question is what an investigation of the recordings asks: the window of logs and spans. Measurements reach further
// back, and are looked at in the minutes before it too.
func (r *recordings) question(p *progress) evidence.Incident {
	q := evidence.Incident{Window: r.theCase.Window, Progress: p.source}
	if r.baseline != nil {
		q.Baseline, q.BaselineSources = r.baseline.Window, sourcesOf(r.baseline)
	}
	return q
}

// sourcesOf are the questions that a recording can answer: none is asked for what it has no file of.
func sourcesOf(r *recording) evidence.Sources {
	var s evidence.Sources
	if r.has(incident.LogFile) {
		s.Logs = r.client
	}
	if r.has(incident.TraceFile) {
		s.Traces = r.client
	}
	if r.has(incident.MetricFile, incident.FrontFile) {
		s.Metrics = r.client
	}
	return s
}
