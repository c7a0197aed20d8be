package jira

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
)

var opRemoteLinks = &base.Op{Name: "RemoteLinks"}

// RemoteLinks are the links of an issue that lead out of Jira. One without any gives none.
func (c *Client) RemoteLinks(ctx context.Context, key string) ([]RemoteLink, error) {
	path, err := c.checkKey(opRemoteLinks, key)
	if err != nil {
		return nil, err
	}
	raw, err := c.raw(ctx, rest.Request{Op: opRemoteLinks, Method: http.MethodGet, Path: path + "/remotelink"})
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw} // a single one comes bare
	}
	all := make([]RemoteLink, 0, len(list))
	for _, one := range list {
		d, err := document.New(one, "", new([]string))
		if err != nil {
			return nil, c.protocol(opRemoteLinks, "the answer is no list of links")
		}
		all = append(all, readRemoteLink(d))
	}
	base.AddStats(ctx, base.Stats{Rows: int64(len(all))})
	return all, nil
}

func readRemoteLink(d document.Document) RemoteLink {
	l := RemoteLink{ID: d.Text("id"), Relationship: d.Text("relationship"), Application: nameOf(d, "application")}
	if o, ok := d.Object("object"); ok {
		l.Title, l.URL, l.Summary = o.Text("title"), o.Text("url"), o.Text("summary")
		if s, ok := o.Object("status"); ok {
			l.Resolved, _ = s.Flag("resolved")
		}
	}
	return l
}
