package base

import (
	"context"
	"iter"
	"sync"

	"github.com/fourkites/sources/base/breaker"
)

// Hold is what an answer keeps after its call has returned: the permits and the context of the attempt. End it once,
// from any goroutine, when the answer was read to its end, failed or was left.
type Hold struct {
	once sync.Once
	c    call
}

// End gives the permits back, cancels the context that the answer was opened with and closes the call's telemetry.
// err is why the reading ended: nil for the end of the answer, or because the caller left it. A failure comes back
// typed; it is not retried, for rows were handed out already. Only the first End counts; later ones return nil.
func (h *Hold) End(err error) error {
	var typed error
	h.once.Do(func() {
		c := &h.c
		c.over = false // until here the Hold stood for the call
		defer c.abandon()
		c.last = nil
		if err != nil {
			c.last = c.classify(err)
		}
		c.letGo()
		if c.last == nil {
			c.succeed()
			return
		}
		if c.verdict(c.last) == breaker.Failure {
			c.g.breaker.Done(c.ticket, breaker.Failure)
		}
		typed = c.finish(c.last)
	})
	return typed
}

// Loop marks the running goroutine as one whose loop body runs while the answer holds its permit: a call from the body
// that would have to wait for a permit of the same guard fails at once, for it would wait for itself. leave ends that.
// A nil Hold holds nothing.
func (h *Hold) Loop() (leave func()) {
	if h == nil {
		return func() {}
	}
	return h.c.g.nested.enter()
}

// Open makes a call whose answer is read after it returned. open must have the first part of the answer, or its end,
// when it returns: until then the call is retried and its deadline holds; after that only the caller's context, the
// source's own idle bound, and End end it. When Open fails there is no Hold.
func Open[T any](ctx context.Context, g *Guard, op *Op, open func(context.Context) (T, error)) (T, *Hold, error) {
	if e := g.refuses(ctx, op); e != nil {
		var zero T
		return zero, nil, e
	}
	h := &Hold{}
	c := &h.c
	c.held = true
	defer c.abandon()
	c.begin(ctx, g, op)
	for {
		v, err := attempt(c, open)
		if err == nil {
			c.measure()
			c.own.disarm()
			c.over = true // the Hold stands for the call now
			return v, h, nil
		}
		if err = c.fail(); err != nil {
			return v, nil, err
		}
	}
}

// Stream makes a call that yields its answer item by item, holding a permit until the loop ends. fn is called once per
// attempt; its sequence ends with at most one error. It is retried until the first item was yielded, never after; an
// error after that ends the loop. Leaving the loop cancels the context of fn and waits for its sequence to end. Each
// loop over the result makes a call of its own; without a loop there is none.
func Stream[T any](ctx context.Context, g *Guard, op *Op, fn func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		s := &stream[T]{yield: yield}
		_, hold, err := Open(ctx, g, op, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.open(fn(ctx))
		})
		if err != nil {
			yield(zero, err)
			return
		}
		s.hold = hold
		s.drain(g)
	}
}

// stream pulls a sequence: its first item decides whether the call succeeded, the others follow.
type stream[T any] struct {
	yield  func(T, error) bool
	next   func() (T, error, bool)
	stop   func()
	hold   *Hold
	first  T
	some   bool
	left   bool // the loop body has ended the loop: it must not be called again
	failed error
}

func (s *stream[T]) open(seq iter.Seq2[T, error]) error {
	s.next, s.stop = iter.Pull2(seq)
	v, err, ok := s.next()
	if ok && err == nil {
		s.first, s.some = v, true
		return nil
	}
	s.stop()
	return err
}

// drain hands the items out. Its deferred parts also run when the loop body panics or its goroutine ends.
func (s *stream[T]) drain(g *Guard) {
	defer s.end()
	defer g.nested.enter()()
	defer s.close()
	if !s.some || !s.give(s.first) {
		return
	}
	for {
		v, err, ok := s.pull()
		if s.failed = err; !ok || err != nil || !s.give(v) {
			return
		}
	}
}

func (s *stream[T]) give(v T) bool {
	s.left = true
	s.left = !s.yield(v, nil)
	return !s.left
}

// pull is next with a panic of the source's code turned into an error, as in the first part of the call.
func (s *stream[T]) pull() (v T, err error, ok bool) {
	returned := false
	defer func() {
		if value := recover(); !returned && value != nil {
			err, ok = crashed(value), true
		}
	}()
	v, err, ok = s.next()
	returned = true
	return v, err, ok
}

// close ends the source's part: it must not wait for the rest of the answer, and it needs its permit to the last.
func (s *stream[T]) close() {
	s.hold.c.own.end(context.Canceled)
	defer func() {
		if value := recover(); value != nil && s.failed == nil {
			s.failed = crashed(value)
		}
	}()
	s.stop()
}

// end gives everything back and tells a loop body that still listens why the answer broke off.
func (s *stream[T]) end() {
	if err := s.hold.End(s.failed); err != nil && !s.left {
		var zero T
		s.yield(zero, err)
	}
}
