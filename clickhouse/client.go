package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

// Client reads from one ClickHouse. It is safe for concurrent use; Close ends it.
type Client struct {
	config     Config
	tables     Tables
	guard      *base.Guard
	credential *credential
	dialer     *dialer
	pool       *pool
	writer     writer
	probe      schemaProbe

	account    atomic.Int32 // what kind of account it is, as far as is known
	revision   atomic.Int64 // of the protocol, as last agreed on; 0 = no server was met yet
	background sync.WaitGroup
	ending     atomic.Bool
}

var _ base.Client = (*Client)(nil)

// New makes a client; it makes no call. It reports everything that is wrong with the configuration. Usable options are
// WithLogger, WithTracerProvider, WithMeterProvider, WithSecrets, WithDialer, WithTLS and WithLimiter.
func New(ctx context.Context, cfg Config, opts ...base.Option) (*Client, error) {
	o, err := base.NewOptions(opts, "Secrets", "Dialer", "TLS")
	var missing error
	if cfg.Host == "" && len(cfg.Addresses) == 0 {
		missing = errors.New("host: missing; set it, or CLICKHOUSE_HOST (with the prefix of the instance, if it has one)")
	}
	if o.TLS != nil && !cfg.Secure {
		missing = errors.Join(missing, errors.New("option WithTLS: secure is false, so it would do nothing; set secure"))
	}
	if err = errors.Join(err, missing, cfg.Validate()); err != nil {
		return nil, configError(cfg, err)
	}
	c := &Client{config: cfg.withDefaults()}
	c.tables = c.config.Tables
	if c.credential, err = newCredential(ctx, c.config.User, cfg.Password, o.Secrets); err != nil {
		return nil, configError(cfg, err)
	}
	if c.dialer, err = newDialer(c.config, o); err != nil {
		return nil, configError(cfg, err)
	}
	c.guard, err = base.NewGuard(base.GuardConfig{
		Name: c.config.Name, System: "clickhouse", Address: c.dialer.addresses[0], Limits: c.config.Limits,
		Defaults: defaultLimits, Classify: classify, Refresh: c.credential.Refresh, Secrets: c.credential.Secrets,
	}, o)
	if err != nil {
		return nil, configError(cfg, err)
	}
	c.pool = newPool(c.connect)
	c.credential.Watch(func(version string) {
		c.pool.rekey(version)
		c.writer.rekey(version)
	})
	c.writer.client = c
	return c, nil
}

func configError(cfg Config, err error) error {
	orDefault(&cfg.Name, defaultName)
	return variable.Invalid(cfg.Name, "New", err)
}

// Name is Config.Name, by default clickhouse.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known without a call.
func (c *Client) Health() base.Health { return c.guard.Health() }

// Reload replaces the limits while calls run.
func (c *Client) Reload(l base.Limits) error { return c.guard.Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cancelled at the
// server. It may be called again.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), base.CloseGrace)
	defer cancel()
	late := c.guard.Close(ctx)
	c.ending.Store(true)
	c.pool.close()
	err := errors.Join(c.writer.close(), c.credential.Close())
	c.background.Wait()
	if late != nil {
		err = errors.Join(fmt.Errorf("%s: close: calls were still running after %s and were cut", c.Name(), base.CloseGrace), err)
	}
	return err
}

// connect dials with the present credential, each address at most once.
func (c *Client) connect(ctx context.Context) (*conn, error) {
	shown, err := c.credential.get(ctx)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, address := range c.dialer.order() {
		k, err := c.shake(ctx, address, shown)
		if err == nil {
			return k, nil
		}
		problems = append(problems, err)
		if _, refused := serverError(err); refused || ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(problems...)
}

func (c *Client) shake(ctx context.Context, address string, shown pass) (*conn, error) {
	l, err := c.dialer.connect(ctx, address)
	if err != nil {
		return nil, &dialError{err}
	}
	k, err := newConn(ctx, l, c.config, shown.user, shown.password)
	if err == nil {
		k.version = shown.version
		c.revision.Store(int64(k.v))
		return k, nil
	}
	if e, ok := serverError(err); ok {
		c.credential.cleanError(e)
		if verdicts[e.Code].kind == base.KindUnauthenticated {
			c.credential.Refuse(shown.version)
			c.pool.forget()
		}
		return nil, err
	}
	c.dialer.failed(address)
	return nil, fmt.Errorf("%s: %w", address, &handshakeError{c.config.Secure, err})
}

// meet learns the server's revision, which decides what a statement may carry.
func (c *Client) meet(ctx context.Context) error {
	if c.revision.Load() != 0 {
		return nil
	}
	k, err := c.pool.get(ctx)
	if err == nil {
		c.pool.put(k)
	}
	return err
}

var opPing = &base.Op{Name: "Ping", System: base.SystemDB, Probe: true, Timeout: 10 * time.Second}

// Ping asks the server for one number: the cheapest proof of reach, of the credential and of the server's being able to
// answer.
func (c *Client) Ping(ctx context.Context) error {
	a := &ask{client: c, op: opPing, query: Query{SQL: "SELECT 1"}, caller: ctx}
	_, err := base.Do(ctx, c.guard, opPing, func(ctx context.Context) (struct{}, error) {
		s, err := a.open(ctx)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, s.discard()
	})
	return err
}

// discard reads an answer to its end.
func (s *stream) discard() error {
	defer func() { _ = s.Close() }()
	for {
		if _, err := s.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

const killTimeout = 2 * time.Second

// kill stops a query from another connection, for what it is worth: the account may lack the right, or the server be
// gone.
func (c *Client) kill(id string) {
	if c.ending.Load() {
		return
	}
	c.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
		defer cancel()
		k, err := c.pool.get(ctx)
		if err != nil {
			return
		}
		a := &ask{client: c, op: opQuery, caller: ctx}
		s := newStream(ctx, a, k)
		if s.start(request{sql: "KILL QUERY WHERE query_id = '" + id + "' ASYNC", id: s.id}) == nil {
			_ = s.discard()
		}
	})
}
