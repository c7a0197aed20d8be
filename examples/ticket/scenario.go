package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

// demo says that nothing of a report is real.
const demo = "Demo: the ticket, the load, the people and the code are made up."

// What the demo is about.
const (
	demoKey   = "OPS-482"
	demoLoad  = "482913377"
	demoTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	demoRepo  = "acme/load-intake"
)

// stage is the scenario on its servers.
type stage struct {
	jira       *jiratest.Server
	confluence *confluencetest.Server
	github     *githubtest.Server
	api        *fkapitest.Server
	clickhouse *clickhousetest.Server
}

// start starts the servers and fills them; the ticket was written an hour before now.
func start(now time.Time) (*stage, error) {
	s := &stage{jiratest.NewServer(), confluencetest.NewServer(), githubtest.NewServer(), fkapitest.NewServer(), clickhousetest.NewServer()}
	if err := errors.Join(s.jira.Err(), s.confluence.Err(), s.github.Err(), s.api.Err(), s.clickhouse.Err()); err != nil {
		s.close()
		return nil, err
	}
	failed := now.Add(-2 * time.Hour).UTC().Truncate(time.Minute)
	s.fillJira(failed)
	s.fillConfluence(failed)
	s.fillGitHub(failed)
	s.fillRest(failed)
	return s, nil
}

func (s *stage) close() {
	s.jira.Close()
	s.confluence.Close()
	s.github.Close()
	s.api.Close()
	s.clickhouse.Close()
}

func (s *stage) fillJira(failed time.Time) {
	reporter := jira.User{AccountID: "5b10:ann", Name: "Ann Example", TimeZone: "America/Chicago"}
	s.jira.AddIssue(jira.Issue{
		Key: demoKey, Project: "OPS", Type: "Bug", Status: "Open", StatusCategory: "To Do", Priority: "High", Summary: "Load is not created in production",
		Labels: []string{"rca"}, Reporter: reporter, Created: failed.Add(time.Hour), Updated: failed.Add(time.Hour),
		Description: fmt.Sprintf("The customer sends the load, and it is not created.\n\n- Tracking ID: %s\n- Service: load-intake-service\n- Since %s UTC\n\n"+
			"```java\njava.lang.NullPointerException: stops\n\tat com.acme.intake.StopCheck.check(StopCheck.java:7)\n"+
			"\tat com.acme.intake.Intake.take(Intake.java:5)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\n```",
			demoLoad, failed.Format("2006-01-02 15:04")),
	}, jira.Issue{
		Key: "OPS-301", Project: "OPS", Status: "Done", StatusCategory: "Done", Resolution: "Fixed", Summary: "Loads without stops are not created",
		Created: failed.AddDate(0, -1, 0),
	})
	s.jira.AddComment(demoKey, jira.Comment{Author: reporter, Body: "trace id " + demoTrace + ", they get HTTP 500", Created: failed.Add(70 * time.Minute)})
	s.jira.AddPullRequest(demoKey, "GitHub", jira.PullRequest{ID: "#1", Title: "Check stops before intake", Status: "MERGED", Repository: demoRepo})
}

func (s *stage) fillConfluence(failed time.Time) {
	s.confluence.AddPage(confluence.Page{
		Title: "load-intake-service runbook", Labels: []string{"runbook"}, Created: failed.AddDate(-1, 0, 0),
		Body: "# Load is not created\n\nLook for `StopCheck` in the log. A load without stops is refused by design since 2024.",
	})
	s.confluence.AddPage(confluence.Page{Title: "load-intake-service architecture", Body: "Takes loads from the queue.", Created: failed.AddDate(-1, 0, 0)})
}

func (s *stage) fillGitHub(failed time.Time) {
	const intake = "package com.acme.intake;\n\npublic class Intake {\n  void take(Load load) {\n    new StopCheck().check(load);\n  }\n}\n"
	first := s.github.AddCommit(demoRepo, githubtest.Push{
		Message: "Take loads", Author: "bob", At: failed.AddDate(0, -2, 0), Files: map[string]string{
			"src/com/acme/intake/Intake.java":    intake,
			"src/com/acme/intake/StopCheck.java": "package com.acme.intake;\n\nimport java.util.List;\n\npublic class StopCheck {\n  void check(Load load) {\n    if (load.stops() == null) return;\n  }\n}\n",
		},
	})
	second := s.github.AddCommit(demoRepo, githubtest.Push{
		Message: "Check stops before intake (#1)", Author: "bob", At: failed.Add(-5 * time.Hour), Files: map[string]string{
			"src/com/acme/intake/StopCheck.java": "package com.acme.intake;\n\nimport java.util.List;\n\npublic class StopCheck {\n  void check(Load load) {\n    for (Stop s : load.stops()) s.check();\n  }\n}\n",
		},
	})
	s.github.AddPullRequest(demoRepo, github.PullRequest{
		Title: "Check stops before intake", State: "closed", Author: "bob", Base: "main", Head: "stops", Merged: failed.Add(-5 * time.Hour), MergeSHA: second,
	}, first, second)
	s.github.AddDeployment(demoRepo, githubtest.Deploy{Environment: "production", Ref: "main", SHA: second, Author: "deployer", At: failed.Add(-10 * time.Minute), State: "success"})
}

func (s *stage) fillRest(failed time.Time) {
	s.api.AddLoad(fkapi.Load{
		ID: demoLoad, LoadNumber: "LPX20551904", Status: "Created", CreatedAt: failed.Add(-time.Minute), Shipper: fkapi.Party{ID: "acme-foods", Name: "Acme Foods"},
		Carrier: fkapi.Party{ID: "demo-lines", Name: "Demo Lines"},
	})
	line := func(at time.Duration, severity logs.Severity, body string) logs.Record {
		return logs.Record{Time: failed.Add(at), Service: "load-intake-service", Severity: severity, Body: body, TraceID: demoTrace, SpanID: "00f067aa0ba902b7"}
	}
	s.clickhouse.Insert(
		line(time.Second, logs.SeverityInfo, "taking load "+demoLoad), line(2*time.Second, logs.SeverityError, "load "+demoLoad+" was not created: NullPointerException at StopCheck.check:7"),
		line(3*time.Second, logs.SeverityWarn, "answered 500"),
	)
}

// clients are those of the servers.
func (s *stage) clients(ctx context.Context) (*clients, error) {
	tickets, pages, code, api, store := s.jira.Config(), s.confluence.Config(), s.github.Config(), s.api.Config(), s.clickhouse.Config()
	return configs{&tickets, &pages, &code, &api, &store}.clients(ctx, []string{demoRepo})
}

// fetchDemo is the dossier of the scenario.
func fetchDemo(ctx context.Context, now time.Time, p *command.Progress) (*dossier, error) {
	s, err := start(now)
	if err != nil {
		return nil, err
	}
	defer s.close()
	c, err := s.clients(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	d, err := fetchDossier(ctx, demoKey, now, c, p)
	if d != nil {
		d.Demo = demo
	}
	return d, err
}
