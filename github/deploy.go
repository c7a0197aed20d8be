package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/listing"
)

var opDeployTimeline = &base.Op{Name: "DeployTimeline"}

// The kinds of a DeployEvent.
const (
	Merge      = "merge" // a pull request became part of its base branch
	Release    = "release"
	Deployment = "deployment"
)

// DeployEvent is one change that may have reached production.
type DeployEvent struct {
	At          time.Time `json:"at"`
	Repo        string    `json:"repo"`
	Kind        string    `json:"kind"`  // merge, release, deployment
	Title       string    `json:"title"` // of the pull request or release, or the environment
	Number      int       `json:"number,omitempty"`
	SHA         string    `json:"sha,omitempty"`
	Ref         string    `json:"ref,omitempty"` // the tag of a release, the base branch of a merge
	Environment string    `json:"environment,omitempty"`
	State       string    `json:"state,omitempty"` // of a deployment: success, failure, ...; empty = not known
	Author      string    `json:"author,omitempty"`
	URL         string    `json:"url,omitempty"`
}

// Timeline is what changed in some repositories, in the order of time.
type Timeline struct {
	Window base.Window   `json:"window"`
	Events []DeployEvent `json:"events"`
	// Missing is what could not be read: the repository, the kind, and why.
	Missing []string `json:"missing,omitempty"`
}

const (
	mostRepos    = 50
	longestSpan  = 92 * 24 * time.Hour
	mostStates   = 30 // deployments of one repository whose state is asked for
	mostReleases = 500
)

// DeployTimeline is what was merged, released and deployed in a window, the oldest first. What could not be read of a
// repository stands in Missing, and a [base.IncompleteError] says so beside the rest.
func (c *Client) DeployTimeline(ctx context.Context, repos []string, window base.Window) (Timeline, error) {
	op := opDeployTimeline
	out := Timeline{Window: window, Events: []DeployEvent{}}
	switch err := window.Validate(); {
	case window.IsZero():
		return out, c.invalid(op, "window: missing; give from and to")
	case err != nil:
		return out, c.invalid(op, "%s", err)
	case window.Duration() > longestSpan:
		return out, c.invalid(op, "window: longer than 92 days; ask in parts")
	case len(repos) == 0 || len(repos) > mostRepos:
		return out, c.invalid(op, "repos: %d; give 1 to %d", len(repos), mostRepos)
	}
	for _, repo := range repos {
		if _, _, err := c.split(op, repo); err != nil {
			return out, err
		}
	}
	repos = slices.Compact(slices.Sorted(slices.Values(repos)))
	problems := c.collect(ctx, repos, window, &out)
	slices.SortStableFunc(out.Events, func(a, b DeployEvent) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Repo, b.Repo), strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Number, b.Number))
	})
	slices.Sort(out.Missing)
	base.AddStats(ctx, base.Stats{Rows: int64(len(out.Events))})
	if len(problems) == 0 {
		return out, nil
	}
	if len(problems) == 3*len(repos) {
		return out, problems[0] // nothing could be read
	}
	return out, base.NewIncomplete(base.Partial, c.config.Name, op.Name, int64(len(out.Events)), strings.Join(out.Missing, "; "), errors.Join(problems...))
}

// collect asks for all repositories and kinds side by side; the guard's permits bound them.
func (c *Client) collect(ctx context.Context, repos []string, window base.Window, out *Timeline) []error {
	var mu sync.Mutex
	var all sync.WaitGroup
	var problems []error
	for _, repo := range repos {
		for kind, read := range map[string]func(context.Context, string, base.Window) ([]DeployEvent, error){
			Merge: c.merges, Release: c.releases, Deployment: c.deployments,
		} {
			all.Go(func() {
				events, err := read(ctx, repo, window)
				mu.Lock()
				defer mu.Unlock()
				if out.Events = append(out.Events, events...); err != nil {
					problems = append(problems, err)
					out.Missing = append(out.Missing, fmt.Sprintf("%s of %s: %s", kind+"s", repo, base.KindOf(err)))
				}
			})
		}
	}
	all.Wait()
	return problems
}

func (c *Client) merges(ctx context.Context, repo string, window base.Window) ([]DeployEvent, error) {
	l, err := c.pulls(opDeployTimeline, PullRequestsOptions{Repo: repo, State: "merged", Since: window.From, Until: window.To})
	if err != nil {
		return nil, err
	}
	pulls, err := base.Collect(l.All(ctx, 0))
	var all []DeployEvent
	for _, p := range pulls {
		all = append(all, DeployEvent{
			At: p.Merged, Repo: repo, Kind: Merge, Title: p.Title, Number: p.Number, SHA: p.MergeSHA, Ref: p.Base, Author: p.Author, URL: p.URL,
		})
	}
	return all, err
}

func (c *Client) releases(ctx context.Context, repo string, window base.Window) ([]DeployEvent, error) {
	owner, name, _ := strings.Cut(repo, "/")
	l := numbered(c, listing.List[DeployEvent]{Kind: 'v', Question: repo}, call{op: opDeployTimeline, repo: repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.RepositoryRelease, *github.Response, error) {
			all, resp, err := c.api.Repositories.ListReleases(ctx, owner, name, &at)
			if n := len(all); err == nil && n > 0 && all[n-1].GetCreatedAt().Before(window.From.Add(-longestSpan)) {
				resp.NextPage = 0 // the list goes by when the tag was made, which may be long before the release
			}
			return all, resp, err
		},
		func(r *github.RepositoryRelease) (DeployEvent, bool) {
			at := r.GetPublishedAt().UTC()
			if at.IsZero() {
				at = r.GetCreatedAt().UTC()
			}
			title := r.GetName()
			if title == "" {
				title = r.GetTagName()
			}
			return DeployEvent{
				At: at, Repo: repo, Kind: Release, Title: title, Ref: r.GetTagName(), Author: r.GetAuthor().GetLogin(), URL: r.GetHTMLURL(),
			}, !r.GetDraft() && window.Contains(at)
		})
	return base.Collect(l.All(ctx, mostReleases))
}

func (c *Client) deployments(ctx context.Context, repo string, window base.Window) ([]DeployEvent, error) {
	owner, name, _ := strings.Cut(repo, "/")
	type deployment struct {
		DeployEvent
		id int64
	}
	l := numbered(c, listing.List[deployment]{Kind: 'd', Question: repo}, call{op: opDeployTimeline, repo: repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.Deployment, *github.Response, error) {
			all, resp, err := c.api.Repositories.ListDeployments(ctx, owner, name, &github.DeploymentsListOptions{ListOptions: at})
			if n := len(all); err == nil && n > 0 && all[n-1].GetCreatedAt().Before(window.From) {
				resp.NextPage = 0
			}
			return all, resp, err
		},
		func(d *github.Deployment) (deployment, bool) {
			at := d.GetCreatedAt().UTC()
			return deployment{DeployEvent{
				At: at, Repo: repo, Kind: Deployment, Title: d.GetEnvironment(), Environment: d.GetEnvironment(), Ref: d.GetRef(), SHA: d.GetSHA(),
				Author: d.GetCreator().GetLogin(),
			}, d.GetID()}, window.Contains(at)
		})
	found, err := base.Collect(l.All(ctx, 0))
	var all []DeployEvent
	for i, d := range found {
		if err == nil && i < mostStates {
			d.State, d.URL, err = c.stateOf(ctx, owner, name, d.id)
		}
		all = append(all, d.DeployEvent)
	}
	return all, err
}

// stateOf is the newest state of a deployment.
func (c *Client) stateOf(ctx context.Context, owner, name string, id int64) (state, url string, err error) {
	k := &call{op: opDeployTimeline, repo: owner + "/" + name}
	all, _, err := c.api.Repositories.ListDeploymentStatuses(c.through(ctx, k), owner, name, id, &github.ListOptions{PerPage: 1})
	if err != nil || len(all) == 0 {
		return "", "", c.failure(k, err)
	}
	return all[0].GetState(), all[0].GetLogURL(), nil
}
