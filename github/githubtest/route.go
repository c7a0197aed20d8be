package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fourkites/sources/internal/wire"
)

// enterprise is where the API stands on a server of an enterprise.
const enterprise = "/api/v3"

func itoa(n int) string { return strconv.Itoa(n) }

func missing() wire.Answer { return problem(http.StatusNotFound, "Not Found") }

// route answers a request whose credential was accepted.
func (s *Server) route(r *http.Request, asked wire.Asked) wire.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, enterprise)
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch {
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/access_tokens"):
		return s.issue(path, asked)
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/graphql"):
		return s.graphQL(asked.Body)
	case r.Method != http.MethodGet:
		return missing()
	case path == "/rate_limit":
		return s.limits()
	case path == "/search/code":
		return s.searchCode(r)
	case len(parts) == 3 && parts[2] == "repos" && (parts[0] == "orgs" || parts[0] == "users"):
		return s.reposOf(r, parts[1], parts[0] == "orgs")
	case len(parts) >= 2 && parts[0] == "repositories":
		for _, one := range s.repos {
			if fmt.Sprint(one.id) == parts[1] && !one.hidden {
				return s.inRepo(r, one, parts[2:])
			}
		}
	case len(parts) >= 3 && parts[0] == "repos":
		return s.byName(r, parts[1]+"/"+parts[2], parts[3:])
	}
	return missing()
}

func (s *Server) byName(r *http.Request, name string, rest []string) wire.Answer {
	if one := s.find(name); one != nil {
		return s.inRepo(r, one, rest)
	}
	to := s.find(s.renamed[strings.ToLower(name)])
	if to == nil {
		return missing()
	}
	base := cmp.Or(s.elsewhere, s.URL)
	if strings.HasPrefix(r.URL.Path, enterprise) {
		base += enterprise
	}
	escaped := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), enterprise), "/", 5)
	location := fmt.Sprintf("%s/repositories/%d", base, to.id)
	if len(escaped) == 5 {
		location += "/" + escaped[4]
	}
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	a := problem(http.StatusMovedPermanently, "Moved Permanently")
	a.Header.Set("Location", location)
	return a
}

// inRepo answers about one repository.
func (s *Server) inRepo(r *http.Request, one *repo, rest []string) wire.Answer {
	query := r.URL.Query()
	what := strings.Join(rest[:min(len(rest), 2)], "/")
	switch {
	case len(rest) == 0:
		return answerOf(http.StatusOK, one.encode(s))
	case rest[0] == "contents":
		return s.contents(r, one, strings.Join(rest[1:], "/"))
	case rest[0] == "commits" && len(rest) == 1:
		return s.commitList(r, one)
	case rest[0] == "commits":
		return s.oneCommit(r, one, strings.Join(rest[1:], "/"))
	case rest[0] == "compare" && len(rest) > 1:
		return s.compare(r, one, strings.Join(rest[1:], "/"))
	case rest[0] == "pulls":
		return s.pulls(r, one, rest[1:])
	case what == "git/trees" && len(rest) > 2:
		return s.tree(one, strings.Join(rest[2:], "/"), query.Get("recursive") != "")
	case what == "releases":
		return s.releases(r, one)
	case rest[0] == "deployments":
		return s.deployments(r, one, rest[1:])
	case what == "actions/runs" && len(rest) == 2:
		return s.runs(r, one)
	case what == "actions/runs" && len(rest) == 4 && rest[3] == "jobs":
		id, _ := strconv.ParseInt(rest[2], 10, 64)
		return s.jobs(r, one, id)
	case what == "actions/jobs" && len(rest) == 4 && rest[3] == "logs":
		return s.logs(one, rest[2])
	case rest[0] == "installation":
		return answerOf(http.StatusOK, object{"id": Installation, "app_id": 424242})
	}
	return missing()
}

func (s *Server) reposOf(r *http.Request, owner string, org bool) wire.Answer {
	if org == strings.HasPrefix(owner, "user-") { // who is a person says so by its name
		return missing()
	}
	var found []*repo
	for _, one := range s.repos {
		if strings.EqualFold(strings.Split(one.Name, "/")[0], owner) && !one.hidden {
			found = append(found, one)
		}
	}
	slices.SortStableFunc(found, func(a, b *repo) int { return b.pushed().Compare(a.pushed()) })
	return pageOf(s, r, found, func(one *repo) object { return one.encode(s) }, nil)
}

const (
	defaultPage = 30
	mostPage    = 100
)

// span is which part of a list a request wants.
func span(r *http.Request, n int) (from, to, page int) {
	page, _ = strconv.Atoi(r.URL.Query().Get("page"))
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	page = max(page, 1)
	if size < 1 {
		size = defaultPage
	}
	size = min(size, mostPage)
	from = min((page-1)*size, n)
	return from, min(from+size, n), page
}

// pageOf is a page of a list, with the link to the next one. inside puts the list into an object.
func pageOf[T any](s *Server, r *http.Request, all []T, encode func(T) object, inside func([]object, int) any) wire.Answer {
	from, to, page := span(r, len(all))
	list := []object{}
	for _, one := range all[from:to] {
		list = append(list, encode(one))
	}
	var body any = list
	if inside != nil {
		body = inside(list, len(all))
	}
	a := answerOf(http.StatusOK, body)
	s.linkNext(r, a.Header, page, to < len(all))
	return a
}

// linkNext names the next page in the header Link.
func (s *Server) linkNext(r *http.Request, h http.Header, page int, more bool) {
	if !more {
		return
	}
	query := r.URL.Query()
	query.Set("page", itoa(page+1))
	link := url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	h.Set("Link", fmt.Sprintf(`<%s%s>; rel="next"`, s.URL, link.String()))
}
