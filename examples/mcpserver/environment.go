package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/trino"
)

// variables show that a source is meant to be served, by how they begin. Those of GitHub are spelled out, for its runners
// set others that begin with GITHUB_.
var variables = map[string][]string{
	"clickhouse": {"CLICKHOUSE_", "SIGNOZ_CLICKHOUSE_"},
	"redshift":   {"REDSHIFT_"},
	"trino":      {"TRINO_"},
	"athena":     {"ATHENA_"},
	"github":     {"GITHUB_TOKEN", "GITHUB_APP_", "GITHUB_BASE_URL", "GITHUB_REPOSITORIES"},
	"graph":      {"NEO4J_"},
	"jira":       {"JIRA_"},
	"confluence": {"CONFLUENCE_"},
	"tracking":   {"FK_API_", "TRACKING_API_BASE_URL"},
	"company":    {"COMPANY_API_BASE_URL"},
	"llm":        {"LLM_PROVIDER", "ANTHROPIC_API_KEY", "ANTHROPIC_MODEL", "AZURE_OPENAI_"},
}

// configsFromEnv are the settings of the sources that the environment names, and the names of those that it does not, each
// with the variables that would. Every missing or wrong variable is reported at once.
func configsFromEnv(ctx context.Context, env map[string]string) (configs, []string, error) {
	var c configs
	err := errors.Join(
		configured(ctx, env, "clickhouse", &c.clickhouse, clickhouse.ConfigFromEnv),
		configured(ctx, env, "redshift", &c.redshift, redshift.ConfigFromEnv),
		configured(ctx, env, "trino", &c.trino, trino.ConfigFromEnv),
		configured(ctx, env, "athena", &c.athena, athena.ConfigFromEnv),
		configured(ctx, env, "github", &c.github, github.ConfigFromEnv),
		configured(ctx, env, "graph", &c.graph, graph.ConfigFromEnv),
		configured(ctx, env, "jira", &c.jira, jira.ConfigFromEnv),
		configured(ctx, env, "confluence", &c.confluence, confluence.ConfigFromEnv),
		c.apis(ctx, env),
		configured(ctx, env, "llm", &c.llm, llm.ConfigFromEnv),
	)
	absent := absentFrom(env)
	if err == nil && len(absent) == len(variables) {
		err = errors.New("-live needs a source; set CLICKHOUSE_HOST, JIRA_SERVER or those of another, see -h; " +
			"without -live there is a demo")
	}
	return c, absent, err
}

// configured reads the settings of a source, where one of its variables is set.
func configured[Config any](ctx context.Context, env map[string]string, name string, into **Config,
	read func(context.Context, ...base.EnvOption) (Config, error),
) error {
	if !command.AnyOf(env, variables[name]) {
		return nil
	}
	c, err := read(ctx, base.EnvMap(env))
	*into = &c
	return err
}

// apis are the Tracking API and the Company API, which share their credentials: they are read once, so that what is wrong
// with them is said once.
func (c *configs) apis(ctx context.Context, env map[string]string) error {
	tracking, company := command.AnyOf(env, variables["tracking"]), command.AnyOf(env, variables["company"])
	if !tracking && !company {
		return nil
	}
	both, err := fkapi.ConfigFromEnv(ctx, base.EnvMap(env))
	if tracking {
		c.tracking = &both
	}
	if company {
		c.company = &both
	}
	return err
}

// absentFrom names the sources of which no variable is set.
func absentFrom(env map[string]string) []string {
	var absent []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if command.AnyOf(env, variables[name]) {
			continue
		}
		var shown []string
		for _, v := range variables[name] {
			if strings.HasSuffix(v, "_") {
				v += "..."
			}
			shown = append(shown, v)
		}
		absent = append(absent, name+": not served, none of "+strings.Join(shown, ", ")+" is set")
	}
	return absent
}
