package clickhouse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// ServerError is an exception of the server, as errors.As finds it in an error of this package.
type ServerError struct {
	Code    int    // such as 60
	Name    string // such as DB::Exception; empty for one that is not known
	Message string // without the client's own password
}

// Error is the code and the message.
func (e *ServerError) Error() string {
	text := e.Message
	if e.Name != "" {
		text = strings.TrimPrefix(text, e.Name+": ")
	}
	return fmt.Sprintf("code %d: %s", e.Code, text)
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
		typed.Hint = e.hint(typed.Hint)
	}
	if e, ok := errors.AsType[*handshakeError](err); ok {
		typed.Hint = e.hint(typed.Hint)
	}
	if _, ok := errors.AsType[*unsentError](err); ok && typed.Sent == base.MaybeSent {
		typed.Sent = base.NotSent
		if tlsconfig.Alert(err) {
			typed.Kind, typed.Code = base.KindInvalid, "tls"
			typed.SetHint(base.HintOf(tlsconfig.AlertHint))
		}
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
		typed.SetHint(base.HintOf("leave the column out, or select toString(column)"))
		return typed
	}
	if e, ok := errors.AsType[*silenceError](err); ok {
		typed := base.NewError(base.KindUnavailable, err).WithText(e.Error())
		typed.SetHint(base.HintOf("the server or the network is stuck; limits.idle says how long a silence may be"))
		return typed
	}
	if _, ok := errors.AsType[*malformedError](err); ok {
		typed := base.NewError(base.KindProtocol, err)
		typed.SetHint(base.HintOf("what answers is not ClickHouse's native protocol, or it was damaged on the way; check host and port"))
		return typed
	}
	return classifyOwn(err)
}

// classifyOwn types the errors of this package that are no answer of the server.
func classifyOwn(err error) *base.Error {
	switch {
	case errors.Is(err, errPoolClosed):
		e := base.NewError(base.KindClosed, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("the client was closed"))
		return e
	case errors.Is(err, secret.ErrRefused):
		e := base.NewError(base.KindUnauthenticated, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("the server refused this password before; it is not sent again until it changes"))
		return e
	case errors.Is(err, secret.ErrEmpty), errors.Is(err, secret.ErrExpired), errors.Is(err, secret.ErrUnresolved):
		e := base.NewError(base.KindUnauthenticated, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("the password could not be had"))
		return e
	case errors.Is(err, errOvertime):
		e := base.NewError(tooLong.kind, err)
		e.Code = "max_execution"
		e.SetHint(tooLong.hint)
		return e
	case errors.Is(err, context.Canceled):
		return base.NewError(base.KindCanceled, err)
	}
	if e, ok := errors.AsType[*unboundError](err); ok {
		typed := base.NewError(base.KindInvalid, err).WithText(e.Error())
		typed.Sent = base.NotSent
		typed.SetHint(base.HintOf("ask a newer server, or write no args"))
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
	typed.Sent, typed.Code = base.Answered, strconv.Itoa(e.Code)
	typed.SetHint(v.hint)
	return typed
}

func serverError(err error) (*ServerError, bool) { return errors.AsType[*ServerError](err) }

// queryError adds the id of the query to an error, and the names of its values.
type queryError struct {
	id   string
	err  error
	args []string
}

const codeUnset = 456

var unsetParameter = regexp.MustCompile("ubstitution [`']([A-Za-z0-9_]{1,128})[`']")

// hint names the parameter that has no value and those that have one.
func (e *queryError) hint(otherwise string) string {
	server, ok := serverError(e.err)
	if !ok || server.Code != codeUnset {
		return otherwise
	}
	name, given := "name", "none"
	if found := unsetParameter.FindStringSubmatch(server.Message); found != nil {
		name = found[1]
	}
	if len(e.args) > 0 {
		given = strings.Join(e.args[:min(len(e.args), 20)], ", ")
	}
	return fmt.Sprintf("set args[%s]; args has %s", name, given)
}

// handshakeError is a connection over which no server greeted.
type handshakeError struct {
	secure bool
	err    error
}

func (e *handshakeError) Error() string {
	if errors.Is(e.err, context.DeadlineExceeded) { // whose hint is about time
		return e.port() + ": " + e.err.Error()
	}
	return e.err.Error()
}

func (e *handshakeError) Unwrap() error { return e.err }

// hint is for errors that say nothing better: of certificates and names the hint tells already.
func (e *handshakeError) hint(otherwise string) string {
	if _, plain := errors.AsType[tls.RecordHeaderError](e.err); !plain {
		_, certificate := errors.AsType[*tls.CertificateVerificationError](e.err)
		_, alert := errors.AsType[tls.AlertError](e.err)
		_, said := serverError(e.err)
		if said || certificate || alert || errors.Is(e.err, context.DeadlineExceeded) {
			return otherwise
		}
	}
	return e.port()
}

func (e *handshakeError) port() string {
	if e.secure {
		return "the server did not answer in the native protocol over TLS; the port is usually 9440, and 9000 without secure"
	}
	return "the server did not answer in the native protocol; the port is usually 9000, and 9440 with secure"
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
