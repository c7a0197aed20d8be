package awssecret

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/awschain"
)

// Why a secret could not be had. An error of Get matches one of them, or [secret.ErrClosed], or the end of the caller's
// context.
var (
	// ErrNotFound: there is no such secret in the region, or no such version of it, or the identity may not know.
	ErrNotFound = errors.New("no such secret or version")
	// ErrDeleted: the secret is marked for deletion. It can still be restored.
	ErrDeleted = errors.New("marked for deletion")
	// ErrDenied: the identity may not read the secret, or not use the key of KMS that it is encrypted with.
	ErrDenied = errors.New("denied")
	// ErrCredentials: AWS does not accept the credentials of this process, or it has none.
	ErrCredentials = errors.New("AWS credentials not accepted")
	// ErrThrottled: AWS, or a limit of the store's Config, has too many requests.
	ErrThrottled = errors.New("throttled")
	// ErrDecryption: KMS did not decrypt the secret.
	ErrDecryption = errors.New("not decrypted")
	// ErrUnavailable: AWS answered that it cannot answer.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnreachable: no answer, for there is no way to the service.
	ErrUnreachable = errors.New("unreachable")
	// ErrSlow: no answer in time.
	ErrSlow = errors.New("too slow")
	// ErrInvalid: AWS, or the settings of the process, do not let the request be made as it is.
	ErrInvalid = errors.New("invalid request")
	// ErrAnswer: what came is no answer of Secrets Manager.
	ErrAnswer = errors.New("not an answer of Secrets Manager")
	// ErrPending: the version is AWSPENDING and no more, which is never handed out.
	ErrPending = errors.New("version not promoted yet")
	// ErrBinary: the secret is binary.
	ErrBinary = errors.New("binary secret")
	// ErrKey: the secret has no such key, or is no JSON object.
	ErrKey = errors.New("no such key")
)

// Error is why a secret could not be had. Its text is one line without any value.
type Error struct {
	Reference string // as it was configured
	Reason    error  // one of this package's errors, secret.ErrEmpty, ErrMalformed or ErrClosed, or why the caller left
	Code      string // of AWS, such as ResourceNotFoundException; empty = AWS did not say why
	RequestID string // of AWS; empty = none was told

	text  string
	cause error // the end of a context; nil = another
}

// Error is the reference, the reason and what to change.
func (e *Error) Error() string {
	if e.Reason == nil {
		return secret.ErrUnresolved.Error() + ": " + e.Reference
	}
	text := secret.ErrUnresolved.Error() + ": " + e.Reference + ": " + e.Reason.Error()
	if general(e.Reason) {
		text = e.Reason.Error() + ": " + e.Reference
	}
	if e.text != "" {
		text += ": " + e.text
	}
	return text
}

// general reports whether a reason is one of any store.
func general(reason error) bool {
	return slices.Contains([]error{secret.ErrEmpty, secret.ErrMalformed, secret.ErrClosed}, reason)
}

// Unwrap gives [secret.ErrUnresolved], the reason, and the end of a context.
func (e *Error) Unwrap() []error {
	all := []error{e.Reason}
	if !errors.Is(e.Reason, secret.ErrClosed) && !errors.Is(e.Reason, secret.ErrEmpty) {
		all = append(all, secret.ErrUnresolved)
	}
	if e.cause != nil {
		all = append(all, e.cause)
	}
	return all
}

// fail is an error about the value, or about what came instead of one.
func (r reference) fail(reason error, text string) *Error {
	return &Error{Reference: r.text, Reason: reason, text: text}
}

// left is the error of a caller who did not wait for the answer.
func (r reference) left(ctx context.Context) *Error {
	cause := context.Cause(ctx)
	if end := ctx.Err(); !errors.Is(cause, end) {
		cause = fmt.Errorf("%w: %w", end, cause) // a cause of the caller's own says not which end it is
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Reference: r.text, Reason: ErrSlow, cause: cause, text: "the time of the caller ended before an answer came"}
	}
	return &Error{Reference: r.text, Reason: cause, text: "the caller did not wait"}
}

// failed is the error of a request, of which the guard has made err.
func (r reference) failed(err error) *Error {
	if errors.Is(err, secret.ErrClosed) || errors.Is(err, base.ErrClosed) {
		return &Error{Reference: r.text, Reason: secret.ErrClosed}
	}
	typed, ok := errors.AsType[*base.Error](err)
	if !ok {
		return r.fail(ErrAnswer, "")
	}
	e := &Error{Reference: r.text, Reason: reasonOf(typed), Code: typed.Code, RequestID: typed.RequestID, text: typed.Error()}
	if errors.Is(e.Reason, ErrSlow) {
		e.cause = context.DeadlineExceeded
	}
	return e
}

func reasonOf(e *base.Error) error {
	if own, ok := errors.AsType[*awschain.Error](error(e)); ok {
		if known, ok := reasons[own.Code]; ok {
			return known
		}
		if own.Code == codeInvalidRequest && marked(own.Message) {
			return ErrDeleted
		}
	}
	reason, known := byKind[e.Kind]
	_, settings := errors.AsType[*awschain.SettingsError](error(e))
	switch {
	case known:
		return reason
	case settings, e.Kind == base.KindInvalid && e.Sent == base.Answered:
		return ErrInvalid
	case e.Sent == base.Answered:
		return ErrUnavailable
	}
	return ErrUnreachable // also where names or certificates are not what was configured
}

// reasons are the codes that say more than their kind.
var reasons = map[string]error{"DecryptionFailure": ErrDecryption}

var byKind = map[base.Kind]error{
	base.KindNotFound: ErrNotFound, base.KindPermission: ErrDenied, base.KindUnauthenticated: ErrCredentials,
	base.KindThrottled: ErrThrottled, base.KindOverloaded: ErrThrottled, base.KindLimitExceeded: ErrThrottled,
	base.KindAttemptTimeout: ErrSlow, base.KindDeadline: ErrSlow, base.KindNoTimeLeft: ErrSlow,
	base.KindCircuitOpen: ErrUnreachable, base.KindProtocol: ErrAnswer, base.KindTooLarge: ErrAnswer,
	base.KindConflict: ErrInvalid,
}

const codeInvalidRequest = "InvalidRequestException"

// phrases are how the service says, under a code of many meanings, that a secret is marked for deletion. Each has an answer
// in the tests: of the service, and of moto.
var phrases = []string{"marked for deletion", "currently marked deleted"}

func marked(message string) bool {
	for _, phrase := range phrases {
		if strings.Contains(message, phrase) {
			return true
		}
	}
	return false
}

var (
	absent  = awschain.Verdict{Kind: base.KindNotFound, Hint: base.HintOf("check the name, the stage or version, and the region of the store; a secret of another account needs its ARN")}
	deleted = awschain.Verdict{Kind: base.KindNotFound, Hint: base.HintOf("the secret is marked for deletion; restore it, or refer to another")}
	denied  = awschain.Verdict{Kind: base.KindPermission, Hint: base.HintOf("the identity needs secretsmanager:GetSecretValue on the secret, and kms:Decrypt where it has a key of its own")}
	locked  = awschain.Verdict{Kind: base.KindPermission, Hint: base.HintOf("KMS did not decrypt the secret; look whether its key is enabled and may be used by this identity")}
	crowded = awschain.Verdict{Kind: base.KindThrottled, Hint: base.HintOf("AWS throttles the API; ask less often, by a longer time between refreshes")}
	broken  = awschain.Verdict{Kind: base.KindUnavailable, Hint: base.HintOf("Secrets Manager could not answer")}
	refused = base.HintOf("AWS refuses the request; check the reference")
	keyless = base.HintOf("AWS could not be asked; check the AWS credentials of this process, or key or profile of the store")
)

// verdicts are the codes that mean more here than elsewhere (AWS Secrets Manager API Reference: GetSecretValue, errors).
var verdicts = map[string]awschain.Verdict{
	"ResourceNotFoundException": absent,
	"AccessDenied":              denied, "AccessDeniedException": denied,
	"DecryptionFailure":      locked,
	"LimitExceededException": crowded, "ThrottlingException": crowded, "TooManyRequestsException": crowded,
	"InternalServiceError": broken,
}

// classify types an error of a request for the guard.
func classify(err error) *base.Error {
	if errors.Is(err, awschain.ErrKey) {
		e := base.NewError(base.KindUnauthenticated, err)
		e.Sent = base.NotSent
		return e
	}
	for _, why := range []error{secret.ErrRefused, secret.ErrEmpty, secret.ErrExpired, secret.ErrUnresolved} {
		if errors.Is(err, why) { // of the key that requests are signed with
			e := base.NewError(base.KindUnauthenticated, err)
			e.Sent = base.NotSent
			e.SetHint(base.HintOf("the key of the store could not be had"))
			return e
		}
	}
	if _, ok := errors.AsType[*awschain.MalformedError](err); ok || errors.Is(err, errTooLarge) {
		e := base.NewError(base.KindProtocol, err)
		e.Sent = base.Answered
		e.SetHint(base.HintOf("something else than Secrets Manager answers there; check endpoint and proxy"))
		return e
	}
	codes := verdicts
	if e, ok := errors.AsType[*awschain.Error](err); ok && e.Code == codeInvalidRequest && marked(e.Message) {
		codes = map[string]awschain.Verdict{codeInvalidRequest: deleted}
	}
	return awschain.Classify(err, codes, refused, keyless)
}
