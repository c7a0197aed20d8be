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

// verdict is what a code means to a caller.
type verdict struct {
	kind base.Kind
	hint string
}

var (
	unauthenticated = verdict{base.KindUnauthenticated, "user or password is wrong, or the account has expired"}
	readOnly        = verdict{base.KindPermission, "the account or the query is read-only: only statements that read tables of this server, and settings only in Query.Settings"}
	denied          = verdict{base.KindPermission, "the account lacks the grant; ask for another table, or have it granted"}
	notThere        = verdict{base.KindNotFound, "there is no such table or database, or the account may not see it"}
	noColumn        = verdict{base.KindInvalid, "a name in the statement is not known; look at the columns of the table"}
	badSQL          = verdict{base.KindInvalid, "the server cannot read the statement; correct it"}
	badValue        = verdict{base.KindInvalid, "a value or a parameter does not fit its type"}
	tooMuch         = verdict{base.KindQuotaExceeded, "the answer or the reading is larger than the server allows; narrow the window or the conditions"}
	tooLong         = verdict{base.KindQuotaExceeded, "the statement ran longer than it may; narrow the window, or raise max_execution"}
	noMemory        = verdict{base.KindQuotaExceeded, "the statement needs more memory than it may; narrow the window, or group by fewer values"}
	quota           = verdict{base.KindQuotaExceeded, "the account's quota for this interval is used up; wait, or raise the quota"}
	crowded         = verdict{base.KindThrottled, "the server runs as many queries as it may"}
	killed          = verdict{base.KindCanceled, "the query was stopped at the server"}
	away            = verdict{base.KindUnavailable, "the server, or a part of its cluster, does not answer at the moment"}
)

var verdicts = map[int]verdict{
	516: unauthenticated, 192: unauthenticated, 193: unauthenticated, 194: unauthenticated, 720: unauthenticated,
	164: readOnly,
	497: denied, 195: denied, 291: denied, 452: denied, 472: denied, 481: denied, 482: denied, 512: denied, 673: denied,
	60: notThere, 81: notThere, 16: {base.KindNotFound, noColumn.hint},
	47: noColumn, 46: noColumn, 115: noColumn, 36: badSQL,
	62: badSQL, 42: badSQL, 43: badSQL, 44: badSQL, 48: badSQL, 184: badSQL, 215: badSQL, 207: badSQL, 386: badSQL, 344: badSQL, 179: badSQL,
	50: badValue, 53: badValue, 6: badValue, 27: badValue, 38: badValue, 41: badValue, 69: badValue, 70: badValue, 72: badValue, 395: badValue,
	456: badValue, 457: badValue, 427: badValue,
	158: tooMuch, 307: tooMuch, 396: tooMuch, 161: tooMuch, 167: tooMuch, 168: tooMuch, 191: tooMuch, 290: tooMuch,
	159: tooLong, 160: tooLong,
	241: noMemory,
	201: quota,
	202: crowded, 364: crowded, 700: crowded, 749: crowded, 762: crowded,
	394: killed, 735: killed, 677: killed,
	209: away, 210: away, 95: away, 96: away, 32: away, 198: away, 203: away, 225: away, 236: away, 242: away, 279: away, 297: away,
	369: away, 373: away, 439: away, 519: away, 999: away, 216: away,
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
		v = verdict{base.KindOverloaded, "the server as a whole is short of memory"}
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
