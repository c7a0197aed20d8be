package main

import (
	"fmt"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
)

// minute is one assignment of a truck to a load, as one comes each minute: an hour of them is well, an hour is not.
type minute struct {
	at     time.Time
	failed bool
	load   string
	trace  string
	truck  int
}

const demoMinutes = 60 // before it, and as many after

func (s *stage) minutes() []minute {
	var all []minute
	for n := range 2 * demoMinutes {
		m := minute{
			at: s.failed.Add(time.Duration(n-demoMinutes)*time.Minute + 7*time.Second), failed: n >= demoMinutes,
			load: fmt.Sprint(482913000 + n), trace: fmt.Sprintf("5e0c1d7a%024x", n+1), truck: 300 + n,
		}
		if n == demoMinutes+1 {
			m.load, m.trace = demoLoad, demoTrace
		}
		all = append(all, m)
	}
	return all
}

func (s *stage) fillTelemetry() {
	for _, m := range s.minutes() {
		s.clickhouse.InsertSpans(m.spans()...)
		s.clickhouse.Insert(m.lines()...)
		s.clickhouse.InsertMetrics(m.points()...)
	}
	s.clickhouse.Insert(line(s.failed.Add(-time.Minute), demoService, logs.SeverityInfo, demoService+" started, version 2.4.0"))
}

func resources(service string) map[string]string {
	return map[string]string{"k8s.pod.name": service + "-6c9f7d4b58-h2x9q", "deployment.environment": "production"}
}

func line(at time.Time, service string, severity logs.Severity, body string) logs.Record {
	return logs.Record{Time: at, Service: service, Severity: severity, SeverityText: severity.String(), Body: body, Resources: resources(service)}
}

// The spans of each minute's trace.
const (
	reader = "00f067aa0ba902b7" // of carrier-files
	taker  = "00f067aa0ba902b8" // of demoService
)

func (m minute) spans() []traces.Span {
	read := traces.Span{
		TraceID: m.trace, SpanID: reader, Service: "carrier-files", Name: "process record", Kind: "Consumer", Start: m.at, Duration: 55 * time.Millisecond,
		Attributes: map[string]any{"tracking_id": m.load}, Resources: resources("carrier-files"),
	}
	take := traces.Span{
		TraceID: m.trace, SpanID: taker, ParentID: reader, Service: demoService, Name: "POST /assignments", Kind: "Server",
		Start: m.at.Add(5 * time.Millisecond), Duration: 40 * time.Millisecond, Resources: resources(demoService),
		Attributes: map[string]any{"tracking_id": m.load, "http.response.status_code": float64(201)},
	}
	if m.failed {
		take.Failed, take.StatusMessage, take.Attributes["http.response.status_code"] = true, "NullPointerException: stops", float64(500)
		read.Failed, read.StatusMessage = true, "POST /assignments answered 500"
	}
	return []traces.Span{read, take}
}

// correlationOf is the id that services pass on for the assignment of a load.
func correlationOf(load string) string { return "assign-" + load }

func (m minute) lines() []logs.Record {
	lines := []logs.Record{
		line(m.at, "carrier-files", logs.SeverityInfo, fmt.Sprintf("record of %s names load %s, truck %d", demoFile, m.load, m.truck)),
		line(m.at.Add(6*time.Millisecond), demoService, logs.SeverityInfo, "taking the assignment of load "+m.load),
	}
	if m.failed {
		lines = append(lines,
			line(m.at.Add(20*time.Millisecond), demoService, logs.SeverityError, "load "+m.load+" got no truck: NullPointerException: stops at StopCheck.check:7"),
			line(m.at.Add(50*time.Millisecond), "carrier-files", logs.SeverityWarn, fmt.Sprintf("load %s: POST /assignments answered 500", m.load)))
	} else {
		lines = append(lines, line(m.at.Add(20*time.Millisecond), demoService, logs.SeverityInfo, fmt.Sprintf("load %s: truck %d assigned", m.load, m.truck)))
	}
	for i := range lines {
		lines[i].TraceID, lines[i].SpanID = m.trace, taker
		if lines[i].Service != demoService {
			lines[i].SpanID = reader
		}
		lines[i].Attributes = map[string]any{"tracking_id": m.load, "correlation_id": correlationOf(m.load)}
	}
	return lines
}

func (m minute) points() []metrics.Point {
	errors := 0.0
	if m.failed {
		errors = 1
	}
	labels := resources(demoService)
	labels["service.name"] = demoService
	return []metrics.Point{{Time: m.at, Metric: "http_server_errors", Labels: labels, Value: errors}}
}
