package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/prompt"
)

// remote is an error of a tool as this side sees it: what was local there is the failure of a source here.
func remote(source, name string, e *base.Error) *base.Error {
	switch e.Kind {
	case base.KindLimitExceeded:
		e.Kind = base.KindThrottled
	case base.KindCircuitOpen, base.KindBudgetExhausted, base.KindClosed, base.KindCanceled:
		e.Kind = base.KindUnavailable
	case base.KindNoTimeLeft:
		e.Kind = base.KindDeadline
	}
	if e.Source == "" {
		e.Source = source
	}
	if e.Op == "" {
		e.Op = name
	}
	return e
}

// broke reports whether the connection is of no more use. An answer, even a refusal, shows that it lives; so does the end of
// the caller's patience.
func broke(ctx context.Context, err error, x *exchange) bool {
	failure, lost, _ := x.read()
	if _, answered := errors.AsType[*jsonrpc.Error](err); answered && !lost || ctx.Err() != nil {
		return false
	}
	if e, ours := errors.AsType[*base.Error](err); ours && e.Sent == base.Answered && failure == nil {
		return false
	}
	return true
}

// phrases tell apart, by the SDK's words, failures that it gives as text alone; the first counts. Of others the connection broke.
var phrases = []struct {
	words string
	kind  base.Kind
}{
	{"exceeded max event size", base.KindTooLarge},
	{"unsupported content type", base.KindProtocol},
	{"failed to decode", base.KindProtocol},
	{"malformed", base.KindProtocol},
	{"unsupported protocol", base.KindProtocol},
	{"mismatching session IDs", base.KindProtocol},
	{"unexpected end of JSON", base.KindProtocol},
	{"invalid character", base.KindProtocol},
	{"executable file not found", base.KindInvalid},
	{"no such file or directory", base.KindInvalid},
}

// typed turns an error of the SDK into one of ours. greeting says that no tool was called yet.
func (s *Session) typed(ctx context.Context, err error, x *exchange, greeting bool) *base.Error {
	if err == nil {
		return nil
	}
	failure, lost, _ := x.read()
	e, ours := errors.AsType[*base.Error](err)
	switch refused, answered := errors.AsType[*jsonrpc.Error](err); {
	case ctx.Err() != nil:
		e = base.ClassifyNetwork(context.Cause(ctx)).WithText(fmt.Sprintf("%s: %v", s.address(), context.Cause(ctx)))
	case failure != nil:
		e = copied(failure)
	case ours:
	case lost || errors.Is(err, sdk.ErrSessionMissing):
		e = base.NewError(base.KindUnavailable, err).WithText("the server does not know the session any more")
		e.Sent = base.NotSent
	case answered:
		e = base.NewError(rpcKind(refused.Code), s.concealedError(err)).WithText("the server answered: " + abridged(prompt.Clean(refused.Message)))
		e.Sent = base.Answered
	default:
		e = base.NewError(phrased(err), s.concealedError(err)).WithText(abridged(prompt.Clean(err.Error())))
	}
	if greeting {
		e.Sent = base.NotSent
	}
	return e
}

// concealedError is an error of the SDK without the secrets that the server put into its words.
func (s *Session) concealedError(err error) error {
	secrets := s.secrets()
	refused, answered := errors.AsType[*jsonrpc.Error](err)
	if answered && base.Conceal(string(refused.Data), secrets...) != string(refused.Data) {
		return &jsonrpc.Error{Code: refused.Code, Message: base.Conceal(refused.Message, secrets...)}
	}
	text := base.Conceal(err.Error(), secrets...)
	switch {
	case text == err.Error():
		return err
	case answered:
		return &jsonrpc.Error{Code: refused.Code, Message: base.Conceal(refused.Message, secrets...), Data: refused.Data}
	}
	return errors.New(text)
}

// copied is a failure that a retry may fill in anew.
func copied(e *base.Error) *base.Error {
	c := *e
	return &c
}

func phrased(err error) base.Kind {
	for _, p := range phrases {
		if strings.Contains(err.Error(), p.words) {
			return p.kind
		}
	}
	return base.KindUnavailable
}

// rpcKind is the kind of an error of JSON-RPC 2.0, https://www.jsonrpc.org/specification.
func rpcKind(code int64) base.Kind {
	switch code {
	case jsonrpc.CodeInvalidParams, jsonrpc.CodeInvalidRequest:
		return base.KindInvalid
	case jsonrpc.CodeMethodNotFound, jsonrpc.CodeParseError:
		return base.KindProtocol
	}
	return base.KindInternal
}
