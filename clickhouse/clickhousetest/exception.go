package clickhousetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base/fault"
)

// Exception is an error as ClickHouse sends it. An empty Name is sent as "DB::Exception".
type Exception struct {
	Code    int
	Name    string
	Message string
}

// Error is the code and the message.
func (e *Exception) Error() string { return fmt.Sprintf("code %d: %s", e.Code, e.Message) }

// The codes that the server itself raises.
const (
	codeUnknownType        = 50
	codeNotImplemented     = 48
	codeUnknownTable       = 60
	codeSyntax             = 62
	codeTooManyRows        = 158
	codeTimeout            = 159
	codeReadOnly           = 164
	codeTooManyQueries     = 202
	codeQueryCancelled     = 394
	codeTooManyResultRows  = 396
	codeBadParameter       = 457
	codeNotEnoughPrivilege = 497
	codeAuthentication     = 516
	codeIncorrectData      = 117
	codeTypeMismatch       = 53
	codeStandard           = 1001
)

func exceptionf(code int, format string, args ...any) *Exception {
	return &Exception{Code: code, Message: fmt.Sprintf(format, args...)}
}

func authenticationFailed(user string) *Exception {
	return exceptionf(codeAuthentication, "%s: Authentication failed: password is incorrect, or there is no user with "+
		"such name.", user)
}

func (e *Exception) encode(b *proto.Buffer, version int) {
	name := e.Name
	if name == "" {
		name = "DB::Exception"
	}
	proto.ServerCodeException.Encode(b)
	wire := proto.Exception{Code: proto.Error(e.Code), Name: name, Message: name + ": " + e.Message}
	wire.EncodeAware(b, version)
}

// The ways in which a running query is stopped.
var (
	errCancelled    = errors.New("cancelled by the client")
	errKilled       = errors.New("killed by a KILL QUERY")
	errDisconnected = errors.New("the client closed the connection")
	errTimeout      = errors.New("max_execution_time passed")
)

// asException is what the client is told about an error.
func asException(ctx context.Context, err error) *Exception {
	if e, ok := errors.AsType[*Exception](err); ok {
		return e
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTimeout):
		return exceptionf(codeTimeout, "Timeout exceeded: the query ran longer than max_execution_time")
	case cause != nil:
		return exceptionf(codeQueryCancelled, "Query was cancelled")
	}
	return engineException(err)
}

// exceptionOf is the exception that a planned fault of a kind without bytes of its own becomes.
func exceptionOf(f fault.Fault) *Exception {
	code, message := f.Code, f.Message
	if f.Kind == fault.KindWrongPassword {
		code = codeAuthentication
	}
	if f.Kind == fault.KindStatus {
		switch f.Code {
		case http.StatusUnauthorized:
			code = codeAuthentication
		case http.StatusForbidden:
			code = codeNotEnoughPrivilege
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			code = codeTooManyQueries
		default:
			code = codeStandard
		}
	}
	if message == "" {
		message = "planned fault: " + f.String()
	}
	return &Exception{Code: code, Message: message}
}
