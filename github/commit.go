package github

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opCommits     = &base.Op{Name: "Commits"}
	opCommitsPage = &base.Op{Name: "CommitsPage"}
	opCommit      = &base.Op{Name: "Commit"}
	opCompare     = &base.Op{Name: "Compare"}
)

// Commit is one commit.
type Commit struct {
	Repo        string    `json:"repo"`
	SHA         string    `json:"sha"`
	Message     string    `json:"message"`
	Author      Person    `json:"author,omitzero"`
	Committer   Person    `json:"committer,omitzero"`
	At          time.Time `json:"at,omitzero"` // when it was committed
	Parents     []string  `json:"parents,omitempty"`
	URL         string    `json:"url,omitempty"`
	Additions   int       `json:"additions,omitempty"` // lines; of Client.Commit alone
	Deletions   int       `json:"deletions,omitempty"`
	Files       []Changed `json:"files,omitempty"`        // of Client.Commit alone
	PullRequest int       `json:"pull_request,omitempty"` // number of the one that the message names; 0 = none
}

// Person is an author or a committer.
type Person struct {
	Login string    `json:"login,omitempty"` // at GitHub, where the address belongs to an account
	Name  string    `json:"name,omitempty"`
	Email string    `json:"email,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

// Changed is a file that a commit or a pull request changes.
type Changed struct {
	Path      string `json:"path"`
	Before    string `json:"before,omitempty"` // the path, where it was renamed
	Status    string `json:"status,omitempty"` // added, removed, modified, renamed, ...
	Additions int    `json:"additions,omitempty"`
	Deletions int    `json:"deletions,omitempty"`
	Patch     string `json:"patch,omitempty"` // a unified diff; GitHub leaves it out of binary and of very large files
}

// CommitsOptions says which commits are listed.
type CommitsOptions struct {
	Repo   string    `json:"repo"`
	Ref    string    `json:"ref,omitempty"`    // a branch, a tag or a commit to begin from; empty = the default branch
	Path   string    `json:"path,omitempty"`   // only those that touch it
	Author string    `json:"author,omitempty"` // login or address
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Limit  int       `json:"limit,omitempty"` // 0 = all
}

// Commits yields commits, the newest first.
func (c *Client) Commits(ctx context.Context, o CommitsOptions) iter.Seq2[Commit, error] {
	l, err := c.commits(opCommits, o)
	if err != nil {
		return failed[Commit](err)
	}
	return l.All(ctx, o.Limit)
}

// CommitsPage is one page of Commits, at most Limit of them (0 = 100).
func (c *Client) CommitsPage(ctx context.Context, o CommitsOptions, cursor string) (base.Page[Commit], error) {
	l, err := c.commits(opCommitsPage, o)
	if err != nil {
		return base.Page[Commit]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, o.Limit, cursor)
}

func (c *Client) commits(op *base.Op, o CommitsOptions) (listing.List[Commit], error) {
	var none listing.List[Commit]
	owner, name, err := c.split(op, o.Repo)
	if err == nil {
		err = c.checkRef(op, "ref", o.Ref)
	}
	if err == nil {
		err = c.checkPath(op, o.Path)
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
	return numbered(c, listing.List[Commit]{Kind: 'c', Question: o, Key: func(x Commit) string { return x.SHA }}, call{op: op, repo: o.Repo},
		func(ctx context.Context, at github.ListOptions) ([]*github.RepositoryCommit, *github.Response, error) {
			return c.api.Repositories.ListCommits(ctx, owner, name, &github.CommitsListOptions{
				SHA: o.Ref, Path: o.Path, Author: o.Author, Since: o.Since.UTC(), Until: o.Until.UTC(), ListOptions: at,
			})
		},
		func(x *github.RepositoryCommit) (Commit, bool) { return readCommit(o.Repo, x), true }), nil
}

func readCommit(repo string, x *github.RepositoryCommit) Commit {
	inner := x.GetCommit()
	out := Commit{
		Repo: repo, SHA: x.GetSHA(), Message: inner.GetMessage(), URL: x.GetHTMLURL(),
		Author: readPerson(inner.GetAuthor(), x.GetAuthor()), Committer: readPerson(inner.GetCommitter(), x.GetCommitter()),
		Additions: x.GetStats().GetAdditions(), Deletions: x.GetStats().GetDeletions(),
	}
	out.At = out.Committer.At
	for _, p := range x.Parents {
		out.Parents = append(out.Parents, p.GetSHA())
	}
	for _, f := range x.Files {
		out.Files = append(out.Files, readChanged(f))
	}
	out.PullRequest = pullIn(out.Message)
	return out
}

func readPerson(inner *github.CommitAuthor, account *github.User) Person {
	return Person{Login: account.GetLogin(), Name: inner.GetName(), Email: inner.GetEmail(), At: inner.GetDate().UTC()}
}

func readChanged(f *github.CommitFile) Changed {
	return Changed{
		Path: f.GetFilename(), Before: f.GetPreviousFilename(), Status: f.GetStatus(), Additions: f.GetAdditions(), Deletions: f.GetDeletions(),
		Patch: f.GetPatch(),
	}
}

const mostChanged = 3000 // files of one commit or pull request that GitHub gives

// Commit is a commit with its changed files. Where GitHub gives not all of them, which are 3,000, it comes with a
// [base.IncompleteError] beside it.
func (c *Client) Commit(ctx context.Context, repo, ref string) (Commit, error) {
	owner, name, err := c.split(opCommit, repo)
	if err == nil {
		err = c.checkRef(opCommit, "ref", ref)
	}
	if err != nil {
		return Commit{}, err
	}
	if ref == "" {
		ref = "HEAD"
	}
	var out Commit
	for page := 1; page > 0; {
		k := &call{op: opCommit, repo: repo}
		got, resp, err := c.api.Repositories.GetCommit(c.through(ctx, k), owner, name, escapePath(ref), &github.ListOptions{Page: page, PerPage: pageSize})
		if err != nil {
			return Commit{}, c.failure(k, err)
		}
		one := readCommit(repo, got)
		if page == 1 {
			out, ref = one, one.SHA // what a branch means may change in between
		} else {
			out.Files = append(out.Files, one.Files...)
		}
		if out.SHA == "" || one.SHA != out.SHA {
			return Commit{}, c.protocol(opCommit, "the answer is not the commit that was asked for")
		}
		page = resp.NextPage
	}
	base.AddStats(ctx, base.Stats{Rows: 1})
	return out, c.cutFiles(opCommit, len(out.Files))
}

// cutFiles is the error of a list of files that GitHub cut.
func (c *Client) cutFiles(op *base.Op, n int) error {
	if n < mostChanged {
		return nil
	}
	return base.NewIncomplete(base.Truncated, c.config.Name, op.Name, int64(n), fmt.Sprintf("GitHub gives the first %d changed files", mostChanged), nil)
}

// Comparison is what lies between two commits.
type Comparison struct {
	Repo    string    `json:"repo"`
	Base    string    `json:"base"`
	Head    string    `json:"head"`
	Status  string    `json:"status"` // ahead, behind, diverged, identical
	Ahead   int       `json:"ahead"`  // commits that head has and base has not
	Behind  int       `json:"behind"`
	Commits []Commit  `json:"commits,omitempty"` // those ahead, the oldest first
	Files   []Changed `json:"files,omitempty"`
	URL     string    `json:"url,omitempty"`
}

// mostCompared is how many files a comparison has at most.
const mostCompared = 300

// Compare compares two refs. Where GitHub gives not all files, which are 300, it comes with a [base.IncompleteError] beside
// it.
func (c *Client) Compare(ctx context.Context, repo, from, to string) (Comparison, error) {
	owner, name, err := c.split(opCompare, repo)
	for field, ref := range map[string]string{"base": from, "head": to} {
		if err == nil && ref == "" {
			err = c.invalid(opCompare, "%s: empty; give a branch, a tag or a commit", field)
		}
		if err == nil {
			err = c.checkRef(opCompare, field, ref)
		}
	}
	if err != nil {
		return Comparison{}, err
	}
	out := Comparison{Repo: repo, Base: from, Head: to}
	for page := 1; page > 0; {
		k := &call{op: opCompare, repo: repo}
		got, resp, err := c.api.Repositories.CompareCommits(c.through(ctx, k), owner, name, from, to, &github.ListOptions{Page: page, PerPage: pageSize})
		if err != nil {
			return Comparison{}, c.failure(k, err)
		}
		out.Status, out.Ahead, out.Behind, out.URL = got.GetStatus(), got.GetAheadBy(), got.GetBehindBy(), got.GetHTMLURL()
		for _, x := range got.Commits {
			out.Commits = append(out.Commits, readCommit(repo, x))
		}
		if page == 1 {
			for _, f := range got.Files {
				out.Files = append(out.Files, readChanged(f))
			}
		}
		page = resp.NextPage
	}
	base.AddStats(ctx, base.Stats{Rows: int64(len(out.Commits))})
	if len(out.Files) >= mostCompared {
		return out, base.NewIncomplete(base.Truncated, c.config.Name, opCompare.Name, int64(len(out.Commits)), fmt.Sprintf("GitHub gives the first %d changed files", mostCompared), nil)
	}
	return out, nil
}
