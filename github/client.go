package github

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Client reads GitHub. It is safe for concurrent use; Close ends it.
type Client struct {
	config Config
	prefix string // of every path, such as /api/v3
	api    *github.Client
	login  *login.Secret
	shown  atomic.Pointer[string] // version of the token that was shown last
	app    *app                   // nil = a token

	core, search, graph *bucket
	kept                *cache // nil = nothing is kept
}

var _ base.Client = (*Client)(nil)

var defaults = base.Limits{
	Concurrency: 50, Timeout: base.Duration(30 * time.Second), Attempt: base.Duration(15 * time.Second), Idle: base.Duration(5 * time.Second),
}

// searchDefaults are GitHub's own limit on searches of code, which a call waits for:
// https://docs.github.com/rest/search/search#search-code
var searchDefaults = base.Limits{
	Concurrency: 2, Rate: 10.0 / 60, Burst: 2, Timeout: base.Duration(2 * time.Minute), Attempt: base.Duration(15 * time.Second),
	Idle: base.Duration(5 * time.Second),
}

const (
	publicAPI       = "https://api.github.com"
	defaultCache    = 8 << 20
	defaultLog      = 4 << 20
	defaultResponse = 32 << 20
	// apiVersion is the one that go-github v60 speaks.
	apiVersion = "2022-11-28"
)

// New makes a client; it makes no call. It takes the options WithSecrets, WithTransport, WithDialer and WithTLS beside those
// that every source takes. Every problem of the Config is reported at once, in one ErrInvalid.
func New(ctx context.Context, c Config, opts ...base.Option) (*Client, error) {
	c.Name, c.BaseURL = cmp.Or(c.Name, "github"), cmp.Or(c.BaseURL, publicAPI)
	c.CacheBytes, c.MaxLogBytes = cmp.Or(c.CacheBytes, defaultCache), cmp.Or(c.MaxLogBytes, defaultLog)
	c.MaxResponseBytes = cmp.Or(c.MaxResponseBytes, defaultResponse)
	options, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if c.Token.IsZero() && c.App.IsZero() {
		err = errors.Join(err, named("token", errors.New("missing; set it, or app")))
	}
	if err = errors.Join(c.Validate(), err); err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	client := &Client{config: c}
	if c.CacheBytes > 0 {
		client.kept = newCache(c.CacheBytes)
	}
	if err := client.open(ctx, options); err != nil {
		return nil, variable.Invalid(c.Name, "New", err)
	}
	return client, nil
}

// open makes what a client stands on, or leaves nothing behind.
func (c *Client) open(ctx context.Context, options base.Options) (err error) {
	root, err := rest.ParseBaseURL(c.config.BaseURL)
	if err != nil {
		return named("base_url", err)
	}
	c.prefix = root.EscapedPath()
	origin := root.Scheme + "://" + root.Host
	defer func() {
		if err != nil {
			_ = c.Close() // nothing was asked
		}
	}()
	if err = c.openLogin(ctx, origin, options); err != nil {
		return err
	}
	for _, b := range []struct {
		to               **bucket
		limits, defaults base.Limits
		inspect          func(rest.Response) *base.Error
	}{
		{&c.core, c.config.Limits, defaults, nil},
		{&c.search, c.config.Search, searchDefaults, nil},
		{&c.graph, c.config.Limits, defaults, c.inspect},
	} {
		if *b.to, err = c.bucket(origin, b.limits, b.defaults, b.inspect, options); err != nil {
			return err
		}
	}
	c.api = github.NewClient(&http.Client{
		Transport:     transport{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	c.api.BaseURL, err = url.Parse(origin + c.prefix + "/")
	return err
}

// openLogin makes the credential: the token, or the tokens of an installation.
func (c *Client) openLogin(ctx context.Context, origin string, options base.Options) (err error) {
	if c.config.App.IsZero() {
		c.login, err = login.New(ctx, c.config.Token, options.Secrets)
		return named("token", err)
	}
	key, err := login.New(ctx, c.config.App.PrivateKey, options.Secrets)
	if err != nil {
		return named("app.private_key", err)
	}
	a := &app{config: c.config.App, key: key, prefix: c.prefix}
	p := &patience{}
	a.rest, err = rest.New(c.restConfig(origin, base.GuardConfig{
		Name: c.config.Name, Limits: c.config.Limits, Defaults: defaults, Refresh: key.Refused, Secrets: c.secrets,
	}, a.sign, func(r rest.Response) *base.Error { return judge(r, readRefusal(r, a.rest.Guard().Clean), p, true) }), options)
	if err != nil {
		_ = key.Close()
		return err
	}
	c.app = a
	c.login = login.From(a, secret.CacheConfig{Poll: -1})
	return nil
}

// secrets are the texts that must not show: the tokens that were shown and, of an App, its proofs, each in the errors of
// both.
func (c *Client) secrets() []string {
	all := c.login.Secrets()
	if c.app != nil {
		all = append(all, c.app.key.Secrets()...)
	}
	return all
}

// bucket is one budget of GitHub.
func (c *Client) bucket(origin string, limits, defaults base.Limits, inspect func(rest.Response) *base.Error, options base.Options) (*bucket, error) {
	b := &bucket{}
	config := c.restConfig(origin, base.GuardConfig{
		Name: c.config.Name, Limits: limits, Defaults: defaults, Refresh: c.login.Refused, Secrets: c.secrets,
	}, c.sign, func(r rest.Response) *base.Error {
		return judge(r, readRefusal(r, b.rest.Guard().Clean), &b.patience, c.app != nil)
	})
	config.Inspect = inspect
	var err error
	b.rest, err = rest.New(config, options)
	return b, err
}

func (c *Client) restConfig(origin string, guard base.GuardConfig, sign func(*http.Request, []byte) error, classify func(rest.Response) *base.Error) rest.Config {
	return rest.Config{
		Guard: guard, BaseURL: origin, AddressName: "base_url", MaxResponseBytes: c.config.MaxResponseBytes, Sign: sign, Classify: classify,
		Header: http.Header{"X-Github-Api-Version": {apiVersion}, "User-Agent": {"fourkites-sources"}, "Accept": {"application/vnd.github+json"}},
		CAFile: c.config.CAFile, CertFile: c.config.CertFile, KeyFile: c.config.KeyFile, Proxy: c.config.Proxy,
	}
}

// sign puts the present token on one attempt.
func (c *Client) sign(req *http.Request, _ []byte) error {
	token, err := c.login.Show(req.Context())
	if err != nil {
		return err
	}
	c.shown.Store(&token.Version)
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return nil
}

// Name is Config.Name, by default github.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known of GitHub without a call.
func (c *Client) Health() base.Health { return c.core.rest.Guard().Health() }

// SearchHealth is what is known of the search of code, which has a budget and a breaker of its own.
func (c *Client) SearchHealth() base.Health { return c.search.rest.Guard().Health() }

// Reload replaces the limits while calls run, but those of the search of code, which ReloadSearch replaces.
func (c *Client) Reload(l base.Limits) error {
	return errors.Join(c.core.rest.Guard().Reload(l), c.graph.rest.Guard().Reload(l))
}

// ReloadSearch replaces the limits of the search of code while calls run.
func (c *Client) ReloadSearch(l base.Limits) error { return c.search.rest.Guard().Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cut. It may be called
// again.
func (c *Client) Close() error {
	var all []error
	var clients []*rest.Client
	for _, b := range []*bucket{c.core, c.search, c.graph} {
		if b != nil && b.rest != nil {
			clients = append(clients, b.rest)
		}
	}
	if c.app != nil {
		clients = append(clients, c.app.rest)
	}
	all = append(all, closeAll(clients)...)
	if c.login != nil {
		all = append(all, c.login.Close())
	}
	if c.app != nil {
		all = append(all, c.app.key.Close())
	}
	return errors.Join(all...)
}

// closeAll closes side by side, so that all together take no longer than one.
func closeAll(clients []*rest.Client) []error {
	done := make(chan error, len(clients))
	for _, one := range clients {
		go func() { done <- one.Close() }()
	}
	var all []error
	for range clients {
		all = append(all, <-done)
	}
	return all
}

var opPing = &base.Op{Name: "Ping", Probe: true}

// Ping asks for the limits, which costs nothing of them and proves reach and credential.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.limits(ctx, opPing)
	return err
}

func (c *Client) invalid(op *base.Op, format string, args ...any) error {
	return base.Invalid(c.config.Name, op.Name, format, args...)
}

func (c *Client) protocol(op *base.Op, text string) error {
	e := base.NewError(base.KindProtocol, nil).WithText(text)
	e.Source, e.Op, e.Sent = c.config.Name, op.Name, base.Answered
	return e
}

// failure is the error of a call that went through go-github: our own, which go-github wraps, or replaces by that of a context
// that has ended, or what it could not decode.
func (c *Client) failure(k *call, err error) error {
	if err == nil {
		return nil
	}
	if k.err != nil {
		return k.err
	}
	if e, ok := errors.AsType[*base.Error](err); ok {
		return e
	}
	return c.protocol(k.op, "the answer is not what was expected: "+strings.ToValidUTF8(err.Error(), "\uFFFD"))
}
