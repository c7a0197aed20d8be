package jira_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

// existing are the tools that served before there was this package: their names and parameters stay as they are.
var existing = map[string]string{
	"get_issue": "issue_key*", "search_issues": "jql*", "add_comment": "comment* issue_key*", "get_pull_requests": "issue_key*",
	"convert_issue_key_to_id": "issue_key*",
}

// parameters are those of a tool, the required ones with a star.
func parameters(one tool.Tool) string {
	var all []string
	for name := range one.InputSchema().Properties {
		if slices.Contains(one.InputSchema().Required, name) {
			name += "*"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestToolsHaveTheirNamesAndPassTheCheck(t *testing.T) {
	t.Parallel()
	client := clientOf(t, started(t))
	var names []string
	for _, one := range slices.Concat(client.Tools(), client.Aliases()) {
		if err := one.Check(); err != nil {
			t.Error(err)
		}
		if writes := strings.HasSuffix(one.Name(), "add_comment"); one.ReadOnly() == writes {
			t.Errorf("%s: read-only %v", one.Name(), one.ReadOnly())
		}
		names = append(names, one.Name())
	}
	if diff := cmp.Diff(strings.Fields(`jira_get_issue jira_search_issues jira_list_comments jira_get_changelog jira_get_pull_requests
		jira_find_similar_issues jira_list_fields jira_get_issue_id jira_parse_issue jira_add_comment
		get_issue search_issues add_comment get_pull_requests convert_issue_key_to_id`), names); diff != "" {
		t.Error(diff)
	}
	for _, one := range client.Aliases() {
		if diff := cmp.Diff(existing[one.Name()], parameters(one)); diff != "" {
			t.Errorf("%s: %s", one.Name(), diff)
		}
	}
}

// stocked is a server with a ticket that has something of everything.
func stocked(t *testing.T) *jiratest.Server {
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1", Summary: "Callbacks rejected", Description: "tracking id 482913377", Created: time.Now().Add(-time.Hour)},
		jira.Issue{Key: "OPS-2", Summary: "callbacks rejected again", Created: time.Now().Add(-2 * time.Hour)})
	server.AddComment("OPS-1", jira.Comment{Body: "tracking id 482913378"})
	server.AddChange("OPS-1", jira.Change{Field: "status", ToText: "Open"})
	server.AddRemoteLink("OPS-1", jira.RemoteLink{Title: "r", URL: "https://example.com"})
	server.AddPullRequest("OPS-1", "GitHub", jira.PullRequest{ID: "#7"})
	return server
}

func TestARemoteClientGivesTheSameAnswers(t *testing.T) {
	t.Parallel()
	server := stocked(t)
	client := clientOf(t, server, func(c *jira.Config) { c.AllowWrites = true })
	remote := jira.Remote("far", tool.Set(client.Tools()))
	ctx := bounded(t)
	near, err := client.Issue(ctx, "OPS-1")
	far, err2 := remote.Issue(ctx, "OPS-1")
	if diff := cmp.Diff(near, far); err != nil || err2 != nil || diff != "" || remote.Name() != "far" {
		t.Errorf("%v, %v\n%s", err, err2, diff)
	}
	o := jira.SearchOptions{JQL: "project = OPS", Limit: 1}
	a, err := base.Collect(client.Search(ctx, o))
	b, err2 := base.Collect(remote.Search(ctx, o))
	if cmp.Diff(a, b) != "" || base.OutcomeOf(1, err) != base.Truncated || base.OutcomeOf(1, err2) != base.Truncated {
		t.Errorf("%v, %v", err, err2)
	}
	c, err := base.Collect(remote.Comments(ctx, "OPS-1"))
	d, err2 := remote.PullRequests(ctx, "OPS-1")
	e, err3 := base.Collect(remote.SimilarIssues(ctx, jira.SimilarOptions{Key: "OPS-1"}))
	id, err4 := remote.IssueID(ctx, "OPS-1")
	if err != nil || err2 != nil || err3 != nil || err4 != nil || len(c) != 1 || len(d) != 1 || len(e) != 1 || id != near.ID {
		t.Errorf("%v %v %v %v: %d comments, %d pull requests, %d similar, id %s", err, err2, err3, err4, len(c), len(d), len(e), id)
	}
	if got, err := remote.AddComment(ctx, jira.AddCommentRequest{IssueKey: "OPS-1", Markdown: "x"}); err != nil || got.Body != "x" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := remote.Issue(ctx, "OPS-9"); base.KindOf(err) != base.KindNotFound {
		t.Error(err)
	}
}

func TestAToolGivesATicketWithWhatIsAskedForBesideIt(t *testing.T) {
	t.Parallel()
	server := stocked(t)
	set := tool.Set(clientOf(t, server).Tools())
	call := func(in jira.IssueArguments) (jira.IssueAnswer, error) { return jira.GetIssue.Call(bounded(t), set, in) }
	a, err := call(jira.IssueArguments{IssueKey: "OPS-1", Include: []string{"comments", "changelog", "links", "pull_requests"}})
	if err != nil || len(a.Comments) != 1 || len(a.Changelog) != 1 || len(a.RemoteLinks) != 1 || len(a.PullRequests) != 1 || len(a.Missing) != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	if len(a.Issue.Comments) != 0 {
		t.Error("comments come twice")
	}
	server.BreakCodeHost("OPS-1", "stash")
	a, err = call(jira.IssueArguments{IssueKey: "OPS-1", Include: []string{"pull_requests"}})
	if err != nil || len(a.PullRequests) != 1 || len(a.Missing) != 1 || !strings.Contains(a.Missing[0], "stash") {
		t.Errorf("%+v, %v", a, err)
	}
	_, err = call(jira.IssueArguments{IssueKey: "OPS-1", Include: []string{"everything"}})
	failed(t, err, base.KindInvalid, "include")
	p, err := jira.ParseIssue.Call(bounded(t), set, jira.KeyArguments{IssueKey: "OPS-1"})
	if err != nil || len(p.TrackingIDs) != 2 {
		t.Errorf("%+v, %v", p.TrackingIDs, err)
	}
}

func TestTheOlderToolsAnswer(t *testing.T) {
	t.Parallel()
	server := stocked(t)
	set := tool.Set(clientOf(t, server, func(c *jira.Config) { c.AllowWrites = true }).Aliases())
	for name, args := range map[string]string{
		"get_issue": `{"issue_key":"OPS-1"}`, "search_issues": `{"jql":"project = OPS"}`, "add_comment": `{"issue_key":"OPS-1","comment":"done"}`,
		"get_pull_requests": `{"issue_key":"OPS-1"}`, "convert_issue_key_to_id": `{"issue_key":"OPS-1"}`,
	} {
		if out, err := set.CallTool(bounded(t), name, json.RawMessage(args)); err != nil || len(out) < 5 {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
	if len(server.Ledger()) != 1 {
		t.Errorf("%d comments written", len(server.Ledger()))
	}
}
