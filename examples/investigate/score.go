package main

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

// score is how near a report comes to the truth, of 100.
type score struct {
	total int
	parts []part
}

type part struct {
	name   string
	points int
}

// String is "85 of 100: service 40, kind 0, ...".
func (s score) String() string {
	var names []string
	for _, p := range s.parts {
		names = append(names, fmt.Sprintf("%s %d", p.name, p.points))
	}
	return fmt.Sprintf("%d of 100: %s", s.total, strings.Join(names, ", "))
}

// The points of each part, how near an onset must be, and how long and how near a region of code may be.
const (
	firstPoints, amongPoints = 40, 20
	kindPoints               = 15
	regionPoints             = 20
	onsetPoints              = 10
	citationPoints           = 15

	nearOnset  = 90 * time.Second
	nearLines  = 5
	mostLines  = 60
	candidates = 3
)

// scoreOf rates a report by the rule of the recorded incidents: the service is first or among the first three, its kind,
// its code region or metric, its onset, and whether all that the first cause cites is there. Where the truth names
// neither region nor metric the rest counts as 100. A control gives all or nothing.
func scoreOf(truth incident.Truth, report evidence.Report, recorded recorded) score {
	if truth.Control() {
		return whole(part{"control", points(report.Verdict == evidence.NoFault, 100)})
	}
	if report.Verdict != evidence.Fault {
		return whole(part{"verdict " + string(report.Verdict), 0})
	}
	mine := causeOf(report.Causes, truth.Service)
	parts := []part{
		{"service", servicePoints(report.Causes, truth.Service)},
		{"kind", points(mine != nil && string(mine.Kind) == truth.Kind, kindPoints)},
	}
	if truth.Region != "" {
		parts = append(parts, part{"region_or_metric", points(mine != nil && pointsAt(*mine, truth), regionPoints)})
	}
	near := mine != nil && !mine.Onset.IsZero() && mine.Onset.Sub(truth.Onset).Abs() <= nearOnset
	return whole(append(parts, part{"onset", points(near, onsetPoints)},
		part{"citations", points(recorded.holds(report), citationPoints)})...)
}

// whole adds the parts up, as of 100.
func whole(parts ...part) score {
	sum, most := 0, 100
	region := false
	for _, p := range parts {
		sum += p.points
		region = region || p.name == "region_or_metric"
	}
	if len(parts) > 1 && !region {
		most -= regionPoints
	}
	return score{total: int(math.RoundToEven(float64(sum) * 100 / float64(most))), parts: parts}
}

func points(won bool, n int) int {
	if won {
		return n
	}
	return 0
}

// causeOf is the first cause among the first three that names the service.
func causeOf(causes []evidence.Cause, service string) *evidence.Cause {
	for i := range causes[:min(len(causes), candidates)] {
		if causes[i].Service == service {
			return &causes[i]
		}
	}
	return nil
}

func servicePoints(causes []evidence.Cause, service string) int {
	switch {
	case len(causes) > 0 && causes[0].Service == service:
		return firstPoints
	case causeOf(causes, service) != nil:
		return amongPoints
	}
	return 0
}

var notWord = regexp.MustCompile(`\W`)

// pointsAt reports whether the cause names the lines of the truth, or its metric: the truth says NetworkP90(ms) where
// the files hold latency percentiles of client and server.
func pointsAt(cause evidence.Cause, truth incident.Truth) bool {
	class, lines := truth.Lines()
	if len(lines) > 0 {
		for _, region := range cause.Code {
			if strings.Contains(region.Symbol+" "+region.File, class) && covers(region.Lines, lines) {
				return true
			}
		}
		return false
	}
	metric := strings.ToLower(notWord.ReplaceAllString(cause.Metric, ""))
	if strings.Contains(truth.Region, "Network") {
		return strings.Contains(metric, "latency")
	}
	return strings.HasPrefix(metric, "cpuusage")
}

// covers reports whether one of the lines is in the region or near it. A region that is too long proves nothing.
func covers(region [2]int, lines []int) bool {
	from, to := region[0], max(region[0], region[1])
	for _, n := range lines {
		if to-from <= mostLines && from-nearLines <= n && n <= to+nearLines {
			return true
		}
	}
	return false
}

// recorded is what can be cited of a case.
type recorded struct {
	traces, spans, metrics, pods map[string]bool
	nanos                        map[int64]bool
}

func recordedIn(c incident.Case) recorded {
	r := recorded{
		traces: map[string]bool{}, spans: map[string]bool{}, metrics: map[string]bool{}, pods: map[string]bool{},
		nanos: map[int64]bool{},
	}
	for _, l := range c.Logs {
		r.traces[l.TraceID], r.spans[l.SpanID], r.nanos[l.Time.UnixNano()] = true, true, true
	}
	for _, s := range c.Spans {
		r.traces[s.TraceID], r.spans[s.SpanID] = true, true
	}
	for _, p := range c.Metrics {
		r.metrics[p.Metric] = true
		if pod := p.Labels[incident.PodKey]; pod != "" {
			r.pods[pod] = true
		} else {
			r.pods[p.Labels[incident.ServiceKey]] = true
		}
	}
	return r
}

// holds reports whether everything that the first cause cites is listed and recorded. A cause that cites nothing proves
// nothing.
func (r recorded) holds(report evidence.Report) bool {
	if len(report.Causes) == 0 || len(report.Causes[0].Evidence) == 0 {
		return false
	}
	listed := map[string]evidence.Item{}
	for _, item := range report.Evidence {
		listed[item.ID] = item
	}
	for _, id := range report.Causes[0].Evidence {
		if item, ok := listed[id]; !ok || !r.has(item.Ref) {
			return false
		}
	}
	return true
}

func (r recorded) has(ref evidence.Ref) bool {
	switch {
	case ref.TraceID != "" || ref.SpanID != "":
		return (ref.TraceID == "" || r.traces[ref.TraceID]) && (ref.SpanID == "" || r.spans[ref.SpanID])
	case ref.Metric != "":
		return r.metrics[ref.Metric] && (ref.Pod == "" || r.pods[ref.Pod])
	}
	return ref.TimeUnixNano != 0 && r.nanos[ref.TimeUnixNano]
}
