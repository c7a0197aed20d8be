package github

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
)

// bucket is one budget of GitHub, with a guard of its own.
type bucket struct {
	rest     *rest.Client
	patience patience
}

// call is what a call through go-github is about.
type call struct {
	op     *base.Op
	bucket *bucket
	repo   string // that the call names; empty = none
	raw    bool   // the answer is no JSON
	moved  string // the repository's new name
	err    error  // of the last exchange
}

type callKey struct{}

// through is the context of one call through go-github.
func (c *Client) through(ctx context.Context, k *call) context.Context {
	if k.bucket == nil {
		k.bucket = c.core
	}
	return context.WithValue(login.Noting(ctx), callKey{}, k)
}

// transport makes the calls of go-github. It gives back nothing but answers that are whole: whatever else is an error already,
// and what GitHub says of its limits was taken by the guard, so that nobody counts it twice.
type transport struct{ client *Client }

// RoundTrip makes one guarded call.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	k, ok := req.Context().Value(callKey{}).(*call)
	if !ok {
		return nil, base.Invalid(t.client.config.Name, "call", "a call that nobody made")
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	r := rest.Request{Op: k.op, Method: req.Method, Path: req.URL.EscapedPath(), Query: req.URL.RawQuery, Body: body, Header: http.Header{}}
	for _, name := range []string{"Accept", "Content-Type"} {
		if v := req.Header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	answer, err := t.client.follow(req.Context(), k, r)
	if k.err = err; err != nil {
		return nil, err
	}
	header := answer.Header.Clone()
	for name := range header {
		if strings.HasPrefix(name, "X-Ratelimit-") {
			header.Del(name)
		}
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(bytes.NewReader(answer.Body)), Request: req, ProtoMajor: 1, ProtoMinor: 1,
		ContentLength: int64(len(answer.Body)),
	}, nil
}

// maxMoves is how often a repository may have been renamed.
const maxMoves = 3

// follow makes a call, and again where the repository has another name now, on the same host alone.
func (c *Client) follow(ctx context.Context, k *call, r rest.Request) (rest.Response, error) {
	for range maxMoves + 1 {
		answer, err := c.conditional(ctx, k, r)
		if err != nil || answer.Status < 300 || slices.Contains(r.Statuses, answer.Status) {
			return answer, err
		}
		if r.Path, r.Query, err = c.movedTo(k.op, answer); err != nil {
			return answer, err
		}
		if err := c.renamed(ctx, k, r.Path); err != nil {
			return answer, err
		}
	}
	return rest.Response{}, c.protocol(k.op, "the answer leads on more than three times")
}

// moves are the statuses of a repository that has another name. Only reads are sent on.
var moves = []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}

// movedTo is where an answer leads, if that is the API itself.
func (c *Client) movedTo(op *base.Op, answer rest.Response) (path, query string, err error) {
	to, err := c.api.BaseURL.Parse(answer.Header.Get("Location"))
	switch {
	case err != nil || answer.Header.Get("Location") == "":
		return "", "", c.protocol(op, "the answer leads on and does not say where")
	case to.Scheme != c.api.BaseURL.Scheme || to.Host != c.api.BaseURL.Host || !strings.HasPrefix(to.EscapedPath(), c.prefix+"/"):
		return "", "", c.protocol(op, "the answer leads to "+to.Scheme+"://"+to.Host+", which is another host; nothing was sent there")
	}
	return to.EscapedPath(), to.RawQuery, nil
}

// renamed finds the new name of a repository, which must be allowed as well.
func (c *Client) renamed(ctx context.Context, k *call, path string) error {
	if k.repo == "" {
		return nil
	}
	var name string
	switch parts := strings.Split(strings.TrimPrefix(path, c.prefix+"/"), "/"); {
	case len(parts) > 1 && parts[0] == "repositories":
		var err error
		if name, err = c.nameOf(ctx, k.op, parts[1]); err != nil {
			return err
		}
	case len(parts) > 2 && parts[0] == "repos":
		name = parts[1] + "/" + parts[2]
	}
	if !isRepo(name) {
		return c.protocol(k.op, "the answer leads to what is no repository")
	}
	if k.moved != name {
		base.AddStats(ctx, base.Stats{Notes: []string{k.repo + " is " + name + " now"}})
	}
	k.moved = name
	return c.mayRead(k.op, name)
}

// nameOf is the name of a repository by its number.
func (c *Client) nameOf(ctx context.Context, op *base.Op, id string) (string, error) {
	k := &call{op: op, bucket: c.core}
	answer, err := c.conditional(ctx, k, rest.Request{Op: op, Method: http.MethodGet, Path: c.prefix + "/repositories/" + url.PathEscape(id)})
	if err != nil {
		return "", err
	}
	var repo struct {
		FullName string `json:"full_name"`
	}
	if json.Unmarshal(answer.Body, &repo) != nil || !repoName.MatchString(repo.FullName) {
		return "", c.protocol(op, "the repository was renamed, and its new name is not known")
	}
	return repo.FullName, nil
}

// conditional asks only whether an answer that is kept has changed.
func (c *Client) conditional(ctx context.Context, k *call, r rest.Request) (rest.Response, error) {
	var old *kept
	have := false
	if version := c.shown.Load(); version != nil {
		if old, have = c.kept.get(cacheKey(*version, r)); have {
			r.Header = r.Header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			r.Header.Set("If-None-Match", old.etag)
		}
	}
	if r.Statuses = slices.Concat(r.Statuses, moves); have {
		r.Statuses = append(r.Statuses, http.StatusNotModified)
	}
	answer, err := k.bucket.rest.Do(ctx, r)
	base.AddStats(ctx, base.Stats{BytesRead: int64(len(answer.Body))})
	switch {
	case err != nil:
		return answer, err
	case answer.Status == http.StatusNotModified:
		return old.answer, nil
	case answer.Status == http.StatusAccepted:
		e := base.NewError(base.KindUnavailable, nil).WithText("GitHub has begun to compute the answer")
		e.Source, e.Op, e.Sent = c.config.Name, k.op.Name, base.Answered
		e.SetHint(base.HintOf(hintPending))
		return answer, e
	case answer.Status >= 300:
		return answer, nil
	}
	k.bucket.patience.calm()
	if err := c.whole(k, r, answer); err != nil {
		return answer, err
	}
	if r.Method == http.MethodGet {
		c.kept.put(cacheKey(login.Shown(ctx), r), answer)
	}
	return answer, nil
}

// whole refuses what go-github would take for nothing: an empty body, a null.
func (c *Client) whole(k *call, r rest.Request, answer rest.Response) error {
	if k.raw {
		return nil
	}
	if !json.Valid(answer.Body) {
		var v json.RawMessage
		return k.bucket.rest.Undecoded(r, answer, json.Unmarshal(answer.Body, &v))
	}
	if string(bytes.TrimSpace(answer.Body)) == "null" {
		return c.protocol(k.op, "the answer is null")
	}
	return nil
}

// cacheKey tells answers apart: by what was asked, in which form, and with which version of the credential, for GitHub answers
// each another way.
func cacheKey(version string, r rest.Request) string {
	return strings.Join([]string{version, r.Method, r.Header.Get("Accept"), r.Path, r.Query}, "\n")
}
