package confluencetest

import (
	"net/url"
	"strconv"
	"time"

	"github.com/fourkites/sources/confluence"
)

// encode is a page of v2, as a list gives it or whole.
func (s *Server) encode(p *page, query url.Values, whole bool) object {
	v := p.last()
	if n, err := strconv.Atoi(query.Get("version")); err == nil && whole && n >= 1 && n <= len(p.versions) {
		v = p.versions[n-1]
	}
	out := object{
		"id": p.ID, "status": p.Status, "title": v.title, "spaceId": p.SpaceID, "parentId": nullable(p.ParentID), "parentType": nil, "position": p.position,
		"authorId": p.AuthorID, "ownerId": nullable(p.OwnerID), "lastOwnerId": nil, "createdAt": instant(p.Created), "version": versionOf(v.Version),
		"body": v.body.encode(query.Get("body-format"), whole),
		"_links": object{
			"webui": address(p.Page), "editui": "/pages/resumedraft.action?draftId=" + p.ID, "tinyui": "/x/" + p.ID, "base": s.URL + "/wiki",
		},
	}
	if p.ParentID != "" {
		out["parentType"] = "page"
	}
	if query.Get("include-labels") == "true" && whole {
		out["labels"] = object{"results": labels(p.Labels), "meta": object{"hasMore": false, "cursor": ""}, "_links": object{"self": s.URL}}
	}
	if query.Get("include-versions") == "true" && whole {
		out["versions"] = s.versions(p)
	}
	return out
}

// inlineVersions is how many versions come with a page.
const inlineVersions = 50

func (s *Server) versions(p *page) object {
	all := []object{}
	for i := len(p.versions) - 1; i >= 0 && len(all) < inlineVersions; i-- {
		all = append(all, versionOf(p.versions[i].Version))
	}
	meta := object{"hasMore": len(all) < len(p.versions), "cursor": ""}
	return object{"results": all, "meta": meta, "_links": object{"self": s.URL}}
}

func versionOf(v confluence.Version) object {
	return object{"number": v.Number, "createdAt": instant(v.At), "authorId": v.AuthorID, "message": v.Message, "minorEdit": v.Minor}
}

// encode is the body in the format that was asked for; nothing unless one was.
func (b Body) encode(format string, whole bool) object {
	value, ok := map[string]string{"atlas_doc_format": b.Document, "storage": b.Storage, "view": b.View, "export_view": b.View}[format]
	if !ok || !whole && format != "storage" && format != "atlas_doc_format" {
		return object{}
	}
	return object{format: object{"representation": format, "value": value}}
}

// comment is one below a page.
func comment(p *page, c confluence.Comment, format string) object {
	return object{
		"id": c.ID, "status": c.Status, "title": "Re: " + p.Title, "pageId": p.ID,
		"version": versionOf(confluence.Version{Number: 1, At: c.At, AuthorID: c.AuthorID}),
		"body":    Body{Document: document(c.Body)}.encode(format, false),
		"_links":  object{"webui": "/pages/viewpage.action?focusedCommentId=" + c.ID},
	}
}

func attachment(p *page, a Attachment) object {
	download := "/download/attachments/" + p.ID + "/" + url.PathEscape(a.Title) + "?version=1"
	webui := "/pages/viewpageattachments.action?pageId=" + p.ID + "&preview=" + url.QueryEscape("/"+p.ID+"/"+a.ID+"/"+a.Title)
	return object{
		"id": a.ID, "status": "current", "title": a.Title, "createdAt": instant(a.Created), "pageId": p.ID, "mediaType": a.MediaType,
		"mediaTypeDescription": nil, "comment": a.Comment, "fileId": "file-" + a.ID, "fileSize": a.Size,
		"webuiLink": webui, "downloadLink": download,
		"version": versionOf(confluence.Version{Number: 1, At: a.Created, AuthorID: p.AuthorID}),
		"_links":  object{"webui": webui, "download": download},
	}
}

func labels(names []string) []object {
	all := []object{}
	for i, name := range names {
		all = append(all, object{"id": strconv.Itoa(i + 1), "name": name, "prefix": "global"})
	}
	return all
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// instant is a time as the site writes it.
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func address(p confluence.Page) string {
	return "/spaces/" + p.Space + "/pages/" + p.ID + "/" + url.PathEscape(p.Title)
}
