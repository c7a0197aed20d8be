package base

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/fourkites/sources/base/secret"
)

// Option brings something live to a constructor: what cannot be written in a file. Options are made by the With
// functions of this package only.
type Option interface{ apply(*Options) }

type option struct {
	name string
	set  func(*Options)
}

func (o option) apply(all *Options) {
	all.given = append(all.given, o.name)
	o.set(all)
}

// Options is what the options of one constructor amount to. Sources read it; users pass Option values.
type Options struct {
	Logger         *slog.Logger
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	Secrets        secret.Resolver
	Transport      http.RoundTripper
	Dialer         Dialer
	TLS            *tls.Config
	Limiter        Limiter
	Cache          Cache

	given []string
}

// Dialer opens connections, as net.Dialer.DialContext does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Limiter is a bound on calls that is shared beyond this process. It must be safe for concurrent use.
type Limiter interface {
	// Acquire waits for the right to make a call of that weight. release gives it back, once. An error with a method
	// RetryAfter() time.Duration says when another attempt has a chance; zero is not known. An error that is neither the
	// context's nor limit.ErrFull, limit.ErrNoTime or limit.ErrClosed, or around one, means that the bound could not be
	// asked, and callers are told so.
	Acquire(ctx context.Context, weight int64) (release func(), err error)
}

// QuotaObserver is a [Limiter] that hears of the quota that the source's answers tell, so that one process' knowledge is
// all processes'. Sources that speak HTTP tell it.
type QuotaObserver interface {
	// Observe is given the headers of every answer, while the answer waits: it must return at once. It must not keep
	// the headers.
	Observe(header http.Header)
}

// Cache keeps answers of reads. Keys hold the identity that asked. It must be safe for concurrent use.
type Cache interface {
	Get(ctx context.Context, key string) (value []byte, ok bool)
	Set(ctx context.Context, key string, value []byte)
}

// NewOptions gathers the options of a constructor. usable names those that the source can use beside the logger and
// the telemetry providers, without the With; another one is an error that names it, for an option that does nothing
// would be a trap.
func NewOptions(all []Option, usable ...string) (Options, error) {
	var o Options
	for _, opt := range all {
		if opt != nil {
			opt.apply(&o)
		}
	}
	usable = append(usable, "Logger", "TracerProvider", "MeterProvider", "Limiter")
	var problems []error
	for _, name := range o.given {
		if !slices.Contains(usable, name) {
			problems = append(problems, fmt.Errorf("option With%s: this source cannot use it", name))
		}
	}
	if o.TLS != nil {
		o.TLS = o.TLS.Clone()
		if o.TLS.InsecureSkipVerify {
			problems = append(problems, errors.New(
				"option WithTLS: InsecureSkipVerify is refused; trust the authority of the server in RootCAs instead"))
		}
	}
	return o, errors.Join(problems...)
}

// WithLogger has the client log to l. Without it nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return option{"Logger", func(o *Options) { o.Logger = l }}
}

// WithTracerProvider has each call make a span. Without it there are no spans; the global provider is not used.
func WithTracerProvider(p trace.TracerProvider) Option {
	return option{"TracerProvider", func(o *Options) { o.TracerProvider = p }}
}

// WithMeterProvider has the client record metrics. Without it there are none; the global provider is not used.
func WithMeterProvider(p metric.MeterProvider) Option {
	return option{"MeterProvider", func(o *Options) { o.MeterProvider = p }}
}

// WithSecrets resolves the references among the secrets of a Config. Without it file:// references are resolved.
func WithSecrets(r secret.Resolver) Option {
	return option{"Secrets", func(o *Options) { o.Secrets = r }}
}

// WithTransport replaces the HTTP transport of a client that speaks HTTP. The client does not close it.
func WithTransport(t http.RoundTripper) Option {
	return option{"Transport", func(o *Options) { o.Transport = t }}
}

// WithDialer replaces how connections are opened.
func WithDialer(d Dialer) Option {
	return option{"Dialer", func(o *Options) { o.Dialer = d }}
}

// WithTLS replaces the TLS configuration that Config describes. It is cloned. Verification cannot be switched off:
// InsecureSkipVerify is an error of the constructor.
func WithTLS(c *tls.Config) Option {
	return option{"TLS", func(o *Options) { o.TLS = c }}
}

// WithLimiter adds a bound that is shared beyond this process, inside the client's own.
func WithLimiter(l Limiter) Option {
	return option{"Limiter", func(o *Options) { o.Limiter = l }}
}

// WithCache keeps answers of reads where the source supports it.
func WithCache(c Cache) Option {
	return option{"Cache", func(o *Options) { o.Cache = c }}
}
