package githubtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/fourkites/sources/internal/wire"
)

// graphQL answers the question of blame, and no other.
func (s *Server) graphQL(body []byte) wire.Answer {
	var q struct {
		Query     string
		Variables struct{ Owner, Name, Expression, Path string }
	}
	if json.Unmarshal(body, &q) != nil || !strings.Contains(q.Query, "blame(path:$path)") {
		return answerOf(http.StatusOK, object{"errors": []object{{"message": "the fake answers blame alone"}}})
	}
	v := q.Variables
	one := s.find(v.Owner + "/" + v.Name)
	if one == nil {
		one = s.find(s.renamed[strings.ToLower(v.Owner+"/"+v.Name)]) // GraphQL follows by itself
	}
	if one == nil {
		return answerOf(http.StatusOK, object{"data": object{"repository": nil}, "errors": []object{{
			"type": "NOT_FOUND", "path": []string{"repository"}, "message": "Could not resolve to a Repository with the name '" + v.Owner + "/" + v.Name + "'.",
		}}})
	}
	c := one.resolve(v.Expression)
	if c == nil {
		return answerOf(http.StatusOK, object{"data": object{"repository": object{"nameWithOwner": one.Name, "object": nil}}})
	}
	if _, ok := c.files[v.Path]; !ok {
		return answerOf(http.StatusOK, object{"data": object{"repository": object{"nameWithOwner": one.Name, "object": object{"__typename": "Commit", "blame": nil}}}})
	}
	return answerOf(http.StatusOK, object{"data": object{"repository": object{"nameWithOwner": one.Name, "object": object{
		"__typename": "Commit", "blame": object{"ranges": one.ranges(c, v.Path)},
	}}}})
}

// ranges are the lines of a file by the commits that wrote them.
func (r *repo) ranges(c *commit, path string) []object {
	var owners []*commit
	var lines []string
	history := r.history(c)
	slices.Reverse(history)
	for _, c := range history {
		now := strings.Split(strings.TrimSuffix(c.files[path], "\n"), "\n")
		owners, lines = inherit(lines, owners, now, c), now
	}
	all := []object{}
	for i := 0; i < len(owners); {
		from := i
		for i < len(owners) && owners[i] == owners[from] {
			i++
		}
		by := owners[from]
		headline, _, _ := strings.Cut(by.message, "\n")
		all = append(all, object{"startingLine": from + 1, "endingLine": i, "commit": object{
			"oid": by.sha, "messageHeadline": headline, "committedDate": at(by.at),
			"author": object{"name": by.author, "email": by.email, "date": at(by.at), "user": object{"login": by.author}},
		}})
	}
	return all
}

// inherit gives each line of a new state its commit: that of the same line before, by the longest common subsequence, or the
// new one.
func inherit(before []string, owners []*commit, now []string, c *commit) []*commit {
	length := make([][]int, len(before)+1)
	for i := range length {
		length[i] = make([]int, len(now)+1)
	}
	for i := range slices.Backward(before) {
		for j := len(now) - 1; j >= 0; j-- {
			if before[i] == now[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	out := make([]*commit, len(now))
	for i, j := 0, 0; j < len(now); {
		switch {
		case i < len(before) && before[i] == now[j]:
			out[j] = owners[i]
			i, j = i+1, j+1
		case i < len(before) && length[i+1][j] >= length[i][j+1]:
			i++
		default:
			out[j] = c
			j++
		}
	}
	return out
}
