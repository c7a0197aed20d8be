package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opSearch     = &base.Op{Name: "Search"}
	opSearchPage = &base.Op{Name: "SearchPage"}
	opCount      = &base.Op{Name: "Count"}
)

// SearchOptions says which issues are searched for.
type SearchOptions struct {
	// JQL is sent as it is. It must bound what it searches, by a project, a time or the like, as the site demands; values from
	// outside belong into package jql, which quotes them.
	JQL string `json:"jql"`
	// Fields are the ids of the fields that come with each issue, such as "summary" or "customfield_10010", or "*all"; empty =
	// Standard, which has no comments, attachments and links.
	Fields []string `json:"fields,omitempty"`
	// Limit is how many issues are yielded; 0 = all.
	Limit int `json:"limit,omitempty"`
}

const (
	mostFields = 100 // of one issue of a search: what a person asks for
	pageSize   = 50  // with all fields a page of more takes the site long
	maxJQL     = 20_000
)

func (c *Client) checkSearch(op *base.Op, o SearchOptions) error {
	switch {
	case strings.TrimSpace(o.JQL) == "":
		return c.invalid(op, "jql: empty; bound it, such as project = OPS AND created >= -7d")
	case len(o.JQL) > maxJQL:
		return c.invalid(op, "jql: %d bytes, at most %d; ask in parts", len(o.JQL), maxJQL)
	case o.Limit < 0:
		return c.invalid(op, "limit: negative; 0 is all")
	case len(o.Fields) > mostFields:
		return c.invalid(op, "fields: %d, at most %d; *all is all of them", len(o.Fields), mostFields)
	}
	return c.checkFields(op, o.Fields)
}

// Search yields the issues that match, in the order of the JQL. Issues of projects that the configuration does not allow are
// dropped, and counted in the notes of Stats.
func (c *Client) Search(ctx context.Context, o SearchOptions) iter.Seq2[Issue, error] {
	if err := c.checkSearch(opSearch, o); err != nil {
		return failed[Issue](err)
	}
	return c.issues(opSearch, o, "").All(ctx, o.Limit)
}

// SearchPage is one page of Search, at most Limit issues of it (0 = 50); cursor is that of the page before, empty for the
// first.
func (c *Client) SearchPage(ctx context.Context, o SearchOptions, cursor string) (base.Page[Issue], error) {
	if err := c.checkSearch(opSearchPage, o); err != nil {
		return base.Page[Issue]{Outcome: base.Failed}, err
	}
	return c.issues(opSearchPage, o, "").Page(ctx, o.Limit, cursor)
}

// failed is a list that cannot be asked for.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}

// issues is the list of a search without one issue.
func (c *Client) issues(op *base.Op, o SearchOptions, without string) listing.List[Issue] {
	fields := o.Fields
	if len(fields) == 0 {
		fields = standard
	}
	return listing.List[Issue]{
		Source: c.config.Name, Op: op.Name, Kind: 's', Question: [3]any{o.JQL, o.Fields, without}, Size: pageSize,
		Key: func(i Issue) string { return i.Key },
		Fetch: func(ctx context.Context, place string, n int) (listing.Piece[Issue], error) {
			body := map[string]any{"jql": o.JQL, "maxResults": n, "fields": withProject(fields), "expand": "names"}
			if place != "" {
				body["nextPageToken"] = place
			}
			r, err := post(op, "/rest/api/3/search/jql", body)
			if err != nil {
				return listing.Piece[Issue]{}, c.invalid(op, "jql: %s", err)
			}
			d, err := c.object(ctx, r)
			if err != nil {
				return listing.Piece[Issue]{}, err
			}
			return c.readSearch(op, d, without)
		},
	}
}

// withProject asks for the project too where projects are allowed by name: a key may be of a project that was renamed.
func withProject(fields []string) []string {
	if slices.Contains(fields, "project") || slices.Contains(fields, "*all") {
		return fields
	}
	return append(slices.Clone(fields), "project")
}

func (c *Client) readSearch(op *base.Op, d document.Document, without string) (listing.Piece[Issue], error) {
	var p listing.Piece[Issue]
	all, ok := d.Objects("issues")
	if !ok {
		return p, c.protocol(op, "the answer has no list of issues")
	}
	names := map[string]string{}
	if inner, ok := d.Object("names"); ok {
		for id := range inner.Fields {
			names[id] = inner.Text(id)
		}
	}
	for _, one := range all {
		i := c.readIssue(one, names)
		switch {
		case i.Key == "":
			return p, c.protocol(op, "an issue of the answer has no key")
		case !c.allowed(i.Project):
			p.Dropped++
		case without != "" && i.Key == without:
		default:
			p.Items = append(p.Items, i)
		}
	}
	if dropped := p.Dropped; dropped > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d issues of projects that the configuration does not allow were dropped", dropped))
	}
	p.Dropped = len(all) - len(p.Items) // the issue itself, too
	p.Next = d.Text("nextPageToken")
	if last, known := d.Flag("isLast"); known && last {
		p.Next = ""
	}
	if p.Next == "" && d.Count("startAt") == 0 { // as sites behind a proxy of older times answer
		p.Total = d.Count("total")
	}
	p.Notes = append(p.Notes, warnings(d)...)
	return p, nil
}

// warnings are what the site says about a search that it answered nevertheless.
func warnings(d document.Document) []string {
	_, raw, ok := d.Find([]string{"warnings", "warningMessages"})
	if !ok {
		return nil
	}
	var texts []string
	if json.Unmarshal(raw, &texts) != nil {
		texts = []string{string(raw)}
	}
	for i, text := range texts {
		texts[i] = "the site warns: " + strings.ToValidUTF8(text[:min(len(text), 300)], "")
	}
	return texts[:min(len(texts), 10)]
}

// Count is how many issues match about: the site counts those that its index has, and it counts all, also those of projects
// that the configuration does not allow.
func (c *Client) Count(ctx context.Context, jql string) (int, error) {
	if err := c.checkSearch(opCount, SearchOptions{JQL: jql}); err != nil {
		return 0, err
	}
	r, err := post(opCount, "/rest/api/3/search/approximate-count", map[string]string{"jql": jql})
	if err != nil {
		return 0, c.invalid(opCount, "jql: %s", err)
	}
	d, err := c.object(ctx, r)
	if err != nil {
		return 0, err
	}
	if _, _, there := d.Find([]string{"count"}); !there {
		return 0, c.protocol(opCount, "the answer has no count")
	}
	return d.Count("count"), nil
}
