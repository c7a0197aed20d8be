package base

import (
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base/breaker"
)

// State is the verdict on the health of a source.
type State uint8

// A source is Unproven until a call has told something about it.
const (
	Unproven State = iota
	Ready          // the last call that told something succeeded
	Degraded       // the last one failed, or the breaker is trying the source again
	Down           // the breaker is open, or the client was closed
)

var stateNames = [...]string{"unproven", "ready", "degraded", "down"}

// String is the state in one word.
func (s State) String() string { return stateNames[int(s)%len(stateNames)] }

// MarshalText writes the state in one word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Health is what a client knows of its source without asking it. It holds no text of an error.
type Health struct {
	Source      string        `json:"source"`
	State       State         `json:"state"`
	Kind        Kind          `json:"kind,omitempty"`          // of the last failure that spoke of the source
	SinceReady  time.Duration `json:"since_ready_ns"`          // age of the last success, from when it was sent; negative = none yet
	SinceFailed time.Duration `json:"since_failed_ns"`         // age of the last such failure; negative = none yet
	Breaker     string        `json:"breaker"`                 // closed, open, half-open
	NextProbe   time.Duration `json:"next_probe_ns,omitempty"` // until an open breaker lets a probe through
	InFlight    int64         `json:"in_flight"`
	Waiting     int           `json:"waiting"`
	Budget      float64       `json:"retry_budget"` // tokens left for retries

	// activity is a function, which every verb of fmt prints as an address: a pointer to the guard would be walked by some,
	// beside the calls that change it.
	activity func() *Activity
}

// passive collects what traffic proves. The instants are since the guard's epoch, plus one.
type passive struct {
	ready      atomic.Int64
	lastFailed atomic.Int64
	kind       atomic.Uint32
}

// succeeded notes that the attempt that began at c.at had an answer. The clock is read only if that could not be told
// from a failure that came while the attempt ran.
func (p *passive) succeeded(c *call) {
	at := int64(c.at) + 1
	if failed := p.lastFailed.Load(); failed >= at {
		at = max(int64(c.g.now()), failed) + 1
	}
	raise(&p.ready, at)
}

// raise keeps the later of two instants.
func raise(instant *atomic.Int64, at int64) {
	for was := instant.Load(); was < at && !instant.CompareAndSwap(was, at); was = instant.Load() {
	}
}

// failed notes a failure that speaks of the source or of our access to it.
func (p *passive) failed(at time.Duration, e *Error, verdict breaker.Outcome) {
	switch {
	case e.Kind.Local(), e.Kind == KindCanceled, isCrash(e), e.Kind == KindDeadline && verdict != breaker.Failure:
		return
	}
	switch e.Kind {
	case KindNotFound, KindInvalid, KindConflict, KindTooLarge, KindQuotaExceeded, KindContentFiltered:
		switch {
		case e.Code == codeName, e.Code == codeTLS: // the way there is wrong
		case e.Sent == NotSent:
			return
		default: // the source refused the request: it is there
			raise(&p.ready, int64(at)+1)
			return
		}
	}
	p.kind.Store(uint32(e.Kind))
	raise(&p.lastFailed, max(int64(at), p.ready.Load())+1)
}

// Health is what the guard knows; clients return it.
func (g *Guard) Health() Health {
	now, usage := g.now(), g.permits.Usage()
	ready, failed := g.passive.ready.Load(), g.passive.lastFailed.Load()
	h := Health{
		Source: g.config.Name, State: g.verdict(ready, failed), Breaker: g.breaker.State().String(),
		NextProbe: g.breaker.NextProbe(), InFlight: g.traffic.running(), Waiting: usage.Waiting, Budget: g.budget.Tokens(),
		SinceReady: age(now, ready), SinceFailed: age(now, failed),
		activity: g.activity,
	}
	if h.State != Ready {
		h.Kind = Kind(g.passive.kind.Load())
	}
	return h
}

func age(now time.Duration, at int64) time.Duration {
	if at == 0 {
		return -1
	}
	return max(0, now-time.Duration(at-1))
}

func (g *Guard) verdict(ready, failed int64) State {
	state := g.breaker.State()
	switch {
	case state == breaker.Open, g.closed.Load():
		return Down
	case state == breaker.HalfOpen, failed > ready:
		return Degraded
	case ready == 0:
		return Unproven
	}
	return Ready
}
