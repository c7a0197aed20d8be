package jira

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

var (
	opAttachments       = &base.Op{Name: "Attachments"}
	opAttachmentContent = &base.Op{Name: "AttachmentContent"}
)

// Attachments are the files of an issue, without their content.
func (c *Client) Attachments(ctx context.Context, key string) ([]Attachment, error) {
	i, err := c.issue(ctx, opAttachments, key, url.Values{"fields": {"attachment,project"}})
	return i.Attachments, err
}

// Content is what a file holds, or its beginning.
type Content struct {
	Data        []byte `json:"data"`
	ContentType string `json:"content_type,omitempty"`
	Cut         bool   `json:"cut,omitempty"` // there is more than Data
}

// AttachmentContent is the content of an attachment, its first maxBytes where there is more; 0 = Config.MaxAttachmentBytes,
// which it never exceeds whatever size the site names. A site that wants to hand the file out from another host is not
// followed there.
func (c *Client) AttachmentContent(ctx context.Context, id string, maxBytes int64) (Content, error) {
	op := opAttachmentContent
	switch err := c.checkID(op, "id", id); {
	case err != nil:
		return Content{}, err
	case maxBytes < 0:
		return Content{}, c.invalid(op, "max_bytes: negative; 0 is the bound of the configuration")
	case maxBytes == 0 || maxBytes > c.config.MaxAttachmentBytes:
		maxBytes = c.config.MaxAttachmentBytes
	}
	resp, err := c.site.Do(ctx, rest.Request{
		Op: op, Method: http.MethodGet, Path: "/rest/api/3/attachment/content/" + id, Query: "redirect=false", MaxBytes: maxBytes,
		Header: http.Header{"Range": {fmt.Sprintf("bytes=0-%d", maxBytes)}, "Accept": {"*/*"}}, // one more, to see that there is more
	})
	if err != nil {
		if e, ok := rangeOfNothing(err); ok {
			return Content{ContentType: e}, nil
		}
		return Content{}, err
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return Content{Data: resp.Body, ContentType: kind, Cut: resp.Cut}, nil
}

// rangeOfNothing recognises the answer to a range of a file that is empty.
func rangeOfNothing(err error) (contentType string, ok bool) {
	return "", base.KindOf(err) == base.KindInvalid && codeOf(err) == fmt.Sprint(http.StatusRequestedRangeNotSatisfiable)
}
