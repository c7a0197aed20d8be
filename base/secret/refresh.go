package secret

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// errPanic never holds the panic's value: it may be the secret.
var errPanic = errors.New("secret: the source panicked")

// join returns the flight under way or starts one. The caller holds mu, and the cache is open.
func (c *Cache) join() *flight {
	if c.flight == nil {
		f := &flight{done: make(chan struct{})}
		c.flight = f
		c.wg.Go(func() { c.fly(f) })
	}
	return c.flight
}

// fly calls the source until its answer is not one that was refused meanwhile, then lands.
func (c *Cache) fly(f *flight) {
	landed := false
	defer func() {
		if !landed { // the source ended the goroutine
			c.land(f, Snapshot{}, fmt.Errorf("%w: it ended its goroutine", errPanic), -1)
		}
	}()
	for !landed {
		c.mu.Lock()
		refusals := c.refusals
		c.mu.Unlock()
		snap, err := c.fetch()
		landed = c.land(f, snap, err, refusals)
	}
}

func (c *Cache) fetch() (snap Snapshot, err error) {
	ctx, cancel := context.WithValue(c.ctx, askerKey{}, c), context.CancelFunc(func() {})
	if c.cfg.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.cfg.Timeout)
	}
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			snap, err = Snapshot{}, fmt.Errorf("%w with a %T", errPanic, p)
		}
	}()
	snap, err = c.source.Get(ctx)
	switch {
	case err != nil:
		return Snapshot{}, unresolved(err)
	case snap.IsZero():
		return Snapshot{}, fmt.Errorf("%w: the source gave no value", ErrEmpty)
	case !snap.Expires.IsZero() && !time.Now().Before(snap.Expires):
		return Snapshot{}, fmt.Errorf("%w: the source gave version %s, which ended at %s",
			ErrExpired, snap.Version, snap.Expires.UTC().Format(time.RFC3339))
	case snap.Version == "":
		snap.Version = digest(snap.Reveal())
	}
	return snap, nil
}

// unresolved makes every failure of a source one that callers can tell, whatever the source knows of this package.
func unresolved(err error) error {
	for _, known := range []error{ErrEmpty, ErrUnresolved, ErrExpired, ErrRefused, ErrClosed} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUnresolved, err)
}

// askerKey is the key of the cache that calls a source.
type askerKey struct{}

// Refused reports whether the [Cache] that calls the source with this context was told that a server rejects the version.
// A source that could prolong the life of a version asks first, and issues another one where it is no use. It is false
// where no cache asks.
func Refused(ctx context.Context, version string) bool {
	c, ok := ctx.Value(askerKey{}).(*Cache)
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, refused := c.refused[version]
	return refused
}

// land records the outcome and wakes the waiters. It reports false, and does nothing, if the answer is a version that
// was refused after the call began: a call that began later may bring the next one.
func (c *Cache) land(f *flight, snap Snapshot, err error, refusals int) bool {
	c.mu.Lock()
	_, refused := c.refused[snap.Version]
	if err == nil && refused {
		if !c.closed && c.refusals != refusals {
			c.mu.Unlock()
			return false
		}
		err = fmt.Errorf("%w %s: the source has no newer one", ErrRefused, snap.Version)
	}
	switch {
	case c.closed:
		err = ErrClosed
	case err != nil:
		c.failures++
		c.failed = err
		wait := c.backoff()
		c.retryAt = time.Now().Add(wait)
		c.schedule(wait)
	default:
		c.publish(snap)
	}
	report := err != nil && !c.closed
	f.snap, f.err = snap, err
	if report {
		f.err = c.failureOf(err)
	}
	c.flight = nil
	c.mu.Unlock()
	close(f.done)
	if report {
		c.report(err)
	}
	return true
}

// failureOf is what waiters are told: also that the old value has expired, if it has.
func (c *Cache) failureOf(err error) error {
	if _, ok := c.cached(); ok {
		return err
	}
	return c.explain(err)
}

// publish makes the snapshot current and plans the next refresh. The caller holds mu.
func (c *Cache) publish(snap Snapshot) {
	c.failures, c.failed = 0, nil
	g, life := &good{snap: snap, until: snap.Expires}, c.cfg.Poll
	switch {
	case !snap.Expires.IsZero():
		life = time.Until(snap.Expires)
	case c.cfg.MaxAge > 0:
		g.until = time.Now().Add(c.cfg.MaxAge)
	}
	c.good.Store(g)
	if life > 0 {
		c.schedule(ahead(life))
	}
	if c.watchers.changed(snap) && !c.watchers.running {
		c.watchers.running = true
		c.wg.Go(c.notify)
	}
}

// ahead is 70 to 90 % of a lifetime, at random so that a fleet does not ask at the same moment; never under 100 ms.
func ahead(life time.Duration) time.Duration {
	return max(time.Duration(float64(life)*(0.7+0.2*rand.Float64())), 100*time.Millisecond)
}

// backoff doubles with every failure, between half of the wait and all of it.
func (c *Cache) backoff() time.Duration {
	wait := c.cfg.RetryMin
	for range min(c.failures-1, 30) {
		wait = min(wait*2, c.cfg.RetryMax)
	}
	return wait/2 + rand.N(wait/2+1)
}

// schedule plans the next refresh. The caller holds mu.
func (c *Cache) schedule(wait time.Duration) {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closed {
			c.join()
		}
	})
}

func (c *Cache) report(err error) {
	if c.cfg.OnError == nil {
		return
	}
	defer func() { _ = recover() }() // an alarm that panics must not take the refresh with it
	c.cfg.OnError(err)
}
