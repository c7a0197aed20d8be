package main

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/command"
)

// The variables that show that a source is meant to be asked, by how they begin.
var (
	apiVariables        = []string{"FK_API_", "TRACKING_API_BASE_URL", "COMPANY_API_BASE_URL"}
	clickhouseVariables = []string{"CLICKHOUSE_", "SIGNOZ_CLICKHOUSE_"}
)

// investigateLoad asks the real services why a load is stuck.
func (s settings) investigateLoad(ctx context.Context, env map[string]string, p *progress) (result, error) {
	c, err := clientsFromEnv(ctx, env)
	if err != nil {
		return result{}, command.UsageError{Err: err}
	}
	defer c.close()
	if c.tracking == nil {
		p.Say("Tracking API and Company API: not asked, FK_API_APP_ID and the like are not set")
	}
	if c.clickhouse == nil {
		p.Say("ClickHouse: not asked, CLICKHOUSE_HOST is not set")
	}
	question := evidence.StuckLoadQuestion{TrackingID: s.Load, Progress: p.source}
	report, err := evidence.StuckLoad(ctx, question, c.sources())
	if err != nil {
		return result{}, err
	}
	report.Report = normal(report.Report)
	return result{json: report, markdown: loadDocument(nil, report)}, context.Cause(ctx)
}

// clientsFromEnv makes clients of the sources that the environment names. Every missing or wrong variable is reported at
// once.
func clientsFromEnv(ctx context.Context, env map[string]string) (*clients, error) {
	withAPI, withClickHouse := command.AnyOf(env, apiVariables), command.AnyOf(env, clickhouseVariables)
	if !withAPI && !withClickHouse {
		return nil, errors.New("-load needs a source; set FK_API_APP_ID, FK_API_SECRET, TRACKING_API_BASE_URL and COMPANY_API_BASE_URL, " +
			"or CLICKHOUSE_HOST, or all of them")
	}
	var (
		api      fkapi.Config
		click    clickhouse.Config
		problems [2]error
	)
	if withAPI {
		api, problems[0] = apiFromEnv(ctx, env)
	}
	if withClickHouse {
		click, problems[1] = clickhouse.ConfigFromEnv(ctx, base.EnvMap(env))
	}
	if err := errors.Join(problems[:]...); err != nil {
		return nil, err
	}
	var c clients
	if withAPI {
		c.tracking, problems[0] = fkapi.NewTracking(ctx, api)
		c.company, problems[1] = fkapi.NewCompany(ctx, api)
	}
	var err error
	if withClickHouse {
		c.clickhouse, err = clickhouse.New(ctx, click)
	}
	if err := errors.Join(problems[0], problems[1], err); err != nil {
		c.close()
		return nil, err
	}
	return &c, nil
}

// apiFromEnv wants the addresses of both services: a load is looked up in one, its relationship in the other.
func apiFromEnv(ctx context.Context, env map[string]string) (fkapi.Config, error) {
	config, err := fkapi.ConfigFromEnv(ctx, base.EnvMap(env))
	for _, name := range []string{"TRACKING_API_BASE_URL", "COMPANY_API_BASE_URL"} {
		if env[name] == "" {
			err = errors.Join(err, &base.EnvError{Variable: name, Problem: "missing"})
		}
	}
	return config, err
}
