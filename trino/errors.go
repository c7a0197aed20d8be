package trino

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/rest"
)

// ServerError is an error of the server, as errors.As finds it in an error of this package. Its texts are without the
// client's secrets, on one line and at most 600 bytes long. Names and codes are those of
// https://github.com/trinodb/trino/blob/476/core/trino-spi/src/main/java/io/trino/spi/StandardErrorCode.java.
type ServerError struct {
	Code    int    // such as 46
	Name    string // such as TABLE_NOT_FOUND
	Type    string // USER_ERROR, INTERNAL_ERROR, INSUFFICIENT_RESOURCES or EXTERNAL
	Message string
	Line    int // of the statement, where the server told it; from 1
	Column  int
}

// Error is the name and the message.
func (e *ServerError) Error() string { return e.Name + ": " + e.Message }

// cleaned is the error of an answer without secrets, wherever in the tree of errors it is looked at.
func (c *Client) cleaned(err error) error {
	switch e := err.(type) { //nolint:errorlint // what wraps them is made of them below
	case *ServerError:
		copied := *e
		copied.Name, copied.Type, copied.Message = c.guard.Clean(e.Name), c.guard.Clean(e.Type), c.guard.Clean(e.Message)
		return &copied
	case *malformedError:
		return &malformedError{c.guard.Clean(e.what)}
	case *zoneError:
		return &zoneError{c.guard.Clean(e.name)}
	case *cellError:
		column := rows.Column{Name: c.guard.Clean(e.column.Name), Type: c.guard.Clean(e.column.Type)}
		return &cellError{column, c.cleaned(e.err)}
	}
	return err
}

// verdict is what an error means to a caller.
type verdict struct {
	kind base.Kind
	hint base.Hint
}

var (
	denied    = verdict{base.KindPermission, base.HintOf("the account may not do this; ask for another table, or have the right granted")}
	readOnly  = verdict{base.KindPermission, base.HintOf("only statements that read are allowed")}
	notThere  = verdict{base.KindNotFound, base.HintOf("there is no such catalog, schema or table, or the account may not see it")}
	noColumn  = verdict{base.KindInvalid, base.HintOf("a name in the statement is not known; look at the columns of the table")}
	badSQL    = verdict{base.KindInvalid, base.HintOf("the server cannot read the statement; correct it")}
	crowded   = verdict{base.KindThrottled, base.HintOf("the server's queue is full; wait")}
	tooMuch   = verdict{base.KindQuotaExceeded, base.HintOf("the statement needs more than it may; narrow the window of datestr or the conditions")}
	tooLong   = verdict{base.KindQuotaExceeded, base.HintOf("the statement ran longer than it may; narrow the window, or raise max_execution")}
	abandoned = verdict{base.KindQuotaExceeded, base.HintOf("the rows were not asked for in time, so the server gave the query up; read them faster")}
	longText  = verdict{base.KindTooLarge, base.HintOf("the statement is longer than the server reads; move long lists into a table")}
	stopped   = verdict{base.KindCanceled, base.HintOf("the query was stopped at the server")}
	away      = verdict{base.KindUnavailable, base.HintOf("the server, or a worker of its cluster, does not answer at the moment")}
	starting  = verdict{base.KindUnavailable, base.HintOf("the server is starting or stopping")}
	noMemory  = verdict{base.KindOverloaded, base.HintOf("the cluster as a whole is short of memory")}
	storage   = verdict{base.KindUnavailable, base.HintOf("the storage behind the catalog does not answer at the moment")}
)

var verdicts = map[string]verdict{
	"PERMISSION_DENIED": denied, "READ_ONLY_VIOLATION": readOnly,
	"NOT_FOUND": notThere, "CATALOG_NOT_FOUND": notThere, "SCHEMA_NOT_FOUND": notThere, "TABLE_NOT_FOUND": notThere,
	"MISSING_CATALOG_NAME": badSQL, "MISSING_SCHEMA_NAME": badSQL,
	"COLUMN_NOT_FOUND": noColumn, "FUNCTION_NOT_FOUND": noColumn, "SYNTAX_ERROR": badSQL,
	"QUERY_QUEUE_FULL":    crowded,
	"EXCEEDED_SCAN_LIMIT": tooMuch, "EXCEEDED_CPU_LIMIT": tooMuch, "EXCEEDED_LOCAL_MEMORY_LIMIT": tooMuch,
	"EXCEEDED_GLOBAL_MEMORY_LIMIT": tooMuch, "EXCEEDED_SPILL_LIMIT": tooMuch, "EXCEEDED_FUNCTION_MEMORY_LIMIT": tooMuch,
	"EXCEEDED_WRITE_LIMIT": tooMuch, "EXCEEDED_TASK_DESCRIPTOR_STORAGE_CAPACITY": tooMuch,
	"EXCEEDED_TIME_LIMIT": tooLong, "ABANDONED_QUERY": abandoned, "QUERY_TEXT_TOO_LARGE": longText,
	"USER_CANCELED": stopped, "ADMINISTRATIVELY_KILLED": stopped, "ADMINISTRATIVELY_PREEMPTED": away,
	"SERVER_STARTING_UP": starting, "SERVER_SHUTTING_DOWN": starting, "NO_NODES_AVAILABLE": starting,
	"PAGE_TRANSPORT_ERROR": away, "PAGE_TRANSPORT_TIMEOUT": away, "REMOTE_TASK_ERROR": away, "REMOTE_TASK_MISMATCH": away,
	"REMOTE_HOST_GONE": away, "TOO_MANY_REQUESTS_FAILED": away, "REMOTE_TASK_FAILED": away,
	"CLUSTER_OUT_OF_MEMORY": noMemory,
	"HIVE_METASTORE_ERROR":  storage, "HIVE_FILESYSTEM_ERROR": storage, "HIVE_CANNOT_OPEN_SPLIT": storage,
}

// noNodes is the phrase by which a coordinator that has just started tells that no worker has joined yet: it comes as
// GENERIC_INTERNAL_ERROR, whose code tells nothing.
const noNodes = "nodes is empty"

func judge(e *ServerError) verdict {
	v, known := verdicts[e.Name]
	switch {
	case known:
		return v
	case strings.Contains(e.Message, noNodes) && e.Type == "INTERNAL_ERROR":
		return starting
	case e.Type == "USER_ERROR":
		return verdict{kind: base.KindInvalid}
	case e.Type == "INSUFFICIENT_RESOURCES":
		return tooMuch
	}
	return verdict{kind: base.KindInternal}
}

// classify types an error of a call.
func classify(err error) *base.Error {
	typed := classifyCause(err)
	if typed == nil {
		typed = base.ClassifyNetwork(err)
	}
	return typed
}

func classifyCause(err error) *base.Error {
	if e, ok := errors.AsType[*ServerError](err); ok {
		v := judge(e)
		typed := base.NewError(v.kind, err).WithText(e.Error())
		typed.Sent, typed.Code = base.Answered, e.Name
		typed.SetHint(v.hint)
		if e.Line > 0 {
			typed.Hint = strings.TrimPrefix(fmt.Sprintf("%s (line %d, column %d)", v.hint, e.Line, e.Column), " ")
		}
		return typed
	}
	if e, ok := errors.AsType[*elsewhereError](err); ok {
		typed := base.NewError(base.KindProtocol, err).WithText(e.Error())
		typed.Sent = base.Answered
		typed.SetHint(base.HintOf("set host and port to the address by which the server knows itself, or have it " +
			"process forwarded headers (http-server.process-forwarded)"))
		return typed
	}
	if _, ok := errors.AsType[*zoneError](err); ok {
		typed := base.NewError(base.KindInvalid, err)
		typed.Sent = base.Answered
		typed.SetHint(base.HintOf("select the column AT TIME ZONE 'UTC', or give this machine zone data"))
		return typed
	}
	if _, ok := errors.AsType[*malformedError](err); ok {
		typed := base.NewError(base.KindProtocol, err)
		typed.Sent = base.Answered
		typed.SetHint(base.HintOf("what answers is not Trino's protocol, or it was damaged on the way; check host and port"))
		return typed
	}
	return classifyOwn(err)
}

// classifyOwn types the errors of this package that are no answer of the server.
func classifyOwn(err error) *base.Error {
	switch {
	case errors.Is(err, errClosed):
		e := base.NewError(base.KindClosed, err)
		e.SetHint(base.HintOf("the client was closed"))
		return e
	case errors.Is(err, errOvertime):
		e := base.NewError(base.KindQuotaExceeded, err)
		e.Sent = base.Answered
		e.SetHint(tooLong.hint)
		return e
	case errors.Is(err, secret.ErrRefused):
		e := base.NewError(base.KindUnauthenticated, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("the server refused this credential before; it is not sent again until it changes"))
		return e
	case errors.Is(err, secret.ErrEmpty), errors.Is(err, secret.ErrExpired), errors.Is(err, secret.ErrUnresolved):
		e := base.NewError(base.KindUnauthenticated, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("the credential could not be had"))
		return e
	}
	return nil
}

var errClosed = errors.New("closed")

// refused explains the answers that are not 2xx.
func refused(r rest.Response) *base.Error {
	status := &rest.StatusError{Status: r.Status}
	text := strings.TrimSuffix(status.Error()+": "+words(r), ": ")
	switch r.Status {
	case http.StatusUnauthorized:
		e := base.NewError(base.KindUnauthenticated, status).WithText(text)
		e.SetHint(base.HintOf("user, password or token is missing, wrong or expired"))
		return e
	case http.StatusForbidden:
		e := base.NewError(base.KindPermission, status).WithText(text)
		e.SetHint(base.HintOf("the account may not do this"))
		return e
	}
	return nil
}

const maxWords = 16 << 10

// words is what the server said in plain text, whole: it is cut when it has been cleaned, for a part of a secret would
// not be known as one. It quotes neither HTML nor what is no text, nor what is longer than a message.
func words(r rest.Response) string {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") || len(r.Body) > maxWords {
		return ""
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(r.Body)), "")
}

// passing are the statuses of a link that the protocol says to ask again after 50 to 100 ms
// (https://trino.io/docs/476/develop/client-protocol.html).
var passing = []string{"502", "503", "504"}

// gone are the statuses of a link to a query that the coordinator does not know.
var gone = []string{"404", "410"}

func hasCode(err error, codes []string) bool {
	e, ok := errors.AsType[*base.Error](err)
	return ok && slices.Contains(codes, e.Code)
}

// withQuery adds the id of the query to an error.
func withQuery(err error, id string) error {
	if id == "" || err == nil {
		return err
	}
	typed, ok := errors.AsType[*base.Error](err)
	if !ok {
		typed = classify(err)
	}
	copied := *typed // it may be shared
	copied.QueryID = id
	return &copied
}
