package base

import (
	"context"
	"errors"
	"time"

	"github.com/fourkites/sources/base/breaker"
	"github.com/fourkites/sources/base/retry"
)

// reject ends the call, or its next attempt, without asking the source. A call that failed before gives its real error
// with the reason why it went no further; one that never got out gives an error made once.
func (c *call) reject(kind Kind) error {
	if c.before != nil {
		return c.rejectWith(kind, func(*Error) {})
	}
	c.g.telemetry.rejected(c.ctx, c.o, kind)
	c.stopped, c.last = true, c.o.rejected[kind]
	return c.last
}

// rejectWith is a rejection with more to say than its kind.
func (c *call) rejectWith(kind Kind, say func(*Error)) error {
	c.g.telemetry.rejected(c.ctx, c.o, kind)
	e := *c.o.rejected[kind]
	if c.before != nil {
		e = *c.before
		e.Stopped = kind
	}
	if cause := context.Cause(c.ctx); cause != nil {
		e.ctx = cause
	}
	say(&e)
	c.stopped, c.last = true, &e
	return c.last
}

// refuses is the short way out: a guard that is none, or an open breaker when nobody wants to hear of each call.
func (g *Guard) refuses(ctx context.Context, op *Op) *Error {
	if g == nil || g.breaker == nil || op == nil {
		return misused(op)
	}
	now, refused := g.breaker.RefusesNow()
	switch {
	case !refused, g.telemetry != nil, g.logger != nil, g.closed.Load():
		return nil
	}
	if to, ok := ctx.Value(statsKey{}).(*collector); ok {
		to.add(Stats{Source: g.config.Name, Op: op.Name, Calls: 1})
	}
	state := g.state(op)
	state.refusals.short.add(now)
	return state.rejected[KindCircuitOpen]
}

// misused is the error of a call that was put together wrongly.
func misused(op *Op) *Error {
	if op == nil {
		return Invalid("base", "Do", "op: nil; give the static Op of the method")
	}
	return Invalid("base", op.Name, "guard: nil or zero; make it with NewGuard")
}

// ended is the error of a call whose context ended while it waited for its turn.
func (c *call) ended() error {
	kind := contextKind(c.ctx)
	if kind == KindDeadline {
		return c.reject(KindNoTimeLeft)
	}
	e := &Error{Source: c.g.config.Name, Op: c.op.Name, Sent: NotSent}
	if c.before != nil {
		*e = *c.before
	}
	e.Kind, e.ctx = kind, context.Cause(c.ctx)
	c.stopped, c.last = true, e
	return e
}

func contextKind(ctx context.Context) Kind {
	switch err := ctx.Err(); {
	case err == nil:
		return KindUnknown
	case errors.Is(err, context.DeadlineExceeded):
		return KindDeadline
	}
	return KindCanceled
}

// classify types the error of an attempt. The result belongs to this call until it is returned.
func (c *call) classify(err error) *Error {
	e := c.g.typed(err)
	e.Source, e.Op = c.g.config.Name, c.op.Name
	if vague(e.Kind) {
		c.blameContext(e)
	} else if cause := context.Cause(c.ctx); cause != nil {
		e.ctx = cause
	}
	if c.op.Safety == Unsafe && e.Sent == MaybeSent && vague(e.Kind) {
		e.Kind = KindOutcomeUnknown
		e.SetHint(HintOf("the write was sent and its answer lost: look whether it happened before you repeat it"))
	}
	return e
}

// typed makes a fresh *Error of any error.
func (g *Guard) typed(err error) *Error {
	var e *Error
	if known, ok := errors.AsType[*Error](err); ok {
		copied := *known
		e = &copied
		e.Attempts = 0
		if error(known) != err { //nolint:errorlint // not the error itself but a wrapper, which stays in the tree
			if e.text == "" {
				e.text = textOf(e.err)
			}
			e.err = err
		}
	} else {
		e = g.classify(err)
	}
	if e.err == nil && e.text == "" {
		e.err = err
	}
	if e.text == "" {
		e.text = textOf(e.err)
	}
	g.purge(&e.text, &e.Code, &e.QueryID, &e.RequestID, e.foreignHint())
	return e
}

// classify asks the source what its driver's error means. A classifier that panics knows nothing.
func (g *Guard) classify(err error) (e *Error) {
	if g.config.Classify != nil {
		guarded(func() { e = g.config.Classify(err) })
	}
	if e == nil {
		return ClassifyNetwork(err)
	}
	return e
}

// guarded runs code of the source or of the user that must not take the call with it.
func guarded(f func()) {
	defer func() { _ = recover() }()
	f()
}

// vague are the kinds that a context's end can look like: then the context decides.
func vague(k Kind) bool {
	switch k {
	case KindUnknown, KindCanceled, KindDeadline, KindAttemptTimeout, KindUnavailable, KindProtocol, KindInternal:
		return true
	}
	return false
}

func (c *call) blameContext(e *Error) {
	if kind := contextKind(c.ctx); kind != KindUnknown {
		e.Kind, e.ctx, e.Hint = kind, context.Cause(c.ctx), ""
		return
	}
	if c.own == nil || !errors.Is(c.own.Err(), context.DeadlineExceeded) {
		if e.Kind == KindUnknown {
			e.Kind = KindInternal
		}
		return
	}
	if e.Kind != KindAttemptTimeout {
		e.Kind, e.Hint = KindAttemptTimeout, "" // the hint was for what it looked like
	}
	e.ctx = context.DeadlineExceeded
	if c.ownsDeadline && c.g.now() >= c.deadline {
		e.Kind = KindDeadline
		e.SetHint(HintOf("the call took longer than its timeout; ask for less, or raise limits.timeout"))
	}
}

// verdict is what an error says about the source. A caller's own deadline or cancellation, a crash of our own code and
// a rejection that never reached the source say nothing; an answer that refuses the request says that it is there.
func (c *call) verdict(e *Error) breaker.Outcome {
	switch e.Kind {
	case KindUnavailable, KindAttemptTimeout, KindOverloaded, KindProtocol, KindInternal, KindOutcomeUnknown:
		if contextKind(c.ctx) != KindUnknown || isCrash(e) {
			return breaker.Ignored
		}
		return breaker.Failure
	case KindDeadline:
		if c.ownsDeadline && contextKind(c.ctx) == KindUnknown {
			return breaker.Failure
		}
		return breaker.Ignored
	case KindCanceled, KindThrottled:
		return breaker.Ignored
	}
	if e.Kind.Local() || e.Sent == NotSent {
		return breaker.Ignored
	}
	return breaker.Success
}

func isCrash(e *Error) bool {
	_, panicked := errors.AsType[*PanicError](e.err)
	return panicked || errors.Is(e.err, errGoexit)
}

var policies = map[Kind]retry.Policy{
	KindUnavailable:    {Retries: 3, Base: 50 * time.Millisecond, Cap: 5000 * time.Millisecond, Cost: 1},
	KindThrottled:      {Retries: 3, Base: 1000 * time.Millisecond, Cap: 10000 * time.Millisecond, Cost: 1},
	KindOverloaded:     {Retries: 2, Base: 1000 * time.Millisecond, Cap: 5000 * time.Millisecond, Cost: 1},
	KindConflict:       {Retries: 3, Base: 20 * time.Millisecond, Cap: 1000 * time.Millisecond, Cost: 1},
	KindAttemptTimeout: {Retries: 1, Base: 50 * time.Millisecond, Cap: 1000 * time.Millisecond, Cost: 1},
}

func (g *Guard) policy(k Kind) retry.Policy {
	if p, ok := g.config.Policies[k]; ok {
		return p
	}
	return policies[k]
}

// refresh runs the source's refresh hook; a panic of it is an error like another.
func (g *Guard) refresh(ctx context.Context) error {
	err := errRefresh
	guarded(func() { err = g.config.Refresh(ctx) })
	return err
}

// acquire asks the external limiter; a panic of it is an error like another.
func (g *Guard) acquire(ctx context.Context, weight int64) (release func(), err error) {
	err = errLimiter
	guarded(func() { release, err = g.limiter.Acquire(ctx, weight) })
	return release, err
}

var (
	errRefresh = errors.New("the refresh of the credential panicked")
	errLimiter = errors.New("the limiter panicked")
)
