package mcp_test

import (
	"context"
	"testing"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/tool"
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

// house is every client of every source over a fake of it, as a program mounts them.
type house struct {
	boxes []mcp.Toolbox
	fakes map[string]func() int // by endpoint: what reached the fake, connections and requests
}

// client is what all of them are.
type client interface {
	mcp.Toolbox
	Close() error
}

// fake is the other side of a client.
type fake interface {
	Close()
	Connections() (open, total int)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{fakes: map[string]func() int{}}
	clickhouses, redshifts, trinos, athenas := clickhousetest.NewServer(), redshifttest.NewServer(), trinotest.NewServer(), athenatest.NewServer()
	githubs, graphs, jiras := githubtest.NewServer(), graphtest.NewServer(), jiratest.NewServer()
	confluences, apis, llms := confluencetest.NewServer(), fkapitest.NewServer(), llmtest.NewServer()
	keyed := athenas.Config()
	keyed.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey)
	live := join(t, h, clickhouses, func() int { return len(clickhouses.Requests()) }, clickhouses.Config(), clickhouse.New)
	join(t, h, redshifts, func() int { return len(redshifts.Requests()) }, redshifts.Config(), redshift.New)
	history := join(t, h, trinos, func() int { return len(trinos.Requests()) }, trinos.Config(), trino.New, trinos.Options()...)
	behind := join(t, h, athenas, func() int { return len(athenas.Requests()) }, keyed, athena.New)
	join(t, h, githubs, func() int { return len(githubs.Requests()) }, githubs.Config(), github.New)
	code := join(t, h, graphs, func() int { return len(graphs.Requests()) }, graphs.Config(), graph.New)
	tickets := join(t, h, jiras, func() int { return len(jiras.Requests()) }, jiras.Config(), jira.New)
	join(t, h, confluences, func() int { return len(confluences.Requests()) }, confluences.Config(), confluence.New)
	tracking := join(t, h, apis, func() int { return len(apis.Requests()) }, apis.Config(), fkapi.NewTracking, apis.Options()...)
	company := join(t, h, apis, func() int { return len(apis.Requests()) }, apis.Config(), fkapi.NewCompany, apis.Options()...)
	join(t, h, llms, func() int { return len(llms.Requests()) }, llms.Config(), llm.New)
	h.mountEvidence(evidence.Sources{
		Logs: evidence.LogsByAge(live, history, behind), Traces: live, Metrics: live, Loads: []evidence.LoadSource{tracking},
		Networks: []evidence.NetworkSource{company}, Code: code, Tickets: tickets,
	})
	return h
}

// join makes a client of the fake and mounts it.
func join[S fake, Config any, C client](
	t *testing.T, h *house, server S, requests func() int, config Config,
	make func(context.Context, Config, ...base.Option) (C, error), opts ...base.Option,
) C {
	t.Helper()
	t.Cleanup(server.Close)
	c, err := make(t.Context(), config, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	h.boxes = append(h.boxes, c)
	h.fakes[c.Name()] = func() int {
		_, connections := server.Connections()
		return connections + requests()
	}
	return c
}

// mountEvidence adds the questions of package evidence, and their older names to the endpoint that has had them.
func (h *house) mountEvidence(s evidence.Sources) {
	for i, box := range h.boxes {
		if box.Name() == "graph" {
			h.boxes[i] = mcp.Extend(box, s.Aliases()...)
		}
	}
	h.boxes = append(h.boxes, mcp.Group("evidence", s.Tools(), nil))
}

// reached is what has reached any of the fakes.
func (h *house) reached() int {
	n := 0
	for _, one := range h.fakes {
		n += one()
	}
	return n
}

// olderOf are the tools that a box has at its own endpoint alone.
func olderOf(box mcp.Toolbox) []tool.Tool {
	if a, ok := box.(interface{ Aliases() []tool.Tool }); ok {
		return a.Aliases()
	}
	return nil
}
