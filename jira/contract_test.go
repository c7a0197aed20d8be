package jira_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/contract"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

// outside are the requests that the document leaves out.
func outside(r *http.Request) string {
	switch {
	case strings.HasPrefix(r.URL.Path, "/rest/dev-status/"):
		return "the interface of the site's own pages"
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/comment"):
		return "the trimmed document holds no writes"
	}
	return ""
}

// asTheSite are the rules of the document that the site itself breaks: a zone has no colon, and what is empty is null.
var asTheSite = []string{"format", "nullable"}

func TestContractRequestsAndAnswersAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	document := contract.Open(t, "jira", "")
	server := started(t)
	server.AddIssue(whole(), jira.Issue{Key: "OPS-1", Summary: "bare"})
	server.AddComment("OPS-482", jira.Comment{Body: "seen", Author: whole().Reporter}, jira.Comment{Body: "again"})
	server.AddChange("OPS-482", jira.Change{Field: "status", FieldID: "status", To: "7", ToText: "Done", At: time.Now(), Author: whole().Reporter})
	server.AddRemoteLink("OPS-482", jira.RemoteLink{Title: "r", URL: "https://example.com"})
	server.AddPullRequest("OPS-482", "GitHub", jira.PullRequest{ID: "#1"})
	id := server.AddAttachment("OPS-482", "a.txt", "text/plain", []byte("abc"))
	c := server.Config()
	c.AllowWrites = true
	client := clientWith(t, c, base.WithTransport(contract.Watch(t, http.DefaultTransport, asTheSite, outside, document)))
	ctx := bounded(t)
	check := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("Ping", client.Ping(ctx))
	_, err := client.WholeIssue(ctx, "OPS-482")
	check("Issue", err)
	_, err = client.IssueID(ctx, "OPS-482")
	check("IssueID", err)
	_, err = base.Collect(client.Search(ctx, jira.SearchOptions{JQL: "project = OPS", Fields: []string{"*all"}}))
	check("Search", err)
	page, err := client.SearchPage(ctx, jira.SearchOptions{JQL: "project = OPS", Limit: 1}, "")
	check("SearchPage", err)
	_, err = client.SearchPage(ctx, jira.SearchOptions{JQL: "project = OPS", Limit: 1}, page.Cursor)
	check("the next page", err)
	_, err = client.Count(ctx, "project = OPS")
	check("Count", err)
	_, err = base.Collect(client.Comments(ctx, "OPS-482"))
	check("Comments", err)
	_, err = base.Collect(client.Changelog(ctx, "OPS-482"))
	check("Changelog", err)
	_, err = client.RemoteLinks(ctx, "OPS-482")
	check("RemoteLinks", err)
	_, err = client.PullRequests(ctx, "OPS-482")
	check("PullRequests", err)
	_, err = client.AttachmentContent(ctx, id, 0)
	check("AttachmentContent", err)
	_, err = client.Attachments(ctx, "OPS-482")
	check("Attachments", err)
	_, err = client.Fields(ctx)
	check("Fields", err)
	_, err = base.Collect(client.SimilarIssues(ctx, jira.SimilarOptions{Key: "OPS-482"}))
	check("SimilarIssues", err)
	_, err = client.AddComment(ctx, jira.AddCommentRequest{IssueKey: "OPS-482", Markdown: "x"})
	check("AddComment", err)
	if _, err := client.Issue(ctx, "OPS-9999"); base.KindOf(err) != base.KindNotFound {
		t.Error(err)
	}
	for operation, n := range document.Seen() {
		t.Logf("%3d %s", n, operation)
	}
	if len(document.Seen()) < 9 {
		t.Errorf("only %d operations were asked for", len(document.Seen()))
	}
}

func TestContractRecordedAnswersAreReadWithoutLoss(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	replyWith := func(target, name string) {
		text, err := os.ReadFile(contract.Recorded(t, "jira", name))
		if err != nil {
			t.Fatal(err)
		}
		server.ReplyTo(target, jiratest.Reply{Body: string(text)})
	}
	for _, name := range []string{"issue.json", "issue-1.json", "issue-2.json"} {
		replyWith("/rest/api/3/issue/", name)
		i, err := client.Issue(bounded(t), "TEST-1")
		if err != nil || i.Key == "" || i.Summary == "" {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
	}
	for name, n := range map[string]int{"search.json": 3, "epic.json": 2} {
		replyWith("/search/jql", name)
		all, err := base.Collect(client.Search(bounded(t), jira.SearchOptions{JQL: "project = TEST"}))
		if err != nil || len(all) != n || all[0].Summary == "" || all[0].Created.IsZero() {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	replyWith("/rest/api/3/field", "fields.json")
	fields, err := client.Fields(bounded(t))
	if err != nil || len(fields) == 0 || fields[0].ID == "" || fields[0].Name == "" {
		t.Errorf("%+v, %v", fields, err)
	}
}

func TestContractRecordedRefusalsHaveTheirKinds(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	text, err := os.ReadFile(contract.Recorded(t, "errors", "jira_410_search_removed.json"))
	if err != nil {
		t.Fatal(err)
	}
	server.ReplyTo("/search/jql", jiratest.Reply{Status: http.StatusGone, Body: string(text)})
	_, err = base.Collect(client.Search(bounded(t), jira.SearchOptions{JQL: "project = A"}))
	failed(t, err, base.KindNotFound, "has been removed", "newer version")
}
