package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/trino"
)

// The variables that show that a source is meant to be asked, by how they begin.
var (
	apiVariables        = []string{"FK_API_", "TRACKING_API_BASE_URL", "COMPANY_API_BASE_URL"}
	clickhouseVariables = []string{"CLICKHOUSE_", "SIGNOZ_CLICKHOUSE_"}
	trinoVariables      = []string{"TRINO_"}
	athenaVariables     = []string{"ATHENA_"}
	graphVariables      = []string{"NEO4J_"}
)

// withoutGraph is the line of a report for which there was no code graph, whether or not a cause names a place in the code.
const withoutGraph = "code: the method at a place in the code, and what calls it: not asked, NEO4J_URI is not set"

// investigateLoad asks the real services why a load is stuck.
func (s settings) investigateLoad(ctx context.Context, env map[string]string, p *progress) (result, error) {
	c, err := clientsFromEnv(ctx, env)
	if err != nil {
		return result{}, command.UsageError{Err: err}
	}
	defer c.close()
	c.absent(p)
	question := evidence.StuckLoadQuestion{TrackingID: s.Load, Progress: p.source}
	report, err := evidence.StuckLoad(ctx, question, c.sources())
	if err != nil {
		return result{}, err
	}
	if c.graph == nil {
		report.NotSeen = append(slices.DeleteFunc(report.NotSeen, func(text string) bool { return strings.HasPrefix(text, "code: ") }), withoutGraph)
	}
	report.Report = normal(report.Report)
	return result{json: report, markdown: loadDocument(nil, report)}, context.Cause(ctx)
}

// absent tells of the sources that the environment does not name.
func (c *clients) absent(p *progress) {
	if c.tracking == nil {
		p.Say("Tracking API and Company API: not asked, FK_API_APP_ID and the like are not set")
	}
	if c.clickhouse == nil {
		p.Say("ClickHouse: not asked, CLICKHOUSE_HOST is not set")
	}
	if c.trino == nil && c.athena == nil {
		p.Say("history of logs: not asked, TRINO_HOST and ATHENA_OUTPUT_LOCATION are not set")
	}
	if c.graph == nil {
		p.Say("code graph: not asked, NEO4J_URI is not set")
	}
}

// clientsFromEnv makes clients of the sources that the environment names. Every missing or wrong variable is reported at
// once.
func clientsFromEnv(ctx context.Context, env map[string]string) (*clients, error) {
	var c configs
	err := errors.Join(
		configured(ctx, env, &c.api, apiVariables, apiFromEnv),
		configured(ctx, env, &c.clickhouse, clickhouseVariables, clickhouse.ConfigFromEnv),
		configured(ctx, env, &c.trino, trinoVariables, trino.ConfigFromEnv),
		configured(ctx, env, &c.athena, athenaVariables, athena.ConfigFromEnv),
		configured(ctx, env, &c.graph, graphVariables, graph.ConfigFromEnv),
	)
	switch {
	case err != nil:
		return nil, err
	case c.api == nil && c.clickhouse == nil && c.trino == nil && c.athena == nil:
		return nil, errors.New("-load needs a source that knows of loads; set FK_API_APP_ID, FK_API_SECRET, TRACKING_API_BASE_URL and " +
			"COMPANY_API_BASE_URL, or CLICKHOUSE_HOST, or TRINO_HOST, or ATHENA_OUTPUT_LOCATION, or several of them")
	}
	return c.clients(ctx)
}

// configured reads the settings of a source, where one of its variables is set.
func configured[Config any](ctx context.Context, env map[string]string, into **Config, variables []string,
	read func(context.Context, ...base.EnvOption) (Config, error),
) error {
	if !command.AnyOf(env, variables) {
		return nil
	}
	c, err := read(ctx, base.EnvMap(env))
	*into = &c
	return err
}

// apiFromEnv wants the addresses of both services: a load is looked up in one, its relationship in the other.
func apiFromEnv(ctx context.Context, env ...base.EnvOption) (fkapi.Config, error) {
	config, err := fkapi.ConfigFromEnv(ctx, env...)
	for _, name := range []string{"TRACKING_API_BASE_URL", "COMPANY_API_BASE_URL"} {
		var address string
		if wrong := base.LoadEnv(ctx, env, base.EnvString(&address, name).Required()); wrong != nil {
			err = errors.Join(err, wrong)
		}
	}
	return config, err
}
