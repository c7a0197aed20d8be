package github

import (
	"context"
	"iter"
	"regexp"
	"strconv"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opPullRequest      = &base.Op{Name: "PullRequest"}
	opPullRequests     = &base.Op{Name: "PullRequests"}
	opPullRequestsPage = &base.Op{Name: "PullRequestsPage"}
	opPullRequestsOf   = &base.Op{Name: "PullRequestsOf"}
)

// PullRequest is one pull request.
type PullRequest struct {
	Repo      string    `json:"repo"`
	Number    int       `json:"number"`
	Title     string    `json:"title"`
	Body      string    `json:"body,omitempty"`  // Markdown, as its author wrote it
	State     string    `json:"state,omitempty"` // open, closed, merged
	Draft     bool      `json:"draft,omitempty"`
	Author    string    `json:"author,omitempty"` // login
	Base      string    `json:"base,omitempty"`   // branch
	Head      string    `json:"head,omitempty"`   // branch
	HeadSHA   string    `json:"head_sha,omitempty"`
	MergeSHA  string    `json:"merge_sha,omitempty"` // the commit that it became
	Created   time.Time `json:"created,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`
	Closed    time.Time `json:"closed,omitzero"`
	Merged    time.Time `json:"merged,omitzero"`
	MergedBy  string    `json:"merged_by,omitempty"` // of Client.PullRequest alone
	Labels    []string  `json:"labels,omitempty"`
	URL       string    `json:"url,omitempty"`
	Additions int       `json:"additions,omitempty"` // lines; of Client.PullRequest alone
	Deletions int       `json:"deletions,omitempty"`
	Commits   int       `json:"commits,omitempty"`
	Files     []Changed `json:"files,omitempty"` // of Client.PullRequest alone
}

// PullRequest is a pull request with its changed files. Where GitHub gives not all of them, which are 3,000, or they could not
// be read, it comes with a [base.IncompleteError] beside it.
func (c *Client) PullRequest(ctx context.Context, repo string, number int) (PullRequest, error) {
	op := opPullRequest
	owner, name, err := c.split(op, repo)
	if err == nil && number < 1 {
		err = c.invalid(op, "number: %d; the first is 1", number)
	}
	if err != nil {
		return PullRequest{}, err
	}
	k := &call{op: op, repo: repo}
	got, _, err := c.api.PullRequests.Get(c.through(ctx, k), owner, name, number)
	if err != nil {
		return PullRequest{}, c.failure(k, err)
	}
	out := readPull(repo, got)
	if out.Number != number {
		return PullRequest{}, c.protocol(op, "the answer is not the pull request that was asked for")
	}
	files := numbered(c, listing.List[Changed]{Kind: 'f', Question: [2]any{repo, number}, Key: func(f Changed) string { return f.Path }}, call{op: op, repo: repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.CommitFile, *github.Response, error) {
			return c.api.PullRequests.ListFiles(ctx, owner, name, number, &at)
		},
		func(f *github.CommitFile) (Changed, bool) { return readChanged(f), true })
	if out.Files, err = base.Collect(files.All(ctx, 0)); err != nil {
		return out, base.NewIncomplete(base.Partial, c.config.Name, op.Name, int64(len(out.Files)), "not all changed files could be read", err)
	}
	base.AddStats(ctx, base.Stats{Rows: 1})
	return out, c.cutFiles(op, len(out.Files))
}

// PullRequestsOf are the pull requests that brought a commit, merged ones and those that are open, without their files.
func (c *Client) PullRequestsOf(ctx context.Context, repo, sha string) ([]PullRequest, error) {
	op := opPullRequestsOf
	owner, name, err := c.split(op, repo)
	if err == nil && !commitName.MatchString(sha) {
		err = c.invalid(op, "sha: %.60q is not the name of a commit", sha)
	}
	if err != nil {
		return nil, err
	}
	l := numbered(c, listing.List[PullRequest]{Kind: 'o', Question: [2]any{repo, sha}, Key: func(p PullRequest) string { return strconv.Itoa(p.Number) }}, call{op: op, repo: repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return c.api.PullRequests.ListPullRequestsWithCommit(ctx, owner, name, sha, &at)
		},
		func(x *github.PullRequest) (PullRequest, bool) { return readPull(repo, x), true })
	return base.Collect(l.All(ctx, 0))
}

var commitName = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

func readPull(repo string, x *github.PullRequest) PullRequest {
	out := PullRequest{
		Repo: repo, Number: x.GetNumber(), Title: x.GetTitle(), Body: x.GetBody(), State: x.GetState(), Draft: x.GetDraft(),
		Author: x.GetUser().GetLogin(), Base: x.GetBase().GetRef(), Head: x.GetHead().GetRef(), HeadSHA: x.GetHead().GetSHA(),
		Created: x.GetCreatedAt().UTC(), Updated: x.GetUpdatedAt().UTC(), Closed: x.GetClosedAt().UTC(), Merged: x.GetMergedAt().UTC(),
		MergedBy: x.GetMergedBy().GetLogin(), URL: x.GetHTMLURL(), Additions: x.GetAdditions(), Deletions: x.GetDeletions(), Commits: x.GetCommits(),
	}
	if !out.Merged.IsZero() {
		out.State, out.MergeSHA = "merged", x.GetMergeCommitSHA()
	}
	for _, l := range x.Labels {
		out.Labels = append(out.Labels, l.GetName())
	}
	return out
}

// pullNumber is how GitHub writes the number of a pull request into the message of its commit.
var pullNumber = regexp.MustCompile(`(?m)(?:^Merge pull request #(\d{1,9})\b|\(#(\d{1,9})\)\s*$)`)

func pullIn(message string) int {
	m := pullNumber.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1] + m[2]) // one is empty
	return n
}

// PullRequestsOptions says which pull requests are listed.
type PullRequestsOptions struct {
	Repo  string `json:"repo"`
	State string `json:"state,omitempty"` // open, closed, merged; empty = all
	Base  string `json:"base,omitempty"`  // branch
	// Since and Until bound when they were merged, for State merged, else when they were changed last.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Limit int       `json:"limit,omitempty"` // 0 = all
}

// PullRequests yields pull requests, those that were changed last first.
func (c *Client) PullRequests(ctx context.Context, o PullRequestsOptions) iter.Seq2[PullRequest, error] {
	l, err := c.pulls(opPullRequests, o)
	if err != nil {
		return failed[PullRequest](err)
	}
	return l.All(ctx, o.Limit)
}

// PullRequestsPage is one page of PullRequests, made of at most Limit that were looked at (0 = 100): fewer may match.
func (c *Client) PullRequestsPage(ctx context.Context, o PullRequestsOptions, cursor string) (base.Page[PullRequest], error) {
	l, err := c.pulls(opPullRequestsPage, o)
	if err != nil {
		return base.Page[PullRequest]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, o.Limit, cursor)
}

func (c *Client) pulls(op *base.Op, o PullRequestsOptions) (listing.List[PullRequest], error) {
	var none listing.List[PullRequest]
	owner, name, err := c.split(op, o.Repo)
	if err == nil {
		err = c.checkRef(op, "base", o.Base)
	}
	state := map[string]string{"": "all", "open": "open", "closed": "closed", "merged": "closed"}[o.State]
	switch {
	case err != nil:
		return none, err
	case state == "":
		return none, c.invalid(op, "state: %.20q is none of open, closed, merged", o.State)
	case o.Limit < 0:
		return none, c.invalid(op, "limit: negative; 0 is all")
	case !o.Since.IsZero() && !o.Until.IsZero() && o.Until.Before(o.Since):
		return none, c.invalid(op, "until: before since")
	}
	o.Limit = 0 // no part of the question
	l := numbered(c, listing.List[PullRequest]{Kind: 'p', Question: o, Key: func(p PullRequest) string { return strconv.Itoa(p.Number) }}, call{op: op, repo: o.Repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			all, resp, err := c.api.PullRequests.List(ctx, owner, name, &github.PullRequestListOptions{
				State: state, Base: o.Base, Sort: "updated", Direction: "desc", ListOptions: at,
			})
			if n := len(all); err == nil && n > 0 && !o.Since.IsZero() && all[n-1].GetUpdatedAt().Before(o.Since) {
				resp.NextPage = 0 // all that follow were changed before the window, so also merged before it
			}
			return all, resp, err
		},
		func(x *github.PullRequest) (PullRequest, bool) {
			p := readPull(o.Repo, x)
			return p, o.wants(p)
		})
	return l, nil
}

func (o PullRequestsOptions) wants(p PullRequest) bool {
	at := p.Updated
	if o.State == "merged" {
		at = p.Merged
	}
	switch {
	case o.State == "merged" && p.Merged.IsZero():
		return false
	case o.State == "closed" && !p.Merged.IsZero():
		return false
	}
	return (o.Since.IsZero() || !at.Before(o.Since)) && (o.Until.IsZero() || at.Before(o.Until))
}
