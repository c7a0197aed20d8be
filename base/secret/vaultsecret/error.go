package vaultsecret

import (
	"context"
	"errors"
	"slices"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// Why a secret could not be had. An error of Get matches one of them, or [secret.ErrClosed], or the end of the caller's
// context.
var (
	// ErrNotFound: there is nothing at the path, or no such version of it.
	ErrNotFound = errors.New("no such secret or version")
	// ErrDeleted: the version was deleted. It can still be undeleted.
	ErrDeleted = errors.New("deleted")
	// ErrDestroyed: the version was destroyed, for ever.
	ErrDestroyed = errors.New("destroyed")
	// ErrDenied: no policy of the token allows to read the path.
	ErrDenied = errors.New("denied")
	// ErrLogin: Vault does not accept the token, the secret id or the service account's token, or there is none.
	ErrLogin = errors.New("login refused")
	// ErrSealed: the server is sealed.
	ErrSealed = errors.New("the server is sealed")
	// ErrStandby: the server is a standby that does not pass requests on.
	ErrStandby = errors.New("a standby answers")
	// ErrUninitialised: the server has never been initialised.
	ErrUninitialised = errors.New("not initialised")
	// ErrThrottled: a quota of Vault, or a limit of the store's Config, has too many requests.
	ErrThrottled = errors.New("throttled")
	// ErrUnavailable: the server answered that it cannot answer.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnreachable: no answer, for there is no way to the server.
	ErrUnreachable = errors.New("unreachable")
	// ErrSlow: no answer in time.
	ErrSlow = errors.New("too slow")
	// ErrInvalid: Vault does not take the request as it is.
	ErrInvalid = errors.New("invalid request")
	// ErrAnswer: what came is no answer of Vault.
	ErrAnswer = errors.New("not an answer of Vault")
	// ErrKey: the secret has no such key.
	ErrKey = errors.New("no such key")
	// ErrRenewal: the lease of the credential at hand cannot be renewed. It stands beside the reason why there is no other.
	ErrRenewal = errors.New("lease not renewable")
	// ErrLeases: so many leases of the reference run that there must be no more, and none could be revoked.
	ErrLeases = errors.New("too many leases")
)

// advice is what to change, by reason.
var advice = map[error]string{
	ErrNotFound:      "check the path, which begins with the mount, and the version",
	ErrDeleted:       "undelete the version, write another, or ask for one by ?version=",
	ErrDestroyed:     "write a new version, or ask for another by ?version=",
	ErrDenied:        "the token is wrong or has ended, or its policies do not allow to read the path (of KV v2: mount/data/path)",
	ErrLogin:         "check the login of the store",
	ErrSealed:        "unseal the server",
	ErrStandby:       "point address at the active node, or at a balancer that finds it",
	ErrUninitialised: "initialise the server, or check address",
	ErrThrottled:     "ask less often, or raise the quota of Vault or limits of the store",
	ErrUnavailable:   "look at the log of the server",
	ErrUnreachable:   "check address, proxy, ca_file and the network",
	ErrSlow:          "look at the load of the server, or raise timeout",
	ErrInvalid:       "check the reference and the engine behind its mount",
	ErrAnswer:        "something else than Vault answers there; check address and proxy",
	ErrLeases:        "the token needs update on sys/leases/revoke; else wait until one has run out",
}

// Error is why a secret could not be had. Its text is one line without any value.
type Error struct {
	Reference string // as it was configured
	Reason    error  // one of this package's errors, secret.ErrEmpty, ErrMalformed or ErrClosed, or why the caller left
	Status    int    // of the answer of Vault; 0 = there was none

	text   string
	cause  error // the end of a context; nil = another
	beside error // ErrRenewal, or nil
}

// Error is the reference, the reason and what to change.
func (e *Error) Error() string {
	text := secret.ErrUnresolved.Error() + ": " + e.Reference + ": " + e.Reason.Error()
	if general(e.Reason) {
		text = e.Reason.Error() + ": " + e.Reference
	}
	if e.text != "" {
		text += ": " + e.text
	}
	if e.beside != nil {
		text += "; " + e.beside.Error()
	}
	if hint := advice[e.Reason]; hint != "" {
		text += "; " + hint
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
	for _, more := range []error{e.cause, e.beside} {
		if more != nil {
			all = append(all, more)
		}
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
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Reference: r.text, Reason: ErrSlow, cause: cause, text: "the time of the caller ended before an answer came"}
	}
	return &Error{Reference: r.text, Reason: cause, text: "the caller did not wait"}
}

// failed is the error of what was asked for the reference.
func (r reference) failed(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if errors.Is(err, secret.ErrClosed) || errors.Is(err, base.ErrClosed) {
		return &Error{Reference: r.text, Reason: secret.ErrClosed}
	}
	t, ok := errors.AsType[*trouble](err)
	if !ok {
		return r.fail(ErrAnswer, "")
	}
	e := &Error{Reference: r.text, Reason: t.reason, Status: t.status, text: t.text}
	if errors.Is(e.Reason, ErrSlow) {
		e.cause = context.DeadlineExceeded
	}
	return e
}
