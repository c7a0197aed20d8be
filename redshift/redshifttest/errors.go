package redshifttest

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base/fault"
)

// ServerError is an error as the server sends it. The zero Severity is ERROR.
type ServerError struct {
	Severity string
	Code     string // SQLSTATE
	Message  string
	Detail   string
}

// Error is the message with its code.
func (e *ServerError) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code) }

func fail(code, format string, args ...any) *ServerError {
	return &ServerError{Code: code, Message: fmt.Sprintf(format, args...)}
}

func fatal(code, format string, args ...any) *ServerError {
	return &ServerError{Severity: "FATAL", Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *ServerError) message() *pgproto3.ErrorResponse {
	severity := e.Severity
	if severity == "" {
		severity = "ERROR"
	}
	return &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: e.Code, Message: e.Message, Detail: e.Detail}
}

// SerializableConflict is error 1023: another transaction changed what this one depends on. Amazon Redshift Database
// Developer Guide, "Serializable isolation".
func SerializableConflict() *ServerError {
	return &ServerError{
		Code: "XX000", Message: "1023",
		Detail: "Serializable isolation violation on table - 100013, transactions forming the cycle are: 432, 433 (pid:23456)",
	}
}

// RuleAborted is the end of a statement by a rule of workload management. Amazon Redshift Management Guide, "WLM query
// monitoring rules".
func RuleAborted() *ServerError {
	return &ServerError{Code: "57014", Message: `Query (4718) cancelled by WLM abort action of Query Monitoring Rule "too_many_rows".`}
}

// StatementTimeout is the end of a statement by statement_timeout. Amazon Redshift Database Developer Guide,
// "statement_timeout".
func StatementTimeout() *ServerError {
	return &ServerError{Code: "57014", Message: "Query (4719) cancelled due to statement timeout"}
}

// UserCanceled is the end of a statement by a request to cancel, or by CANCEL. Amazon Redshift Database Developer
// Guide, "CANCEL".
func UserCanceled() *ServerError {
	return &ServerError{Code: "57014", Message: "Query (4720) cancelled on user's request"}
}

// TooManyConnections is the refusal of a connection above the limit. Amazon Redshift Management Guide, "Quotas and
// limits in Amazon Redshift".
func TooManyConnections() *ServerError {
	return fatal("53300", `connection limit "500" exceeded for non-bootstrap users`)
}

// The SQLSTATEs that a fault.Error may name by number: those that have letters are named by a number of the fault that
// Redshift itself prints.
var faultCodes = map[int]string{1023: "XX000", 0: "XX000"}

// errorOf is a planned fault as the server's own error: the code of fault.Error is a SQLSTATE without letters, such as
// 57014, or one of the numbers that Redshift prints, such as 1023.
func errorOf(f fault.Fault) *ServerError {
	switch {
	case f.Kind == fault.KindWrongPassword:
		return fatal("28000", "password authentication failed for user")
	case f.Kind == fault.KindStatus && f.Code == 429:
		return fail("53300", "too many queries")
	case f.Kind == fault.KindStatus && f.Code < 500:
		return fail("42601", "status %d", f.Code)
	case f.Kind == fault.KindStatus:
		return fail("57P03", "status %d", f.Code)
	case f.Code == 1023:
		return SerializableConflict()
	}
	code, ok := faultCodes[f.Code]
	if !ok {
		code = fmt.Sprintf("%05d", f.Code)
	}
	return &ServerError{Code: code, Message: f.Message}
}
