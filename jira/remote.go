package jira

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

// Issue is [Client.Issue].
func (r *RemoteClient) Issue(ctx context.Context, key string) (Issue, error) {
	a, err := GetIssue.Call(ctx, r.caller, IssueArguments{IssueKey: key})
	return a.Issue, err
}

// Search is [Client.Search], page by page.
func (r *RemoteClient) Search(ctx context.Context, o SearchOptions) iter.Seq2[Issue, error] {
	return output.Walk(r.name, opSearch.Name, o.Limit, func(n int, cursor string) (base.Page[Issue], error) {
		return SearchIssues.Call(ctx, r.caller, SearchArguments{JQL: o.JQL, Fields: o.Fields, Limit: min(n, pageSize), Cursor: cursor})
	})
}

// Comments is [Client.Comments], page by page.
func (r *RemoteClient) Comments(ctx context.Context, key string) iter.Seq2[Comment, error] {
	return output.Walk(r.name, opComments.Name, -1, func(_ int, cursor string) (base.Page[Comment], error) {
		return ListComments.Call(ctx, r.caller, ListArguments{IssueKey: key, Cursor: cursor})
	})
}

// PullRequests is [Client.PullRequests].
func (r *RemoteClient) PullRequests(ctx context.Context, key string) ([]PullRequest, error) {
	p, err := GetPullRequests.Call(ctx, r.caller, KeyArguments{IssueKey: key})
	return output.Items(r.name, p, err)
}

// SimilarIssues is [Client.SimilarIssues].
func (r *RemoteClient) SimilarIssues(ctx context.Context, o SimilarOptions) iter.Seq2[Issue, error] {
	return func(yield func(Issue, error) bool) {
		p, err := FindSimilarIssues.Call(ctx, r.caller, o)
		items, err := output.Items(r.name, p, err)
		for _, i := range items {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(Issue{}, err)
		}
	}
}

// IssueID is [Client.IssueID].
func (r *RemoteClient) IssueID(ctx context.Context, key string) (string, error) {
	a, err := GetIssueID.Call(ctx, r.caller, KeyArguments{IssueKey: key})
	return a.ID, err
}

// AddComment is [Client.AddComment].
func (r *RemoteClient) AddComment(ctx context.Context, in AddCommentRequest) (Comment, error) {
	return WriteComment.Call(ctx, r.caller, in)
}
