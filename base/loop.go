package base

import (
	"context"
	"errors"
	"time"
)

// Loop is one call whose retry loop belongs to somebody else, such as an HTTP library: the guard still decides about
// every attempt and every wait. It belongs to one goroutine at a time. Begin it, run Attempt, ask Next after each that
// failed, and end it with End, whatever happens: until then the call counts as in flight.
type Loop struct {
	c   call
	err error // how the call ended
}

// Begin starts a call of the guard and the Op, neither of which may be nil.
func Begin(ctx context.Context, g *Guard, op *Op) *Loop {
	l := &Loop{}
	l.c.begin(ctx, g, op)
	return l
}

// Context is the caller's context with the call's span.
func (l *Loop) Context() context.Context { return l.c.ctx }

// Attempt passes the inner doors and runs fn, as one attempt of [Do] does. The error is an *Error. After Next has said
// that nothing may follow, or after End, nothing is run.
func (l *Loop) Attempt(fn func(context.Context) error) error {
	if l.c.stopped || l.c.over {
		return l.refused()
	}
	l.c.at = l.c.g.now() // the foreign loop has waited
	gone := true
	defer func() {
		if gone { // the goroutine ends, and with it the foreign loop
			l.c.abandon()
		}
	}()
	_, err := attempt(&l.c, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	gone = false
	if err != nil {
		return l.c.last
	}
	return nil
}

func (l *Loop) refused() error {
	if l.c.last != nil {
		return l.c.last
	}
	return Invalid(l.c.g.config.Name, l.c.op.Name, "the call has ended; begin another one")
}

// Next says, after an Attempt that failed, whether another one may follow, and after what wait. The caller must wait
// before it attempts again.
func (l *Loop) Next() (wait time.Duration, again bool) {
	c := &l.c
	if c.last == nil || c.stopped || c.over {
		return 0, false
	}
	wait, again = c.plan(c.last)
	if !again {
		c.stopped = true
		return 0, false
	}
	c.retry(wait)
	return wait, true
}

// End closes the call and returns its final error: nil after an Attempt that succeeded. err is how the foreign loop
// ended; it counts only where no Attempt has told more. A loop that was cut short in a wait ends with the error of its
// last attempt and what cut it short: the end of the context, or Close. A later End returns what the first one did.
func (l *Loop) End(err error) error {
	if !l.c.over {
		l.err = l.end(err)
	}
	return l.err
}

func (l *Loop) end(err error) error {
	c := &l.c
	switch {
	case c.last != nil:
		return c.finish(c.last)
	case c.returned:
		c.succeed()
		return nil
	}
	e := c.before
	if e == nil {
		if err == nil {
			err = errNoAttempt
		}
		e = c.classify(err)
	}
	switch kind := contextKind(c.ctx); {
	case kind != KindUnknown:
		e.Kind, e.ctx = kind, context.Cause(c.ctx)
	case c.before != nil && c.g.closed.Load():
		e.Stopped = KindClosed
	}
	return c.finish(e)
}

var errNoAttempt = errors.New("the call ended before its first attempt")
