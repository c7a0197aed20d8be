package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

var (
	injected  = time.Date(2024, 5, 6, 7, 1, 0, 0, time.UTC)
	regional  = incident.Truth{Service: "price", Kind: "return", Onset: injected, Region: "a.p.PriceService#31_a.p.PriceService#33"}
	networked = incident.Truth{Service: "price", Kind: "network_delay", Onset: injected, Region: "NetworkP90(ms)"}
	burning   = incident.Truth{Service: "price", Kind: "cpu_consumed", Onset: injected, Region: "CpuUsageRate(%)"}
	spotless  = incident.Truth{Service: "price", Kind: "return", Onset: injected}
)

// citing is a report whose only cause cites a record that the case has.
func citing(change func(*evidence.Report, *evidence.Cause)) evidence.Report {
	r := evidence.Report{
		Verdict:  evidence.Fault,
		Evidence: []evidence.Item{{ID: "log-1", Ref: evidence.Ref{TimeUnixNano: injected.UnixNano()}}},
		Causes: []evidence.Cause{{
			Service: "price", Kind: evidence.Return, Onset: injected.Add(80 * time.Second), Evidence: []string{"log-1"},
			Code: []evidence.CodeRegion{{Symbol: "a.p.PriceService", Lines: [2]int{36, 38}}}, Metric: "PodServerLatencyP90(s)",
		}},
	}
	if change != nil {
		change(&r, &r.Causes[0])
	}
	return r
}

func TestAReportIsRatedByItsParts(t *testing.T) {
	t.Parallel()
	theCase := incident.Case{
		Logs:    []logs.Record{{Time: injected, TraceID: "t1", SpanID: "s1"}},
		Spans:   []traces.Span{{TraceID: "t1", SpanID: "s2"}},
		Metrics: []metrics.Point{{Metric: "CpuUsage(m)", Labels: map[string]string{incident.PodKey: "price-0"}}},
	}
	other := evidence.Cause{Service: "web", Evidence: []string{"log-1"}}
	for name, test := range map[string]struct {
		truth  incident.Truth
		report evidence.Report
		want   int
	}{
		"all right":            {regional, citing(nil), 100},
		"a control":            {incident.Truth{}, evidence.Report{Verdict: evidence.NoFault}, 100},
		"a control, unknown":   {incident.Truth{}, evidence.Report{Verdict: evidence.Unknown}, 0},
		"no fault seen":        {regional, citing(func(r *evidence.Report, _ *evidence.Cause) { r.Verdict = evidence.NoFault }), 0},
		"second":               {regional, citing(func(r *evidence.Report, c *evidence.Cause) { r.Causes = []evidence.Cause{other, *c} }), 80},
		"fourth":               {regional, citing(func(r *evidence.Report, c *evidence.Cause) { r.Causes = []evidence.Cause{other, other, other, *c} }), 15},
		"another service":      {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Service = "web" }), 15},
		"another kind":         {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Kind = evidence.Exception }), 85},
		"lines too far":        {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Code[0].Lines = [2]int{39, 50} }), 80},
		"too many lines":       {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Code[0].Lines = [2]int{1, 62} }), 80},
		"another class":        {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Code[0].Symbol = "Cart" }), 80},
		"late":                 {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Onset = injected.Add(91 * time.Second) }), 90},
		"no onset":             {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Onset = time.Time{} }), 90},
		"nothing cited":        {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Evidence = nil }), 85},
		"cited and not listed": {regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Evidence = []string{"log-2"} }), 85},
		"not recorded":         {regional, citing(func(r *evidence.Report, _ *evidence.Cause) { r.Evidence[0].Ref.TimeUnixNano++ }), 85},
		"a span": {regional, citing(func(r *evidence.Report, _ *evidence.Cause) {
			r.Evidence[0].Ref = evidence.Ref{TraceID: "t1", SpanID: "s2"}
		}), 100},
		"a span of nobody": {regional, citing(func(r *evidence.Report, _ *evidence.Cause) {
			r.Evidence[0].Ref = evidence.Ref{TraceID: "t1", SpanID: "s3"}
		}), 85},
		"a metric of a pod": {regional, citing(func(r *evidence.Report, _ *evidence.Cause) {
			r.Evidence[0].Ref = evidence.Ref{Metric: "CpuUsage(m)", Pod: "price-0"}
		}), 100},
		"a metric of no pod": {regional, citing(func(r *evidence.Report, _ *evidence.Cause) {
			r.Evidence[0].Ref = evidence.Ref{Metric: "CpuUsage(m)", Pod: "web-0"}
		}), 85},
		"no reference":       {regional, citing(func(r *evidence.Report, _ *evidence.Cause) { r.Evidence[0].Ref = evidence.Ref{Key: "x"} }), 85},
		"no region to name":  {spotless, citing(nil), 100},
		"no region, late":    {spotless, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Onset = time.Time{} }), 88}, // 70 of 80
		"latency":            {networked, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Kind = evidence.NetworkDelay }), 100},
		"CPU, latency named": {burning, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Kind = evidence.CPUConsumed }), 80},
		"CPU":                {burning, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Kind, c.Metric = evidence.CPUConsumed, "CpuUsage(m)" }), 100},
		"half of a point, even": {spotless, citing(func(r *evidence.Report, c *evidence.Cause) {
			c.Onset = time.Time{}
			r.Causes = []evidence.Cause{other, *c}
		}), 62}, // 50 of 80
	} {
		if got := scoreOf(test.truth, test.report, recordedIn(theCase)); got.total != test.want {
			t.Errorf("%s: %s, want %d", name, got, test.want)
		}
	}
}

func TestAScoreIsTold(t *testing.T) {
	t.Parallel()
	want := "85 of 100: service 40, kind 15, region_or_metric 20, onset 10, citations 0"
	got := scoreOf(regional, citing(func(_ *evidence.Report, c *evidence.Cause) { c.Evidence = nil }), recordedIn(incident.Case{}))
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}
