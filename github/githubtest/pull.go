package githubtest

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/fourkites/sources/internal/wire"
)

func (s *Server) pulls(r *http.Request, one *repo, rest []string) wire.Answer {
	if len(rest) == 0 {
		return s.pullList(r, one)
	}
	number, _ := strconv.Atoi(rest[0])
	at := slices.IndexFunc(one.pulls, func(p *pull) bool { return p.Number == number })
	switch {
	case at < 0 || len(rest) > 2:
		return missing()
	case len(rest) == 1:
		return answerOf(http.StatusOK, one.pulls[at].encode(s, one, true))
	case rest[1] == "files":
		p := one.pulls[at]
		files, _, _ := changed(s, one.Name, one.filesOf(p.base), one.filesOf(p.head))
		return pageOf(s, r, files, func(f object) object { return f }, nil)
	}
	return missing()
}

func (s *Server) pullList(r *http.Request, one *repo) wire.Answer {
	query := r.URL.Query()
	var found []*pull
	for _, p := range one.pulls {
		open := p.State == "open"
		switch state := query.Get("state"); {
		case (state == "" || state == "open") && !open, state == "closed" && open:
			continue
		}
		if base := query.Get("base"); base != "" && p.Base != base {
			continue
		}
		found = append(found, p)
	}
	slices.SortStableFunc(found, func(a, b *pull) int {
		if query.Get("sort") == "updated" {
			return b.Updated.Compare(a.Updated)
		}
		return b.Created.Compare(a.Created)
	})
	if query.Get("direction") == "asc" {
		slices.Reverse(found)
	}
	return pageOf(s, r, found, func(p *pull) object { return p.encode(s, one, false) }, nil)
}

func (s *Server) releases(r *http.Request, one *repo) wire.Answer {
	all := slices.Clone(one.releases)
	slices.SortStableFunc(all, func(a, b Release) int { return b.At.Compare(a.At) })
	return pageOf(s, r, all, func(x Release) object {
		address := s.URL + "/repos/" + one.Name + "/releases/" + x.Tag
		return object{
			"id": len(x.Tag), "node_id": "R", "tag_name": x.Tag, "target_commitish": one.DefaultBranch, "name": nullable(x.Name), "draft": x.Draft, "prerelease": false,
			"created_at": at(x.At), "published_at": at(x.At), "author": user(x.Author), "html_url": address, "url": address, "assets_url": address,
			"upload_url": address, "tarball_url": address, "zipball_url": address, "assets": []object{}, "body": nil,
		}
	}, nil)
}

func (s *Server) deployments(r *http.Request, one *repo, rest []string) wire.Answer {
	if len(rest) == 2 && rest[1] == "statuses" {
		for _, d := range one.deployments {
			if strconv.FormatInt(d.id, 10) == rest[0] && d.State != "" {
				return answerOf(http.StatusOK, []object{{"id": 1, "state": d.State, "log_url": "https://ci.example.com/" + rest[0], "created_at": at(d.At)}})
			}
		}
		return answerOf(http.StatusOK, []object{})
	}
	all := slices.Clone(one.deployments)
	slices.SortStableFunc(all, func(a, b deployed) int { return b.At.Compare(a.At) })
	return pageOf(s, r, all, func(d deployed) object {
		return object{
			"id": d.id, "sha": d.SHA, "ref": d.Ref, "environment": d.Environment, "creator": user(d.Author), "created_at": at(d.At), "updated_at": at(d.At),
			"task": "deploy", "payload": object{}, "description": nil,
		}
	}, nil)
}
