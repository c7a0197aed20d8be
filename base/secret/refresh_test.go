package secret_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/secret"
)

func TestASourceThatGivesWhatHasExpiredIsAskedOnceAndThenLeftAlone(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	old := secret.SourceFunc(func(ctx context.Context) (secret.Snapshot, error) {
		snap, err := s.Get(ctx)
		snap.Expires = time.Now().Add(-time.Hour)
		return snap, err
	})
	synctest.Test(t, func(t *testing.T) {
		c := secret.NewCache(old, secret.CacheConfig{})
		for range 3 {
			fails(t, c, secret.ErrExpired)
		}
		count(t, s, 1)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTheWaitAfterAFailureIsBoundedAndBeginsAnewAfterASuccess(t *testing.T) {
	t.Parallel()
	s := &store{err: errDown}
	config := secret.CacheConfig{Poll: -1, RetryMin: time.Second, RetryMax: 8 * time.Second}
	cached(t, s, config, func(t *testing.T, c *secret.Cache) {
		fails(t, c, errDown)
		<-time.After(10 * time.Minute)
		if n := s.calls(); n < 10*60/8 {
			t.Errorf("%d calls in ten minutes under a wait of 8 s at most", n)
		}
		s.set(func(s *store) { s.text, s.err = "a", nil })
		<-time.After(8 * time.Second)
		wants(t, c, "a")
		s.set(func(s *store) { s.err = errDown })
		if _, err := c.Refresh(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
		calls := s.calls()
		<-time.After(time.Second)
		count(t, s, calls+1)
	})
}

func TestARefreshThatWasAskedForReplacesTheOneThatWasPlanned(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{Poll: time.Minute}, func(t *testing.T, c *secret.Cache) {
		for range 10 {
			if _, err := c.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
		}
		<-time.After(time.Minute)
		count(t, s, 11)
	})
}

func TestAnAlarmThatPanicsLeavesTheRefreshAlone(t *testing.T) {
	t.Parallel()
	s := &store{err: errDown}
	cached(t, s, secret.CacheConfig{OnError: func(error) { panic(canary) }}, func(t *testing.T, c *secret.Cache) {
		fails(t, c, errDown)
		s.set(func(s *store) { s.text, s.err = "a", nil })
		<-time.After(time.Second)
		wants(t, c, "a")
	})
}

func TestCloseIsNoAlarm(t *testing.T) {
	t.Parallel()
	s := &store{}
	alarm := func(err error) { t.Errorf("alarm: %v", err) }
	cached(t, s, secret.CacheConfig{OnError: alarm}, func(t *testing.T, c *secret.Cache) {
		s.block = make(chan struct{})
		var waiting sync.WaitGroup
		waiting.Go(func() { fails(t, c, secret.ErrClosed) })
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		waiting.Wait()
	})
}

func TestWhoWaitsForARefreshIsNotToldOfTheFailureBeforeIt(t *testing.T) {
	t.Parallel()
	s := &store{err: errDown}
	cached(t, s, secret.CacheConfig{RetryMin: time.Minute}, func(t *testing.T, c *secret.Cache) {
		fails(t, c, errDown)
		answer := make(chan struct{})
		s.set(func(s *store) { s.text, s.err, s.block = "a", nil, answer })
		var waiting sync.WaitGroup
		waiting.Go(func() { _, _ = c.Refresh(t.Context()) })
		synctest.Wait()
		waiting.Go(func() { wants(t, c, "a") })
		synctest.Wait()
		close(answer)
		waiting.Wait()
		count(t, s, 2)
	})
}

func TestWhoWaitedWhileTheValueExpiredIsToldBothReasons(t *testing.T) {
	t.Parallel()
	s := &store{text: "a", ttl: 10 * time.Second}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		answer := make(chan struct{})
		s.set(func(s *store) { s.err, s.block = errDown, answer })
		<-time.After(11 * time.Second) // the refresh began at 7 to 9
		var waiting sync.WaitGroup
		waiting.Go(func() {
			_, err := c.Get(t.Context())
			if !errors.Is(err, secret.ErrExpired) || !errors.Is(err, errDown) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		close(answer)
		waiting.Wait()
	})
}

func TestTheCauseOfTheContextsEndIsKept(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user went away")
	s := &store{}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		s.block = make(chan struct{})
		ctx, cancel := context.WithCancelCause(t.Context())
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := c.Get(ctx); !errors.Is(err, cause) {
				t.Errorf("in the wait: %v", err)
			}
		})
		synctest.Wait()
		cancel(cause)
		waiting.Wait()
		if _, err := c.Get(ctx); !errors.Is(err, cause) {
			t.Errorf("before the wait: %v", err)
		}
		close(s.block)
	})
}

func TestNobodyHearsOfAVersionThatWasRefused(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		c.Subscribe(func(snap secret.Snapshot) {
			if snap.Reveal() == "a" { // a pool that found out before the others were told
				s.set(func(s *store) { s.text = "b" })
				c.Refuse(snap.Version)
			}
		})
		var heard []string
		c.Subscribe(func(snap secret.Snapshot) { heard = append(heard, snap.Reveal()) })
		if _, err := c.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"b"}, heard); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAVersionRefusedTwiceIsAskedForOnce(t *testing.T) {
	t.Parallel()
	s := &store{text: "a"}
	cached(t, s, secret.CacheConfig{}, func(t *testing.T, c *secret.Cache) {
		wants(t, c, "a")
		answer := make(chan struct{})
		s.set(func(s *store) { s.block = answer })
		for range 3 {
			c.Refuse("v-a")
			synctest.Wait() // the source is being asked
		}
		close(answer)
		fails(t, c, secret.ErrRefused)
		count(t, s, 2)
	})
}

func TestASourceHearsWhichVersionWasRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		c := secret.NewCache(secret.SourceFunc(func(ctx context.Context) (secret.Snapshot, error) {
			version := "1"
			if secret.Refused(ctx, "1") {
				version = "2"
			}
			heard = append(heard, version)
			return secret.NewSnapshot("text "+version, version, time.Time{}).OfUser("reader-" + version), nil
		}), secret.CacheConfig{Poll: -1})
		first, err := c.Get(t.Context())
		if err != nil || first.User != "reader-1" {
			t.Fatalf("user %s, %v", first.User, err)
		}
		c.Refuse("1")
		next, err := c.Get(t.Context())
		if err != nil || next.User != "reader-2" || len(heard) != 2 {
			t.Errorf("user %s after %v, %v", next.User, heard, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if secret.Refused(t.Context(), "1") {
		t.Error("a version was refused where no cache asks")
	}
}

func TestAFailureThatIsKnownStaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, known := range []error{secret.ErrEmpty, secret.ErrExpired, secret.ErrRefused, secret.ErrClosed, errDown} {
		c := secret.NewCache(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
			return secret.Snapshot{}, fmt.Errorf("store: %w", known)
		}), secret.CacheConfig{})
		_, err := c.Get(t.Context())
		if !errors.Is(err, known) || errors.Is(err, secret.ErrUnresolved) != errors.Is(known, errDown) {
			t.Errorf("%v became %v", known, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
