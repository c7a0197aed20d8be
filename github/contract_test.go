package github_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
	"github.com/fourkites/sources/internal/contract"
)

// left are the operations that the trimmed document leaves out.
var left = regexp.MustCompile(`^/(graphql|(orgs|users)/[^/]+/repos|repos/[^/]+/[^/]+/(pulls|git/trees/.*|deployments.*|actions/.*))$|^/logs/`)

func outside(r *http.Request) string {
	if left.MatchString(r.URL.Path) {
		return "the trimmed document leaves it out"
	}
	return ""
}

// asTheFake are the rules of the document that the fake breaks: it leaves out dozens of addresses that nobody reads.
var asTheFake = []string{"required"}

func TestContractRequestsAndAnswersAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	document := contract.Open(t, "github", "")
	server, first, second := stocked(t)
	server.AddRelease(loads, githubtest.Release{Tag: "v2", Author: "ann", At: day.AddDate(0, 0, 1)})
	run := server.AddWorkflowRun(loads, github.WorkflowRun{Created: day})
	job := server.AddJob(loads, run, github.Job{}, "x")
	for _, c := range []github.Config{server.Config(), server.AppConfig()} {
		c.CacheBytes = -1
		watched := contract.Watch(t, http.DefaultTransport, asTheFake, outside, document)
		client := clientWith(t, c, base.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.Header.Get("Accept"), "raw") {
				return watched.RoundTrip(r)
			}
			if err := document.CheckRequest(r, nil); err != nil { // the document describes no answer that is the file itself
				t.Error(err)
			}
			return http.DefaultTransport.RoundTrip(r)
		})))
		ctx := bounded(t)
		check := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		check("Ping", client.Ping(ctx))
		_, err := base.Collect(client.SearchCode(ctx, github.CodeOptions{Text: "load", Repos: []string{loads}, Language: "java"}))
		check("SearchCode", err)
		_, err = client.File(ctx, loads, "src/Intake.java", github.FileOptions{Ref: first})
		check("File", err)
		_, err = base.Collect(client.Commits(ctx, github.CommitsOptions{Repo: loads, Path: "src", Author: "bob", Since: day, Until: day.AddDate(0, 0, 1), Ref: "main"}))
		check("Commits", err)
		_, err = client.Commit(ctx, loads, second)
		check("Commit", err)
		_, err = client.Compare(ctx, loads, first, second)
		check("Compare", err)
		_, err = client.PullRequest(ctx, loads, 1)
		check("PullRequest", err)
		_, err = client.PullRequestsOf(ctx, loads, second)
		check("PullRequestsOf", err)
		_, err = base.Collect(client.PullRequests(ctx, github.PullRequestsOptions{Repo: loads}))
		check("PullRequests", err)
		_, err = client.Blame(ctx, loads, "src/Intake.java", github.BlameOptions{})
		check("Blame", err)
		_, err = client.Tree(ctx, loads, github.TreeOptions{Path: "src"})
		check("Tree", err)
		_, err = base.Collect(client.Repos(ctx, "acme"))
		check("Repos", err)
		_, err = client.DeployTimeline(ctx, []string{loads}, base.Window{From: day, To: day.AddDate(0, 0, 2)})
		check("DeployTimeline", err)
		_, err = base.Collect(client.WorkflowRuns(ctx, github.WorkflowRunsOptions{Repo: loads}))
		check("WorkflowRuns", err)
		_, err = client.Jobs(ctx, loads, run)
		check("Jobs", err)
		_, err = client.JobLogs(ctx, loads, job, 5)
		check("JobLogs", err)
		_, err = client.RateLimit(ctx)
		check("RateLimit", err)
		if _, err := client.Commit(ctx, "acme/none", "main"); base.KindOf(err) != base.KindNotFound {
			t.Error(err)
		}
	}
	for operation, n := range document.Seen() {
		t.Logf("%3d %s", n, operation)
	}
	if len(document.Seen()) < 10 {
		t.Errorf("only %d operations were asked for", len(document.Seen()))
	}
}

func TestContractARecordedSecondaryLimitIsKnownByItsWordsAlone(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(contract.Recorded(t, "errors", "github_403_secondary_body_only.json"))
	if err != nil || !json.Valid(text) {
		t.Fatal(err)
	}
	server := started(t)
	server.Reply(nil, githubtest.Reply{Status: 403, Body: string(text)})
	_, err = clientOf(t, server).File(bounded(t), loads, "a", github.FileOptions{})
	e := details(t, err, base.KindThrottled)
	if s, ok := errors.AsType[*github.ServerError](err); !ok || s.Limit != github.Secondary || e.RetryAfter.Seconds() < 60 {
		t.Errorf("%+v, %s", s, e.RetryAfter)
	}
}
