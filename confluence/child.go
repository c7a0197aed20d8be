package confluence

import (
	"context"
	"iter"
	"net/url"
	"strconv"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opChildren     = &base.Op{Name: "Children"}
	opChildrenPage = &base.Op{Name: "ChildrenPage"}
)

const childPage = 250 // of one answer, as much as the site gives

// Children yields the pages that stand directly below a page, in the order of the site.
func (c *Client) Children(ctx context.Context, id string) iter.Seq2[Child, error] {
	l, err := c.children(opChildren, id)
	if err != nil {
		return failed[Child](err)
	}
	return l.All(ctx, 0)
}

// ChildrenPage is one page of Children, at most limit of them (0 = 250).
func (c *Client) ChildrenPage(ctx context.Context, id string, limit int, cursor string) (base.Page[Child], error) {
	l, err := c.children(opChildrenPage, id)
	if err != nil {
		return base.Page[Child]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, limit, cursor)
}

func (c *Client) children(op *base.Op, id string) (listing.List[Child], error) {
	if err := c.checkID(op, id); err != nil {
		return listing.List[Child]{}, err
	}
	return listing.List[Child]{
		Source: c.config.Name, Op: op.Name, Kind: 'c', Question: id, Size: childPage, Key: func(x Child) string { return x.ID },
		Fetch: func(ctx context.Context, place string, n int) (listing.Piece[Child], error) {
			allowed, err := c.allowedSpaces(ctx, op)
			if err != nil {
				return listing.Piece[Child]{}, err
			}
			query := url.Values{"limit": {strconv.Itoa(n)}}
			return fetch(ctx, c, op, "/wiki/api/v2/pages/"+id+"/children", query, place, func(d document.Document) (Child, bool) {
				child := Child{
					ID: d.Text("id"), Title: d.Text("title"), Status: d.Text("status"), SpaceID: d.Text("spaceId"), Position: d.Count("childPosition"),
				}
				return child, allowed == nil || allowed[child.SpaceID]
			})
		},
	}, nil
}

// allowedSpaces are the ids of the spaces that the configuration allows; nil = all.
func (c *Client) allowedSpaces(ctx context.Context, op *base.Op) (map[string]bool, error) {
	if len(c.config.Spaces) == 0 {
		return nil, nil
	}
	ids := map[string]bool{}
	for _, key := range c.config.Spaces {
		id, err := c.spaceIDOf(ctx, op, key)
		if err != nil && base.KindOf(err) != base.KindNotFound {
			return nil, err
		}
		ids[id] = err == nil
	}
	return ids, nil
}
