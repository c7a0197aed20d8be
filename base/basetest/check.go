package basetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/canary"
	"github.com/fourkites/sources/internal/race"
)

// grace is how much later than its deadline a call may return on a busy machine, and four times as much under the race
// detector.
func grace() time.Duration { return time.Duration(race.Of(250, 1000)) * time.Millisecond }

// patience is how long the suite waits for what must happen soon.
var patience = 5 * time.Second

// within fails the test when f takes longer than the deadline plus the grace, not counting what the machine was too busy
// to run anything.
func within(t testing.TB, deadline time.Duration, f func()) {
	t.Helper()
	busy := lateness()
	defer busy() // should f end the test
	began := time.Now()
	f()
	took := time.Since(began)
	if late := busy(); took > deadline+grace()+late {
		t.Errorf("returned after %s, deadline %s; the machine was busy for %s of it", took, deadline, late)
	}
}

// lateness measures by how much a clock that ticks is late in all, until the returned function is called first.
func lateness() (stop func() time.Duration) {
	const beat = 5 * time.Millisecond
	done, late := make(chan struct{}), make(chan time.Duration, 1)
	go func() { // ends with stop
		tick := time.NewTicker(beat)
		defer tick.Stop()
		var sum time.Duration
		for last := time.Now(); ; {
			select {
			case now := <-tick.C:
				sum += max(0, now.Sub(last)-2*beat)
				last = now
			case <-done:
				late <- sum
				return
			}
		}
	}()
	return sync.OnceValue(func() time.Duration {
		close(done)
		return <-late
	})
}

// timeout is the test's context with a deadline.
func timeout(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// fails checks an error: its kind is one of those, it is typed, and it holds no secret in any verb.
func (h Harness) fails(t testing.TB, err error, kinds ...base.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v", kinds)
	}
	h.clean(t, err)
	if _, ok := errors.AsType[*base.Error](err); !ok {
		t.Errorf("not a *base.Error: %v", err)
	}
	for _, k := range kinds {
		if base.KindOf(err) == k {
			return
		}
	}
	t.Errorf("kind %v, want one of %v: %v", base.KindOf(err), kinds, err)
}

// clean searches an error, and those below it, in every way to print them for the planted secrets.
func (h Harness) clean(t testing.TB, err error) {
	t.Helper()
	for _, leak := range h.planted.SweepValue("an error", err) {
		t.Error(leak)
	}
}

// search looks for the planted secrets, or parts of them, in a text, raw and in the encodings in which they travel.
func (h Harness) search(t testing.TB, where, text string) {
	t.Helper()
	for _, leak := range h.planted.Sweep(where, text) {
		t.Error(leak)
	}
}

// plant has the Secrets searched for.
func (h *Harness) plant() {
	h.planted = canary.New("")
	for i, s := range h.Secrets {
		h.planted.Plant(fmt.Sprintf("Secrets[%d]", i), s)
	}
}

// typed is the error's *base.Error, or an empty one.
func typed(err error) *base.Error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok {
		return &base.Error{}
	}
	return e
}

func names(err error, part string) bool { return err != nil && strings.Contains(err.Error(), part) }

// works checks that the subject answers in full.
func works(t testing.TB, s Subject) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	if n, err := s.Read(ctx); err != nil || n != s.Items {
		t.Fatalf("a read gave %d of %d items, %v", n, s.Items, err)
	}
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	if !soon(holds) {
		t.Fatalf("never: %s", what)
	}
}

// soon polls, and reports whether the condition came to hold in time.
func soon(holds func() bool) bool {
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			return holds()
		}
	}
	return true
}

// patientLimits switches the breaker off, so that one row's faults do not end in another's rejection.
func patientLimits(l base.Limits) base.Limits {
	l.Breaker.Ratio = -1
	return l
}

func running(s Subject) int {
	if s.Fake.Running == nil {
		return 0
	}
	return s.Fake.Running()
}

// allocatesAtMost holds f to a bound of bytes, which it may allocate in all: an upper bound of what it held at once.
// What other tests allocate beside it is counted too, so the least of three measures is what f needs at most.
func allocatesAtMost(t testing.TB, limit uint64, why string, f func()) {
	t.Helper()
	least := uint64(math.MaxUint64)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if least = min(least, after.TotalAlloc-before.TotalAlloc); least <= limit {
			return
		}
	}
	t.Errorf("%d MiB were allocated for %s", least>>20, why)
}
