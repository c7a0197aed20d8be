package github

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/listing"
)

var (
	opSearchCode     = &base.Op{Name: "SearchCode"}
	opSearchCodePage = &base.Op{Name: "SearchCodePage"}
)

// CodeOptions says which code is searched for. Only default branches and files below 384 KB are searched by GitHub.
type CodeOptions struct {
	// Text is what a file must hold: its words, in any order, each meaning itself.
	Text string `json:"text"`
	// Exactly looks for Text as it stands, in one line.
	Exactly bool `json:"exactly,omitempty"`
	// Repos are the repositories that are searched, as owner/name; empty = Config.Repositories, else all that the credential
	// sees.
	Repos     []string `json:"repos,omitempty"`
	Language  string   `json:"language,omitempty"`
	Path      string   `json:"path,omitempty"`      // a folder
	Filename  string   `json:"filename,omitempty"`  // whole or a part
	Extension string   `json:"extension,omitempty"` // without its dot
	// Limit is how many hits are yielded; 0 = all, of which GitHub gives the first 1,000.
	Limit int `json:"limit,omitempty"`
}

// CodeHit is a file that holds what was searched for.
type CodeHit struct {
	Repo    string  `json:"repo"` // owner/name
	Path    string  `json:"path"`
	SHA     string  `json:"sha,omitempty"` // of the file's content
	URL     string  `json:"url,omitempty"` // for a person
	Matches []Match `json:"matches,omitempty"`
	Lines   []int   `json:"lines,omitempty"` // where GitHub says them
}

// Match is a piece of a file around what matched.
type Match struct {
	Fragment string `json:"fragment"`
	Spans    []Span `json:"spans,omitempty"`
}

// Span is one thing that matched, from a place of the fragment up to another one, in characters of UTF-16 as GitHub counts.
type Span struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	Text string `json:"text,omitempty"`
}

// found is a page of an answer. go-github leaves out what is needed of it.
type found struct {
	Total      int  `json:"total_count"`
	Incomplete bool `json:"incomplete_results"`
	Items      []struct {
		Path       string   `json:"path"`
		SHA        string   `json:"sha"`
		URL        string   `json:"html_url"`
		Lines      []string `json:"line_numbers"`
		Repository struct {
			FullName string `json:"full_name"`
		} `json:"repository"`
		Matches []struct {
			Fragment string `json:"fragment"`
			Matches  []struct {
				Text    string `json:"text"`
				Indices []int  `json:"indices"`
			} `json:"matches"`
		} `json:"text_matches"`
	} `json:"items"`
}

// SearchCode yields the files that hold a text, the best first, as GitHub ranks them. Ten searches a minute are GitHub's
// limit: a call waits for its turn as long as its deadline has room. Hits of repositories that the configuration does not
// allow are dropped, and counted in the notes of Stats.
func (c *Client) SearchCode(ctx context.Context, o CodeOptions) iter.Seq2[CodeHit, error] {
	l, err := c.code(opSearchCode, o)
	if err != nil {
		return failed[CodeHit](err)
	}
	return l.All(ctx, o.Limit)
}

// SearchCodePage is one page of SearchCode, at most Limit hits of it (0 = 100).
func (c *Client) SearchCodePage(ctx context.Context, o CodeOptions, cursor string) (base.Page[CodeHit], error) {
	l, err := c.code(opSearchCodePage, o)
	if err != nil {
		return base.Page[CodeHit]{Outcome: base.Failed}, err
	}
	return l.Page(ctx, o.Limit, cursor)
}

// query is the search in GitHub's language.
func (c *Client) query(op *base.Op, o CodeOptions) (string, error) {
	if strings.TrimSpace(o.Text) == "" {
		return "", c.invalid(op, "text: empty; GitHub looks for at least one word")
	}
	write := wordsOf
	if o.Exactly {
		write = phraseOf
	}
	text, err := write(o.Text)
	switch {
	case err != nil:
		return "", c.invalid(op, "text: %s", err)
	case len([]rune(text)) > maxQuery:
		return "", c.invalid(op, "text: %d characters, and GitHub takes %d; look for less", len([]rune(text)), maxQuery)
	case o.Limit < 0:
		return "", c.invalid(op, "limit: negative; 0 is all")
	}
	for _, q := range [][2]string{{"language", o.Language}, {"path", o.Path}, {"filename", o.Filename}, {"extension", o.Extension}} {
		more, err := qualifier(q[0], q[1])
		if err != nil {
			return "", c.invalid(op, "%s: %s", q[0], err)
		}
		text += more
	}
	scope, err := c.scope(op, o.Repos)
	return text + scope, err
}

// mostScopes is how many repositories and owners one search may name: more make it longer than GitHub takes.
const mostScopes = 30

// scope are the repositories that are searched.
func (c *Client) scope(op *base.Op, repos []string) (string, error) {
	var b strings.Builder
	for _, name := range repos {
		if _, _, err := c.split(op, name); err != nil {
			return "", err
		}
		b.WriteString(" repo:" + name)
	}
	if len(repos) == 0 {
		for _, name := range c.config.Repositories {
			if owner, all := strings.CutSuffix(name, "/*"); all {
				b.WriteString(" user:" + owner)
				continue
			}
			b.WriteString(" repo:" + name)
		}
	}
	if n := strings.Count(b.String(), ":"); n > mostScopes {
		return "", c.invalid(op, "repos: %d, at most %d; search in parts", n, mostScopes)
	}
	return b.String(), nil
}

const mostFound = 1000 // of one search, whatever its total

func (c *Client) code(op *base.Op, o CodeOptions) (listing.List[CodeHit], error) {
	query, err := c.query(op, o)
	if err != nil {
		return listing.List[CodeHit]{}, err
	}
	l := listing.List[CodeHit]{
		Source: c.config.Name, Op: op.Name, Kind: 's', Question: query, Size: pageSize, Key: func(h CodeHit) string { return h.Repo + "\n" + h.Path },
		Fetch: func(ctx context.Context, place string, n int) (listing.Piece[CodeHit], error) {
			at, err := pageAt(place, n)
			if err != nil {
				return listing.Piece[CodeHit]{}, c.invalid(op, "cursor: not one that this client gave; begin without a cursor")
			}
			got, err := c.askCode(ctx, op, query, at.Page, at.PerPage)
			if err != nil {
				return listing.Piece[CodeHit]{}, err
			}
			return c.readCode(got, at.Page, at.PerPage, o.Repos), nil
		},
	}
	return dropping(l, "hits of repositories"), nil
}

func (c *Client) askCode(ctx context.Context, op *base.Op, query string, page, size int) (found, error) {
	var got found
	params := url.Values{"q": {query}, "page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(size)}}
	req, err := c.api.NewRequest("GET", "search/code?"+params.Encode(), nil)
	if err != nil {
		return got, c.invalid(op, "text: %s", err)
	}
	req.Header.Set("Accept", "application/vnd.github.text-match+json")
	var raw json.RawMessage
	k := &call{op: op, bucket: c.search}
	if _, err := c.api.Do(c.through(ctx, k), req, &raw); err != nil {
		return got, c.failure(k, err)
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return got, c.failure(k, err)
	}
	return got, nil
}

// readCode is a piece of the list. Of repositories that were not asked for nothing is handed out, whoever may read them.
func (c *Client) readCode(got found, page, size int, asked []string) listing.Piece[CodeHit] {
	var p listing.Piece[CodeHit]
	for _, item := range got.Items {
		h := CodeHit{Repo: item.Repository.FullName, Path: item.Path, SHA: item.SHA, URL: item.URL}
		if !isRepo(h.Repo) || !c.allowed(h.Repo) || len(asked) > 0 && !contains(asked, h.Repo) {
			p.Dropped++
			continue
		}
		for _, line := range item.Lines {
			if n, err := strconv.Atoi(line); err == nil {
				h.Lines = append(h.Lines, n)
			}
		}
		for _, m := range item.Matches {
			one := Match{Fragment: m.Fragment}
			for _, s := range m.Matches {
				if len(s.Indices) == 2 {
					one.Spans = append(one.Spans, Span{From: s.Indices[0], To: s.Indices[1], Text: s.Text})
				}
			}
			h.Matches = append(h.Matches, one)
		}
		p.Items = append(p.Items, h)
	}
	seen := (page-1)*size + len(got.Items)
	switch {
	case got.Incomplete:
		p.Missing = "GitHub ran out of time for this search and did not look everywhere; narrow it by repository, path or language"
	case seen >= mostFound && got.Total > seen:
		p.Missing = fmt.Sprintf("GitHub gives the first %d of %d hits; narrow the search", mostFound, got.Total)
	}
	if len(got.Items) > 0 && seen < min(got.Total, mostFound) {
		p.Next = strconv.Itoa(page+1) + "/" + strconv.Itoa(size)
	}
	return p
}

func contains(names []string, name string) bool {
	for _, one := range names {
		if strings.EqualFold(one, name) {
			return true
		}
	}
	return false
}
