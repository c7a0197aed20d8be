package basetest

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/race"
)

// waits has one read meet the fault once and says how long it took. A wait that is too short fails at once; one that is too
// long may be the machine's, so the least of three counts.
func waits(t testing.TB, h Harness, asking func() fault.Fault, least, most time.Duration) {
	t.Helper()
	var f fault.Fault
	shortest := time.Duration(math.MaxInt64)
	for range 3 {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
		f = asking()
		s.Fake.Fail(f, 1)
		began := time.Now()
		works(t, s)
		waited := time.Since(began)
		if shortest = min(shortest, waited); waited < least || shortest <= most {
			break
		}
	}
	if shortest < least || shortest > most {
		t.Errorf("%v: waited %s, want %s to %s", f.Header, shortest, least, most)
	}
}

// slack is how much later than asked a busy machine may come.
const slack = time.Second

// asks is a refusal with headers that say how long to wait, in pairs of name and value.
func asks(status int, header ...string) func() fault.Fault {
	return func() fault.Fault { return fault.Status(status, header...) }
}

func retryAfter(t testing.TB, h Harness) {
	waits(t, h, asks(http.StatusTooManyRequests, "Retry-After", "1"), time.Second, 1100*time.Millisecond+slack)
	waits(t, h, asks(http.StatusServiceUnavailable, "Retry-After", "1"), time.Second, 1100*time.Millisecond+slack)
}

func retryAfterDate(t testing.TB, h Harness) {
	var all sync.WaitGroup
	for _, layout := range []string{http.TimeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		all.Go(func() {
			waits(t, h, func() fault.Fault {
				at := time.Now().Add(2 * time.Second).UTC().Format(layout) // its fraction of a second is lost
				return fault.Status(http.StatusServiceUnavailable, "Retry-After", at)
			}, 500*time.Millisecond, 2200*time.Millisecond+slack)
		})
	}
	past := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	waits(t, h, asks(http.StatusServiceUnavailable, "Retry-After", past), 0, slack)
	all.Wait()
}

func otherHints(t testing.TB, h Harness) {
	waits(t, h, func() fault.Fault {
		reset := fmt.Sprint(time.Now().Add(2 * time.Second).Unix())
		return fault.Status(http.StatusTooManyRequests, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset)
	}, 500*time.Millisecond, 2200*time.Millisecond+slack)
	waits(t, h, asks(http.StatusTooManyRequests, "Retry-After-Ms", "300", "Retry-After", "20"), 300*time.Millisecond, 330*time.Millisecond+slack)
}

func poisonRetryAfter(t testing.TB, h Harness) {
	for _, value := range []string{"-1", "1e10", "86400", "abc", "", "9223372037", "99999999999999999999"} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
		s.Fake.Fail(fault.Status(http.StatusServiceUnavailable, "Retry-After", value), -1)
		before := s.Fake.Calls()
		within(t, 2*time.Second, func() {
			_, err := s.Read(timeout(t, 2*time.Second))
			h.fails(t, err, base.KindUnavailable, base.KindThrottled, base.KindDeadline)
		})
		if calls := s.Fake.Calls() - before; calls > 4 {
			t.Errorf("Retry-After %q: %d requests", value, calls)
		}
	}
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(fault.Status(http.StatusServiceUnavailable, "Retry-After", "30"), -1)
	within(t, time.Second, func() {
		_, err := s.Read(timeout(t, 20*time.Second))
		if e := typed(err); e.RetryAfter != 30*time.Second || e.Stopped != base.KindNoTimeLeft {
			t.Errorf("a wait beyond the deadline is not handed to the caller: %v", err)
		}
	})
}

const workers = 32

// outage makes that many calls while the source is down and returns the requests per call that it saw. It ends early
// when they are more than most for all of the calls.
func outage(t testing.TB, h Harness, l base.Limits, calls int, most float64) float64 {
	t.Helper()
	s := h.New(t, Settings{Limits: l})
	s.Fake.Fail(h.Transient, -1)
	before := s.Fake.Calls()
	seen := func() float64 { return float64(s.Fake.Calls()-before) / float64(calls) }
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for i := worker; i < calls; i += workers {
				if i/workers%5 == 4 && seen() > most {
					return
				}
				if _, err := s.Read(timeout(t, 30*time.Second)); err == nil {
					t.Error("a read succeeded in a total outage")
				}
			}
		})
	}
	all.Wait()
	return seen()
}

// mostOpen is how many requests per call a breaker lets through in an outage.
const mostOpen = 0.1

// mostRetried is how many requests per call the budget of retries allows: a tenth, beside the ten that it begins with.
func mostRetried(calls int) float64 { return 1.1 + 10/float64(calls) }

func burst(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(h.Transient, 2)
	works(t, s)
	calls := race.Of(2000, 400)
	off := outage(t, h, patientLimits(base.Limits{}), calls, mostRetried(calls))
	if off > mostRetried(calls) {
		t.Errorf("breaker off: %.3f requests per call", off)
	}
	on := outage(t, h, base.Limits{Breaker: base.Breaker{OpenFor: base.Duration(time.Hour)}}, calls, mostOpen)
	if on > mostOpen {
		t.Errorf("breaker on: %.3f requests per call", on)
	}
	free := outage(t, h, patientLimits(base.Limits{RetryRatio: -1}), 40, 10)
	if free <= mostRetried(calls) {
		t.Errorf("without a budget: %.3f requests per call, so the first check proves nothing", free)
	}
	t.Logf("requests of one call in a total outage: %.3f, with the breaker %.3f, without a budget %.3f", off, on, free)
}

func refusedRequests(t testing.TB, h Harness) {
	missing := cmp.Or(h.Missing, base.KindNotFound)
	for status, kind := range map[int]base.Kind{
		400: base.KindInvalid, 401: base.KindUnauthenticated, 403: base.KindPermission, 404: missing, 405: base.KindInvalid,
		410: missing, 422: base.KindInvalid, 501: base.KindInternal, 505: base.KindInternal,
	} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
		s.Fake.Fail(fault.Status(status), -1)
		before := s.Fake.Calls()
		_, err := s.Read(timeout(t, patience))
		h.fails(t, err, kind)
		most := 1
		if status == http.StatusUnauthorized {
			most = 2 // with the next credential, where there is one
		}
		if calls := s.Fake.Calls() - before; calls > most {
			t.Errorf("status %d: %d requests", status, calls)
		}
	}
}

func redirect(t testing.TB, h Harness) {
	other := h.New(t, Settings{})
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
		s.Fake.Fail(fault.Status(status, "Location", "http://"+other.Fake.Address+"/?token=leak"), 1)
		before := other.Fake.Calls()
		_, err := s.Read(timeout(t, patience))
		h.fails(t, err, base.KindProtocol, base.KindInvalid)
		if other.Fake.Calls() != before {
			t.Errorf("status %d was followed to another port", status)
		}
	}
}

func restarted(t testing.TB, h Harness) {
	g := newGate(t, nil)
	s := through(t, h, g, Settings{Limits: patientLimits(base.Limits{})})
	works(t, s)
	s.Fake.Fail(fault.Reset(), 2)
	works(t, s)
	g.Shut(true)
	g.Drop()
	_, err := s.Read(timeout(t, patience))
	h.fails(t, err, base.KindUnavailable)
	g.Shut(false)
	works(t, s)
	works(t, s)
}

func shortDeadline(t testing.TB, h Harness) {
	const deadline = 200 * time.Millisecond
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(h.Transient, -1)
	within(t, deadline, func() {
		_, err := s.Read(timeout(t, deadline))
		if err == nil {
			t.Fatal("a read succeeded in an outage")
		}
		h.clean(t, err)
		if e := typed(err); e.Attempts == 0 || e.Code == "" && e.Unwrap() == nil {
			t.Errorf("the error does not say what the server said: %v", err)
		}
	})
}

func amplification(t testing.TB, h Harness) {
	for _, f := range []fault.Fault{h.Transient, fault.Reset(), fault.CutMidBody()} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{RetryRatio: -1, Retries: 2})})
		works(t, s) // now there is a connection that was used before
		s.Fake.Fail(f, -1)
		before := s.Fake.Calls()
		_, err := s.Read(timeout(t, 4*patience))
		if calls := s.Fake.Calls() - before; err == nil || calls != 3 {
			t.Errorf("%s: %d requests for one call with 2 retries, %v", f, calls, err)
		}
	}
}

func lostWrite(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	if s.Write == nil {
		t.Skip("the source writes nothing")
	}
	for range 2 { // the second on a connection that may have been used before
		s.Fake.Fail(fault.Reset(), 1)
		before := s.Fake.Calls()
		err := s.Write(timeout(t, patience))
		h.fails(t, err, base.KindOutcomeUnknown)
		if calls := s.Fake.Calls() - before; calls != 1 {
			t.Errorf("%d requests for one write", calls)
		}
		if err := s.Write(timeout(t, patience)); err != nil {
			t.Errorf("the next write: %v", err)
		}
	}
}
