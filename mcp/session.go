package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.opentelemetry.io/otel/propagation"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/tool"
)

// Session calls the tools of one remote server through a guard. It connects at the first call, again when the server forgot
// the session, the process ended or the connection broke, and shows a new token when the present one was refused. It is safe
// for concurrent use; Close ends it.
type Session struct {
	config ClientConfig
	guard  *base.Guard
	http   *http.Client
	token  *secret.Cache // nil: none
	shown  shown
	ops    atomic.Pointer[map[string]*base.Op] // of the tools, by name; nil before the first list

	ended    context.Context // cut off at the end of Close
	end      context.CancelFunc
	dialing  chan struct{} // held by who connects
	watchers sync.WaitGroup

	mu      sync.Mutex
	current *connection
	alive   map[*connection]bool // those that were not closed yet
	closed  bool
}

var (
	_ base.Client = (*Session)(nil)
	_ tool.Caller = (*Session)(nil)
)

// Dial makes a Session. It makes no call: a server that is down while the program starts is an error of the calls, until it
// is back. It takes the options WithSecrets, WithTransport, WithDialer and WithTLS beside those that every source takes. Every
// problem of the Config is reported at once, in one ErrInvalid.
func Dial(ctx context.Context, c ClientConfig, opts ...base.Option) (*Session, error) {
	c = c.withDefaults()
	options, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if err = errors.Join(c.Validate(), err); err != nil {
		return nil, invalid(c.Name, "Dial", err)
	}
	s := &Session{config: c, dialing: make(chan struct{}, 1), alive: map[*connection]bool{}}
	s.ended, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.open(ctx, options); err != nil {
		if s.token != nil {
			_ = s.token.Close() // nothing was asked of it
		}
		return nil, invalid(c.Name, "Dial", err)
	}
	return s, nil
}

func (s *Session) open(ctx context.Context, options base.Options) error {
	if !s.config.Token.IsZero() {
		source, err := s.config.Token.Source(ctx, options.Secrets)
		if err != nil {
			return errors.Join(errors.New("token"), err)
		}
		settings := secret.CacheConfig{}
		if _, reference := s.config.Token.Reference(); !reference {
			settings.Poll = -1 // a literal does not change, and a given source is asked again when its token is refused
		}
		s.token = secret.NewCache(source, settings)
	}
	next, err := s.config.transport(options)
	if err != nil {
		return err
	}
	s.http = &http.Client{
		Transport: &roundTripper{
			next: next, token: s.token, most: s.config.MaxAnswerBytes, ended: s.ended, given: options.Transport != nil, oauth: s.config.OAuth != nil, shown: &s.shown,
			idle: func() time.Duration { return s.guard.Limits().Idle.D() },
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a token goes to one server only
	}
	s.guard, err = base.NewGuard(base.GuardConfig{
		Name: s.config.Name, System: "mcp", Address: s.address(), Limits: s.config.Limits,
		Defaults: base.Limits{Concurrency: 50, Timeout: base.Duration(5 * time.Minute)},
		Refresh:  s.refresh, Secrets: s.secrets,
	}, options)
	return err
}

// refresh waits for a token that was not refused. An error says that there is none, and that a retry is useless.
func (s *Session) refresh(ctx context.Context) error {
	if s.token == nil {
		return secret.ErrEmpty
	}
	_, err := s.token.Get(ctx)
	return err
}

// Name is ClientConfig.Name, by default mcp.
func (s *Session) Name() string { return s.config.Name }

// Health is what is known of the server without a call. What the sources behind it say of themselves stands in its resource
// sources://health.
func (s *Session) Health() base.Health { return s.guard.Health() }

// Reload replaces the limits while calls run.
func (s *Session) Reload(l base.Limits) error { return s.guard.Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cut. It may be called
// again.
func (s *Session) Close() error {
	grace, cancel := context.WithTimeout(context.Background(), base.CloseGrace)
	defer cancel()
	err := s.guard.Close(grace)
	if err != nil {
		err = fmt.Errorf("%s: close: calls were still running after %s and were cut", s.config.Name, base.CloseGrace)
		s.end() // the SDK waits for calls
	}
	s.mu.Lock()
	alive := slices.Collect(maps.Keys(s.alive))
	s.current, s.closed = nil, true
	s.mu.Unlock()
	for _, c := range alive {
		_ = c.session.Close() // the server was told, or is gone
	}
	s.end()
	s.http.CloseIdleConnections()
	if s.token != nil {
		err = errors.Join(err, s.token.Close())
	}
	s.watchers.Wait()
	return err
}

var opPing = &base.Op{Name: "Ping", System: base.SystemMCP, Probe: true}

// Ping lists the tools anew, which proves reach and credentials.
func (s *Session) Ping(ctx context.Context) error {
	_, err := base.Do(ctx, s.guard, opPing, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.on(ctx, s.list)
	})
	return err
}

var opTools = &base.Op{Name: "Tools", System: base.SystemMCP}

// Tools are the tools that the server lists now. Their words come from outside: they are data for a model, too.
func (s *Session) Tools(ctx context.Context) ([]*sdk.Tool, error) {
	return base.Do(ctx, s.guard, opTools, func(ctx context.Context) (tools []*sdk.Tool, err error) {
		err = s.on(ctx, func(ctx context.Context, c *connection) error {
			if err := s.list(ctx, c); err != nil {
				return err
			}
			tools = slices.Clone(*c.tools.Load())
			return nil
		})
		return tools, err
	})
}

// on does something on the present connection, types what went wrong, and leaves a connection that broke.
func (s *Session) on(ctx context.Context, do func(context.Context, *connection) error) error {
	ctx, x := withExchange(ctx)
	c, err := s.use(ctx)
	if err != nil {
		return s.typed(ctx, err, x, true)
	}
	err = do(ctx, c)
	e := s.typed(ctx, err, x, false)
	s.done(c, err != nil && broke(ctx, err, x))
	if err == nil {
		return nil
	}
	return e
}

var metadata = propagation.TraceContext{}

// params is the request of one call, with the trace of the caller.
func params(ctx context.Context, name string, args json.RawMessage) *sdk.CallToolParams {
	p := &sdk.CallToolParams{Name: name, Arguments: args}
	if len(args) == 0 {
		p.Arguments = json.RawMessage("{}")
	}
	carrier := propagation.MapCarrier{}
	metadata.Inject(ctx, carrier)
	for key, value := range carrier {
		if p.Meta == nil {
			p.Meta = sdk.Meta{}
		}
		p.Meta[key] = value
	}
	return p
}
