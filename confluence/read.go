package confluence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/internal/document"
)

var (
	opPage        = &base.Op{Name: "Page"}
	opPageByTitle = &base.Op{Name: "PageByTitle"}
	opPageVersion = &base.Op{Name: "PageVersion"}
	opSection     = &base.Op{Name: "Section"}
)

var pageID = regexp.MustCompile(`^[0-9]{1,20}$`)

func (c *Client) checkID(op *base.Op, id string) error {
	if !pageID.MatchString(id) {
		return c.invalid(op, "id: %.40q is not the number of a page; it stands in the address behind /pages/", id)
	}
	return nil
}

// Page is the page with that number, its body as Markdown. An unknown one, or one that the account may not see, is
// ErrNotFound.
func (c *Client) Page(ctx context.Context, id string) (Page, error) {
	return c.page(ctx, opPage, id, 0)
}

// PageVersion is the state of a page with that number of a version, from 1.
func (c *Client) PageVersion(ctx context.Context, id string, version int) (Page, error) {
	if version < 1 {
		return Page{}, c.invalid(opPageVersion, "version: %d; the first is 1", version)
	}
	return c.page(ctx, opPageVersion, id, version)
}

// Section is one section of a page, with those below it, by its title or anchor.
func (c *Client) Section(ctx context.Context, id, title string) (Section, error) {
	if strings.TrimSpace(title) == "" {
		return Section{}, c.invalid(opSection, "title: empty; give the title of a heading")
	}
	p, err := c.page(ctx, opSection, id, 0)
	if err != nil {
		return Section{}, err
	}
	return c.sectionOf(p, title)
}

func (c *Client) sectionOf(p Page, title string) (Section, error) {
	if s, ok := p.Section(title); ok {
		return s, nil
	}
	var titles []string
	for _, s := range p.Sections[:min(len(p.Sections), 30)] {
		titles = append(titles, s.Title)
	}
	return Section{}, c.refused(opSection, base.KindNotFound, base.HintOf(hintTitles),
		"the page has no section %.60q, but %s", title, strings.Join(titles, "; "))
}

// formats of a body, the best first.
var formats = []string{"atlas_doc_format", "storage", "view"}

// page reads a page; version 0 is the newest. Where a body comes empty in one format, the next one is asked for.
func (c *Client) page(ctx context.Context, op *base.Op, id string, version int) (Page, error) {
	if err := c.checkID(op, id); err != nil {
		return Page{}, err
	}
	first, err := c.ask(ctx, op, id, inFormat(formats[0], version, url.Values{"include-labels": {"true"}}))
	switch {
	case err != nil:
		return Page{}, err
	case version > 0 && first.Version.Number != version:
		return Page{}, c.protocol(op, "the answer is another version of the page than the one asked for")
	}
	for _, format := range formats[1:] {
		if strings.TrimSpace(first.Body) != "" {
			break
		}
		if err := c.askAgain(ctx, op, &first, inFormat(format, version, url.Values{})); err != nil {
			return Page{}, err
		}
	}
	first.Sections = outline(first.Body)
	base.AddStats(ctx, base.Stats{Rows: 1})
	return first, c.own(ctx, op, &first)
}

func inFormat(format string, version int, query url.Values) url.Values {
	query.Set("body-format", format)
	if version > 0 {
		query.Set("version", strconv.Itoa(version))
	}
	return query
}

// askAgain takes the body in another format. A format may be refused.
func (c *Client) askAgain(ctx context.Context, op *base.Op, first *Page, query url.Values) error {
	p, err := c.ask(ctx, op, first.ID, query)
	switch {
	case base.KindOf(err) == base.KindInvalid:
		return nil
	case err != nil:
		return err
	case p.Version.Number != first.Version.Number:
		return c.refused(op, base.KindConflict, base.HintOf(hintAgain), "the page was changed while it was read")
	}
	first.Body, first.Format, first.Notes = p.Body, p.Format, append(first.Notes, p.Notes...)
	return nil
}

// ask makes one request for a page.
func (c *Client) ask(ctx context.Context, op *base.Op, id string, query url.Values) (Page, error) {
	d, err := c.object(ctx, op, "/wiki/api/v2/pages/"+id, query)
	if err != nil {
		return Page{}, err
	}
	p := c.readPage(d)
	if p.ID != id {
		return Page{}, c.protocol(op, "the answer is not the page that was asked for")
	}
	return p, nil
}

// own finds the key of a page's space, and refuses pages of spaces that are not allowed.
func (c *Client) own(ctx context.Context, op *base.Op, p *Page) error {
	key, err := c.spaceKeyOf(ctx, op, p.SpaceID)
	p.Space = key
	switch {
	case err == nil && c.allowed(key):
		return nil
	case err != nil && len(c.config.Spaces) == 0 && ctx.Err() == nil: // the page itself is there
		p.Notes = append(p.Notes, fmt.Sprintf("the key of its space could not be read: %s", base.KindOf(err)))
		return nil
	case err != nil:
		*p = Page{}
		return err
	}
	*p = Page{}
	return c.refused(op, base.KindPermission, base.HintOf(hintSpaces), "the page is of a space that the configuration does not allow")
}

func (c *Client) readPage(d document.Document) Page {
	p := Page{
		ID: d.Text("id"), Title: d.Text("title"), SpaceID: d.Text("spaceId"), Status: d.Text("status"), ParentID: d.Text("parentId"),
		ParentType: d.Text("parentType"), AuthorID: d.Text("authorId"), OwnerID: d.Text("ownerId"), Created: d.Time("createdAt"),
	}
	if v, ok := d.Object("version"); ok {
		p.Version = readVersion(v)
	}
	if labels, ok := d.Object("labels"); ok {
		all, _ := labels.Objects("results")
		for _, one := range all {
			p.Labels = append(p.Labels, one.Text("name"))
		}
		if meta, ok := labels.Object("meta"); ok {
			if more, _ := meta.Flag("hasMore"); more {
				d.Note("labels: there are more than these")
			}
		}
	}
	if body, ok := d.Object("body"); ok {
		readBody(&p, body)
	}
	if links, ok := d.Object("_links"); ok {
		p.URL = c.address(links.Text("base"), links.Text("webui"))
	}
	p.Extras = d.Extras()
	slices.Sort(*d.Notes)
	p.Notes = append(p.Notes, slices.Compact(*d.Notes)...)
	return p
}

func readVersion(d document.Document) Version {
	v := Version{Number: d.Count("number"), At: d.Time("createdAt"), AuthorID: d.Text("authorId"), Message: d.Text("message")}
	v.Minor, _ = d.Flag("minorEdit")
	return v
}

// readBody takes the body in the format that came.
func readBody(p *Page, body document.Document) {
	for _, format := range formats {
		inner, ok := body.Object(format)
		if !ok {
			continue
		}
		_, raw, ok := inner.Find([]string{"value"})
		if !ok {
			continue
		}
		text, notes, err := markdownOf(format, raw)
		if err != nil {
			body.Note("%s: no document that can be read", format)
			continue
		}
		for _, note := range notes {
			body.Note("%s", note)
		}
		p.Body, p.Format = text, format
		return
	}
}

var errNoText = errors.New("not a text")

func markdownOf(format string, raw json.RawMessage) (string, []string, error) {
	if format == "atlas_doc_format" {
		return adf.Markdown(raw)
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", nil, errNoText
	}
	text, notes := adf.MarkdownOfStorage(text)
	return text, notes, nil
}

// address is the link to a page for a person. What the site says of itself counts only where the configuration says nothing.
func (c *Client) address(said, path string) string {
	if path == "" {
		return ""
	}
	from := said
	if c.config.URL != "" {
		from = c.config.site() + "/wiki"
	}
	if u, err := url.Parse(from); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return strings.TrimRight(from, "/") + "/" + strings.TrimLeft(path, "/")
}

// plain is a text that came with entities and the marks of what matched.
func plain(text string) string {
	text = strings.NewReplacer("@@@hl@@@", "", "@@@endhl@@@", "").Replace(text)
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// PageByTitle is the page of that title in a space; an empty space is that of the configuration, or any. A title that
// several pages have, as in different spaces, is ErrInvalid and names them.
func (c *Client) PageByTitle(ctx context.Context, space, title string) (Page, error) {
	op := opPageByTitle
	if space == "" {
		space = c.config.Space
	}
	if err := checkSpaces(document.SplitList(space)); err != nil {
		return Page{}, c.invalid(op, "space: %s", err)
	}
	if strings.TrimSpace(title) == "" || len(title) > maxTitle {
		return Page{}, c.invalid(op, "title: of %d bytes; give one of 1 to %d", len(title), maxTitle)
	}
	query := url.Values{"title": {title}, "limit": {"25"}}
	if space != "" {
		id, err := c.spaceIDOf(ctx, op, space)
		if err != nil {
			return Page{}, err
		}
		query.Set("space-id", id)
	}
	d, err := c.object(ctx, op, "/wiki/api/v2/pages", query)
	if err != nil {
		return Page{}, err
	}
	all, ok := d.Objects("results")
	if !ok {
		return Page{}, c.protocol(op, "the answer has no list of pages")
	}
	id, err := c.single(op, all)
	if err != nil {
		return Page{}, err
	}
	return c.page(ctx, op, id, 0)
}

const maxTitle = 1000 // the site takes 255 characters

// single chooses the page that a title means: the only one, or the only one that is current.
func (c *Client) single(op *base.Op, all []document.Document) (string, error) {
	var current, others []string
	for _, one := range all {
		p := c.readPage(one)
		if pageID.MatchString(p.ID) {
			if others = append(others, p.ID); p.Status == "current" {
				current = append(current, p.ID)
			}
		}
	}
	if len(current) == 0 {
		current = others
	}
	switch len(current) {
	case 0:
		return "", c.refused(op, base.KindNotFound, base.HintOf(hintPart), "no page has that title, or this account may not see it")
	case 1:
		return current[0], nil
	}
	return "", c.refused(op, base.KindInvalid, base.HintOf(hintByID), "%d pages have that title: %s", len(current), strings.Join(current, ", "))
}
