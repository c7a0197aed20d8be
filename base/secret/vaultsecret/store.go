package vaultsecret

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Store is one Vault, as one login sees it. It is safe for concurrent use; who made it closes it, after the clients that use
// it.
type Store struct {
	config Config
	guard  *base.Guard
	logger *slog.Logger // nil: none
	http   *http.Client
	own    *http.Transport // nil where the caller gave one
	method method
	plain  connection // without token and namespace
	shown  login.Secret
	logins single[*session]
	tasks  tasks
	cut    context.CancelFunc // ends tasks
	quit   chan struct{}      // ends the keeper
	wake   chan struct{}      // the keeper has something to plan

	closing sync.Once
	closed  error

	mu      sync.Mutex
	session *session
	retired []*session // whose leases may still run
	leases  map[*lease]struct{}
	blind   bool // tokens may not look themselves up
	pause   pause
}

// New makes a store and starts the goroutine that keeps its token alive, which ends with Close. It asks nothing over the
// network: the store logs in when it is asked for the first secret. Of the options WithTransport, WithDialer and WithTLS change
// how the server is reached, and WithSecrets resolves references in Token and AppRole.SecretID. Its errors are *base.Error of
// the kind invalid, with everything that is wrong. With WithLogger it is logged when a token could not be renewed or replaced
// ahead of its end.
//
// The library of Vault, which this store asks by, reads VAULT_* variables before it can be told not to. None has an effect, but
// one that it cannot read is an error here.
func New(ctx context.Context, cfg Config, opts ...base.Option) (*Store, error) {
	o, err := base.NewOptions(opts, "Transport", "Dialer", "TLS", "Secrets")
	err = errors.Join(err, cfg.Validate(), cfg.idle(o))
	if cfg.inClear(o) {
		err = errors.Join(err, errors.New("address: http:// to another machine sends secrets in clear; use https://"))
	}
	cfg.Name = cmp.Or(cfg.Name, defaultName)
	if err != nil {
		return nil, variable.Invalid(cfg.Name, "New", err)
	}
	s := &Store{config: cfg, logger: o.Logger, leases: map[*lease]struct{}{}, quit: make(chan struct{}), wake: make(chan struct{}, 1)}
	if err := s.connect(ctx, o); err != nil {
		return nil, variable.Invalid(cfg.Name, "New", err)
	}
	s.tasks.ctx, s.cut = context.WithCancel(context.Background())
	s.logins = single[*session]{tasks: &s.tasks, run: s.login}
	s.tasks.start(s.keep)
	return s, nil
}

func (s *Store) connect(ctx context.Context, o base.Options) (err error) {
	if s.method, err = s.config.method(ctx, o.Secrets); err != nil {
		return err
	}
	transport := o.Transport
	if transport == nil {
		if s.config.ServerName != "" {
			if o.TLS == nil {
				o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			o.TLS.ServerName = s.config.ServerName // NewOptions has cloned it
		}
		c := s.config
		if s.own, err = rest.NewPool(rest.Config{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Proxy: c.Proxy}, o); err != nil {
			return err
		}
		transport = s.own
	}
	s.http = &http.Client{Transport: bounded{transport}}
	if s.plain, err = s.dial("", ""); err != nil {
		return err
	}
	s.guard, err = base.NewGuard(base.GuardConfig{
		Name: s.config.Name, System: "vault", Address: s.config.host(), Limits: s.config.limits(),
		Defaults: defaultLimits, Classify: classify, Secrets: s.shown.Secrets,
	}, o)
	return err
}

// Open is the [secret.Opener] of the store: it reads the reference, whatever its scheme, and asks nothing. Each source of an
// engine that issues accounts has accounts of its own. A reference that cannot be one is [ErrReference].
func (s *Store) Open(_ context.Context, text string) (secret.Source, error) {
	r, err := parse(text)
	if err != nil {
		return nil, err
	}
	return newSource(s, r), nil
}

var _ secret.Opener = (*Store)(nil).Open

// Name is Config.Name, by default vaultsecret.
func (s *Store) Name() string { return s.config.Name }

// Health is what is known without a request.
func (s *Store) Health() base.Health { return s.guard.Health() }
