package redshift

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/fourkites/sources/base"
)

// signingKeys hands out the AWS credentials of the process and remembers those of late: they must not show in any text.
type signingKeys struct {
	provider aws.CredentialsProvider

	mu    sync.Mutex
	shown []string
}

// maxKeys are some sets of key id, secret and session token.
const maxKeys = 4 * 3

// Retrieve is the provider's.
func (k *signingKeys) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := k.provider.Retrieve(ctx)
	if err != nil {
		return found, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.shown); n == 0 || k.shown[n-2] != found.SecretAccessKey || k.shown[n-1] != found.SessionToken {
		k.shown = append(k.shown, found.AccessKeyID, found.SecretAccessKey, found.SessionToken)
		k.shown = k.shown[max(0, len(k.shown)-maxKeys):]
	}
	return found, nil
}

func (k *signingKeys) secrets() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.shown...)
}

// awsError is what AWS answered instead of credentials. The SDK's own error is not kept: its message may quote the
// request.
type awsError struct {
	code, message string
	status        int
	theirs        bool // the fault is AWS's
}

func (e *awsError) Error() string {
	if e.message == "" {
		return e.code
	}
	return e.code + ": " + e.message
}

// HTTPStatusCode is that of the answer, 0 for none.
func (e *awsError) HTTPStatusCode() int { return e.status }

// quotedRequest begins what AWS quotes of a request that it refuses: its signature, and the session token.
var quotedRequest = regexp.MustCompile(`(?is)(aws4-hmac-sha256|x-amz-security-token|x-amz-signature|credential\s*=|signature\s*=|canonical string).*`)

// aboutSignature are codes whose message is the request that AWS calculated from, and nothing that the hint lacks.
var aboutSignature = map[string]bool{
	"InvalidSignatureException": true, "SignatureDoesNotMatch": true, "IncompleteSignature": true, "IncompleteSignatureException": true,
}

// awsCode is how AWS writes its codes.
var awsCode = regexp.MustCompile(`^[A-Za-z0-9._]{1,100}$`)

// withoutAnswer keeps what AWS answered out of the error, but for its code and a message without the request and the
// secrets: an answer that the SDK could not read may hold the password.
func withoutAnswer(err error, secrets []string) error {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return malformed("AWS answered what is no answer of its API")
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return malformed("AWS answered what is not JSON")
	}
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	own := &awsError{code: e.ErrorCode(), status: httpStatus(err)}
	own.theirs = e.ErrorFault() == smithy.FaultServer || own.status >= http.StatusInternalServerError
	if !awsCode.MatchString(own.code) {
		own.code = "unknown code"
	}
	if aboutSignature[own.code] {
		return own
	}
	own.message = strings.TrimSpace(quotedRequest.ReplaceAllString(e.ErrorMessage(), "[redacted]"))
	own.message = base.Conceal(own.message, secrets...)
	return own
}

var awsVerdicts = map[string]verdict{
	"ExpiredToken":                      {base.KindUnauthenticated, base.HintOf("the AWS credentials have expired")},
	"ExpiredTokenException":             {base.KindUnauthenticated, base.HintOf("the AWS credentials have expired")},
	"UnrecognizedClientException":       {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"InvalidClientTokenId":              {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"IncompleteSignature":               {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"InvalidSignatureException":         {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"SignatureDoesNotMatch":             {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"AccessDenied":                      {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"AccessDeniedException":             {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"ClusterNotFound":                   {base.KindNotFound, base.HintOf("there is no such cluster in the region; check iam.cluster_id and iam.region")},
	"ResourceNotFoundException":         {base.KindNotFound, base.HintOf("there is no such workgroup in the region; check iam.workgroup and iam.region")},
	"ValidationError":                   {base.KindInvalid, base.HintOf("AWS refuses the request; check iam, user and database")},
	"ValidationException":               {base.KindInvalid, base.HintOf("AWS refuses the request; check iam, user and database")},
	"UnsupportedOperation":              {base.KindInvalid, base.HintOf("the cluster does not support this way; set user")},
	"Throttling":                        {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"ThrottlingException":               {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"RequestLimitExceeded":              {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"TooManyRequestsException":          {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"InternalFailure":                   {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"InternalServerException":           {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"ServiceUnavailable":                {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"DependencyAccessDeniedFault":       {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"DependentServiceAccessDenied":      {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"DependentServiceUnavailable":       {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"DependentServiceRequestThrottling": {base.KindThrottled, base.HintOf("AWS throttles the API")},
}

// classifyAWS types what AWS answered to the request for credentials.
func classifyAWS(err error) *base.Error {
	if _, ok := errors.AsType[*settingsError](err); ok {
		e := base.NewError(base.KindInvalid, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("correct the AWS settings of this process"))
		return e
	}
	if e, ok := errors.AsType[*awsError](err); ok {
		v, known := awsVerdicts[e.code]
		switch {
		case known:
		case e.theirs:
			v = verdict{base.KindUnavailable, base.HintOf("AWS could not answer")}
		default:
			v = verdict{base.KindInvalid, base.HintOf("AWS refuses the request for credentials")}
		}
		typed := base.NewError(v.kind, err).WithText(e.Error())
		typed.Sent, typed.Code = base.NotSent, e.code
		typed.SetHint(v.hint)
		return typed
	}
	if e, ok := errors.AsType[*smithy.OperationError](err); ok && base.ClassifyNetwork(e.Err).Kind == base.KindInternal {
		kind := base.KindUnauthenticated // the chain of credentials has none
		if httpStatus(err) >= http.StatusInternalServerError {
			kind = base.KindUnavailable
		}
		typed := base.NewError(kind, err)
		typed.Sent = base.NotSent
		typed.SetHint(base.HintOf("AWS could not be asked for credentials of the database; check the AWS credentials of this process"))
		return typed
	}
	return nil
}

func httpStatus(err error) int {
	var with interface{ HTTPStatusCode() int }
	if errors.As(err, &with) {
		return with.HTTPStatusCode()
	}
	return 0
}
