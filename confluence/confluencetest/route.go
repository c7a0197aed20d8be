package confluencetest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/internal/wire"
)

const (
	newer = "/wiki/api/v2"
	older = "/wiki/rest/api"
)

// route answers a request whose credential was accepted.
func (s *Server) route(r *http.Request, asked wire.Asked) wire.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, gateway)
	if r.Method != http.MethodGet {
		s.front.Did(asked) // a real site would
		return problem(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	if rest, ok := strings.CutPrefix(path, newer+"/"); ok {
		return s.v2(r, rest)
	}
	switch path {
	case older + "/user/current":
		return answerOf(http.StatusOK, object{"type": "known", "accountId": "demo-account", "accountType": "atlassian", "displayName": "Demo", "email": Email})
	case older + "/search", older + "/content/search":
		return s.search(r, path)
	}
	return problem(http.StatusNotFound, "null for uri: "+path)
}

func (s *Server) v2(r *http.Request, rest string) wire.Answer {
	what, more, _ := strings.Cut(rest, "/")
	id, below, _ := strings.Cut(more, "/")
	switch {
	case rest == "pages":
		return s.list(r, s.pagesOf(r.URL.Query()), func(p *page) object { return s.encode(p, r.URL.Query(), false) })
	case rest == "spaces":
		return s.spaceList(r)
	case what == "spaces" && below == "pages":
		query := r.URL.Query()
		query.Set("space-id", id)
		return s.list(r, s.pagesOf(query), func(p *page) object { return s.encode(p, query, false) })
	case what == "pages":
		return s.ofPage(r, id, below)
	}
	return refusal(http.StatusNotFound, "NOT_FOUND", "Not Found")
}

func (s *Server) ofPage(r *http.Request, id, below string) wire.Answer {
	p := s.find(id)
	if p == nil {
		return refusal(http.StatusNotFound, "NOT_FOUND", "Not Found")
	}
	switch query := r.URL.Query(); below {
	case "":
		if n := query.Get("version"); n != "" {
			if number, err := strconv.Atoi(n); err != nil || number < 1 || number > len(p.versions) {
				return refusal(http.StatusNotFound, "NOT_FOUND", "Not Found")
			}
		}
		if format := query.Get("body-format"); !slices.Contains([]string{"", "storage", "atlas_doc_format", "view", "export_view"}, format) {
			return refusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "Provided value '"+format+"' for 'body-format' is not the correct type.")
		}
		return answerOf(http.StatusOK, s.encode(p, query, true))
	case "children":
		var all []*page
		for _, other := range s.pages {
			if other.ParentID == id {
				all = append(all, other)
			}
		}
		return s.list(r, all, func(p *page) object {
			return object{"id": p.ID, "status": p.Status, "title": p.Title, "spaceId": p.SpaceID, "childPosition": p.position}
		})
	case "footer-comments":
		var all []*page
		for _, c := range p.comments {
			one := &page{Page: confluence.Page{ID: c.ID, Title: "Re: " + p.Title, Status: c.Status, ParentID: id, AuthorID: c.AuthorID}}
			one.add("", Body{Document: document(c.Body)}, confluence.Version{At: c.At, AuthorID: c.AuthorID})
			all = append(all, one)
		}
		return s.list(r, all, func(p *page) object { return comment(p, r.URL.Query().Get("body-format")) })
	case "labels":
		return s.list(r, []*page{p}, func(p *page) object {
			return object{"id": "1", "name": strings.Join(p.Labels, ","), "prefix": "global"}
		})
	}
	return refusal(http.StatusNotFound, "NOT_FOUND", "Not Found")
}

// pagesOf are the pages that a list was asked for.
func (s *Server) pagesOf(query url.Values) []*page {
	var found []*page
	statuses := query["status"]
	if len(statuses) == 0 {
		statuses = []string{"current", "archived"}
	}
	for _, p := range s.pages {
		if title := query.Get("title"); title != "" && !strings.EqualFold(p.Title, title) {
			continue
		}
		if ids := query["space-id"]; len(ids) > 0 && !slices.Contains(ids, p.SpaceID) {
			continue
		}
		if ids := query["id"]; len(ids) > 0 && !slices.Contains(ids, p.ID) {
			continue
		}
		if slices.Contains(statuses, p.Status) {
			found = append(found, p)
		}
	}
	return found
}

func (s *Server) spaceList(r *http.Request) wire.Answer {
	query := r.URL.Query()
	var found []*page
	for _, one := range s.spaces {
		if keys := query["keys"]; len(keys) > 0 && !slices.Contains(keys, one.key) {
			continue
		}
		if ids := query["ids"]; len(ids) > 0 && !slices.Contains(ids, one.id) {
			continue
		}
		found = append(found, &page{Page: confluence.Page{ID: one.id, Space: one.key, Title: one.name}})
	}
	return s.list(r, found, func(p *page) object {
		return object{
			"id": p.ID, "key": p.Space, "name": p.Title, "type": "global", "status": "current", "authorId": "demo-account",
			"createdAt": "2024-01-01T00:00:00.000Z", "homepageId": nil, "_links": object{"webui": "/spaces/" + p.Space},
		}
	})
}

const (
	defaultPage = 25
	mostPage    = 250
)

// list is a piece of a list of v2, with the link to the next one in the body and in the header.
func (s *Server) list(r *http.Request, all []*page, encode func(*page) object) wire.Answer {
	query := r.URL.Query()
	size, err := strconv.Atoi("0" + query.Get("limit"))
	if size == 0 {
		size = defaultPage
	}
	if err != nil || size > mostPage {
		return refusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "Provided value for 'limit' is not within the supported range.")
	}
	from, ok := place(query.Get("cursor"), r.URL.Path)
	if !ok {
		return refusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The provided cursor is invalid.")
	}
	to := min(from+size, len(all))
	results := []object{}
	for _, p := range all[min(from, to):to] {
		results = append(results, encode(p))
	}
	links := object{"base": s.URL + "/wiki"}
	a := answerOf(http.StatusOK, object{"results": results, "_links": links})
	if to < len(all) {
		query.Set("cursor", token(to, r.URL.Path))
		next := s.link(strings.TrimPrefix(r.URL.Path, gateway) + "?" + query.Encode())
		links["next"] = next
		a = answerOf(http.StatusOK, object{"results": results, "_links": links})
		a.Header.Set("Link", fmt.Sprintf(`<%s>; rel="next", <%s/wiki>; rel="base"`, next, s.URL))
	}
	return a
}

func (s *Server) link(path string) string {
	if s.links == nil {
		return path
	}
	return s.links(path)
}

// token is where a list goes on; it serves that list alone.
func token(at int, question string) string {
	sum := sha256.Sum256([]byte(question))
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%x", at, sum[:6]))
}

func place(cursor, question string) (at int, ok bool) {
	if cursor == "" {
		return 0, true
	}
	text, err := base64.URLEncoding.DecodeString(cursor)
	number, _, _ := strings.Cut(string(text), ":")
	at, err2 := strconv.Atoi(number)
	return at, err == nil && err2 == nil && token(at, question) == cursor
}
