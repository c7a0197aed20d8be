// Package rest makes one HTTP call with a bounded answer, for the sources that speak JSON over HTTP. The one retry loop
// is go-retryablehttp's, driven by the guard; each attempt passes the guard's doors and is signed anew.
package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

const (
	defaultMaxResponse = 32 << 20
	closeGrace         = 10 * time.Second
)

// Config describes the service that a client calls.
type Config struct {
	Guard   base.GuardConfig
	BaseURL string // scheme, host and an optional path prefix; no query, no user
	// MaxResponseBytes bounds an answer after decompression; 0 = 32 MiB.
	MaxResponseBytes int64
	// Sign is called for every attempt with the request as it goes on the wire; nil = unsigned.
	Sign   func(req *http.Request, body []byte) error
	Header http.Header // sent with each request
	// Classify refines the error of an answer that is not 2xx; it may return nil.
	Classify func(Response) *base.Error

	CAFile, CertFile, KeyFile string // PEM files; empty = the system's roots, no client certificate
	Proxy                     string // URL of a proxy; empty = the environment's, "none" = no proxy
	DialTimeout               time.Duration
}

// Client calls one service. It is safe for concurrent use; Close ends it.
type Client struct {
	config    Config
	base      *url.URL
	guard     *base.Guard
	transport *transport
}

// New makes a client; it makes no call.
func New(config Config, options base.Options) (*Client, error) {
	root, err := parseBase(config.BaseURL)
	if err != nil {
		return nil, err
	}
	if config.MaxResponseBytes <= 0 {
		config.MaxResponseBytes = defaultMaxResponse
	}
	c := &Client{config: config, base: root}
	config.Guard.System = "http"
	config.Guard.Address = root.Host
	config.Guard.Classify = c.classify
	if c.guard, err = base.NewGuard(config.Guard, options); err != nil {
		return nil, err
	}
	c.transport, err = newTransport(config, options)
	return c, err
}

// parseBase never repeats the text in its error, for it may hold a password.
func parseBase(text string) (*url.URL, error) {
	root, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("base URL: missing")
	case err != nil:
		return nil, errors.New("base URL: not a URL; write it as https://host/path")
	case root.Scheme != "https" && root.Scheme != "http":
		return nil, errors.New("base URL: the scheme must be https or http")
	case root.Host == "":
		return nil, errors.New("base URL: no host")
	case root.User != nil, root.RawQuery != "", root.Fragment != "":
		return nil, errors.New("base URL: it must hold neither user, query nor fragment")
	}
	root.Path = strings.TrimSuffix(root.Path, "/")
	root.RawPath = strings.TrimSuffix(root.RawPath, "/")
	return root, nil
}

// Guard is the door that all calls of the client go through.
func (c *Client) Guard() *base.Guard { return c.guard }

// Close refuses new calls, waits for running ones for at most ten seconds and closes idle connections.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	err := c.guard.Close(ctx)
	c.transport.closeIdle()
	if err != nil {
		return fmt.Errorf("%s: close: calls were still running after %s", c.guard.Name(), closeGrace)
	}
	return nil
}

// Request is one call. Path is escaped and lies below the base URL; Query is sent in the order given.
type Request struct {
	Op     *base.Op
	Method string
	Path   string
	Query  string
	Body   []byte
	Header http.Header
}

// Response is one whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

func (c *Client) url(r Request) (*url.URL, error) {
	path, err := url.PathUnescape(r.Path)
	if err != nil || strings.ContainsFunc(r.Query+r.Path, control) {
		return nil, base.Invalid(c.guard.Name(), r.Op.Name, "path or query: control characters or a broken escape")
	}
	u := *c.base
	u.RawPath = c.base.EscapedPath() + r.Path
	u.Path = c.base.Path + path
	u.RawQuery = r.Query
	return &u, nil
}

func control(r rune) bool { return r <= ' ' || r == 0x7F }
