package redislimit

import (
	"context"
	"time"
)

// request is one Acquire. Its fields but id, weight and deadline belong to the limiter's lock until done is closed.
type request struct {
	id       string
	weight   int64
	deadline time.Time // zero = none
	place    int64     // in the line, once it stands there

	done  chan struct{}
	ended bool          // done is closed
	gone  bool          // nobody waits for it any longer
	wait  time.Duration // before the call may go
	err   error
}

// left is the time until the deadline in µs, negative where there is none.
func (r *request) left() int64 {
	if r.deadline.IsZero() {
		return -1
	}
	return max(0, time.Until(r.deadline)).Microseconds()
}

// end tells the caller; the limiter's lock is held.
func (r *request) end(err error) {
	if !r.ended {
		r.ended, r.err = true, err
		close(r.done)
	}
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
