package confluence

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

// Page is [Client.Page].
func (r *RemoteClient) Page(ctx context.Context, id string) (Page, error) {
	a, err := GetPage.Call(ctx, r.caller, PageArguments{PageID: id})
	return a.Page, err
}

// PageByTitle is [Client.PageByTitle].
func (r *RemoteClient) PageByTitle(ctx context.Context, space, title string) (Page, error) {
	a, err := GetPage.Call(ctx, r.caller, PageArguments{Space: space, Title: title})
	return a.Page, err
}

// Section is [Client.Section].
func (r *RemoteClient) Section(ctx context.Context, id, title string) (Section, error) {
	a, err := GetPage.Call(ctx, r.caller, PageArguments{PageID: id, Section: title})
	return a.Section, err
}

// Search is [Client.Search], page by page. It takes at most one space.
func (r *RemoteClient) Search(ctx context.Context, o SearchOptions) iter.Seq2[Hit, error] {
	in := SearchArguments{CQL: o.CQL, Query: o.Text}
	switch len(o.Spaces) {
	case 0:
	case 1:
		in.Space = o.Spaces[0]
	default:
		return failed[Hit](base.Invalid(r.name, opSearch.Name, "spaces: %d; a remote search takes one", len(o.Spaces)))
	}
	return output.Walk(r.name, opSearch.Name, o.Limit, func(n int, cursor string) (base.Page[Hit], error) {
		in.Limit, in.Cursor = min(n, searchPage), cursor
		return SearchDocs.Call(ctx, r.caller, in)
	})
}

// ServiceDocs is [Client.ServiceDocs]; groups that could not be asked for stand in Missing alone.
func (r *RemoteClient) ServiceDocs(ctx context.Context, service string) (ServiceDocs, error) {
	return GetServiceDocs.Call(ctx, r.caller, ServiceArguments{ServiceName: service})
}

// Children is [Client.Children], page by page.
func (r *RemoteClient) Children(ctx context.Context, id string) iter.Seq2[Child, error] {
	return output.Walk(r.name, opChildren.Name, -1, func(_ int, cursor string) (base.Page[Child], error) {
		return ListChildren.Call(ctx, r.caller, ChildrenArguments{PageID: id, Cursor: cursor})
	})
}

// Comments is [Client.Comments], page by page.
func (r *RemoteClient) Comments(ctx context.Context, id string) iter.Seq2[Comment, error] {
	return output.Walk(r.name, opComments.Name, -1, func(_ int, cursor string) (base.Page[Comment], error) {
		return ListComments.Call(ctx, r.caller, CommentsArguments{PageID: id, Cursor: cursor})
	})
}

// History is [Client.History].
func (r *RemoteClient) History(ctx context.Context, id string) ([]Version, error) {
	p, err := GetHistory.Call(ctx, r.caller, IDArguments{PageID: id})
	return output.Items(r.name, p, err)
}

// Diff is [Client.Diff].
func (r *RemoteClient) Diff(ctx context.Context, id string, from, to int) (Difference, error) {
	return DiffPage.Call(ctx, r.caller, DiffArguments{PageID: id, From: from, To: to})
}
