package trino

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/sqlguard"
	"github.com/fourkites/sources/internal/variable"
)

// Client reads from one Trino. It is safe for concurrent use; Close ends it.
type Client struct {
	config     Config
	tables     Tables
	root       *url.URL
	rest       *rest.Client
	guard      *base.Guard
	credential *credential
	unzip      *unzipper
	reading    *sqlguard.Guard
	engine     *partition.Engine

	bare     atomic.Bool // the account may set no session property
	settable atomic.Bool // it may: seen

	mu         sync.Mutex
	answers    map[answer]struct{} // that have not ended
	background sync.WaitGroup
	settling   bool            // Close waits for the background, or has
	cut        context.Context // ended by Close, after its grace: ends requests, but for those that stop queries
	cutOff     context.CancelFunc
	hurry      context.Context // ends what runs in the background
	giveUp     context.CancelFunc
}

// answer is one that Close can end.
type answer interface{ cut() }

var _ base.Client = (*Client)(nil)

// New makes a client; it makes no call. It reports everything that is wrong with the configuration. Usable options are
// WithLogger, WithTracerProvider, WithMeterProvider, WithSecrets, WithTransport, WithDialer, WithTLS and WithLimiter.
func New(ctx context.Context, cfg Config, opts ...base.Option) (*Client, error) {
	o, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	var missing error
	if cfg.Host == "" {
		missing = errors.New("host: missing; set it, or TRINO_HOST")
	}
	if o.TLS != nil && cfg.Plaintext {
		missing = errors.Join(missing, errors.New("option WithTLS: plaintext is true, so it would do nothing"))
	}
	if err = errors.Join(err, missing, cfg.Validate()); err != nil {
		return nil, configError(cfg, err)
	}
	c := &Client{config: cfg.withDefaults(), answers: map[answer]struct{}{}}
	c.tables = c.config.Tables
	c.reading = c.newGuard()
	c.engine = c.newEngine()
	if err := c.connect(ctx, o); err != nil {
		return nil, configError(cfg, err)
	}
	c.cut, c.cutOff = context.WithCancel(context.Background())
	c.hurry, c.giveUp = context.WithCancel(context.Background())
	return c, nil
}

func (c *Client) connect(ctx context.Context, o base.Options) error {
	var err error
	if c.root, err = url.Parse(c.config.url()); err != nil {
		return errors.New("host: not the host of a URL")
	}
	if c.credential, err = newCredential(ctx, c.config, o.Secrets); err != nil {
		return err
	}
	if c.unzip, err = newUnzipper(c.config.MaxPage); err != nil {
		return err
	}
	c.rest, err = rest.New(rest.Config{
		Guard: base.GuardConfig{
			Name: c.config.Name, System: "trino", Limits: c.config.Limits, Defaults: defaultLimits, Classify: classify,
			Refresh: c.credential.Refresh, Secrets: c.credential.Secrets,
		},
		BaseURL: c.config.url(), AddressName: "host, port and plaintext", MaxResponseBytes: c.config.MaxPage, Sign: c.credential.sign, Header: c.header(),
		Decode: decode, Classify: refused,
		CAFile: c.config.CAFile, CertFile: c.config.CertFile, KeyFile: c.config.KeyFile, ServerName: c.config.ServerName,
		Proxy: c.config.Proxy, LimitName: "max_page_bytes",
	}, o)
	if err != nil {
		return errors.Join(err, c.credential.Close())
	}
	c.guard = c.rest.Guard()
	return nil
}

func configError(cfg Config, err error) error {
	orDefault(&cfg.Name, defaultName)
	return variable.Invalid(cfg.Name, "New", err)
}

// Name is Config.Name, by default trino.
func (c *Client) Name() string { return c.config.Name }

// Health is what is known without a call.
func (c *Client) Health() base.Health { return c.guard.Health() }

// Reload replaces the limits while calls run.
func (c *Client) Reload(l base.Limits) error { return c.guard.Reload(l) }

const (
	stopTimeout = 3 * time.Second // for one request to stop a query
	stopPause   = 100 * time.Millisecond
	stopWait    = time.Second // that who leaves an answer waits for that request
)

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; rows of [Client.DB] that are open count
// as running. Then what was not read to its end is cut and cancelled at the server, which has three seconds to say so. It
// may be called again.
func (c *Client) Close() error {
	late := c.rest.Drain()
	c.cutOff()
	for _, a := range c.open() {
		a.cut()
	}
	timer := time.AfterFunc(stopTimeout, c.giveUp)
	defer timer.Stop()
	_ = c.guard.Close(c.hurry) // what was just cut
	c.mu.Lock()
	c.settling = true
	c.mu.Unlock()
	c.background.Wait()
	c.giveUp()
	c.rest.Cut()
	return errors.Join(late, c.credential.Close())
}

// open are the answers that have not ended.
func (c *Client) open() []answer {
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

// stop has the server end a query. A server that cannot serve the request at the moment is asked again: else the query
// would run on.
func (c *Client) stop(path string) <-chan struct{} {
	return c.tell(rest.Request{Op: opCancel, Method: http.MethodDelete, Path: path}, func(err error) bool {
		return slices.Contains([]base.Kind{base.KindUnavailable, base.KindOverloaded, base.KindThrottled}, base.KindOf(err))
	})
}

// tell sends what the server should know, whatever became of the caller's context and of the guard, and again while it
// may be. The channel is closed when the request is over, for which it has at most stopTimeout.
func (c *Client) tell(r rest.Request, again func(error) bool) <-chan struct{} {
	done := make(chan struct{})
	c.inBackground(func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(c.hurry, stopTimeout)
		defer cancel()
		for {
			_, err := c.exchange(ctx, r)
			if err == nil || !again(err) {
				return
			}
			select {
			case <-time.After(stopPause):
			case <-ctx.Done():
				return
			}
		}
	})
	return done
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

// once makes one bounded request, which Close cuts.
func (c *Client) once(ctx context.Context, r rest.Request) (rest.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.cut, func() { cancel(errClosed) })()
	answer, err := c.exchange(ctx, r)
	if err != nil && errors.Is(context.Cause(ctx), errClosed) {
		return answer, errClosed
	}
	return answer, err
}

// exchange makes one bounded request. A credential that was refused is not sent again.
func (c *Client) exchange(ctx context.Context, r rest.Request) (rest.Response, error) {
	if limit := c.guard.Limits().Attempt.D(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	p := &proof{}
	answer, err := c.rest.Once(context.WithValue(ctx, proofKey{}, p), r)
	if base.KindOf(err) == base.KindUnauthenticated {
		c.credential.Refuse(p.version)
	}
	return answer, err
}

// method is the description of a method that runs a statement. Its attempts are bounded request by request.
func method(name string) *base.Op {
	return &base.Op{Name: name, System: base.SystemDB, AttemptTimeout: -1}
}

var opPing = &base.Op{Name: "Ping", System: base.SystemDB, Probe: true, Timeout: 10 * time.Second, AttemptTimeout: -1}

// Ping runs SELECT 1: the cheapest proof of reach, of the credential and of the server's being able to answer.
func (c *Client) Ping(ctx context.Context) error {
	answer, err := c.query(ctx, opPing, Query{SQL: "SELECT 1"})
	if err != nil {
		return err
	}
	for _, err := range answer.Batches() {
		if err != nil {
			return err
		}
	}
	return nil
}
