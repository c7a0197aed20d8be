// Package retry holds the mechanisms of retrying: how long to wait, what a server asked to wait, and how many retries
// a client may afford. It decides nothing about which errors are worth a retry and knows no error of its callers.
package retry

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Policy says how often one class of failure is retried and how the waits grow. The zero Policy never retries.
type Policy struct {
	Retries int           // retries after the first attempt
	Base    time.Duration // mean of the first wait; zero = at once
	Cap     time.Duration // the longest mean wait; zero = Base
	Cost    float64       // tokens of the budget that one retry takes; zero = free
}

// growth is the factor between the mean of one wait and that of the next.
const growth = 2

// Schedule hands out the waits of one call. It is made on the first failure, so a call that succeeds pays nothing,
// and belongs to one call: it is not safe for concurrent use.
type Schedule struct{ waits *backoff.ExponentialBackOff }

// Schedule starts the waits of one call under the policy, with full jitter: each lies between zero and twice its mean.
func (p Policy) Schedule() Schedule {
	waits := &backoff.ExponentialBackOff{
		InitialInterval:     p.Base,
		RandomizationFactor: 1,
		Multiplier:          growth,
		MaxInterval:         max(p.Cap, p.Base),
		Stop:                backoff.Stop,
		Clock:               backoff.SystemClock,
	}
	waits.Reset()
	return Schedule{waits: waits}
}

// Next is how long to wait before the next retry; never negative.
func (s Schedule) Next() time.Duration {
	if s.waits.InitialInterval <= 0 {
		return 0
	}
	return max(0, s.waits.NextBackOff())
}
