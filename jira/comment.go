package jira

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/listing"
	"github.com/fourkites/sources/internal/rest"
)

var (
	opComments     = &base.Op{Name: "Comments"}
	opCommentsPage = &base.Op{Name: "CommentsPage"}
	opAddComment   = &base.Op{Name: "AddComment", Safety: base.Unsafe}
)

const offsetPage = 100 // items of a page of comments, and of changes

// Comments yields the comments of an issue, oldest first.
func (c *Client) Comments(ctx context.Context, key string) iter.Seq2[Comment, error] {
	l, err := c.comments(opComments, key)
	if err != nil {
		return failed[Comment](err)
	}
	return l.All(ctx, 0)
}

// CommentsPage is one page of Comments, at most limit of them (0 = 100).
func (c *Client) CommentsPage(ctx context.Context, key string, limit int, cursor string) (base.Page[Comment], error) {
	l, err := c.comments(opCommentsPage, key)
	if err != nil {
		return base.Page[Comment]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, limit, cursor)
}

func (c *Client) comments(op *base.Op, key string) (listing.List[Comment], error) {
	path, err := c.checkKey(op, key)
	return listing.List[Comment]{
		Source: c.config.Name, Op: op.Name, Kind: 'c', Question: path, Size: offsetPage,
		Key: func(x Comment) string { return x.ID },
		Fetch: func(ctx context.Context, place string, n int) (listing.Piece[Comment], error) {
			return fetchOffset(ctx, c, op, path+"/comment", url.Values{"orderBy": {"created"}}, place, n, "comments", readComment)
		},
	}, err
}

// fetchOffset reads one piece of a list that goes on from an offset.
func fetchOffset[T any](ctx context.Context, c *Client, op *base.Op, path string, query url.Values, place string, n int, list string, read func(document.Document) T) (listing.Piece[T], error) {
	var p listing.Piece[T]
	from, err := strconv.Atoi("0" + place)
	if err != nil {
		return p, c.invalid(op, "cursor: not one that this client gave; begin without a cursor")
	}
	query.Set("startAt", strconv.Itoa(from))
	query.Set("maxResults", strconv.Itoa(n))
	d, err := c.object(ctx, rest.Request{Op: op, Method: http.MethodGet, Path: path, Query: query.Encode()})
	if err != nil {
		return p, err
	}
	all, ok := d.Objects(list)
	if !ok {
		return p, c.protocol(op, "the answer has no list of "+list)
	}
	if at := d.Count("startAt"); at != from {
		return p, c.protocol(op, "the answer begins at "+strconv.Itoa(at)+" and not at "+strconv.Itoa(from)+", where it was asked for")
	}
	for _, one := range all {
		p.Items = append(p.Items, read(one))
	}
	p.Total = d.Count("total")
	next := from + len(all)
	last, known := d.Flag("isLast")
	if len(all) > 0 && (known && !last || !known && next < p.Total) {
		p.Next = strconv.Itoa(next)
	}
	return p, nil
}

// AddCommentRequest is a comment to be written.
type AddCommentRequest struct {
	IssueKey string `json:"issue_key" jsonschema:"key of the ticket, such as OPS-482"`
	Markdown string `json:"markdown" jsonschema:"the text, in Markdown, at most 30000 characters"` // becomes rich text; at most 30,000 characters
}

// maxComment is a little below what the site takes, which counts the text of its own format.
const maxComment = 30_000

// AddComment writes a comment. It is refused unless Config.AllowWrites, and not repeated where it may have been written:
// then the error is ErrOutcomeUnknown.
func (c *Client) AddComment(ctx context.Context, r AddCommentRequest) (Comment, error) {
	path, err := c.checkKey(opAddComment, r.IssueKey)
	switch {
	case err != nil:
		return Comment{}, err
	case !c.config.AllowWrites:
		e := base.NewError(base.KindPermission, nil).WithText("this client only reads")
		e.Source, e.Op, e.Sent = c.config.Name, opAddComment.Name, base.NotSent
		e.SetHint(base.HintOf("ask the operator to set allow_writes"))
		return Comment{}, e
	case strings.TrimSpace(r.Markdown) == "":
		return Comment{}, c.invalid(opAddComment, "markdown: empty; write what the comment is to say")
	case len([]rune(r.Markdown)) > maxComment:
		return Comment{}, c.invalid(opAddComment, "markdown: longer than %d characters; write less, or several comments", maxComment)
	}
	body, err := adf.FromMarkdown(r.Markdown)
	if err != nil {
		return Comment{}, c.invalid(opAddComment, "markdown: %s", err)
	}
	request, err := post(opAddComment, path+"/comment", map[string]json.RawMessage{"body": body})
	if err != nil {
		return Comment{}, c.invalid(opAddComment, "markdown: %s", err)
	}
	d, err := c.object(ctx, request)
	if err != nil {
		return Comment{}, err
	}
	return readComment(d), nil
}
