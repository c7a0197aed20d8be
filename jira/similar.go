package jira

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/jira/jql"
)

var opSimilar = &base.Op{Name: "SimilarIssues"}

// SimilarOptions says what issues are to be like.
type SimilarOptions struct {
	// Key is the issue that others are to be like; its summary is looked for, and it is not among them itself.
	Key string `json:"key,omitempty" jsonschema:"ticket that they are to be like"`
	// Text is looked for instead of the summary of Key, or beside no Key.
	Text string `json:"text,omitempty" jsonschema:"looked for instead of the words of key"`
	// Project is searched alone; empty = the project of Key, or all that the configuration allows.
	Project string `json:"project,omitempty" jsonschema:"searched alone; that of key if not given"`
	// Since is how long ago they may have been created at most; 0 = 180 days.
	Since base.Duration `json:"since,omitempty" jsonschema:"how long ago they were created at most, such as 720h; 180 days if not given"`
	// Limit is how many come at most; 0 = 10, at most 100.
	Limit int `json:"limit,omitempty" jsonschema:"10 if not given, at most 100"`
}

const (
	defaultSimilar = 10
	mostSimilar    = 100
	similarSince   = 180 * 24 * time.Hour
	similarWords   = 8
)

// SimilarIssues yields issues whose text has words of another, newest first: those with more of the rare words in common are
// asked for first, then those with any of them. An end of the list at its limit is no error: the list is a suggestion.
func (c *Client) SimilarIssues(ctx context.Context, o SimilarOptions) iter.Seq2[Issue, error] {
	return func(yield func(Issue, error) bool) {
		if err := c.similar(ctx, o, yield); err != nil {
			yield(Issue{}, err)
		}
	}
}

// similar returns the error that the list ends with.
func (c *Client) similar(ctx context.Context, o SimilarOptions, yield func(Issue, error) bool) error {
	o, words, err := c.likeness(ctx, o)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, text := range steps(words) {
		query, err := c.likeQuery(o, text)
		if err != nil {
			return c.invalid(opSimilar, "text: %s", err)
		}
		for i, err := range c.issues(opSimilar, SearchOptions{JQL: query}, o.Key).All(ctx, o.Limit) {
			switch {
			case err != nil && base.OutcomeOf(0, err) == base.Truncated:
				continue
			case err != nil:
				return err
			case seen[i.Key]:
				continue
			}
			seen[i.Key] = true
			if !yield(i, nil) || len(seen) == o.Limit {
				return nil
			}
		}
	}
	return nil
}

// likeness fills in what the options leave open, and gives the words to look for, the longest first.
func (c *Client) likeness(ctx context.Context, o SimilarOptions) (SimilarOptions, []string, error) {
	switch {
	case o.Limit < 0 || o.Limit > mostSimilar:
		return o, nil, c.invalid(opSimilar, "limit: between 0 and %d", mostSimilar)
	case o.Since < 0:
		return o, nil, c.invalid(opSimilar, "since: negative; 0 is 180 days")
	case o.Project != "" && !projectKey.MatchString(o.Project):
		return o, nil, c.invalid(opSimilar, "project: %.40q is not the key of a project", o.Project)
	case o.Key == "" && strings.TrimSpace(o.Text) == "":
		return o, nil, c.invalid(opSimilar, "key and text: both empty; give the one or the other")
	}
	if o.Limit == 0 {
		o.Limit = defaultSimilar
	}
	if o.Since == 0 {
		o.Since = base.Duration(similarSince)
	}
	if o.Key != "" {
		i, err := c.issue(ctx, opSimilar, o.Key, map[string][]string{"fields": {"summary,project"}})
		if err != nil {
			return o, nil, err
		}
		o.Key = i.Key
		if o.Project == "" {
			o.Project = i.Project
		}
		if strings.TrimSpace(o.Text) == "" {
			o.Text = i.Summary
		}
	}
	words := telling(o.Text)
	if len(words) == 0 {
		return o, nil, c.invalid(opSimilar, "text: it has no word to look for")
	}
	return o, words, nil
}

func (c *Client) likeQuery(o SimilarOptions, text jql.Clause) (string, error) {
	where := []jql.Clause{text, jql.Within(jql.Created, max(o.Since.D(), time.Minute))}
	switch {
	case o.Project != "":
		where = append(where, jql.Equal(jql.Project, o.Project))
	case len(c.config.Projects) > 0:
		where = append(where, jql.In(jql.Project, c.config.Projects...))
	}
	return jql.Where(jql.And(where...)).OrderBy(jql.Created, jql.Descending).Build()
}

// steps are what is looked for, one after the other: the words that tell the most together, then any of them.
func steps(words []string) []jql.Clause {
	var each []jql.Clause
	for _, w := range words {
		each = append(each, jql.Contains(jql.Text, w))
	}
	if len(each) == 1 {
		return each
	}
	return []jql.Clause{jql.And(each[:min(3, len(each))]...), jql.Or(each...)}
}

// telling are the words of a text that tell it from others, the longest first: short ones and numbers are in many.
func telling(text string) []string {
	seen := map[string]bool{}
	var words []string
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' }) {
		w = strings.Trim(strings.ToLower(w), "-_")
		letters := strings.ContainsFunc(w, unicode.IsLetter)
		if len([]rune(w)) < 4 || !letters || len(w) > 60 || seen[w] || slices.Contains(common, w) {
			continue
		}
		seen[w] = true
		words = append(words, w)
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words[:min(len(words), similarWords)]
}

// common are words of four letters and more that tell nothing.
var common = []string{
	"this", "that", "with", "from", "have", "does", "when", "what", "where", "which", "there", "their", "been", "were", "will", "would",
	"please", "issue", "ticket", "after", "before", "into", "about", "they", "them", "then", "than", "only", "some", "also", "more", "your",
}
