package jira_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

func started(t testing.TB) *jiratest.Server {
	t.Helper()
	server := jiratest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func clientWith(t testing.TB, c jira.Config, opts ...base.Option) *jira.Client {
	t.Helper()
	client, err := jira.New(t.Context(), c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func clientOf(t testing.TB, server *jiratest.Server, change ...func(*jira.Config)) *jira.Client {
	t.Helper()
	c := server.Config()
	for _, f := range change {
		f(&c)
	}
	return clientWith(t, c)
}

// bounded is a context that ends a test that hangs.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func failed(t testing.TB, err error, kind base.Kind, says ...string) {
	t.Helper()
	_ = details(t, err, kind, says...)
}

// details is failed, and gives the error.
func details(t testing.TB, err error, kind base.Kind, says ...string) *base.Error {
	t.Helper()
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("%v is not %s", err, kind)
	}
	for _, text := range says {
		if !strings.Contains(err.Error()+" "+e.Hint, text) {
			t.Errorf("%v (%s) does not say %q", err, e.Hint, text)
		}
	}
	return e
}

// whole is an issue with every field.
func whole() jira.Issue {
	day := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	yes := true
	someone := jira.User{AccountID: "5b10:a", Name: "Ann Example", Email: "ann@example.com", TimeZone: "America/Chicago", Active: &yes}
	return jira.Issue{
		ID: "10400", Key: "OPS-482", Project: "OPS", ProjectName: "Operations", Type: "Bug", Status: "Open", StatusCategory: "To Do",
		Priority: "High", Resolution: "Fixed", Summary: "Load stuck", Description: "## Log\n\n```java\nat A.b(C.java:7)\n```\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
		Environment: "production", Reporter: someone, Assignee: someone, Creator: someone, Created: day, Updated: day.Add(time.Hour),
		Resolved: day.Add(2 * time.Hour), Due: time.Date(2025, 3, 9, 0, 0, 0, 0, time.UTC), Labels: []string{"rca"}, Components: []string{"eta"},
		FixVersions: []string{"4.3 - EAP"}, AffectedVersions: []string{"4.2"}, Parent: "OPS-1",
		Links: []jira.IssueLink{
			{Type: "Blocks", Direction: "is blocked by", Key: "OPS-2", Summary: "x", Status: "Open"}, {Type: "Blocks", Direction: "blocks", Key: "OPS-3"},
		},
		Custom: map[string]json.RawMessage{"Tracking ID": json.RawMessage(`"482913377"`)}, Extras: map[string]json.RawMessage{"workratio": json.RawMessage("-1")},
	}
}

func TestAnIssueComesWithAllItsFields(t *testing.T) {
	t.Parallel()
	server := started(t)
	want := whole()
	server.AddIssue(want)
	server.AddComment("OPS-482", jira.Comment{ID: "7", Body: "seen by [@Bo](mention:6c)", Author: want.Reporter, Created: want.Created, Updated: want.Updated})
	server.AddAttachment("OPS-482", "log.txt", "text/plain", []byte("abc"))
	got, err := clientOf(t, server).Issue(bounded(t), " ops-482 ")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Comments) != 1 || got.Comments[0].Body != "seen by [@Bo](mention:6c)" || got.CommentsTotal != 1 || len(got.Attachments) != 1 || got.Attachments[0].Size != 3 {
		t.Errorf("%+v", got)
	}
	want.URL = server.URL + "/browse/OPS-482"
	got.Comments, got.Attachments, got.CommentsTotal = nil, nil, 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAMovedIssueIsFoundByItsOldKey(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{ID: "7", Key: "OLD-1", Summary: "x"})
	server.Move("OLD-1", "NEW-9")
	client := clientOf(t, server)
	i, err := client.Issue(bounded(t), "OLD-1")
	if err != nil || i.Key != "NEW-9" || i.MovedFrom != "OLD-1" {
		t.Errorf("%+v, %v", i, err)
	}
	if id, err := client.IssueID(bounded(t), "NEW-9"); err != nil || id != "7" {
		t.Errorf("%s, %v", id, err)
	}
	if i, err := client.Issue(bounded(t), "7"); err != nil || i.Key != "NEW-9" || i.MovedFrom != "" {
		t.Errorf("by id: %+v, %v", i, err)
	}
	fenced := clientOf(t, server, func(c *jira.Config) { c.Projects = []string{"OLD"} })
	_, err = fenced.Issue(bounded(t), "OLD-1")
	failed(t, err, base.KindPermission, "NEW", "projects")
}

func TestKeysAreCheckedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, func(c *jira.Config) { c.Projects, c.AllowWrites = []string{"OPS"}, true })
	for _, key := range []string{"", " ", "OPS", "OPS-", "OPS/1", "OPS-1/../myself", "OPS 1", "../1", "OPS-1?x=1", strings.Repeat("A", 10_000) + "-1", "OPS-99999999999999999999", "é-1", "OPS-1\n"} {
		if key == "OPS-1\n" { // spaces around a key are of who pasted it
			continue
		}
		for name, ask := range map[string]func() error{
			"Issue":         func() error { _, err := client.Issue(bounded(t), key); return err },
			"Comments":      func() error { _, err := base.Collect(client.Comments(bounded(t), key)); return err },
			"ChangelogPage": func() error { _, err := client.ChangelogPage(bounded(t), key, 0, ""); return err },
			"RemoteLinks":   func() error { _, err := client.RemoteLinks(bounded(t), key); return err },
			"PullRequests":  func() error { _, err := client.PullRequests(bounded(t), key); return err },
			"AddComment": func() error {
				_, err := client.AddComment(bounded(t), jira.AddCommentRequest{IssueKey: key, Markdown: "x"})
				return err
			},
		} {
			err := ask()
			if e := details(t, err, base.KindInvalid, "issue_key"); len(err.Error()) > 300 || e.Op != name {
				t.Errorf("%s of %.20q: %v", name, key, err)
			}
		}
	}
	_, err := client.Issue(bounded(t), "SEC-1")
	failed(t, err, base.KindPermission, "SEC")
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
	_, err = client.Issue(bounded(t), "OPS-1")
	failed(t, err, base.KindNotFound, "does not exist", "may not see")
}

func TestASearchIsReadToItsEndOrSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	server := started(t)
	for n := range 130 {
		project := "OPS"
		if n%10 == 0 {
			project = "SEC"
		}
		server.AddIssue(jira.Issue{Key: fmt.Sprintf("%s-%d", project, n+1), Summary: "load stuck", Custom: map[string]json.RawMessage{"Region": json.RawMessage(`"west"`)}})
	}
	client := clientOf(t, server, func(c *jira.Config) { c.Projects = []string{"OPS"} })
	var stats base.Stats
	all, err := base.Collect(client.Search(base.WithStats(bounded(t), &stats), jira.SearchOptions{JQL: `text ~ stuck ORDER BY key`}))
	if err != nil || len(all) != 117 || stats.Rows != 117 || stats.Calls != 3 || !strings.Contains(strings.Join(stats.Notes, " "), "dropped") {
		t.Errorf("%d issues, %v, %+v", len(all), err, stats)
	}
	if slices.ContainsFunc(all, func(i jira.Issue) bool { return i.Project != "OPS" }) {
		t.Error("an issue of another project was handed out")
	}
	some, err := base.Collect(client.Search(bounded(t), jira.SearchOptions{JQL: `project = OPS`, Limit: 7, Fields: []string{"summary", "customfield_10131", "*all"}}))
	if !errors.Is(err, base.ErrTruncated) || len(some) != 7 || string(some[0].Custom["Region"]) != `"west"` {
		t.Errorf("%d issues, %v", len(some), err)
	}
	if n, err := client.Count(bounded(t), "project = SEC"); err != nil || n != 13 {
		t.Errorf("%d, %v", n, err)
	}
	first, err := client.SearchPage(bounded(t), jira.SearchOptions{JQL: "project = OPS", Limit: 10}, "")
	if err != nil || !first.More || len(first.Items) != 10 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := client.SearchPage(bounded(t), jira.SearchOptions{JQL: "project = OPS", Limit: 10}, first.Cursor)
	if err != nil || second.Items[0].Key == first.Items[0].Key {
		t.Errorf("%+v, %v", second, err)
	}
	_, err = client.SearchPage(bounded(t), jira.SearchOptions{JQL: "project = SEC"}, first.Cursor)
	failed(t, err, base.KindInvalid, "cursor")
	if none, err := client.SearchPage(bounded(t), jira.SearchOptions{JQL: "key = OPS-9999"}, ""); err != nil || none.Outcome != base.NoData || none.Items == nil {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestASearchThatTheSiteRefusesSaysWhatTheSiteSaid(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for query, says := range map[string]string{"ORDER BY key": "Unbounded", "colour = red": "Field 'colour' does not exist", "project = ": "Error in the JQL", "created > soon": "Date value"} {
		_, err := base.Collect(client.Search(bounded(t), jira.SearchOptions{JQL: query}))
		failed(t, err, base.KindInvalid, says)
		if e, ok := errors.AsType[*jira.ServerError](err); !ok || e.Status != http.StatusBadRequest || len(e.Messages) != 1 {
			t.Errorf("%s: %+v", query, e)
		}
	}
	for field, o := range map[string]jira.SearchOptions{
		"jql: ": {JQL: "  "}, "limit": {JQL: "x = y", Limit: -1}, "fields": {JQL: "x = y", Fields: []string{"a,b"}}, "jql: 20001": {JQL: strings.Repeat("x", 20_001)},
	} {
		_, err := client.SearchPage(bounded(t), o, "")
		failed(t, err, base.KindInvalid, field)
	}
}

func TestCommentsAndHistoryAreReadWhole(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1", Summary: "x"})
	for n := range 230 {
		server.AddComment("OPS-1", jira.Comment{Body: fmt.Sprintf("comment %d", n), Internal: n%2 == 0})
		id := fmt.Sprint(5000 + n)
		server.AddChange("OPS-1", jira.Change{ID: id, Field: "status", FieldID: "status", FromText: "a", ToText: "b"}, jira.Change{ID: id, Field: "Link of an app", To: "7"})
	}
	client := clientOf(t, server)
	all, err := base.Collect(client.Comments(bounded(t), "OPS-1"))
	if err != nil || len(all) != 230 || all[0].Body != "comment 0" || all[229].Body != "comment 229" || !all[0].Internal || all[1].Internal {
		t.Errorf("%d comments, %v", len(all), err)
	}
	i, err := client.WholeIssue(bounded(t), "OPS-1")
	if err != nil || len(i.Comments) != 230 || i.CommentsTotal != 230 {
		t.Errorf("%d of %d comments, %v", len(i.Comments), i.CommentsTotal, err)
	}
	changes, err := base.Collect(client.Changelog(bounded(t), "OPS-1"))
	if err != nil || len(changes) != 460 || changes[0].ToText != "b" || changes[0].FieldID != "status" || changes[1].FieldID != "" || changes[1].To != "7" {
		t.Errorf("%d changes, %v", len(changes), err)
	}
	page, err := client.ChangelogPage(bounded(t), "OPS-1", 3, "")
	if err != nil || len(page.Items) != 6 || !page.More {
		t.Errorf("%+v, %v", page, err)
	}
	if none, err := base.Collect(client.Changelog(bounded(t), "OPS-1")); err != nil || len(none) == 0 {
		t.Error(err)
	}
	for _, err := range client.Changelog(bounded(t), "OPS-1") {
		if err != nil {
			t.Error(err)
		}
		break // leaving is no error
	}
}

func TestLinksAndPullRequestsComeFromEveryHost(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"}, jira.Issue{Key: "OPS-2"}, jira.Issue{Key: "OPS-3"})
	link := jira.RemoteLink{ID: "1", Title: "Runbook", URL: "https://example.com/r", Summary: "s", Relationship: "mentioned in", Application: "Confluence", Resolved: true}
	server.AddRemoteLink("OPS-1", link)
	pull := jira.PullRequest{ID: "#7", Title: "Mend", URL: "https://example.com/pr/7", Status: "MERGED", Repository: "demo/eta", Author: "Ann", Source: "fix", Destination: "main", Updated: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)}
	server.AddPullRequest("OPS-1", "GitHub", pull)
	server.AddPullRequest("OPS-1", "bitbucket", jira.PullRequest{ID: "#8"})
	server.AddPullRequest("OPS-2", "GitHub", pull)
	server.BreakCodeHost("OPS-2", "stash")
	client := clientOf(t, server)
	links, err := client.RemoteLinks(bounded(t), "OPS-1")
	if diff := cmp.Diff([]jira.RemoteLink{link}, links); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	pulls, err := client.PullRequests(bounded(t), "OPS-1")
	if err != nil || len(pulls) != 2 || !cmp.Equal(pulls[0], pull) {
		t.Errorf("%+v, %v", pulls, err)
	}
	pulls, err = client.PullRequests(bounded(t), "OPS-2")
	if !errors.Is(err, base.ErrPartial) || len(pulls) != 1 || !strings.Contains(err.Error(), "stash") {
		t.Errorf("%+v, %v", pulls, err)
	}
	if pulls, err := client.PullRequests(bounded(t), "OPS-3"); err != nil || len(pulls) != 0 {
		t.Errorf("none: %+v, %v", pulls, err)
	}
	server.ReplyTo("/remotelink", jiratest.Reply{Body: `{"id":7,"object":{"title":"alone","url":"https://example.com"}}`})
	if links, err := client.RemoteLinks(bounded(t), "OPS-1"); err != nil || len(links) != 1 || links[0].ID != "7" {
		t.Errorf("a bare link: %+v, %v", links, err)
	}
}

func TestAnAttachmentIsBoundedWhateverItClaims(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	id := server.AddAttachment("OPS-1", "log.txt", "text/plain; charset=utf-8", []byte("0123456789"))
	empty := server.AddAttachment("OPS-1", "empty", "text/plain", nil)
	client := clientOf(t, server, func(c *jira.Config) { c.MaxAttachmentBytes = 8 })
	for most, want := range map[int64]string{4: "0123", 0: "01234567", 100: "01234567"} {
		got, err := client.AttachmentContent(bounded(t), id, most)
		if err != nil || string(got.Data) != want || !got.Cut || got.ContentType != "text/plain" {
			t.Errorf("%d: %+v, %v", most, got, err)
		}
	}
	if got, err := clientOf(t, server).AttachmentContent(bounded(t), id, 10); err != nil || got.Cut || len(got.Data) != 10 {
		t.Errorf("whole: %+v, %v", got, err)
	}
	if got, err := client.AttachmentContent(bounded(t), empty, 0); err != nil || got.Cut || len(got.Data) != 0 {
		t.Errorf("empty: %+v, %v", got, err)
	}
	files, err := client.Attachments(bounded(t), "OPS-1")
	if err != nil || len(files) != 2 || files[0].Filename != "log.txt" {
		t.Errorf("%+v, %v", files, err)
	}
	server.ReplyTo("/attachment/", jiratest.Reply{Status: http.StatusSeeOther, Header: http.Header{"Location": {"https://media.example.com/x?token=1"}}})
	_, err = client.AttachmentContent(bounded(t), id, 0)
	failed(t, err, base.KindProtocol, "media.example.com")
	server.ReplyTo("/attachment/", jiratest.Reply{Body: strings.Repeat("x", 4<<20)}) // a site that knows no ranges
	if got, err := client.AttachmentContent(bounded(t), id, 0); err != nil || !got.Cut || len(got.Data) != 8 {
		t.Errorf("%d bytes, %v", len(got.Data), err)
	}
	for _, bad := range []string{"", "x", "1/2", "../1"} {
		_, err := client.AttachmentContent(bounded(t), bad, 0)
		failed(t, err, base.KindInvalid, "id")
	}
}

func TestACommentIsWrittenOnlyWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	text := "**Cause**: `eta-worker`\n\n```\nat A.b\n```"
	_, err := clientOf(t, server).AddComment(bounded(t), jira.AddCommentRequest{IssueKey: "OPS-1", Markdown: text})
	failed(t, err, base.KindPermission, "allow_writes")
	writer := clientOf(t, server, func(c *jira.Config) { c.AllowWrites = true })
	got, err := writer.AddComment(bounded(t), jira.AddCommentRequest{IssueKey: "OPS-1", Markdown: text})
	if err != nil || got.Body != text || got.ID == "" || len(server.Ledger()) != 1 {
		t.Errorf("%+v, %v, %d written", got, err, len(server.Ledger()))
	}
	for _, bad := range []string{"", "  \n", strings.Repeat("x", 30_001)} {
		_, err := writer.AddComment(bounded(t), jira.AddCommentRequest{IssueKey: "OPS-1", Markdown: bad})
		failed(t, err, base.KindInvalid, "markdown")
	}
}

func TestFieldsAreAskedForOnceByManyCallers(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1", Custom: map[string]json.RawMessage{"Region": json.RawMessage(`"west"`)}})
	client := clientOf(t, server)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if found, err := client.FieldsNamed(bounded(t), "region"); err != nil || len(found) != 1 || !found[0].Custom || !strings.HasPrefix(found[0].ID, "customfield_") {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
	all.Wait()
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
	_, err := client.FieldsNamed(bounded(t), "Colour")
	failed(t, err, base.KindNotFound, "Colour")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	server.Close()
	_, err = clientOf(t, server).Fields(ended)
	failed(t, err, base.KindCanceled)
}

func TestSimilarIssuesHaveWordsInCommon(t *testing.T) {
	t.Parallel()
	server := started(t)
	now := time.Now().Add(-time.Hour)
	at := func(key, summary string, ago int) {
		server.AddIssue(jira.Issue{Key: key, Summary: summary, Created: now.AddDate(0, 0, -ago)})
	}
	at("OPS-1", "Callback deliveries rejected for webhook", 1)
	at("OPS-2", "callback deliveries REJECTED for another webhook", 5)
	at("OPS-3", "deliveries are late", 3)
	at("OPS-4", "nothing of that", 2)
	at("OPS-5", "Callback deliveries rejected for webhook", 400)
	at("SEC-1", "Callback deliveries rejected for webhook", 1)
	client := clientOf(t, server)
	keys := func(o jira.SimilarOptions) string {
		all, err := base.Collect(client.SimilarIssues(bounded(t), o))
		if err != nil {
			t.Errorf("%+v: %v", o, err)
		}
		var out []string
		for _, i := range all {
			out = append(out, i.Key)
		}
		return strings.Join(out, " ")
	}
	for want, o := range map[string]jira.SimilarOptions{
		"OPS-2 OPS-3":       {Key: "OPS-1"},
		"OPS-2":             {Key: "OPS-1", Limit: 1},
		"SEC-1":             {Key: "OPS-1", Project: "SEC"},
		"OPS-2 OPS-5 OPS-3": {Key: "OPS-1", Since: base.Duration(500 * 24 * time.Hour)},
		"OPS-3 OPS-2 OPS-1": {Text: `deliveries" OR project = SEC`, Project: "OPS"},
	} {
		got := keys(o)
		if want == "OPS-3 OPS-2 OPS-1" {
			want = "OPS-1 OPS-3 OPS-2" // the newest first
		}
		if got != want {
			t.Errorf("%+v: %s, want %s", o, got, want)
		}
	}
	for field, o := range map[string]jira.SimilarOptions{"key and text": {}, "limit": {Text: "x", Limit: 101}, "since": {Text: "x", Since: -1}, "project": {Text: "x", Project: "a b"}, "text": {Text: "the an"}} {
		_, err := base.Collect(client.SimilarIssues(bounded(t), o))
		failed(t, err, base.KindInvalid, field)
	}
}

func TestTheGatewayTakesTokensWithScopes(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.SetScoped(true)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	_, err := clientOf(t, server).Issue(bounded(t), "OPS-1")
	failed(t, err, base.KindUnauthenticated, "cloud_id")
	cloud := clientWith(t, server.CloudConfig())
	if i, err := cloud.Issue(bounded(t), "OPS-1"); err != nil || i.URL != "" {
		t.Errorf("%+v, %v", i, err)
	}
	if err := cloud.Ping(bounded(t)); err != nil || cloud.Name() != "jira" || cloud.Health().State != base.Ready {
		t.Errorf("%v, %+v", err, cloud.Health())
	}
}
