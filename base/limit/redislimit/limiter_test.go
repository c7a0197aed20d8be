package redislimit_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/limit/redislimit"
	"github.com/fourkites/sources/base/secret"
)

func config(server *miniredis.Miniredis) redislimit.Config {
	return redislimit.Config{Addresses: []string{server.Addr()}, Name: "test", Concurrency: 2}
}

func open(t *testing.T, c redislimit.Config, opts ...base.Option) *redislimit.Limiter {
	t.Helper()
	l, err := redislimit.New(t.Context(), c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// soon bounds what must happen, generously.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func acquire(t *testing.T, l *redislimit.Limiter, weight int64) func() {
	t.Helper()
	release, err := l.Acquire(soon(t), weight)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx := soon(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never came: %s", what)
		}
	}
}

// waits starts an Acquire that has to wait, and returns when it stands in the line.
func waits(t *testing.T, l *redislimit.Limiter, weight int64) <-chan func() {
	t.Helper()
	before := l.Usage().Queued
	served := make(chan func(), 1)
	go func() {
		release, err := l.Acquire(t.Context(), weight)
		if err != nil {
			close(served)
			return
		}
		served <- release
	}()
	eventually(t, "a call waits", func() bool { return l.Usage().Queued > before })
	eventually(t, "it stands in the line", func() bool { return l.Usage().Waiting > 0 })
	return served
}

func got(t *testing.T, served <-chan func()) func() {
	t.Helper()
	select {
	case release, ok := <-served:
		if !ok {
			t.Fatal("the call that waited was refused")
		}
		return release
	case <-soon(t).Done():
		t.Fatal("the call still waits")
	}
	return nil
}

func pending(t *testing.T, served <-chan func()) {
	t.Helper()
	select {
	case <-served:
		t.Fatal("the call was let through")
	default:
	}
}

func TestPlacesAreSharedByLimitersOfOneName(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	a, b := open(t, config(server)), open(t, config(server))
	first, second := acquire(t, a, 1), acquire(t, b, 1)
	third := waits(t, a, 1)
	second()
	second() // does nothing
	release := got(t, third)
	fourth := waits(t, b, 1)
	pending(t, fourth)
	first()
	got(t, fourth)()
	release()
	eventually(t, "all is given back", func() bool { return a.Usage().Held == 0 && b.Usage().Held == 0 })
}

func TestOtherNamesAreOtherLimits(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	one := config(server)
	one.Concurrency = 1
	other := one
	other.Name = "other"
	acquire(t, open(t, one), 1)()
	first, second := acquire(t, open(t, one), 1), acquire(t, open(t, other), 1)
	first()
	second()
}

func TestNobodyOvertakesAHeavyCall(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	a, b := open(t, config(server)), open(t, config(server))
	release := acquire(t, a, 1)
	heavy := waits(t, b, 2)
	light := waits(t, a, 1)
	pending(t, light)
	release()
	free := got(t, heavy)
	pending(t, light)
	free()
	got(t, light)()
}

func TestACallHeavierThanTheBoundRunsAlone(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	a, b := open(t, config(server)), open(t, config(server))
	release := acquire(t, a, 1)
	heavy := waits(t, b, 7)
	release()
	free := got(t, heavy)
	light := waits(t, a, 1)
	pending(t, light)
	free()
	got(t, light)()
}

func TestACallThatGivesUpLeavesTheLine(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Concurrency = 1
	a, b := open(t, c), open(t, c)
	release := acquire(t, a, 1)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := b.Acquire(ctx, 1)
		failed <- err
	}()
	eventually(t, "it stands in the line", func() bool { return b.Usage().Waiting == 1 })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	last := waits(t, a, 1)
	release()
	got(t, last)()
}

func TestTheLineIsBounded(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Concurrency, c.MaxWaiting = 1, 1
	a, b := open(t, c), open(t, c)
	release := acquire(t, a, 1)
	next := waits(t, a, 1)
	if _, err := b.Acquire(soon(t), 1); !errors.Is(err, limit.ErrFull) {
		t.Errorf("got %v", err)
	}
	release()
	got(t, next)()
	c.Name, c.MaxWaiting = "none", -1
	l := open(t, c)
	defer acquire(t, l, 1)()
	if _, err := l.Acquire(soon(t), 1); !errors.Is(err, limit.ErrFull) || !strings.Contains(err.Error(), "limit none:") {
		t.Errorf("got %v", err)
	}
}

func TestTheRateIsSharedAndAWaitBeyondTheDeadlineIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Concurrency, c.Rate, c.Burst = -1, 0.01, 2
	a, b := open(t, c), open(t, c)
	acquire(t, a, 1)()
	acquire(t, b, 1)()
	for _, l := range []*redislimit.Limiter{a, b} {
		began := time.Now()
		_, err := l.Acquire(soon(t), 1)
		refusal, ok := errors.AsType[*redislimit.Refusal](err)
		if !ok || !errors.Is(err, limit.ErrNoTime) || refusal.Wait < 80*time.Second || refusal.Wait > 100*time.Second {
			t.Errorf("got %v, wait %v", err, refusal)
		}
		if time.Since(began) > 10*time.Second {
			t.Error("it waited")
		}
	}
}

func TestTokensComeAtTheRate(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Concurrency, c.Rate, c.Burst = -1, 50, 1
	a, b := open(t, c), open(t, c)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range 20 {
		l := a
		if i%2 == 1 {
			l = b
		}
		wg.Go(func() {
			if release, err := l.Acquire(soon(t), 1); err != nil {
				t.Error(err)
			} else {
				release()
			}
		})
	}
	wg.Wait()
	if took := time.Since(began); took < 370*time.Millisecond {
		t.Errorf("20 calls at 50 a second took %s", took)
	}
}

func used(reset string) http.Header {
	return http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {reset}}
}

func TestOneProcessHearsOfTheQuotaAndAllWait(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	a, b := open(t, config(server)), open(t, config(server))
	a.Observe(http.Header{"X-Ratelimit-Remaining": {"7"}, "X-Ratelimit-Reset": {"1800"}})
	acquire(t, b, 1)()
	a.Observe(used("1800"))
	eventually(t, "Redis knows", func() bool { return a.Usage().Blocked > 0 })
	_, err := b.Acquire(soon(t), 1)
	refusal, ok := errors.AsType[*redislimit.Refusal](err)
	if !ok || !errors.Is(err, limit.ErrNoTime) || refusal.RetryAfter() < 25*time.Minute {
		t.Errorf("got %v", err)
	}
}

func TestTheQuotaOpensAtItsReset(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	a, b := open(t, config(server)), open(t, config(server))
	a.Observe(used("1.5"))
	eventually(t, "Redis knows", func() bool { return a.Usage().Blocked > 0 })
	began := time.Now()
	acquire(t, b, 1)()
	if time.Since(began) > 10*time.Second {
		t.Error("it waited for longer than the reset")
	}
}

func TestAClockThatIsSetBackStopsNobodyForLonger(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	now := time.Now()
	server.SetTime(now.Add(24 * time.Hour))
	c := config(server)
	c.Rate = 1
	l := open(t, c)
	acquire(t, l, 1)()
	l.Observe(used("3000"))
	eventually(t, "Redis knows", func() bool { return l.Usage().Blocked > 0 })
	server.SetTime(now)
	_, err := l.Acquire(soon(t), 1)
	if refusal, ok := errors.AsType[*redislimit.Refusal](err); !ok || refusal.Wait > time.Hour+time.Second {
		t.Errorf("got %v, %+v", err, refusal)
	}
	server.SetTime(now.Add(2 * time.Hour))
	acquire(t, l, 1)()
}

func TestCloseEndsTheWaitsAndGivesThePlacesBack(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Concurrency = 1
	a, b := open(t, c), open(t, c)
	release := acquire(t, a, 1)
	waiting := waits(t, a, 1)
	other := waits(t, b, 1)
	closed := make(chan error, 1)
	go func() { closed <- a.Close() }()
	if _, ok := <-waiting; ok {
		t.Error("a call was let through after Close")
	}
	release()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	got(t, other)()
	if _, err := a.Acquire(t.Context(), 1); !errors.Is(err, limit.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestLimitsCanBeReloaded(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Concurrency = 1
	l := open(t, c)
	first := acquire(t, l, 1)
	second := waits(t, l, 1)
	c.Concurrency = 2
	if err := l.Reload(c); err != nil {
		t.Fatal(err)
	}
	got(t, second)()
	first()
	c.Name = "another"
	if err := l.Reload(c); err == nil || !strings.Contains(err.Error(), "name") {
		t.Errorf("got %v", err)
	}
	if err := l.Reload(redislimit.Config{Name: "test"}); err == nil || !strings.Contains(err.Error(), "concurrency") {
		t.Errorf("got %v", err)
	}
}

func TestThePasswordIsShownAndNeverPrinted(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.RequireUserAuth("bot", "s3cr3t-of-redis")
	c := config(server)
	c.User, c.Password = "bot", secret.Literal("s3cr3t-of-redis")
	l := open(t, c)
	if err := l.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	acquire(t, l, 1)()
	c.Password = secret.Literal("wr0ng-s3cr3t")
	l = open(t, c)
	_, err := l.Acquire(soon(t), 1)
	if !errors.Is(err, redislimit.ErrOutage) || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("the error holds the password: %v", err)
	}
}
