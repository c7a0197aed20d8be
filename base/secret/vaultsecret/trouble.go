package vaultsecret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/fourkites/sources/base"
)

// trouble is a request that failed, and why. The errors of base are not in its tree: a store that is down must not look to a
// guard as if the source were.
type trouble struct {
	reason error
	status int // of the answer; 0 = none
	text   string
}

func (t *trouble) Error() string { return t.reason.Error() + ": " + t.text }

func (t *trouble) Unwrap() error { return t.reason }

// statusOf is the status with which a request was answered; 0 = it was not, or did not fail.
func statusOf(err error) int {
	if t, ok := errors.AsType[*trouble](err); ok {
		return t.status
	}
	return 0
}

// answered is an answer that is an error. It holds no URL, and of what the server says only what it says of requests: an error
// of an engine may quote the statement that failed.
type answered struct {
	status int
	said   string
	wait   time.Duration
}

func (a *answered) Error() string {
	if a.said == "" {
		return "the server answered " + http.StatusText(a.status)
	}
	return "the server says: " + a.said
}

const sealedPhrase = "Vault is sealed" // with 503, of Vault and of OpenBao

var (
	errMalformed = errors.New("the answer is not JSON of Vault")
	errTooLarge  = errors.New("the answer is larger than 8 MiB, which no secret is")
	errElsewhere = errors.New("the server answers with a redirect, which is not followed with a token")
)

// foreign is the error of a request without what it quotes.
func foreign(err error, wait time.Duration) error {
	for _, own := range []error{errTooLarge, errElsewhere} {
		if errors.Is(err, own) {
			return own
		}
	}
	if r, ok := errors.AsType[*api.ResponseError](err); ok {
		a := &answered{status: r.StatusCode, wait: wait}
		if !r.RawError && (r.StatusCode < http.StatusInternalServerError || isSealed(r)) {
			a.said = strings.Join(r.Errors, "; ")
		}
		return a
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, kind := errors.AsType[*json.UnmarshalTypeError](err)
	if syntax || kind {
		return errMalformed
	}
	return err
}

func isSealed(r *api.ResponseError) bool {
	return r.StatusCode == http.StatusServiceUnavailable && len(r.Errors) == 1 && r.Errors[0] == sealedPhrase
}

// kinds are those of the statuses (Vault API: HTTP status codes; sys/health for 472 and 473).
var kinds = map[int]base.Kind{
	http.StatusBadRequest: base.KindInvalid, http.StatusUnauthorized: base.KindUnauthenticated, http.StatusForbidden: base.KindPermission,
	http.StatusNotFound: base.KindNotFound, http.StatusMethodNotAllowed: base.KindInvalid,
	http.StatusPreconditionFailed: base.KindUnavailable, // a performance standby has not seen the write yet
	http.StatusTooManyRequests:    base.KindThrottled, statusDR: base.KindUnavailable, statusPerformance: base.KindUnavailable,
	http.StatusInternalServerError: base.KindUnavailable, http.StatusNotImplemented: base.KindUnavailable, http.StatusBadGateway: base.KindUnavailable,
	http.StatusServiceUnavailable: base.KindUnavailable, http.StatusGatewayTimeout: base.KindUnavailable,
}

const (
	statusDR          = 472
	statusPerformance = 473
)

// classify types an error of a request for the guard.
func classify(err error) *base.Error {
	if a, ok := errors.AsType[*answered](err); ok {
		kind, known := kinds[a.status]
		if !known {
			kind = base.KindInvalid
		}
		e := base.NewError(kind, err)
		e.Sent, e.Code, e.RetryAfter = base.Answered, fmt.Sprint(a.status), a.wait
		return e
	}
	kind := base.KindProtocol
	switch {
	case errors.Is(err, errElsewhere):
		kind = base.KindUnavailable
	case !errors.Is(err, errMalformed) && !errors.Is(err, errTooLarge):
		return nil
	}
	e := base.NewError(kind, err)
	e.Sent = base.Answered
	return e
}

// troubled says why the guard gave up.
func (s *Store) troubled(ctx context.Context, err error) error {
	typed, ok := errors.AsType[*base.Error](err)
	if !ok {
		return &trouble{reason: ErrAnswer}
	}
	if errors.Is(err, base.ErrClosed) {
		return err
	}
	t := &trouble{reason: reasonOf(typed), text: typed.Error()}
	if a, ok := errors.AsType[*answered](err); ok {
		t.status = a.status
		if a.said == sealedPhrase {
			t.reason = ErrSealed
		}
	}
	switch {
	case errors.Is(err, errElsewhere), t.status == statusDR, t.status == statusPerformance:
		t.reason = ErrStandby
	case t.status == http.StatusTooManyRequests, t.status >= http.StatusInternalServerError:
		if why := s.state(ctx); why != nil {
			t.reason = why
		}
	}
	return t
}

func reasonOf(e *base.Error) error {
	if reason, known := byKind[e.Kind]; known {
		return reason
	}
	if errors.Is(e, context.DeadlineExceeded) { // of a request that may have done something
		return ErrSlow
	}
	if e.Sent == base.Answered {
		if e.Kind == base.KindInvalid {
			return ErrInvalid
		}
		return ErrUnavailable
	}
	return ErrUnreachable // also where names or certificates are not what was configured
}

var byKind = map[base.Kind]error{
	base.KindNotFound: ErrNotFound, base.KindPermission: ErrDenied, base.KindUnauthenticated: ErrDenied,
	base.KindThrottled: ErrThrottled, base.KindOverloaded: ErrThrottled, base.KindLimitExceeded: ErrThrottled,
	base.KindAttemptTimeout: ErrSlow, base.KindDeadline: ErrSlow, base.KindNoTimeLeft: ErrSlow,
	base.KindCircuitOpen: ErrUnavailable, base.KindInternal: ErrUnavailable, base.KindProtocol: ErrAnswer, base.KindTooLarge: ErrAnswer,
}
