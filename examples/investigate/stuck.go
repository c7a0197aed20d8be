package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/markdown"
)

// investigateTicket goes from the ticket of the embedded scenario to what is wrong.
func investigateTicket(ctx context.Context, p *progress) (result, error) {
	p.Tell(demo + " Nothing outside of this program is asked. For a real load: -load TRACKING_ID, see -h.")
	s, err := loadScenario()
	if err != nil {
		return result{}, err
	}
	t, err := readTicket(s.Ticket)
	if err != nil {
		return result{}, err
	}
	p.Say("ticket: load %s, tracking id %s, sent %s", t.LoadNumber, t.TrackingID, markdown.Instant(t.Sent))
	st, err := s.start()
	if err != nil {
		return result{}, err
	}
	defer st.close()
	clients, err := st.clients(ctx)
	if err != nil {
		return result{}, err
	}
	defer clients.close()
	question := evidence.StuckLoadQuestion{TrackingID: t.TrackingID, Now: t.Sent, Progress: p.source}
	sources := clients.sources()
	sources.Code = s.Code
	report, err := evidence.StuckLoad(ctx, question, sources)
	if err != nil {
		return result{}, err
	}
	if known := report.Load; known != nil && t.LoadNumber != "" && known.Value.LoadNumber != t.LoadNumber {
		report.NotSeen = append(report.NotSeen, fmt.Sprintf("load number %s, which the ticket also names: the load with its tracking id has the number %q",
			t.LoadNumber, known.Value.LoadNumber))
	}
	report.Report = normal(report.Report)
	return result{json: demoReport{report, demo}, markdown: loadDocument(&t, report)}, context.Cause(ctx)
}

// demoReport is a report that says in its JSON form too that nothing of it is real.
type demoReport struct {
	evidence.StuckLoadReport
	Demo string `json:"demo"`
}

// clients are real clients, of the servers in process or of those that the environment names. What was not made is nil.
type clients struct {
	clickhouse *clickhouse.Client
	tracking   *fkapi.TrackingClient
	company    *fkapi.CompanyClient
}

func (s *stage) clients(ctx context.Context) (*clients, error) {
	var c clients
	var problems [3]error
	c.clickhouse, problems[0] = clickhouse.New(ctx, clickhouse.Config{Addresses: []string{s.clickhouse.Addr()}})
	c.tracking, problems[1] = fkapi.NewTracking(ctx, s.api.Config())
	c.company, problems[2] = fkapi.NewCompany(ctx, s.api.Config())
	if err := errors.Join(problems[:]...); err != nil {
		c.close()
		return nil, err
	}
	return &c, nil
}

func (c *clients) close() {
	if c.clickhouse != nil {
		_ = c.clickhouse.Close()
	}
	if c.tracking != nil {
		_ = c.tracking.Close()
	}
	if c.company != nil {
		_ = c.company.Close()
	}
}

func (c *clients) sources() evidence.Sources {
	var s evidence.Sources
	if c.clickhouse != nil {
		s.Logs, s.Traces = c.clickhouse, c.clickhouse
	}
	if c.tracking != nil {
		s.Loads = []evidence.LoadSource{c.tracking}
	}
	if c.company != nil {
		s.Networks = []evidence.NetworkSource{c.company}
	}
	return s
}
