package base

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fourkites/sources/base/breaker"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/retry"
)

// Do makes one call through the guard. fn is the driver's call, its own retries off; it may run several times, never
// side by side, with a context that ends with the attempt. Order, outer to inner: overall deadline, retry, breaker
// peek, rate, permit, breaker admit, attempt deadline, fn. An error is always an *Error; a value that arrived is never
// thrown away because the context ended meanwhile. A panic of fn becomes an Internal error.
func Do[T any](ctx context.Context, g *Guard, op *Op, fn func(context.Context) (T, error)) (T, error) {
	if e := g.refuses(op); e != nil {
		var zero T
		return zero, e
	}
	var c call
	c.begin(ctx, g, op)
	for {
		v, err := attempt(&c, fn)
		if err == nil {
			c.succeed()
			return v, nil
		}
		if err = c.fail(); err != nil {
			return v, err
		}
	}
}

func attempt[T any](c *call, fn func(context.Context) (T, error)) (v T, err error) {
	ctx, err := c.enter()
	if err != nil {
		return v, err
	}
	defer c.leave(&err)
	v, err = fn(ctx)
	c.returned = true
	return v, err
}

// call is the state of one logical call. It lives on the caller's stack: none of its methods may keep it.
type call struct {
	g        *Guard
	op       *Op
	o        *opState
	set      *settings
	ctx      context.Context // the caller's, with the span
	start    time.Duration   // since the guard's epoch, like all instants here
	deadline time.Duration   // overall; noDeadline where there is none
	own      *deadlineContext
	ticket   breaker.Ticket
	release  func()        // of an external limiter
	last     *Error        // of the last attempt
	before   *Error        // of the attempt before, while the next one is prepared
	at       time.Duration // the clock as last read
	schedule retry.Schedule
	paced    Kind // the kind that schedule is for
	span     trace.Span
	delayed  time.Duration
	attempts int

	ownsDeadline bool // the overall deadline is the Op's, not the caller's
	held         bool // the answer outlives the attempt: permits and context are given back by release
	permitted    bool
	returned     bool
	refreshed    bool
	stopped      bool // the call goes no further, whatever the kind of its error
}

const noDeadline = time.Duration(1<<63 - 1)

func (c *call) begin(ctx context.Context, g *Guard, op *Op) {
	c.g, c.op, c.ctx = g, op, ctx
	c.o, c.set = g.state(op), g.set.Load()
	c.start = g.now()
	c.at = c.start
	c.deadline = noDeadline
	if at, ok := ctx.Deadline(); ok {
		c.deadline = at.Sub(g.epoch)
	}
	if own := c.bound(op.Timeout, c.set.timeout); own > 0 && c.start+own < c.deadline {
		c.deadline, c.ownsDeadline = c.start+own, true
	}
	g.budget.Earn()
	g.inflight.Add(1)
	if g.telemetry != nil {
		c.ctx, c.span = g.telemetry.begin(ctx, c.o)
	}
}

// bound is the Op's own limit, else that of the settings; zero means none.
func (c *call) bound(op, set time.Duration) time.Duration {
	if op != 0 {
		return max(0, op)
	}
	return set
}

// enter passes the inner doors and returns the context of the attempt.
func (c *call) enter() (context.Context, error) {
	c.returned = false
	g := c.g
	switch {
	case g.closed.Load():
		return nil, c.reject(KindClosed)
	case g.breaker.Refuses():
		return nil, c.reject(KindCircuitOpen)
	}
	if !c.op.Probe {
		if err := c.pace(); err != nil {
			return nil, err
		}
		if err := c.permit(); err != nil {
			return nil, err
		}
	}
	ticket, err := g.breaker.Allow()
	if err != nil {
		c.giveBack()
		return nil, c.reject(KindCircuitOpen)
	}
	ctx, err := c.context()
	if err != nil {
		g.breaker.Done(ticket, breaker.Ignored)
		c.giveBack()
		return nil, err
	}
	c.ticket = ticket
	c.attempts++
	return ctx, nil
}

// pace waits for a token of the rate and for the server's quota, where there are any.
func (c *call) pace() error {
	if wait := c.g.quota.Wait(time.Now); wait > 0 {
		if c.g.now()+wait >= c.deadline || wait > c.set.limits.RetryAfter.D() {
			return c.reject(KindLimitExceeded)
		}
		if !c.sleep(wait) {
			return c.ended()
		}
		c.at = c.g.now()
	}
	if c.set.rate == nil {
		return nil
	}
	ctx, cancel := c.waitContext()
	defer cancel()
	switch err := c.set.rate.Wait(ctx); {
	case err == nil:
		c.at = c.g.now()
		return nil
	case errors.Is(err, limit.ErrNoTime):
		return c.reject(KindLimitExceeded)
	}
	return c.ended()
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
		return c.rejectHeld()
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
	case errors.Is(err, limit.ErrFull):
		return c.reject(KindLimitExceeded)
	case errors.Is(err, limit.ErrWoken):
		return c.reject(KindCircuitOpen)
	case errors.Is(err, limit.ErrClosed):
		return c.reject(KindClosed)
	case c.ctx.Err() == nil || errors.Is(c.ctx.Err(), context.DeadlineExceeded):
		return c.reject(KindLimitExceeded)
	}
	return c.ended()
}

func (c *call) external() error {
	ctx, cancel := c.waitContext()
	defer cancel()
	release, err := c.g.limiter.Acquire(ctx, c.o.weight)
	if err == nil {
		c.release = release
		return nil
	}
	c.giveBack()
	if c.ctx.Err() != nil {
		return c.ended()
	}
	return c.reject(KindLimitExceeded)
}

// waitContext is the caller's context with the overall deadline, for the waits before an attempt.
func (c *call) waitContext() (context.Context, context.CancelFunc) {
	if !c.ownsDeadline {
		return c.ctx, func() {}
	}
	return context.WithDeadline(c.ctx, c.g.epoch.Add(c.deadline))
}

// context makes the context of the attempt. Where the caller's own deadline is the nearest it is the caller's context.
func (c *call) context() (context.Context, error) {
	now, end := c.at, c.deadline
	mine := c.ownsDeadline
	if limit := c.bound(c.op.AttemptTimeout, c.set.attempt); limit > 0 && now+limit < end {
		end, mine = now+limit, true
	}
	if now >= end {
		return nil, c.reject(KindNoTimeLeft)
	}
	if !mine && !c.held {
		return c.ctx, nil
	}
	var at time.Time
	if mine {
		at = c.g.epoch.Add(end)
	}
	c.own = newDeadline(c.ctx, c.g, at)
	return c.own, nil
}

// leave is deferred around the driver's call, so that a panic or the end of the goroutine gives everything back.
func (c *call) leave(err *error) {
	gone := false
	if !c.returned {
		value := recover()
		gone = value == nil // runtime.Goexit: nobody will go on with this call
		*err = crashed(value)
	}
	if *err != nil {
		c.last = c.classify(*err)
	}
	c.settle()
	if *err != nil || !c.held {
		c.letGo()
	}
	if gone {
		_ = c.finish(c.last)
	}
}

func crashed(value any) error {
	if value == nil {
		return NewError(KindInternal, errGoexit)
	}
	e := NewError(KindInternal, &PanicError{Value: value, Stack: string(debug.Stack())})
	e.Hint = "the stack is in the PanicError that errors.As finds"
	return e
}

// settle tells the breaker what the attempt said about the source.
func (c *call) settle() {
	outcome := breaker.Success
	if c.last != nil {
		outcome = c.verdict(c.last)
	}
	c.g.breaker.Done(c.ticket, outcome)
}

// letGo ends the attempt's context and gives the permits back.
func (c *call) letGo() {
	if c.own != nil {
		c.own.end(context.Canceled)
	}
	c.giveBack()
}

func (c *call) giveBack() {
	if c.permitted {
		c.permitted = false
		c.g.permits.Release(c.o.weight)
	}
	if c.release != nil {
		c.release()
		c.release = nil
	}
}

// fail decides after a failed attempt: nil means that the wait is over and another attempt may begin.
func (c *call) fail() error {
	e := c.last
	if c.stopped {
		return c.finish(e)
	}
	wait, retried := c.plan(e)
	if !retried {
		return c.finish(e)
	}
	c.retry(wait)
	if wait > 0 && !c.sleep(wait) {
		e.Kind, e.ctx = contextKind(c.ctx), context.Cause(c.ctx)
		return c.finish(e)
	}
	c.at = c.g.now()
	return nil
}

// retry turns the attempt that failed into the one before.
func (c *call) retry(wait time.Duration) {
	c.g.telemetry.retried(c.ctx, c.o)
	c.delayed += wait
	c.before, c.last, c.own = c.last, nil, nil
	c.at, c.returned = c.at+wait, false
}

// plan says whether the failure is worth another attempt, and after what wait.
func (c *call) plan(e *Error) (time.Duration, bool) {
	if e.Kind == KindUnauthenticated {
		return 0, c.refresh(e)
	}
	policy := c.g.policy(e.Kind)
	if c.attempts > min(policy.Retries, c.set.retries) || (c.op.Safety == Unsafe && e.Sent != NotSent) {
		return 0, false
	}
	wait := c.pause(e, policy)
	if e.RetryAfter > c.set.limits.RetryAfter.D() || c.g.now()+wait >= c.deadline {
		e.Stopped = KindNoTimeLeft
		return 0, false
	}
	if !c.g.budget.Spend(policy.Cost) {
		e.Stopped = KindBudgetExhausted
		c.g.telemetry.rejected(c.ctx, c.o, KindBudgetExhausted)
		return 0, false
	}
	return wait, true
}

// refresh asks for a new credential once per call; the retry after it is free.
func (c *call) refresh(e *Error) bool {
	if c.refreshed || c.g.config.Refresh == nil || (c.op.Safety == Unsafe && e.Sent == MaybeSent) {
		return false
	}
	c.refreshed = true
	ctx, cancel := c.waitContext()
	defer cancel()
	return c.g.refresh(ctx) == nil && c.ctx.Err() == nil
}

// pause is what the source asked for, lengthened by up to a tenth so that not all come back at once, else the next
// wait of the schedule.
func (c *call) pause(e *Error, p retry.Policy) time.Duration {
	if e.RetryAfter > 0 {
		return e.RetryAfter + time.Duration(rand.Int64N(int64(e.RetryAfter/10)+1))
	}
	if c.paced != e.Kind {
		c.schedule, c.paced = p.Schedule(), e.Kind
	}
	return c.schedule.Next()
}

// sleep reports whether the wait ended before the context did.
func (c *call) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// finish completes the error and closes the call.
func (c *call) finish(e *Error) error {
	if e != c.o.rejected[e.Kind] { // those are shared
		e.Attempts, e.Elapsed = c.attempts, c.g.now()-c.start
	}
	c.g.passive.failed(c.g.now(), e)
	c.end(e)
	return e
}

func (c *call) succeed() {
	c.g.passive.succeeded(c.start)
	c.end(nil)
}

func (c *call) end(e *Error) {
	if c.g.telemetry != nil {
		c.g.telemetry.end(c, e)
	}
	if to, ok := c.ctx.Value(statsKey{}).(*collector); ok {
		to.add(Stats{Source: c.g.config.Name, Op: c.op.Name, Calls: 1, Attempts: c.attempts, Elapsed: c.g.now() - c.start})
	}
	if e != nil && c.g.logger != nil {
		c.g.logger.DebugContext(c.ctx, "call failed", "error", e)
	}
	if c.g.inflight.Add(-1) == 0 && c.g.closed.Load() {
		c.g.drainCheck()
	}
}
