package jira

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

var (
	opIssue   = &base.Op{Name: "Issue"}
	opIssueID = &base.Op{Name: "IssueID"}
)

// Issue is the issue with that key, or that numeric id, with all its fields and the comments that the site sends with it. An
// unknown one, or one that the account may not see, is ErrNotFound. A key that the issue had before it was moved finds it too.
func (c *Client) Issue(ctx context.Context, key string) (Issue, error) {
	return c.issue(ctx, opIssue, key, url.Values{"fields": {"*all"}, "expand": {"names"}})
}

// IssueID is the numeric id of the issue with that key, by which other services of Atlassian know it.
func (c *Client) IssueID(ctx context.Context, key string) (string, error) {
	return c.id(ctx, opIssueID, key)
}

func (c *Client) id(ctx context.Context, op *base.Op, key string) (string, error) {
	i, err := c.issue(ctx, op, key, url.Values{"fields": {"project"}})
	if err == nil && i.ID == "" {
		err = c.protocol(op, "the answer has no id")
	}
	return i.ID, err
}

func (c *Client) issue(ctx context.Context, op *base.Op, key string, query url.Values) (Issue, error) {
	path, err := c.checkKey(op, key)
	if err != nil {
		return Issue{}, err
	}
	d, err := c.object(ctx, rest.Request{Op: op, Method: http.MethodGet, Path: path, Query: query.Encode()})
	if err != nil {
		return Issue{}, err
	}
	i := c.readIssue(d, nil)
	switch key = strings.TrimSpace(key); {
	case i.Key == "":
		return Issue{}, c.protocol(op, "the answer is no issue: it has no key")
	case numericID.MatchString(key) && i.ID != key:
		return Issue{}, c.protocol(op, "the answer is about another issue than the one asked for")
	case !c.allowed(projectOf(i.Key)):
		return Issue{}, c.foreign(op, projectOf(i.Key))
	case !numericID.MatchString(key) && !strings.EqualFold(i.Key, key):
		i.MovedFrom = strings.ToUpper(key)
	}
	base.AddStats(ctx, base.Stats{Rows: 1})
	return i, nil
}

// checkFields refuses names of fields that no site has.
func (c *Client) checkFields(op *base.Op, fields []string) error {
	for _, f := range fields {
		if f == "" || len(f) > 255 || strings.ContainsFunc(f, func(r rune) bool { return r < ' ' || r == ',' || r == 0x7F }) {
			return c.invalid(op, "fields: %.40q is not the name of a field", f)
		}
	}
	return nil
}

// standard are the fields that a search asks for where the caller names none: those of an Issue but its lists.
var standard = []string{
	"summary", "description", "environment", "issuetype", "status", "project", "parent", "priority", "resolution", "reporter", "assignee",
	"creator", "created", "updated", "resolutiondate", "duedate", "labels", "components", "fixVersions", "versions",
}

// Standard are the ids of the fields that a search asks for where SearchOptions.Fields is empty.
func Standard() []string { return slices.Clone(standard) }

// WholeIssue is Issue with all its comments, however many. Where those could not all be read, the issue comes with those that
// were, and a [base.IncompleteError] beside it.
func (c *Client) WholeIssue(ctx context.Context, key string) (Issue, error) {
	i, err := c.Issue(ctx, key)
	if err != nil || len(i.Comments) >= i.CommentsTotal {
		return i, err
	}
	all, err := base.Collect(c.Comments(ctx, i.Key))
	if len(all) > len(i.Comments) {
		i.Comments = all
	}
	if err != nil {
		err = base.NewIncomplete(base.Partial, c.config.Name, opIssue.Name, int64(len(i.Comments)), "not all comments could be read", err)
	}
	return i, err
}
