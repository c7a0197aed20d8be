package athena

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/awschain"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// ServerError is what AWS answered, or why it ended a query, as errors.As finds it in an error of this package. Its texts
// are without the client's secrets, on one line and at most 600 bytes long.
type ServerError struct {
	// Code is that of the API, such as InvalidRequestException; of a query that failed, the name that its reason begins with,
	// such as TABLE_NOT_FOUND, else FAILED; of one that was stopped, CANCELLED.
	Code    string
	Message string
	Status  int // of HTTP; 0 where a query failed
	// Category says whose fault the failure of a query is: 1 the service's, 2 the statement's, 3 another's; 0 = not told.
	Category int
	// Type is the failure's number in https://docs.aws.amazon.com/athena/latest/ug/error-reference.html; -1 = not told.
	Type      int
	Retryable bool // as the service sees it

	cause   *awschain.Error // nil, or the answer of the API
	storage bool            // S3 answered, and not Athena
}

// Error is the code and the message.
func (e *ServerError) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the answer of the API.
func (e *ServerError) Unwrap() error {
	if e.cause == nil {
		return nil
	}
	return e.cause
}

// HTTPStatusCode is that of the answer, 0 for none.
func (e *ServerError) HTTPStatusCode() int { return e.Status }

const (
	codeFailed    = "FAILED"
	codeCancelled = "CANCELLED"
	codeDisabled  = "DISABLED"
)

// foreign is the error of a request without what it quotes.
func (c *Client) foreign(err error) error {
	if err == nil {
		return nil
	}
	for _, own := range []error{errTooLarge, errSilent} {
		if errors.Is(err, own) {
			return own
		}
	}
	own := awschain.WithoutAnswer(err, c.secrets())
	if e, ok := errors.AsType[*awschain.Error](own); ok {
		return &ServerError{Code: e.Code, Message: c.guard.Clean(strings.TrimPrefix(e.Error(), e.Code+": ")), Status: e.Status, Type: -1, cause: e, storage: ofStorage(err)}
	}
	return c.named(err, own)
}

// named says which of the two services an error of the way there is about.
func (c *Client) named(err, own error) error {
	if base.ClassifyNetwork(own).Kind == base.KindInternal && !tlsconfig.Alert(own) {
		return own
	}
	host := c.config.address()
	if ofStorage(err) {
		host = c.config.storage()
	}
	return &wayError{host, own}
}

// ofStorage reports whether an error is about a request to S3.
func ofStorage(err error) bool {
	op, ok := errors.AsType[*smithy.OperationError](err)
	return ok && op.Service() == s3.ServiceID
}

// wayError is a failure on the way to a service.
type wayError struct {
	host string
	err  error
}

// Error is the host and what went wrong, without the layers of the SDK.
func (e *wayError) Error() string {
	cause := e.err
	if u, ok := errors.AsType[*url.Error](cause); ok {
		cause = u.Err
	} else if c, ok := errors.AsType[*aws.RequestCanceledError](cause); ok {
		cause = c.Err
	}
	return e.host + ": " + cause.Error()
}

func (e *wayError) Unwrap() error { return e.err }

var (
	denied     = awschain.Verdict{Kind: base.KindPermission, Hint: base.HintOf("the identity may not do this; ask for another table, or have the right granted in IAM or Lake Formation")}
	notOurs    = awschain.Verdict{Kind: base.KindPermission, Hint: base.HintOf("results cannot be written to, or read from, the output location; check output_location, bucket_owner and the rights to the bucket")}
	notThere   = awschain.Verdict{Kind: base.KindNotFound, Hint: base.HintOf("there is no such catalog, database, table or file, or the identity may not see it")}
	noResource = awschain.Verdict{Kind: base.KindNotFound, Hint: base.HintOf("there is no such workgroup, catalog or query in the region; check region and workgroup")}
	noFile     = awschain.Verdict{Kind: base.KindNotFound, Hint: base.HintOf("the file of the results is gone, by a rule of the bucket or by hand; ask again")}
	changed    = awschain.Verdict{Kind: base.KindProtocol, Hint: base.HintOf("the file of the results was changed while it was read; ask again, and let nobody else write there")}
	cutShort   = awschain.Verdict{Kind: base.KindProtocol, Hint: base.HintOf("the file of the results is shorter than it was; ask again")}
	elsewhere  = awschain.Verdict{Kind: base.KindInvalid, Hint: base.HintOf("the bucket lies in another region; set region to the bucket's, or write results elsewhere")}
	badSQL     = awschain.Verdict{Kind: base.KindInvalid, Hint: base.HintOf("the statement cannot be run; correct it")}
	noColumn   = awschain.Verdict{Kind: base.KindInvalid, Hint: base.HintOf("a name in the statement is not known; look at the columns of the table")}
	badRequest = awschain.Verdict{Kind: base.KindInvalid, Hint: base.HintOf("Athena refuses the request; check workgroup, output_location, catalog, database and the statement")}
	disabled   = awschain.Verdict{Kind: base.KindInvalid, Hint: base.HintOf("enable the workgroup, or set another one")}
	tooMuch    = awschain.Verdict{Kind: base.KindQuotaExceeded, Hint: base.HintOf("the query needs more than it may; narrow the window of datestr or the conditions")}
	tooWide    = awschain.Verdict{Kind: base.KindQuotaExceeded, Hint: base.HintOf("the query would read more bytes than it may; narrow the window of datestr, select fewer columns, or raise the limit (max_scan_bytes, or that of the workgroup)")}
	tooLong    = awschain.Verdict{Kind: base.KindQuotaExceeded, Hint: base.HintOf("the query ran longer than it may; narrow the window, or raise max_execution")}
	stopped    = awschain.Verdict{Kind: base.KindCanceled, Hint: base.HintOf("the query was stopped at the server")}
	crowded    = awschain.Verdict{Kind: base.KindThrottled, Hint: base.HintOf("more queries or requests than the account may make; wait, or ask for less at once")}
	away       = awschain.Verdict{Kind: base.KindUnavailable, Hint: base.HintOf("the service could not do it at the moment")}
)

// codes are those of the API and of S3.
var codes = map[string]awschain.Verdict{
	"AccessDenied": denied, "AccessDeniedException": denied, "AllAccessDisabled": denied, "Forbidden": denied,
	"ResourceNotFoundException": noResource, "InvalidRequestException": badRequest, "ValidationException": badRequest,
	"TooManyRequestsException": crowded, "SlowDown": crowded, "RequestTimeout": away, "MetadataException": away,
	"ServiceUnavailableException": away, "InternalError": away,
	"NoSuchKey": noFile, "NotFound": noFile, "NoSuchBucket": noFile, "PreconditionFailed": changed, "InvalidRange": cutShort, "RequestedRangeNotSatisfiable": cutShort,
	"PermanentRedirect": elsewhere, "TemporaryRedirect": elsewhere, "AuthorizationHeaderMalformed": elsewhere,
}

// reasons are the names with which the reason of a failed query begins, those of Trino.
var reasons = map[string]awschain.Verdict{
	"TABLE_NOT_FOUND": notThere, "SCHEMA_NOT_FOUND": notThere, "CATALOG_NOT_FOUND": notThere, "NOT_FOUND": notThere,
	"PERMISSION_DENIED": denied, "COLUMN_NOT_FOUND": noColumn, "FUNCTION_NOT_FOUND": noColumn,
	"EXCEEDED_SCAN_LIMIT": tooMuch, "EXCEEDED_CPU_LIMIT": tooMuch, "EXCEEDED_LOCAL_MEMORY_LIMIT": tooMuch,
	"EXCEEDED_GLOBAL_MEMORY_LIMIT": tooMuch, "EXCEEDED_TIME_LIMIT": tooLong, "QUERY_QUEUE_FULL": crowded,
	"USER_CANCELED": stopped,
}

// phrases are what the service says in words alone, within a reason or a message.
var phrases = []struct {
	text string
	is   awschain.Verdict
}{
	{"Bytes scanned limit was exceeded", tooWide},
	{"Access denied when writing output", notOurs},
	{"Unable to verify/create output bucket", notOurs},
	{"Insufficient permissions", denied},
	{"Insufficient Lake Formation permission", denied},
	{"EntityNotFoundException", notThere},
	{"Query timeout", tooLong},
	{"is disabled", disabled},
	{"Query exhausted resources", tooMuch},
}

// numbers are the types of failure in https://docs.aws.amazon.com/athena/latest/ug/error-reference.html, as far as their
// category does not tell enough.
var numbers = map[int]awschain.Verdict{
	204: away, 206: tooLong, 210: tooLong, 234: denied, 238: away, 239: away, 240: away, 401: notOurs, 402: notOurs,
	1010: away, 1011: stopped, 1014: stopped, 1109: notThere, 1110: notThere, 1300: notThere, 1301: notThere, 1302: notThere,
	1306: notThere, 1400: crowded,
}

// named is the name with which a reason begins.
var named = regexp.MustCompile(`^([A-Z][A-Z0-9_]{3,60}): `)

// verdict is what the failure of a query means to a caller: by its name, by words that stand for a case of its own, by its
// number, by whose fault it is.
func (e *ServerError) verdict() awschain.Verdict {
	switch e.Code {
	case codeDisabled:
		return disabled
	case codeCancelled:
		return stopped
	}
	if v, known := reasons[e.Code]; known {
		return v
	}
	for _, p := range phrases {
		if strings.Contains(e.Message, p.text) {
			return p.is
		}
	}
	if v, known := numbers[e.Type]; known {
		return v
	}
	switch {
	case e.Type >= 0 && e.Type <= 8:
		return tooMuch
	case e.Retryable, e.Category == 1:
		return away
	case e.Category == 2, named.MatchString(e.Message):
		return badSQL
	}
	return awschain.Verdict{Kind: base.KindInternal}
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
		return e.typed(err)
	}
	if e := classifySecret(err); e != nil {
		return e
	}
	if tlsconfig.Alert(err) {
		typed := base.NewError(base.KindInvalid, err)
		typed.Sent, typed.Code = base.NotSent, "tls"
		typed.SetHint(base.HintOf(tlsconfig.AlertHint))
		return typed
	}
	if e := awschain.Classify(err, codes, badRequest.Hint, base.HintOf("there are no AWS credentials; set them in the environment, in a profile, or by the role of the machine, or set key")); e != nil {
		return e
	}
	if _, ok := errors.AsType[*cellError](err); ok {
		typed := base.NewError(base.KindProtocol, err)
		typed.Sent = base.Answered
		typed.SetHint(base.HintOf("a value is not what its column holds; cast the column to varchar"))
		return typed.WithoutRetry()
	}
	_, unread := errors.AsType[*awschain.MalformedError](err)
	if _, broken := errors.AsType[*malformedError](err); broken || unread {
		typed := base.NewError(base.KindProtocol, err)
		typed.Sent = base.Answered
		typed.SetHint(base.HintOf("what answers is not Athena, or it was damaged on the way; check endpoint and proxy"))
		return typed
	}
	if e, ok := errors.AsType[*fileError](err); ok {
		typed := base.NewError(e.is.Kind, err)
		typed.Sent = base.Answered
		typed.SetHint(e.is.Hint)
		return typed.WithoutRetry()
	}
	return classifyOwn(err)
}

func (e *ServerError) typed(err error) *base.Error {
	v := e.verdict()
	if e.cause != nil {
		v = e.cause.Verdict(codes, badRequest.Hint)
		if e.storage && v.Kind == base.KindPermission { // S3 knows of no tables
			v = notOurs
		}
		for _, p := range phrases { // these two codes stand for every case
			if (e.Code == "InvalidRequestException" || e.Code == "MetadataException") && strings.Contains(e.Message, p.text) {
				v = p.is
			}
		}
	}
	typed := base.NewError(v.Kind, err).WithText(e.Error())
	typed.Sent, typed.Code = base.Answered, e.Code
	if e.cause != nil {
		typed.RequestID, typed.RetryAfter = e.cause.Request, e.cause.After
	}
	typed.SetHint(v.Hint)
	return typed
}

// classifySecret types why there is nothing to sign with.
func classifySecret(err error) *base.Error {
	kind, hint := base.KindUnauthenticated, base.HintOf("the key could not be had")
	switch {
	case errors.Is(err, secret.ErrRefused):
		hint = base.HintOf("the service refused this key before; it is not sent again until it changes")
	case errors.Is(err, awschain.ErrKey):
		kind, hint = base.KindInvalid, base.HintOf("write it as id:secret, or id:secret:token of a temporary one")
	case errors.Is(err, secret.ErrEmpty), errors.Is(err, secret.ErrExpired), errors.Is(err, secret.ErrUnresolved):
	default:
		return nil
	}
	e := base.NewError(kind, err)
	e.Sent = base.NotSent
	e.SetHint(hint)
	return e
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
		e.SetHint(tooLong.Hint)
		return e
	case isScan(err):
		e := base.NewError(base.KindQuotaExceeded, err)
		e.SetHint(tooWide.Hint)
		return e
	case errors.Is(err, errSilent):
		e := base.NewError(base.KindAttemptTimeout, err)
		e.SetHint(base.HintOf("ask for less, or raise limits.idle"))
		return e
	case errors.Is(err, errTooLarge):
		e := base.NewError(base.KindTooLarge, err)
		e.Sent = base.Answered
		e.SetHint(base.HintOf("select fewer or shorter columns"))
		return e
	}
	return nil
}

var (
	errClosed   = errors.New("closed")
	errOvertime = errors.New("the query had not ended when its time was over, and was stopped")
)

// scanError is a query that would read, or has begun to read, more than it may.
type scanError struct {
	bytes, limit int64
	planned      bool
}

func isScan(err error) bool {
	_, ok := errors.AsType[*scanError](err)
	return ok
}

func (e *scanError) Error() string {
	if e.planned {
		return fmt.Sprintf("the plan says that %d bytes would be read, and %d are allowed; it was not started", e.bytes, e.limit)
	}
	return fmt.Sprintf("%d bytes were read, and %d are allowed; the query was stopped", e.bytes, e.limit)
}

// malformedError is an answer that cannot be understood.
type malformedError struct{ what string }

func (e *malformedError) Error() string { return "the answer cannot be understood: " + e.what }

func malformed(format string, args ...any) error {
	return &malformedError{fmt.Sprintf(format, args...)}
}

// fileError is a file of results that cannot be read as one whole.
type fileError struct {
	what string
	is   awschain.Verdict
}

func (e *fileError) Error() string { return "the file of the results " + e.what }

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
