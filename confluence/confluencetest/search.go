package confluencetest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// search answers a search of v1: with hits at /search, with the pages themselves at /content/search.
func (s *Server) search(r *http.Request, path string) wire.Answer {
	query := r.URL.Query()
	found, words, err := s.matching(query.Get("cql"))
	if err != nil {
		return problem(http.StatusBadRequest, "com.atlassian.confluence.api.service.exceptions.BadRequestException: Could not parse cql : "+err.Error())
	}
	from, size, err := window(query, path, len(found))
	if err != nil {
		return problem(http.StatusBadRequest, err.Error())
	}
	to := min(from+size, len(found))
	results := []object{}
	for _, p := range found[from:to] {
		if path == older+"/content/search" {
			results = append(results, s.content(p, query.Get("expand")))
			continue
		}
		results = append(results, s.hit(p, words, query))
	}
	out := object{"results": results, "start": from, "limit": size, "size": len(results)}
	if path == older+"/search" {
		out["totalSize"], out["cqlQuery"], out["searchDuration"] = len(found), query.Get("cql"), 7
	}
	links := object{"base": s.URL + "/wiki", "context": "/wiki", "self": s.URL + path}
	if to < len(found) { // the link begins behind /wiki, and holds the older way to go on too
		query.Set("cursor", token(to, path+"?"+query.Get("cql")))
		query.Set("next", "true")
		query.Set("start", strconv.Itoa(to))
		links["next"] = s.link(strings.TrimPrefix(path, "/wiki") + "?" + query.Encode())
	}
	out["_links"] = links
	return answerOf(http.StatusOK, out)
}

// window is which of so many results are asked for, by cursor, or by start where there is none.
func window(query url.Values, path string, all int) (from, size int, err error) {
	size, err = natural(query, "limit")
	if err != nil {
		return 0, 0, err
	}
	if size == 0 {
		size = defaultPage
	}
	size = min(size, mostPage)
	if strings.Contains(query.Get("expand"), "body.") {
		size = min(size, defaultPage)
	}
	if query.Get("cursor") == "" {
		from, err = natural(query, "start")
		return min(from, all), size, err
	}
	from, ok := place(query.Get("cursor"), path+"?"+query.Get("cql"))
	if !ok {
		return 0, 0, errors.New("the provided cursor is invalid")
	}
	return min(from, all), size, nil
}

// natural is a number of the query; 0 where it is not given.
func natural(query url.Values, name string) (int, error) {
	text := query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s must be a number that is not negative", name)
	}
	return n, nil
}

// content is a page of v1, in which expand names what comes with it, with or without the name of the place where it stands.
func (s *Server) content(p *page, expand string) object {
	out := object{"id": p.ID, "type": "page", "status": p.Status, "title": p.Title, "_links": object{"webui": address(p.Page)}}
	if expands(expand, "space") {
		out["space"] = object{
			"key": p.Space, "name": p.Space + " space", "type": "global", "status": "current", "_expandable": object{}, "_links": object{"webui": "/spaces/" + p.Space},
		}
	}
	if expands(expand, "metadata.labels") {
		out["metadata"] = object{"labels": object{"results": olderLabels(p.Labels), "start": 0, "limit": 200, "size": len(p.Labels), "_links": object{}}}
	}
	return out
}

func expands(expand, what string) bool {
	return slices.ContainsFunc(strings.Split(expand, ","), func(one string) bool {
		return strings.TrimPrefix(strings.TrimSpace(one), "content.") == what
	})
}

// hit is what a search for these words has found.
func (s *Server) hit(p *page, words []string, query url.Values) object {
	at := p.last().At
	return object{
		"content": s.content(p, query.Get("expand")), "title": marked(p.Title, words, strings.Clone), "url": address(p.Page),
		"excerpt":               excerpt(p.text(), words, query.Get("excerpt")),
		"resultGlobalContainer": object{"title": p.Space + " space", "displayUrl": "/spaces/" + p.Space}, "breadcrumbs": []object{},
		"entityType": "content", "iconCssClass": "aui-icon content-type-page", "lastModified": instant(at), "friendlyLastModified": at.Format(time.DateOnly),
		"score": 1.5,
	}
}

// olderLabels have their name twice.
func olderLabels(names []string) []object {
	all := labels(names)
	for _, one := range all {
		one["label"] = one["name"]
	}
	return all
}
