package limit_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base/limit"
)

func TestARateSpacesCallsOutAfterItsBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := limit.NewRate(10, 3)
		began := time.Now()
		var all sync.WaitGroup
		for range 13 {
			all.Go(func() {
				if err := r.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began).Round(time.Millisecond); took != time.Second {
			t.Errorf("13 calls at 10 a second with a burst of 3 took %s", took)
		}
	})
}

func TestAWaitBeyondTheDeadlineIsNotBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := limit.NewRate(1, 0) // a burst of one
		if err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 3 { // a refused wait takes no token: the third would wait no longer than the first
			ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
			if err := r.Wait(ctx); !errors.Is(err, limit.ErrNoTime) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		if time.Since(began) != 0 {
			t.Errorf("a refusal took %s", time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1100*time.Millisecond)
		defer cancel()
		if err := r.Wait(ctx); err != nil || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestACallThatGivesUpReturnsItsToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := limit.NewRate(1, 1)
		if err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		if err := r.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := r.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended took a token: %v", err)
		}
		free := limit.NewRate(1, 1)
		if err := free.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended took a token that was there: %v", err)
		}
		if wait, _, err := free.Reserve(0); wait != 0 || err != nil {
			t.Errorf("the token that was there is gone: %s, %v", wait, err)
		}
		began := time.Now()
		if err := r.Wait(t.Context()); err != nil || time.Since(began) != 500*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestAReservationCanBeUndone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := limit.NewRate(1, 1)
		for i, want := range []time.Duration{0, time.Second} {
			wait, undo, err := r.Reserve(math.MaxInt64)
			if wait != want || err != nil {
				t.Errorf("reservation %d: %s, %v", i, wait, err)
			}
			if i == 1 {
				undo()
			}
		}
		if _, _, err := r.Reserve(time.Second - 1); !errors.Is(err, limit.ErrNoTime) {
			t.Errorf("a wait above the most: %v", err)
		}
		if wait, _, err := r.Reserve(time.Second); wait != time.Second || err != nil {
			t.Errorf("a wait of the most: %s, %v", wait, err)
		}
	})
}

func TestATokenThatIsThereNeedsNoTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if wait, _, err := limit.NewRate(1, 1).Reserve(-time.Second); wait != 0 || err != nil {
			t.Errorf("wait %s: %v", wait, err)
		}
	})
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestQuotaFollowsTheHeadersOfTheServer(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	in := now.Add(90 * time.Second)
	unix := strconv.FormatInt(in.Unix(), 10)
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"GitHub: used up":             {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix), 90 * time.Second},
		"GitHub: calls remain":        {headers("X-RateLimit-Remaining", "7", "X-RateLimit-Reset", unix), 0},
		"in milliseconds":             {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix+"000"), 90 * time.Second},
		"in seconds from now":         {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "90"), 90 * time.Second},
		"in RFC 3339":                 {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in.Format(time.RFC3339)), 90 * time.Second},
		"in HTTP's form":              {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in.Format(http.TimeFormat)), 90 * time.Second},
		"IETF draft: used up":         {headers("RateLimit-Remaining", "0", "RateLimit-Reset", "30"), 30 * time.Second},
		"IETF draft: a fraction":      {headers("RateLimit-Remaining", "0", "RateLimit-Reset", "0.5"), 500 * time.Millisecond},
		"IETF draft: calls remain":    {headers("RateLimit-Remaining", "1", "RateLimit-Reset", "30"), 0},
		"the X- form is read first":   {headers("X-RateLimit-Remaining", "1", "RateLimit-Remaining", "0", "RateLimit-Reset", "30"), 0},
		"no reset":                    {headers("X-RateLimit-Remaining", "0"), 0},
		"a past reset":                {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", strconv.FormatInt(now.Unix()-5, 10)), 0},
		"a reset that is no number":   {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "soon"), 0},
		"a negative reset":            {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "-5"), 0},
		"NaN":                         {headers("X-RateLimit-Remaining", "NaN", "X-RateLimit-Reset", "NaN"), 0},
		"a negative remainder":        {headers("X-RateLimit-Remaining", "-1", "X-RateLimit-Reset", unix), 0},
		"nothing is said":             {http.Header{}, 0},
		"a reset in a thousand years": {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "40000000000"), time.Hour},
		"a reset beyond every number": {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1e300"), time.Hour},
		"a reset in the year 9999":    {headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9999-12-31T23:59:59Z"), time.Hour},
		"many seconds from now":       {headers("RateLimit-Remaining", "0", "RateLimit-Reset", "999999999"), time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := limit.Reset(c.header, now); got != c.want {
				t.Errorf("closed for %s, want %s", got, c.want)
			}
		})
	}
}

func TestAQuotaOpensAtItsResetOrWhenCallsRemain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q limit.Quota
		usedUp := headers("RateLimit-Remaining", "0", "RateLimit-Reset", "10")
		q.Observe(usedUp, time.Now())
		q.Observe(http.Header{}, time.Now()) // says nothing
		if got := q.Wait(time.Now); got != 10*time.Second {
			t.Errorf("closed for %s", got)
		}
		time.Sleep(10 * time.Second)
		if got := q.Wait(time.Now); got != 0 {
			t.Errorf("closed for %s after its reset", got)
		}
		if q.Wait(func() time.Time { t.Error("a quota past its reset asked for the time again"); return time.Time{} }) != 0 {
			t.Error("a quota past its reset waits")
		}
		q.Observe(usedUp, time.Now())
		q.Observe(headers("RateLimit-Remaining", "3"), time.Now())
		if got := q.Wait(time.Now); got != 0 {
			t.Errorf("closed for %s though calls remain", got)
		}
		if q.Wait(func() time.Time { t.Error("an open quota asked for the time"); return time.Time{} }) != 0 {
			t.Error("an open quota waits")
		}
	})
}

func FuzzReset(f *testing.F) {
	for _, seed := range []string{"0", "90", "1741089690", "1741089690000", "1e300", "-1", "2025-03-04T12:01:30Z", "abc"} {
		f.Add("0", seed)
	}
	now := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, remaining, reset string) {
		for _, prefix := range []string{"X-RateLimit-", "RateLimit-"} {
			h := headers(prefix+"Remaining", remaining, prefix+"Reset", reset)
			if got := limit.Reset(h, now); got < 0 || got > time.Hour {
				t.Errorf("%q, %q: closed for %s", remaining, reset, got)
			}
		}
	})
}
