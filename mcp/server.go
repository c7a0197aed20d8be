package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// Server serves tools. It is an [http.Handler], safe for concurrent use; Shutdown ends it. Its clients belong to the caller,
// who closes them after it.
type Server struct {
	config    ServerConfig
	endpoints map[string]*endpoint // "" = all
	bearer    *bearer              // nil: no token is asked for
	logger    *slog.Logger         // nil: nothing is logged
	tracer    trace.Tracer

	ended context.Context // of all calls
	end   context.CancelCauseFunc
	calls chan struct{} // a place for each that runs

	mu       sync.Mutex
	closing  bool
	starting int            // sessions that are being made
	running  sync.WaitGroup // calls
}

// endpoint is what one path serves.
type endpoint struct {
	name    string
	tools   []tool.Tool
	boxes   []Toolbox
	sdk     *sdk.Server
	handler http.Handler
}

var errShutdown = errors.New("the server ends")

// NewServer makes a server of these tools; it makes no call and listens to nothing. Every problem of the Config and of the
// tools is reported at once, in one ErrInvalid: a name that stands twice, a tool that some hosts refuse. It takes the options
// WithLogger, which tells of each call, never of its arguments, WithTracerProvider, and WithSecrets for the Tokens.
func NewServer(ctx context.Context, c ServerConfig, boxes []Toolbox, opts ...base.Option) (*Server, error) {
	c = c.withDefaults()
	options, err := base.NewOptions(opts, "Secrets")
	err = errors.Join(c.Validate(), err, validateBoxes(c, boxes))
	var tokens *bearer
	if err == nil {
		tokens, err = newBearer(ctx, c, options.Secrets)
	}
	if err != nil {
		return nil, invalid(c.Name, "NewServer", err)
	}
	s := &Server{config: c, bearer: tokens, logger: options.Logger, endpoints: map[string]*endpoint{}, calls: make(chan struct{}, c.MaxCalls)}
	s.tracer = noop.NewTracerProvider().Tracer("")
	if options.TracerProvider != nil {
		s.tracer = options.TracerProvider.Tracer("github.com/fourkites/sources/mcp")
	}
	s.ended, s.end = context.WithCancelCause(context.WithoutCancel(ctx))
	s.mount(boxes)
	return s, nil
}

// invalid is one error of all that is wrong, on one line.
func invalid(source, op string, err error) error {
	e := base.NewError(base.KindInvalid, err).WithText(strings.ReplaceAll(err.Error(), "\n", "; "))
	e.Source, e.Op, e.Sent = source, op, base.NotSent
	return e
}

var endpointForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,47}$`)

// validateBoxes looks for what the SDK would take in silence: of two tools of one name it serves the later.
func validateBoxes(c ServerConfig, boxes []Toolbox) error {
	var problems []error
	endpoints, names := map[string]bool{}, map[string]string{}
	for i, box := range boxes {
		if box == nil {
			problems = append(problems, fmt.Errorf("toolbox %d: nil", i))
			continue
		}
		name := box.Name()
		if !endpointForm.MatchString(name) {
			problems = append(problems, fmt.Errorf("toolbox %q: the name is part of a path; write lower case letters, digits, - and _", name))
		}
		if endpoints[name] {
			problems = append(problems, fmt.Errorf("toolbox %q: the name stands twice", name))
		}
		endpoints[name] = true
		own := map[string]bool{}
		for _, t := range served(c, box.Tools()) {
			problems = append(problems, t.Check())
			if at, twice := names[t.Name()]; twice {
				problems = append(problems, fmt.Errorf("tool %s: declared by %s and by %s", t.Name(), at, name))
			}
			names[t.Name()], own[t.Name()] = name, true
		}
		for _, t := range served(c, aliasesOf(box)) {
			problems = append(problems, t.Check())
			if own[t.Name()] {
				problems = append(problems, fmt.Errorf("tool %s: stands twice at the endpoint %s", t.Name(), name))
			}
			own[t.Name()] = true
		}
	}
	return errors.Join(problems...)
}

// served are the tools without those that write, if these are not wanted.
func served(c ServerConfig, tools []tool.Tool) []tool.Tool {
	return slices.DeleteFunc(slices.Clone(tools), func(t tool.Tool) bool { return !t.ReadOnly() && !c.Writes })
}

func (s *Server) mount(boxes []Toolbox) {
	all := &endpoint{boxes: boxes}
	for _, box := range boxes {
		own := served(s.config, box.Tools())
		all.tools = append(all.tools, own...)
		s.add(&endpoint{name: box.Name(), boxes: []Toolbox{box}, tools: slices.Concat(own, served(s.config, aliasesOf(box)))})
	}
	s.add(all)
}

func (s *Server) add(e *endpoint) {
	e.sdk = s.serve(s.ended, e)
	e.handler = sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return e.sdk }, &sdk.StreamableHTTPOptions{
		Stateless:                    s.config.Stateless,
		SessionTimeout:               time.Duration(s.config.SessionIdle),
		MaxRequestBodyBytes:          s.config.MaxRequestBytes,
		PropagateRequestCancellation: true,
		DisableLocalhostProtection:   true, // the door checks the host, and knows which are allowed
	})
	s.endpoints[e.name] = e
}

// serve makes the SDK's server of an endpoint. Its calls are cut when ended ends.
func (s *Server) serve(ended context.Context, e *endpoint) *sdk.Server {
	options := &sdk.ServerOptions{Instructions: s.config.Instructions, Capabilities: &sdk.ServerCapabilities{}}
	if s.config.ServerOptions != nil {
		s.config.ServerOptions(e.name, options)
	}
	served := sdk.NewServer(&sdk.Implementation{Name: s.config.Name, Version: s.config.Version}, options)
	for _, t := range e.tools {
		served.AddTool(description(t), s.handler(ended, t))
	}
	e.addHealth(served)
	served.AddReceivingMiddleware(e.suggest)
	if s.config.Configure != nil {
		s.config.Configure(e.name, served)
	}
	return served
}

func description(t tool.Tool) *sdk.Tool {
	no, open := false, true
	annotations := &sdk.ToolAnnotations{ReadOnlyHint: t.ReadOnly(), IdempotentHint: t.ReadOnly(), OpenWorldHint: &open, DestructiveHint: &no}
	return &sdk.Tool{
		Name: t.Name(), Description: t.Description(), InputSchema: t.InputSchema(), OutputSchema: t.OutputSchema(), Annotations: annotations,
	}
}

// Endpoints are the names of the endpoints, in order; that of all tools, which has none, is not among them.
func (s *Server) Endpoints() []string {
	var names []string
	for name := range s.endpoints {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Shutdown refuses new calls at once, waits for those that run, at most until the context ends, then cuts them and ends all
// sessions. It returns the context's error if calls were cut. It may be called again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	finished := make(chan struct{})
	go func() { s.running.Wait(); close(finished) }()
	var err error
	select {
	case <-finished:
	case <-ctx.Done():
		err = fmt.Errorf("mcp: calls were cut: %w", context.Cause(ctx))
	}
	s.end(errShutdown)
	for _, e := range s.endpoints {
		for session := range e.sdk.Sessions() {
			_ = session.Close() // its client is told nothing more
		}
	}
	if s.bearer != nil {
		err = errors.Join(err, s.bearer.close())
	}
	return err
}
