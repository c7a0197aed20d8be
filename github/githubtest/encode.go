package githubtest

import (
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/fourkites/sources/github"
)

// at is a time as GitHub writes it; none is null.
func at(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func user(login string) any {
	if login == "" {
		return nil
	}
	at := "https://github.example.com/users/" + login
	out := object{
		"login": login, "id": len(login), "node_id": "U", "type": "User", "site_admin": false, "avatar_url": "https://example.com/a.png", "gravatar_id": "",
		"html_url": "https://github.example.com/" + login, "url": at,
	}
	for _, what := range []string{
		"followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events",
	} {
		out[what+"_url"] = at + "/" + what
	}
	return out
}

func (r *repo) encode(s *Server) object {
	return object{
		"id": r.id, "node_id": "R", "name": r.Name[strings.IndexByte(r.Name, '/')+1:], "full_name": r.Name, "private": r.Private, "archived": r.Archived,
		"fork": r.Fork, "description": nullable(r.Description), "language": nullable(r.Language), "default_branch": r.DefaultBranch,
		"html_url": "https://github.example.com/" + r.Name, "url": s.URL + "/repos/" + r.Name, "pushed_at": at(r.pushed()), "topics": append([]string{}, r.Topics...),
		"owner": user(strings.Split(r.Name, "/")[0]),
	}
}

func (r *repo) pushed() time.Time {
	if n := len(r.commits); n > 0 {
		return r.commits[n-1].at
	}
	return r.Pushed
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// encodeCommit is a commit as a list gives it.
func (r *repo) encodeCommit(s *Server, c *commit) object {
	person := object{"name": c.author, "email": c.email, "date": at(c.at)}
	parents := []object{}
	if c.parent != "" {
		parents = append(parents, object{"sha": c.parent, "url": s.URL + "/repos/" + r.Name + "/commits/" + c.parent})
	}
	address := s.URL + "/repos/" + r.Name + "/commits/" + c.sha
	return object{
		"sha": c.sha, "node_id": "C", "html_url": "https://github.example.com/" + r.Name + "/commit/" + c.sha, "url": address, "comments_url": address + "/comments",
		"author": user(c.author), "committer": user(c.author), "parents": parents,
		"commit": object{
			"message": c.message, "author": person, "committer": person, "comment_count": 0, "url": address,
			"tree": object{"sha": nameOf("tree" + c.sha), "url": s.URL + "/trees/x"},
		},
	}
}

// changed are the files that differ between two states.
func changed(s *Server, name string, a, b map[string]string) (files []object, added, removed int) {
	files = []object{}
	for _, path := range paths(a, b) {
		before, had := a[path]
		after, has := b[path]
		if had && has && before == after {
			continue
		}
		status := "modified"
		switch {
		case !had:
			status = "added"
		case !has:
			status = "removed"
		}
		patch, plus, minus := patchOf(before, after)
		added, removed = added+plus, removed+minus
		address := s.URL + "/repos/" + name + "/contents/" + path
		files = append(files, object{
			"sha": blob(after), "filename": path, "status": status, "additions": plus, "deletions": minus, "changes": plus + minus, "patch": patch,
			"blob_url": address, "raw_url": address, "contents_url": address,
		})
	}
	return files, added, removed
}

// patchOf are the hunks between two texts.
func patchOf(before, after string) (text string, plus, minus int) {
	lines := strings.SplitAfter(string(diff.Diff("a", []byte(before), "b", []byte(after))), "\n")
	if len(lines) < 3 {
		return "", 0, 0
	}
	for _, line := range lines[3:] {
		switch {
		case strings.HasPrefix(line, "+"):
			plus++
		case strings.HasPrefix(line, "-"):
			minus++
		}
	}
	return strings.TrimSuffix(strings.Join(lines[3:], ""), "\n"), plus, minus
}

func (p *pull) encode(s *Server, r *repo, whole bool) object {
	state := "closed"
	if p.State == "open" {
		state = "open"
	}
	address := s.URL + "/repos/" + r.Name + "/pulls/" + itoa(p.Number)
	labels := []object{}
	for _, l := range p.Labels {
		labels = append(labels, object{"name": l, "id": len(l), "node_id": "L", "color": "ffffff", "default": false, "description": "", "url": address})
	}
	side := func(ref, sha string) object {
		return object{"ref": ref, "sha": sha, "label": ref, "user": user(p.Author), "repo": r.encode(s)}
	}
	out := object{
		"id": p.Number, "node_id": "P", "number": p.Number, "title": p.Title, "body": nullable(p.Body), "state": state, "draft": p.Draft, "locked": false,
		"user": user(p.Author), "base": side(p.Base, p.base), "head": side(p.Head, p.head), "created_at": at(p.Created), "updated_at": at(p.Updated),
		"closed_at": at(closedAt(p.PullRequest)), "merged_at": at(p.Merged), "merge_commit_sha": nullable(p.MergeSHA), "labels": labels, "url": address,
		"html_url": "https://github.example.com/" + r.Name + "/pull/" + itoa(p.Number), "author_association": "MEMBER", "auto_merge": nil,
	}
	if whole {
		files, plus, minus := changed(s, r.Name, r.filesOf(p.base), r.filesOf(p.head))
		out["additions"], out["deletions"], out["changed_files"], out["commits"] = plus, minus, len(files), max(p.Commits, 1)
		out["merged"], out["merged_by"], out["mergeable"], out["mergeable_state"] = !p.Merged.IsZero(), user(p.MergedBy), nil, "unknown"
		out["comments"], out["review_comments"], out["maintainer_can_modify"] = 0, 0, false
	}
	return out
}

func closedAt(p github.PullRequest) time.Time {
	if p.Closed.IsZero() {
		return p.Merged
	}
	return p.Closed
}

func (r *repo) filesOf(sha string) map[string]string {
	if c := r.commit(sha); c != nil {
		return c.files
	}
	return nil
}
