package githubtest

import (
	"encoding/base64"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/fourkites/sources/internal/wire"
)

const (
	mostInline = 1 << 20   // of a file whose content comes as JSON
	mostRaw    = 100 << 20 // of a file at all
)

// contents answers about a file or a folder.
func (s *Server) contents(r *http.Request, one *repo, file string) wire.Answer {
	c := one.resolve(r.URL.Query().Get("ref"))
	if c == nil {
		return problem(http.StatusNotFound, "No commit found for the ref "+r.URL.Query().Get("ref"))
	}
	address := s.URL + "/repos/" + one.Name + "/contents/"
	entry := func(kind, path, content string) object {
		return object{
			"type": kind, "size": len(content), "name": path[strings.LastIndexByte(path, '/')+1:], "path": path, "sha": blob(content), "url": address + path,
			"git_url": address + path, "html_url": address + path, "download_url": address + path, "_links": object{"self": address + path, "git": nil, "html": nil},
		}
	}
	content, isFile := c.files[file]
	if !isFile {
		list := []object{}
		for _, child := range children(c.files, file) {
			_, isFile := c.files[child]
			one := entry("file", child, c.files[child])
			if !isFile {
				one["type"], one["sha"] = "dir", c.tree(child)
			}
			list = append(list, one)
		}
		if len(list) == 0 {
			return missing()
		}
		return answerOf(http.StatusOK, list)
	}
	switch raw := strings.Contains(r.Header.Get("Accept"), "raw"); {
	case len(content) > mostRaw:
		return problem(http.StatusForbidden, "This API returns blobs up to 100 MB in size.")
	case raw && strings.HasPrefix(content, submodule):
		return answerOf(http.StatusOK, object{"type": "submodule", "path": file})
	case raw:
		return wire.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/vnd.github.raw+json; charset=utf-8"}}, Body: []byte(content)}
	}
	out := entry("file", file, content)
	out["encoding"], out["content"] = "base64", base64.StdEncoding.EncodeToString([]byte(content))
	if len(content) > mostInline {
		out["encoding"], out["content"] = "none", ""
	}
	return answerOf(http.StatusOK, out)
}

// submodule begins the content of a file that stands for another repository.
const submodule = "submodule "

// Submodule is the content of a path at which another repository stands.
func Submodule(url string) string { return submodule + url }

// children are the files and folders directly in a folder.
func children(files map[string]string, folder string) []string {
	prefix := folder + "/"
	if folder == "" {
		prefix = ""
	}
	var all []string
	for path := range files {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			name, _, _ := strings.Cut(rest, "/")
			all = append(all, prefix+name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// mostEntries is where a tree is cut, a hundredth of the real one.
const mostEntries = 1000

// tree is git's name of a folder of a commit.
func (c *commit) tree(folder string) string { return nameOf("tree " + c.sha + " " + folder) }

// folder finds a folder by git's name of it.
func (r *repo) folder(sha string) (c *commit, folder string) {
	for _, c := range r.commits {
		for file := range c.files {
			for folder := path.Dir(file); folder != "."; folder = path.Dir(folder) {
				if c.tree(folder) == sha {
					return c, folder
				}
			}
		}
	}
	return nil, ""
}

// tree answers with the entries of a ref, or of a folder by git's name of it.
func (s *Server) tree(one *repo, ref string, recursive bool) wire.Answer {
	c, folder := one.resolve(ref), ""
	if c == nil {
		c, folder = one.folder(ref)
	}
	if c == nil {
		if len(one.commits) == 0 {
			return problem(http.StatusConflict, "Git Repository is empty.")
		}
		return missing()
	}
	entries := []object{}
	var walk func(folder, shown string)
	walk = func(folder, shown string) {
		for _, child := range children(c.files, folder) {
			name := strings.TrimPrefix(strings.TrimPrefix(child, shown), "/")
			content, isFile := c.files[child]
			switch {
			case isFile && strings.HasPrefix(content, submodule):
				entries = append(entries, object{"path": name, "mode": "160000", "type": "commit", "sha": blob(content)})
			case isFile:
				entries = append(entries, object{"path": name, "mode": "100644", "type": "blob", "sha": blob(content), "size": len(content)})
			default:
				entries = append(entries, object{"path": name, "mode": "040000", "type": "tree", "sha": c.tree(child)})
				if recursive {
					walk(child, shown)
				}
			}
		}
	}
	walk(folder, folder)
	if len(entries) == 0 {
		return missing()
	}
	cut := len(entries) > mostEntries
	return answerOf(http.StatusOK, object{"sha": c.tree(folder), "url": s.URL, "tree": entries[:min(len(entries), mostEntries)], "truncated": cut})
}
