package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
)

// connection is one session of the SDK with what its server lists.
type connection struct {
	session *sdk.ClientSession
	dead    chan struct{} // closed when the session ended
	stale   atomic.Bool   // the server said that its tools changed
	tools   atomic.Pointer[[]*sdk.Tool]

	users   int  // calls on it, under the Session's mu
	retired bool // no call begins on it any more, under the Session's mu
}

// connect greets the server and lists its tools.
func (s *Session) connect(ctx context.Context) (*connection, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(s.config.ConnectTimeout), errGreeting)
	defer cancel()
	c := &connection{dead: make(chan struct{})}
	options := &sdk.ClientOptions{Capabilities: &sdk.ClientCapabilities{}}
	if s.config.ClientOptions != nil {
		s.config.ClientOptions(options)
	}
	told := options.ToolListChangedHandler
	options.ToolListChangedHandler = func(ctx context.Context, r *sdk.ToolListChangedRequest) {
		c.stale.Store(true)
		if told != nil {
			told(ctx, r)
		}
	}
	var err error
	if c.session, err = s.greet(ctx, options); err != nil {
		return nil, greeting(ctx, err)
	}
	if !s.watch(c) {
		_ = c.session.Close()
		return nil, base.NewError(base.KindClosed, nil)
	}
	if err := s.list(ctx, c); err != nil {
		s.leave(c)
		return nil, greeting(ctx, err)
	}
	return c, nil
}

// greet returns with the context: the SDK first tells the server, which may be silent, that it does not wait any more.
func (s *Session) greet(ctx context.Context, options *sdk.ClientOptions) (*sdk.ClientSession, error) {
	type greeted struct {
		session *sdk.ClientSession
		err     error
	}
	done := make(chan greeted)
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.watchers.Go(func() {
			session, err := sdk.NewClient(&sdk.Implementation{Name: "fourkites-sources", Version: version()}, options).Connect(ctx, s.transport(), nil)
			select {
			case done <- greeted{session, err}:
			case <-ctx.Done():
				if err == nil {
					_ = session.Close()
				}
			}
		})
	}
	s.mu.Unlock()
	if closed {
		return nil, base.NewError(base.KindClosed, nil)
	}
	select {
	case g := <-done:
		return g.session, g.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// watch learns when the connection ended; not of a session that is closed.
func (s *Session) watch(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.alive[c] = true
	s.watchers.Go(func() {
		_ = c.session.Wait()  // why it ended is told by the calls on it
		_ = c.session.Close() // the SDK keeps what listens to the server until then
		s.mu.Lock()
		delete(s.alive, c)
		s.mu.Unlock()
		close(c.dead)
	})
	return true
}

var errGreeting = errors.New("the server did not greet in time")

// greeting says that a server hung, where it did: the SDK's text does not.
func greeting(ctx context.Context, err error) error {
	if context.Cause(ctx) != errGreeting { //nolint:errorlint // our own, unwrapped
		return err
	}
	e := base.NewError(base.KindAttemptTimeout, err).WithText(errGreeting.Error())
	e.Sent = base.NotSent // no tool was called
	return e
}

func (s *Session) transport() sdk.Transport {
	if len(s.config.Command) > 0 {
		program := exec.CommandContext(s.ended, s.config.Command[0], s.config.Command[1:]...) //nolint:gosec // the operator's
		return &sdk.CommandTransport{Command: program, TerminateDuration: time.Second}
	}
	return &sdk.StreamableClientTransport{
		Endpoint: s.config.URL, HTTPClient: s.http, MaxRetries: 3, OAuthHandler: s.config.OAuth, MaxEventSize: int(s.config.MaxAnswerBytes),
	}
}

// list asks for the tools, page by page. The pages, their tools and what these hold are bounded together: each page is an answer.
func (s *Session) list(ctx context.Context, c *connection) (err error) {
	c.stale.Store(false) // what changes from here on is another change
	defer func() {
		if err != nil {
			c.stale.Store(true)
		}
	}()
	var tools []*sdk.Tool
	seen, size := 0, int64(0)
	for cursor, pages := "", 1; cursor != "" || pages == 1; pages++ {
		page, err := c.session.ListTools(ctx, &sdk.ListToolsParams{Cursor: cursor})
		if err != nil {
			return err
		}
		if seen += len(page.Tools); seen > s.config.MaxTools || pages > s.config.MaxTools+1 {
			return tooMuch("the server lists more than %d tools", int64(s.config.MaxTools))
		}
		for _, one := range page.Tools {
			if one == nil || one.Name == "" {
				continue // no tool that could be called
			}
			one, n := s.cleaned(one)
			if size += n; size > s.config.MaxAnswerBytes {
				return tooMuch("the list of tools has more than the %d bytes that an answer may have", s.config.MaxAnswerBytes)
			}
			tools = append(tools, one)
		}
		cursor = page.NextCursor
	}
	c.tools.Store(&tools)
	s.learn(tools)
	return nil
}

func tooMuch(format string, most int64) error {
	e := base.NewError(base.KindTooLarge, nil).WithText(fmt.Sprintf(format, most))
	e.Sent = base.Answered
	return e
}

// cleaned is a tool without this side's secrets, and its length as JSON.
func (s *Session) cleaned(t *sdk.Tool) (*sdk.Tool, int64) {
	data, err := plain(t)
	if err != nil {
		return t, 0 // it came as JSON
	}
	if concealed := s.concealed(data); !bytes.Equal(concealed, data) {
		again := new(sdk.Tool)
		if json.Unmarshal(concealed, again) == nil {
			t = again
		}
	}
	return t, int64(len(data))
}

// find gives the tool of that name; nil if the server has none.
func (c *connection) find(name string) *sdk.Tool {
	tools := *c.tools.Load()
	if at := slices.IndexFunc(tools, func(t *sdk.Tool) bool { return t.Name == name }); at >= 0 {
		return tools[at]
	}
	return nil
}

// use gives the present connection, made if there is none. Every use ends with done.
func (s *Session) use(ctx context.Context) (*connection, error) {
	select {
	case s.dialing <- struct{}{}:
		defer func() { <-s.dialing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if c := s.present(); c != nil {
		return c, nil
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	c.users = 1
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.current = c
	}
	s.mu.Unlock()
	if closed {
		s.leave(c)
		return nil, base.NewError(base.KindClosed, nil)
	}
	return c, nil
}

// present is the connection at hand, if it lives.
func (s *Session) present() *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil
	}
	select {
	case <-s.current.dead:
		s.current = nil
		return nil
	default:
		s.current.users++
		return s.current
	}
}

// done ends a use. A connection that broke is not used again, and ends with the last call on it.
func (s *Session) done(c *connection, broke bool) {
	s.mu.Lock()
	c.users--
	c.retired = c.retired || broke
	if c.retired && s.current == c {
		s.current = nil
	}
	last := c.retired && c.users == 0
	s.mu.Unlock()
	if last {
		s.leave(c)
	}
}

// leave ends a connection without holding up the caller: a server that is gone is told so in vain. Close waits for it.
func (s *Session) leave(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive[c] { // else Close or the server ended it
		s.watchers.Go(func() { _ = c.session.Close() })
	}
}
