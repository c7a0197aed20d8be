package github

import (
	"context"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// RemoteClient asks the same questions of a server that serves this package's tools. It is safe for concurrent use as far
// as its caller is, and has nothing to close.
type RemoteClient struct {
	name   string
	caller tool.Caller
}

// Remote makes a client of the tools that the caller reaches. The name stands in the provenance of answers.
func Remote(name string, caller tool.Caller) *RemoteClient { return &RemoteClient{name, caller} }

// Name is the name given to Remote.
func (r *RemoteClient) Name() string { return r.name }

// SearchCode is [Client.SearchCode], page by page. It takes at most one repository.
func (r *RemoteClient) SearchCode(ctx context.Context, o CodeOptions) iter.Seq2[CodeHit, error] {
	in := SearchArguments{Query: o.Text, Exactly: o.Exactly, Language: o.Language, Path: o.Path, Filename: o.Filename, Extension: o.Extension}
	switch len(o.Repos) {
	case 0:
	case 1:
		in.Repo = o.Repos[0]
	default:
		return failed[CodeHit](base.Invalid(r.name, opSearchCode.Name, "repos: %d; a remote search takes one", len(o.Repos)))
	}
	return output.Walk(r.name, opSearchCode.Name, o.Limit, func(n int, cursor string) (base.Page[CodeHit], error) {
		in.Limit, in.Cursor = min(n, pageSize), cursor
		return SearchCode.Call(ctx, r.caller, in)
	})
}

// File is [Client.File], without its bound of bytes.
func (r *RemoteClient) File(ctx context.Context, repo, path string, o FileOptions) (File, error) {
	return GetFile.Call(ctx, r.caller, FileArguments{Repo: repo, Path: path, Ref: o.Ref, StartLine: o.StartLine, EndLine: o.EndLine})
}

// SearchClasses is [Client.SearchClasses].
func (r *RemoteClient) SearchClasses(ctx context.Context, class, repo string) ([]ClassHit, error) {
	p, err := SearchClasses.Call(ctx, r.caller, ClassArguments{ClassName: class, Repo: repo})
	return output.Items(r.name, p, err)
}

// Repos is [Client.Repos], page by page.
func (r *RemoteClient) Repos(ctx context.Context, owner string) iter.Seq2[Repo, error] {
	return output.Walk(r.name, opRepos.Name, -1, func(_ int, cursor string) (base.Page[Repo], error) {
		return ListRepos.Call(ctx, r.caller, ReposArguments{Owner: owner, Cursor: cursor})
	})
}

// Commits is [Client.Commits], page by page.
func (r *RemoteClient) Commits(ctx context.Context, o CommitsOptions) iter.Seq2[Commit, error] {
	return output.Walk(r.name, opCommits.Name, o.Limit, func(n int, cursor string) (base.Page[Commit], error) {
		return ListCommits.Call(ctx, r.caller, CommitsArguments{
			Repo: o.Repo, Ref: o.Ref, Path: o.Path, Author: o.Author, Since: o.Since, Until: o.Until, Limit: min(n, pageSize), Cursor: cursor,
		})
	})
}

// Commit is [Client.Commit]; what is missing of it is an error too.
func (r *RemoteClient) Commit(ctx context.Context, repo, ref string) (Commit, error) {
	a, err := GetCommit.Call(ctx, r.caller, RefArguments{Repo: repo, Ref: ref})
	return a.Commit, r.whole(opCommit, len(a.Files), a.Incomplete, err)
}

// Compare is [Client.Compare]; what is missing of it is an error too.
func (r *RemoteClient) Compare(ctx context.Context, repo, from, to string) (Comparison, error) {
	a, err := CompareRefs.Call(ctx, r.caller, CompareArguments{Repo: repo, Base: from, Head: to})
	return a.Comparison, r.whole(opCompare, len(a.Commits), a.Incomplete, err)
}

// PullRequest is [Client.PullRequest]; what is missing of it is an error too.
func (r *RemoteClient) PullRequest(ctx context.Context, repo string, number int) (PullRequest, error) {
	a, err := GetPullRequest.Call(ctx, r.caller, NumberArguments{Repo: repo, Number: number})
	return a.PullRequest, r.whole(opPullRequest, len(a.Files), a.Incomplete, err)
}

// whole is the error of an answer that says of itself what is missing.
func (r *RemoteClient) whole(op *base.Op, n int, said string, err error) error {
	if err != nil || said == "" {
		return err
	}
	return base.NewIncomplete(base.Partial, r.name, op.Name, int64(n), said, nil)
}

// PullRequests is [Client.PullRequests], page by page.
func (r *RemoteClient) PullRequests(ctx context.Context, o PullRequestsOptions) iter.Seq2[PullRequest, error] {
	return output.Walk(r.name, opPullRequests.Name, o.Limit, func(n int, cursor string) (base.Page[PullRequest], error) {
		return ListPullRequests.Call(ctx, r.caller, PullRequestsArguments{
			Repo: o.Repo, State: o.State, Base: o.Base, Since: o.Since, Until: o.Until, Limit: min(n, pageSize), Cursor: cursor,
		})
	})
}

// PullRequestsOf is [Client.PullRequestsOf].
func (r *RemoteClient) PullRequestsOf(ctx context.Context, repo, sha string) ([]PullRequest, error) {
	p, err := ListCommitPullRequests.Call(ctx, r.caller, RefArguments{Repo: repo, Ref: sha})
	return output.Items(r.name, p, err)
}

// Blame is [Client.Blame].
func (r *RemoteClient) Blame(ctx context.Context, repo, path string, o BlameOptions) ([]BlameRange, error) {
	p, err := BlameFile.Call(ctx, r.caller, BlameArguments{Repo: repo, Path: path, Ref: o.Ref, StartLine: o.StartLine, EndLine: o.EndLine})
	return output.Items(r.name, p, err)
}

// Tree is [Client.Tree].
func (r *RemoteClient) Tree(ctx context.Context, repo string, o TreeOptions) ([]Entry, error) {
	p, err := GetTree.Call(ctx, r.caller, TreeArguments{Repo: repo, Ref: o.Ref, Path: o.Path})
	return output.Items(r.name, p, err)
}

// DeployTimeline is [Client.DeployTimeline]; what could not be read stands in Missing alone.
func (r *RemoteClient) DeployTimeline(ctx context.Context, repos []string, window base.Window) (Timeline, error) {
	return GetDeployTimeline.Call(ctx, r.caller, TimelineArguments{Repos: repos, From: window.From, To: window.To})
}

// WorkflowRuns is [Client.WorkflowRuns], page by page.
func (r *RemoteClient) WorkflowRuns(ctx context.Context, o WorkflowRunsOptions) iter.Seq2[WorkflowRun, error] {
	return output.Walk(r.name, opWorkflowRuns.Name, o.Limit, func(n int, cursor string) (base.Page[WorkflowRun], error) {
		return ListWorkflowRuns.Call(ctx, r.caller, RunsArguments{
			Repo: o.Repo, Branch: o.Branch, Event: o.Event, Status: o.Status, Since: o.Since, Until: o.Until, Limit: min(n, pageSize), Cursor: cursor,
		})
	})
}

// Jobs is [Client.Jobs].
func (r *RemoteClient) Jobs(ctx context.Context, repo string, run int64) ([]Job, error) {
	p, err := ListJobs.Call(ctx, r.caller, JobsArguments{Repo: repo, RunID: run})
	return output.Items(r.name, p, err)
}

// JobLogs is [Client.JobLogs].
func (r *RemoteClient) JobLogs(ctx context.Context, repo string, job int64, tail int) (JobLog, error) {
	return GetJobLogs.Call(ctx, r.caller, LogArguments{Repo: repo, JobID: job, Tail: tail})
}

// RateLimit is [Client.RateLimit].
func (r *RemoteClient) RateLimit(ctx context.Context) (RateLimits, error) {
	return GetRateLimit.Call(ctx, r.caller, struct{}{})
}
