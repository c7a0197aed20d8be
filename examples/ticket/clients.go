package main

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/jira"
)

// The variables that show that a source is meant to be asked, by how they begin.
var (
	jiraVariables       = []string{"JIRA_"}
	confluenceVariables = []string{"CONFLUENCE_"}
	githubVariables     = []string{"GITHUB_"}
	apiVariables        = []string{"FK_API_", "TRACKING_API_BASE_URL"}
	clickhouseVariables = []string{"CLICKHOUSE_"}
)

// clients are real clients, of the servers in process or of those that the environment names. All but jira may be nil.
type clients struct {
	jira       *jira.Client
	confluence *confluence.Client
	github     *github.Client
	tracking   *fkapi.TrackingClient
	logs       logs.Source

	repositories []string // where code is looked for, and what was deployed
	made         []base.Client
}

// add makes one client where there are settings for it, and writes down what is wrong.
func add[C any, T base.Client](ctx context.Context, c *clients, to *T, config *C, make func(context.Context, C, ...base.Option) (T, error), problems *[]error) {
	if config == nil {
		return
	}
	client, err := make(ctx, *config)
	if err != nil {
		*problems = append(*problems, err)
		return
	}
	*to = client
	c.made = append(c.made, client)
}

// wanted are the settings of a source whose variables are there; nil = nobody set it.
func wanted[C any](ctx context.Context, env map[string]string, variables []string, read func(context.Context, ...base.EnvOption) (C, error), problems *[]error) *C {
	if !command.AnyOf(env, variables) {
		return nil
	}
	config, err := read(ctx, base.EnvMap(env))
	if err != nil {
		*problems = append(*problems, err)
		return nil
	}
	return &config
}

// configs are the settings of those clients that are to be made.
type configs struct {
	jira       *jira.Config
	confluence *confluence.Config
	github     *github.Config
	tracking   *fkapi.Config
	clickhouse *clickhouse.Config
}

// clientsFromEnv makes clients of the sources that the environment names. Every missing or wrong variable is reported at
// once.
func clientsFromEnv(ctx context.Context, env map[string]string) (*clients, error) {
	if !command.AnyOf(env, jiraVariables) {
		return nil, errors.New("-issue needs Jira; set JIRA_SERVER, JIRA_EMAIL and JIRA_API_TOKEN")
	}
	var problems []error
	c := configs{
		jira:       wanted(ctx, env, jiraVariables, jira.ConfigFromEnv, &problems),
		confluence: wanted(ctx, env, confluenceVariables, confluence.ConfigFromEnv, &problems),
		github:     wanted(ctx, env, githubVariables, github.ConfigFromEnv, &problems),
		tracking:   wanted(ctx, env, apiVariables, fkapi.ConfigFromEnv, &problems),
		clickhouse: wanted(ctx, env, clickhouseVariables, clickhouse.ConfigFromEnv, &problems),
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return c.clients(ctx, document.SplitList(env["TICKET_REPOSITORIES"]))
}

// clients makes those that are set. Every problem is reported at once.
func (c configs) clients(ctx context.Context, repositories []string) (*clients, error) {
	made := &clients{repositories: repositories}
	var problems []error
	var store *clickhouse.Client
	add(ctx, made, &made.jira, c.jira, jira.New, &problems)
	add(ctx, made, &made.confluence, c.confluence, confluence.New, &problems)
	add(ctx, made, &made.github, c.github, github.New, &problems)
	add(ctx, made, &made.tracking, c.tracking, fkapi.NewTracking, &problems)
	add(ctx, made, &store, c.clickhouse, clickhouse.New, &problems)
	if store != nil {
		made.logs = store
	}
	if err := errors.Join(problems...); err != nil {
		made.close()
		return nil, err
	}
	return made, nil
}

func (c *clients) close() {
	for _, one := range c.made {
		_ = one.Close()
	}
}
