package limit

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// ErrNoTime means that the wait for a token of the rate would end after the deadline, so it was not begun.
var ErrNoTime = errors.New("limit: the wait would end after the deadline")

// Rate spaces calls out over time. Safe for concurrent use.
type Rate struct{ limiter *rate.Limiter }

// NewRate allows perSecond calls a second on average, and burst of them at once (at least one).
func NewRate(perSecond float64, burst int) *Rate {
	return &Rate{limiter: rate.NewLimiter(rate.Limit(perSecond), max(1, burst))}
}

// Wait takes one token, waiting for it if need be. A wait that would end after the context's deadline is refused at
// once with ErrNoTime and takes no token.
func (r *Rate) Wait(ctx context.Context) error {
	now := time.Now()
	place := r.limiter.ReserveN(now, 1)
	wait := place.DelayFrom(now)
	if wait <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && now.Add(wait).After(deadline) {
		place.CancelAt(now)
		return ErrNoTime
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		place.Cancel()
		return ctx.Err()
	}
}

// Quota is what a server last said of its own quota. The zero Quota says nothing. Safe for concurrent use.
type Quota struct{ until atomic.Int64 } // Unix nanoseconds; zero = open

// Observe reads the quota headers of an answer: with no calls remaining the quota is closed until its reset. It reads
// X-RateLimit-Remaining with X-RateLimit-Reset (Unix seconds, GitHub) and RateLimit-Remaining with RateLimit-Reset
// (seconds from now, IETF draft). An answer with calls remaining opens the quota again.
func (q *Quota) Observe(h http.Header, now time.Time) {
	if left, ok := integer(h.Get("X-RateLimit-Remaining")); ok {
		reset, known := integer(h.Get("X-RateLimit-Reset"))
		q.set(left, known, time.Unix(reset, 0), now)
		return
	}
	if left, ok := integer(h.Get("RateLimit-Remaining")); ok {
		reset, known := integer(h.Get("RateLimit-Reset"))
		q.set(left, known, now.Add(time.Duration(min(reset, math.MaxInt32))*time.Second), now)
	}
}

func (q *Quota) set(left int64, known bool, reset, now time.Time) {
	switch {
	case left > 0:
		q.until.Store(0)
	case known && reset.After(now):
		q.until.Store(reset.UnixNano())
	}
}

// Wait is how long the server's quota stays closed; zero when it is open.
func (q *Quota) Wait(now func() time.Time) time.Duration {
	until := q.until.Load()
	if until == 0 {
		return 0
	}
	left := time.Unix(0, until).Sub(now())
	if left <= 0 {
		q.until.CompareAndSwap(until, 0)
		return 0
	}
	return left
}

func integer(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0
}

// Reset is how long an answer's headers keep the quota closed; zero when calls remain or nothing is said.
func Reset(h http.Header, now time.Time) time.Duration {
	var q Quota
	q.Observe(h, now)
	return q.Wait(func() time.Time { return now })
}
