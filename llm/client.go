package llm

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Client asks one model of one provider. It is safe for concurrent use; Close ends it.
type Client struct {
	config  Config
	rest    *rest.Client
	key     *login.Secret
	service service
}

var (
	_ base.Client = (*Client)(nil)
	_ Model       = (*Client)(nil)
)

var defaults = base.Limits{
	Concurrency: 50, Timeout: base.Duration(2 * time.Minute), Attempt: base.Duration(time.Minute), Idle: base.Duration(time.Minute),
}

// service is what differs between the providers.
type service interface {
	url() string                              // of the API, below that of the Config
	header() http.Header                      // sent with every request
	sign(req *http.Request, key string)       // puts the key on it
	question(r Request) (rest.Request, error) // one that is answered by a stream
	decoder() decoder                         // of one stream
	classify(r rest.Response) *base.Error     // of an answer that is not 2xx; nil = by its status
	models() rest.Request                     // the cheapest question
	notes(r Request) []string                 // what of the question is not asked
}

// New makes a client; it makes no call. It takes the options WithSecrets, WithTransport, WithDialer and WithTLS beside those
// that every source takes. Every problem of the Config is reported at once, in one ErrInvalid.
func New(ctx context.Context, c Config, opts ...base.Option) (*Client, error) {
	c.Name, c.Provider = cmp.Or(c.Name, "llm"), cmp.Or(c.Provider, Anthropic)
	c.MaxTokens, c.MaxDuration = cmp.Or(c.MaxTokens, defaultMaxTokens), cmp.Or(c.MaxDuration, defaultDuration)
	options, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if c.Provider == Azure && c.URL == "" {
		err = errors.Join(err, c.named("url", errors.New("missing; set it to the endpoint of the resource")))
	}
	if err = errors.Join(c.Validate(), err); err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	client := &Client{config: c, service: serviceOf(c)}
	if err := client.open(ctx, options); err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	return client, nil
}

func serviceOf(c Config) service {
	switch {
	case c.Provider == Anthropic:
		return anthropic{c}
	case c.API == Responses:
		return responses{azure{c}}
	}
	return chat{azure{c}}
}

// open makes what the client stands on, or leaves nothing behind.
func (c *Client) open(ctx context.Context, options base.Options) (err error) {
	key, field := c.config.Key, "key"
	if key.IsZero() {
		key, field = c.config.Token, "token"
	}
	if c.key, err = login.New(ctx, key, options.Secrets); err != nil {
		return c.config.named(field, err)
	}
	c.rest, err = rest.New(rest.Config{
		Guard: base.GuardConfig{
			Name: c.config.Name, Limits: c.config.Limits, Defaults: defaults, Refresh: c.key.Refused, Secrets: c.key.Secrets,
		},
		BaseURL: c.service.url(), AddressName: "url", MaxResponseBytes: c.config.MaxResponseBytes,
		Sign: c.sign, Header: c.service.header(), Classify: c.classify,
		CAFile: c.config.CAFile, CertFile: c.config.CertFile, KeyFile: c.config.KeyFile, Proxy: c.config.Proxy,
	}, options)
	if err != nil {
		_ = c.key.Close() // nothing was asked of it
	}
	return err
}

// sign puts the present key on one attempt.
func (c *Client) sign(req *http.Request, _ []byte) error {
	key, err := c.key.Show(req.Context())
	if err != nil {
		return err
	}
	c.service.sign(req, key.Reveal())
	return nil
}

// classify types a refusal, with the provider's words cleaned.
func (c *Client) classify(r rest.Response) *base.Error { return c.cleaned(c.service.classify(r)) }

func (c *Client) cleaned(e *base.Error) *base.Error {
	if e == nil {
		return nil
	}
	if said, ok := errors.AsType[*ServerError](error(e)); ok {
		clean := c.rest.Guard().Clean
		said.Type, said.Message = clean(said.Type), clean(said.Message)
	}
	return e
}

// Name is Config.Name, by default llm.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known of the provider without a call.
func (c *Client) Health() base.Health { return c.rest.Guard().Health() }

// Reload replaces the limits while calls run.
func (c *Client) Reload(l base.Limits) error { return c.rest.Guard().Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cut. It may be called
// again.
func (c *Client) Close() error { return errors.Join(c.rest.Close(), c.key.Close()) }

var opPing = &base.Op{Name: "Ping", System: base.SystemGenAI, Probe: true}

// Ping asks which models there are, which proves reach and credentials and costs no token.
func (c *Client) Ping(ctx context.Context) error {
	r := c.service.models()
	r.Op, r.Method = opPing, http.MethodGet
	_, _, err := rest.JSON[struct{}](login.Noting(ctx), c.rest, r)
	return err
}

func (c *Client) invalid(op *base.Op, format string, args ...any) error {
	return base.Invalid(c.config.Name, op.Name, format, args...)
}

// ServerError is a refusal of a provider, found in an error by errors.As. Its words are cleaned of the client's secrets.
type ServerError struct {
	Status     int      // of HTTP; 0 = it came within a stream
	Type       string   // the provider's own, such as overloaded_error or content_filter
	Message    string   // the provider's words
	Categories []string // what a filter found, such as jailbreak
}

// Error is the provider's words.
func (e *ServerError) Error() string {
	if e.Message == "" {
		return e.Type
	}
	return e.Type + ": " + e.Message
}

// bearer is how a token is shown.
func bearer(req *http.Request, token string) { req.Header.Set("Authorization", "Bearer "+token) }
