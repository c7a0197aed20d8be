package confluence

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/listing"
	"github.com/fourkites/sources/internal/rest"
)

var (
	opSearch     = &base.Op{Name: "Search"}
	opSearchPage = &base.Op{Name: "SearchPage"}
)

// SearchOptions says what is searched for: CQL or Text.
type SearchOptions struct {
	// CQL is sent as it is.
	CQL string `json:"cql,omitempty"`
	// Text are words that a page must hold, in its title or text. They mean themselves.
	Text string `json:"text,omitempty"`
	// Spaces are the keys of the spaces that Text is looked for in; empty = Config.Space, else Config.Spaces, else all.
	Spaces []string `json:"spaces,omitempty"`
	// Limit is how many hits are yielded; 0 = all.
	Limit int `json:"limit,omitempty"`
}

const (
	searchPage = 25 // the site gives no more at once where it must look into the pages
	maxCQL     = 10_000
)

// query is the CQL of a search.
func (c *Client) query(op *base.Op, o SearchOptions) (string, error) {
	switch {
	case o.CQL == "" && strings.TrimSpace(o.Text) == "":
		return "", c.invalid(op, "cql and text: both empty; give the one or the other")
	case o.CQL != "" && (o.Text != "" || len(o.Spaces) > 0):
		return "", c.invalid(op, "cql: it stands alone; write text and spaces into it")
	case o.Limit < 0:
		return "", c.invalid(op, "limit: negative; 0 is all")
	case len(o.CQL) > maxCQL:
		return "", c.invalid(op, "cql: %d bytes, at most %d", len(o.CQL), maxCQL)
	case o.CQL != "":
		return o.CQL, nil
	}
	spaces, err := c.inSpaces(op, o.Spaces)
	if err != nil {
		return "", err
	}
	text, err := contains("text", o.Text, false)
	if err != nil {
		return "", c.invalid(op, "text: %s", err)
	}
	title, err := contains("title", o.Text, false)
	if err != nil {
		return "", c.invalid(op, "text: %s", err)
	}
	cql, err := within(title+" OR "+text, spaces)
	if err != nil {
		return "", c.invalid(op, "spaces: %s", err)
	}
	return "type = page AND (" + cql + ")", nil
}

// inSpaces are the spaces that a search means.
func (c *Client) inSpaces(op *base.Op, asked []string) ([]string, error) {
	if err := checkSpaces(asked); err != nil {
		return nil, c.invalid(op, "spaces: %s", err)
	}
	for _, key := range asked {
		if !c.allowed(key) {
			return nil, c.refused(op, base.KindPermission, base.HintOf(hintSpaces), "the configuration does not allow the space %s", key)
		}
	}
	switch {
	case len(asked) > 0:
		return asked, nil
	case c.config.Space != "":
		return []string{c.config.Space}, nil
	}
	return c.config.Spaces, nil
}

// Search yields what matches, the best first unless the CQL orders it. Hits of spaces that the configuration does not allow
// are dropped, and counted in the notes of Stats.
func (c *Client) Search(ctx context.Context, o SearchOptions) iter.Seq2[Hit, error] {
	cql, err := c.query(opSearch, o)
	if err != nil {
		return failed[Hit](err)
	}
	return c.hits(opSearch, cql).All(ctx, o.Limit)
}

// SearchPage is one page of Search, at most Limit hits of it (0 = 25); cursor is that of the page before, empty for the first.
func (c *Client) SearchPage(ctx context.Context, o SearchOptions, cursor string) (base.Page[Hit], error) {
	cql, err := c.query(opSearchPage, o)
	if err != nil {
		return base.Page[Hit]{Outcome: base.Failed}, err
	}
	return c.hits(opSearchPage, cql).Page(ctx, o.Limit, cursor)
}

// failed is a list that cannot be asked for.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}

func (c *Client) hits(op *base.Op, cql string) listing.List[Hit] {
	return listing.List[Hit]{
		Source: c.config.Name, Op: op.Name, Kind: 's', Question: cql, Size: searchPage,
		Key: func(h Hit) string { return h.Type + h.ID + h.URL },
		Fetch: func(ctx context.Context, place string, n int) (listing.Piece[Hit], error) {
			query := url.Values{"cql": {cql}, "limit": {strconv.Itoa(n)}, "expand": {"content.space,content.metadata.labels"}}
			return fetch(ctx, c, op, "/wiki/rest/api/search", query, place, c.readHit)
		},
	}
}

// fetch reads one piece of a list that goes on from a cursor. read says what is not to be handed out.
func fetch[T any](ctx context.Context, c *Client, op *base.Op, path string, query url.Values, place string, read func(document.Document) (T, bool)) (listing.Piece[T], error) {
	var p listing.Piece[T]
	if place != "" {
		query.Set("cursor", place)
	}
	d, resp, err := c.site.Object(ctx, rest.Request{Op: op, Method: http.MethodGet, Path: path, Query: query.Encode()})
	if err != nil {
		return p, err
	}
	all, ok := d.Objects("results")
	if !ok {
		return p, c.protocol(op, "the answer has no list of results")
	}
	for _, one := range all {
		item, allowed := read(one)
		if !allowed {
			p.Dropped++
			continue
		}
		p.Items = append(p.Items, item)
	}
	if p.Dropped > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d hits of spaces that the configuration does not allow were dropped", p.Dropped))
	}
	p.Next, err = c.next(op, d, resp.Header)
	return p, err
}

// inAddress finds the space in the address of a page.
var inAddress = regexp.MustCompile(`^/(?:spaces|display)/([^/?]+)`)

func (c *Client) readHit(d document.Document) (Hit, bool) {
	d.Name, d.Notes = "", new([]string)
	h := Hit{Title: plain(d.Text("title")), Excerpt: plain(d.Text("excerpt")), Type: d.Text("entityType"), Updated: d.Time("lastModified")}
	path := d.Text("url")
	h.URL = c.address("", path)
	if content, ok := d.Object("content"); ok {
		h.ID, h.Status = content.Text("id"), content.Text("status")
		if kind := content.Text("type"); kind != "" {
			h.Type = kind
		}
		if h.Title == "" {
			h.Title = content.Text("title")
		}
		if space, ok := content.Object("space"); ok {
			h.Space, h.SpaceName = space.Text("key"), space.Text("name")
		}
		h.Labels = labelsOf(content)
	}
	if space, ok := d.Object("space"); ok && h.Space == "" { // the hit is a space
		h.Space, h.SpaceName = space.Text("key"), space.Text("name")
	}
	if found, ok := d.Object("resultGlobalContainer"); ok {
		if h.SpaceName == "" {
			h.SpaceName = found.Text("title")
		}
		if m := inAddress.FindStringSubmatch(found.Text("displayUrl")); m != nil && h.Space == "" {
			h.Space, _ = url.PathUnescape(m[1])
		}
	}
	if m := inAddress.FindStringSubmatch(path); m != nil && h.Space == "" {
		h.Space, _ = url.PathUnescape(m[1])
	}
	return h, c.allowed(h.Space)
}

func labelsOf(content document.Document) []string {
	metadata, ok := content.Object("metadata")
	if !ok {
		return nil
	}
	labels, ok := metadata.Object("labels")
	if !ok {
		return nil
	}
	var names []string
	all, _ := labels.Objects("results")
	for _, one := range all {
		names = append(names, one.Text("name"))
	}
	return names
}
