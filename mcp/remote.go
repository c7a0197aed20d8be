package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// Call calls a declared tool where it is served: by a [Session], or in process by a [tool.Set]. Its answer and its errors are
// the same.
func Call[In, Out any](ctx context.Context, c tool.Caller, d tool.Declaration[In, Out], in In) (Out, error) {
	return d.Call(ctx, c, in)
}

// reply is how a call ended that the server answered.
type reply struct {
	answer json.RawMessage
	err    *base.Error
}

// CallTool calls a tool of the server. The answer is the JSON that the tool gave, of a server that gives text alone the JSON in
// it, and words as one JSON string. The error of a tool is the one that it had there, with its Kind, Source, Op and hint; it
// says nothing of the health of this session.
func (s *Session) CallTool(ctx context.Context, name string, args json.RawMessage) (json.RawMessage, error) {
	op := s.op(name)
	r, err := base.Do(ctx, s.guard, op, func(ctx context.Context) (r reply, err error) {
		err = s.on(ctx, func(ctx context.Context, c *connection) error {
			r, err = s.ask(ctx, c, name, args)
			return err
		})
		if e, ok := errors.AsType[*base.Error](err); ok && op == opFirst {
			return r, s.once(name, e)
		}
		return r, err
	})
	switch {
	case err != nil:
		return nil, err
	case r.err != nil:
		return nil, r.err
	}
	told(ctx, r.answer)
	return r.answer, nil
}

// told hands on what the answer says of its own cost and cover, as the call in process would: the session counts its calls.
func told(ctx context.Context, answer json.RawMessage) {
	var page struct {
		Stats base.Stats `json:"stats"`
	}
	if json.Unmarshal(answer, &page) != nil {
		return // it is no page
	}
	page.Stats.Calls, page.Stats.Attempts, page.Stats.Elapsed = 0, 0, 0
	base.AddStats(ctx, page.Stats)
}

var (
	// opFirst is for the call that connects: what its tool does is known once the server has listed it.
	opFirst = &base.Op{Name: "CallTool", System: base.SystemMCP}
	// opUnlisted is for a tool that the server has not listed: it may do anything.
	opUnlisted = &base.Op{Name: "CallTool", System: base.SystemMCP, Safety: base.Unsafe}
)

// op is how a tool may be called: one that only reads may be asked again.
func (s *Session) op(name string) *base.Op {
	ops := s.ops.Load()
	if ops == nil {
		return opFirst
	}
	if op, ok := (*ops)[name]; ok {
		return op
	}
	return opUnlisted
}

// once keeps a failed first call from being made again, if its tool may change something and the server may have got it.
func (s *Session) once(name string, e *base.Error) *base.Error {
	if e.Sent == base.NotSent || s.op(name) == opFirst || s.op(name).Safety == base.ReadOnly {
		return e
	}
	e = copied(e)
	if e.Sent == base.MaybeSent {
		e.Kind = base.KindOutcomeUnknown
	}
	return e.WithoutRetry()
}

// learn keeps one Op for each tool of a list; those of tools that did not change stay.
func (s *Session) learn(tools []*sdk.Tool) {
	old, ops := s.ops.Load(), make(map[string]*base.Op, len(tools))
	for _, t := range tools {
		safety := base.Unsafe
		if t.Annotations != nil && (t.Annotations.ReadOnlyHint || t.Annotations.IdempotentHint) {
			safety = base.ReadOnly
		}
		if old != nil && (*old)[t.Name] != nil && (*old)[t.Name].Safety == safety {
			ops[t.Name] = (*old)[t.Name]
			continue
		}
		ops[t.Name] = &base.Op{Name: t.Name, System: base.SystemMCP, Safety: safety}
	}
	s.ops.Store(&ops)
}

// ask makes one attempt. What the tool said is a reply; an error is the server's or the connection's.
func (s *Session) ask(ctx context.Context, c *connection, name string, args json.RawMessage) (reply, error) {
	if c.stale.Load() || c.find(name) == nil {
		if err := s.list(ctx, c); err != nil {
			return reply{}, err
		}
	}
	if c.find(name) == nil {
		return reply{err: s.unknown(c, name)}, nil
	}
	result, err := c.session.CallTool(ctx, params(ctx, name, args))
	if err != nil {
		return reply{}, err
	}
	text := textIn(result)
	if result.IsError {
		e := errorOf(result, text, s.guard.Clean)
		if e.Source == "" && e.Sent == base.NotSent { // the server itself did not run it
			return reply{}, e
		}
		return reply{err: remote(s.config.Name, name, e)}, nil
	}
	answer, err := s.answer(result, text)
	return reply{answer: answer}, err
}

// unknown is what a [tool.Set] says of a tool that it does not have.
func (s *Session) unknown(c *connection, name string) *base.Error {
	tools := tool.Set{}
	for _, t := range *c.tools.Load() {
		tools = append(tools, tool.Declare[struct{}, struct{}](t.Name, "").Bind(nil))
	}
	_, err := tools.CallTool(context.Background(), name, nil)
	e, _ := errors.AsType[*base.Error](err)
	e.Source, e.Sent = s.config.Name, base.NotSent
	e.SetHint(base.HintOf("this server does not list it; one that writes is listed only where the server serves writes"))
	return e
}

func textIn(r *sdk.CallToolResult) string {
	var all strings.Builder
	for _, c := range r.Content {
		if text, ok := c.(*sdk.TextContent); ok {
			all.WriteString(text.Text)
		}
	}
	return all.String()
}

// secrets are what must not show in any text: the tokens that were shown, and the present one.
func (s *Session) secrets() []string {
	all := s.shown.all()
	if s.token == nil {
		return all
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel() // what is at hand, without a wait
	snap, err := s.token.Get(ended)
	if err != nil || snap.Reveal() == "" || slices.Contains(all, snap.Reveal()) {
		return all
	}
	return append(all, snap.Reveal())
}

func (s *Session) address() string {
	u, err := url.Parse(s.config.URL)
	if err != nil {
		return ""
	}
	return u.Host
}
