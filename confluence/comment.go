package confluence

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opComments     = &base.Op{Name: "Comments"}
	opCommentsPage = &base.Op{Name: "CommentsPage"}
)

// Comment is one comment below a page.
type Comment struct {
	ID       string    `json:"id"`
	AuthorID string    `json:"author_id,omitempty"` // of its present version
	At       time.Time `json:"at,omitzero"`         // of its present version
	Body     string    `json:"body,omitempty"`      // Markdown
	Status   string    `json:"status,omitempty"`
	URL      string    `json:"url,omitempty"` // for a person
	Notes    []string  `json:"notes,omitempty"`
}

const commentPage = 100

// Comments yields the comments below a page, in the order of the site, without answers to them.
func (c *Client) Comments(ctx context.Context, id string) iter.Seq2[Comment, error] {
	l, err := c.comments(ctx, opComments, id)
	if err != nil {
		return failed[Comment](err)
	}
	return l.All(ctx, 0)
}

// CommentsPage is one page of Comments, at most limit of them (0 = 100).
func (c *Client) CommentsPage(ctx context.Context, id string, limit int, cursor string) (base.Page[Comment], error) {
	l, err := c.comments(ctx, opCommentsPage, id)
	if err != nil {
		return base.Page[Comment]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, limit, cursor)
}

func (c *Client) comments(ctx context.Context, op *base.Op, id string) (listing.List[Comment], error) {
	if err := c.checkID(op, id); err != nil {
		return listing.List[Comment]{}, err
	}
	if len(c.config.Spaces) > 0 { // the page itself must be of a space that is allowed
		p, err := c.ask(ctx, op, id, url.Values{})
		if err == nil {
			err = c.own(ctx, op, &p)
		}
		if err != nil {
			return listing.List[Comment]{}, err
		}
	}
	return listing.List[Comment]{
		Source: c.config.Name, Op: op.Name, Kind: 'k', Question: id, Size: commentPage, Key: func(x Comment) string { return x.ID },
		Fetch: func(ctx context.Context, place string, n int) (listing.Piece[Comment], error) {
			query := url.Values{"limit": {strconv.Itoa(n)}, "body-format": {formats[0]}}
			return fetch(ctx, c, op, "/wiki/api/v2/pages/"+id+"/footer-comments", query, place, func(d document.Document) (Comment, bool) {
				return c.readComment(d), true
			})
		},
	}, nil
}

func (c *Client) readComment(d document.Document) Comment {
	d.Name, d.Notes = "", new([]string)
	out := Comment{ID: d.Text("id"), Status: d.Text("status")}
	if v, ok := d.Object("version"); ok {
		version := readVersion(v)
		out.At, out.AuthorID = version.At, version.AuthorID
	}
	if body, ok := d.Object("body"); ok {
		var p Page
		readBody(&p, body)
		out.Body = p.Body
	}
	if links, ok := d.Object("_links"); ok {
		out.URL = c.address("", links.Text("webui"))
	}
	out.Notes = d.Doubts(nil)
	return out
}
