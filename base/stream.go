package base

import (
	"context"
	"iter"
	"sync"
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
		if err == nil {
			c.letGo()
			c.succeed()
			return
		}
		e := c.classify(err)
		c.letGo()
		if c.verdict(e) != 0 {
			c.g.breaker.Done(c.ticket, c.verdict(e))
		}
		typed = c.finish(e)
	})
	return typed
}

// Open makes a call whose answer is read after it returned. open must have the first part of the answer, or its end,
// when it returns: until then the call is retried and its deadline holds; after that only the caller's context, the
// source's own idle bound, and End end it. When Open fails there is no Hold.
func Open[T any](ctx context.Context, g *Guard, op *Op, open func(context.Context) (T, error)) (T, *Hold, error) {
	h := &Hold{}
	c := &h.c
	c.held = true
	c.begin(ctx, g, op)
	for {
		v, err := attempt(c, open)
		if err == nil {
			c.own.disarm()
			return v, h, nil
		}
		if err = c.fail(); err != nil {
			return v, nil, err
		}
	}
}

// Stream makes a call that yields its answer item by item, holding a permit until the loop ends. fn is called once per
// attempt; its sequence ends with at most one error. It is retried until the first item was yielded, never after; an
// error after that ends the loop. Leaving the loop cancels the context of fn. The sequence can be used once.
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
		s.drain(g, hold)
	}
}

// stream pulls a sequence: its first item decides whether the call succeeded, the others follow.
type stream[T any] struct {
	yield func(T, error) bool
	next  func() (T, error, bool)
	stop  func()
	first T
	some  bool
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

func (s *stream[T]) drain(g *Guard, hold *Hold) {
	var failed error
	defer s.stop()
	defer g.nested.enter()()
	defer func() { // also when the loop body panics or its goroutine ends
		if err := hold.End(failed); err != nil {
			var zero T
			s.yield(zero, err)
		}
	}()
	if !s.some {
		return
	}
	if !s.yield(s.first, nil) {
		return
	}
	for {
		v, err, ok := s.pull()
		switch {
		case !ok:
			return
		case err != nil:
			failed = err
			return
		}
		if !s.yield(v, nil) {
			return
		}
	}
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
