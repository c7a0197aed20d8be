package base

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fourkites/sources/base/breaker"
	"github.com/fourkites/sources/base/retry"
	"github.com/fourkites/sources/base/secret"
)

// Do makes one call through the guard. fn is the driver's call, its own retries off; it may run several times, never
// side by side, with a context that ends with the attempt. Order, outer to inner: overall deadline, retry, breaker
// peek, rate, permit, breaker admit, attempt deadline, fn. An error is always an *Error; a value that arrived is never
// thrown away because the context ended meanwhile. A panic of fn becomes an Internal error. A context that has ended is
// never passed to fn.
func Do[T any](ctx context.Context, g *Guard, op *Op, fn func(context.Context) (T, error)) (T, error) {
	if e := g.refuses(ctx, op); e != nil {
		var zero T
		return zero, e
	}
	var c call
	defer c.abandon()
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
	share    uint8 // of the calls like this one that are measured, as traffic.begin gave it; zero = not this one

	ownsDeadline bool // the overall deadline is the Op's, not the caller's
	held         bool // the answer outlives the attempt: permits and context are given back by release
	permitted    bool
	returned     bool
	refreshed    bool
	stopped      bool // the call goes no further, whatever the kind of its error
	over         bool // it was counted out, or somebody else will do so
}

const noDeadline = time.Duration(math.MaxInt64)

func (c *call) begin(ctx context.Context, g *Guard, op *Op) {
	c.g, c.op, c.ctx = g, op, ctx
	c.o, c.set = g.state(op), g.set.Load()
	c.start = g.now()
	c.at = c.start
	c.deadline = noDeadline
	if at, ok := ctx.Deadline(); ok {
		c.deadline = max(0, at.Sub(g.epoch))
	}
	if own := c.bound(op.Timeout, c.set.timeout); own > 0 && own < c.deadline-c.start {
		c.deadline, c.ownsDeadline = c.start+own, true
	}
	g.budget.Earn()
	c.share = g.traffic.begin(c.start)
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
	case c.ctx.Err() != nil:
		return nil, c.ended()
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
	ticket, err := g.breaker.AllowAt(c.at)
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
	if c.attempts++; c.attempts > 1 {
		g.traffic.retries.Add(1)
		g.traffic.failures.add(c.before, c.attempts-1, c.at, c.at-c.start, true)
		g.telemetry.retried(c.ctx, c.o)
	}
	return ctx, nil
}

// context makes the context of the attempt. Where the caller's own deadline is the nearest it is the caller's context.
func (c *call) context() (context.Context, error) {
	now, end := c.at, c.deadline
	mine := c.ownsDeadline
	if limit := c.bound(c.op.AttemptTimeout, c.set.attempt); limit > 0 && limit < end-now {
		end, mine = now+limit, true
	}
	if now >= end {
		return nil, c.reject(KindNoTimeLeft)
	}
	if !mine && !c.held && end != noDeadline {
		return c.ctx, nil
	}
	var at time.Time
	if mine {
		at = c.g.epoch.Add(end)
	}
	c.own = newDeadline(c.ctx, at)
	if c.permitted {
		c.own.guard = c.g
	}
	return c.own, nil
}

// leave is deferred around the driver's call, so that a panic or the end of the goroutine gives everything back.
func (c *call) leave(err *error) {
	if !c.returned {
		*err = crashed(recover())
	}
	if *err != nil {
		c.last = c.classify(*err)
	}
	c.settle()
	if *err != nil || !c.held {
		c.letGo()
	}
}

// crashed is the error of code that panicked, or whose goroutine ended if there is no value.
func crashed(value any) error {
	if value == nil {
		return NewError(KindInternal, errGoexit)
	}
	e := NewError(KindInternal, &PanicError{Value: value, Stack: string(debug.Stack())})
	e.SetHint(HintOf("the stack is in the PanicError that errors.As finds"))
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
	if release := c.release; release != nil {
		c.release = nil
		guarded(release)
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
	if wait > 0 && c.sleep(wait, nil) != nil {
		return c.finish(c.last)
	}
	c.at = c.g.now()
	return nil
}

// retry turns the attempt that failed into the one before.
func (c *call) retry(wait time.Duration) {
	c.delayed += wait
	c.before, c.last, c.own = c.last, nil, nil
	c.returned = false
}

// plan says whether the failure is worth another attempt, and after what wait.
func (c *call) plan(e *Error) (time.Duration, bool) {
	if e.final {
		return 0, false
	}
	if e.Kind == KindUnauthenticated {
		return 0, c.refresh(e)
	}
	policy := c.g.policy(e.Kind)
	if c.retries() >= min(policy.Retries, c.set.retries) || (c.op.Safety == Unsafe && e.Sent != NotSent) {
		return 0, false
	}
	wait := c.pause(e, policy)
	if e.RetryAfter > c.set.limits.RetryAfter.D() || wait >= c.deadline-c.g.now() {
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
	err := c.g.refresh(ctx)
	if err != nil {
		e.err = errors.Join(e.err, err)
		if !errors.Is(err, secret.ErrRefused) && !errors.Is(err, secret.ErrEmpty) { // the answer alone would not say that the store is why
			e.text += "; there is no newer credential: " + err.Error()
			c.g.purge(&e.text)
		}
	}
	return err == nil && c.ctx.Err() == nil
}

// retries are the attempts after the first. The one after a refresh is free.
func (c *call) retries() int {
	n := c.attempts - 1
	if c.refreshed {
		n--
	}
	return n
}

// pause is what the source asked for, else the next wait of the schedule.
func (c *call) pause(e *Error, p retry.Policy) time.Duration {
	if e.RetryAfter > 0 {
		return stretched(e.RetryAfter)
	}
	if c.paced != e.Kind {
		c.schedule, c.paced = p.Schedule(), e.Kind
	}
	return c.schedule.Next()
}

// stretched lengthens a wait that was asked for by up to a tenth, so that not all callers come back at once.
func stretched(wait time.Duration) time.Duration {
	return wait + min(time.Duration(rand.Int64N(int64(wait/10)+1)), math.MaxInt64-wait)
}

// finish completes the error and closes the call.
func (c *call) finish(e *Error) error {
	if e != c.o.rejected[e.Kind] { // those are shared
		e.Attempts, e.Elapsed = c.attempts, c.g.now()-c.start
	}
	now := c.g.now()
	c.note(e, now)
	c.g.passive.failed(now, e, c.verdict(e))
	c.end(e)
	return e
}

func (c *call) succeed() {
	if !c.held { // then it was measured when its answer was opened
		c.measure()
	}
	c.g.passive.succeeded(c)
	c.end(nil)
}

// end counts the call out, once.
func (c *call) end(e *Error) {
	if c.over {
		return
	}
	c.over = true
	defer c.g.leave()
	if c.g.telemetry != nil {
		c.g.telemetry.end(c, e)
	}
	if to, ok := c.ctx.Value(statsKey{}).(*collector); ok {
		to.add(Stats{Source: c.g.config.Name, Op: c.op.Name, Calls: 1, Attempts: c.attempts, Elapsed: c.g.now() - c.start})
	}
	if e != nil && c.g.logger != nil {
		guarded(func() { c.g.logger.DebugContext(c.ctx, "call failed", "error", e) })
	}
}

// abandon is deferred around the whole call: whatever ended the goroutine, nothing stays behind.
func (c *call) abandon() {
	if c.over || c.g == nil {
		return
	}
	c.letGo()
	e := c.last
	if e == nil {
		e = &Error{Kind: KindInternal, Source: c.g.config.Name, Op: c.op.Name, err: errGoexit, text: errGoexit.Error()}
	}
	_ = c.finish(e)
}
