package breaker_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/breaker"
)

// in runs a test in a bubble, where the clock is the test's own.
func in(t *testing.T, config breaker.Config, f func(t *testing.T, b *breaker.Breaker)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, breaker.New(config)) })
}

// pass lets the time of the bubble go on.
func pass(d time.Duration) { <-time.After(d) }

func admit(t *testing.T, b *breaker.Breaker) breaker.Ticket {
	t.Helper()
	ticket, err := b.Allow()
	if err != nil {
		t.Fatalf("a call was refused: %v, the breaker is %s", err, b.State())
	}
	return ticket
}

// calls makes that many calls with the outcome, one after the other.
func calls(t *testing.T, b *breaker.Breaker, n int, o breaker.Outcome) {
	t.Helper()
	for range n {
		b.Done(admit(t, b), o)
	}
}

func is(t *testing.T, b *breaker.Breaker, want breaker.State) {
	t.Helper()
	if got := b.State(); got != want {
		t.Errorf("the breaker is %s, want %s", got, want)
	}
}

func refuses(t *testing.T, b *breaker.Breaker) {
	t.Helper()
	if _, err := b.Allow(); !errors.Is(err, breaker.ErrOpen) {
		t.Errorf("a call was let through: %v", err)
	}
}

func TestItOpensAtTheShareOfFailuresAfterEnoughCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		config    breaker.Config
		good, bad int
		want      breaker.State
	}{
		{"too few calls", breaker.Config{}, 0, 9, breaker.Closed},
		{"enough calls, all failed", breaker.Config{}, 0, 10, breaker.Open},
		{"half failed", breaker.Config{}, 10, 10, breaker.Open},
		{"less than half failed", breaker.Config{}, 11, 10, breaker.Closed},
		{"a share of its own", breaker.Config{Ratio: 0.1}, 90, 10, breaker.Open},
		{"below a share of its own", breaker.Config{Ratio: 0.1}, 91, 10, breaker.Closed},
		{"all must fail", breaker.Config{Ratio: 1}, 1, 99, breaker.Closed},
		{"a minimum of its own", breaker.Config{MinCalls: 1}, 0, 1, breaker.Open},
		{"never", breaker.Config{Ratio: -1}, 0, 1000, breaker.Closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in(t, c.config, func(t *testing.T, b *breaker.Breaker) {
				calls(t, b, c.good, breaker.Success)
				calls(t, b, c.bad, breaker.Failure)
				is(t, b, c.want)
			})
		})
	}
}

func TestCallsOutsideTheWindowDoNotCount(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{Window: 10 * time.Second}, func(t *testing.T, b *breaker.Breaker) {
		calls(t, b, 9, breaker.Failure)
		pass(11 * time.Second)
		calls(t, b, 9, breaker.Failure)
		is(t, b, breaker.Closed)
		pass(8 * time.Second)
		calls(t, b, 1, breaker.Failure)
		is(t, b, breaker.Open)
	})
}

func TestOldSuccessesDoNotHideAnOutage(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{Window: 10 * time.Second}, func(t *testing.T, b *breaker.Breaker) {
		calls(t, b, 10_000, breaker.Success)
		pass(11 * time.Second)
		calls(t, b, 10, breaker.Failure)
		is(t, b, breaker.Open)
	})
}

func TestABurstOfFailuresAmongManySuccessesDoesNotOpenIt(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{Window: 10 * time.Second}, func(t *testing.T, b *breaker.Breaker) {
		for range 600 { // ten minutes at ten calls a second without a failure
			calls(t, b, 10, breaker.Success)
			pass(time.Second)
		}
		calls(t, b, 80, breaker.Failure)
		is(t, b, breaker.Closed)
		calls(t, b, 10, breaker.Failure) // as many as succeeded in the nine whole slots and this one
		is(t, b, breaker.Open)
	})
}

func TestWhatSaysNothingAboutTheSourceCountsForNothing(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		calls(t, b, 1000, breaker.Ignored)
		calls(t, b, 9, breaker.Failure)
		is(t, b, breaker.Closed) // the ignored ones do not fill the minimum
		calls(t, b, 1000, breaker.Ignored)
		calls(t, b, 1, breaker.Failure)
		is(t, b, breaker.Open) // and they do not thin out the failures
	})
}

func trip(t *testing.T, b *breaker.Breaker) {
	t.Helper()
	calls(t, b, 10, breaker.Failure)
	is(t, b, breaker.Open)
}

func TestAnOpenBreakerRefusesUntilItsPauseIsOverThenProbes(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{OpenFor: 5 * time.Second, Probes: 2}, func(t *testing.T, b *breaker.Breaker) {
		trip(t, b)
		if !b.Refuses() || b.NextProbe() != 5*time.Second {
			t.Errorf("refuses %t, next probe in %s", b.Refuses(), b.NextProbe())
		}
		pass(5*time.Second - 1)
		refuses(t, b)
		pass(1)
		is(t, b, breaker.HalfOpen)
		if b.Refuses() || b.NextProbe() != 0 {
			t.Errorf("refuses %t, next probe in %s", b.Refuses(), b.NextProbe())
		}
		one, two := admit(t, b), admit(t, b)
		refuses(t, b)
		b.Done(one, breaker.Success)
		refuses(t, b) // two successes close it, and the second is under way
		is(t, b, breaker.HalfOpen)
		b.Done(two, breaker.Success)
		is(t, b, breaker.Closed)
		calls(t, b, 9, breaker.Failure)
		is(t, b, breaker.Closed) // the counts began anew
	})
}

func TestAProbeThatFailsOpensItAgainForAWholePause(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{OpenFor: 5 * time.Second, Probes: 2}, func(t *testing.T, b *breaker.Breaker) {
		trip(t, b)
		pass(5 * time.Second)
		one, two := admit(t, b), admit(t, b)
		b.Done(one, breaker.Failure)
		is(t, b, breaker.Open)
		b.Done(two, breaker.Success) // of the phase before
		is(t, b, breaker.Open)
		if got := b.NextProbe(); got != 5*time.Second {
			t.Errorf("next probe in %s", got)
		}
	})
}

func TestAProbeThatSaysNothingGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		trip(t, b)
		pass(5 * time.Second)
		for range 100 {
			b.Done(admit(t, b), breaker.Ignored)
		}
		is(t, b, breaker.HalfOpen)
		b.Done(admit(t, b), breaker.Success)
		is(t, b, breaker.Closed)
	})
}

func TestACallAdmittedBeforeTheOutageDecidesNothing(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		var early []breaker.Ticket
		for range 20 {
			early = append(early, admit(t, b))
		}
		trip(t, b)
		b.Done(early[0], breaker.Success)
		is(t, b, breaker.Open)
		pass(5 * time.Second)
		probe := admit(t, b)
		b.Done(early[1], breaker.Success)
		is(t, b, breaker.HalfOpen)
		b.Done(early[2], breaker.Failure)
		is(t, b, breaker.HalfOpen)
		b.Done(probe, breaker.Success)
		for _, ticket := range early[3:] {
			b.Done(ticket, breaker.Failure)
		}
		is(t, b, breaker.Closed)
	})
}

func TestCallsOfAnEarlierPhaseDoNotThinOutTheFailuresOfThisOne(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		var early []breaker.Ticket
		for range 100 {
			early = append(early, admit(t, b))
		}
		trip(t, b)
		pass(5 * time.Second)
		calls(t, b, 1, breaker.Success)
		calls(t, b, 1, breaker.Success) // the window of this phase has begun
		for _, ticket := range early {
			b.Done(ticket, breaker.Success)
		}
		calls(t, b, 9, breaker.Failure)
		is(t, b, breaker.Open)
	})
}

func TestProbesThatSucceededBeforeAnotherFailedCountNoMore(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{Probes: 2}, func(t *testing.T, b *breaker.Breaker) {
		trip(t, b)
		pass(5 * time.Second)
		calls(t, b, 1, breaker.Success)
		calls(t, b, 1, breaker.Failure)
		pass(5 * time.Second)
		calls(t, b, 1, breaker.Success)
		is(t, b, breaker.HalfOpen)
		calls(t, b, 1, breaker.Success)
		is(t, b, breaker.Closed)
	})
}

func TestASlowDripOfFailuresLeavesTheWindow(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{MinCalls: 20, Window: 30 * time.Second}, func(t *testing.T, b *breaker.Breaker) {
		for range 100 { // never more than 15 of them within the window
			calls(t, b, 1, breaker.Failure)
			pass(2 * time.Second)
		}
		is(t, b, breaker.Closed)
	})
}

func TestNoTimeIsLeftToTheProbeOnceThePauseIsOver(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		trip(t, b)
		pass(time.Minute)
		if got := b.NextProbe(); got != 0 {
			t.Errorf("next probe in %s", got)
		}
	})
}

func TestAProbeWhoseGoroutineEndedLosesItsPlace(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{ProbeTimeout: 30 * time.Second}, func(t *testing.T, b *breaker.Breaker) {
		trip(t, b)
		pass(5 * time.Second)
		var gone sync.WaitGroup
		gone.Go(func() {
			_, _ = b.Allow()
			runtime.Goexit()
		})
		gone.Wait()
		pass(30*time.Second - 1)
		refuses(t, b)
		pass(1)
		b.Done(admit(t, b), breaker.Success)
		is(t, b, breaker.Closed)
	})
}

func TestAProbeThatHungIsHeardWhenItSpeaksAtLast(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[breaker.Outcome]breaker.State{
		breaker.Success: breaker.Closed, breaker.Failure: breaker.Open, breaker.Ignored: breaker.HalfOpen,
	} {
		in(t, breaker.Config{ProbeTimeout: 30 * time.Second}, func(t *testing.T, b *breaker.Breaker) {
			trip(t, b)
			pass(5 * time.Second)
			hung := admit(t, b)
			pass(31 * time.Second)
			_ = admit(t, b) // has its place now
			b.Done(hung, outcome)
			is(t, b, want)
		})
	}
}

func TestAnAnswerThatBreaksOffCountsThoughItBeganWell(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		for range 5 { // five of ten
			is(t, b, breaker.Closed)
			ticket := admit(t, b)
			b.Done(ticket, breaker.Success)
			b.Done(ticket, breaker.Failure)
		}
		is(t, b, breaker.Open)
	})
}

func TestWaitersAreWokenWhenItOpens(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		var woken atomic.Int32
		var all sync.WaitGroup
		for range 3 {
			opened := b.Opened()
			all.Go(func() { <-opened; woken.Add(1) })
		}
		calls(t, b, 9, breaker.Failure)
		synctest.Wait()
		if woken.Load() != 0 {
			t.Error("waiters were woken while the breaker was closed")
		}
		calls(t, b, 1, breaker.Failure)
		all.Wait()
		select {
		case <-b.Opened():
		default:
			t.Error("who begins to wait while it is open is not woken")
		}
		pass(5 * time.Second)
		probe := admit(t, b)
		select {
		case <-b.Opened():
			t.Error("a half-open breaker counts as opened")
		default:
		}
		again := b.Opened()
		b.Done(probe, breaker.Failure)
		<-again
	})
}

func TestChangesAreToldWithNoLockHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := breaker.New(breaker.Config{})
		var told []string
		b.OnChange(func(s breaker.State) {
			_, _, _ = b.State(), b.NextProbe(), b.Opened() // would block for ever under the lock
			ticket, err := b.Allow()
			b.Done(ticket, breaker.Ignored)
			b.Reload(breaker.Config{})
			told = append(told, fmt.Sprint(s, " ", err != nil))
		})
		trip(t, b)
		pass(5 * time.Second)
		b.Done(admit(t, b), breaker.Failure)
		pass(5 * time.Second)
		b.Done(admit(t, b), breaker.Success)
		want := []string{"open true", "half-open true", "open true", "half-open true", "closed false"}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReloadKeepsStateAndCounts(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
		calls(t, b, 5, breaker.Failure)
		b.Reload(breaker.Config{MinCalls: 6})
		is(t, b, breaker.Closed)
		calls(t, b, 1, breaker.Failure)
		is(t, b, breaker.Open)
		b.Reload(breaker.Config{OpenFor: time.Hour}) // for the next pause
		pass(5 * time.Second)
		b.Done(admit(t, b), breaker.Failure)
		if got := b.NextProbe(); got != time.Hour {
			t.Errorf("next probe in %s", got)
		}
	})
}

func TestALongerWindowForgetsToo(t *testing.T) {
	t.Parallel()
	in(t, breaker.Config{Window: time.Second}, func(t *testing.T, b *breaker.Breaker) {
		pass(10 * time.Hour)
		calls(t, b, 5, breaker.Failure)
		b.Reload(breaker.Config{Window: 5 * time.Minute})
		pass(6 * time.Minute)
		calls(t, b, 9, breaker.Failure)
		is(t, b, breaker.Closed)
	})
}

func TestABreakerThatIsSwitchedOffLetsCallsThrough(t *testing.T) {
	t.Parallel()
	for _, pause := range []time.Duration{0, 5 * time.Second} {
		in(t, breaker.Config{}, func(t *testing.T, b *breaker.Breaker) {
			var told []breaker.State
			b.OnChange(func(s breaker.State) { told = append(told, s) })
			trip(t, b)
			pass(pause)
			if pause > 0 {
				b.Done(admit(t, b), breaker.Ignored) // half-open now
			}
			b.Reload(breaker.Config{Ratio: -1})
			is(t, b, breaker.Closed)
			if last := told[len(told)-1]; last != breaker.Closed {
				t.Errorf("the last state that was told is %s", last)
			}
			calls(t, b, 100, breaker.Failure)
			is(t, b, breaker.Closed)
		})
	}
}

func TestItHoldsUnderManyGoroutines(t *testing.T) {
	t.Parallel()
	b := breaker.New(breaker.Config{OpenFor: time.Microsecond, Window: time.Millisecond, Probes: 2, ProbeTimeout: time.Millisecond})
	var changes atomic.Int64
	b.OnChange(func(breaker.State) { changes.Add(1) })
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 3_000 {
				if ticket, err := b.Allow(); err == nil {
					b.Done(ticket, breaker.Outcome(random.IntN(3)))
				}
				_, _ = b.State(), b.Refuses()
				if random.IntN(100) == 0 {
					b.Reload(breaker.Config{OpenFor: time.Microsecond, Window: time.Millisecond, Probes: 1 + random.IntN(3)})
					_ = b.Opened()
				}
			}
		})
	}
	all.Wait()
	if changes.Load() == 0 {
		t.Error("the breaker never changed, so the test showed nothing")
	}
}

func ExampleBreaker() {
	b := breaker.New(breaker.Config{MinCalls: 2, OpenFor: time.Minute})
	for range 2 {
		ticket, _ := b.Allow()
		b.Done(ticket, breaker.Failure)
	}
	_, err := b.Allow()
	fmt.Println(b.State(), err)
	// Output: open breaker: open
}
