package jira

import (
	"context"
	"errors"
	"slices"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// The tools of the client. Declaration.Call calls one wherever it is served.
var (
	GetIssue = tool.Declare[IssueArguments, IssueAnswer]("jira_get_issue",
		"Gives one ticket by its key, its text as Markdown. include adds comments, changelog, links and pull_requests; what could "+
			"not be read of them is named in missing.")
	SearchIssues = tool.Declare[SearchArguments, base.Page[Issue]]("jira_search_issues",
		"Searches tickets by JQL, which must be bounded (by project, time or the like), page by page. Issues carry no comments; "+
			"more says whether to read on with cursor.")
	ListComments = tool.Declare[ListArguments, base.Page[Comment]]("jira_list_comments",
		"Lists the comments of a ticket, oldest first, page by page, as Markdown.")
	GetChangelog = tool.Declare[ListArguments, base.Page[Change]]("jira_get_changelog",
		"Lists what was changed of a ticket, oldest first, page by page.")
	GetPullRequests = tool.Declare[KeyArguments, base.Page[PullRequest]]("jira_get_pull_requests",
		"Lists the pull requests that name a ticket, of every code host that is connected to the site.")
	FindSimilarIssues = tool.Declare[SimilarOptions, base.Page[Issue]]("jira_find_similar_issues",
		"Finds tickets whose text has words of another ticket, or of a text, newest first: a suggestion, not a complete list.")
	ListFields = tool.Declare[struct{}, base.Page[Field]]("jira_list_fields",
		"Lists the fields that tickets of the site can have, custom ones too, with the names that JQL knows them by.")
	GetIssueID = tool.Declare[KeyArguments, IDAnswer]("jira_get_issue_id",
		"Gives the numeric id of a ticket by its key.")
	ParseIssue = tool.Declare[KeyArguments, ParsedIssue]("jira_parse_issue",
		"Reads a ticket with its comments and gives what it speaks of: loads, times, traces, services, errors and the window to look "+
			"at, each with where it stood and how sure it is. Rules alone, no model.")
	WriteComment = tool.Declare[AddCommentRequest, Comment]("jira_add_comment",
		"Writes a comment in Markdown to a ticket. Refused unless the operator allows writing.").Writing()
)

// IssueArguments names a ticket for a tool.
type IssueArguments struct {
	IssueKey string   `json:"issue_key" jsonschema:"key of the ticket, such as OPS-482"`
	Include  []string `json:"include,omitempty" jsonschema:"any of comments, changelog, links, pull_requests"`
}

// KeyArguments names a ticket for a tool.
type KeyArguments struct {
	IssueKey string `json:"issue_key" jsonschema:"key of the ticket, such as OPS-482"`
}

// SearchArguments says which tickets a tool searches for.
type SearchArguments struct {
	JQL    string   `json:"jql" jsonschema:"a bounded search, such as project = OPS AND created >= -7d ORDER BY created DESC"`
	Fields []string `json:"fields,omitempty" jsonschema:"ids of the fields that come; all that matter if not given"`
	Limit  int      `json:"limit,omitempty" jsonschema:"tickets of one page, 50 if not given"`
	Cursor string   `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// ListArguments says which list of a ticket a tool reads.
type ListArguments struct {
	IssueKey string `json:"issue_key" jsonschema:"key of the ticket, such as OPS-482"`
	Limit    int    `json:"limit,omitempty" jsonschema:"items of one page, 100 if not given"`
	Cursor   string `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// CommentArguments is a comment as the older tool takes it.
type CommentArguments struct {
	IssueKey string `json:"issue_key" jsonschema:"key of the ticket, such as OPS-482"`
	Comment  string `json:"comment" jsonschema:"the text, in Markdown"`
}

// JQLArguments is a search as the older tool takes it.
type JQLArguments struct {
	JQL string `json:"jql" jsonschema:"a bounded search"`
}

// IssueAnswer is a ticket with what was asked for beside it.
type IssueAnswer struct {
	Issue        Issue         `json:"issue"`
	Comments     []Comment     `json:"comments,omitempty"`
	Changelog    []Change      `json:"changelog,omitempty"`
	RemoteLinks  []RemoteLink  `json:"remote_links,omitempty"`
	PullRequests []PullRequest `json:"pull_requests,omitempty"`
	Missing      []string      `json:"missing,omitempty"` // what could not be read, and why
}

// IDAnswer is the id of a ticket as a tool gives it.
type IDAnswer struct {
	ID string `json:"id"`
}

// Tools are the client's methods as tools, under their names in this house.
func (c *Client) Tools() []tool.Tool {
	return []tool.Tool{
		GetIssue.Bind(c.toolIssue), SearchIssues.Bind(c.toolSearch), ListComments.Bind(c.toolComments), GetChangelog.Bind(c.toolChangelog),
		GetPullRequests.Bind(output.Paged(c.toolPullRequests)), FindSimilarIssues.Bind(output.Paged(c.toolSimilar)),
		ListFields.Bind(output.Paged(c.toolFields)), GetIssueID.Bind(c.toolID), ParseIssue.Bind(c.toolParse), WriteComment.Bind(c.AddComment),
	}
}

// Aliases are the same tools under the names and parameters that an endpoint of this source alone has always had.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		tool.Alias(GetIssue, "get_issue", GetIssue.Description(), func(k KeyArguments) (IssueArguments, error) {
			return IssueArguments{IssueKey: k.IssueKey, Include: []string{"comments"}}, nil
		}).Bind(c.toolIssue),
		tool.Alias(SearchIssues, "search_issues", SearchIssues.Description(), func(a JQLArguments) (SearchArguments, error) {
			return SearchArguments{JQL: a.JQL}, nil
		}).Bind(c.toolSearch),
		tool.Alias(WriteComment, "add_comment", WriteComment.Description(), func(a CommentArguments) (AddCommentRequest, error) {
			return AddCommentRequest{IssueKey: a.IssueKey, Markdown: a.Comment}, nil
		}).Bind(c.AddComment),
		GetPullRequests.Alias("get_pull_requests").Bind(output.Paged(c.toolPullRequests)),
		GetIssueID.Alias("convert_issue_key_to_id").Bind(c.toolID),
	}
}

// parts are what jira_get_issue can include.
var parts = []string{"comments", "changelog", "links", "pull_requests"}

func (c *Client) toolIssue(ctx context.Context, in IssueArguments) (IssueAnswer, error) {
	for _, part := range in.Include {
		if !slices.Contains(parts, part) {
			return IssueAnswer{}, c.invalid(opIssue, "include: %.40q is none of comments, changelog, links, pull_requests", part)
		}
	}
	issue, err := c.Issue(ctx, in.IssueKey)
	if err != nil {
		return IssueAnswer{}, err
	}
	a := IssueAnswer{Issue: issue}
	miss := func(part string, err error) {
		if err != nil {
			a.Missing = append(a.Missing, part+": "+err.Error())
		}
	}
	if slices.Contains(in.Include, "comments") {
		a.Issue.Comments = nil // they come whole below
		a.Comments, err = base.Collect(c.Comments(ctx, issue.Key))
		miss("comments", err)
	}
	if slices.Contains(in.Include, "changelog") {
		a.Changelog, err = base.Collect(c.Changelog(ctx, issue.Key))
		miss("changelog", err)
	}
	if slices.Contains(in.Include, "links") {
		a.RemoteLinks, err = c.RemoteLinks(ctx, issue.Key)
		miss("links", err)
	}
	if slices.Contains(in.Include, "pull_requests") {
		a.PullRequests, err = c.PullRequests(ctx, issue.Key)
		miss("pull_requests", err)
	}
	return a, nil
}

func (c *Client) toolSearch(ctx context.Context, in SearchArguments) (base.Page[Issue], error) {
	return c.SearchPage(ctx, SearchOptions{JQL: in.JQL, Fields: in.Fields, Limit: in.Limit}, in.Cursor)
}

func (c *Client) toolComments(ctx context.Context, in ListArguments) (base.Page[Comment], error) {
	return c.CommentsPage(ctx, in.IssueKey, in.Limit, in.Cursor)
}

func (c *Client) toolChangelog(ctx context.Context, in ListArguments) (base.Page[Change], error) {
	return c.ChangelogPage(ctx, in.IssueKey, in.Limit, in.Cursor)
}

func (c *Client) toolPullRequests(ctx context.Context, in KeyArguments) ([]PullRequest, error) {
	return c.PullRequests(ctx, in.IssueKey)
}

func (c *Client) toolSimilar(ctx context.Context, in SimilarOptions) ([]Issue, error) {
	return base.Collect(c.SimilarIssues(ctx, in))
}

func (c *Client) toolFields(ctx context.Context, _ struct{}) ([]Field, error) { return c.Fields(ctx) }

func (c *Client) toolID(ctx context.Context, in KeyArguments) (IDAnswer, error) {
	id, err := c.IssueID(ctx, in.IssueKey)
	return IDAnswer{id}, err
}

// toolParse reads all comments first: what matters often stands in the last one.
func (c *Client) toolParse(ctx context.Context, in KeyArguments) (ParsedIssue, error) {
	issue, err := c.WholeIssue(ctx, in.IssueKey)
	if _, cut := errors.AsType[*base.IncompleteError](err); err != nil && !cut {
		return ParsedIssue{}, err
	}
	parsed := Parse(issue)
	if err != nil {
		parsed.Warnings = append(parsed.Warnings, err.Error())
	}
	return parsed, nil
}
