package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/graph/graphtest"
)

//go:embed scenario
var scenarioFiles embed.FS

// scenario is the world that a run without arguments looks at: everything in it is made up.
type scenario struct {
	Ticket  string
	Logs    []logs.Record
	Spans   []traces.Span
	Network network
	Code    []byte // as graphtest loads it
}

// network is what the Tracking API and the Company API hold.
type network struct {
	Loads         []fkapi.Load                    `json:"loads"`
	Companies     []fkapi.Company                 `json:"companies"`
	Relationships map[string][]fkapi.Relationship `json:"relationships"`
}

// moment says when something happened, before or after the ticket was sent, and how often.
type moment struct {
	At    duration `json:"at"`
	Every duration `json:"every"`
	Times int      `json:"times"` // 0 = once
}

type duration time.Duration

// UnmarshalText reads a duration such as -1h30m.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// line is a log record of the scenario; span is a span.
type line struct {
	moment
	Service    string         `json:"service"`
	Severity   string         `json:"severity"`
	Body       string         `json:"body"`
	TraceID    string         `json:"trace_id"`
	SpanID     string         `json:"span_id"`
	Attributes map[string]any `json:"attributes"`
}

type span struct {
	moment
	traces.Span
	Took duration `json:"duration"`
}

// loadScenario reads the embedded files. Times in them are relative to the instant at which the ticket was sent.
func loadScenario() (scenario, error) {
	var s scenario
	text, err := scenarioFiles.ReadFile("scenario/ticket.txt")
	if err != nil {
		return s, err
	}
	s.Ticket = string(text)
	t, err := readTicket(s.Ticket)
	if err != nil {
		return s, err
	}
	raw, err := scenarioFiles.ReadFile("scenario/network.json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(raw, &s.Network); err != nil {
		return s, fmt.Errorf("scenario/network.json: %w", err)
	}
	if s.Code, err = scenarioFiles.ReadFile("scenario/code.json"); err != nil {
		return s, err
	}
	if err := eachLine("scenario/logs.jsonl", func(l line) { s.Logs = append(s.Logs, l.records(t.Sent)...) }); err != nil {
		return s, err
	}
	return s, eachLine("scenario/spans.jsonl", func(l span) { s.Spans = append(s.Spans, l.spans(t.Sent)...) })
}

// eachLine decodes the lines of an embedded file, one JSON object each.
func eachLine[T any](name string, use func(T)) error {
	text, err := scenarioFiles.ReadFile(name)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		use(v)
	}
	return lines.Err()
}

// instants are the times at which the moment comes round.
func (m moment) instants(from time.Time) []time.Time {
	all := make([]time.Time, 0, max(m.Times, 1))
	for n := range max(m.Times, 1) {
		all = append(all, from.Add(time.Duration(m.At)+time.Duration(n)*time.Duration(m.Every)))
	}
	return all
}

// numbered fills the places of a text that differ from one time to the next: the loads that are well, and a number.
func numbered(text string, n int) string {
	healthy := [...]struct{ load, truck string }{{"482913101", "311"}, {"482913246", "327"}}
	h := healthy[n%len(healthy)]
	return strings.NewReplacer("{load}", h.load, "{truck}", h.truck, "{n}", fmt.Sprint(n%7+1),
		"{nn}", fmt.Sprintf("%02d", n), "{nnn}", fmt.Sprintf("%03d", n), "{nnnn}", fmt.Sprintf("%04d", n)).Replace(text)
}

// resources are those of the one pod that each service of the scenario has.
func resources(service string) map[string]string {
	return map[string]string{"k8s.pod.name": service + "-6c9f7d4b58-h2x9q", "deployment.environment": "production"}
}

func (l line) records(from time.Time) []logs.Record {
	var all []logs.Record
	for n, at := range l.instants(from) {
		attributes := maps.Clone(l.Attributes)
		for k, v := range attributes {
			if text, ok := v.(string); ok {
				attributes[k] = numbered(text, n)
			}
		}
		all = append(all, logs.Record{
			Time: at, Service: l.Service, Severity: logs.ParseSeverity(l.Severity), SeverityText: l.Severity,
			Body: numbered(l.Body, n), TraceID: l.TraceID, SpanID: l.SpanID, Attributes: attributes, Resources: resources(l.Service),
		})
	}
	return all
}

func (s span) spans(from time.Time) []traces.Span {
	var all []traces.Span
	for n, at := range s.instants(from) {
		one := s.Span
		one.TraceID, one.SpanID = numbered(one.TraceID, n), numbered(one.SpanID, n)
		one.Start, one.Duration, one.Resources = at, time.Duration(s.Took), resources(s.Service)
		all = append(all, one)
	}
	return all
}

// stage is the scenario on its servers, in process.
type stage struct {
	clickhouse *clickhousetest.Server
	api        *fkapitest.Server
	graph      *graphtest.Server
}

func (s scenario) start() (*stage, error) {
	st := &stage{clickhouse: clickhousetest.NewServer(), api: fkapitest.NewServer()}
	err := cmp.Or(st.clickhouse.Err(), st.api.Err())
	if err != nil {
		err = unheard(err)
	} else {
		st.graph, err = serveCode(s.Code)
	}
	if err != nil {
		st.close()
		return nil, err
	}
	st.clickhouse.Insert(s.Logs...)
	st.clickhouse.InsertSpans(s.Spans...)
	st.api.AddLoad(s.Network.Loads...)
	st.api.AddCompany(s.Network.Companies...)
	for company, relationships := range s.Network.Relationships {
		st.api.AddRelationship(company, relationships...)
	}
	return st, nil
}

// clients are those of all servers of the stage.
func (s *stage) clients(ctx context.Context) (*clients, error) {
	api, code := s.api.Config(), s.graph.Config()
	return configs{api: &api, clickhouse: &clickhouse.Config{Addresses: []string{s.clickhouse.Addr()}}, graph: &code}.clients(ctx)
}

func (s *stage) close() {
	s.clickhouse.Close()
	s.api.Close()
	if s.graph != nil {
		s.graph.Close()
	}
}
