package github_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

// existing are the names and parameters that an endpoint of this source alone has.
var existing = map[string]string{
	"search_code": "language query* repo", "get_file_content": "path* ref repo*", "search_classes": "class_name* repo", "list_repos": "org*",
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
		if err := one.Check(); err != nil || !one.ReadOnly() {
			t.Errorf("%s: %v", one.Name(), err)
		}
		names = append(names, one.Name())
	}
	if diff := cmp.Diff(strings.Fields(`github_search_code github_get_file github_search_classes github_list_repos github_list_commits github_get_commit
		github_compare_refs github_get_pull_request github_list_pull_requests github_list_commit_pull_requests github_blame_file github_get_tree github_get_deploy_timeline
		github_list_workflow_runs github_list_jobs github_get_job_logs github_get_rate_limit
		search_code get_file_content search_classes list_repos`), names); diff != "" {
		t.Error(diff)
	}
	for _, one := range client.Aliases() {
		if diff := cmp.Diff(existing[one.Name()], parameters(one)); diff != "" {
			t.Errorf("%s: %s", one.Name(), diff)
		}
	}
}

func TestARemoteClientGivesTheSameAnswers(t *testing.T) {
	t.Parallel()
	server, first, second := stocked(t)
	run := server.AddWorkflowRun(loads, github.WorkflowRun{Name: "build", Created: day})
	job := server.AddJob(loads, run, github.Job{Name: "test"}, "log\n")
	client := clientOf(t, server, unlimited(server))
	remote := github.Remote("far", tool.Set(client.Tools()))
	ctx := bounded(t)
	same := func(what string, near, far any, err, err2 error) {
		t.Helper()
		if diff := cmp.Diff(near, far); diff != "" || err != nil || err2 != nil {
			t.Errorf("%s: %v, %v\n%s", what, err, err2, diff)
		}
	}
	hits, err := base.Collect(client.SearchCode(ctx, github.CodeOptions{Text: "load", Repos: []string{loads}}))
	hits2, err2 := base.Collect(remote.SearchCode(ctx, github.CodeOptions{Text: "load", Repos: []string{loads}}))
	same("SearchCode", hits, hits2, err, err2)
	file, err := client.File(ctx, loads, "README.md", github.FileOptions{})
	file2, err2 := remote.File(ctx, loads, "README.md", github.FileOptions{})
	same("File", file, file2, err, err2)
	classes, err := client.SearchClasses(ctx, "Intake", loads)
	classes2, err2 := remote.SearchClasses(ctx, "Intake", loads)
	same("SearchClasses", classes, classes2, err, err2)
	repos, err := base.Collect(client.Repos(ctx, "acme"))
	repos2, err2 := base.Collect(remote.Repos(ctx, "acme"))
	same("Repos", repos, repos2, err, err2)
	o := github.CommitsOptions{Repo: loads, Since: day}
	commits, err := base.Collect(client.Commits(ctx, o))
	commits2, err2 := base.Collect(remote.Commits(ctx, o))
	same("Commits", commits, commits2, err, err2)
	commit, err := client.Commit(ctx, loads, second)
	commit2, err2 := remote.Commit(ctx, loads, second)
	same("Commit", commit, commit2, err, err2)
	compared, err := client.Compare(ctx, loads, first, second)
	compared2, err2 := remote.Compare(ctx, loads, first, second)
	same("Compare", compared, compared2, err, err2)
	pull, err := client.PullRequest(ctx, loads, 1)
	pull2, err2 := remote.PullRequest(ctx, loads, 1)
	same("PullRequest", pull, pull2, err, err2)
	pulls, err := base.Collect(client.PullRequests(ctx, github.PullRequestsOptions{Repo: loads}))
	pulls2, err2 := base.Collect(remote.PullRequests(ctx, github.PullRequestsOptions{Repo: loads}))
	same("PullRequests", pulls, pulls2, err, err2)
	pullsOf, err := client.PullRequestsOf(ctx, loads, second)
	pullsOf2, err2 := remote.PullRequestsOf(ctx, loads, second)
	same("PullRequestsOf", pullsOf, pullsOf2, err, err2)
	blame, err := client.Blame(ctx, loads, "README.md", github.BlameOptions{})
	blame2, err2 := remote.Blame(ctx, loads, "README.md", github.BlameOptions{})
	same("Blame", blame, blame2, err, err2)
	tree, err := client.Tree(ctx, loads, github.TreeOptions{Path: "src"})
	tree2, err2 := remote.Tree(ctx, loads, github.TreeOptions{Path: "src"})
	same("Tree", tree, tree2, err, err2)
	window := base.Window{From: day, To: day.Add(24 * time.Hour)}
	line, err := client.DeployTimeline(ctx, []string{loads}, window)
	line2, err2 := remote.DeployTimeline(ctx, []string{loads}, window)
	same("DeployTimeline", line, line2, err, err2)
	runs, err := base.Collect(client.WorkflowRuns(ctx, github.WorkflowRunsOptions{Repo: loads}))
	runs2, err2 := base.Collect(remote.WorkflowRuns(ctx, github.WorkflowRunsOptions{Repo: loads}))
	same("WorkflowRuns", runs, runs2, err, err2)
	jobs, err := client.Jobs(ctx, loads, run)
	jobs2, err2 := remote.Jobs(ctx, loads, run)
	same("Jobs", jobs, jobs2, err, err2)
	log, err := client.JobLogs(ctx, loads, job, 1)
	log2, err2 := remote.JobLogs(ctx, loads, job, 1)
	same("JobLogs", log, log2, err, err2)
	limits, err := client.RateLimit(ctx)
	limits2, err2 := remote.RateLimit(ctx)
	same("RateLimit", limits, limits2, err, err2)
	if len(hits) != 1 || len(classes) != 1 || len(commits) != 2 || len(line.Events) != 1 || len(jobs) != 1 || remote.Name() != "far" {
		t.Errorf("%+v %+v %+v", hits, classes, line)
	}
	_, err = base.Collect(remote.SearchCode(ctx, github.CodeOptions{Text: "a", Repos: []string{"a/b", "a/c"}}))
	failed(t, err, base.KindInvalid, "repos")
}

func TestWhatIsMissingOfAnAnswerStandsInItsTool(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	set := tool.Set(clientOf(t, server).Tools())
	server.ReplyTo("/pulls/1/files", githubtest.Reply{Status: 403, Body: `{"message":"no"}`})
	a, err := github.GetPullRequest.Call(bounded(t), set, github.NumberArguments{Repo: loads, Number: 1})
	if err != nil || a.Title == "" || !strings.Contains(a.Incomplete, "not all changed files") {
		t.Errorf("%+v, %v", a, err)
	}
	_, err = github.Remote("far", set).PullRequest(bounded(t), loads, 1)
	if base.OutcomeOf(1, err) != base.Partial {
		t.Errorf("%v", err)
	}
	server.ReplyTo("/releases", githubtest.Reply{Status: 403, Body: `{"message":"no"}`})
	line, err := github.GetDeployTimeline.Call(bounded(t), set, github.TimelineArguments{Repos: []string{loads}, From: day, To: day.Add(time.Hour * 2)})
	if err != nil || len(line.Missing) != 1 || len(line.Events) != 1 {
		t.Errorf("%+v, %v", line, err)
	}
}

func TestTheOlderToolsAnswer(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	set := tool.Set(clientOf(t, server, unlimited(server)).Aliases())
	for name, args := range map[string]string{
		"search_code": `{"query":"load","repo":"acme/loads","language":"java"}`, "get_file_content": `{"repo":"acme/loads","path":"README.md","ref":"main"}`,
		"search_classes": `{"class_name":"Intake","repo":"acme/loads"}`, "list_repos": `{"org":"acme"}`,
	} {
		if out, err := set.CallTool(bounded(t), name, json.RawMessage(args)); err != nil || len(out) < 5 {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
}
