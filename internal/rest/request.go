package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/fourkites/sources/base"
)

// Request is one call. Path begins with a slash, is percent-encoded and lies below the base URL: dot segments are
// refused, in every spelling. Query is percent-encoded too and is sent in the order given.
type Request struct {
	Op     *base.Op
	Method string
	Path   string
	Query  string
	Body   []byte
	Header http.Header
	// Foreign is a URL elsewhere that the service handed out, such as a presigned one; it replaces Path and Query. Neither
	// a signature nor Config.Header is sent there, and its quota is not this service's. Unless the base URL is a loopback
	// address, it is refused where it leads to this machine or to a service that hands out credentials.
	Foreign *url.URL
	// Buffer is where the answer's body may be put; it belongs to the call until the answer has been used.
	Buffer []byte
	// Statuses beyond 2xx that are answers too, such as 304 to a conditional request, or 302 where the caller wants to know
	// where it leads.
	Statuses []int
	// MaxBytes bounds the answer of this request below Config.MaxResponseBytes; 0 = that. A longer one is cut there, which
	// Response.Cut says, instead of refused.
	MaxBytes int64
}

// ParseBaseURL reads scheme, host and an optional path prefix, without a slash at its end. Its error never repeats the
// text, which may hold a password.
func ParseBaseURL(text string) (*url.URL, error) {
	root, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("missing; write it as https://host/path")
	case err != nil, strings.ContainsFunc(text, unprintable):
		return nil, errors.New("not a URL; write it as https://host/path")
	case root.Scheme != "https" && root.Scheme != "http":
		return nil, errors.New("the scheme must be https or http")
	case root.Hostname() == "":
		return nil, errors.New("no host; write it as https://host/path")
	case root.User != nil, root.RawQuery != "", root.ForceQuery, root.Fragment != "":
		return nil, errors.New("it must hold neither user, query nor fragment")
	}
	if port := root.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("the port is not between 1 and 65535")
		}
	}
	root.Path, root.RawPath = strings.TrimRight(root.Path, "/"), strings.TrimRight(root.RawPath, "/")
	return root, nil
}

// request makes what goes on the wire, but for the signature, or says what is wrong with it.
func (c *Client) request(ctx context.Context, r Request) (*retryablehttp.Request, error) {
	if err := c.checkLink(r.Foreign); err != nil {
		return nil, err
	}
	target, problem := c.url(r)
	if problem != "" {
		return nil, c.invalid(r, problem)
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, r.Method, target.String(), r.Body)
	if err != nil {
		return nil, c.invalid(r, "method: it cannot be sent; use one of HTTP")
	}
	req.URL = target
	all := []http.Header{c.config.Header, r.Header}
	if r.Foreign != nil {
		all = all[1:]
	}
	for _, h := range all {
		for name, values := range h {
			if problem := headerProblem(name, values); problem != "" {
				return nil, c.invalid(r, problem)
			}
			req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	return req, nil
}

func (c *Client) invalid(r Request, problem string) error {
	return base.Invalid(c.guard.Name(), r.Op.Name, "%s", problem)
}

func (c *Client) url(r Request) (*url.URL, string) {
	if r.Foreign != nil {
		return r.Foreign, ""
	}
	path, err := url.PathUnescape(r.Path)
	switch {
	case err != nil, !strings.HasPrefix(r.Path, "/"):
		return nil, "path: it must begin with a slash and be percent-encoded"
	case leaves(path):
		return nil, "path: a segment of dots would leave the base URL; give another id"
	case strings.ContainsFunc(r.Query, unprintable), strings.Contains(r.Query, "#"):
		return nil, "query: it must be percent-encoded"
	}
	u := *c.base
	u.Path, u.RawPath, u.RawQuery = c.base.Path+path, c.base.EscapedPath()+r.Path, r.Query
	if u.EscapedPath() != u.RawPath { // net/url would write it in another way, and might move a slash
		return nil, "path: it must be percent-encoded"
	}
	return &u, ""
}

// leaves reports whether a decoded path has a dot segment. Servers differ in what they take for a separator and in how
// often they decode, so a segment that hides behind an escaped slash, backslash or zero counts too.
func leaves(path string) bool {
	for range 3 {
		for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' || r == ';' || r == 0 }) {
			if segment == "." || segment == ".." {
				return true
			}
		}
		again, err := url.PathUnescape(path)
		if err != nil || again == path {
			return false
		}
		path = again
	}
	return false
}

func unprintable(r rune) bool { return r <= ' ' || r >= 0x7F }

// headerProblem never repeats a value.
func headerProblem(name string, values []string) string {
	const marks = "!#$%&'*+-.^_`|~"
	token := func(r rune) bool {
		return (r >= '0' && r <= '9') || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z') || strings.ContainsRune(marks, r)
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !token(r) }) {
		return "header: its name is no token"
	}
	for _, value := range values {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }) {
			return "header " + name + ": a control character cannot be sent"
		}
	}
	return ""
}
