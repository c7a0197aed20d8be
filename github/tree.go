package github

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
)

var opTree = &base.Op{Name: "Tree"}

// Entry is one file or folder of a repository.
type Entry struct {
	Path string `json:"path"`
	Type string `json:"type"` // blob, tree, or commit for a submodule
	Mode string `json:"mode,omitempty"`
	SHA  string `json:"sha,omitempty"`
	Size int    `json:"size,omitempty"` // bytes, of a blob
}

// TreeOptions says what of a tree is wanted.
type TreeOptions struct {
	Ref  string `json:"ref,omitempty"`  // a branch, a tag or a commit; empty = the default branch
	Path string `json:"path,omitempty"` // only what lies below it; empty = everything
}

// Tree are all files and folders of a repository, the folders before what they hold. A repository of more than 100,000 entries
// comes with a [base.IncompleteError] beside what GitHub gave: then ask for one folder.
func (c *Client) Tree(ctx context.Context, repo string, o TreeOptions) ([]Entry, error) {
	owner, name, err := c.split(opTree, repo)
	if err == nil {
		err = c.checkRef(opTree, "ref", o.Ref)
	}
	if err == nil {
		err = c.checkPath(opTree, o.Path)
	}
	if err != nil {
		return nil, err
	}
	ref := o.Ref
	if ref == "" {
		ref = "HEAD"
	}
	if o.Path != "" { // the tree of the folder alone, so that it is not cut by what lies beside it
		if ref, err = c.folder(ctx, owner, name, ref, o.Path); err != nil {
			return nil, err
		}
	}
	k := &call{op: opTree, repo: repo}
	got, _, err := c.api.Git.GetTree(c.through(ctx, k), owner, name, escapePath(ref), true)
	if err != nil {
		return nil, c.failure(k, err)
	}
	all := make([]Entry, 0, len(got.Entries))
	prefix := ""
	if o.Path != "" {
		prefix = strings.TrimSuffix(o.Path, "/") + "/"
	}
	for _, e := range got.Entries {
		all = append(all, Entry{Path: prefix + e.GetPath(), Type: e.GetType(), Mode: e.GetMode(), SHA: e.GetSHA(), Size: e.GetSize()})
	}
	base.AddStats(ctx, base.Stats{Rows: int64(len(all))})
	if got.GetTruncated() {
		return all, base.NewIncomplete(base.Truncated, c.config.Name, opTree.Name, int64(len(all)), fmt.Sprintf("GitHub cut the tree after %d entries; ask for a folder", len(all)), nil)
	}
	return all, nil
}

// folder is git's name of a folder, which the folder above it lists.
func (c *Client) folder(ctx context.Context, owner, name, ref, path string) (string, error) {
	for segment := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		k := &call{op: opTree, repo: owner + "/" + name}
		got, _, err := c.api.Git.GetTree(c.through(ctx, k), owner, name, escapePath(ref), false)
		if err != nil {
			return "", c.failure(k, err)
		}
		at := slices.IndexFunc(got.Entries, func(e *github.TreeEntry) bool { return e.GetPath() == segment })
		if at < 0 {
			return "", c.noFolder(path)
		}
		if found := got.Entries[at]; found.GetType() != "tree" {
			return "", c.invalid(opTree, "path: %s is a %s and no folder", path, found.GetType())
		}
		ref = got.Entries[at].GetSHA()
	}
	return ref, nil
}

func (c *Client) noFolder(path string) error {
	e := base.NewError(base.KindNotFound, nil).WithText("the repository has no folder " + path)
	e.Source, e.Op, e.Sent = c.config.Name, opTree.Name, base.Answered
	return e
}
