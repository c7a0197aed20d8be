package redshift

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

// Client reads from one Redshift. It is safe for concurrent use; Close ends it.
type Client struct {
	config     Config
	tables     Tables
	guard      *base.Guard
	credential *credential
	dialer     *dialer
	pool       atomic.Pointer[pgxpool.Pool]
	resizing   sync.Mutex             // over the exchange of the pool
	version    atomic.Pointer[string] // of the present password; nil: not known yet

	bare       atomic.Bool // the account may not set statement_timeout
	standard   atomic.Bool // the server has no catalog of Redshift's: it is PostgreSQL
	lag        atomic.Pointer[measured]
	background sync.WaitGroup
	ending     atomic.Bool
}

var _ base.Client = (*Client)(nil)

// New makes a client; it makes no call. It reports everything that is wrong with the configuration. Usable options are
// WithLogger, WithTracerProvider, WithMeterProvider, WithSecrets, WithDialer, WithTLS, WithLimiter, and with Config.IAM
// WithTransport, over which AWS is asked.
func New(ctx context.Context, cfg Config, opts ...base.Option) (*Client, error) {
	usable := []string{"Secrets", "Dialer", "TLS"}
	if cfg.IAM.used() {
		usable = append(usable, "Transport")
	}
	o, err := base.NewOptions(opts, usable...)
	var missing error
	if cfg.Host == "" {
		missing = errors.New("host: missing; set it, or REDSHIFT_HOST")
	}
	if cfg.Database == "" {
		missing = errors.Join(missing, errors.New("database: missing; set it, or REDSHIFT_DB"))
	}
	if cfg.User == "" && !cfg.IAM.used() && !cfg.Password.IsStored() {
		missing = errors.Join(missing, errors.New("user: missing; set it, or REDSHIFT_USER, or iam"))
	}
	if o.TLS != nil && cfg.Plaintext {
		missing = errors.Join(missing, errors.New("option WithTLS: plaintext is true, so it would do nothing"))
	}
	if err = errors.Join(err, missing, cfg.Validate()); err != nil {
		return nil, configError(cfg, err)
	}
	c := &Client{config: cfg.withDefaults()}
	c.tables = c.config.Tables
	if err := c.connectParts(ctx, o); err != nil {
		return nil, configError(cfg, err)
	}
	return c, nil
}

func (c *Client) connectParts(ctx context.Context, o base.Options) (err error) {
	if c.config.IAM.used() {
		c.credential = newIssued(newIAM(c.config, o.Transport))
	} else if c.credential, err = newCredential(ctx, c.config.User, c.config.Password, o.Secrets); err != nil {
		return err
	}
	if c.dialer, err = newDialer(c.config, o); err != nil {
		return err
	}
	c.guard, err = base.NewGuard(base.GuardConfig{
		Name: c.config.Name, System: "aws.redshift", Address: c.dialer.address, Limits: c.config.Limits,
		Defaults: defaultLimits, Classify: c.classify, Refresh: c.credential.Refresh, Secrets: c.credential.secrets,
	}, o)
	if err != nil {
		return err
	}
	pool, err := c.newPool()
	c.pool.Store(pool)
	c.credential.Watch(c.rekey)
	return err
}

// classify is what the package makes of an error, with what only the client knows: that it has no password.
func (c *Client) classify(err error) *base.Error {
	typed := classify(err)
	if typed.Kind == base.KindUnauthenticated && typed.Sent == base.Answered && c.credential.Empty() {
		typed.SetHint(base.HintOf("no password is configured; set REDSHIFT_PASSWORD or IAM"))
	}
	return typed
}

func configError(cfg Config, err error) error {
	orDefault(&cfg.Name, defaultName)
	return variable.Invalid(cfg.Name, "New", err)
}

// Name is Config.Name, by default redshift.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known without a call.
func (c *Client) Health() base.Health { return c.guard.Health() }

// Reload replaces the limits while calls run.
func (c *Client) Reload(l base.Limits) error {
	if err := c.guard.Reload(l); err != nil {
		return err
	}
	return c.resize()
}

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cancelled at the
// server. Connections may take as long again to end. It may be called again.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), base.CloseGrace)
	defer cancel()
	late := c.guard.Close(ctx)
	c.resizing.Lock()
	c.ending.Store(true)
	c.resizing.Unlock()
	c.dialer.links.close()
	err := c.credential.Close()
	if late != nil {
		err = errors.Join(fmt.Errorf("%s: close: calls were still running after %s and were cut", c.Name(), base.CloseGrace), err)
	}
	if !c.settled() {
		err = errors.Join(fmt.Errorf("%s: close: connections did not end within %s", c.Name(), settleWait), err)
	}
	return err
}

// settleWait is how long connections that were ended may take to be gone, what the driver does with them included.
const settleWait = base.CloseGrace

// settled waits for what runs in the background; what takes longer ends behind the caller's back.
func (c *Client) settled() bool {
	done := make(chan struct{})
	go func() { // ends with the connections, each of which has a deadline
		defer close(done)
		c.background.Wait()
		c.pool.Load().Close()
	}()
	timer := time.NewTimer(settleWait)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

var opPing = &base.Op{Name: "Ping", System: base.SystemDB, Probe: true, Timeout: 10 * time.Second}

// Ping asks the server for one number: the cheapest proof of reach, of the credential and of the server's being able to
// answer.
func (c *Client) Ping(ctx context.Context) error {
	a := &ask{client: c, op: opPing, query: Query{SQL: comment(opPing) + "SELECT 1"}, caller: ctx}
	_, err := base.Do(ctx, c.guard, opPing, func(ctx context.Context) (struct{}, error) {
		s, err := a.open(ctx)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, s.discard()
	})
	return err
}
