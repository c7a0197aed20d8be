package base

import (
	"context"
	"slices"
	"sync"
	"time"
)

// deadlineContext is the context of one attempt: the caller's, with an earlier end. It is one allocation; its channel
// and timer are made by the first Done, so a driver that never asks pays for neither. It offers AfterFunc, so that
// contexts derived from it start no goroutine. It is never reused.
type deadlineContext struct {
	context.Context // the caller's

	guard *Guard // whose permit is held while the attempt runs; nil = none
	at    time.Time

	mu     sync.Mutex
	done   chan struct{}
	err    error
	timer  *time.Timer
	unlink func() bool
	after  []*afterFunc
}

type afterFunc struct{ run func() }

// newDeadline makes a context that ends at the instant; the zero instant adds no end.
func newDeadline(parent context.Context, at time.Time) *deadlineContext {
	return &deadlineContext{Context: parent, at: at}
}

// Deadline is the earlier of our end and the caller's.
func (c *deadlineContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	at := c.at
	c.mu.Unlock()
	theirs, ok := c.Context.Deadline()
	switch {
	case at.IsZero():
		return theirs, ok
	case ok && theirs.Before(at):
		return theirs, true
	}
	return at, true
}

// Done arms the context on its first call.
func (c *deadlineContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.arm()
	return c.done
}

// arm makes the channel, the timer and the link to the caller's context; the caller holds the lock.
func (c *deadlineContext) arm() {
	if c.done != nil {
		return
	}
	c.done = make(chan struct{})
	if c.err != nil {
		close(c.done)
		return
	}
	if !c.at.IsZero() {
		c.timer = time.AfterFunc(time.Until(c.at), c.expire)
	}
	if c.Context.Done() != nil {
		c.unlink = context.AfterFunc(c.Context, func() { c.end(c.Context.Err()) })
	}
}

// Err is set once the deadline passed, the caller's context ended, or the attempt was over.
func (c *deadlineContext) Err() error {
	c.mu.Lock()
	err, at := c.err, c.at
	c.mu.Unlock()
	switch {
	case err != nil:
		return err
	case c.Context.Err() != nil:
		c.end(c.Context.Err())
	case !at.IsZero() && !time.Now().Before(at):
		c.end(context.DeadlineExceeded)
	default:
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// permitKey is the key under which a context says that it holds a permit of the guard.
type permitKey struct{ guard *Guard }

// Value tells whether the call that was given this context holds a permit of the guard that asks.
func (c *deadlineContext) Value(key any) any {
	if k, ok := key.(permitKey); ok && k.guard == c.guard {
		return true
	}
	return c.Context.Value(key)
}

// AfterFunc runs f in its own goroutine once the context has ended; see [context.AfterFunc].
func (c *deadlineContext) AfterFunc(f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.arm()
	entry := &afterFunc{run: f}
	c.after = append(c.after, entry)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.Index(c.after, entry)
		if i >= 0 {
			c.after = slices.Delete(c.after, i, i+1)
		}
		return i >= 0
	}
}

// end closes the context with the error, the first one counts, and lets go of the timer and of the caller's context.
func (c *deadlineContext) end(err error) { c.close(err, false) }

// expire is called by the timer, which may have fired while the deadline was taken away.
func (c *deadlineContext) expire() { c.close(context.DeadlineExceeded, true) }

func (c *deadlineContext) close(err error, expired bool) {
	c.mu.Lock()
	if c.err != nil || expired && c.at.IsZero() {
		c.mu.Unlock()
		return
	}
	c.err = err
	if c.done != nil {
		close(c.done)
	}
	c.release()
	after := c.after
	c.after = nil
	c.mu.Unlock()
	for _, f := range after {
		go f.run()
	}
}

func (c *deadlineContext) release() {
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.unlink != nil {
		c.unlink()
	}
}

// disarm takes the deadline away: the first row is there, what follows is bounded by silence, not by the whole.
func (c *deadlineContext) disarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = time.Time{}
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}
