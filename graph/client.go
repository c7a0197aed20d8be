package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/internal/variable"
)

// Client asks one code graph. It is safe for concurrent use; Close ends it.
type Client struct {
	config  Config
	cypher  statements
	guard   *base.Guard
	account *account
	gate    *gate
	dialer  *dialer
	drivers drivers
	plans   plans
	ids     ids
}

var (
	_ base.Client = (*Client)(nil)
	_ code.Source = (*Client)(nil)
)

// New makes a client; it makes no call. It reports everything that is wrong with the configuration. Usable options are
// WithLogger, WithTracerProvider, WithMeterProvider, WithSecrets, WithDialer, WithTLS and WithLimiter.
func New(ctx context.Context, cfg Config, opts ...base.Option) (*Client, error) {
	o, err := base.NewOptions(opts, "Secrets", "Dialer", "TLS")
	var missing error
	if cfg.URI == "" {
		missing = errors.New("uri: missing; set it, or NEO4J_URI")
	}
	if o.TLS != nil && cfg.Plaintext {
		missing = errors.Join(missing, errors.New("option WithTLS: plaintext is true, so it would do nothing"))
	}
	if err = errors.Join(err, missing, cfg.Validate()); err != nil {
		return nil, configError(cfg, err)
	}
	c := &Client{config: cfg.withDefaults(), gate: newGate(), ids: newIDs()}
	c.cypher = newStatements(c.config.Model)
	if err := c.connectParts(ctx, o); err != nil {
		return nil, configError(cfg, err)
	}
	return c, nil
}

const (
	connLifetime = 30 * time.Minute
	liveness     = 30 * time.Second // of idling, after which a connection is tried before use
	fetchSize    = 5000             // records that the server sends before it is asked for more
	readBuffer   = 64 << 10
)

func (c *Client) connectParts(ctx context.Context, o base.Options) (err error) {
	at, err := parseURI(c.config.URI)
	if err != nil {
		return err
	}
	if c.account, err = newAccount(ctx, c.config.User, c.config.Password, o.Secrets, c.gate); err != nil {
		return err
	}
	if c.dialer, err = newDialer(c.config, at, o, c.gate); err != nil {
		return err
	}
	c.guard, err = base.NewGuard(base.GuardConfig{
		Name: c.config.Name, System: "neo4j", Address: c.dialer.address, Limits: c.config.Limits, Defaults: defaultLimits,
		Classify: c.classify, Refresh: c.account.Refresh, Secrets: c.account.Secrets,
	}, o)
	if err != nil {
		return err
	}
	c.drivers.make = func() (*pool, error) { return c.newPool(at.target()) }
	if err := c.drivers.begin(); err != nil {
		return err
	}
	c.account.Watch(c.drivers.rekey)
	return nil
}

// newPool makes a driver. It connects to nothing.
func (c *Client) newPool(target string) (*pool, error) {
	driver, err := neo4j.NewDriverWithContext(target, c.account, func(d *config.Config) {
		d.MaxTransactionRetryTime = 0                    // the guard retries
		d.MaxConnectionPoolSize = -1                     // the guard bounds the calls, and a call has one connection
		d.ConnectionAcquisitionTimeout = 2 * dialTimeout // a cluster may have one server that does not answer
		d.MaxConnectionLifetime = connLifetime
		d.ConnectionLivenessCheckTimeout = liveness
		d.FetchSize, d.ReadBufferSize = fetchSize, readBuffer
		d.TelemetryDisabled = true
		d.UserAgent = c.config.Name
	})
	if err != nil {
		return nil, err
	}
	return &pool{driver: driver}, hook(driver, c.dialer.connect)
}

// classify is what the package makes of an error, with what only the client knows: that it has no password.
func (c *Client) classify(err error) *base.Error {
	typed := classify(err)
	if typed.Kind == base.KindUnauthenticated && typed.Sent == base.Answered && c.account.Empty() {
		typed.SetHint(base.HintOf("no password is configured; set NEO4J_USERNAME and NEO4J_PASSWORD"))
	}
	return typed
}

func configError(cfg Config, err error) error {
	orDefault(&cfg.Name, defaultName)
	return variable.Invalid(cfg.Name, "New", err)
}

// Name is Config.Name, by default graph.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known without a call.
func (c *Client) Health() base.Health { return c.guard.Health() }

// Reload replaces the limits while calls run.
func (c *Client) Reload(l base.Limits) error { return c.guard.Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then their connections are cut, and
// with those the server ends their transactions. It may be called again.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), base.CloseGrace)
	defer cancel()
	late := c.guard.Close(ctx)
	if late != nil {
		c.dialer.links.close()
		late = fmt.Errorf("%s: close: calls were still running after %s and were cut", c.Name(), base.CloseGrace)
	}
	ended, cancel := context.WithTimeout(context.Background(), base.CloseGrace-time.Second)
	defer cancel()
	quiet, err := c.drivers.close(ended)
	if !quiet {
		late = errors.Join(late, fmt.Errorf("%s: close: sessions did not end in time", c.Name()))
	}
	c.dialer.links.close()
	return errors.Join(late, err, c.account.Close())
}

var opPing = &base.Op{Name: "Ping", System: base.SystemDB, Probe: true, Timeout: 10 * time.Second}

// Ping asks the server for one number: the cheapest proof of reach, of the credential and of the database's being able to
// answer.
func (c *Client) Ping(ctx context.Context) error {
	a := &ask{client: c, op: opPing, query: Query{Cypher: "RETURN 1"}, caller: ctx, own: true}
	_, err := base.Do(ctx, c.guard, opPing, func(ctx context.Context) (struct{}, error) {
		s, err := a.open(ctx)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, s.discard()
	})
	return err
}
