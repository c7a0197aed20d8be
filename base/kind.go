package base

import (
	"context"
	"errors"
)

// Kind is the category of a failure. Programs act on the Kind, never on the text of an error.
type Kind uint8

// The kinds of failure that a source, or the way to it, can cause.
const (
	KindUnknown         Kind = iota // no error, or one that is not of this module
	KindCanceled                    // the caller gave up
	KindDeadline                    // the overall deadline passed
	KindAttemptTimeout              // one attempt took too long
	KindUnavailable                 // refused, reset, gone, starting, shutting down
	KindThrottled                   // too many calls; wait
	KindOverloaded                  // the source is short of resources as a whole
	KindConflict                    // another transaction or change was in the way
	KindUnauthenticated             // the credential is missing, wrong or expired
	KindPermission                  // the credential may not do this
	KindNotFound                    // there is no such thing, or it is hidden from this credential
	KindInvalid                     // the request is wrong; the same request fails again
	KindQuotaExceeded               // a cap on rows, bytes, memory or time at the source
	KindTooLarge                    // the request or the answer is larger than allowed
	KindContentFiltered             // refused because of its content
	KindProtocol                    // the answer was not understood
	KindOutcomeUnknown              // a write was sent and its answer lost: it may have happened
	KindInternal                    // a defect, here or at the source

	// The local ones: the call, or its retry, never left the process.

	KindCircuitOpen     // the breaker is open
	KindLimitExceeded   // no permit or no token of the rate in time, or the queue is full
	KindBudgetExhausted // the retry budget is spent
	KindNoTimeLeft      // too little of the deadline is left
	KindClosed          // the client was closed

	kindCount
)

var kindNames = [kindCount]string{
	"unknown", "canceled", "deadline", "attempt timeout", "unavailable", "throttled", "overloaded", "conflict",
	"unauthenticated", "permission", "not found", "invalid", "quota exceeded", "too large", "content filtered",
	"protocol", "outcome unknown", "internal", "circuit open", "limit exceeded", "retry budget exhausted",
	"no time left", "closed",
}

// String is the kind in words.
func (k Kind) String() string {
	if k >= kindCount {
		return kindNames[KindUnknown]
	}
	return kindNames[k]
}

// MarshalText writes the kind in words.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote; a word that is not known is KindUnknown.
func (k *Kind) UnmarshalText(text []byte) error {
	*k = KindUnknown
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
		}
	}
	return nil
}

// Local reports whether the call never left the process.
func (k Kind) Local() bool { return k >= KindCircuitOpen && k < kindCount }

// sentinel is an error that stands for a Kind in errors.Is.
type sentinel Kind

func (s sentinel) Error() string { return Kind(s).String() }

// One sentinel per Kind, for errors.Is.
var (
	ErrCanceled        error = sentinel(KindCanceled)
	ErrDeadline        error = sentinel(KindDeadline)
	ErrAttemptTimeout  error = sentinel(KindAttemptTimeout)
	ErrUnavailable     error = sentinel(KindUnavailable)
	ErrThrottled       error = sentinel(KindThrottled)
	ErrOverloaded      error = sentinel(KindOverloaded)
	ErrConflict        error = sentinel(KindConflict)
	ErrUnauthenticated error = sentinel(KindUnauthenticated)
	ErrPermission      error = sentinel(KindPermission)
	ErrNotFound        error = sentinel(KindNotFound)
	ErrInvalid         error = sentinel(KindInvalid)
	ErrQuotaExceeded   error = sentinel(KindQuotaExceeded)
	ErrTooLarge        error = sentinel(KindTooLarge)
	ErrContentFiltered error = sentinel(KindContentFiltered)
	ErrProtocol        error = sentinel(KindProtocol)
	ErrOutcomeUnknown  error = sentinel(KindOutcomeUnknown)
	ErrInternal        error = sentinel(KindInternal)
	ErrCircuitOpen     error = sentinel(KindCircuitOpen)
	ErrLimitExceeded   error = sentinel(KindLimitExceeded)
	ErrBudgetExhausted error = sentinel(KindBudgetExhausted)
	ErrNoTimeLeft      error = sentinel(KindNoTimeLeft)
	ErrClosed          error = sentinel(KindClosed)
)

// ErrLocal matches every error of a local Kind: the source was never asked.
var ErrLocal = errors.New("not sent")

// KindOf is the Kind of an error: that of the first *Error in its tree, of a sentinel, or of a bare context error.
// It is KindUnknown for nil and for foreign errors. An *IncompleteError is not a failure of its own kind: ask
// errors.Is(err, ErrTruncated) or ErrPartial first; its Kind is that of its cause, if it has one.
func KindOf(err error) Kind {
	if err == nil {
		return KindUnknown
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if s, ok := errors.AsType[sentinel](err); ok {
		return Kind(s)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return KindCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return KindDeadline
	}
	return KindUnknown
}
