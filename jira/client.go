package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
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
	fields fields
}

var _ base.Client = (*Client)(nil)

var defaults = base.Limits{
	Concurrency: 50, Timeout: base.Duration(30 * time.Second), Attempt: base.Duration(15 * time.Second), Idle: base.Duration(5 * time.Second),
}

const defaultAttachment = 8 << 20

// New makes a client; it makes no call. It takes the options WithSecrets, WithTransport, WithDialer and WithTLS beside those
// that every source takes. Every problem of the Config is reported at once, in one ErrInvalid.
func New(ctx context.Context, c Config, opts ...base.Option) (*Client, error) {
	c.Name, c.MaxAttachmentBytes = cmp.Or(c.Name, "jira"), cmp.Or(c.MaxAttachmentBytes, defaultAttachment)
	options, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if c.Server == "" && c.CloudID == "" {
		err = errors.Join(err, named("server", errors.New("missing; set it to the URL of the site, or set cloud_id")))
	}
	if err = errors.Join(c.Validate(), err); err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	client := &Client{config: c, fields: fields{asking: make(chan struct{}, 1)}}
	if err := client.open(ctx, options); err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	return client, nil
}

func (c *Client) open(ctx context.Context, options base.Options) (err error) {
	c.site, err = atlassian.Open(ctx, atlassian.SiteConfig{
		Name: c.config.Name, Product: "jira", Server: c.config.Server, CloudID: c.config.CloudID, Gateway: c.config.Gateway,
		Email: c.config.Email, Token: c.config.Token, AddressName: "server or cloud_id", Named: named, Cause: serverError,
		MaxResponseBytes: c.config.MaxResponseBytes, Limits: c.config.Limits, Defaults: defaults,
		CAFile: c.config.CAFile, CertFile: c.config.CertFile, KeyFile: c.config.KeyFile, Proxy: c.config.Proxy,
	}, options)
	return err
}

// Name is Config.Name, by default jira.
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
	_, err := c.object(ctx, rest.Request{Op: opPing, Method: http.MethodGet, Path: "/rest/api/3/myself"})
	return err
}

// ServerError is a refusal of the site, found in an error by errors.As. Its words are cleaned of the client's secrets.
type ServerError struct {
	Status   int               // of HTTP
	Messages []string          // the site's words
	Fields   map[string]string // its words on single fields
	Reason   string            // which limit a 429 is about: RateLimit-Reason
	text     string
}

// Error is the status and the site's words.
func (e *ServerError) Error() string { return e.text }

func serverError(said atlassian.Refusal) error {
	return &ServerError{Status: said.Status, Messages: said.Messages, Fields: said.Fields, Reason: said.Reason, text: said.Error()}
}

// object makes one request and decodes the object that it answers with.
func (c *Client) object(ctx context.Context, r rest.Request) (document.Document, error) {
	d, _, err := c.site.Object(ctx, r)
	return d, err
}

// raw makes one request, whose answer is JSON of any kind.
func (c *Client) raw(ctx context.Context, r rest.Request) (json.RawMessage, error) {
	raw, _, err := c.site.Raw(ctx, r)
	return raw, err
}

func (c *Client) protocol(op *base.Op, text string) error { return c.site.Protocol(op, text) }

func (c *Client) invalid(op *base.Op, format string, args ...any) error {
	return base.Invalid(c.config.Name, op.Name, format, args...)
}

// post is a request with a body of JSON.
func post(op *base.Op, path string, body any) (rest.Request, error) {
	text, err := json.Marshal(body)
	return rest.Request{
		Op: op, Method: http.MethodPost, Path: path, Body: text, Header: http.Header{"Content-Type": {"application/json"}},
	}, err
}

// allowed reports whether issues of a project may be handed out.
func (c *Client) allowed(project string) bool {
	for _, key := range c.config.Projects {
		if strings.EqualFold(key, project) {
			return true
		}
	}
	return len(c.config.Projects) == 0
}

// codeOf is the code of an error, of HTTP where the site gave none.
func codeOf(err error) string {
	if e, ok := errors.AsType[*base.Error](err); ok {
		return e.Code
	}
	return ""
}
