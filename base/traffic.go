package base

import (
	"sync/atomic"
	"time"
)

// traffic counts what the calls of a guard do. A call that succeeds at once costs it one addition at each end, and one
// clock more where its latency is measured.
type traffic struct {
	word    atomic.Uint64 // calls that began << runningBits | calls that run: one addition counts both
	retries atomic.Int64  // attempts after the first of their call
	unsent  atomic.Int64  // calls that ended without an attempt
	failed  atomic.Int64  // calls that ended with an error
	unasked refusal       // calls that ended because the limiter failed

	latency  latency
	failures failures
}

// runningBits hold 16 million calls at once; the other 40 bits count a million million calls.
const (
	runningBits = 24
	oneBegun    = 1<<runningBits + 1
	runningMask = 1<<runningBits - 1
)

// begin counts a call in and says whether its latency is measured: then the share is the weight's logarithm plus one.
func (t *traffic) begin(at time.Duration) (share uint8) {
	return t.latency.share(t.word.Add(oneBegun)>>runningBits, at)
}

// end counts a call out and returns how many still run.
func (t *traffic) end() int64 { return int64(t.word.Add(^uint64(0)) & runningMask) }

func (t *traffic) running() int64 { return int64(t.word.Load() & runningMask) }

// counts is one reading of the counters that agrees with itself: no call is failed before it began.
func (t *traffic) counts() (calls, running, failed, unsent, retries int64) {
	failed, unsent, retries = t.failed.Load(), t.unsent.Load(), t.retries.Load()
	word := t.word.Load()
	return int64(word >> runningBits), int64(word & runningMask), failed, unsent, retries
}

// refusals counts the calls of one Op that never left the process, by the kind that stopped them. It takes no lock, for
// there may be very many.
type refusals struct {
	kinds [kindCount - KindCircuitOpen]refusal
	short refusal // by an open breaker, in the short way out: they count nowhere else
}

type refusal struct {
	calls atomic.Int64
	last  atomic.Int64 // since the guard's epoch
}

// add counts one. The instant is right to a millisecond, which spares most calls the writing of it.
func (r *refusal) add(at time.Duration) {
	r.calls.Add(1)
	if int64(at)-r.last.Load() > int64(time.Millisecond) {
		r.last.Store(int64(at))
	}
}

// of is what is known of one kind: how many calls and when the last one was.
func (r *refusals) of(kind Kind) (calls int64, last time.Duration) {
	some := &r.kinds[kind-KindCircuitOpen]
	calls, last = some.calls.Load(), time.Duration(some.last.Load())
	if kind == KindCircuitOpen {
		calls, last = calls+r.short.calls.Load(), max(last, time.Duration(r.short.last.Load()))
	}
	return calls, last
}

// note counts a call that ended with an error.
func (c *call) note(e *Error, at time.Duration) {
	t := &c.g.traffic
	t.failed.Add(1)
	if c.attempts == 0 {
		t.unsent.Add(1)
		if e.Kind.Local() {
			c.o.refusals.kinds[e.Kind-KindCircuitOpen].add(at)
			return
		}
	}
	t.failures.add(e, c.attempts, at, at-c.start, false)
}

// measure notes how long the answer of a call took, if the call is one of those that are measured.
func (c *call) measure() {
	if c.share == 0 {
		return
	}
	now := c.g.now()
	c.g.traffic.latency.record(now, now-c.start, c.share-1)
}
