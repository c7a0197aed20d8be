package confluence

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
)

// next is where a list goes on: the value of cursor in the link to its next piece, whether that stands in the body or in the
// header, is relative, begins with /wiki or not, or names another host. The link itself is never followed.
func (c *Client) next(op *base.Op, d document.Document, header http.Header) (string, error) {
	link := ""
	if links, ok := d.Object("_links"); ok {
		link = links.Text("next")
	}
	if link == "" {
		link = fromHeader(header)
	}
	if link == "" {
		return "", nil
	}
	u, err := url.Parse(link)
	if err != nil {
		return "", c.protocol(op, "the link to the next page is none")
	}
	cursor := u.Query().Get("cursor")
	if cursor == "" {
		return "", c.protocol(op, "the link to the next page has no cursor")
	}
	return cursor, nil
}

// fromHeader is the link of the relation next (RFC 8288).
func fromHeader(header http.Header) string {
	for part := range strings.SplitSeq(strings.Join(header.Values("Link"), ","), ",") {
		target, rest, ok := strings.Cut(strings.TrimSpace(part), ">")
		if ok && strings.HasPrefix(target, "<") && strings.Contains(strings.ReplaceAll(rest, " ", ""), `rel="next"`) {
			return target[1:]
		}
	}
	return ""
}
