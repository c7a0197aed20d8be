package main

import (
	"context"
	"errors"
	"sync"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/evidence/warehouse"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/trino"
)

// configs are the settings of those clients that are to be made.
type configs struct {
	clickhouse *clickhouse.Config
	redshift   *redshift.Config
	trino      *trino.Config
	athena     *athena.Config
	github     *github.Config
	graph      *graph.Config
	jira       *jira.Config
	confluence *confluence.Config
	tracking   *fkapi.Config
	company    *fkapi.Config
	llm        *llm.Config
}

// source is what a server needs of each client.
type source interface {
	base.Client
	Tools() []tool.Tool
}

// clients are real clients, of the servers in process or of those that the environment names. What was not made is nil.
type clients struct {
	clickhouse *clickhouse.Client
	redshift   *redshift.Client
	trino      *trino.Client
	athena     *athena.Client
	github     *github.Client
	graph      *graph.Client
	jira       *jira.Client
	confluence *confluence.Client
	tracking   *fkapi.TrackingClient
	company    *fkapi.CompanyClient
	llm        *llm.Client

	made []source
}

// clients makes those that are set. Every problem is reported at once.
func (c configs) clients(ctx context.Context) (*clients, error) {
	var all clients
	err := errors.Join(
		made(ctx, &all, &all.clickhouse, c.clickhouse, clickhouse.New),
		made(ctx, &all, &all.redshift, c.redshift, redshift.New),
		made(ctx, &all, &all.trino, c.trino, trino.New),
		made(ctx, &all, &all.athena, c.athena, athena.New),
		made(ctx, &all, &all.github, c.github, github.New),
		made(ctx, &all, &all.graph, c.graph, graph.New),
		made(ctx, &all, &all.jira, c.jira, jira.New),
		made(ctx, &all, &all.confluence, c.confluence, confluence.New),
		made(ctx, &all, &all.tracking, c.tracking, fkapi.NewTracking),
		made(ctx, &all, &all.company, c.company, fkapi.NewCompany),
		made(ctx, &all, &all.llm, c.llm, llm.New),
	)
	if err != nil {
		return nil, errors.Join(err, all.close())
	}
	return &all, nil
}

// made makes one client, where there are settings of it.
func made[Config, Client any, P interface {
	*Client
	source
}](ctx context.Context, all *clients, into *P, c *Config, create func(context.Context, Config, ...base.Option) (P, error)) error {
	if c == nil {
		return nil
	}
	client, err := create(ctx, *c)
	if err != nil {
		return err
	}
	*into, all.made = client, append(all.made, client)
	return nil
}

// close ends all of them side by side, each of which takes twice base.CloseGrace at most.
func (c *clients) close() error {
	problems := make([]error, len(c.made))
	var running sync.WaitGroup
	for i, client := range c.made {
		running.Go(func() { problems[i] = client.Close() })
	}
	running.Wait()
	return errors.Join(problems...)
}

// sources are what the questions of evidence are asked of.
func (c *clients) sources() evidence.Sources {
	s := evidence.Sources{Logs: c.logs()}
	if c.clickhouse != nil {
		s.Traces, s.Metrics = c.clickhouse, c.clickhouse
	}
	if c.tracking != nil {
		s.Loads = append(s.Loads, c.tracking)
	}
	if c.redshift != nil {
		s.Loads = append(s.Loads, warehouse.Loads(c.redshift), warehouse.Validations(c.redshift))
	}
	if c.company != nil {
		s.Networks = append(s.Networks, c.company)
	}
	if c.graph != nil {
		s.Code = c.graph
	}
	if c.jira != nil {
		s.Tickets = c.jira
	}
	return s
}

// logs are those of ClickHouse, and where there is a store of history, logs of any age; nil where there is neither.
func (c *clients) logs() logs.Source {
	var live logs.Source
	if c.clickhouse != nil {
		live = c.clickhouse
	}
	var history []logs.Source
	if c.trino != nil {
		history = append(history, c.trino)
	}
	if c.athena != nil {
		history = append(history, c.athena)
	}
	if len(history) == 0 {
		return live
	}
	return evidence.LogsByAge(live, history...)
}
