package confluencetest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// search answers a search of v1.
func (s *Server) search(r *http.Request, path string) wire.Answer {
	query := r.URL.Query()
	size, err := strconv.Atoi("0" + query.Get("limit"))
	if size == 0 {
		size = defaultPage
	}
	if err != nil {
		return problem(http.StatusBadRequest, "limit must be a number")
	}
	size = min(size, mostPage)
	if strings.Contains(query.Get("expand"), "body.") {
		size = min(size, defaultPage)
	}
	found, err := s.matching(query.Get("cql"))
	if err != nil {
		return problem(http.StatusBadRequest, "com.atlassian.confluence.api.service.exceptions.BadRequestException: Could not parse cql : "+err.Error())
	}
	from, ok := place(query.Get("cursor"), query.Get("cql"))
	if !ok {
		return problem(http.StatusBadRequest, "The provided cursor is invalid")
	}
	to := min(from+size, len(found))
	results := []object{}
	for _, p := range found[min(from, to):to] {
		results = append(results, s.hit(p, query.Get("expand")))
	}
	links := object{"base": s.URL + "/wiki", "context": "/wiki", "self": s.URL + path}
	if to < len(found) { // the link begins behind /wiki, and holds the older way to go on too
		query.Set("cursor", token(to, query.Get("cql")))
		query.Set("next", "true")
		query.Set("start", strconv.Itoa(to))
		links["next"] = s.link(strings.TrimPrefix(path, "/wiki") + "?" + query.Encode())
	}
	return answerOf(http.StatusOK, object{
		"results": results, "start": from, "limit": size, "size": len(results), "totalSize": len(found), "cqlQuery": query.Get("cql"),
		"searchDuration": 7, "_links": links,
	})
}

func (s *Server) hit(p *page, expand string) object {
	content := object{"id": p.ID, "type": "page", "status": p.Status, "title": p.Title, "_links": object{"webui": address(p.Page)}}
	if strings.Contains(expand, "content.space") {
		content["space"] = object{
			"key": p.Space, "name": p.Space + " space", "type": "global", "status": "current", "_expandable": object{}, "_links": object{"webui": "/spaces/" + p.Space},
		}
	}
	if strings.Contains(expand, "content.metadata.labels") {
		content["metadata"] = object{"labels": object{"results": olderLabels(p.Labels), "start": 0, "limit": 200, "size": len(p.Labels), "_links": object{}}}
	}
	at := p.last().At
	return object{
		"content": content, "title": "@@@hl@@@" + p.Title + "@@@endhl@@@", "excerpt": excerpt(p.text()), "url": address(p.Page),
		"resultGlobalContainer": object{"title": p.Space + " space", "displayUrl": "/spaces/" + p.Space}, "breadcrumbs": []object{},
		"entityType": "content", "iconCssClass": "aui-icon content-type-page", "lastModified": instant(at), "friendlyLastModified": at.Format(time.DateOnly),
		"score": 1.5,
	}
}

// excerpt is the beginning of a text as the site gives it: with entities.
func excerpt(text string) string {
	_, text, _ = strings.Cut(text, "\n")
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "")
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(text)
}

// olderLabels have their name twice.
func olderLabels(names []string) []object {
	all := labels(names)
	for _, one := range all {
		one["label"] = one["name"]
	}
	return all
}
