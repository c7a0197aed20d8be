package confluence

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// The tools of the client. Declaration.Call calls one wherever it is served.
var (
	SearchDocs = tool.Declare[SearchArguments, base.Page[Hit]]("confluence_search_docs",
		"Searches pages of the wiki by words (query), or by CQL, page by page. Hits carry an excerpt; confluence_get_page gives the text.")
	GetPage = tool.Declare[PageArguments, PageAnswer]("confluence_get_page",
		"Gives one page of the wiki as Markdown, by page_id, or by title and space. section gives one section of it alone.")
	GetServiceDocs = tool.Declare[ServiceArguments, ServiceDocs]("confluence_get_service_docs",
		"Finds the pages about a service in three groups: architecture, troubleshooting, general. missing names groups that could not be asked for.")
	ListChildren = tool.Declare[ChildrenArguments, base.Page[Child]]("confluence_list_children",
		"Lists the pages that stand directly below a page.")
	ListComments = tool.Declare[CommentsArguments, base.Page[Comment]]("confluence_list_comments",
		"Lists the comments below a page, as Markdown.")
	GetHistory = tool.Declare[IDArguments, base.Page[Version]]("confluence_get_history",
		"Lists the versions of a page, the newest first.")
	DiffPage = tool.Declare[DiffArguments, Difference]("confluence_diff_page",
		"Compares two versions of a page line by line; without versions the newest with the one before.")
)

// SearchArguments says what a tool searches for.
type SearchArguments struct {
	Query  string `json:"query,omitempty" jsonschema:"words that the pages must hold; give it or cql"`
	CQL    string `json:"cql,omitempty" jsonschema:"a search in CQL, such as type = page AND label = runbook"`
	Space  string `json:"space,omitempty" jsonschema:"key of the space to look in; the configured one if not given"`
	Limit  int    `json:"limit,omitempty" jsonschema:"hits of one page, 25 if not given"`
	Cursor string `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// QueryArguments is a search as the older tool takes it.
type QueryArguments struct {
	Query string `json:"query" jsonschema:"words that the pages must hold"`
	Space string `json:"space,omitempty" jsonschema:"key of the space to look in"`
}

// PageArguments names a page for a tool.
type PageArguments struct {
	PageID  string `json:"page_id,omitempty" jsonschema:"number of the page, as in its address behind /pages/"`
	Title   string `json:"title,omitempty" jsonschema:"title of the page, where its number is not known"`
	Space   string `json:"space,omitempty" jsonschema:"key of the space that the title is of"`
	Section string `json:"section,omitempty" jsonschema:"title of one section, which then comes alone"`
}

// IDArguments names a page for a tool.
type IDArguments struct {
	PageID string `json:"page_id" jsonschema:"number of the page, as in its address behind /pages/"`
}

// ServiceArguments names a service for a tool.
type ServiceArguments struct {
	ServiceName string `json:"service_name" jsonschema:"name of the service, such as load-ingest-service"`
	Category    string `json:"category,omitempty" jsonschema:"architecture, troubleshooting or general; all if not given"`
}

// ChildrenArguments says which pages a tool lists.
type ChildrenArguments struct {
	PageID string `json:"page_id" jsonschema:"number of the page above"`
	Limit  int    `json:"limit,omitempty" jsonschema:"pages of one answer, 250 if not given"`
	Cursor string `json:"cursor,omitempty" jsonschema:"cursor of the answer before, to read on"`
}

// CommentsArguments says which comments a tool lists.
type CommentsArguments struct {
	PageID string `json:"page_id" jsonschema:"number of the page"`
	Limit  int    `json:"limit,omitempty" jsonschema:"comments of one answer, 100 if not given"`
	Cursor string `json:"cursor,omitempty" jsonschema:"cursor of the answer before, to read on"`
}

// DiffArguments says which versions a tool compares.
type DiffArguments struct {
	PageID string `json:"page_id" jsonschema:"number of the page"`
	From   int    `json:"from,omitempty" jsonschema:"number of the older version; the one before to if not given"`
	To     int    `json:"to,omitempty" jsonschema:"number of the newer version; the newest if not given"`
}

// PageAnswer is a page as a tool gives it. With a section asked for, the page comes without its body.
type PageAnswer struct {
	Page    Page    `json:"page"`
	Section Section `json:"section,omitzero"`
}

// Tools are the client's methods as tools, under their names in this house.
func (c *Client) Tools() []tool.Tool {
	return []tool.Tool{
		SearchDocs.Bind(c.toolSearch), GetPage.Bind(c.toolPage), GetServiceDocs.Bind(c.toolServiceDocs), ListChildren.Bind(c.toolChildren),
		ListComments.Bind(c.toolComments),
		GetHistory.Bind(output.Paged(c.toolHistory)), DiffPage.Bind(c.toolDiff),
	}
}

// Aliases are the same tools under the names and parameters that an endpoint of this source alone has.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		tool.Alias(SearchDocs, "search_docs", SearchDocs.Description(), func(a QueryArguments) (SearchArguments, error) {
			return SearchArguments{Query: a.Query, Space: a.Space}, nil
		}).Bind(c.toolSearch),
		tool.Alias(GetPage, "get_page", GetPage.Description(), func(a IDArguments) (PageArguments, error) {
			return PageArguments{PageID: a.PageID}, nil
		}).Bind(c.toolPage),
		GetServiceDocs.Alias("get_service_docs").Bind(c.toolServiceDocs),
	}
}

func (c *Client) toolSearch(ctx context.Context, in SearchArguments) (base.Page[Hit], error) {
	o := SearchOptions{CQL: in.CQL, Text: in.Query, Limit: in.Limit}
	if in.Space != "" {
		o.Spaces = []string{in.Space}
	}
	return c.SearchPage(ctx, o, in.Cursor)
}

func (c *Client) toolPage(ctx context.Context, in PageArguments) (PageAnswer, error) {
	var a PageAnswer
	var err error
	switch {
	case in.PageID != "" && in.Title != "":
		return a, c.invalid(opPage, "page_id and title: give the one or the other")
	case in.Title != "":
		a.Page, err = c.PageByTitle(ctx, in.Space, in.Title)
	default:
		a.Page, err = c.Page(ctx, in.PageID)
	}
	if err != nil || in.Section == "" {
		return a, err
	}
	a.Section, err = c.sectionOf(a.Page, in.Section)
	a.Page.Body = ""
	return a, err
}

func (c *Client) toolServiceDocs(ctx context.Context, in ServiceArguments) (ServiceDocs, error) {
	if in.Category != "" && !slices.Contains(Categories(), in.Category) {
		return ServiceDocs{}, c.invalid(opServiceDocs, "category: %.40q is none of %s", in.Category, strings.Join(Categories(), ", "))
	}
	d, err := c.ServiceDocs(ctx, in.ServiceName)
	if _, part := errors.AsType[*base.IncompleteError](err); part && !slices.Contains(d.Missing, in.Category) {
		err = nil // what could not be asked for is named in missing
	}
	for _, group := range Categories() {
		if in.Category != "" && group != in.Category {
			*d.group(group) = []Hit{}
		}
	}
	return d, err
}

func (c *Client) toolChildren(ctx context.Context, in ChildrenArguments) (base.Page[Child], error) {
	return c.ChildrenPage(ctx, in.PageID, in.Limit, in.Cursor)
}

func (c *Client) toolComments(ctx context.Context, in CommentsArguments) (base.Page[Comment], error) {
	return c.CommentsPage(ctx, in.PageID, in.Limit, in.Cursor)
}

func (c *Client) toolHistory(ctx context.Context, in IDArguments) ([]Version, error) {
	return c.History(ctx, in.PageID)
}

func (c *Client) toolDiff(ctx context.Context, in DiffArguments) (Difference, error) {
	return c.Diff(ctx, in.PageID, in.From, in.To)
}
