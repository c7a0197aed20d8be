package awschain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/retry"
)

// Error is what AWS answered instead of what was asked for. The SDK's own error is not kept: its message may quote the
// request.
type Error struct {
	Code    string
	Message string        // without the request and the secrets
	Status  int           // of HTTP; 0 = none
	Theirs  bool          // the fault is AWS's
	Request string        // id of the request; empty = none was told
	After   time.Duration // that the answer asked to wait; 0 = it did not ask
	// Skew is how far the clock of AWS is ahead of this machine's, where a signature was refused and they are minutes apart.
	Skew time.Duration
}

// Error is the code and the message.
func (e *Error) Error() string {
	switch {
	case e.Skew > 0:
		return e.Code + ": the clock of this machine is " + e.Skew.Round(time.Second).String() + " behind that of AWS"
	case e.Skew < 0:
		return e.Code + ": the clock of this machine is " + (-e.Skew).Round(time.Second).String() + " ahead of that of AWS"
	}
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// HTTPStatusCode is that of the answer, 0 for none.
func (e *Error) HTTPStatusCode() int { return e.Status }

// quotedRequest begins what AWS quotes of a request that it refuses: its signature, and the session token.
var quotedRequest = regexp.MustCompile(`(?is)(aws4-hmac-sha256|x-amz-security-token|x-amz-signature|credential\s*=|signature\s*=|canonical string).*`)

// aboutSignature are codes whose message is the request that AWS calculated from, and nothing that the hint lacks.
var aboutSignature = map[string]bool{
	"InvalidSignatureException": true, "SignatureDoesNotMatch": true, "IncompleteSignature": true, "IncompleteSignatureException": true,
	"RequestTimeTooSkewed": true, "RequestExpired": true,
}

// awsCode is how AWS writes its codes.
var awsCode = regexp.MustCompile(`^[A-Za-z0-9._]{1,100}$`)

// WithoutAnswer keeps what AWS answered out of the error, but for its code and a message without the request and the
// secrets: an answer that the SDK could not read may hold the password.
func WithoutAnswer(err error, secrets []string) error {
	_, unread := errors.AsType[*smithy.DeserializationError](err)
	if _, ok := errors.AsType[*json.SyntaxError](err); ok || unread {
		return unreadable(err)
	}
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	own := &Error{Code: e.ErrorCode(), Status: statusOf(err)}
	if with, ok := errors.AsType[interface {
		error
		ServiceRequestID() string
	}](err); ok && awsCode.MatchString(strings.ReplaceAll(with.ServiceRequestID(), "-", "")) {
		own.Request = with.ServiceRequestID()
	}
	own.Theirs = e.ErrorFault() == smithy.FaultServer || own.Status >= http.StatusInternalServerError
	if !awsCode.MatchString(own.Code) || own.Code == "UnknownError" { // the SDK found none
		own.Code = strconv.Itoa(own.Status)
	}
	own.After = waitOf(err)
	if aboutSignature[own.Code] {
		own.Skew = skewOf(err)
		return own
	}
	own.Message = strings.TrimSpace(quotedRequest.ReplaceAllString(e.ErrorMessage(), "[redacted]"))
	own.Message = base.Conceal(own.Message, secrets...)
	return own
}

// unreadable is an answer that the SDK could not read: it broke off, it came with the status of a failure, or it is none.
// What it held is not kept.
func unreadable(err error) error {
	if status := statusOf(err); status >= http.StatusBadRequest {
		return &Error{Code: strconv.Itoa(status), Status: status, Theirs: status >= http.StatusInternalServerError, After: waitOf(err)}
	}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET} {
		if errors.Is(err, cause) {
			return fmt.Errorf("the answer broke off: %w", cause)
		}
	}
	if e, ok := errors.AsType[net.Error](err); ok {
		return fmt.Errorf("the answer broke off: %w", e)
	}
	return &MalformedError{"AWS answered what is no answer of its API"}
}

// waitOf is what the headers of an answer ask to wait.
func waitOf(err error) time.Duration {
	e, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || e.Response == nil || e.Response.Response == nil {
		return 0
	}
	if wait, ok := retry.After(e.Response.Header, time.Now()); ok {
		return wait
	}
	return limit.Reset(e.Response.Header, time.Now())
}

// MalformedError is an answer that cannot be understood.
type MalformedError struct{ what string }

// Error says so.
func (e *MalformedError) Error() string { return e.what }

// Verdict is what a code means to a caller.
type Verdict struct {
	Kind base.Kind
	Hint base.Hint
}

// common are the codes that every service of AWS answers with.
var common = map[string]Verdict{
	"ExpiredToken":                        {base.KindUnauthenticated, base.HintOf("the AWS credentials have expired")},
	"ExpiredTokenException":               {base.KindUnauthenticated, base.HintOf("the AWS credentials have expired")},
	"UnrecognizedClientException":         {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"InvalidClientTokenId":                {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"IncompleteSignature":                 {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"InvalidSignatureException":           {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"SignatureDoesNotMatch":               {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"InvalidAccessKeyId":                  {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"InvalidToken":                        {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"MissingAuthenticationTokenException": {base.KindUnauthenticated, base.HintOf("AWS saw no credentials")},
	"RequestTimeTooSkewed":                {base.KindUnauthenticated, base.HintOf("set the clock of this machine")},
	"RequestExpired":                      {base.KindUnauthenticated, base.HintOf("set the clock of this machine")},
	"Throttling":                          {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"ThrottlingException":                 {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"RequestLimitExceeded":                {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"TooManyRequestsException":            {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"InternalFailure":                     {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"InternalServerException":             {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"ServiceUnavailable":                  {base.KindUnavailable, base.HintOf("AWS could not answer")},
}

// Classify types an error that WithoutAnswer returned: by the codes of the source, then by those of all services; an
// unknown one is refused where the fault is the caller's. It is nil for what AWS has no part in.
func Classify(err error, codes map[string]Verdict, refused, keyless base.Hint) *base.Error {
	if _, ok := errors.AsType[*SettingsError](err); ok {
		e := base.NewError(base.KindInvalid, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("correct the AWS settings of this process"))
		return e
	}
	if e, ok := errors.AsType[*Error](err); ok {
		v := e.Verdict(codes, refused)
		typed := base.NewError(v.Kind, err).WithText(e.Error())
		typed.Sent, typed.Code, typed.RequestID = base.Answered, e.Code, e.Request
		typed.RetryAfter = e.After
		typed.SetHint(v.Hint)
		return typed
	}
	if e, ok := errors.AsType[*smithy.OperationError](err); ok && base.ClassifyNetwork(e.Err).Kind == base.KindInternal {
		kind := base.KindUnauthenticated // the chain of credentials has none
		if statusOf(err) >= http.StatusInternalServerError {
			kind = base.KindUnavailable
		}
		typed := base.NewError(kind, err)
		typed.Sent = base.NotSent
		typed.SetHint(keyless)
		return typed
	}
	return nil
}

// Verdict is what the error means: by the codes of the source, then by those of all services.
func (e *Error) Verdict(codes map[string]Verdict, refused base.Hint) Verdict {
	if v, known := codes[e.Code]; known {
		return v
	}
	if v, known := common[e.Code]; known {
		return v
	}
	if e.Code == strconv.Itoa(e.Status) {
		return Verdict{kindOf(e.Status), refused}
	}
	if e.Theirs {
		return Verdict{base.KindUnavailable, base.HintOf("AWS could not answer")}
	}
	return Verdict{base.KindInvalid, refused}
}

// skewOf compares the answer's date with this machine's; what is less than two minutes is none.
func skewOf(err error) time.Duration {
	e, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || e.Response == nil || e.Response.Response == nil {
		return 0
	}
	at, bad := http.ParseTime(e.Response.Header.Get("Date"))
	if skew := time.Until(at); bad == nil && skew.Abs() > 2*time.Minute {
		return skew
	}
	return 0
}

// kindOf is the kind of an answer that has nothing but a status: something between us and AWS gave it.
func kindOf(status int) base.Kind {
	switch status {
	case http.StatusUnauthorized:
		return base.KindUnauthenticated
	case http.StatusForbidden:
		return base.KindPermission
	case http.StatusNotFound, http.StatusGone:
		return base.KindNotFound
	case http.StatusTooManyRequests:
		return base.KindThrottled
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return base.KindUnavailable
	}
	if status >= http.StatusInternalServerError {
		return base.KindInternal
	}
	return base.KindInvalid
}

func statusOf(err error) int {
	var with interface{ HTTPStatusCode() int }
	if errors.As(err, &with) {
		return with.HTTPStatusCode()
	}
	return 0
}
