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
		return listOf(s, r, s.pagesOf(r.URL.Query()), func(p *page) object { return s.encode(p, r.URL.Query(), false) })
	case rest == "spaces":
		return s.spaceList(r)
	case what == "spaces" && below == "pages" && slices.ContainsFunc(s.spaces, func(one space) bool { return one.id == id }):
		query := r.URL.Query()
		query.Set("space-id", id)
		return listOf(s, r, s.pagesOf(query), func(p *page) object { return s.encode(p, query, false) })
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
		return s.whole(p, query)
	case "children":
		return listOf(s, r, s.childrenOf(id), func(p *page) object {
			return object{"id": p.ID, "status": p.Status, "title": p.Title, "spaceId": p.SpaceID, "childPosition": p.position}
		})
	case "footer-comments":
		return listOf(s, r, p.comments, func(c confluence.Comment) object { return comment(p, c, query.Get("body-format")) })
	case "attachments":
		return listOf(s, r, p.attached(query), func(a Attachment) object { return attachment(p, a) })
	case "labels":
		all := labels(p.Labels)
		if prefix := query.Get("prefix"); prefix != "" && prefix != "global" {
			all = nil
		}
		return listOf(s, r, all, func(label object) object { return label })
	}
	return refusal(http.StatusNotFound, "NOT_FOUND", "Not Found")
}

// whole is one page, in the version and the format that were asked for.
func (s *Server) whole(p *page, query url.Values) wire.Answer {
	if n := query.Get("version"); n != "" {
		if number, err := strconv.Atoi(n); err != nil || number < 1 || number > len(p.versions) {
			return refusal(http.StatusNotFound, "NOT_FOUND", "Not Found")
		}
	}
	if format := query.Get("body-format"); !slices.Contains([]string{"", "storage", "atlas_doc_format", "view", "export_view"}, format) {
		return refusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "Provided value '"+format+"' for 'body-format' is not the correct type.")
	}
	return answerOf(http.StatusOK, s.encode(p, query, true))
}

func (s *Server) childrenOf(id string) []*page {
	var all []*page
	for _, other := range s.pages {
		if other.ParentID == id {
			all = append(all, other)
		}
	}
	return all
}

// attached are the attachments of a page that a list was asked for.
func (p *page) attached(query url.Values) []Attachment {
	var found []Attachment
	for _, a := range p.attachments {
		if name := query.Get("filename"); name != "" && a.Title != name {
			continue
		}
		if kind := query.Get("mediaType"); kind != "" && a.MediaType != kind {
			continue
		}
		if statuses := query["status"]; len(statuses) == 0 || slices.Contains(statuses, "current") {
			found = append(found, a)
		}
	}
	return found
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
	var found []space
	for _, one := range s.spaces {
		if keys := query["keys"]; len(keys) > 0 && !slices.Contains(keys, one.key) {
			continue
		}
		if ids := query["ids"]; len(ids) > 0 && !slices.Contains(ids, one.id) {
			continue
		}
		found = append(found, one)
	}
	return listOf(s, r, found, func(one space) object {
		return object{
			"id": one.id, "key": one.key, "name": one.name, "type": "global", "status": "current", "authorId": "demo-account",
			"createdAt": "2024-01-01T00:00:00.000Z", "_links": object{"webui": "/spaces/" + one.key},
		}
	})
}

const (
	defaultPage        = 25
	defaultAttachments = 50
	mostPage           = 250
)

// sizeOf is how many entries of a list of v2 are asked for.
func sizeOf(r *http.Request) (size int, ok bool) {
	text := r.URL.Query().Get("limit")
	switch {
	case text != "":
		size, err := strconv.Atoi(text)
		return size, err == nil && size >= 1 && size <= mostPage
	case strings.HasSuffix(r.URL.Path, "/attachments"):
		return defaultAttachments, true
	}
	return defaultPage, true
}

// questionOf is what a cursor serves: the list with its conditions, in pieces of any size.
func questionOf(r *http.Request) string {
	query := r.URL.Query()
	query.Del("cursor")
	query.Del("limit")
	return r.URL.Path + "?" + query.Encode()
}

// listOf is a piece of a list of v2, with the link to the next one in the body and in the header.
func listOf[T any](s *Server, r *http.Request, all []T, encode func(T) object) wire.Answer {
	size, ok := sizeOf(r)
	if !ok {
		return refusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "Provided value for 'limit' is not within the supported range.")
	}
	query := r.URL.Query()
	from, ok := place(query.Get("cursor"), questionOf(r))
	if !ok {
		return refusal(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The provided cursor is invalid.")
	}
	to := min(from+size, len(all))
	results := []object{}
	for _, one := range all[min(from, to):to] {
		results = append(results, encode(one))
	}
	links := object{"base": s.URL + "/wiki"}
	if to == len(all) {
		return answerOf(http.StatusOK, object{"results": results, "_links": links})
	}
	query.Set("cursor", token(to, questionOf(r)))
	next := s.link(strings.TrimPrefix(r.URL.Path, gateway) + "?" + query.Encode())
	links["next"] = next
	a := answerOf(http.StatusOK, object{"results": results, "_links": links})
	a.Header.Set("Link", fmt.Sprintf(`<%s>; rel="next", <%s/wiki>; rel="base"`, next, s.URL))
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
