package sign

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

var (
	// ErrMissing: the request carries no signature, or not all of its parts.
	ErrMissing = errors.New("sign: the request is not signed")
	// ErrSignature: the signature is malformed, truncated, or not of this request and key.
	ErrSignature = errors.New("sign: the signature does not match")
	// ErrExpired: the time that was signed lies outside the window. The error is also a [*SkewError].
	ErrExpired = errors.New("sign: the timestamp is outside the window")
	// ErrReplayed: the same signed request was accepted before. The first one may well have been processed.
	ErrReplayed = errors.New("sign: the request was sent before")
	// ErrUnknownApp: no key is known for the application.
	ErrUnknownApp = errors.New("sign: the application is unknown")
	// ErrSecret: there is no usable key: it is empty, or its provider failed.
	ErrSecret = errors.New("sign: no secret")
	// ErrUnsignable: the request cannot be signed as it is: a method that is not a token, an opaque URL, or a query
	// that already uses a parameter of the scheme.
	ErrUnsignable = errors.New("sign: the request cannot be signed")
)

// SkewError says how far the signer's clock is from the verifier's. It matches [ErrExpired] under [errors.Is].
type SkewError struct {
	Skew   time.Duration // positive: the signer's clock is ahead
	Window time.Duration // what the verifier allows; zero if not known
}

// Error names the difference, its direction, and what to do about it.
func (e *SkewError) Error() string {
	direction := "ahead of"
	if e.Skew < 0 {
		direction = "behind"
	}
	text := fmt.Sprintf("sign: the signer's clock is %s %s the server's", e.Skew.Abs(), direction)
	if e.Window > 0 {
		text += fmt.Sprintf(" and the window is %s", e.Window)
	}
	return text + "; set the clock of the signing machine"
}

// Unwrap makes the error match [ErrExpired].
func (e *SkewError) Unwrap() error { return ErrExpired }

// Skew measures from the Date header of an answer how far the clock that read now is from the server's; positive means
// that ours is ahead. The header counts whole seconds. It reports false where there is no readable date. Call it for
// a 401: a difference above the window explains the refusal.
func Skew(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return now.Truncate(time.Second).Sub(date), true
}
