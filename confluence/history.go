package confluence

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/fourkites/sources/base"
)

var (
	opHistory = &base.Op{Name: "History"}
	opDiff    = &base.Op{Name: "Diff"}
)

// History are the versions of a page, the newest first. The site gives those of late with the page; where there are older
// ones, a [base.IncompleteError] beside them says so, and PageVersion gives each.
func (c *Client) History(ctx context.Context, id string) ([]Version, error) {
	if err := c.checkID(opHistory, id); err != nil {
		return nil, err
	}
	d, err := c.object(ctx, opHistory, "/wiki/api/v2/pages/"+id, url.Values{"include-versions": {"true"}})
	if err != nil {
		return nil, err
	}
	p := c.readPage(d)
	if p.ID != id {
		return nil, c.protocol(opHistory, "the answer is not the page that was asked for")
	}
	if err := c.own(ctx, opHistory, &p); err != nil {
		return nil, err
	}
	versions, ok := d.Object("versions")
	if !ok {
		return nil, c.protocol(opHistory, "the answer has no versions")
	}
	listed, ok := versions.Objects("results")
	if !ok {
		return nil, c.protocol(opHistory, "the answer has no list of versions")
	}
	var all []Version
	for _, one := range listed {
		all = append(all, readVersion(one))
	}
	slices.SortStableFunc(all, func(a, b Version) int { return b.Number - a.Number })
	base.AddStats(ctx, base.Stats{Rows: int64(len(all))})
	more := false
	if meta, ok := versions.Object("meta"); ok {
		more, _ = meta.Flag("hasMore")
	}
	if more || len(all) < p.Version.Number && len(all) > 0 && all[len(all)-1].Number > 1 {
		return all, base.NewIncomplete(base.Truncated, c.config.Name, opHistory.Name, int64(len(all)),
			fmt.Sprintf("versions before %d were not listed; ask for one by its number", all[max(len(all)-1, 0)].Number), nil)
	}
	return all, nil
}

// Difference is what changed between two versions of a page.
type Difference struct {
	PageID string `json:"page_id"`
	Title  string `json:"title"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	// Text are the changed lines of the body in Markdown, as a unified diff with three lines around each change; empty =
	// nothing that shows was changed.
	Text    string   `json:"text"`
	Added   int      `json:"added"`   // lines
	Removed int      `json:"removed"` // lines
	Notes   []string `json:"notes,omitempty"`
}

// Diff compares two versions of a page. To 0 is the newest, from 0 the one before to.
func (c *Client) Diff(ctx context.Context, id string, from, to int) (Difference, error) {
	if from < 0 || to < 0 {
		return Difference{}, c.invalid(opDiff, "from and to: negative; the first version is 1")
	}
	after, err := c.page(ctx, opDiff, id, to)
	if err != nil {
		return Difference{}, err
	}
	to = after.Version.Number
	if from == 0 {
		from = to - 1
	}
	if from < 1 || from >= to {
		return Difference{}, c.invalid(opDiff, "from: version %d is not before version %d", from, to)
	}
	before, err := c.page(ctx, opDiff, id, from)
	if err != nil {
		return Difference{}, err
	}
	return difference(before, after), nil
}

func difference(before, after Page) Difference {
	d := Difference{PageID: after.ID, Title: after.Title, From: before.Version.Number, To: after.Version.Number}
	if before.Title != after.Title {
		d.Notes = append(d.Notes, fmt.Sprintf("the title was %q", before.Title))
	}
	if before.Format != after.Format {
		d.Notes = append(d.Notes, "the two were read from bodies of different formats, so that lines may differ in form alone")
	}
	name := func(v int) string { return fmt.Sprintf("version %d", v) }
	d.Text = string(diff.Diff(name(d.From), ended(before.Body), name(d.To), ended(after.Body)))
	for i, line := range strings.Split(d.Text, "\n") {
		switch {
		case i < 3: // the heads
		case strings.HasPrefix(line, "+"):
			d.Added++
		case strings.HasPrefix(line, "-"):
			d.Removed++
		}
	}
	return d
}

// ended is a text whose last line ends.
func ended(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(strings.TrimRight(text, "\n") + "\n")
}
