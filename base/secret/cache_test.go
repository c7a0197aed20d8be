package secret_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base/secret"
)

// store is a source under the test's control.
type store struct {
	mu    sync.Mutex
	text  string
	ttl   time.Duration
	err   error
	block chan struct{} // if set, Get waits for it
	at    []time.Time   // of each call
	do    func()
}

func (s *store) Get(ctx context.Context) (secret.Snapshot, error) {
	s.mu.Lock()
	text, ttl, err, block, do := s.text, s.ttl, s.err, s.block, s.do
	s.at = append(s.at, time.Now())
	s.mu.Unlock()
	if do != nil {
		do()
	}
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return secret.Snapshot{}, ctx.Err()
		}
	}
	if err != nil {
		return secret.Snapshot{}, err
	}
	var expires time.Time
	if ttl > 0 {
		expires = time.Now().Add(ttl)
	}
	return secret.NewSnapshot(text, "v-"+text, expires), nil
}

func (s *store) set(change func(*store)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *store) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

var errDown = errors.New("store is down")

// cached runs a test in a bubble of its own time; the cache is closed at its end.
func cached(t *testing.T, s *store, cfg secret.CacheConfig, f func(t *testing.T, c *secret.Cache)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := secret.NewCache(s, cfg)
		f(t, c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func wants(t *testing.T, c *secret.Cache, want string) {
	t.Helper()
	snap, err := c.Get(t.Context())
	if err != nil || snap.Reveal() != want {
		t.Errorf("got %q, %v, want %q", snap.Reveal(), err, want)
	}
}

func fails(t *testing.T, c *secret.Cache, want error) {
	t.Helper()
	if snap, err := c.Get(t.Context()); !errors.Is(err, want) || !snap.IsZero() {
		t.Errorf("got %v, %v, want %v", snap, err, want)
	}
}

func count(t *testing.T, s *store, want int) {
	t.Helper()
	if n := s.calls(); n != want {
		t.Errorf("%d calls of the source, want %d", n, want)
	}
}

func TestCacheRefreshesAheadOfExpiryWithJitter(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 20 {
		s := &store{text: "a", ttl: 100 * time.Second}
		cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
			wants(t, c, "a")
			<-time.After(69 * time.Second)
			count(t, s, 1)
			s.set(func(s *store) { s.text = "b" })
			<-time.After(22 * time.Second)
			count(t, s, 2)
			wants(t, c, "b")
			count(t, s, 2)
			seen[s.at[1].Sub(s.at[0])] = true
		})
	}
	if len(seen) < 10 {
		t.Errorf("%d different moments in 20 runs: no jitter", len(seen))
	}
}

func TestEveryFailureOfASourceIsOneOfThisPackage(t *testing.T) {
	t.Parallel()
	s := &store{err: errDown}
	cached(t, s, secret.CacheConfig{RetryMin: time.Millisecond}, func(t *testing.T, c *secret.Cache) {
		fails(t, c, errDown)
		fails(t, c, secret.ErrUnresolved)
		s.set(func(s *store) { s.err = fmt.Errorf("%w: nothing there", secret.ErrEmpty) })
		<-time.After(time.Second)
		if _, err := c.Get(t.Context()); !errors.Is(err, secret.ErrEmpty) || errors.Is(err, secret.ErrUnresolved) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCacheSharesOneFlightAndIsConcurrentSafe(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		s.block = make(chan struct{})
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if i%2 == 0 {
					wants(t, c, "a")
				} else if _, err := c.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(s.block)
		wg.Wait()
		count(t, s, 1)
	})
}

func TestCallersWithAValueAreNotBlockedBehindARefresh(t *testing.T) {
	t.Parallel()
	s := &store{text: "a", ttl: 100 * time.Second}
	cached(t, s, secret.CacheConfig{Timeout: time.Hour}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		s.set(func(s *store) { s.block = make(chan struct{}) })
		<-time.After(91 * time.Second)
		count(t, s, 2)
		start := time.Now()
		wants(t, c, "a")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %s", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Refresh(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a forced refresh ignored its context: %v", err)
		}
	})
}

func TestCacheKeepsTheLastGoodValueThenFailsClosed(t *testing.T) {
	t.Parallel()
	var alarms atomic.Int32
	s := &store{text: "a", ttl: 100 * time.Second}
	cached(t, s, secret.CacheConfig{OnError: func(error) { alarms.Add(1) }}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		s.set(func(s *store) { s.err = errDown })
		<-time.After(99 * time.Second)
		if alarms.Load() == 0 {
			t.Error("nobody was told")
		}
		wants(t, c, "a")
		<-time.After(time.Second)
		fails(t, c, secret.ErrExpired)
		fails(t, c, errDown)
		before := s.calls()
		for range 100 {
			fails(t, c, secret.ErrExpired)
		}
		if n := s.calls() - before; n > 1 {
			t.Errorf("100 callers made %d calls of a failing source", n)
		}
		s.set(func(s *store) { s.err, s.text = nil, "b" })
		<-time.After(time.Minute)
		wants(t, c, "b")
	})
}

func TestCacheAsksAgainForAValueWithoutExpiry(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{MaxAge: time.Hour}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		s.set(func(s *store) { s.text = "b" })
		<-time.After(time.Minute)
		wants(t, c, "b")
		s.set(func(s *store) { s.err = errDown })
		<-time.After(58 * time.Minute)
		wants(t, c, "b")
		<-time.After(3 * time.Minute)
		fails(t, c, secret.ErrExpired)
	})
	s = &store{text: "a"}
	cached(t, s, secret.CacheConfig{Poll: -1, MaxAge: -1}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		<-time.After(1000 * time.Hour)
		wants(t, c, "a")
		count(t, s, 1)
	})
}

func TestARefusedVersionIsNeverHandedOutAgain(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		s.set(func(s *store) { s.text = "b" })
		for range 50 {
			c.Refuse("v-a")
		}
		wants(t, c, "b")
		count(t, s, 2)
		c.Refuse("v-a") // old news
		c.Refuse("v-0")
		wants(t, c, "b")
		count(t, s, 2)

		s.set(func(s *store) { s.text = "a" }) // the store is rolled back
		if _, err := c.Refresh(t.Context()); !errors.Is(err, secret.ErrRefused) {
			t.Errorf("got %v", err)
		}
		wants(t, c, "b")
		c.Refuse("v-b")
		fails(t, c, secret.ErrRefused)
		before := s.calls()
		for range 100 {
			fails(t, c, secret.ErrRefused)
		}
		count(t, s, before)
		s.set(func(s *store) { s.text = "c" })
		<-time.After(2 * time.Minute)
		wants(t, c, "c")
	})
}

func TestAVersionRefusedDuringARefreshIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		gate := make(chan struct{})
		s.set(func(s *store) { s.block = gate })
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = c.Refresh(t.Context()) })
		synctest.Wait() // the call that will answer "a" is under way
		c.Refuse("v-a")
		s.set(func(s *store) { s.text = "b" })
		wg.Go(func() { wants(t, c, "b") })
		synctest.Wait()
		close(gate)
		wg.Wait()
		count(t, s, 3)
	})
}

func TestSubscribersHearOfEveryLatestVersion(t *testing.T) {
	t.Parallel()
	var alarms atomic.Int32
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{OnError: func(error) { alarms.Add(1) }}, func(t *testing.T, c *secret.Cache) {
		var heard []string
		c.Subscribe(func(secret.Snapshot) { panic(canary) })
		cancel := c.Subscribe(func(s secret.Snapshot) { heard = append(heard, s.Reveal()) })
		refresh := func(text string) {
			s.set(func(s *store) { s.text = text })
			if _, err := c.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		for _, text := range []string{"a", "a", "b"} {
			refresh(text)
		}
		slow := make(chan struct{})
		stop := c.Subscribe(func(secret.Snapshot) { <-slow })
		refresh("c")
		refresh("d")
		wants(t, c, "d")
		refresh("e")
		close(slow)
		synctest.Wait()
		stop()
		cancel()
		cancel()
		refresh("f")
		if got := strings.Join(heard, ""); got != "abce" {
			t.Errorf("heard %q, want the latest of each moment: abce", got)
		}
		if alarms.Load() == 0 {
			t.Error("nobody was told of the panicking subscriber")
		}
	})
}

func TestCacheSurvivesABadSource(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		source secret.SourceFunc
		want   error
		says   string
	}{
		"panics":             {func(context.Context) (secret.Snapshot, error) { panic(canary) }, nil, "panicked with a string"},
		"ends its goroutine": {func(context.Context) (secret.Snapshot, error) { runtime.Goexit(); panic("unreachable") }, nil, "ended its goroutine"},
		"is empty":           {func(context.Context) (secret.Snapshot, error) { return secret.Snapshot{}, nil }, secret.ErrEmpty, "no value"},
		"is expired": {func(context.Context) (secret.Snapshot, error) {
			return secret.NewSnapshot(canary, "v1", time.Now()), nil
		}, secret.ErrExpired, "version v1"},
		"hangs": {func(ctx context.Context) (secret.Snapshot, error) {
			<-ctx.Done()
			return secret.Snapshot{}, ctx.Err()
		}, context.DeadlineExceeded, "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := secret.NewCache(tc.source, secret.CacheConfig{})
				snap, err := c.Get(t.Context())
				if err == nil || !snap.IsZero() || !strings.Contains(err.Error(), tc.says) || (tc.want != nil && !errors.Is(err, tc.want)) {
					t.Errorf("got %v, %v, want %v that says %q", snap, err, tc.want, tc.says)
				}
				leaks(t, "error", fmt.Sprint(err))
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := secret.NewCache(nil, secret.CacheConfig{})
		fails(t, c, secret.ErrUnresolved)
		_ = c.Close()
	})
}

func TestCloseReleasesWaitersAndEndsEverything(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		s.block = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { fails(t, c, secret.ErrClosed) })
		synctest.Wait()
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		fails(t, c, secret.ErrClosed)
		c.Refuse("v-a")
		if _, err := c.Refresh(t.Context()); !errors.Is(err, secret.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := secret.NewCache(&store{text: "a", do: func() { <-release }}, secret.CacheConfig{})
		var wg sync.WaitGroup
		wg.Go(func() { fails(t, c, secret.ErrClosed) })
		synctest.Wait()
		if err := c.Close(); err == nil {
			t.Error("a source that ignores its context went unnoticed")
		}
		wg.Wait()
		close(release)
	})
}

func TestCacheIsConcurrentSafe(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	c := secret.NewCache(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		i := n.Add(1)
		return secret.NewSnapshot(fmt.Sprint(i), fmt.Sprint(i), time.Now().Add(time.Hour)), nil
	}), secret.CacheConfig{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			cancel := c.Subscribe(func(secret.Snapshot) {})
			defer cancel()
			for range 200 {
				snap, err := c.Get(t.Context())
				if errors.Is(err, secret.ErrRefused) {
					continue // refused by another goroutine while this one waited
				}
				if err != nil {
					t.Error(err)
					return
				}
				c.Refuse(snap.Version)
				if next, err := c.Get(t.Context()); err == nil && next.Version == snap.Version {
					t.Errorf("version %s was handed out after it was refused", snap.Version)
				}
			}
		})
	}
	wg.Wait()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func ExampleCache() {
	c := secret.NewCache(secret.Static("hunter2"), secret.CacheConfig{})
	defer func() { _ = c.Close() }()
	snap, err := c.Get(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(snap.Reveal()), snap.IsZero())
	// Output: 7 false
}
