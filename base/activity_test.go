package base_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

func coded(kind base.Kind, code string) error {
	e := base.NewError(kind, errors.New("text of the driver"))
	e.Code, e.Sent = code, base.Answered
	return e
}

func TestActivityTellsWhatCallsDid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Concurrency: 3, MaxWaiting: 7, Retries: 1}))
		slow := func(context.Context) (int, error) { time.Sleep(40 * time.Millisecond); return 1, nil }
		for range 3 {
			_, _ = base.Do(t.Context(), g, read, slow)
		}
		again := false
		_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) {
			if again = !again; again {
				return 0, coded(base.KindConflict, "40001")
			}
			return 1, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
			time.Sleep(2 * time.Second)
			return 0, coded(base.KindInvalid, "42601")
		})
		running := make(chan struct{})
		go func() {
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { <-running; return 1, nil })
		}()
		time.Sleep(time.Minute)
		a := g.Health().Activity()
		if a == nil || a.Latency == nil || len(a.Failures) != 2 {
			t.Fatalf("%+v", a)
		}
		// The first wait between attempts is of random length, so these are checked by themselves.
		if a.Latency.Max < 40*time.Millisecond || a.Latency.Measured != 4 || a.Failures[1].Age < time.Minute+2*time.Second || a.Since < a.Failures[1].Age {
			t.Errorf("%+v %+v", a.Latency, a)
		}
		a.Since, a.Latency, a.Failures[1].Age, a.Failures[1].Elapsed = 0, nil, 0, 0
		want := &base.Activity{
			PermitsUsed: 1, Permits: 3, MostWaiting: 7, RetryBudget: &base.RetryBudget{Tokens: 9.2, Most: 10},
			Calls: 6, Running: 1, Failed: 1, Attempts: 7, Retries: 1,
			Failures: []base.Failure{
				{Kind: base.KindInvalid, Op: "Read", Code: "42601", Calls: 1, Age: time.Minute, Sent: base.Answered, Attempts: 1, Elapsed: 2 * time.Second},
				{Kind: base.KindConflict, Op: "Read", Code: "40001", Retried: 1, Sent: base.Answered, Attempts: 1},
			},
		}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Error(diff)
		}
		close(running)
		synctest.Wait()
		if a := g.Health().Activity(); a.Running != 0 || a.Calls != 6 || a.PermitsUsed != 0 {
			t.Errorf("after the last call: %+v", a)
		}
	})
}

func TestLatencyIsThatOfTheLastMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Retries: -1}))
		if l := g.Health().Activity().Latency; l != nil {
			t.Errorf("before any call: %+v", l)
		}
		for i := range 100 {
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
				time.Sleep(time.Duration(i+1) * 10 * time.Millisecond)
				return 0, nil
			})
			_, _ = base.Do(t.Context(), g, read, fails(unavailable())) // fails at once, which is no answer
		}
		l := g.Health().Activity().Latency
		if l == nil || l.Measured != 100 || l.Max != time.Second || l.Window != 50500*time.Millisecond {
			t.Fatalf("%+v", l)
		}
		for _, p := range []struct{ got, want time.Duration }{{l.P50, 500 * time.Millisecond}, {l.P95, 950 * time.Millisecond}, {l.P99, 990 * time.Millisecond}} {
			if off := float64(p.got-p.want) / float64(p.want); off < -.07 || off > .07 {
				t.Errorf("%s, want %s", p.got, p.want)
			}
		}
		time.Sleep(7 * time.Minute)
		if l := g.Health().Activity().Latency; l != nil {
			t.Errorf("of calls that are long over: %+v", l)
		}
	})
}

func TestOfVeryManyCallsAFairShareIsMeasured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Retries: -1}))
		const calls = 20_000
		for i := range calls { // of each four one is slow
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
				time.Sleep(10 * time.Microsecond)
				if i%4 == 3 {
					time.Sleep(500 * time.Microsecond)
				}
				return 0, nil
			})
		}
		l := g.Health().Activity().Latency
		if l.Measured < 512 || l.Measured > calls/2 {
			t.Errorf("%d of %d calls were measured", l.Measured, calls)
		}
		if l.P50 > 11*time.Microsecond || l.P95 < 470*time.Microsecond {
			t.Errorf("%+v", l)
		}
		time.Sleep(5 * time.Second)
		_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { time.Sleep(3 * time.Second); return 0, nil })
		if now := g.Health().Activity().Latency; now.Max != 3*time.Second || now.Measured != l.Measured+1 {
			t.Errorf("the one call of a quiet source was not measured: %+v", now)
		}
	})
}

func TestAMeasuredCallCountsForThoseThatWereNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Retries: -1}))
		takes := func(d time.Duration, calls int) {
			for range calls {
				_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { time.Sleep(d); return 0, nil })
			}
		}
		takes(10*time.Microsecond, 40_000) // of which a share is measured
		takes(4*time.Millisecond, 6_000)   // of which nearly all are
		l := g.Health().Activity().Latency
		if l.P50 > 11*time.Microsecond || l.P95 < 3700*time.Microsecond || l.Measured > 15_000 {
			t.Errorf("%+v", l)
		}
	})
}

func TestLatencyOfAHeldAnswerIsThatOfItsFirstPart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{})
		_, hold, err := base.Open(t.Context(), g, read, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if a := g.Health().Activity(); a.Running != 1 || a.Latency == nil || a.Latency.Max != time.Second {
			t.Errorf("while it is read: %+v %+v", a, a.Latency)
		}
		if err := hold.End(nil); err != nil {
			t.Fatal(err)
		}
		if a := g.Health().Activity(); a.Running != 0 || a.Calls != 1 || a.Latency.Measured != 1 {
			t.Errorf("after it was read: %+v %+v", a, a.Latency)
		}
	})
}

func TestAForeignLoopIsCountedAndMeasuredAsOneCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{}))
		l := base.Begin(t.Context(), g, read)
		_ = l.Attempt(func(context.Context) error { return unavailable() })
		wait, again := l.Next()
		if !again {
			t.Fatal("no second attempt")
		}
		time.Sleep(wait)
		_ = l.Attempt(func(context.Context) error { time.Sleep(time.Second); return nil })
		if err := l.End(nil); err != nil {
			t.Fatal(err)
		}
		a := g.Health().Activity()
		if a.Calls != 1 || a.Attempts != 2 || a.Retries != 1 || a.Failed != 0 || a.Latency == nil || a.Latency.Max != wait+time.Second {
			t.Errorf("%+v %+v", a, a.Latency)
		}
		if len(a.Failures) != 1 || a.Failures[0].Retried != 1 || a.Failures[0].Calls != 0 || a.Failures[0].Elapsed != wait {
			t.Errorf("%+v", a.Failures)
		}
	})
}

func TestCallsThatNeverLeaveAreCountedApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}})
		_, _ = base.Do(t.Context(), g, read, fails(unavailable()))
		time.Sleep(time.Second)
		for range 5 {
			_, _ = base.Do(t.Context(), g, read, answer)
		}
		time.Sleep(time.Second)
		a := g.Health().Activity()
		if a.Calls != 6 || a.Failed != 6 || a.Unsent != 5 || a.Attempts != 1 || a.Running != 0 {
			t.Errorf("%+v", a)
		}
		want := base.Failure{Kind: base.KindCircuitOpen, Op: "Read", Calls: 5, Age: time.Second, Sent: base.NotSent}
		if len(a.Failures) != 2 || a.Failures[0] != want || a.Failures[1].Kind != base.KindUnavailable {
			t.Errorf("%+v", a.Failures)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		other := newGuard(t, base.Limits{})
		_, _ = base.Do(gone, other, read, answer)
		if err := other.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _ = base.Do(t.Context(), other, read, answer)
		_, _ = base.Do(t.Context(), other, read, answer)
		a = other.Health().Activity()
		if a.Calls != 3 || a.Failed != 3 || a.Unsent != 3 || a.Attempts != 0 || len(a.Failures) != 2 {
			t.Errorf("%+v", a)
		}
		for _, f := range a.Failures {
			if f.Kind == base.KindClosed && f.Calls != 2 || f.Kind == base.KindCanceled && f.Calls != 1 || f.Sent != base.NotSent {
				t.Errorf("%+v", f)
			}
		}
	})
}

func TestOnlySoManyDifferentFailuresAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, noBreaker(base.Limits{Retries: -1}))
		for i := range 40 {
			_, _ = base.Do(t.Context(), g, read, fails(coded(base.KindInvalid, fmt.Sprint(i))))
			time.Sleep(time.Second)
		}
		_, _ = base.Do(t.Context(), g, read, fails(coded(base.KindInvalid, "30")))
		all := g.Health().Activity().Failures
		if len(all) != 16 || all[0].Code != "30" || all[0].Calls != 2 || all[1].Code != "39" || all[15].Code != "24" {
			t.Errorf("%+v", all)
		}
		_, _ = base.Do(t.Context(), g, read, fails(coded(base.KindInvalid, "0")))
		if all := g.Health().Activity().Failures; all[0].Code != "0" && all[1].Code != "0" || all[0].Calls+all[1].Calls != 3 {
			t.Errorf("the first one was kept beside the others: %+v", all[:2])
		}
	})
}

func TestActivityHoldsNoTextOfAnErrorAndNoSecret(t *testing.T) {
	t.Parallel()
	g := newGuard(t, noBreaker(base.Limits{Retries: -1}), func(c *base.GuardConfig) {
		c.Secrets = func() []string { return []string{"s3cr3t-password"} }
	})
	e := base.NewError(base.KindInvalid, errors.New("canary of the driver"))
	e.Code, e.QueryID, e.RequestID = "code s3cr3t-password\nforged", "canary query", "canary request"
	e = e.WithText("canary text")
	_, _ = base.Do(t.Context(), g, read, fails(e))
	_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { panic("canary panic") })
	text, err := json.Marshal(g.Health().Activity())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "canary") || strings.Contains(string(text), "s3cr3t") || strings.Contains(string(text), `\n`) {
		t.Errorf("%s", text)
	}
	if !strings.Contains(string(text), `"kind":"invalid"`) || !strings.Contains(string(text), `"kind":"internal"`) {
		t.Errorf("the failures are missing: %s", text)
	}
}

func TestAClientOnNoGuardHasNoActivity(t *testing.T) {
	t.Parallel()
	if a := (base.Health{State: base.Ready}).Activity(); a != nil {
		t.Errorf("%+v", a)
	}
}

func TestHealthPrintsWithoutTheGuardBehindIt(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{})
	h := g.Health()
	var calls sync.WaitGroup
	calls.Go(func() {
		for range 200 {
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { return 1, nil })
		}
	})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if text := fmt.Sprintf(verb, h); strings.Contains(text, "epoch") || len(text) > 2000 {
			t.Errorf("%s walks into the guard: %.200s", verb, text)
		}
	}
	calls.Wait()
}

func TestActivityIsReadWhileCallsRun(t *testing.T) {
	t.Parallel()
	g := newGuard(t, noBreaker(base.Limits{Concurrency: 4, RetryRatio: -1}))
	const callers, each = 8, 200
	var calls, reads sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		reads.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if a := g.Health().Activity(); a.Failed > a.Calls || a.Running > callers || a.RetryBudget != nil {
					t.Errorf("%+v", a)
					return
				}
			}
		})
	}
	for i := range callers {
		calls.Go(func() {
			for n := range each {
				_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) {
					if n%4 == 0 {
						return 0, coded(base.KindInvalid, fmt.Sprint(i))
					}
					return 0, nil
				})
			}
		})
	}
	calls.Wait()
	close(done)
	reads.Wait()
	a := g.Health().Activity()
	if a.Calls != callers*each || a.Failed != callers*each/4 || a.Attempts != callers*each || a.Running != 0 {
		t.Errorf("%+v", a)
	}
	var failed int64
	for _, f := range a.Failures {
		failed += f.Calls
	}
	if failed != a.Failed {
		t.Errorf("%d failures are told apart, want %d", failed, a.Failed)
	}
}

func TestALatencyOfSixMinutesAgoIsForgottenForANewOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{})
		call := func(took time.Duration) {
			_, _ = base.Do(t.Context(), g, read, func(context.Context) (int, error) { time.Sleep(took); return 0, nil })
		}
		call(10 * time.Second)
		time.Sleep(6 * time.Minute)
		call(time.Second)
		if l := g.Health().Activity().Latency; l == nil || l.Measured != 1 || l.Max != time.Second || l.P99 != time.Second {
			t.Errorf("latency %+v", l)
		}
	})
}

func TestFailuresAreBoundedAndTheirCodesAreFitToBeShown(t *testing.T) {
	t.Parallel()
	g := newGuard(t, noBreaker(base.Limits{Retries: -1}))
	for i := range 20 {
		_, _ = base.Do(t.Context(), g, read, fails(coded(base.KindInvalid, fmt.Sprintf("%d\x1b[2J\n%s", i, strings.Repeat("x", 100_000)))))
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, _ = base.Do(ctx, g, read, answer)
	all := g.Health().Activity().Failures
	if len(all) != 16 || all[0].Kind != base.KindNoTimeLeft {
		t.Errorf("%d failures, the first is %v", len(all), all[0].Kind)
	}
	for _, f := range all {
		if strings.ContainsAny(f.Code, "\x1b\n") || len(f.Code) > 10_000 {
			t.Errorf("a code of %d bytes: %.20q", len(f.Code), f.Code)
		}
	}
}
