package githubtest

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/fourkites/sources/internal/wire"
)

// question is a search of code.
type question struct {
	words, phrases []string
	qualifiers     map[string][]string
}

// readQuestion takes a search apart: words, phrases in quotes, qualifiers with a colon.
func readQuestion(q string) (question, bool) {
	out := question{qualifiers: map[string][]string{}}
	for q = strings.TrimSpace(q); q != ""; q = strings.TrimSpace(q) {
		name := ""
		if i := strings.IndexAny(q, `: "`); i > 0 && q[i] == ':' {
			name, q = q[:i], q[i+1:]
		}
		var value string
		if strings.HasPrefix(q, `"`) {
			var ok bool
			if value, q, ok = unquoted(q); !ok {
				return out, false
			}
			if name == "" {
				out.phrases = append(out.phrases, value)
				continue
			}
		} else {
			value, q, _ = strings.Cut(q, " ")
		}
		if name == "" {
			out.words = append(out.words, strings.ToLower(value))
			continue
		}
		out.qualifiers[name] = append(out.qualifiers[name], value)
	}
	return out, true
}

func unquoted(q string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(q); i++ {
		switch {
		case q[i] == '\\' && i+1 < len(q):
			i++
			b.WriteByte(q[i])
		case q[i] == '"':
			return b.String(), q[i+1:], true
		default:
			b.WriteByte(q[i])
		}
	}
	return "", "", false
}

const (
	mostSearched = 384 << 10 // of a file that is searched
	mostResults  = 1000
)

// languages by the extension of a file.
var languages = map[string]string{".java": "java", ".go": "go", ".py": "python", ".rb": "ruby", ".ts": "typescript", ".js": "javascript", ".kt": "kotlin", ".cs": "c#"}

func (s *Server) searchCode(r *http.Request) wire.Answer {
	q, ok := readQuestion(r.URL.Query().Get("q"))
	if !ok || len(q.words)+len(q.phrases) == 0 {
		return problem(http.StatusUnprocessableEntity, "Validation Failed")
	}
	var found []object
	for _, one := range s.repos {
		c := one.resolve("")
		if c == nil || one.hidden || !q.covers(one.Name) {
			continue
		}
		for _, file := range paths(c.files, nil) {
			if content := c.files[file]; len(content) <= mostSearched && q.names(file) && q.holds(file, content) {
				found = append(found, s.hit(r, one, file, content, q))
			}
		}
	}
	total := len(found)
	found = found[:min(total, mostResults)]
	return pageOf(s, r, found, func(o object) object { return o }, func(list []object, _ int) any {
		return object{"total_count": total, "incomplete_results": s.incomplete, "items": list}
	})
}

func (q question) covers(name string) bool {
	scopes := slices.Concat(q.qualifiers["repo"], q.qualifiers["user"], q.qualifiers["org"])
	return len(scopes) == 0 || slices.ContainsFunc(scopes, func(scope string) bool {
		return strings.EqualFold(scope, name) || strings.EqualFold(scope, strings.Split(name, "/")[0])
	})
}

func (q question) names(file string) bool {
	for name, values := range q.qualifiers {
		for _, v := range values {
			v = strings.ToLower(v)
			have := strings.ToLower(file)
			switch name {
			case "path":
				have, v = have+"/", strings.Trim(v, "/")+"/"
				if !strings.HasPrefix(have, v) {
					return false
				}
			case "filename":
				if !strings.Contains(path.Base(have), v) {
					return false
				}
			case "extension":
				if path.Ext(have) != "."+v {
					return false
				}
			case "language":
				if languages[path.Ext(have)] != v {
					return false
				}
			}
		}
	}
	return true
}

func (q question) holds(file, content string) bool {
	text := strings.ToLower(file + "\n" + content)
	have := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' })
	for _, w := range q.words {
		if !slices.Contains(have, w) {
			return false
		}
	}
	for _, p := range q.phrases {
		if !strings.Contains(text, strings.ToLower(p)) {
			return false
		}
	}
	return true
}

// hit is an item of the answer, with the lines that matched where they were asked for.
func (s *Server) hit(r *http.Request, one *repo, file, content string, q question) object {
	address := s.URL + "/repos/" + one.Name + "/contents/" + file
	out := object{
		"name": path.Base(file), "path": file, "sha": blob(content), "url": address, "git_url": address,
		"html_url": "https://github.example.com/" + one.Name + "/blob/main/" + file, "repository": one.encode(s), "score": 1.0,
	}
	if !strings.Contains(r.Header.Get("Accept"), "text-match") {
		return out
	}
	matches := []object{}
	var lines []string
	for i, line := range strings.Split(content, "\n") {
		for _, wanted := range slices.Concat(q.words, q.phrases) {
			if at := strings.Index(strings.ToLower(line), strings.ToLower(wanted)); at >= 0 && len(matches) < 2 {
				lines = append(lines, strconv.Itoa(i+1))
				matches = append(matches, object{
					"object_url": address, "object_type": "FileContent", "property": "content", "fragment": line,
					"matches": []object{{"text": line[at : at+len(wanted)], "indices": []int{at, at + len(wanted)}}},
				})
			}
		}
	}
	out["text_matches"], out["line_numbers"] = matches, lines
	return out
}
