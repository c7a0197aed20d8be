package github

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

var opBlame = &base.Op{Name: "Blame"}

// BlameOptions says whose lines are asked for.
type BlameOptions struct {
	Ref       string `json:"ref,omitempty"` // a branch, a tag or a commit; empty = the default branch
	StartLine int    `json:"start_line,omitempty"`
	EndLine   int    `json:"end_line,omitempty"` // included; 0 = up to the last
}

// BlameRange are lines of a file that one commit wrote.
type BlameRange struct {
	StartLine int       `json:"start_line"`
	EndLine   int       `json:"end_line"`
	SHA       string    `json:"sha"`
	Message   string    `json:"message"` // its first line
	Author    Person    `json:"author"`
	At        time.Time `json:"at,omitzero"`
	// PullRequest is the number of the one that the message names; 0 = none.
	PullRequest int `json:"pull_request,omitempty"`
}

// blameQuery asks for the commits of a file's lines: https://docs.github.com/graphql/reference/objects#blame
const blameQuery = `query($owner:String!,$name:String!,$expression:String!,$path:String!){repository(owner:$owner,name:$name){nameWithOwner object(expression:$expression){__typename ... on Commit{blame(path:$path){ranges{startingLine endingLine commit{oid messageHeadline committedDate author{name email date user{login}}}}}}}}}`

type blamed struct {
	Data struct {
		Repository *struct {
			NameWithOwner string `json:"nameWithOwner"`
			Object        *struct {
				Kind  string `json:"__typename"`
				Blame *struct {
					Ranges []blamedRange `json:"ranges"`
				} `json:"blame"`
			} `json:"object"`
		} `json:"repository"`
	} `json:"data"`
}

type blamedRange struct {
	StartingLine int `json:"startingLine"`
	EndingLine   int `json:"endingLine"`
	Commit       struct {
		OID             string    `json:"oid"`
		MessageHeadline string    `json:"messageHeadline"`
		CommittedDate   time.Time `json:"committedDate"`
		Author          struct {
			Name, Email string
			Date        time.Time
			User        *struct{ Login string }
		} `json:"author"`
	} `json:"commit"`
}

// problem is one error of an answer of GraphQL, which comes with the status of a success.
type problem struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// Blame says which commits wrote the lines of a file.
func (c *Client) Blame(ctx context.Context, repo, path string, o BlameOptions) ([]BlameRange, error) {
	op := opBlame
	owner, name, err := c.split(op, repo)
	if err == nil {
		err = c.checkFile(op, path, FileOptions{Ref: o.Ref, StartLine: o.StartLine, EndLine: o.EndLine})
	}
	if err != nil {
		return nil, err
	}
	ref := o.Ref
	if ref == "" {
		ref = "HEAD"
	}
	var got blamed
	if err := c.graphQL(ctx, op, blameQuery, map[string]string{"owner": owner, "name": name, "expression": ref, "path": path}, &got); err != nil {
		return nil, err
	}
	return c.ranges(ctx, got, repo, path, o)
}

func (c *Client) ranges(ctx context.Context, got blamed, repo, path string, o BlameOptions) ([]BlameRange, error) {
	r := got.Data.Repository
	switch {
	case r == nil || r.Object == nil || r.Object.Blame == nil:
		e := base.NewError(base.KindNotFound, nil).WithText("the repository has no commit of that name, or none with " + path)
		e.Source, e.Op, e.Sent = c.config.Name, opBlame.Name, base.Answered
		e.SetHint(base.HintOf(hintAbsent))
		return nil, e
	case !strings.EqualFold(r.NameWithOwner, repo):
		if err := c.mayRead(opBlame, r.NameWithOwner); err != nil {
			return nil, err
		}
		base.AddStats(ctx, base.Stats{Notes: []string{repo + " is " + r.NameWithOwner + " now"}})
	}
	all := []BlameRange{}
	for _, one := range r.Object.Blame.Ranges {
		if one.EndingLine < o.StartLine || o.EndLine > 0 && one.StartingLine > o.EndLine {
			continue
		}
		b := BlameRange{
			StartLine: max(one.StartingLine, o.StartLine), EndLine: one.EndingLine, SHA: one.Commit.OID, Message: one.Commit.MessageHeadline,
			Author:      Person{Name: one.Commit.Author.Name, Email: one.Commit.Author.Email, At: one.Commit.Author.Date.UTC()},
			PullRequest: pullIn(one.Commit.MessageHeadline), At: one.Commit.CommittedDate.UTC(),
		}
		if o.EndLine > 0 {
			b.EndLine = min(b.EndLine, o.EndLine)
		}
		if one.Commit.Author.User != nil {
			b.Author.Login = one.Commit.Author.User.Login
		}
		all = append(all, b)
	}
	base.AddStats(ctx, base.Stats{Rows: int64(len(all))})
	return all, nil
}

// graphQL asks a question that changes nothing. A GitHub Enterprise Server has it beside its API of version 3.
func (c *Client) graphQL(ctx context.Context, op *base.Op, query string, variables map[string]string, into any) error {
	address := "graphql"
	if strings.HasSuffix(c.prefix, "/api/v3") {
		address = "../graphql"
	}
	req, err := c.api.NewRequest("POST", address, map[string]any{"query": query, "variables": variables})
	if err != nil {
		return c.invalid(op, "query: %s", err)
	}
	var raw json.RawMessage
	k := &call{op: op, bucket: c.graph}
	if _, err = c.api.Do(c.through(ctx, k), req, &raw); err == nil {
		err = json.Unmarshal(raw, into)
	}
	return c.failure(k, err)
}

// kinds of the errors of an answer, by their type.
var kinds = map[string]base.Kind{
	"RATE_LIMITED": base.KindThrottled, "NOT_FOUND": base.KindNotFound, "FORBIDDEN": base.KindPermission, "INSUFFICIENT_SCOPES": base.KindPermission,
	"SERVICE_UNAVAILABLE": base.KindUnavailable, "INTERNAL": base.KindInternal,
}

// inspect finds the errors of an answer of GraphQL, which has the status of a success.
func (c *Client) inspect(r rest.Response) *base.Error {
	var got struct {
		Errors []problem `json:"errors"`
	}
	if !bytes.Contains(r.Body, []byte(`"errors"`)) || json.Unmarshal(r.Body, &got) != nil || len(got.Errors) == 0 {
		return nil
	}
	first := got.Errors[0]
	cause := &ServerError{Status: r.Status, Message: phrase(first.Message, c.graph.rest.Guard().Clean)}
	kind, known := kinds[first.Type]
	if !known {
		kind = base.KindInvalid
	}
	e := base.NewError(kind, cause)
	switch kind {
	case base.KindThrottled:
		cause.Limit = Primary
		e.SetHint(base.HintOf(hintLimit))
	case base.KindNotFound, base.KindPermission:
		e.SetHint(base.HintOf(hintAbsent))
	}
	if known {
		e.Code = first.Type
	}
	return e
}
