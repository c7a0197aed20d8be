package github

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/fourkites/sources/base"
)

var opSearchClasses = &base.Op{Name: "SearchClasses"}

// ClassHit is a file that declares a class, or another type or module, of that name.
type ClassHit struct {
	Repo string `json:"repo"`
	Path string `json:"path"`
	Line int    `json:"line,omitempty"` // of the declaration; 0 = it was not seen, only the file's name fits
	Text string `json:"text,omitempty"` // the line
	URL  string `json:"url,omitempty"`
}

// className is the name of a type, with what it lies in.
var className = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*(?:(?:\.|::|\$)[A-Za-z_$][A-Za-z0-9_$]*)*$`)

const mostCandidates = 20 // files that are looked into

// SearchClasses finds where a class is declared: a name as in Java, C#, Go, Python, Ruby, TypeScript, Scala or Kotlin, alone
// or behind its package. Files are searched for the name and then read, so that the declaration itself is seen. An empty repo
// means all that the configuration allows. Where a file could not be read, the others come with a [base.IncompleteError].
func (c *Client) SearchClasses(ctx context.Context, class, repo string) ([]ClassHit, error) {
	if len(class) > 200 || !className.MatchString(class) {
		return nil, c.invalid(opSearchClasses, "class: %.60q is not the name of a class", class)
	}
	name := class[strings.LastIndexAny(class, ".:$")+1:]
	o := CodeOptions{Text: name, Limit: mostCandidates}
	if repo != "" {
		o.Repos = []string{repo}
	}
	l, err := c.code(opSearchClasses, o)
	if err != nil {
		return nil, err
	}
	hits := []ClassHit{}
	var problems []error
	for hit, err := range l.All(ctx, o.Limit) {
		if err != nil {
			if base.OutcomeOf(1, err) == base.Truncated {
				continue // the best were looked into
			}
			if len(hits) == 0 {
				return nil, err
			}
			problems = append(problems, err)
			break
		}
		one, ok, err := c.declared(ctx, hit, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s %s: %w", hit.Repo, hit.Path, err))
		}
		if ok {
			hits = append(hits, one)
		}
	}
	if len(problems) > 0 {
		return hits, base.NewIncomplete(base.Partial, c.config.Name, opSearchClasses.Name, int64(len(hits)), "not every file could be read", errors.Join(problems...))
	}
	return hits, nil
}

// declared looks for the declaration in a file.
func (c *Client) declared(ctx context.Context, hit CodeHit, name string) (ClassHit, bool, error) {
	one := ClassHit{Repo: hit.Repo, Path: hit.Path, URL: hit.URL}
	base, _, _ := strings.Cut(path.Base(hit.Path), ".")
	named := strings.EqualFold(strings.ReplaceAll(base, "_", ""), name)
	file, err := c.file(ctx, opSearchClasses, hit.Repo, hit.Path, FileOptions{})
	if err != nil {
		return one, named, err
	}
	declares := regexp.MustCompile(`(?:^|[\s;({])(?:class|interface|enum|record|struct|trait|object|module|type|protocol|@interface)\s+(?:[A-Za-z0-9_]+(?:::|\.))*` + regexp.QuoteMeta(name) + `(?:$|[^A-Za-z0-9_$])`)
	for i, line := range strings.Split(file.Content, "\n") {
		if declares.MatchString(line) {
			one.Line, one.Text = i+1, strings.TrimSpace(line)
			return one, true, nil
		}
	}
	return one, named, nil
}
