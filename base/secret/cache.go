package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// CacheConfig tunes a [Cache]. The zero value is the stated defaults.
type CacheConfig struct {
	// Poll is the lifetime assumed for a snapshot without expiry, so that a rotated file is seen; 0 is 1 minute,
	// negative never asks again on its own.
	Poll time.Duration
	// MaxAge is how long a snapshot without expiry is still served while its source fails, counted from the last good
	// answer; 0 is 24 hours, negative is no bound.
	MaxAge time.Duration
	// Timeout bounds one call of the source; 0 is 10 seconds, negative is no bound.
	Timeout time.Duration
	// RetryMin and RetryMax bound the wait after a failed call, which doubles from one to the other, with jitter;
	// 0 is 1 second and 1 minute. In between callers without a value get the last error at once.
	RetryMin, RetryMax time.Duration
	// OnError is told of every failed refresh and of a panicking subscriber; nil tells nobody. It is called outside all
	// locks, must not block, and must not call Close.
	OnError func(error)
}

func (c CacheConfig) withDefaults() CacheConfig {
	c.Poll = cmp.Or(c.Poll, time.Minute)
	c.MaxAge = cmp.Or(c.MaxAge, 24*time.Hour)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.RetryMin = max(cmp.Or(c.RetryMin, time.Second), time.Millisecond)
	c.RetryMax = max(cmp.Or(c.RetryMax, time.Minute), c.RetryMin)
	return c
}

// closeWait bounds how long Close waits for a source or subscriber that ignores its context.
const closeWait = time.Second

// Cache keeps the secret of one [Source] fresh. It is itself a Source, safe for concurrent use; its owner calls Close.
//
// It asks the source at the first Get, then again when 70 to 90 % of the lifetime have passed, with one call under way
// at most. A caller never waits behind a refresh while there is a value; when a refresh fails, the last good value is
// served until it expires, and after that Get fails.
//
// When a server refuses the credential, tell the cache with Refuse and call Get again: all callers share one call of
// the source, and a version once refused is never handed out again.
type Cache struct {
	source Source
	cfg    CacheConfig
	ctx    context.Context // of the calls of the source; canceled by Close
	cancel context.CancelFunc
	good   atomic.Pointer[good] // nil: none, refused, or closed
	wg     sync.WaitGroup       // flights and the notifier

	mu       sync.Mutex
	closed   bool
	flight   *flight
	timer    *time.Timer
	refused  map[string]struct{}
	refusals int // counts Refuse, so that a flight knows whether one came after it began
	failures int
	failed   error
	retryAt  time.Time
	watchers watchers
}

// good is a value that may be handed out until the given time; zero is no end.
type good struct {
	snap  Snapshot
	until time.Time
}

// flight is one call of the source, which any number of callers wait for.
type flight struct {
	done chan struct{}
	snap Snapshot
	err  error
}

// NewCache makes a cache. It calls nothing and starts nothing until the first Get.
func NewCache(source Source, cfg CacheConfig) *Cache {
	if source == nil {
		source = SourceFunc(func(context.Context) (Snapshot, error) {
			return Snapshot{}, fmt.Errorf("%w: the cache has no source", ErrUnresolved)
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Cache{source: source, cfg: cfg.withDefaults(), ctx: ctx, cancel: cancel, refused: make(map[string]struct{})}
}

// Get returns the current snapshot. With a value at hand it does not wait; otherwise it waits for the one call of the
// source that is under way, bounded by the context. After a failed call it fails at once until the next try is due.
// Errors match [ErrExpired], [ErrRefused], [ErrEmpty], [ErrClosed], or the source's own.
func (c *Cache) Get(ctx context.Context) (Snapshot, error) {
	if snap, ok := c.cached(); ok {
		return snap, nil
	}
	return c.wait(ctx, false)
}

// Refresh asks the source now, or joins the call under way, and returns what it gave. When it fails the last good
// value stays in use. It is for a server that answers "unauthenticated" where the version used is not known; where it
// is, use Refuse and Get.
func (c *Cache) Refresh(ctx context.Context) (Snapshot, error) { return c.wait(ctx, true) }

// Refuse says that a server rejected this version: no caller gets it again. If it is the current one the source is
// asked at once, once; Get waits for the outcome. Refusing a version twice, or an old one, calls nothing.
func (c *Cache) Refuse(version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.refused[version]; known || c.closed {
		return
	}
	c.refused[version] = struct{}{} // one entry for each rejected version: as many as there were bad rotations
	g := c.good.Load()
	if g == nil || g.snap.Version == version {
		c.refusals++
	}
	if g != nil && g.snap.Version == version {
		c.good.Store(nil)
		c.join()
	}
}

func (c *Cache) cached() (Snapshot, bool) {
	g := c.good.Load()
	if g == nil || (!g.until.IsZero() && !time.Now().Before(g.until)) {
		return Snapshot{}, false
	}
	return g.snap, true
}

// maxFlights bounds how many calls of the source one caller waits for, when each answer is refused or expires at once.
const maxFlights = 3

func (c *Cache) wait(ctx context.Context, force bool) (Snapshot, error) {
	var last Snapshot
	for range maxFlights {
		if ctx.Err() != nil {
			return Snapshot{}, fmt.Errorf("secret: %w", context.Cause(ctx))
		}
		f, snap, err := c.board(force)
		if f == nil {
			return snap, err
		}
		if err := c.ride(ctx, f); err != nil {
			return Snapshot{}, err
		}
		if snap, ok := c.cached(); ok {
			return snap, nil
		}
		last, force = f.snap, false // refused since: the next flight is under way
	}
	return Snapshot{}, c.gone(last)
}

// ride waits until the flight has landed.
func (c *Cache) ride(ctx context.Context, f *flight) error {
	select {
	case <-f.done:
		return f.err
	case <-c.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("secret: waiting for the source: %w", context.Cause(ctx))
	}
}

// board finds the flight to wait for, or an answer that needs none.
func (c *Cache) board(force bool) (*flight, Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, Snapshot{}, ErrClosed
	}
	if !force {
		if snap, ok := c.cached(); ok {
			return nil, snap, nil
		}
		if c.flight == nil && c.failed != nil && time.Now().Before(c.retryAt) {
			return nil, Snapshot{}, c.explain(c.failed)
		}
	}
	return c.join(), Snapshot{}, nil
}

// gone says why a snapshot that was fetched may not be handed out any more.
func (c *Cache) gone(snap Snapshot) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if _, refused := c.refused[snap.Version]; refused {
		return fmt.Errorf("%w %s", ErrRefused, snap.Version)
	}
	return fmt.Errorf("%w: version %s", ErrExpired, snap.Version)
}

// explain adds to a failure that a value was there and has expired.
func (c *Cache) explain(err error) error {
	if g := c.good.Load(); g != nil && !errors.Is(err, ErrExpired) {
		return fmt.Errorf("%w: version %s, and the refresh failed: %w", ErrExpired, g.snap.Version, err)
	}
	return err
}

// Close ends the refreshes, releases all waiters with [ErrClosed], and waits for what is under way, for at most one
// second: a source or subscriber that ignores its context is then an error. It may be called again.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.good.Store(nil)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.cancel()
	done := make(chan struct{})
	go func() { // ends with the last flight
		c.wg.Wait()
		close(done)
	}()
	late := time.NewTimer(closeWait)
	defer late.Stop()
	select {
	case <-done:
		return nil
	case <-late.C:
		return fmt.Errorf("secret: close: a source or subscriber is still running after %s", closeWait)
	}
}
