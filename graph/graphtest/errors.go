package graphtest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/fourkites/sources/base/fault"
)

// ServerError is an error of the server, which it sends as a FAILURE. Do not write to one after handing it over.
type ServerError struct {
	Code    string // Neo.ClientError.Statement.SyntaxError
	Message string
	// Status is the GQLSTATUS, which clients of Bolt 5.7 and newer are told; empty = 50N42, an unexpected error.
	Status string
}

// Error is the code and the message.
func (e *ServerError) Error() string { return e.Code + ": " + e.Message }

// Codes of the server (Neo4j Status Codes, "List of Neo4j error codes").
const (
	CodeUnauthorized        = "Neo.ClientError.Security.Unauthorized"
	CodeRateLimit           = "Neo.ClientError.Security.AuthenticationRateLimit"
	CodeForbidden           = "Neo.ClientError.Security.Forbidden"
	CodeCredentialsExpired  = "Neo.ClientError.Security.CredentialsExpired"
	CodeSyntax              = "Neo.ClientError.Statement.SyntaxError"
	CodeParameterMissing    = "Neo.ClientError.Statement.ParameterMissing"
	CodeType                = "Neo.ClientError.Statement.TypeError"
	CodeAccessMode          = "Neo.ClientError.Statement.AccessMode"
	CodeTimedOut            = "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"
	CodeTerminated          = "Neo.TransientError.Transaction.Terminated"
	CodeDatabaseNotFound    = "Neo.ClientError.Database.DatabaseNotFound"
	CodeProcedureNotFound   = "Neo.ClientError.Procedure.ProcedureNotFound"
	CodeMemoryPool          = "Neo.TransientError.General.MemoryPoolOutOfMemoryError"
	CodeDeadlock            = "Neo.TransientError.Transaction.DeadlockDetected"
	CodeDatabaseUnavailable = "Neo.TransientError.General.DatabaseUnavailable"
	CodeNoThreads           = "Neo.TransientError.Request.NoThreadsAvailable"
	CodeNotALeader          = "Neo.ClientError.Cluster.NotALeader"
	CodeInvalidRequest      = "Neo.ClientError.Request.Invalid"
	CodeUnknown             = "Neo.DatabaseError.General.UnknownError"
)

func failure(code, format string, args ...any) *ServerError {
	return &ServerError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error is a fault that answers with this code, which a number of [fault.Error] cannot tell.
func Error(code, message string) fault.Fault { return fault.Error(0, code+": "+message) }

// ErrorAfter is Error after so many records.
func ErrorAfter(records int, code, message string) fault.Fault {
	return fault.ErrorAfter(records, 0, code+": "+message)
}

// statusCodes are what comes nearest to a status of HTTP.
var statusCodes = map[int]string{
	http.StatusUnauthorized: CodeUnauthorized, http.StatusForbidden: CodeForbidden, http.StatusBadRequest: CodeSyntax,
	http.StatusNotFound: CodeDatabaseNotFound, http.StatusTooManyRequests: CodeNoThreads, http.StatusConflict: CodeDeadlock,
	http.StatusServiceUnavailable: CodeDatabaseUnavailable, http.StatusBadGateway: CodeDatabaseUnavailable,
	http.StatusGatewayTimeout: CodeTimedOut,
}

// errorOf is the error that a fault stands for: a code at the head of its message goes before its number.
func errorOf(f fault.Fault) *ServerError {
	if code, message, ok := strings.Cut(f.Message, ": "); ok && strings.HasPrefix(code, "Neo.") {
		return failure(code, "%s", message)
	}
	if f.Kind == fault.KindWrongPassword {
		return errUnauthorized()
	}
	code, ok := statusCodes[f.Code]
	if !ok {
		code = CodeUnknown
	}
	if f.Message == "" {
		f.Message = "the server was told to fail"
	}
	return failure(code, "%s", f.Message)
}

func errUnauthorized() *ServerError {
	e := failure(CodeUnauthorized, "The client is unauthorized due to authentication failure.")
	e.Status = "42NFF"
	return e
}

// metadata is the error as a client of this version reads it.
func (e *ServerError) metadata(v version) map[string]any {
	if !v.atLeast(7) {
		return map[string]any{"code": e.Code, "message": e.Message}
	}
	status := e.Status
	if status == "" {
		status = "50N42"
	}
	return map[string]any{
		"neo4j_code": e.Code, "message": e.Message, "gql_status": status, "description": "error: " + e.Message,
		"diagnostic_record": map[string]any{"OPERATION": "", "OPERATION_CODE": "0", "CURRENT_SCHEMA": "/"},
	}
}
