package github

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// Tools are the client's methods as tools, under their names in this house.
func (c *Client) Tools() []tool.Tool {
	return []tool.Tool{
		SearchCode.Bind(c.toolSearch), GetFile.Bind(c.toolFile), SearchClasses.Bind(output.Paged(c.toolClasses)), ListRepos.Bind(c.toolRepos),
		ListCommits.Bind(c.toolCommits), GetCommit.Bind(c.toolCommit), CompareRefs.Bind(c.toolCompare), GetPullRequest.Bind(c.toolPull),
		ListPullRequests.Bind(c.toolPulls), ListCommitPullRequests.Bind(output.Paged(c.toolPullsOf)), BlameFile.Bind(output.Paged(c.toolBlame)), GetTree.Bind(output.Paged(c.toolTree)),
		GetDeployTimeline.Bind(c.toolTimeline), ListWorkflowRuns.Bind(c.toolRuns), ListJobs.Bind(output.Paged(c.toolJobs)),
		GetJobLogs.Bind(c.toolLogs), GetRateLimit.Bind(func(ctx context.Context, _ struct{}) (RateLimits, error) { return c.RateLimit(ctx) }),
	}
}

// Aliases are the same tools under the names and parameters that an endpoint of this source alone has.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		tool.Alias(SearchCode, "search_code", SearchCode.Description(), func(a QueryArguments) (SearchArguments, error) {
			return SearchArguments{Query: a.Query, Repo: a.Repo, Language: a.Language}, nil
		}).Bind(c.toolSearch),
		tool.Alias(GetFile, "get_file_content", GetFile.Description(), func(a ContentArguments) (FileArguments, error) {
			return FileArguments{Repo: a.Repo, Path: a.Path, Ref: a.Ref}, nil
		}).Bind(c.toolFile),
		SearchClasses.Alias("search_classes").Bind(output.Paged(c.toolClasses)),
		tool.Alias(ListRepos, "list_repos", ListRepos.Description(), func(a OrgArguments) (ReposArguments, error) {
			return ReposArguments{Owner: a.Org}, nil
		}).Bind(c.toolRepos),
	}
}

func (c *Client) toolSearch(ctx context.Context, in SearchArguments) (base.Page[CodeHit], error) {
	o := CodeOptions{
		Text: in.Query, Exactly: in.Exactly, Language: in.Language, Path: in.Path, Filename: in.Filename, Extension: in.Extension, Limit: in.Limit,
	}
	if in.Repo != "" {
		o.Repos = []string{in.Repo}
	}
	return c.SearchCodePage(ctx, o, in.Cursor)
}

func (c *Client) toolFile(ctx context.Context, in FileArguments) (File, error) {
	return c.File(ctx, in.Repo, in.Path, FileOptions{Ref: in.Ref, StartLine: in.StartLine, EndLine: in.EndLine})
}

func (c *Client) toolClasses(ctx context.Context, in ClassArguments) ([]ClassHit, error) {
	return c.SearchClasses(ctx, in.ClassName, in.Repo)
}

func (c *Client) toolRepos(ctx context.Context, in ReposArguments) (base.Page[Repo], error) {
	return c.ReposPage(ctx, in.Owner, in.Limit, in.Cursor)
}

func (c *Client) toolCommits(ctx context.Context, in CommitsArguments) (base.Page[Commit], error) {
	return c.CommitsPage(ctx, CommitsOptions{
		Repo: in.Repo, Ref: in.Ref, Path: in.Path, Author: in.Author, Since: in.Since, Until: in.Until, Limit: in.Limit,
	}, in.Cursor)
}

// missing turns the error of an answer that is there in part into words that stand beside it.
func missing(err error) (string, error) {
	if part, ok := errors.AsType[*base.IncompleteError](err); ok {
		return part.Error(), nil
	}
	return "", err
}

func (c *Client) toolCommit(ctx context.Context, in RefArguments) (CommitAnswer, error) {
	got, err := c.Commit(ctx, in.Repo, in.Ref)
	said, err := missing(err)
	return CommitAnswer{got, said}, err
}

func (c *Client) toolCompare(ctx context.Context, in CompareArguments) (CompareAnswer, error) {
	got, err := c.Compare(ctx, in.Repo, in.Base, in.Head)
	said, err := missing(err)
	return CompareAnswer{got, said}, err
}

func (c *Client) toolPull(ctx context.Context, in NumberArguments) (PullRequestAnswer, error) {
	got, err := c.PullRequest(ctx, in.Repo, in.Number)
	said, err := missing(err)
	return PullRequestAnswer{got, said}, err
}

func (c *Client) toolPulls(ctx context.Context, in PullRequestsArguments) (base.Page[PullRequest], error) {
	return c.PullRequestsPage(ctx, PullRequestsOptions{
		Repo: in.Repo, State: in.State, Base: in.Base, Since: in.Since, Until: in.Until, Limit: in.Limit,
	}, in.Cursor)
}

func (c *Client) toolPullsOf(ctx context.Context, in RefArguments) ([]PullRequest, error) {
	return c.PullRequestsOf(ctx, in.Repo, in.Ref)
}

func (c *Client) toolBlame(ctx context.Context, in BlameArguments) ([]BlameRange, error) {
	return c.Blame(ctx, in.Repo, in.Path, BlameOptions{Ref: in.Ref, StartLine: in.StartLine, EndLine: in.EndLine})
}

func (c *Client) toolTree(ctx context.Context, in TreeArguments) ([]Entry, error) {
	return c.Tree(ctx, in.Repo, TreeOptions{Ref: in.Ref, Path: in.Path})
}

func (c *Client) toolTimeline(ctx context.Context, in TimelineArguments) (Timeline, error) {
	got, err := c.DeployTimeline(ctx, in.Repos, base.Window{From: in.From, To: in.To})
	_, err = missing(err) // it stands in Missing
	return got, err
}

func (c *Client) toolRuns(ctx context.Context, in RunsArguments) (base.Page[WorkflowRun], error) {
	return c.WorkflowRunsPage(ctx, WorkflowRunsOptions{
		Repo: in.Repo, Branch: in.Branch, Event: in.Event, Status: in.Status, Since: in.Since, Until: in.Until, Limit: in.Limit,
	}, in.Cursor)
}

func (c *Client) toolJobs(ctx context.Context, in JobsArguments) ([]Job, error) {
	return c.Jobs(ctx, in.Repo, in.RunID)
}

func (c *Client) toolLogs(ctx context.Context, in LogArguments) (JobLog, error) {
	return c.JobLogs(ctx, in.Repo, in.JobID, in.Tail)
}
