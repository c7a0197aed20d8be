package athena

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/awschain"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/sqlguard"
	"github.com/fourkites/sources/internal/tlsconfig"
	"github.com/fourkites/sources/internal/variable"
)

// Client reads from one Athena. It is safe for concurrent use; Close ends it.
type Client struct {
	config    Config
	guard     *base.Guard
	reading   *sqlguard.Guard
	engine    *partition.Engine
	transport http.RoundTripper
	own       *http.Transport // nil where the caller gave one

	connecting sync.Mutex // one goroutine finds the credentials
	service    *service   // under connecting; nil until they were found
	keys       *awschain.Keys
	key        *awschain.Key // nil: the chain

	mu         sync.Mutex
	answers    map[answer]struct{} // that have not ended
	background sync.WaitGroup
	settling   bool            // Close waits for the background, or has
	cut        context.Context // ended by Close, after its grace: ends requests, but for those that stop queries
	cutOff     context.CancelFunc
	hurry      context.Context // ends what runs in the background
	stops      chan struct{}   // the places of requests in the background: a crowd that leaves at once opens no crowd of connections
	giveUp     context.CancelFunc
}

// answer is one that Close can end.
type answer interface{ cut() }

var _ base.Client = (*Client)(nil)

// New makes a client; it makes no call. It reports everything that is wrong with the configuration. Usable options are
// WithLogger, WithTracerProvider, WithMeterProvider, WithSecrets, WithTransport, WithDialer, WithTLS and WithLimiter. Where requests are
// signed, and with what, is found by the first call.
func New(ctx context.Context, cfg Config, opts ...base.Option) (*Client, error) {
	o, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if err = errors.Join(err, cfg.Validate(), cfg.idle(o), cfg.inClear(o)); err != nil {
		return nil, configError(cfg, err)
	}
	c := &Client{config: cfg.withDefaults(), answers: map[answer]struct{}{}, stops: make(chan struct{}, mostStops)}
	if err := c.connect(ctx, o); err != nil {
		return nil, configError(cfg, err)
	}
	c.reading = c.newReading()
	c.engine = c.newEngine()
	c.cut, c.cutOff = context.WithCancel(context.Background())
	c.hurry, c.giveUp = context.WithCancel(context.Background())
	return c, nil
}

// idle reports settings that would do nothing beside a transport that was given.
func (c Config) idle(o base.Options) error {
	if o.Transport == nil {
		return nil
	}
	var all []error
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"ca_file", c.CAFile != ""},
		{"cert_file", c.CertFile != ""},
		{"proxy", c.Proxy != "" && c.Proxy != "none"},
		{"option WithTLS", o.TLS != nil},
		{"option WithDialer", o.Dialer != nil},
	} {
		if f.set {
			all = append(all, errors.New(f.name+": would do nothing beside option WithTransport; set it in the transport"))
		}
	}
	return errors.Join(all...)
}

// inClear refuses endpoints without TLS on other machines: session tokens and answers would go over a network in clear. A
// dialer or a transport that the caller gives may know a way that is none.
func (c Config) inClear(o base.Options) error {
	if o.Dialer != nil || o.Transport != nil {
		return nil
	}
	var all []error
	for _, f := range []struct{ name, text string }{{"endpoint", c.Endpoint}, {"s3_endpoint", c.S3Endpoint}} {
		if u, err := url.Parse(f.text); err == nil && u.Scheme == "http" && u.Hostname() != "" && !tlsconfig.OnThisMachine(u.Hostname()) {
			all = append(all, errors.New(f.name+": http:// to another machine sends session tokens and answers in clear; use https://"))
		}
	}
	return errors.Join(all...)
}

func (c *Client) connect(ctx context.Context, o base.Options) error {
	var err error
	if c.key, err = awschain.NewKey(ctx, c.config.Key, o.Secrets); err != nil {
		return err
	}
	if err := c.open(o); err != nil {
		return errors.Join(err, c.key.Close())
	}
	return nil
}

func (c *Client) open(o base.Options) error {
	c.transport = o.Transport
	if c.transport == nil {
		pool, err := rest.NewPool(rest.Config{
			CAFile: c.config.CAFile, CertFile: c.config.CertFile, KeyFile: c.config.KeyFile, Proxy: c.config.Proxy,
		}, o)
		if err != nil {
			return err
		}
		c.own, c.transport = pool, pool
	}
	var err error
	c.guard, err = base.NewGuard(base.GuardConfig{
		Name: c.config.Name, System: "aws.athena", Address: c.config.address(), Limits: c.config.Limits, Defaults: defaultLimits,
		Classify: classify, Refresh: c.refresh, Secrets: c.secrets,
	}, o)
	return err
}

func configError(cfg Config, err error) error {
	orDefault(&cfg.Name, defaultName)
	return variable.Invalid(cfg.Name, "New", err)
}

// Name is Config.Name, by default athena.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known without a call.
func (c *Client) Health() base.Health { return c.guard.Health() }

// Reload replaces the limits while calls run.
func (c *Client) Reload(l base.Limits) error { return c.guard.Reload(l) }

const (
	abortGrace  = time.Second            // for attempts that were just cut
	stopTimeout = 3 * time.Second        // for one request to stop a query
	stopPause   = 100 * time.Millisecond // after the first try; it doubles
	lostPause   = 500 * time.Millisecond // before a service that loses what it is sent is asked again: in an outage, that is load
	mostStops   = 16                     // at once
)

// Close refuses new calls at once and gives running ones base.CloseGrace to finish. Then queries that still run, and whose
// client is gone, are stopped at the server, which has three seconds to say so. It may be called again.
func (c *Client) Close() error {
	late := c.drain(base.CloseGrace)
	c.cutOff()
	for _, a := range c.unended() {
		a.cut()
	}
	timer := time.AfterFunc(stopTimeout, c.giveUp)
	defer timer.Stop()
	_ = c.drain(abortGrace)
	c.mu.Lock()
	c.settling = true
	c.mu.Unlock()
	c.background.Wait()
	c.giveUp()
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	if err := c.key.Close(); err != nil || late == nil {
		return err
	}
	return errors.New(c.Name() + ": close: calls were still running after " + base.CloseGrace.String() + " and were cut")
}

func (c *Client) drain(grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return c.guard.Close(ctx)
}

// unended are the answers that have not ended.
func (c *Client) unended() []answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.answers))
}

// in takes an answer on, and out lets it go. One that comes after Close is cut at once.
func (c *Client) in(a answer) {
	c.mu.Lock()
	c.answers[a] = struct{}{}
	c.mu.Unlock()
	if c.cut.Err() != nil {
		a.cut()
	}
}

func (c *Client) out(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.answers, a)
}

// inBackground runs what Close waits for. Once Close waits, the caller runs it itself: nothing may be left behind.
func (c *Client) inBackground(f func()) {
	c.mu.Lock()
	if !c.settling {
		c.background.Go(f)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	f()
}

// method is the description of a method that runs a statement. Its attempts are bounded request by request.
func method(name string) *base.Op {
	return &base.Op{Name: name, System: base.SystemDB, AttemptTimeout: -1}
}

var opPing = &base.Op{Name: "Ping", System: base.SystemDB, Probe: true, Timeout: 10 * time.Second, AttemptTimeout: -1}

// Ping asks for the workgroup: the cheapest proof of reach, of the credentials and of the right to use it. A workgroup that
// is disabled is base.ErrInvalid. It runs no query.
func (c *Client) Ping(ctx context.Context) error {
	_, err := base.Do(ctx, c.guard, opPing, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.workgroup(ctx)
	})
	return err
}
