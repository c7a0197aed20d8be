package github

import (
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// The tools of the client. Declaration.Call calls one wherever it is served.
var (
	SearchCode = tool.Declare[SearchArguments, base.Page[CodeHit]]("github_search_code",
		"Searches the code of default branches for words, or for a text exactly, page by page. Ten searches a minute: narrow by repo, path, "+
			"language rather than searching again.")
	GetFile = tool.Declare[FileArguments, File]("github_get_file",
		"Gives the text of a file, or some lines of it, at a branch, tag or commit. cut says that there is more.")
	SearchClasses = tool.Declare[ClassArguments, base.Page[ClassHit]]("github_search_classes",
		"Finds where a class or another type is declared, with the line, by its name.")
	ListRepos = tool.Declare[ReposArguments, base.Page[Repo]]("github_list_repos",
		"Lists the repositories of an organisation or a person, those pushed to last first.")
	ListCommits = tool.Declare[CommitsArguments, base.Page[Commit]]("github_list_commits",
		"Lists commits, the newest first, of a branch, a file, an author or a time.")
	GetCommit = tool.Declare[RefArguments, CommitAnswer]("github_get_commit",
		"Gives one commit with its changed files and their patches.")
	CompareRefs = tool.Declare[CompareArguments, CompareAnswer]("github_compare_refs",
		"Says which commits and files lie between two branches, tags or commits.")
	GetPullRequest = tool.Declare[NumberArguments, PullRequestAnswer]("github_get_pull_request",
		"Gives one pull request with its changed files and their patches.")
	ListPullRequests = tool.Declare[PullRequestsArguments, base.Page[PullRequest]]("github_list_pull_requests",
		"Lists pull requests, those changed last first. A page may hold fewer than were asked for and still say more.")
	ListCommitPullRequests = tool.Declare[RefArguments, base.Page[PullRequest]]("github_list_commit_pull_requests",
		"Lists the pull requests that brought a commit.")
	BlameFile = tool.Declare[BlameArguments, base.Page[BlameRange]]("github_blame_file",
		"Says which commit, and whose, wrote the lines of a file.")
	GetTree = tool.Declare[TreeArguments, base.Page[Entry]]("github_get_tree",
		"Lists all files below a folder of a repository.")
	GetDeployTimeline = tool.Declare[TimelineArguments, Timeline]("github_get_deploy_timeline",
		"Lists what was merged, released and deployed in some repositories in a window of time, the oldest first. missing names what could "+
			"not be read.")
	ListWorkflowRuns = tool.Declare[RunsArguments, base.Page[WorkflowRun]]("github_list_workflow_runs",
		"Lists runs of GitHub Actions, the newest first.")
	ListJobs = tool.Declare[JobsArguments, base.Page[Job]]("github_list_jobs",
		"Lists the jobs of a run of GitHub Actions with their steps.")
	GetJobLogs = tool.Declare[LogArguments, JobLog]("github_get_job_logs",
		"Gives the last lines of the log of a job. cut says that the log begins before them.")
	GetRateLimit = tool.Declare[struct{}, RateLimits]("github_get_rate_limit",
		"Says what is left of the budgets of requests, and when they begin anew. Asking costs nothing of them.")
)

// SearchArguments says what a tool searches for.
type SearchArguments struct {
	Query     string `json:"query" jsonschema:"words that a file must hold, in any order"`
	Exactly   bool   `json:"exactly,omitempty" jsonschema:"looks for the query as it stands"`
	Repo      string `json:"repo,omitempty" jsonschema:"owner/name; all that may be read if not given"`
	Language  string `json:"language,omitempty" jsonschema:"such as java"`
	Path      string `json:"path,omitempty" jsonschema:"a folder"`
	Filename  string `json:"filename,omitempty" jsonschema:"name of the file, or a part of it"`
	Extension string `json:"extension,omitempty" jsonschema:"without its dot"`
	Limit     int    `json:"limit,omitempty" jsonschema:"hits of one page, 100 if not given"`
	Cursor    string `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// QueryArguments is a search as the older tool takes it.
type QueryArguments struct {
	Query    string `json:"query" jsonschema:"words that a file must hold, in any order"`
	Repo     string `json:"repo,omitempty" jsonschema:"owner/name"`
	Language string `json:"language,omitempty" jsonschema:"such as java"`
}

// FileArguments says which file a tool reads.
type FileArguments struct {
	Repo      string `json:"repo" jsonschema:"owner/name"`
	Path      string `json:"path" jsonschema:"from the root of the repository"`
	Ref       string `json:"ref,omitempty" jsonschema:"branch, tag or commit; the default branch if not given"`
	StartLine int    `json:"start_line,omitempty" jsonschema:"first line, from 1"`
	EndLine   int    `json:"end_line,omitempty" jsonschema:"last line, included"`
}

// ContentArguments is a file as the older tool takes it.
type ContentArguments struct {
	Repo string `json:"repo" jsonschema:"owner/name"`
	Path string `json:"path" jsonschema:"from the root of the repository"`
	Ref  string `json:"ref,omitempty" jsonschema:"branch, tag or commit"`
}

// ClassArguments says which class a tool looks for.
type ClassArguments struct {
	ClassName string `json:"class_name" jsonschema:"name of the class, alone or behind its package"`
	Repo      string `json:"repo,omitempty" jsonschema:"owner/name; all that may be read if not given"`
}

// ReposArguments says whose repositories a tool lists.
type ReposArguments struct {
	Owner  string `json:"owner" jsonschema:"organisation or person"`
	Limit  int    `json:"limit,omitempty" jsonschema:"repositories of one page, 100 if not given"`
	Cursor string `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// OrgArguments is an owner as the older tool takes it.
type OrgArguments struct {
	Org string `json:"org" jsonschema:"organisation or person"`
}

// CommitsArguments says which commits a tool lists.
type CommitsArguments struct {
	Repo   string    `json:"repo" jsonschema:"owner/name"`
	Ref    string    `json:"ref,omitempty" jsonschema:"branch, tag or commit to begin from"`
	Path   string    `json:"path,omitempty" jsonschema:"only commits that touch it"`
	Author string    `json:"author,omitempty" jsonschema:"login or address"`
	Since  time.Time `json:"since,omitzero" jsonschema:"RFC 3339, with zone"`
	Until  time.Time `json:"until,omitzero" jsonschema:"RFC 3339, with zone"`
	Limit  int       `json:"limit,omitempty" jsonschema:"commits of one page, 100 if not given"`
	Cursor string    `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// RefArguments names a commit for a tool.
type RefArguments struct {
	Repo string `json:"repo" jsonschema:"owner/name"`
	Ref  string `json:"ref" jsonschema:"commit, branch or tag"`
}

// CompareArguments says what a tool compares.
type CompareArguments struct {
	Repo string `json:"repo" jsonschema:"owner/name"`
	Base string `json:"base" jsonschema:"branch, tag or commit before"`
	Head string `json:"head" jsonschema:"branch, tag or commit after"`
}

// NumberArguments names a pull request for a tool.
type NumberArguments struct {
	Repo   string `json:"repo" jsonschema:"owner/name"`
	Number int    `json:"number" jsonschema:"of the pull request"`
}

// PullRequestsArguments says which pull requests a tool lists.
type PullRequestsArguments struct {
	Repo   string    `json:"repo" jsonschema:"owner/name"`
	State  string    `json:"state,omitempty" jsonschema:"open, closed or merged; all if not given"`
	Base   string    `json:"base,omitempty" jsonschema:"branch that they go into"`
	Since  time.Time `json:"since,omitzero" jsonschema:"merged, or changed last, not before; RFC 3339"`
	Until  time.Time `json:"until,omitzero" jsonschema:"and before this; RFC 3339"`
	Limit  int       `json:"limit,omitempty" jsonschema:"that are looked at for one page, 100 if not given"`
	Cursor string    `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// BlameArguments says whose lines a tool asks for.
type BlameArguments struct {
	Repo      string `json:"repo" jsonschema:"owner/name"`
	Path      string `json:"path" jsonschema:"from the root of the repository"`
	Ref       string `json:"ref,omitempty" jsonschema:"branch, tag or commit"`
	StartLine int    `json:"start_line,omitempty" jsonschema:"first line, from 1"`
	EndLine   int    `json:"end_line,omitempty" jsonschema:"last line, included"`
}

// TreeArguments says which files a tool lists.
type TreeArguments struct {
	Repo string `json:"repo" jsonschema:"owner/name"`
	Ref  string `json:"ref,omitempty" jsonschema:"branch, tag or commit"`
	Path string `json:"path,omitempty" jsonschema:"a folder"`
}

// TimelineArguments says which changes a tool lists.
type TimelineArguments struct {
	Repos []string  `json:"repos" jsonschema:"owner/name of each"`
	From  time.Time `json:"from" jsonschema:"RFC 3339, with zone"`
	To    time.Time `json:"to" jsonschema:"RFC 3339, with zone"`
}

// RunsArguments says which runs a tool lists.
type RunsArguments struct {
	Repo   string    `json:"repo" jsonschema:"owner/name"`
	Branch string    `json:"branch,omitempty" jsonschema:"that they ran for; all if not given"`
	Event  string    `json:"event,omitempty" jsonschema:"push, pull_request, schedule or the like"`
	Status string    `json:"status,omitempty" jsonschema:"a status or a conclusion, such as failure"`
	Since  time.Time `json:"since,omitzero" jsonschema:"created not before; RFC 3339"`
	Until  time.Time `json:"until,omitzero" jsonschema:"and not after; RFC 3339"`
	Limit  int       `json:"limit,omitempty" jsonschema:"runs of one page, 100 if not given"`
	Cursor string    `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// JobsArguments names a run for a tool.
type JobsArguments struct {
	Repo  string `json:"repo" jsonschema:"owner/name"`
	RunID int64  `json:"run_id" jsonschema:"number of the run"`
}

// LogArguments says which log a tool reads.
type LogArguments struct {
	Repo  string `json:"repo" jsonschema:"owner/name"`
	JobID int64  `json:"job_id" jsonschema:"number of the job"`
	Tail  int    `json:"tail,omitempty" jsonschema:"lines from the end, 500 if not given"`
}

// CommitAnswer is a commit as a tool gives it; Incomplete says what of it is missing.
type CommitAnswer struct {
	Commit
	Incomplete string `json:"incomplete,omitempty"`
}

// CompareAnswer is a comparison as a tool gives it; Incomplete says what of it is missing.
type CompareAnswer struct {
	Comparison
	Incomplete string `json:"incomplete,omitempty"`
}

// PullRequestAnswer is a pull request as a tool gives it; Incomplete says what of it is missing.
type PullRequestAnswer struct {
	PullRequest
	Incomplete string `json:"incomplete,omitempty"`
}
