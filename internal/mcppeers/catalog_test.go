package mcppeers_test

import (
	"context"
	"errors"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
	"github.com/fourkites/sources/mcp"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// issueKey is the key of the one issue in the fake Jira.
const issueKey = "OPS-1"

// catalog is every source of the house on its fake, and the questions of evidence over them.
type catalog struct {
	boxes    []mcp.Toolbox
	problems []error
	closers  []func()
}

func newCatalog(ctx context.Context) (*catalog, error) {
	c := &catalog{}
	store, site := clickhousetest.NewServer(), jiratest.NewServer()
	store.Insert(logs.Record{Time: time.Now().Add(-time.Minute), Service: "checkout", Body: "payment refused"})
	site.AddIssue(jira.Issue{Key: issueKey, Summary: "payments are refused"})

	c.add(open(ctx, c, store, clickhouse.New))
	c.add(open(ctx, c, site, jira.New))
	c.add(open(ctx, c, redshifttest.NewServer(), redshift.New))
	c.add(open(ctx, c, trinotest.NewServer(), trino.New))
	c.add(open(ctx, c, athenatest.NewServer(), athena.New))
	c.add(open(ctx, c, graphtest.NewServer(), graph.New))
	c.add(open(ctx, c, githubtest.NewServer(), github.New))
	c.add(open(ctx, c, confluencetest.NewServer(), confluence.New))
	c.add(open(ctx, c, fkapitest.NewServer(), fkapi.NewTracking))
	c.add(open(ctx, c, fkapitest.NewServer(), fkapi.NewCompany))
	c.add(open(ctx, c, llmtest.NewServer(), llm.New))

	var sources evidence.Sources
	for _, box := range c.boxes {
		if source, ok := box.(*clickhouse.Client); ok {
			sources.Logs, sources.Traces, sources.Metrics = source, source, source
		}
	}
	c.add(mcp.Group("evidence", sources.Tools(), sources.Aliases()))
	return c, errors.Join(c.problems...)
}

func (c *catalog) add(box mcp.Toolbox) { c.boxes = append(c.boxes, box) }

// tools is how many tools the endpoint of all has.
func (c *catalog) tools() int {
	n := 0
	for _, box := range c.boxes {
		n += len(box.Tools())
	}
	return n
}

// close ends the clients and then their servers.
func (c *catalog) close() {
	for _, end := range c.closers {
		defer end()
	}
}

// open makes the client of a fake.
func open[C any, T interface {
	mcp.Toolbox
	Close() error
}](ctx context.Context, c *catalog, server interface {
	Config() C
	Close()
}, connect func(context.Context, C, ...base.Option) (T, error),
) T {
	client, err := connect(ctx, server.Config())
	c.closers = append(c.closers, server.Close)
	if err != nil {
		c.problems = append(c.problems, err)
		return client
	}
	c.closers = append(c.closers, func() { _ = client.Close() })
	return client
}
