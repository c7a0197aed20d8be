// Package breaker stops calling a source that fails, and finds out with a few probes when it is back.
//
// It differs from the usual ones in four ways that matter under load: a call that was admitted before the source
// failed cannot close the breaker when it ends; a probe that hangs or whose goroutine ends gives its place back after
// a while; calls that say nothing about the source (a caller that gave up) count for nothing; and asking whether the
// breaker is closed costs one atomic load.
package breaker

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ErrOpen is what Allow returns while the source is not to be called.
var ErrOpen = errors.New("breaker: open")

// State is what the breaker does with a call.
type State uint8

// Closed lets calls through, Open refuses them, HalfOpen lets a few probes through.
const (
	Closed State = iota
	Open
	HalfOpen
)

// String is the state in lower case.
func (s State) String() string { return [...]string{"closed", "open", "half-open"}[s%3] }

// Outcome is what a call said about the source.
type Outcome uint8

// Ignored says nothing, Success that the source answers, Failure that it does not.
const (
	Ignored Outcome = iota
	Success
	Failure
)

// Config says when the breaker opens and how it closes again. The zero value of each field is its default.
type Config struct {
	Ratio        float64       // share of failures that opens it; 0 = 0.5, negative = never opens
	MinCalls     int           // calls in the window before the share counts; 0 = 10
	Window       time.Duration // how far back calls count; 0 = 30 s
	OpenFor      time.Duration // pause before the first probe; 0 = 5 s
	Probes       int           // probes at once while half-open, and successes that close it; 0 = 1
	ProbeTimeout time.Duration // after which a silent probe gives its place to another; 0 = 30 s
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	if c.Ratio == 0 {
		c.Ratio = 0.5
	}
	if c.MinCalls <= 0 {
		c.MinCalls = 10
	}
	if c.Probes <= 0 {
		c.Probes = 1
	}
	set(&c.Window, 30*time.Second)
	set(&c.OpenFor, 5*time.Second)
	set(&c.ProbeTimeout, 30*time.Second)
	return c
}

// Breaker is one circuit breaker. Make it with [New]; it is safe for concurrent use.
type Breaker struct {
	epoch time.Time     // has a monotonic reading: the clock cannot jump
	state atomic.Uint64 // generation<<2 | State
	until atomic.Int64  // since epoch: when an open breaker lets probes through
	good  atomic.Int64  // successes of the window's current slot, not yet in it
	turns atomic.Int64  // since epoch: when that slot is over

	mu      sync.Mutex
	config  Config
	window  window
	probes  map[uint64]time.Duration // running probes by number, and when they began
	number  uint64
	proved  int           // probes that succeeded in this half-open phase
	opened  chan struct{} // closed when the breaker opens, replaced when it leaves the open state
	onState func(State)
}

// New makes a closed breaker.
func New(config Config) *Breaker {
	return &Breaker{epoch: time.Now(), config: config.withDefaults(), opened: make(chan struct{})}
}

// Epoch is the instant that the breaker counts time from.
func (b *Breaker) Epoch() time.Time { return b.epoch }

// OnChange names a function that is told of each change of state with no lock held: it may ask the breaker. Two
// changes at the same instant may be told in either order. Call it before the breaker is used.
func (b *Breaker) OnChange(f func(State)) { b.onState = f }

// Reload replaces the configuration; the state and the counts are kept. One that never opens closes an open breaker.
func (b *Breaker) Reload(config Config) {
	b.mu.Lock()
	b.config = config.withDefaults()
	closes := b.config.Ratio < 0 && State(b.state.Load()&3) != Closed
	if closes {
		b.enter(Closed)
	}
	b.mu.Unlock()
	if closes {
		b.tell(Closed)
	}
}

// State is the present state. An open breaker whose pause is over counts as half-open.
func (b *Breaker) State() State {
	s := State(b.state.Load() & 3)
	if s == Open && b.now() >= time.Duration(b.until.Load()) {
		return HalfOpen
	}
	return s
}

// Refuses reports whether a call would be refused without asking further: the cheap question before a queue.
func (b *Breaker) Refuses() bool {
	_, refuses := b.RefusesNow()
	return refuses
}

// RefusesNow is Refuses for a caller that needs the clock where a call is refused: now is the time since Epoch then, and
// zero otherwise.
func (b *Breaker) RefusesNow() (now time.Duration, refuses bool) {
	if State(b.state.Load()&3) != Open {
		return 0, false
	}
	now = b.now()
	return now, now < time.Duration(b.until.Load())
}

// NextProbe is how long an open breaker still refuses every call; zero in the other states.
func (b *Breaker) NextProbe() time.Duration {
	if State(b.state.Load()&3) != Open {
		return 0
	}
	return max(0, time.Duration(b.until.Load())-b.now())
}

// Opened is closed while the breaker is open; it lets those who wait for a permit go.
func (b *Breaker) Opened() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened
}

// Ticket is the right to make one call. It must be handed back with Done.
type Ticket struct {
	generation uint64
	probe      uint64        // zero = no probe
	at         time.Duration // since epoch: when it was given out
}

// Allow asks for a call. While half-open only as many calls as there are probes are allowed.
func (b *Breaker) Allow() (Ticket, error) { return b.AllowAt(b.now()) }

// AllowAt is Allow for a caller that has just read the clock, which saves reading it again: now is the time since Epoch.
func (b *Breaker) AllowAt(now time.Duration) (Ticket, error) {
	word := b.state.Load()
	if State(word&3) == Closed {
		return Ticket{generation: word >> 2, at: now}, nil
	}
	return b.allowProbe()
}

func (b *Breaker) allowProbe() (Ticket, error) {
	b.mu.Lock()
	changed := false
	ticket, err := func() (Ticket, error) {
		word := b.state.Load()
		switch State(word & 3) {
		case Closed:
			return Ticket{generation: word >> 2, at: b.now()}, nil
		case Open:
			if b.now() < time.Duration(b.until.Load()) {
				return Ticket{}, ErrOpen
			}
			b.enter(HalfOpen)
			changed = true
		}
		return b.startProbe()
	}()
	b.mu.Unlock()
	if changed {
		b.tell(HalfOpen)
	}
	return ticket, err
}

func (b *Breaker) startProbe() (Ticket, error) {
	now := b.now()
	for n, began := range b.probes {
		if now-began >= b.config.ProbeTimeout {
			delete(b.probes, n)
		}
	}
	if len(b.probes)+b.proved >= b.config.Probes {
		return Ticket{}, ErrOpen
	}
	b.number++
	b.probes[b.number] = now
	return Ticket{generation: b.state.Load() >> 2, probe: b.number, at: now}, nil
}

// Done hands a ticket back with what the call said about the source. A ticket of an earlier phase counts for nothing.
// An answer that began well may break off: then Done is told Failure once more.
func (b *Breaker) Done(t Ticket, o Outcome) {
	if b.state.Load()>>2 != t.generation {
		return
	}
	if t.probe == 0 && o == Ignored {
		return
	}
	if t.probe == 0 && o == Success && int64(t.at) < b.turns.Load() {
		b.good.Add(1)
		return
	}
	b.mu.Lock()
	next, changed := b.settle(t, o)
	b.mu.Unlock()
	if changed {
		b.tell(next)
	}
}

// settle counts a call and says which state follows from it; the caller holds the lock.
func (b *Breaker) settle(t Ticket, o Outcome) (State, bool) {
	switch {
	case b.state.Load()>>2 != t.generation:
		return 0, false
	case t.probe != 0:
		return b.settleProbe(t, o)
	case o == Success:
		b.turn(t.at)
		b.good.Add(1)
		return 0, false
	}
	return b.fail()
}

// settleProbe counts a probe even if it was silent for so long that it lost its place: it has spoken now.
func (b *Breaker) settleProbe(t Ticket, o Outcome) (State, bool) {
	delete(b.probes, t.probe)
	switch o {
	case Failure:
		b.enter(Open)
		return Open, true
	case Success:
		if b.proved++; b.proved >= b.config.Probes {
			b.enter(Closed)
			return Closed, true
		}
	}
	return 0, false
}

// fail counts one failure of a closed breaker and opens it when the share of failures is reached.
func (b *Breaker) fail() (State, bool) {
	b.turn(b.now())
	b.window.bad[b.window.current]++
	good, bad := b.window.sum()
	good += b.good.Load()
	c := b.config
	if c.Ratio < 0 || good+bad < int64(c.MinCalls) || float64(bad) < c.Ratio*float64(good+bad) {
		return 0, false
	}
	b.enter(Open)
	return Open, true
}

// turn moves the window to now. Successes are counted beside it, without its lock, while its current slot lasts.
func (b *Breaker) turn(now time.Duration) {
	b.window.good[b.window.current] += b.good.Swap(0)
	b.window.turn(now, b.config.Window)
	b.turns.Store(int64(b.window.began + length(b.config.Window)))
}

// enter begins a phase; the caller holds the lock.
func (b *Breaker) enter(s State) {
	was := State(b.state.Load() & 3)
	if was == Open && s != Open {
		b.opened = make(chan struct{})
	}
	switch s {
	case Open:
		b.until.Store(int64(b.now() + b.config.OpenFor))
		close(b.opened)
	case HalfOpen:
		b.probes, b.proved = make(map[uint64]time.Duration, b.config.Probes), 0
	case Closed:
		b.window = window{began: b.now()}
		b.good.Store(0)
		b.turns.Store(0)
	}
	b.state.Store((b.state.Load()>>2+1)<<2 | uint64(s))
}

func (b *Breaker) tell(s State) {
	if b.onState != nil {
		b.onState(s)
	}
}

func (b *Breaker) now() time.Duration { return time.Since(b.epoch) }
