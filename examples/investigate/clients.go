package main

import (
	"context"
	"errors"
	"io"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/trino"
)

// configs are the settings of those clients that are to be made.
type configs struct {
	api        *fkapi.Config
	clickhouse *clickhouse.Config
	trino      *trino.Config
	athena     *athena.Config
	graph      *graph.Config
}

// clients are real clients, of the servers in process or of those that the environment names. What was not made is nil.
type clients struct {
	clickhouse *clickhouse.Client
	tracking   *fkapi.TrackingClient
	company    *fkapi.CompanyClient
	trino      *trino.Client
	athena     *athena.Client
	graph      *graph.Client

	made []io.Closer
}

// clients makes those that are set. Every problem is reported at once.
func (c configs) clients(ctx context.Context) (*clients, error) {
	var all clients
	err := errors.Join(
		made(ctx, &all, &all.tracking, c.api, fkapi.NewTracking),
		made(ctx, &all, &all.company, c.api, fkapi.NewCompany),
		made(ctx, &all, &all.clickhouse, c.clickhouse, clickhouse.New),
		made(ctx, &all, &all.trino, c.trino, trino.New),
		made(ctx, &all, &all.athena, c.athena, athena.New),
		made(ctx, &all, &all.graph, c.graph, graph.New),
	)
	if err != nil {
		all.close()
		return nil, err
	}
	return &all, nil
}

// made makes one client, where there are settings of it.
func made[Config, Client any, P interface {
	*Client
	io.Closer
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

func (c *clients) close() {
	for _, client := range c.made {
		_ = client.Close()
	}
}

func (c *clients) sources() evidence.Sources {
	s := evidence.Sources{Logs: c.logs()}
	if c.clickhouse != nil {
		s.Traces = c.clickhouse
	}
	if c.tracking != nil {
		s.Loads = []evidence.LoadSource{c.tracking}
	}
	if c.company != nil {
		s.Networks = []evidence.NetworkSource{c.company}
	}
	if c.graph != nil {
		s.Code = c.graph
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
