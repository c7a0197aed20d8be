package limit

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
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
// once with ErrNoTime and takes no token; neither does a context that has ended.
func (r *Rate) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	most := time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		most = time.Until(deadline)
	}
	wait, undo, err := r.Reserve(most)
	if err != nil || wait == 0 {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		undo()
		return ctx.Err()
	}
}

// Reserve takes the next token, for a caller that waits by itself: the call may be made after the wait. undo gives the
// token back if the wait is called off. A wait longer than most is refused with ErrNoTime and takes no token.
func (r *Rate) Reserve(most time.Duration) (wait time.Duration, undo func(), err error) {
	now := time.Now()
	place := r.limiter.ReserveN(now, 1)
	if wait = place.DelayFrom(now); wait > most && wait > 0 {
		place.CancelAt(now)
		return 0, func() {}, ErrNoTime
	}
	return wait, place.Cancel, nil
}

// Quota is what a server last said of its own quota. The zero Quota says nothing. Safe for concurrent use.
type Quota struct{ until atomic.Int64 } // Unix nanoseconds; zero = open

// maxClosed bounds how long one answer can close a quota. Servers count quotas by the hour at most; a header that says
// more is wrong, and believing it would end all calls, so that no later answer could correct it.
const maxClosed = time.Hour

// Observe reads the quota headers of an answer: with no calls remaining the quota is closed until its reset, for an
// hour at most. It reads X-RateLimit-Remaining with X-RateLimit-Reset, or else RateLimit-Remaining with RateLimit-Reset
// (IETF draft). A reset is seconds from now, Unix seconds or milliseconds, or a date in RFC 3339 or in a form of HTTP.
// An answer with calls remaining opens the quota again; headers that cannot be read change nothing.
func (q *Quota) Observe(h http.Header, now time.Time) {
	for _, prefix := range [...]string{"X-Ratelimit-", "Ratelimit-"} {
		left, ok := amount(h.Get(prefix + "Remaining"))
		if !ok {
			continue
		}
		if left > 0 {
			q.until.Store(0)
		} else if wait := reset(h.Get(prefix+"Reset"), now); wait > 0 {
			q.until.Store(now.Add(min(wait, maxClosed)).UnixNano())
		}
		return
	}
}

// Wait is how long the server's quota stays closed; zero when it is open. now is asked only while it is closed.
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

// Reset is how long an answer's headers keep the quota closed; zero when calls remain or nothing is said.
func Reset(h http.Header, now time.Time) time.Duration {
	var q Quota
	q.Observe(h, now)
	return q.Wait(func() time.Time { return now })
}

func amount(text string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return n, err == nil && n >= 0 // not NaN
}

// No quota lasts for years: a number of that size is an instant, in seconds or in milliseconds.
const (
	instants = 1e9
	millis   = 1e11
)

// reset is the time until the instant that a header names; zero if it is past or cannot be read.
func reset(text string, now time.Time) time.Duration {
	n, ok := amount(text)
	switch {
	case ok && n >= millis:
		return time.UnixMilli(int64(min(n, math.MaxInt64/4))).Sub(now)
	case ok && n >= instants:
		return time.Unix(int64(n), 0).Sub(now)
	case ok:
		return time.Duration(n * float64(time.Second))
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if at, err = http.ParseTime(text); err != nil {
			return 0
		}
	}
	return at.Sub(now)
}
