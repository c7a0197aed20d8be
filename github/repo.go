package github

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opRepos     = &base.Op{Name: "Repos"}
	opReposPage = &base.Op{Name: "ReposPage"}
)

// Repo is one repository.
type Repo struct {
	Name          string    `json:"name"` // owner/name
	Description   string    `json:"description,omitempty"`
	URL           string    `json:"url,omitempty"` // for a person
	DefaultBranch string    `json:"default_branch,omitempty"`
	Language      string    `json:"language,omitempty"` // the main one
	Private       bool      `json:"private,omitempty"`
	Archived      bool      `json:"archived,omitempty"`
	Fork          bool      `json:"fork,omitempty"`
	Pushed        time.Time `json:"pushed,omitzero"`
	Topics        []string  `json:"topics,omitempty"`
}

// repoName is what GitHub lets a name be.
var (
	repoName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}$`)
	ownerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)
)

// checkAllowed says what is wrong with the list of repositories.
func checkAllowed(all []string) error {
	for i, name := range all {
		owner, rest, _ := strings.Cut(name, "/")
		if rest == "*" && ownerName.MatchString(owner) {
			continue
		}
		if !isRepo(name) {
			return fmt.Errorf(`number %d of the list is no repository; write it as "owner/name" or "owner/*"`, i+1)
		}
	}
	return nil
}

func isRepo(name string) bool {
	_, rest, _ := strings.Cut(name, "/")
	return repoName.MatchString(name) && rest != "." && rest != ".."
}

// allowed reports whether answers may be about a repository.
func (c *Client) allowed(name string) bool {
	for _, one := range c.config.Repositories {
		owner, wild := strings.CutSuffix(one, "/*")
		if strings.EqualFold(one, name) || wild && strings.EqualFold(owner, ownerOf(name)) {
			return true
		}
	}
	return len(c.config.Repositories) == 0
}

func ownerOf(name string) string {
	owner, _, _ := strings.Cut(name, "/")
	return owner
}

// mayRead refuses repositories that the configuration does not allow.
func (c *Client) mayRead(op *base.Op, name string) error {
	if c.allowed(name) {
		return nil
	}
	e := base.NewError(base.KindPermission, nil).WithText("the configuration does not allow the repository " + name)
	e.Source, e.Op, e.Sent = c.config.Name, op.Name, base.NotSent
	e.SetHint(base.HintOf(hintAllow))
	return e
}

// split takes a repository apart, or says what is wrong with it.
func (c *Client) split(op *base.Op, name string) (owner, repo string, err error) {
	if !isRepo(name) {
		return "", "", c.invalid(op, "repo: %.60q is no repository; write it as owner/name", name)
	}
	owner, repo, _ = strings.Cut(name, "/")
	return owner, repo, c.mayRead(op, name)
}

var errDots = errors.New("a segment of dots")

// checkRef says what is wrong with the name of a branch, a tag or a commit.
func (c *Client) checkRef(op *base.Op, field, ref string) error {
	bad := func(r rune) bool { return r <= ' ' || r == 0x7F || strings.ContainsRune(`~^:?*[\`, r) }
	switch {
	case len(ref) > 255:
		return c.invalid(op, "%s: %d bytes; a ref has at most 255", field, len(ref))
	case strings.ContainsFunc(ref, bad), strings.Contains(ref, ".."), strings.Contains(ref, "@{"), strings.HasPrefix(ref, "/"),
		strings.HasSuffix(ref, "/"), strings.Contains(ref, "//"), strings.HasPrefix(ref, "-"), strings.HasPrefix(ref, "."):
		return c.invalid(op, "%s: %.60q is not the name of a branch, a tag or a commit", field, ref)
	}
	return nil
}

// checkPath says what is wrong with the path of a file in a repository.
func (c *Client) checkPath(op *base.Op, path string) error {
	switch {
	case len(path) > 4096:
		return c.invalid(op, "path: %d bytes; at most 4096", len(path))
	case strings.HasPrefix(path, "/"), strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7F || r == '\\' }):
		return c.invalid(op, "path: %.60q; it is relative to the root of the repository, with slashes", path)
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." || segment == "" && path != "" {
			return c.invalid(op, "path: %.60q: %s", path, errDots)
		}
	}
	return nil
}

const pageSize = 100 // the most that GitHub gives

// numbered is a list that goes on by numbers of pages of one size. read says what of it is not to be handed out.
func numbered[G, T any](c *Client, l listing.List[T], k call, ask func(context.Context, github.ListOptions) ([]G, *github.Response, error), read func(G) (T, bool)) listing.List[T] {
	l.Source, l.Op, l.Size = c.config.Name, k.op.Name, pageSize
	l.Fetch = func(ctx context.Context, place string, n int) (listing.Piece[T], error) {
		var p listing.Piece[T]
		at, err := pageAt(place, n)
		if err != nil {
			return p, c.invalid(k.op, "cursor: not one that this client gave; begin without a cursor")
		}
		one := k
		all, resp, err := ask(c.through(ctx, &one), at)
		if err != nil {
			return p, c.failure(&one, err)
		}
		for _, item := range all {
			if out, ok := read(item); ok {
				p.Items = append(p.Items, out)
				continue
			}
			p.Dropped++
		}
		if resp.NextPage > 0 {
			p.Next = strconv.Itoa(resp.NextPage) + "/" + strconv.Itoa(at.PerPage)
		}
		return p, nil
	}
	return l
}

// pageAt reads where a list goes on. All pages have the size of the first, for their numbers count in it.
func pageAt(place string, n int) (github.ListOptions, error) {
	if place == "" {
		return github.ListOptions{Page: 1, PerPage: n}, nil
	}
	number, size, _ := strings.Cut(place, "/")
	page, err := strconv.Atoi(number)
	per, err2 := strconv.Atoi(size)
	if err = errors.Join(err, err2); err == nil && (page < 1 || per < 1 || per > pageSize) {
		err = errDots
	}
	return github.ListOptions{Page: page, PerPage: per}, err
}

// failed is a list that cannot be asked for.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}

// Repos yields the repositories of an organisation, or of a person, those that were pushed to last first. Others than the
// configuration allows are dropped, and counted in the notes of Stats.
func (c *Client) Repos(ctx context.Context, owner string) iter.Seq2[Repo, error] {
	l, err := c.repos(ctx, opRepos, owner)
	if err != nil {
		return failed[Repo](err)
	}
	return l.All(ctx, 0)
}

// ReposPage is one page of Repos, at most limit of them (0 = 100).
func (c *Client) ReposPage(ctx context.Context, owner string, limit int, cursor string) (base.Page[Repo], error) {
	l, err := c.repos(ctx, opReposPage, owner)
	if err != nil {
		return base.Page[Repo]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, limit, cursor)
}

func (c *Client) repos(_ context.Context, op *base.Op, owner string) (listing.List[Repo], error) {
	if !ownerName.MatchString(owner) {
		return listing.List[Repo]{}, c.invalid(op, "owner: %.60q is no organisation and no person", owner)
	}
	list := numbered(c, listing.List[Repo]{Kind: 'r', Question: owner, Key: func(r Repo) string { return r.Name }}, call{op: op},
		func(ctx context.Context, o github.ListOptions) ([]*github.Repository, *github.Response, error) {
			all, resp, err := c.api.Repositories.ListByOrg(ctx, owner, &github.RepositoryListByOrgOptions{Sort: "pushed", ListOptions: o})
			if base.KindOf(err) != base.KindNotFound {
				return all, resp, err
			}
			return c.api.Repositories.ListByUser(ctx, owner, &github.RepositoryListByUserOptions{Sort: "pushed", ListOptions: o})
		},
		func(r *github.Repository) (Repo, bool) { return readRepo(r), c.allowed(r.GetFullName()) })
	return dropping(list, "repositories"), nil
}

// dropping notes how many items were dropped.
func dropping[T any](l listing.List[T], what string) listing.List[T] {
	fetch := l.Fetch
	l.Fetch = func(ctx context.Context, place string, n int) (listing.Piece[T], error) {
		p, err := fetch(ctx, place, n)
		if p.Dropped > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("%d %s that the configuration does not allow were dropped", p.Dropped, what))
		}
		return p, err
	}
	return l
}

func readRepo(r *github.Repository) Repo {
	return Repo{
		Name: r.GetFullName(), Description: r.GetDescription(), URL: r.GetHTMLURL(), DefaultBranch: r.GetDefaultBranch(), Language: r.GetLanguage(),
		Private: r.GetPrivate(), Archived: r.GetArchived(), Fork: r.GetFork(), Pushed: r.GetPushedAt().UTC(), Topics: slices.Clip(append([]string(nil), r.Topics...)),
	}
}
