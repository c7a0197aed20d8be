package awssecret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/awschain"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Store is one region of Secrets Manager, as one identity sees it. It is safe for concurrent use; who made it closes it, after
// the clients that use it.
type Store struct {
	config    Config
	guard     *base.Guard
	key       *awschain.Key // nil: the chain
	transport http.RoundTripper
	own       *http.Transport // nil where the caller gave one
	flights   flights
	cut       context.CancelFunc // ends requests

	closing sync.Once
	closed  error

	mu     sync.Mutex
	api    *secretsmanager.Client
	keys   *awschain.Keys
	region string
	stale  bool // the chain is to be walked anew
}

// New makes a store. It reads the settings of AWS, in the environment and the shared files, and asks nothing over the
// network. Of the options WithTransport, WithDialer and WithTLS change how the service is reached, and WithSecrets resolves a
// reference in [Config.Key]. Its errors are *base.Error of the kind invalid, with everything that is wrong.
func New(ctx context.Context, cfg Config, opts ...base.Option) (*Store, error) {
	o, err := base.NewOptions(opts, "Transport", "Dialer", "TLS", "Secrets")
	err = errors.Join(err, cfg.Validate(), cfg.idle(o))
	if cfg.inClear(o) {
		err = errors.Join(err, errors.New("endpoint: http:// to another machine sends secrets in clear; use https://"))
	}
	cfg.Name = cmp.Or(cfg.Name, defaultName)
	if err != nil {
		return nil, variable.Invalid(cfg.Name, "New", err)
	}
	s := &Store{config: cfg}
	if err := s.connect(ctx, o); err != nil {
		return nil, variable.Invalid(cfg.Name, "New", errors.Join(err, s.key.Close()))
	}
	flying, cut := context.WithCancel(context.Background())
	s.cut = cut
	s.flights = flights{run: s.request, ctx: flying, open: map[ask]*flight{}}
	return s, nil
}

func (s *Store) connect(ctx context.Context, o base.Options) (err error) {
	if s.key, err = awschain.NewKey(ctx, s.config.Key, o.Secrets); err != nil {
		return err
	}
	s.transport = o.Transport
	if s.transport == nil {
		if s.own, err = rest.NewPool(rest.Config{CAFile: s.config.CAFile, Proxy: s.config.Proxy}, o); err != nil {
			return err
		}
		s.transport = s.own
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	s.guard, err = base.NewGuard(base.GuardConfig{
		Name: s.config.Name, System: "aws.secretsmanager", Address: s.config.address(s.region), Limits: s.config.limits(),
		Defaults: defaultLimits, Classify: classify, Refresh: s.refresh, Secrets: s.secrets,
	}, o)
	return err
}

// load finds the settings of AWS. The caller holds the lock, or has the store alone.
func (s *Store) load(ctx context.Context) error {
	o := awschain.Options{Region: s.config.Region, Profile: s.config.Profile}
	if s.key != nil {
		o.Credentials = s.key
	}
	loaded, keys, err := awschain.Load(ctx, o)
	if err != nil {
		return err
	}
	loaded.HTTPClient = &http.Client{
		Transport:     bounded{s.transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a request is signed for one host
	}
	s.keys, s.region, s.stale = keys, loaded.Region, false
	s.api = secretsmanager.NewFromConfig(loaded, func(o *secretsmanager.Options) {
		if s.config.Endpoint != "" {
			o.BaseEndpoint = &s.config.Endpoint
		}
	})
	return nil
}

// connected is the service as the present credentials reach it.
func (s *Store) connected(ctx context.Context) (*secretsmanager.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stale {
		if err := s.load(ctx); err != nil {
			return nil, err
		}
	}
	return s.api, nil
}

// refresh gets other credentials than those that were refused. The chain is walked anew: a file of it may have been written
// anew.
func (s *Store) refresh(ctx context.Context) error {
	if s.key != nil {
		return s.key.Refresh(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = true
	return nil
}

// secrets are the credentials of AWS, which must not show in any text.
func (s *Store) secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys.Secrets()
}

var opGet = &base.Op{Name: "Get", System: base.SystemHTTP}

// request asks the service, retries included.
func (s *Store) request(ctx context.Context, a ask) (*answer, error) {
	return base.Do(ctx, s.guard, opGet, func(ctx context.Context) (*answer, error) {
		api, err := s.connected(ctx)
		if err != nil {
			return nil, err
		}
		p := &awschain.Proof{}
		out, err := api.GetSecretValue(awschain.Signing(ctx, p), a.input())
		if err != nil {
			return nil, s.foreign(p, err)
		}
		return &answer{id: aws.ToString(out.VersionId), stages: out.VersionStages, text: out.SecretString}, nil
	})
}

// foreign is the error of a request without what it quotes.
func (s *Store) foreign(p *awschain.Proof, err error) error {
	if errors.Is(err, errTooLarge) {
		return errTooLarge
	}
	err = awschain.WithoutAnswer(err, s.secrets())
	if e := classify(err); e != nil {
		s.key.Refused(p, e.Kind, err)
	}
	return err
}

func (a ask) input() *secretsmanager.GetSecretValueInput {
	in := &secretsmanager.GetSecretValueInput{SecretId: &a.secret}
	if a.stage != "" {
		in.VersionStage = &a.stage
	}
	if a.id != "" {
		in.VersionId = &a.id
	}
	return in
}

// Name is Config.Name, by default awssecret.
func (s *Store) Name() string { return s.config.Name }

// Health is what is known without a request.
func (s *Store) Health() base.Health { return s.guard.Health() }

// closeGrace is for requests that were just cut.
const closeGrace = time.Second

// Close ends the store: requests under way are cut, and every Get fails with [secret.ErrClosed] from now on. It waits for at
// most two seconds, may be called again, and closes no transport that the caller gave.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.flights.close()
		s.cut()
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		err := s.guard.Close(ctx)
		landed := make(chan struct{})
		go func() { // ends with the last request
			s.flights.wg.Wait()
			close(landed)
		}()
		select {
		case <-landed:
		case <-ctx.Done():
			err = fmt.Errorf("%s: close: a request is still running after %s", s.config.Name, closeGrace)
		}
		if s.own != nil {
			s.own.CloseIdleConnections()
		}
		s.closed = errors.Join(err, s.key.Close())
	})
	return s.closed
}
