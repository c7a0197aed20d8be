package mcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// handler runs one tool for a remote caller. Whatever happens in it is a result: an error of the protocol would be hidden from
// the model that could do better.
func (s *Server) handler(ended context.Context, t tool.Tool) sdk.ToolHandler {
	return func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		began := time.Now()
		ctx, span := s.span(ctx, r)
		defer span.End()
		answer, err := s.run(ctx, ended, t, r)
		result, err := s.result(answer, err)
		s.log(ctx, t.Name(), err, time.Since(began))
		if err != nil {
			span.SetStatus(codes.Error, base.KindOf(err).String())
			span.SetAttributes(attribute.String("error.type", base.KindOf(err).String()))
		}
		return result, nil
	}
}

var propagator = propagation.TraceContext{}

// span continues the trace of the caller, which stands in the metadata of its request.
func (s *Server) span(ctx context.Context, r *sdk.CallToolRequest) (context.Context, trace.Span) {
	carrier := propagation.MapCarrier{}
	for _, key := range propagator.Fields() {
		if value, ok := r.Params.Meta[key].(string); ok {
			carrier[key] = value
		}
	}
	ctx = propagator.Extract(ctx, carrier)
	return s.tracer.Start(ctx, "tools/call "+r.Params.Name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("mcp.method.name", "tools/call"), attribute.String("gen_ai.tool.name", r.Params.Name),
	))
}

// run takes a place for the call and bounds it.
func (s *Server) run(ctx, ended context.Context, t tool.Tool, r *sdk.CallToolRequest) (json.RawMessage, error) {
	if err := s.enter(t.Name()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.config.CallTimeout))
	defer cancel()
	defer s.tell(ctx, r)() // a caller that does not read holds it up, and must not hold the place of another call
	defer s.leave()
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	defer context.AfterFunc(ended, func() { cut(errShutdown) })()
	return safely(ctx, t, r.Params.Arguments)
}

func (s *Server) enter(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		e := base.NewError(base.KindUnavailable, nil).WithText("the server is ending")
		e.Op, e.Sent = name, base.NotSent
		return e
	}
	select {
	case s.calls <- struct{}{}:
	default:
		e := base.NewError(base.KindThrottled, nil).WithText("the server runs as many calls as it may")
		e.Op, e.Sent, e.RetryAfter = name, base.NotSent, time.Second
		return e
	}
	s.running.Add(1)
	return nil
}

func (s *Server) leave() {
	<-s.calls
	s.running.Done()
}

// safely runs the tool; a panic in it is an error.
func safely(ctx context.Context, t tool.Tool, args json.RawMessage) (answer json.RawMessage, err error) {
	defer func() {
		if value := recover(); value != nil {
			e := base.NewError(base.KindInternal, &base.PanicError{Value: value, Stack: string(debug.Stack())}).WithText("the tool panicked")
			e.Op = t.Name()
			err = e
		}
	}()
	if answer, err = t.Call(ctx, args); err != nil {
		return nil, typed(t.Name(), err)
	}
	return answer, nil
}

// typed gives an error of a tool that is not of ours a Kind.
func typed(name string, err error) error {
	if _, ours := errors.AsType[*base.Error](err); ours {
		return err
	}
	e := base.NewError(cmp.Or(base.KindOf(err), base.KindInternal), err)
	e.Op = name
	return e
}

// log tells of one call, never of its arguments or its answer.
func (s *Server) log(ctx context.Context, name string, err error, elapsed time.Duration) {
	if s.logger == nil {
		return
	}
	level, fields := slog.LevelDebug, []slog.Attr{slog.String("tool", name), slog.Duration("elapsed", elapsed)}
	if err != nil {
		level, fields = slog.LevelWarn, append(fields, slog.String("kind", base.KindOf(err).String()), slog.Any("error", err))
	}
	s.logger.LogAttrs(ctx, level, "tool called", fields...)
}
