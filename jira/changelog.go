package jira

import (
	"context"
	"iter"
	"net/url"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opChangelog     = &base.Op{Name: "Changelog"}
	opChangelogPage = &base.Op{Name: "ChangelogPage"}
)

// entry is one entry of a history, in which several fields were changed at once.
type entry struct {
	id      string
	changes []Change
}

// Changelog yields what was changed of an issue, oldest first.
func (c *Client) Changelog(ctx context.Context, key string) iter.Seq2[Change, error] {
	l, err := c.entries(opChangelog, key)
	if err != nil {
		return failed[Change](err)
	}
	return func(yield func(Change, error) bool) {
		for e, err := range l.All(ctx, 0) {
			if err != nil {
				yield(Change{}, err)
				return
			}
			for _, change := range e.changes {
				if !yield(change, nil) {
					return
				}
			}
		}
	}
}

// ChangelogPage is one page of Changelog: the changes of at most limit entries (0 = 100).
func (c *Client) ChangelogPage(ctx context.Context, key string, limit int, cursor string) (base.Page[Change], error) {
	l, err := c.entries(opChangelogPage, key)
	if err != nil {
		return base.Page[Change]{Outcome: base.Failed}, err
	}
	p, err := l.Page(ctx, limit, cursor)
	out := base.Page[Change]{Items: []Change{}, Cursor: p.Cursor, More: p.More, Outcome: p.Outcome, Stats: p.Stats}
	for _, e := range p.Items {
		out.Items = append(out.Items, e.changes...)
	}
	return out, err
}

func (c *Client) entries(op *base.Op, key string) (listing.List[entry], error) {
	path, err := c.checkKey(op, key)
	return listing.List[entry]{
		Source: c.config.Name, Op: op.Name, Kind: 'h', Question: path, Size: offsetPage,
		Key: func(e entry) string { return e.id },
		Fetch: func(ctx context.Context, place string, n int) (listing.Piece[entry], error) {
			return fetchOffset(ctx, c, op, path+"/changelog", url.Values{}, place, n, "values", readEntry)
		},
	}, err
}

func readEntry(d document.Document) entry {
	e := entry{id: d.Text("id")}
	author, at := user(d, "author"), d.Time("created")
	items, _ := d.Objects("items")
	for _, one := range items {
		e.changes = append(e.changes, Change{
			ID: e.id, Author: author, At: at, Field: one.Text("field"), FieldID: one.Text("fieldId"),
			From: one.Text("from"), FromText: one.Text("fromString"), To: one.Text("to"), ToText: one.Text("toString"),
		})
	}
	return e
}
