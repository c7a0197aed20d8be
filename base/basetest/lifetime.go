package basetest

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
)

func typed(err error) *base.Error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok {
		return &base.Error{}
	}
	return e
}

func names(err error, part string) bool { return strings.Contains(err.Error(), part) }

func running(s Subject) int {
	if s.Fake.Running == nil {
		return 0
	}
	return s.Fake.Running()
}

// heapGrowth is how many bytes f allocated in all: an upper bound of what it held at once.
func heapGrowth(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func cancelMidStream(t *testing.T, h Harness) {
	s := h.New(t, Settings{})
	if s.Each == nil {
		t.Skip("the source does not stream")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var last error
	seen := 0
	within(t, time.Second, func() {
		for _, err := range s.Each(ctx) {
			if last = err; err != nil {
				break
			}
			if seen++; seen == 1 {
				cancel()
			}
		}
	})
	if last != nil && !errors.Is(last, context.Canceled) {
		t.Errorf("ended with %v", last)
	}
	eventually(t, "the server stopped", func() bool { return running(s) == 0 })
}

func abandoned(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: base.Limits{Concurrency: 1}})
	if s.Each == nil {
		t.Skip("the source does not stream")
	}
	for range 20 {
		for _, err := range s.Each(timeout(t, 5*time.Second)) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	works(t, s)
	eventually(t, "the server stopped", func() bool { return running(s) == 0 })
	if open := s.Fake.Connections(); open > 2 {
		t.Errorf("%d connections are open under a concurrency of one", open)
	}
}

func noPermit(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: base.Limits{Concurrency: 1, Retries: -1}})
	s.Fake.Fail(fault.Delay(600*time.Millisecond), 1)
	var all sync.WaitGroup
	all.Go(func() { _, _ = s.Read(timeout(t, 5*time.Second)) })
	eventually(t, "the first call runs", func() bool { return s.Client.Health().InFlight == 1 && (s.Fake.Running == nil || running(s) == 1) })
	_, err := s.Read(timeout(t, 50*time.Millisecond))
	h.fails(t, err, base.KindLimitExceeded)
	if !errors.Is(err, base.ErrLocal) {
		t.Errorf("a full pool is not told from a failing server: %v", err)
	}
	if b := s.Client.Health().Breaker; b != "closed" {
		t.Errorf("the breaker is %s", b)
	}
	all.Wait()
}

func noLeak(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Concurrency: 8, Retries: -1})})
	faults := []fault.Fault{fault.Reset(), fault.CutMidBody(), fault.Garbage(), h.Transient, fault.CorruptCompression()}
	for i := range 200 {
		if i%2 == 0 {
			s.Fake.Fail(faults[i/2%len(faults)], 1)
		}
		_, _ = s.Read(timeout(t, 5*time.Second))
	}
	eventually(t, "no more connections than permits", func() bool { return s.Fake.Connections() <= 8 })
	if h := s.Client.Health(); h.InFlight != 0 || h.Waiting != 0 {
		t.Errorf("%d calls in flight, %d waiting", h.InFlight, h.Waiting)
	}
	if err := s.Client.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "every connection is closed", func() bool { return s.Fake.Connections() == 0 })
}

func poisonConfig(t *testing.T, h Harness) {
	for field, limits := range map[string]base.Limits{
		"limits.retries":        {Retries: 1000},
		"limits.rate":           {Rate: math.NaN()},
		"limits.retry_ratio":    {RetryRatio: math.Inf(1)},
		"limits.breaker.ratio":  {Breaker: base.Breaker{Ratio: 2}},
		"limits.burst":          {Burst: -1},
		"limits.attempt":        {Timeout: base.Span(time.Second), Attempt: base.Span(time.Minute)},
		"limits.breaker.window": {Breaker: base.Breaker{Window: -1}},
	} {
		err := h.Configure(limits)
		if err == nil {
			t.Errorf("%s: accepted", field)
			continue
		}
		h.clean(t, err)
		if !names(err, field) {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
}

func honestPing(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	if err := s.Client.Ping(timeout(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	if state := s.Client.Health().State; state != base.Ready {
		t.Errorf("after a good ping the source is %s", state)
	}
	s.Fake.Fail(h.Transient, -1)
	if err := s.Client.Ping(timeout(t, 5*time.Second)); err == nil {
		t.Error("the server refuses all work and Ping is content")
	}
}

func closeUnderLoad(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: base.Limits{Retries: -1}})
	s.Fake.Fail(fault.Delay(100*time.Millisecond), -1)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _, _ = s.Read(timeout(t, 10*time.Second)) })
	}
	eventually(t, "calls run", func() bool { return s.Client.Health().InFlight > 0 })
	within(t, 15*time.Second, func() { _ = s.Client.Close() })
	_, err := s.Read(timeout(t, time.Second))
	h.fails(t, err, base.KindClosed)
	all.Wait()
	if err := s.Client.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	eventually(t, "every connection is closed", func() bool { return s.Fake.Connections() == 0 })
}

func canary(t *testing.T, h Harness) {
	if len(h.Secrets) == 0 {
		t.Fatal("the harness plants no secret")
	}
	for _, f := range []fault.Fault{
		fault.Reset(), fault.CutMidBody(), fault.Garbage(), fault.MalformedBlock(), fault.CorruptCompression(), h.Transient,
		h.Transient.WithMessage("refused: " + strings.Join(h.Secrets, " ")),
	} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
		s.Fake.Fail(f, 1)
		if _, err := s.Read(timeout(t, 5*time.Second)); err != nil {
			h.clean(t, err)
		}
	}
}
