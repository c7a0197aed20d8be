package github

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opWorkflowRuns     = &base.Op{Name: "WorkflowRuns"}
	opWorkflowRunsPage = &base.Op{Name: "WorkflowRunsPage"}
	opJobs             = &base.Op{Name: "Jobs"}
)

// WorkflowRun is one run of GitHub Actions.
type WorkflowRun struct {
	Repo       string    `json:"repo"`
	ID         int64     `json:"id"`
	Name       string    `json:"name"` // of the workflow
	Title      string    `json:"title,omitempty"`
	Number     int       `json:"number,omitempty"`
	Attempt    int       `json:"attempt,omitempty"`
	Event      string    `json:"event,omitempty"`
	Status     string    `json:"status,omitempty"`     // queued, in_progress, completed, ...
	Conclusion string    `json:"conclusion,omitempty"` // of a completed one: success, failure, cancelled, ...
	Branch     string    `json:"branch,omitempty"`
	SHA        string    `json:"sha,omitempty"`
	Actor      string    `json:"actor,omitempty"`
	Created    time.Time `json:"created,omitzero"`
	Started    time.Time `json:"started,omitzero"`
	Updated    time.Time `json:"updated,omitzero"`
	URL        string    `json:"url,omitempty"`
}

// WorkflowRunsOptions says which runs are listed.
type WorkflowRunsOptions struct {
	Repo   string    `json:"repo"`
	Branch string    `json:"branch,omitempty"`
	Event  string    `json:"event,omitempty"`  // push, pull_request, schedule, ...
	Status string    `json:"status,omitempty"` // a status or a conclusion
	Since  time.Time `json:"since,omitzero"`   // when they were created
	Until  time.Time `json:"until,omitzero"`
	Limit  int       `json:"limit,omitempty"` // 0 = all
}

// WorkflowRuns yields runs, the newest first.
func (c *Client) WorkflowRuns(ctx context.Context, o WorkflowRunsOptions) iter.Seq2[WorkflowRun, error] {
	l, err := c.runs(opWorkflowRuns, o)
	if err != nil {
		return failed[WorkflowRun](err)
	}
	return l.All(ctx, o.Limit)
}

// WorkflowRunsPage is one page of WorkflowRuns, at most Limit of them (0 = 100).
func (c *Client) WorkflowRunsPage(ctx context.Context, o WorkflowRunsOptions, cursor string) (base.Page[WorkflowRun], error) {
	l, err := c.runs(opWorkflowRunsPage, o)
	if err != nil {
		return base.Page[WorkflowRun]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, o.Limit, cursor)
}

func (c *Client) runs(op *base.Op, o WorkflowRunsOptions) (listing.List[WorkflowRun], error) {
	var none listing.List[WorkflowRun]
	owner, name, err := c.split(op, o.Repo)
	if err == nil {
		err = c.checkRef(op, "branch", o.Branch)
	}
	switch {
	case err != nil:
		return none, err
	case o.Limit < 0:
		return none, c.invalid(op, "limit: negative; 0 is all")
	case !o.Since.IsZero() && !o.Until.IsZero() && o.Until.Before(o.Since):
		return none, c.invalid(op, "until: before since")
	}
	o.Limit = 0 // no part of the question
	return numbered(c, listing.List[WorkflowRun]{Kind: 'w', Question: o, Key: func(r WorkflowRun) string { return strconv.FormatInt(r.ID, 10) }}, call{op: op, repo: o.Repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.WorkflowRun, *github.Response, error) {
			got, resp, err := c.api.Actions.ListRepositoryWorkflowRuns(ctx, owner, name, &github.ListWorkflowRunsOptions{
				Branch: o.Branch, Event: o.Event, Status: o.Status, Created: between(o.Since, o.Until), ListOptions: at,
			})
			if err != nil {
				return nil, resp, err
			}
			return got.WorkflowRuns, resp, nil
		},
		func(r *github.WorkflowRun) (WorkflowRun, bool) { return readRun(o.Repo, r), true }), nil
}

// between is a span of time in GitHub's language.
func between(since, until time.Time) string {
	const layout = time.RFC3339
	switch {
	case since.IsZero() && until.IsZero():
		return ""
	case until.IsZero():
		return ">=" + since.UTC().Format(layout)
	case since.IsZero():
		return "<=" + until.UTC().Format(layout)
	}
	return since.UTC().Format(layout) + ".." + until.UTC().Format(layout)
}

func readRun(repo string, r *github.WorkflowRun) WorkflowRun {
	return WorkflowRun{
		Repo: repo, ID: r.GetID(), Name: r.GetName(), Title: r.GetDisplayTitle(), Number: r.GetRunNumber(), Attempt: r.GetRunAttempt(),
		Event: r.GetEvent(), Status: r.GetStatus(), Conclusion: r.GetConclusion(), Branch: r.GetHeadBranch(), SHA: r.GetHeadSHA(),
		Actor: r.GetActor().GetLogin(), Created: r.GetCreatedAt().UTC(), Started: r.GetRunStartedAt().UTC(), Updated: r.GetUpdatedAt().UTC(), URL: r.GetHTMLURL(),
	}
}

// Job is one job of a run.
type Job struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Status     string    `json:"status,omitempty"`
	Conclusion string    `json:"conclusion,omitempty"`
	Started    time.Time `json:"started,omitzero"`
	Completed  time.Time `json:"completed,omitzero"`
	Steps      []Step    `json:"steps,omitempty"`
	URL        string    `json:"url,omitempty"`
}

// Step is one step of a job.
type Step struct {
	Number     int64  `json:"number"`
	Name       string `json:"name"`
	Conclusion string `json:"conclusion,omitempty"`
}

// Jobs are the jobs of the newest attempt of a run.
func (c *Client) Jobs(ctx context.Context, repo string, run int64) ([]Job, error) {
	owner, name, err := c.split(opJobs, repo)
	if err == nil && run < 1 {
		err = c.invalid(opJobs, "run_id: %d is no number of a run", run)
	}
	if err != nil {
		return nil, err
	}
	l := numbered(c, listing.List[Job]{Kind: 'j', Question: [2]any{repo, run}, Key: func(j Job) string { return strconv.FormatInt(j.ID, 10) }}, call{op: opJobs, repo: repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.WorkflowJob, *github.Response, error) {
			got, resp, err := c.api.Actions.ListWorkflowJobs(ctx, owner, name, run, &github.ListWorkflowJobsOptions{ListOptions: at})
			if err != nil {
				return nil, resp, err
			}
			return got.Jobs, resp, nil
		},
		func(j *github.WorkflowJob) (Job, bool) { return readJob(j), true })
	return base.Collect(l.All(ctx, 0))
}

func readJob(j *github.WorkflowJob) Job {
	out := Job{
		ID: j.GetID(), Name: j.GetName(), Status: j.GetStatus(), Conclusion: j.GetConclusion(), Started: j.GetStartedAt().UTC(),
		Completed: j.GetCompletedAt().UTC(), URL: j.GetHTMLURL(),
	}
	for _, s := range j.Steps {
		out.Steps = append(out.Steps, Step{Number: s.GetNumber(), Name: s.GetName(), Conclusion: s.GetConclusion()})
	}
	return out
}
