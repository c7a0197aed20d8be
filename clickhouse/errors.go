package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// ServerError is an exception of the server, as errors.As finds it in an error of this package.
type ServerError struct {
	Code    int    // such as 60
	Name    string // such as DB::Exception
	Message string
}

// Error is the code and the message.
func (e *ServerError) Error() string {
	return fmt.Sprintf("code %d: %s", e.Code, strings.TrimPrefix(e.Message, e.Name+": "))
}

// totalMemory is the phrase by which the server tells that it has no memory as a whole from a query that has used up its
// own: the code is the same.
const totalMemory = "(total) memory limit exceeded"

// classify types an error of a call.
func classify(err error) *base.Error {
	typed := classifyCause(err)
	if typed == nil {
		typed = base.ClassifyNetwork(err)
	}
	if e, ok := errors.AsType[*queryError](err); ok {
		typed.QueryID = e.id
	}
	if _, ok := errors.AsType[*unsentError](err); ok && typed.Sent == base.MaybeSent {
		typed.Sent = base.NotSent
	}
	return typed
}

func classifyCause(err error) *base.Error {
	if e, ok := errors.AsType[*ServerError](err); ok {
		return classifyServer(e, err)
	}
	if e, ok := errors.AsType[*columnError](err); ok {
		typed := base.NewError(base.KindInvalid, err).WithText(e.Error())
		typed.Sent, typed.Code = base.Answered, "type"
		typed.Hint = "leave the column out, or select toString(column)"
		return typed
	}
	if e, ok := errors.AsType[*silenceError](err); ok {
		typed := base.NewError(base.KindUnavailable, err).WithText(e.Error())
		typed.Hint = "the server or the network is stuck; limits.idle says how long a silence may be"
		return typed
	}
	if _, ok := errors.AsType[*malformedError](err); ok {
		typed := base.NewError(base.KindProtocol, err)
		typed.Hint = "what answers is not ClickHouse's native protocol, or it was damaged on the way; check host and port"
		return typed
	}
	return classifyOwn(err)
}

// classifyOwn types the errors of this package that are no answer of the server.
func classifyOwn(err error) *base.Error {
	switch {
	case errors.Is(err, errPoolClosed):
		e := base.NewError(base.KindClosed, err)
		e.Sent, e.Hint = base.NotSent, "the client was closed"
		return e
	case errors.Is(err, secret.ErrRefused):
		e := base.NewError(base.KindUnauthenticated, err)
		e.Sent, e.Hint = base.NotSent, "the server refused this password before; it is not sent again until it changes"
		return e
	case errors.Is(err, secret.ErrEmpty), errors.Is(err, secret.ErrExpired), errors.Is(err, secret.ErrUnresolved):
		e := base.NewError(base.KindUnauthenticated, err)
		e.Sent, e.Hint = base.NotSent, "the password could not be had"
		return e
	case errors.Is(err, errOvertime):
		e := base.NewError(tooLong.kind, err)
		e.Code, e.Hint = "max_execution", tooLong.hint
		return e
	case errors.Is(err, context.Canceled):
		return base.NewError(base.KindCanceled, err)
	}
	if e, ok := errors.AsType[*unboundError](err); ok {
		typed := base.NewError(base.KindInvalid, err).WithText(e.Error())
		typed.Sent, typed.Hint = base.NotSent, "ask a newer server, or write no args"
		return typed
	}
	return nil
}

func classifyServer(e *ServerError, err error) *base.Error {
	v, known := verdicts[e.Code]
	switch {
	case !known:
		v = verdict{kind: base.KindInternal}
	case e.Code == 241 && strings.Contains(e.Message, totalMemory):
		v = overloaded
	}
	typed := base.NewError(v.kind, err).WithText(e.Error())
	typed.Sent, typed.Code, typed.Hint = base.Answered, strconv.Itoa(e.Code), v.hint
	return typed
}

func serverError(err error) (*ServerError, bool) { return errors.AsType[*ServerError](err) }

// queryError adds the id of the query to an error.
type queryError struct {
	id  string
	err error
}

func (e *queryError) Error() string { return e.err.Error() }

func (e *queryError) Unwrap() error { return e.err }

// dialError is a connection that could not be had: nothing was sent.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }

func (e *dialError) Unwrap() error { return e.err }

// unsentError is a failure before the statement was sent.
type unsentError struct{ err error }

func notSent(err error) error { return &unsentError{err} }

func (e *unsentError) Error() string { return e.err.Error() }

func (e *unsentError) Unwrap() error { return e.err }

// unboundError is a statement with values for a server that cannot bind them.
type unboundError struct{ server hello }

func (e *unboundError) Error() string {
	return fmt.Sprintf("args: the server is version %d.%d, which binds no values (22.8 does)", e.server.major, e.server.minor)
}
