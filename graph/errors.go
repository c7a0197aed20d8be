package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/db"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// ServerError is an error of the server, as errors.As finds it in an error of this package.
type ServerError struct {
	Code    string // such as Neo.ClientError.Statement.SyntaxError
	Status  string // GQLSTATUS, where the server gives it
	Message string
}

// Error is the code and the message.
func (e *ServerError) Error() string { return e.Code + ": " + e.Message }

// verdict is what a code means to a caller.
type verdict struct {
	kind base.Kind
	hint base.Hint
}

var (
	unauthenticated = verdict{base.KindUnauthenticated, base.HintOf("user or password is wrong, or has expired")}
	locked          = verdict{base.KindThrottled, base.HintOf("too many wrong passwords: the server refuses the right one, too, for some seconds")}
	denied          = verdict{base.KindPermission, base.HintOf("the account may not do this; ask for something else, or have it granted")}
	readOnly        = verdict{base.KindPermission, base.HintOf("the statement would change something; only statements that read are allowed")}
	noDatabase      = verdict{base.KindNotFound, base.HintOf("there is no such database; check NEO4J_DATABASE")}
	badCypher       = verdict{base.KindInvalid, base.HintOf("the server cannot run the statement; correct it")}
	badData         = verdict{base.KindInvalid, base.HintOf("what would be written breaks a rule of the graph; correct it")}
	tooLong         = verdict{base.KindQuotaExceeded, base.HintOf("the statement ran longer than it may; narrow it, or raise max_execution")}
	tooMuch         = verdict{base.KindQuotaExceeded, base.HintOf("the statement needs more memory than the server allows; narrow it")}
	killed          = verdict{base.KindCanceled, base.HintOf("the transaction was stopped at the server")}
	crowded         = verdict{base.KindThrottled, base.HintOf("the server has as much to do as it may")}
	inTheWay        = verdict{base.KindConflict, base.HintOf("another transaction was in the way")}
	away            = verdict{base.KindUnavailable, base.HintOf("the server or the database is starting, stopping or failing over")}
	defect          = verdict{kind: base.KindInternal}
)

// verdicts of whole codes stand before those of their beginnings.
var verdicts = map[string]verdict{
	"Neo.ClientError.Security.Unauthorized":               unauthenticated,
	"Neo.ClientError.Security.TokenExpired":               unauthenticated,
	"Neo.ClientError.Security.CredentialsExpired":         unauthenticated,
	"Neo.ClientError.Security.AuthenticationRateLimit":    locked,
	"Neo.ClientError.Security.AuthorizationExpired":       away,
	"Neo.ClientError.Statement.AccessMode":                readOnly,
	"Neo.ClientError.General.ForbiddenOnReadOnlyDatabase": denied,
	"Neo.ClientError.Database.DatabaseNotFound":           noDatabase,
	"Neo.ClientError.Schema.ConstraintValidationFailed":   badData,

	"Neo.ClientError.Transaction.TransactionTimedOut":                    tooLong,
	"Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": tooLong,
	"Neo.ClientError.Transaction.LockAcquisitionTimeout":                 inTheWay,
	"Neo.ClientError.Transaction.Terminated":                             killed,
	"Neo.ClientError.Transaction.LockClientStopped":                      killed,
	"Neo.ClientError.Cluster.NotALeader":                                 away,

	"Neo.TransientError.Request.NoThreadsAvailable":                 crowded,
	"Neo.TransientError.Transaction.DeadlockDetected":               inTheWay,
	"Neo.TransientError.Transaction.LockAcquisitionTimeout":         inTheWay,
	"Neo.TransientError.Transaction.Outdated":                       inTheWay,
	"Neo.TransientError.Transaction.Terminated":                     killed,
	"Neo.TransientError.Transaction.LockClientStopped":              killed,
	"Neo.TransientError.General.MemoryPoolOutOfMemoryError":         tooMuch,
	"Neo.TransientError.General.TransactionMemoryLimit":             tooMuch,
	"Neo.TransientError.General.OutOfMemoryError":                   {base.KindOverloaded, base.HintOf("the server as a whole is short of memory")},
	"Neo.TransientError.Transaction.MaximumTransactionLimitReached": crowded,
}

// families are the beginnings of codes.
var families = []struct {
	prefix string
	verdict
}{
	{"Neo.ClientError.Security.", denied},
	{"Neo.ClientError.", badCypher},
	{"Neo.TransientError.", away},
}

func verdictOf(code string) verdict {
	if v, ok := verdicts[code]; ok {
		return v
	}
	for _, family := range families {
		if strings.HasPrefix(code, family.prefix) {
			return family.verdict
		}
	}
	return defect
}

// lockTime is how long Neo4j refuses an account after too many wrong passwords, as long as nobody has configured it.
const lockTime = 5 * time.Second

// classify types an error of a call.
func classify(err error) *base.Error {
	typed := classifyCause(err)
	if typed == nil {
		typed = base.ClassifyNetwork(err)
	}
	if e, ok := errors.AsType[*callError](err); ok {
		typed.QueryID = e.id
		if e.unsent && typed.Sent == base.MaybeSent || e.undone && (typed.Sent == base.MaybeSent || typed.Kind == base.KindConflict) {
			typed.Sent = base.NotSent
		}
		if e.retry && typed.Kind == base.KindInternal {
			typed.Kind = base.KindUnavailable
		}
		if e.unsent && tlsconfig.Alert(err) {
			typed.Kind, typed.Code = base.KindInvalid, "tls"
			typed.SetHint(base.HintOf(tlsconfig.AlertHint))
		}
	}
	return typed
}

func classifyCause(err error) *base.Error {
	if _, ok := errors.AsType[*commitError](err); ok {
		typed := base.NewError(base.KindOutcomeUnknown, err)
		typed.SetHint(base.HintOf("COMMIT was sent and its answer lost: look at the graph before the same import is made again"))
		return typed.WithoutRetry()
	}
	if e, ok := errors.AsType[*ServerError](err); ok {
		v := verdictOf(e.Code)
		typed := base.NewError(v.kind, err).WithText(e.Error())
		typed.Sent, typed.Code = base.Answered, e.Code
		typed.SetHint(v.hint)
		if v == locked {
			typed.RetryAfter = lockTime
		}
		return typed
	}
	if e, ok := errors.AsType[*valueError](err); ok {
		typed := base.NewError(base.KindInvalid, err).WithText(e.Error())
		typed.Sent, typed.Code = base.Answered, "value"
		typed.SetHint(base.HintOf("leave the column out, or turn it into text with toString()"))
		return typed
	}
	if e, ok := errors.AsType[*silenceError](err); ok {
		typed := base.NewError(base.KindUnavailable, err).WithText(e.Error())
		typed.SetHint(base.HintOf("the server or the network is stuck; limits.idle says how long a silence may be"))
		return typed
	}
	if e, ok := errors.AsType[*writeError](err); ok {
		typed := base.NewError(base.KindPermission, err).WithText("cypher: " + e.Error())
		typed.Sent = base.NotSent // only its plan was asked for
		return typed
	}
	if e, ok := errors.AsType[*unknownNameError](err); ok {
		typed := base.NewError(base.KindInvalid, err).WithText("cypher: " + e.Error())
		typed.Sent = base.NotSent // only its plan was asked for
		typed.SetHint(base.HintOf("Schema, or the tool graph_describe_schema, lists the labels and types that there are"))
		return typed
	}
	if _, ok := errors.AsType[*malformedError](err); ok {
		typed := base.NewError(base.KindProtocol, err)
		typed.SetHint(base.HintOf("what answers does not speak Bolt 5 as Neo4j does, or it was damaged on the way; check host and port"))
		return typed
	}
	return classifyOwn(err)
}

// classifyOwn types the errors of this package that are no answer of the server.
func classifyOwn(err error) *base.Error {
	unsent := func(kind base.Kind, hint base.Hint) *base.Error {
		e := base.NewError(kind, err)
		e.Sent = base.NotSent
		e.SetHint(hint)
		return e
	}
	switch {
	case errors.Is(err, errEnded):
		return unsent(base.KindClosed, base.HintOf("the client was closed"))
	case errors.Is(err, errInClear):
		return unsent(base.KindInvalid, base.HintOf("leave plaintext out, or write bolt:// for the one server on this machine"))
	case errors.Is(err, secret.ErrRefused):
		return unsent(base.KindUnauthenticated, base.HintOf("the server refused this password before; it is not sent again until it changes"))
	case errors.Is(err, secret.ErrEmpty), errors.Is(err, secret.ErrExpired), errors.Is(err, secret.ErrUnresolved):
		return unsent(base.KindUnauthenticated, base.HintOf("the password could not be had"))
	case errors.Is(err, context.Canceled):
		return base.NewError(base.KindCanceled, err)
	}
	return nil
}

// fromDriver turns an error of the driver into one of this package, without the client's secrets.
func (c *Client) fromDriver(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*malformedError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*neo4j.TokenExpiredError](err); ok {
		return &ServerError{Code: e.Code, Message: c.guard.Clean(e.Message)}
	}
	if e, ok := errors.AsType[*db.Neo4jError](err); ok {
		return &ServerError{Code: c.guard.Clean(e.Code), Status: c.guard.Clean(e.GqlStatus), Message: c.guard.Clean(e.Msg)}
	}
	if e, ok := errors.AsType[*neo4j.ConnectivityError](err); ok && e.Inner != nil {
		err = e.Inner
		if base.ClassifyNetwork(err).Kind == base.KindInternal { // lost, in words of the driver only
			return &dropError{c.guard.Clean(err.Error())}
		}
		return err
	}
	if base.ClassifyNetwork(err).Kind != base.KindInternal || classifyCause(err) != nil {
		return err
	}
	return &malformedError{c.guard.Clean(err.Error())}
}

// callError adds to an error what is known of its call.
type callError struct {
	id     string // empty: there was no transaction yet
	unsent bool
	undone bool // nothing of what was asked stays: the transaction was not committed
	retry  bool // as the driver sees it
	err    error
}

func (e *callError) Error() string { return e.err.Error() }

func (e *callError) Unwrap() error { return e.err }

// dropError is a connection that was lost, as the driver tells it.
type dropError struct{ text string }

func (e *dropError) Error() string { return e.text }

// Timeout makes it an error of the network.
func (e *dropError) Timeout() bool { return false }

// Temporary makes it an error of the network.
func (e *dropError) Temporary() bool { return true }

// malformedError is an answer that cannot be understood.
type malformedError struct{ text string }

func (e *malformedError) Error() string { return e.text }

// commitError is a COMMIT whose answer did not come.
type commitError struct{ err error }

func (e *commitError) Error() string { return "COMMIT was sent, and no answer came: " + e.err.Error() }

func (e *commitError) Unwrap() error { return e.err }

// valueError is a value that Go cannot hold.
type valueError struct{ column, why string }

func (e *valueError) Error() string { return fmt.Sprintf("column %q: %s", e.column, e.why) }

// silenceError is a server that said nothing for too long.
type silenceError struct{ idle time.Duration }

func (e *silenceError) Error() string { return fmt.Sprintf("the server said nothing for %s", e.idle) }

// unknownNameError is a statement about a label or a type that the database does not have.
type unknownNameError struct{ text string }

func (e *unknownNameError) Error() string { return e.text }

// writeError is a statement that does more than read.
type writeError struct{ text string }

func writes(format string, args ...any) error { return &writeError{fmt.Sprintf(format, args...)} }

func (e *writeError) Error() string { return e.text }
