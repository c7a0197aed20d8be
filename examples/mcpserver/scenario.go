package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/confluence/confluencetest"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/github/githubtest"
	"github.com/fourkites/sources/graph/graphtest"
	"github.com/fourkites/sources/jira/jiratest"
	"github.com/fourkites/sources/redshift/redshifttest"
	"github.com/fourkites/sources/trino/trinotest"
)

// What the demo is about: the assignments of trucks to loads fail since a version of load-intake-service was deployed.
const (
	demoKey     = "OPS-482"
	demoLoad    = "482913377"
	demoNumber  = "LPX20417735"
	demoTrace   = "4bf92f3577b34da6a3ce929d0e0e4736"
	demoRepo    = "acme/load-intake"
	demoService = "load-intake-service"
	demoShipper = "acme-foods"
	demoCarrier = "demo-lines"
	demoFile    = "assign_0114.csv"
)

// stage is the incident on its servers, in process.
type stage struct {
	failed time.Time // since when assignments fail

	clickhouse *clickhousetest.Server
	redshift   *redshifttest.Server
	trino      *trinotest.Server
	athena     *athenatest.Server
	github     *githubtest.Server
	graph      *graphtest.Server
	jira       *jiratest.Server
	confluence *confluencetest.Server
	api        *fkapitest.Server
}

// start starts the servers and fills them; the incident began two hours before now.
func start(now time.Time) (*stage, error) {
	s := &stage{
		failed:     now.Add(-2 * time.Hour).UTC().Truncate(time.Minute),
		clickhouse: clickhousetest.NewServer(), redshift: redshifttest.NewServer(), trino: trinotest.NewServer(), athena: athenatest.NewServer(),
		github: githubtest.NewServer(), graph: graphtest.NewServer(), jira: jiratest.NewServer(), confluence: confluencetest.NewServer(),
		api: fkapitest.NewServer(),
	}
	err := errors.Join(s.clickhouse.Err(), s.redshift.Err(), s.trino.Err(), s.athena.Err(), s.github.Err(), s.graph.Err(), s.jira.Err(),
		s.confluence.Err(), s.api.Err())
	if err != nil {
		s.close()
		return nil, base.NewError(base.KindUnavailable, err).WithText("the servers in process cannot listen: " + err.Error())
	}
	s.fillTelemetry()
	s.fillLoads()
	s.fillWarehouse()
	s.fillHistory()
	s.fillTickets()
	s.fillPages()
	s.fillCode()
	if err := s.graph.Load([]byte(demoGraph)); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) close() {
	for _, server := range []interface{ Close() }{
		s.clickhouse, s.redshift, s.trino, s.athena, s.github, s.graph, s.jira, s.confluence, s.api,
	} {
		server.Close()
	}
}

// clients are those of the servers.
func (s *stage) clients(ctx context.Context, writes bool) (*clients, error) {
	store, loads, lake, older := s.clickhouse.Config(), s.redshift.Config(), s.trino.Config(), s.athena.Config()
	code, calls, tickets, pages, api := s.github.Config(), s.graph.Config(), s.jira.Config(), s.confluence.Config(), s.api.Config()
	older.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey)
	tickets.AllowWrites = writes
	return configs{
		clickhouse: &store, redshift: &loads, trino: &lake, athena: &older, github: &code, graph: &calls, jira: &tickets, confluence: &pages,
		tracking: &api, company: &api,
	}.clients(ctx)
}

// told is what a reader of the demo has to know to ask about it.
func (s *stage) told() string {
	return fmt.Sprintf("Demo: everything in it is made up. Ticket %s tells of load %s (%s), whose truck is not known; one of the calls that "+
		"fail has trace %s and correlation id %s. Look at %s in %s from %s to %s.", demoKey, demoLoad, demoNumber, demoTrace,
		correlationOf(demoLoad), demoService, demoRepo,
		s.failed.Add(-time.Hour).Format(time.RFC3339), s.failed.Add(time.Hour).Format(time.RFC3339))
}
