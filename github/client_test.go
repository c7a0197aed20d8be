package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

func started(t testing.TB) *githubtest.Server {
	t.Helper()
	server := githubtest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func clientWith(t testing.TB, c github.Config, opts ...base.Option) *github.Client {
	t.Helper()
	client, err := github.New(t.Context(), c, opts...)
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

func clientOf(t testing.TB, server *githubtest.Server, change ...func(*github.Config)) *github.Client {
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

const loads = "acme/loads"

var day = time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)

// stocked is a server with a repository that has something of everything.
func stocked(t testing.TB) (server *githubtest.Server, first, second string) {
	server = started(t)
	first = server.AddCommit(loads, githubtest.Push{Message: "begin", Author: "ann", At: day, Files: map[string]string{
		"src/Intake.java": "package loads;\n\npublic class Intake {\n  void take(Load load) {}\n}\n", "README.md": "# Loads\n", "docs/a b.md": "x\n",
	}})
	second = server.AddCommit(loads, githubtest.Push{Message: "reject loads without stops (#1)", Author: "bob", At: day.Add(time.Hour), Files: map[string]string{
		"src/Intake.java": "package loads;\n\npublic class Intake {\n  void take(Load load) { check(load); }\n}\n",
	}})
	server.AddTag(loads, "v1", first)
	server.AddPullRequest(loads, github.PullRequest{
		Title: "Reject loads", Body: "why", State: "closed", Author: "bob", Base: "main", Head: "reject", Merged: day.Add(time.Hour), MergeSHA: second, MergedBy: "ann",
		Labels: []string{"risky"},
	}, first, second)
	return server, first, second
}

func TestCommitsAreListed(t *testing.T) {
	t.Parallel()
	server, first, second := stocked(t)
	client := clientOf(t, server)
	all, err := base.Collect(client.Commits(bounded(t), github.CommitsOptions{Repo: loads}))
	if err != nil || len(all) != 2 || all[0].SHA != second || all[1].SHA != first || all[0].PullRequest != 1 || all[0].Author.Login != "bob" || !all[1].At.Equal(day) || all[0].Parents[0] != first {
		t.Errorf("%+v, %v", all, err)
	}
	for name, o := range map[string]github.CommitsOptions{
		"path": {Path: "README.md"}, "author": {Author: "ann"}, "until": {Until: day.Add(time.Minute)}, "ref": {Ref: "v1"}, "limit of all": {Path: "docs"},
	} {
		o.Repo = loads
		if all, err := base.Collect(client.Commits(bounded(t), o)); err != nil || len(all) != 1 || all[0].SHA != first {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	_, err = base.Collect(client.Commits(bounded(t), github.CommitsOptions{Repo: loads, Ref: "gone"}))
	failed(t, err, base.KindNotFound)
	server.AddRepo(github.Repo{Name: "acme/empty"})
	_, err = base.Collect(client.Commits(bounded(t), github.CommitsOptions{Repo: "acme/empty"}))
	failed(t, err, base.KindInvalid, "no commit yet")
}

func TestAListIsReadToItsEndInPagesOfOneSize(t *testing.T) {
	t.Parallel()
	server := started(t)
	for i := range 130 {
		server.AddCommit(loads, githubtest.Push{Message: fmt.Sprint(i), Author: "ann"})
	}
	client := clientOf(t, server)
	for limit, want := range map[int]int{0: 130, 1: 1, 7: 7, 99: 99, 100: 100, 129: 129, 130: 130, 500: 130} {
		all, err := base.Collect(client.Commits(bounded(t), github.CommitsOptions{Repo: loads, Limit: limit}))
		if len(all) != want || (limit > 0 && limit < 130) != errors.Is(err, base.ErrTruncated) || all[want-1].Message != fmt.Sprint(129-(want-1)) {
			t.Errorf("%d: %d, %v", limit, len(all), err)
		}
	}
	var seen int
	cursor := ""
	for {
		p, err := client.CommitsPage(bounded(t), github.CommitsOptions{Repo: loads, Limit: 40}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(p.Items)
		if cursor = p.Cursor; !p.More {
			break
		}
	}
	if seen != 130 {
		t.Errorf("%d", seen)
	}
}

func TestACommitComesWithAllItsFiles(t *testing.T) {
	t.Parallel()
	server, _, second := stocked(t)
	files := map[string]string{}
	for i := range 8 { // the fake gives three at once
		files[fmt.Sprintf("f%d.txt", i)] = "line\n"
	}
	many := server.AddCommit(loads, githubtest.Push{Message: "many", Author: "ann", Files: files, Removed: []string{"README.md"}})
	client := clientOf(t, server)
	c, err := client.Commit(bounded(t), loads, "main")
	if err != nil || c.SHA != many || len(c.Files) != 9 || c.Files[0].Status != "removed" || c.Files[8].Patch != "@@ -0,0 +1,1 @@\n+line" && !strings.Contains(c.Files[8].Patch, "+line") || c.Additions != 8 {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = client.Commit(bounded(t), loads, second[:8])
	if err != nil || c.SHA != second || len(c.Files) != 1 || c.Additions != 1 || c.Deletions != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = client.Commit(bounded(t), loads, "none")
	failed(t, err, base.KindInvalid, "No commit found")
	var once sync.Once
	server.Reply(func(r githubtest.Request) bool { // the branch goes on while its commit is read
		if strings.Contains(r.Target, "page=2") {
			once.Do(func() { server.AddCommit(loads, githubtest.Push{Message: "later", Author: "ann"}) })
		}
		return false
	}, githubtest.Reply{})
	c, err = client.Commit(bounded(t), loads, "main")
	if err != nil || c.SHA != many || len(c.Files) != 9 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestRefsAreCompared(t *testing.T) {
	t.Parallel()
	server, _, second := stocked(t)
	client := clientOf(t, server)
	c, err := client.Compare(bounded(t), loads, "v1", "main")
	if err != nil || c.Status != "ahead" || c.Ahead != 1 || len(c.Commits) != 1 || c.Commits[0].SHA != second || len(c.Files) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	for i := range 150 {
		server.AddCommit(loads, githubtest.Push{Message: fmt.Sprint(i), Author: "ann"})
	}
	c, err = client.Compare(bounded(t), loads, "v1", "main")
	if err != nil || c.Ahead != 151 || len(c.Commits) != 151 {
		t.Errorf("%d of %d, %v", len(c.Commits), c.Ahead, err)
	}
	server.AddTag(loads, "rel/50%#1", second)
	if c, err := client.Compare(bounded(t), loads, "v1", "rel/50%#1"); err != nil || c.Ahead != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := client.Commit(bounded(t), loads, "rel/50%#1"); err != nil || c.SHA != second {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := client.Tree(bounded(t), loads, github.TreeOptions{Ref: "rel/50%#1", Path: "src"}); err != nil {
		t.Error(err)
	}
	_, err = client.Compare(bounded(t), loads, "", "main")
	failed(t, err, base.KindInvalid, "base: empty")
}

func TestPullRequestsAreReadAndListedByTheirTimes(t *testing.T) {
	t.Parallel()
	server, first, second := stocked(t)
	server.AddPullRequest(loads, github.PullRequest{Title: "open", State: "open", Author: "ann", Base: "main", Updated: day.Add(5 * time.Hour)}, first, second)
	server.AddPullRequest(loads, github.PullRequest{Title: "given up", State: "closed", Author: "ann", Base: "other", Updated: day.Add(6 * time.Hour), Closed: day.Add(6 * time.Hour)}, first, second)
	client := clientOf(t, server)
	p, err := client.PullRequest(bounded(t), loads, 1)
	if err != nil || p.State != "merged" || p.MergeSHA != second || len(p.Files) != 1 || p.MergedBy != "ann" || p.Body != "why" || cmp.Diff([]string{"risky"}, p.Labels) != "" {
		t.Errorf("%+v, %v", p, err)
	}
	for want, o := range map[string]github.PullRequestsOptions{
		"3 2 1": {}, "1": {State: "merged"}, "2": {State: "open"}, "3": {State: "closed"}, "2 1": {Base: "main"}, "3 2": {Since: day.Add(4 * time.Hour)},
		"": {State: "merged", Since: day.Add(90 * time.Minute)}, " 1": {State: "merged", Since: day, Until: day.Add(61 * time.Minute)},
	} {
		o.Repo = loads
		all, err := base.Collect(client.PullRequests(bounded(t), o))
		var got []string
		for _, p := range all {
			got = append(got, fmt.Sprint(p.Number))
		}
		if strings.Join(got, " ") != strings.TrimSpace(want) || err != nil {
			t.Errorf("%+v: %q, %v", o, got, err)
		}
	}
	of, err := client.PullRequestsOf(bounded(t), loads, second)
	if err != nil || len(of) == 0 || of[0].Number != 1 {
		t.Errorf("%+v, %v", of, err)
	}
	_, err = client.PullRequestsOf(bounded(t), loads, "main")
	failed(t, err, base.KindInvalid, "sha")
	for i := range 700 { // all of them were changed after the window
		server.AddPullRequest(loads, github.PullRequest{Title: "later", State: "closed", Base: "main", Merged: day.AddDate(0, 1, i)}, first, second)
	}
	past, err := base.Collect(client.PullRequests(bounded(t), github.PullRequestsOptions{Repo: loads, State: "merged", Since: day, Until: day.AddDate(0, 0, 1)}))
	if err != nil || len(past) != 1 || past[0].Number != 1 {
		t.Errorf("a window far back: %d, %v", len(past), err)
	}
	_, err = client.PullRequest(bounded(t), loads, 9999)
	failed(t, err, base.KindNotFound)
	_, err = base.Collect(client.PullRequests(bounded(t), github.PullRequestsOptions{Repo: loads, State: "any"}))
	failed(t, err, base.KindInvalid, "state")
}

func TestPagesKeepTheirSizeWhereNotAllOfThemIsWanted(t *testing.T) {
	t.Parallel()
	server, first, second := stocked(t)
	for i := range 400 {
		p := github.PullRequest{Title: fmt.Sprint(i), State: "closed", Base: "main", Updated: day.AddDate(0, 0, i+2)}
		if i%2 == 0 {
			p.Merged = p.Updated
		}
		server.AddPullRequest(loads, p, first, second)
	}
	all, err := base.Collect(clientOf(t, server).PullRequests(bounded(t), github.PullRequestsOptions{Repo: loads, State: "merged", Limit: 140}))
	if len(all) != 140 || !errors.Is(err, base.ErrTruncated) {
		t.Fatalf("%d, %v", len(all), err)
	}
	for i, p := range all {
		if p.Title != fmt.Sprint(398-2*i) {
			t.Fatalf("%d is %s", i, p.Title)
		}
	}
}

func TestLinesAreBlamed(t *testing.T) {
	t.Parallel()
	server, first, second := stocked(t)
	client := clientOf(t, server)
	all, err := client.Blame(bounded(t), loads, "src/Intake.java", github.BlameOptions{})
	if err != nil || len(all) != 3 || all[0].SHA != first || all[1].SHA != second || all[1].StartLine != 4 || all[1].EndLine != 4 || all[1].PullRequest != 1 || all[1].Author.Login != "bob" {
		t.Errorf("%+v, %v", all, err)
	}
	all, err = client.Blame(bounded(t), loads, "src/Intake.java", github.BlameOptions{StartLine: 2, EndLine: 3})
	if err != nil || len(all) != 1 || all[0].StartLine != 2 || all[0].EndLine != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = client.Blame(bounded(t), loads, "none", github.BlameOptions{})
	failed(t, err, base.KindNotFound)
	_, err = client.Blame(bounded(t), "acme/none", "x", github.BlameOptions{})
	failed(t, err, base.KindNotFound, "Could not resolve")
	server.Rename(loads, "acme/freight")
	var stats base.Stats
	if _, err := client.Blame(base.WithStats(bounded(t), &stats), loads, "README.md", github.BlameOptions{}); err != nil || !strings.Contains(fmt.Sprint(stats.Notes), "acme/freight") {
		t.Errorf("%v, %v", stats.Notes, err)
	}
}

func TestATreeIsListedWholeOrSaysThatItIsCut(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	client := clientOf(t, server)
	paths := func(all []github.Entry) string {
		var names []string
		for _, e := range all {
			names = append(names, e.Path)
		}
		return strings.Join(names, " ")
	}
	all, err := client.Tree(bounded(t), loads, github.TreeOptions{})
	if err != nil || paths(all) != "README.md docs docs/a b.md src src/Intake.java" {
		t.Errorf("%s, %v", paths(all), err)
	}
	all, err = client.Tree(bounded(t), loads, github.TreeOptions{Ref: "v1", Path: "src"})
	if err != nil || paths(all) != "src/Intake.java" || all[0].Size == 0 || all[0].Type != "blob" {
		t.Errorf("%+v, %v", all, err)
	}
	files := map[string]string{}
	for i := range 1100 {
		files[fmt.Sprintf("many/%04d", i)] = "x"
	}
	server.AddCommit(loads, githubtest.Push{Message: "many", Files: files})
	all, err = client.Tree(bounded(t), loads, github.TreeOptions{})
	if len(all) != 1000 || !errors.Is(err, base.ErrTruncated) {
		t.Errorf("%d, %v", len(all), err)
	}
	_, err = client.Tree(bounded(t), loads, github.TreeOptions{Path: "none"})
	failed(t, err, base.KindNotFound, "no folder none")
	_, err = client.Tree(bounded(t), loads, github.TreeOptions{Path: "README.md"})
	failed(t, err, base.KindInvalid, "is a blob and no folder")
	server.AddCommit(loads, githubtest.Push{Message: "deep", Files: map[string]string{"a/b/c.txt": "x", "a/b/d/e.txt": "y"}})
	all, err = client.Tree(bounded(t), loads, github.TreeOptions{Path: "a/b"})
	if err != nil || paths(all) != "a/b/c.txt a/b/d a/b/d/e.txt" {
		t.Errorf("%s, %v", paths(all), err)
	}
}

func TestRepositoriesOfAnOrganisationOrAPersonAreListed(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	server.AddRepo(github.Repo{Name: "acme/old", Archived: true, Language: "Java", Topics: []string{"a"}})
	server.AddRepo(github.Repo{Name: "user-ann/notes", Private: true})
	client := clientOf(t, server)
	all, err := base.Collect(client.Repos(bounded(t), "acme"))
	if err != nil || len(all) != 2 || all[0].Name != loads || !all[1].Archived || all[0].DefaultBranch != "main" || all[0].Pushed.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
	all, err = base.Collect(client.Repos(bounded(t), "user-ann"))
	if err != nil || len(all) != 1 || !all[0].Private {
		t.Errorf("%+v, %v", all, err)
	}
	var stats base.Stats
	narrow := clientOf(t, server, func(c *github.Config) { c.Repositories = []string{"acme/loads"} })
	all, err = base.Collect(narrow.Repos(base.WithStats(bounded(t), &stats), "acme"))
	if err != nil || len(all) != 1 || !strings.Contains(fmt.Sprint(stats.Notes), "1 repositories") {
		t.Errorf("%+v, %v, %v", all, stats.Notes, err)
	}
}

func TestWhatReachedProductionComesInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	server, _, second := stocked(t)
	server.AddRelease(loads, githubtest.Release{Tag: "v2", Name: "Second", Author: "ann", At: day.Add(2 * time.Hour)})
	server.AddRelease(loads, githubtest.Release{Tag: "v9", At: day.Add(3 * time.Hour), Draft: true})
	server.AddRelease(loads, githubtest.Release{Tag: "v0", At: day.Add(-48 * time.Hour)})
	server.AddDeployment(loads, githubtest.Deploy{Environment: "production", Ref: "main", SHA: second, Author: "bot", At: day.Add(3 * time.Hour), State: "success"})
	server.AddDeployment(loads, githubtest.Deploy{Environment: "production", At: day.Add(30 * time.Hour)})
	client := clientOf(t, server)
	window := base.Window{From: day, To: day.Add(24 * time.Hour)}
	line, err := client.DeployTimeline(bounded(t), []string{loads}, window)
	var got []string
	for _, e := range line.Events {
		got = append(got, e.Kind+" "+e.Title+" "+e.State)
	}
	if err != nil || strings.Join(got, ", ") != "merge Reject loads , release Second , deployment production success" {
		t.Errorf("%q, %+v, %v", got, line.Missing, err)
	}
	server.ReplyTo("/deployments", githubtest.Reply{Status: 403, Body: `{"message":"Resource not accessible by integration"}`})
	line, err = client.DeployTimeline(bounded(t), []string{loads}, window)
	if !errors.Is(err, base.ErrPartial) || len(line.Events) != 2 || len(line.Missing) != 1 || line.Missing[0] != "deployments of acme/loads: permission" {
		t.Errorf("%+v, %v", line, err)
	}
	server.Hide(loads)
	_, err = client.DeployTimeline(bounded(t), []string{loads}, window)
	if base.KindOf(err) != base.KindNotFound && base.KindOf(err) != base.KindPermission {
		t.Error(err)
	}
	for says, f := range map[string]func() error{
		"window: missing": func() error { _, err := client.DeployTimeline(bounded(t), []string{loads}, base.Window{}); return err },
		"92 days": func() error {
			_, err := client.DeployTimeline(bounded(t), []string{loads}, base.Window{From: day, To: day.AddDate(1, 0, 0)})
			return err
		},
		"repos": func() error { _, err := client.DeployTimeline(bounded(t), nil, window); return err },
	} {
		failed(t, f(), base.KindInvalid, says)
	}
}

func TestRunsJobsAndTheEndOfTheirLogsAreRead(t *testing.T) {
	t.Parallel()
	server, _, second := stocked(t)
	run := server.AddWorkflowRun(loads, github.WorkflowRun{Name: "build", Title: "t", Event: "push", Status: "completed", Conclusion: "failure", Branch: "main", SHA: second, Created: day, Actor: "bob"})
	server.AddWorkflowRun(loads, github.WorkflowRun{Name: "build", Status: "completed", Conclusion: "success", Branch: "main", Created: day.Add(-time.Hour)})
	job := server.AddJob(loads, run, github.Job{Name: "test", Status: "completed", Conclusion: "failure", Started: day, Steps: []github.Step{{Number: 1, Name: "make", Conclusion: "failure"}}}, "one\ntwo\nthree\n")
	client := clientOf(t, server)
	runs, err := base.Collect(client.WorkflowRuns(bounded(t), github.WorkflowRunsOptions{Repo: loads, Status: "failure", Branch: "main", Event: "push", Since: day.Add(-time.Minute), Until: day.Add(time.Minute)}))
	if err != nil || len(runs) != 1 || runs[0].ID != run || runs[0].Actor != "bob" || !runs[0].Created.Equal(day) {
		t.Errorf("%+v, %v", runs, err)
	}
	jobs, err := client.Jobs(bounded(t), loads, run)
	if err != nil || len(jobs) != 1 || jobs[0].ID != job || len(jobs[0].Steps) != 1 {
		t.Errorf("%+v, %v", jobs, err)
	}
	log, err := client.JobLogs(bounded(t), loads, job, 2)
	if diff := cmp.Diff(github.JobLog{Repo: loads, JobID: job, Text: "two\nthree\n", Lines: 2, Bytes: 14, Cut: true}, log); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	long := server.AddJob(loads, run, github.Job{Name: "long"}, strings.Repeat("a line of the log\n", 100_000)+"the end\n")
	log, err = clientOf(t, server, func(c *github.Config) { c.MaxLogBytes = 10_000 }).JobLogs(bounded(t), loads, long, 0)
	if err != nil || !log.Cut || log.Lines != 500 || !strings.HasSuffix(log.Text, "log\nthe end\n") || log.Bytes != 1_800_008 || !strings.HasPrefix(log.Text, "a line") {
		t.Errorf("%d lines of %d bytes, cut %v, %v", log.Lines, log.Bytes, log.Cut, err)
	}
	log, err = clientOf(t, server, func(c *github.Config) { c.MaxLogBytes = 10_000 }).JobLogs(bounded(t), loads, long, 100_000)
	if err != nil || !log.Cut || !strings.HasPrefix(log.Text, "a line of the log\n") || log.Lines != 556 {
		t.Errorf("%d lines from %.20q, %v", log.Lines, log.Text, err)
	}
	c := server.Config()
	c.MaxLogBytes = 10_000
	deaf := clientWith(t, c, base.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		r.Header.Del("Range")
		return http.DefaultTransport.RoundTrip(r)
	})))
	_, err = deaf.JobLogs(bounded(t), loads, long, 0)
	failed(t, err, base.KindTooLarge, "max_log_bytes")
	for _, r := range server.LogRequests() {
		if r.Header.Get("Authorization") != "" {
			t.Error("the store of logs was shown the credential")
		}
	}
	_, err = client.JobLogs(bounded(t), loads, 1, 0)
	failed(t, err, base.KindNotFound)
}
