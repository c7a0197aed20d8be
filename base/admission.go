package base

import (
	"context"
	"errors"
	"time"

	"github.com/fourkites/sources/base/limit"
)

// pace waits for the server's quota and for a token of the rate, where there are any.
func (c *call) pace() error {
	if err := c.quota(); err != nil {
		return err
	}
	if c.set.rate == nil {
		return nil
	}
	wait, undo, err := c.set.rate.Reserve(c.deadline - c.at)
	if err != nil {
		return c.reject(KindLimitExceeded)
	}
	if wait == 0 {
		return nil
	}
	if err := c.sleep(wait, c.g.breaker.Opened()); err != nil {
		undo()
		return err
	}
	c.at = c.g.now()
	return nil
}

func (c *call) quota() error {
	asked := c.g.quota.Wait(time.Now)
	if asked == 0 {
		return nil
	}
	wait := stretched(asked)
	if asked > c.set.limits.RetryAfter.D() || wait >= c.deadline-c.g.now() {
		return c.rejectWith(KindLimitExceeded, func(e *Error) { e.RetryAfter, e.Hint = asked, quotaHint })
	}
	if err := c.sleep(wait, c.g.breaker.Opened()); err != nil {
		return err
	}
	c.at = c.g.now()
	return nil
}

// sleep waits. It is cut short by the end of the context, by Close, and by wake, which is the breaker's.
func (c *call) sleep(d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ctx.Done():
		return c.ended()
	case <-c.g.closing:
		return c.reject(KindClosed)
	case <-wake:
		return c.reject(KindCircuitOpen)
	}
}

// permit takes the call's permits, waiting in line if need be.
func (c *call) permit() error {
	g := c.g
	if !g.permits.TryAcquire(c.o.weight) {
		if err := c.waitPermit(); err != nil {
			return err
		}
	}
	c.permitted = true
	if g.limiter != nil {
		return c.external()
	}
	return nil
}

func (c *call) waitPermit() error {
	g := c.g
	if g.holds(c.ctx) {
		return c.rejectWith(KindLimitExceeded, func(e *Error) { e.Hint = heldHint })
	}
	began := g.now()
	ctx, cancel := c.waitContext()
	defer cancel()
	err := g.permits.Acquire(ctx, c.o.weight, g.breaker.Opened())
	c.at = g.now()
	g.telemetry.waited(c.ctx, c.o, c.at-began)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, limit.ErrWoken):
		return c.reject(KindCircuitOpen)
	case errors.Is(err, limit.ErrClosed):
		return c.reject(KindClosed)
	case errors.Is(err, limit.ErrFull):
		return c.reject(KindLimitExceeded)
	}
	return c.crowded(err)
}

// external takes the right to call from a limiter that is shared beyond this process.
func (c *call) external() error {
	ctx, cancel := c.waitContext()
	defer cancel()
	release, err := c.g.acquire(ctx, c.o.weight)
	c.at = c.g.now()
	if err == nil {
		c.release = release
		return nil
	}
	c.giveBack()
	unasked := ctx.Err() == nil && !crowd(err)
	return c.crowdedOut(err, func(e *Error) {
		e.Hint = sharedHint
		if unasked {
			c.unasked(e, err)
		}
		if told, ok := errors.AsType[retryAfter](err); ok && told.RetryAfter() > 0 {
			e.RetryAfter = told.RetryAfter()
		}
	})
}

// unasked has the error say that the limiter failed, also where that took the limiter too long: the caller's time is not
// over.
func (c *call) unasked(e *Error, err error) {
	c.g.traffic.unasked.add(c.at)
	e.Hint, e.ctx = unaskedHint, nil
	if e.err == nil {
		e.err, e.text = err, textOf(err)
		c.g.purge(&e.text)
	}
}

// crowd reports whether a limiter refused because of the other calls, or was closed.
func crowd(err error) bool {
	return errors.Is(err, limit.ErrFull) || errors.Is(err, limit.ErrNoTime) || errors.Is(err, limit.ErrClosed)
}

// retryAfter is an error that says when another attempt has a chance.
type retryAfter interface {
	error
	RetryAfter() time.Duration
}

// crowded is the end of a wait for a place. Only a caller that gave up is told so; that no place came in time says
// something about the crowd.
func (c *call) crowded(err error) error { return c.crowdedOut(err, func(*Error) {}) }

// crowdedOut is crowded with more to say.
func (c *call) crowdedOut(err error, say func(*Error)) error {
	if contextKind(c.ctx) == KindCanceled {
		return c.ended()
	}
	return c.rejectWith(KindLimitExceeded, func(e *Error) {
		switch {
		case e.ctx != nil: // the caller's deadline
		case errors.Is(err, context.DeadlineExceeded):
			e.ctx = context.DeadlineExceeded
		case e.err == nil:
			e.err, e.text = err, textOf(err)
			c.g.purge(&e.text)
		}
		say(e)
	})
}

// waitContext is the caller's context with the overall deadline, for the waits before an attempt.
func (c *call) waitContext() (context.Context, context.CancelFunc) {
	if !c.ownsDeadline {
		return c.ctx, func() {}
	}
	return context.WithDeadline(c.ctx, c.g.epoch.Add(c.deadline))
}
