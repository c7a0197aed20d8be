package redshift

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// ServerError is an error of the server, as errors.As finds it in an error of this package.
type ServerError struct {
	Code     string // SQLSTATE, such as 42P01
	Severity string // ERROR, FATAL or PANIC
	Message  string
	Detail   string
	Position int // in the statement, from 1; 0 = none
}

// Error is the code, the message and its detail.
func (e *ServerError) Error() string {
	text := fmt.Sprintf("SQLSTATE %s: %s", e.Code, e.Message)
	if e.Detail != "" {
		text += " (" + strings.Join(strings.Fields(e.Detail), " ") + ")"
	}
	if e.Position > 0 {
		text += fmt.Sprintf(" at character %d", e.Position)
	}
	return text
}

// verdict is what a code means to a caller.
type verdict struct {
	kind base.Kind
	hint base.Hint
}

var (
	unauthenticated = verdict{base.KindUnauthenticated, base.HintOf("user or password is wrong, or has expired")}
	denied          = verdict{base.KindPermission, base.HintOf("the account lacks the grant; ask for another table, or have it granted")}
	readOnly        = verdict{base.KindPermission, base.HintOf("the statement would change something; only statements that read are allowed")}
	notThere        = verdict{base.KindNotFound, base.HintOf("there is no such table, schema or database, or the account may not see it")}
	badSQL          = verdict{base.KindInvalid, base.HintOf("the server cannot run the statement; correct it")}
	badValue        = verdict{base.KindInvalid, base.HintOf("a value does not fit its type; correct the value or cast it")}
	unsupported     = verdict{base.KindInvalid, base.HintOf("the server does not support this; write it another way")}
	quota           = verdict{base.KindQuotaExceeded, base.HintOf("the statement needs more than the server allows; narrow the window or the conditions")}
	tooLong         = verdict{base.KindQuotaExceeded, base.HintOf("the statement ran longer than it may; narrow the window, or raise max_execution")}
	ruled           = verdict{base.KindQuotaExceeded, base.HintOf("a query monitoring rule of the cluster stopped the statement; narrow it")}
	crowded         = verdict{base.KindThrottled, base.HintOf("the server has as many connections or queries as it may")}
	short           = verdict{base.KindOverloaded, base.HintOf("the server as a whole is short of disk or memory")}
	killed          = verdict{base.KindCanceled, base.HintOf("the statement was stopped at the server")}
	away            = verdict{base.KindUnavailable, base.HintOf("the server is starting, stopping or failing over")}
	inTheWay        = verdict{base.KindConflict, base.HintOf("another transaction was in the way")}
	defect          = verdict{kind: base.KindInternal}
)

// verdicts of single codes stand before those of their class, the first two characters.
var verdicts = map[string]verdict{
	"28000": unauthenticated, "28P01": unauthenticated,
	"42501": denied, "25006": readOnly, "25001": readOnly,
	"42P01": notThere, "3F000": notThere, "3D000": notThere,
	"42": badSQL, "26": badSQL, "34": badSQL, "P0": badSQL, "23": badSQL,
	"22": badValue, "0A": unsupported,
	"53300": crowded, "53000": short, "53100": short, "53": quota, "54": quota,
	"08": away, "57": away, "25P03": away, "58000": away, "58030": away,
	"40": inTheWay, "55": inTheWay,
}

// The phrases by which Redshift tells apart what has one code. Each has a recorded answer in the tests.
const (
	codeCanceled = "57014"
	codeInternal = "XX000"

	phraseTimeout  = "statement timeout"                       // PostgreSQL and Redshift
	phraseRule     = "query monitoring rule"                   // Redshift: WLM abort action
	phraseConflict = "serializable isolation violation on tab" // Redshift: error 1023, with an s or a colon
)

func verdictOf(e *pgconn.PgError) verdict {
	text := strings.ToLower(e.Message + " " + e.Detail)
	switch {
	case e.Code == codeCanceled && strings.Contains(text, phraseTimeout):
		return tooLong
	case strings.Contains(text, phraseRule) && (e.Code == codeCanceled || e.Code == codeInternal):
		return ruled
	case e.Code == codeCanceled:
		return killed
	case e.Code == codeInternal && strings.Contains(text, phraseConflict):
		return inTheWay
	}
	if v, ok := verdicts[e.Code]; ok {
		return v
	}
	if len(e.Code) == 5 {
		if v, ok := verdicts[e.Code[:2]]; ok {
			return v
		}
	}
	return defect
}

// classify types an error of a call.
func classify(err error) *base.Error {
	typed := classifyCause(err)
	if typed == nil {
		typed = base.ClassifyNetwork(err)
	}
	if e, ok := errors.AsType[*queryError](err); ok && typed.QueryID == "" {
		typed.QueryID = e.id
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
		v := verdictOf(&pgconn.PgError{Code: e.Code, Message: e.Message, Detail: e.Detail})
		typed := base.NewError(v.kind, err).WithText(e.Error())
		typed.Sent, typed.Code = base.Answered, e.Code
		typed.SetHint(v.hint)
		return typed
	}
	if e, ok := errors.AsType[*columnError](err); ok {
		typed := base.NewError(base.KindInvalid, err).WithText(e.Error())
		typed.Sent, typed.Code = base.Answered, "value"
		typed.SetHint(base.HintOf("leave the column out, or cast it to text"))
		return typed
	}
	if e, ok := errors.AsType[*greetingError](err); ok {
		typed := base.NewError(base.KindUnavailable, err).WithText(e.Error())
		typed.SetHint(base.HintOf("what listens there may be no Redshift; check host and port"))
		if typed.Sent = base.NotSent; e.mute { // the next attempt would wait as long
			return typed.WithoutRetry()
		}
		return typed
	}
	if e, ok := errors.AsType[*silenceError](err); ok {
		typed := base.NewError(base.KindUnavailable, err).WithText(e.Error())
		typed.SetHint(base.HintOf("the server or the network is stuck; limits.idle says how long a silence may be"))
		return typed
	}
	_, ours := errors.AsType[*malformedError](err)
	_, long := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err)
	if ours || long {
		typed := base.NewError(base.KindProtocol, err)
		typed.SetHint(base.HintOf("what answers is not Redshift's protocol, or it was damaged on the way; check host and port"))
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
	if _, full := errors.AsType[*fullError](err); full {
		return unsent(base.KindLimitExceeded, base.HintOf("connections of answers that were given up wait for the server to let go; it may be stuck. "+
			"Ask again later, or raise limits.concurrency"))
	}
	switch {
	case errors.Is(err, errPoolClosed):
		return unsent(base.KindClosed, base.HintOf("the client was closed"))
	case errors.Is(err, secret.ErrRefused):
		return unsent(base.KindUnauthenticated, base.HintOf("the server refused this password before; it is not sent again until it changes"))
	case errors.Is(err, errInClear):
		return unsent(base.KindInvalid, base.HintOf("it was not sent; use TLS (leave plaintext out), or have the server ask for SCRAM or MD5"))
	case errors.Is(err, errNoTLS):
		return unsent(base.KindInvalid, base.HintOf("the server takes no TLS connections; set plaintext only for a server on this machine"))
	}
	if typed := classifyAWS(err); typed != nil {
		return typed
	}
	switch {
	case errors.Is(err, secret.ErrEmpty), errors.Is(err, secret.ErrExpired), errors.Is(err, secret.ErrUnresolved):
		return unsent(base.KindUnauthenticated, base.HintOf("the password could not be had"))
	case errors.Is(err, context.Canceled):
		return base.NewError(base.KindCanceled, err)
	}
	return nil
}

// fromDriver takes what must not be handed on out of a driver's error: its *pgconn.ConnectError holds the configuration
// with the password. What the server said becomes a ServerError, without the client's secrets.
func (c *Client) fromDriver(err error) error {
	err = fromDriver(err)
	if e, ok := errors.AsType[*ServerError](err); ok { // made a moment ago, and nobody else has it yet
		e.Code, e.Severity = c.guard.Clean(e.Code), c.guard.Clean(e.Severity)
		e.Message, e.Detail = c.guard.Clean(e.Message), c.guard.Clean(e.Detail)
	}
	if e, ok := errors.AsType[*columnError](err); ok {
		e.name, e.why = c.guard.Clean(e.name), c.guard.Clean(e.why)
	}
	if e, ok := errors.AsType[*malformedError](err); ok {
		e.text, e.err = c.guard.Clean(e.text), nil
	}
	return err
}

func fromDriver(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &ServerError{Code: e.Code, Severity: e.Severity, Message: e.Message, Detail: e.Detail, Position: int(e.Position)}
	}
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return notSent(foreign(e.Unwrap()))
	}
	if errors.Is(err, pgconn.ErrConnClosed) {
		return &dropError{err}
	}
	return foreign(err)
}

// foreign tells errors that are known by their type from those of the driver that have none: it could not read what
// the server sent.
func foreign(err error) error {
	for _, known := range []func(error) bool{
		func(err error) bool { return base.ClassifyNetwork(err).Kind != base.KindInternal },
		func(err error) bool { return classifyCause(err) != nil },
	} {
		if known(err) {
			return err
		}
	}
	return &malformedError{err.Error(), err}
}

// dropError is a connection that the server closed, as the driver noticed before it could be used.
type dropError struct{ err error }

func (e *dropError) Error() string { return "the connection was closed: " + e.err.Error() }

func (e *dropError) Unwrap() error { return e.err }

// Timeout makes it an error of the network.
func (e *dropError) Timeout() bool { return false }

// Temporary makes it an error of the network.
func (e *dropError) Temporary() bool { return true }

// fullError is a call whose time ran out while every connection was in use.
type fullError struct {
	most  int32
	cause error
}

func (e *fullError) Error() string {
	return fmt.Sprintf("all %d connections are in use", e.most)
}

func (e *fullError) Unwrap() error { return e.cause }

// queryError adds the id of the session to an error.
type queryError struct {
	id  string
	err error
}

func (e *queryError) Error() string { return e.err.Error() }

func (e *queryError) Unwrap() error { return e.err }

// unsentError is a failure before the statement was sent.
type unsentError struct{ err error }

func notSent(err error) error { return &unsentError{err} }

func (e *unsentError) Error() string { return e.err.Error() }

func (e *unsentError) Unwrap() error { return e.err }

// malformedError is an answer that cannot be understood.
type malformedError struct {
	text string
	err  error
}

func malformed(format string, args ...any) error {
	return &malformedError{text: fmt.Sprintf(format, args...)}
}

func (e *malformedError) Error() string { return e.text }

func (e *malformedError) Unwrap() error { return e.err }

// columnError is a value that its column's type cannot have, or that Go cannot hold.
type columnError struct{ name, typ, why string }

func (e *columnError) Error() string {
	return fmt.Sprintf("column %q (%s): %s", e.name, e.typ, e.why)
}

// maxShown bounds a value or a word in an error. Longer ones are not shown at all: of a secret that is cut, the part
// that is left would not be known again.
const maxShown = 200

// shown is a text from outside as it stands in an error, to be cleaned as a whole.
func shown(text string) string {
	if len(text) > maxShown {
		return fmt.Sprintf("of %d bytes", len(text))
	}
	return `"` + text + `"`
}

// silenceError is a server that said nothing for too long.
type silenceError struct{ idle time.Duration }

func (e *silenceError) Error() string { return fmt.Sprintf("the server said nothing for %s", e.idle) }

// greetingError is a peer that took the connection and said nothing of PostgreSQL's protocol: it hung up, or was mute
// until the time was over.
type greetingError struct {
	err  error
	mute bool
}

func (e *greetingError) Error() string { return "connected, but no PostgreSQL greeting came" }

func (e *greetingError) Unwrap() error { return e.err }
