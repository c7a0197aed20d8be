package githubtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

func (s *Server) commitList(r *http.Request, one *repo) wire.Answer {
	query := r.URL.Query()
	if len(one.commits) == 0 {
		return problem(http.StatusConflict, "Git Repository is empty.")
	}
	c := one.resolve(query.Get("sha"))
	if c == nil {
		return missing()
	}
	since, err := moment(query.Get("since"))
	until, err2 := moment(query.Get("until"))
	if err != nil || err2 != nil {
		return problem(http.StatusUnprocessableEntity, "since and until must be ISO 8601")
	}
	var found []*commit
	for _, c := range one.history(c) {
		if path := query.Get("path"); path != "" && !touches(one, c, path) {
			continue
		}
		if a := query.Get("author"); a != "" && a != c.author && a != c.email {
			continue
		}
		if !since.IsZero() && c.at.Before(since) || !until.IsZero() && c.at.After(until) {
			continue
		}
		found = append(found, c)
	}
	return pageOf(s, r, found, func(c *commit) object { return one.encodeCommit(s, c) }, nil)
}

func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}

// touches reports whether a commit changes a file, or one below a folder.
func touches(one *repo, c *commit, path string) bool {
	before := one.before(c)
	for _, p := range paths(before, c.files) {
		if (p == path || strings.HasPrefix(p, path+"/")) && before[p] != c.files[p] {
			return true
		}
	}
	return false
}

// filesPerPage is how many files of a commit come at once, a hundredth of the real one.
const filesPerPage = 3

func (s *Server) oneCommit(r *http.Request, one *repo, ref string) wire.Answer {
	sha, below, _ := strings.Cut(ref, "/pulls")
	c := one.resolve(sha)
	switch {
	case c == nil && len(one.commits) == 0:
		return problem(http.StatusConflict, "Git Repository is empty.")
	case c == nil:
		return problem(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha)
	case sha != ref && below == "":
		var found []*pull
		for _, p := range one.pulls {
			if p.MergeSHA == c.sha || p.head == c.sha {
				found = append(found, p)
			}
		}
		return pageOf(s, r, found, func(p *pull) object { return p.encode(s, one, false) }, nil)
	}
	out := one.encodeCommit(s, c)
	files, plus, minus := changed(s, one.Name, one.before(c), c.files)
	out["stats"] = object{"additions": plus, "deletions": minus, "total": plus + minus}
	query := r.URL.Query()
	query.Set("per_page", itoa(filesPerPage))
	narrow := *r
	narrow.URL = &url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	from, to, page := span(&narrow, len(files))
	out["files"] = files[from:to]
	a := answerOf(http.StatusOK, out)
	s.linkNext(r, a.Header, page, to < len(files))
	return a
}

func (s *Server) compare(r *http.Request, one *repo, spec string) wire.Answer {
	from, to, ok := strings.Cut(spec, "...")
	base, head := one.resolve(from), one.resolve(to)
	if !ok || base == nil || head == nil {
		return missing()
	}
	left, right := one.history(base), one.history(head)
	ahead := slices.DeleteFunc(slices.Clone(right), func(c *commit) bool { return slices.Contains(left, c) })
	behind := slices.DeleteFunc(slices.Clone(left), func(c *commit) bool { return slices.Contains(right, c) })
	slices.Reverse(ahead)
	status := "diverged"
	switch {
	case len(ahead) == 0 && len(behind) == 0:
		status = "identical"
	case len(behind) == 0:
		status = "ahead"
	case len(ahead) == 0:
		status = "behind"
	}
	files, _, _ := changed(s, one.Name, base.files, head.files)
	address := s.URL + "/repos/" + one.Name + "/compare/" + spec
	return pageOf(s, r, ahead, func(c *commit) object { return one.encodeCommit(s, c) }, func(list []object, n int) any {
		return object{
			"url": address, "html_url": address, "permalink_url": address, "diff_url": address, "patch_url": address, "status": status, "ahead_by": n,
			"behind_by": len(behind), "total_commits": n, "commits": list, "files": files, "base_commit": one.encodeCommit(s, base),
			"merge_base_commit": one.encodeCommit(s, base),
		}
	})
}
