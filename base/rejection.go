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
	c.g.telemetry.rejected(c.ctx, c.o, kind)
	c.stopped = true
	if c.before != nil {
		e := *c.before
		e.Stopped = kind
		c.last = &e
		return c.last
	}
	c.last = c.o.rejected[kind]
	return c.last
}

// refuses is the short way out while the breaker is open and nobody wants to hear of each call.
func (g *Guard) refuses(op *Op) error {
	if g.telemetry != nil || g.logger != nil || !g.breaker.Refuses() {
		return nil
	}
	return g.state(op).rejected[KindCircuitOpen]
}

func (c *call) rejectHeld() error {
	c.g.telemetry.rejected(c.ctx, c.o, KindLimitExceeded)
	c.stopped = true
	e := *c.o.rejected[KindLimitExceeded]
	e.Hint = heldHint
	c.last = &e
	return c.last
}

// ended is the error of a call whose context ended while it waited for its turn.
func (c *call) ended() error {
	e := &Error{Kind: contextKind(c.ctx), Source: c.g.config.Name, Op: c.op.Name, Sent: NotSent, ctx: context.Cause(c.ctx)}
	if e.Kind == KindUnknown { // the Op's own deadline
		e.Kind, e.ctx = KindDeadline, context.DeadlineExceeded
	}
	if c.before != nil {
		e.err, e.text, e.Code = c.before.err, c.before.text, c.before.Code
	}
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
		e.Hint = "the write was sent and its answer lost: look whether it happened before you repeat it"
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
	} else {
		if g.config.Classify != nil {
			e = g.config.Classify(err)
		}
		if e == nil {
			e = ClassifyNetwork(err)
		}
	}
	if e.err == nil && e.text == "" {
		e.err = err
	}
	if e.text == "" {
		e.text = Redact(textOf(e.err))
	}
	e.text = clean(g.redact(e.text))
	return e
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
		e.Kind, e.ctx = kind, context.Cause(c.ctx)
		return
	}
	if c.own == nil || !errors.Is(c.own.Err(), context.DeadlineExceeded) {
		if e.Kind == KindUnknown {
			e.Kind = KindInternal
		}
		return
	}
	e.Kind, e.ctx = KindAttemptTimeout, context.DeadlineExceeded
	if c.ownsDeadline && c.g.now() >= c.deadline {
		e.Kind = KindDeadline
		e.Hint = "the call took longer than its timeout; ask for less, or raise limits.timeout"
	}
}

// verdict is what an error says about the source. A caller's own deadline or cancellation, a local rejection and an
// answer that refuses the request say nothing bad about it.
func (c *call) verdict(e *Error) breaker.Outcome {
	switch e.Kind {
	case KindUnavailable, KindAttemptTimeout, KindOverloaded, KindProtocol, KindInternal, KindOutcomeUnknown:
		if contextKind(c.ctx) != KindUnknown {
			return breaker.Ignored
		}
		if _, crashed := errors.AsType[*PanicError](e.err); crashed || errors.Is(e.err, errGoexit) {
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
	return breaker.Success
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
func (g *Guard) refresh(ctx context.Context) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value}
		}
	}()
	return g.config.Refresh(ctx)
}
