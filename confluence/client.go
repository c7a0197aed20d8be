package confluence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/atlassian"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Client reads one site. It is safe for concurrent use; Close ends it.
type Client struct {
	config Config
	site   *atlassian.Site
	spaces spaces
}

var _ base.Client = (*Client)(nil)

var defaults = base.Limits{
	Concurrency: 50, Timeout: base.Duration(30 * time.Second), Attempt: base.Duration(15 * time.Second), Idle: base.Duration(5 * time.Second),
}

// New makes a client; it makes no call. It takes the options WithSecrets, WithTransport, WithDialer and WithTLS beside those
// that every source takes. Every problem of the Config is reported at once, in one ErrInvalid.
func New(ctx context.Context, c Config, opts ...base.Option) (*Client, error) {
	c.Name = cmp.Or(c.Name, "confluence")
	options, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if c.URL == "" && c.CloudID == "" {
		err = errors.Join(err, named("url", errors.New("missing; set it to the URL of the site, or set cloud_id")))
	}
	if err = errors.Join(c.Validate(), err); err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	client := &Client{config: c, spaces: newSpaces()}
	client.site, err = atlassian.Open(ctx, atlassian.SiteConfig{
		Name: c.Name, Product: "confluence", Server: c.site(), CloudID: c.CloudID, Gateway: c.Gateway, Email: c.Email, Token: c.Token,
		AddressName: "url or cloud_id", Named: named, Cause: serverError,
		MaxResponseBytes: c.MaxResponseBytes, Limits: c.Limits, Defaults: defaults,
		CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Proxy: c.Proxy,
	}, options)
	if err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	return client, nil
}

// Name is Config.Name, by default confluence.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known of the site without a call.
func (c *Client) Health() base.Health { return c.site.Guard().Health() }

// Reload replaces the limits while calls run.
func (c *Client) Reload(l base.Limits) error { return c.site.Guard().Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cut. It may be called
// again.
func (c *Client) Close() error { return c.site.Close() }

var opPing = &base.Op{Name: "Ping", Probe: true}

// Ping asks who the account is, which proves reach and credentials.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.object(ctx, opPing, "/wiki/rest/api/user/current", nil)
	return err
}

// ServerError is a refusal of the site, found in an error by errors.As. Its words are cleaned of the client's secrets.
type ServerError struct {
	Status   int      // of HTTP
	Code     string   // the site's own, such as INVALID_REQUEST_PARAMETER; empty = it gave none
	Messages []string // the site's words
	Reason   string   // which limit a 429 is about: RateLimit-Reason
	text     string
}

// Error is the status and the site's words.
func (e *ServerError) Error() string { return e.text }

func serverError(said atlassian.Refusal) error {
	return &ServerError{Status: said.Status, Code: said.Code, Messages: said.Messages, Reason: said.Reason, text: said.Error()}
}

// object asks for an object.
func (c *Client) object(ctx context.Context, op *base.Op, path string, query url.Values) (document.Document, error) {
	d, _, err := c.site.Object(ctx, rest.Request{Op: op, Method: http.MethodGet, Path: path, Query: query.Encode()})
	return d, err
}

func (c *Client) protocol(op *base.Op, text string) error { return c.site.Protocol(op, text) }

func (c *Client) invalid(op *base.Op, format string, args ...any) error {
	return base.Invalid(c.config.Name, op.Name, format, args...)
}

// refused is an error that no answer of the site is by itself.
func (c *Client) refused(op *base.Op, kind base.Kind, hint base.Hint, format string, args ...any) error {
	e := base.NewError(kind, nil).WithText(fmt.Sprintf(format, args...))
	e.Source, e.Op, e.Sent = c.config.Name, op.Name, base.Answered
	e.SetHint(hint)
	return e
}

// Hints on what a caller may change.
const (
	hintAgain  = "ask again"
	hintSpaces = "ask the operator to add it to spaces"
	hintHidden = "it is not there, or this account may not see it"
	hintByID   = "name the space, or ask for one of them by its id"
	hintPart   = "search for a part of the title"
	hintTitles = "give the title of one of its sections"
)

// allowed reports whether pages of a space may be handed out.
func (c *Client) allowed(space string) bool {
	for _, key := range c.config.Spaces {
		if strings.EqualFold(key, space) {
			return true
		}
	}
	return len(c.config.Spaces) == 0
}
