package main

import (
	"fmt"
	"time"

	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
	"github.com/fourkites/sources/jira"
)

// demoGraph is the code graph of the demo, as graphtest loads it.
const demoGraph = `{"repo": "acme/load-intake", "classes": [
  {"service": "load-intake-service", "path": "src/com/acme/intake/Intake.java", "class": "Intake",
    "methods": [{"name": "take", "line": 4, "end": 6}], "calls": [{"line": 5, "method": "take", "to": "StopCheck#check"}]},
  {"service": "load-intake-service", "path": "src/com/acme/intake/StopCheck.java", "class": "StopCheck",
    "methods": [{"name": "check", "line": 6, "end": 8}]},
  {"service": "carrier-files", "path": "src/com/acme/files/RecordReader.java", "class": "RecordReader",
    "methods": [{"name": "handOver", "line": 20, "end": 41}], "calls": [{"line": 33, "method": "handOver", "to": "Intake#take"}]}],
  "edges": [{"from": "carrier-files", "to": "load-intake-service", "call_sites": 1}]}`

func (s *stage) fillTickets() {
	reporter := jira.User{AccountID: "5b10:ann", Name: "Ann Example", TimeZone: "America/Chicago"}
	s.jira.AddIssue(jira.Issue{
		Key: demoKey, Project: "OPS", Type: "Bug", Status: "Open", StatusCategory: "To Do", Priority: "High", Summary: "Load waits for its truck in production",
		Labels: []string{"rca"}, Reporter: reporter, Created: s.failed.Add(time.Hour), Updated: s.failed.Add(time.Hour),
		Description: fmt.Sprintf("The carrier has sent the truck, and the load still awaits tracking info.\n\n- Tracking ID: %s\n- Service: %s\n- Since %s UTC\n\n"+
			"```java\njava.lang.NullPointerException: stops\n\tat com.acme.intake.StopCheck.check(StopCheck.java:7)\n"+
			"\tat com.acme.intake.Intake.take(Intake.java:5)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\n```",
			demoLoad, demoService, s.failed.Format("2006-01-02 15:04")),
	}, jira.Issue{
		Key: "OPS-301", Project: "OPS", Status: "Done", StatusCategory: "Done", Resolution: "Fixed", Summary: "Loads without stops get no truck",
		Created: s.failed.AddDate(0, -1, 0),
	})
	s.jira.AddComment(demoKey, jira.Comment{Author: reporter, Body: "trace id " + demoTrace + ", they get HTTP 500", Created: s.failed.Add(70 * time.Minute)})
	s.jira.AddPullRequest(demoKey, "GitHub", jira.PullRequest{ID: "#1", Title: "Check stops before intake", Status: "MERGED", Repository: demoRepo})
}

func (s *stage) fillPages() {
	s.confluence.AddPage(confluence.Page{
		Title: demoService + " runbook", Labels: []string{"runbook"}, Created: s.failed.AddDate(-1, 0, 0),
		Body: "# A load gets no truck\n\nLook for `StopCheck` in the log. A load without stops is taken, and its stops come later.",
	})
	s.confluence.AddPage(confluence.Page{Title: demoService + " architecture", Body: "Takes loads and their trucks.", Created: s.failed.AddDate(-1, 0, 0)})
}

func (s *stage) fillCode() {
	const intake = "package com.acme.intake;\n\npublic class Intake {\n  void take(Load load) {\n    new StopCheck().check(load);\n  }\n}\n"
	const check = "package com.acme.intake;\n\nimport java.util.List;\n\npublic class StopCheck {\n  void check(Load load) {\n    %s\n  }\n}\n"
	first := s.github.AddCommit(demoRepo, githubtest.Push{
		Message: "Take loads", Author: "bob", At: s.failed.AddDate(0, -2, 0), Files: map[string]string{
			"src/com/acme/intake/Intake.java": intake, "src/com/acme/intake/StopCheck.java": fmt.Sprintf(check, "if (load.stops() == null) return;"),
		},
	})
	second := s.github.AddCommit(demoRepo, githubtest.Push{
		Message: "Check stops before intake (#1)", Author: "bob", At: s.failed.Add(-5 * time.Hour), Files: map[string]string{
			"src/com/acme/intake/StopCheck.java": fmt.Sprintf(check, "for (Stop s : load.stops()) s.check();"),
		},
	})
	s.github.AddPullRequest(demoRepo, github.PullRequest{
		Title: "Check stops before intake", State: "closed", Author: "bob", Base: "main", Head: "stops", Merged: s.failed.Add(-5 * time.Hour), MergeSHA: second,
	}, first, second)
	s.github.AddDeployment(demoRepo, githubtest.Deploy{
		Environment: "production", Ref: "main", SHA: second, Author: "deployer", At: s.failed.Add(-time.Minute), State: "success",
	})
}
