package basetest

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
)

func retryAfter(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(fault.Status(http.StatusTooManyRequests, "Retry-After", "1"), 1)
	began := time.Now()
	works(t, s)
	if waited := time.Since(began); waited < time.Second || waited > 1500*time.Millisecond {
		t.Errorf("asked to wait 1 s, waited %s", waited)
	}
}

func poisonRetryAfter(t *testing.T, h Harness) {
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
}

const workers = 8

// outage makes that many calls while the source is down and returns the requests per call that it saw.
func outage(t *testing.T, h Harness, l base.Limits, calls int) float64 {
	t.Helper()
	s := h.New(t, Settings{Limits: l})
	s.Fake.Fail(h.Transient, -1)
	before := s.Fake.Calls()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range calls / workers {
				if _, err := s.Read(timeout(t, 30*time.Second)); err == nil {
					t.Error("a read succeeded in a total outage")
				}
			}
		})
	}
	all.Wait()
	return float64(s.Fake.Calls()-before) / float64(calls)
}

func burst(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(h.Transient, 2)
	works(t, s)
	if perCall := outage(t, h, patientLimits(base.Limits{}), 2000); perCall > 1.105 {
		t.Errorf("breaker off: %.3f requests per call", perCall)
	}
	open := base.Limits{Breaker: base.Breaker{OpenFor: base.Span(time.Hour)}}
	if perCall := outage(t, h, open, 2000); perCall > 0.1 {
		t.Errorf("breaker on: %.3f requests per call", perCall)
	}
	if perCall := outage(t, h, patientLimits(base.Limits{RetryRatio: -1}), 40); perCall <= 1.105 {
		t.Errorf("without a budget: %.3f requests per call, so the first check proves nothing", perCall)
	}
}

func refusedRequests(t *testing.T, h Harness) {
	for status, kind := range map[int]base.Kind{
		400: base.KindInvalid, 403: base.KindPermission, 404: base.KindNotFound, 405: base.KindInvalid,
		410: base.KindNotFound, 422: base.KindInvalid, 501: base.KindInternal, 505: base.KindInternal,
	} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
		s.Fake.Fail(fault.Status(status), -1)
		before := s.Fake.Calls()
		_, err := s.Read(timeout(t, 5*time.Second))
		h.fails(t, err, kind)
		if calls := s.Fake.Calls() - before; calls != 1 {
			t.Errorf("status %d: %d requests", status, calls)
		}
	}
}

func redirect(t *testing.T, h Harness) {
	elsewhere := h.New(t, Settings{})
	for _, status := range []int{301, 302, 307, 308} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
		s.Fake.Fail(fault.Status(status, "Location", "http://"+elsewhere.Fake.Address+"/?token=leak"), 1)
		before := elsewhere.Fake.Calls()
		_, err := s.Read(timeout(t, 5*time.Second))
		h.fails(t, err, base.KindProtocol, base.KindInvalid)
		if elsewhere.Fake.Calls() != before {
			t.Errorf("status %d was followed to another port", status)
		}
	}
}

func refusedCredential(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	if s.Fake.Refuse == nil {
		t.Skip("the source has no credential")
	}
	s.Fake.Refuse()
	before := s.Fake.Calls()
	_, err := s.Read(timeout(t, 5*time.Second))
	h.fails(t, err, base.KindUnauthenticated)
	if calls := s.Fake.Calls() - before; calls > 2 {
		t.Errorf("%d requests with a refused credential", calls)
	}
}

func dropped(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	works(t, s)
	s.Fake.Fail(fault.Reset(), 2)
	works(t, s)
	works(t, s)
}

func shortDeadline(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(h.Transient, -1)
	within(t, 200*time.Millisecond, func() {
		_, err := s.Read(timeout(t, 200*time.Millisecond))
		if err == nil {
			t.Fatal("a read succeeded in an outage")
		}
		h.clean(t, err)
	})
}

func amplification(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{RetryRatio: -1, Retries: 2})})
	s.Fake.Fail(h.Transient, -1)
	before := s.Fake.Calls()
	_, err := s.Read(timeout(t, 20*time.Second))
	if calls := s.Fake.Calls() - before; err == nil || calls != 3 {
		t.Errorf("%d requests for one call with 2 retries, %v: somebody else retries too", calls, err)
	}
}

func lostWrite(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	if s.Write == nil {
		t.Skip("the source writes nothing")
	}
	s.Fake.Fail(fault.Reset(), 1)
	before := s.Fake.Calls()
	err := s.Write(timeout(t, 5*time.Second))
	h.fails(t, err, base.KindOutcomeUnknown)
	if calls := s.Fake.Calls() - before; calls != 1 {
		t.Errorf("%d requests for one write", calls)
	}
}
