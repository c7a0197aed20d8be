package basetest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/race"
)

func cancelMidStream(t testing.TB, h Harness) {
	s := h.New(t, Settings{})
	if s.Each == nil {
		t.Skip("the source does not stream")
	}
	s.Fake.Fail(fault.Slow(64, 10*time.Millisecond), 1) // so that the answer is still on its way
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	seen := 0
	within(t, patience, func() {
		for _, err := range s.Each(ctx) {
			if last = err; err != nil {
				break
			}
			if seen++; seen == 1 {
				cancel()
			}
		}
	})
	if seen == 0 || seen == s.Items || !errors.Is(last, context.Canceled) {
		t.Errorf("ended after %d items with %v", seen, last)
	}
	eventually(t, "the server stops", func() bool { return running(s) == 0 })
}

func unheardCancel(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Concurrency: 1, Retries: -1})})
	s.Fake.Fail(fault.IgnoreCancel(), 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.Read(ctx)
		done <- err
	}()
	eventually(t, "the server works", func() bool { return s.Fake.Running == nil || running(s) == 1 })
	cancel()
	select {
	case err := <-done:
		h.fails(t, err, base.KindCanceled)
	case <-time.After(2 * time.Second):
		t.Fatal("the call waits for a server that does not listen")
	}
	works(t, s)
}

func abandoned(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: base.Limits{Concurrency: 1}})
	if s.Each == nil {
		t.Skip("the source does not stream")
	}
	for range 20 {
		for _, err := range s.Each(timeout(t, patience)) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	works(t, s)
	eventually(t, "the server stops", func() bool { return running(s) == 0 })
	if open := s.Fake.Connections(); open > 2 {
		t.Errorf("%d connections are open under a concurrency of one", open)
	}
}

func noPermit(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: base.Limits{Concurrency: 1, Retries: -1}})
	s.Fake.Fail(fault.Delay(time.Second), 1)
	var all sync.WaitGroup
	all.Go(func() { _, _ = s.Read(timeout(t, patience)) })
	eventually(t, "the first call runs", func() bool { return s.Client.Health().InFlight == 1 && (s.Fake.Running == nil || running(s) == 1) })
	before := s.Fake.Calls()
	_, err := s.Read(timeout(t, 50*time.Millisecond))
	h.fails(t, err, base.KindLimitExceeded)
	if !errors.Is(err, base.ErrLocal) || s.Fake.Calls() != before {
		t.Errorf("a full pool is not told from a failing server: %v", err)
	}
	if b := s.Client.Health().Breaker; b != "closed" {
		t.Errorf("the breaker is %s", b)
	}
	all.Wait()
}

func noLeak(t testing.TB, h Harness) {
	const permits = 8
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Concurrency: permits, Retries: -1})})
	faults := []fault.Fault{
		fault.Reset(), fault.CutMidBody(), fault.ResetMidBody(), fault.Garbage(), fault.MalformedBlock(), h.Transient, fault.CorruptCompression(),
		fault.Cut(3), fault.HostileLength(), fault.Silent(),
	}
	var all sync.WaitGroup
	for worker := range permits {
		all.Go(func() {
			for i := range race.Of(125, 25) {
				if i%2 == 0 {
					s.Fake.Fail(faults[(worker+i/2)%len(faults)], 1)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				_, _ = s.Read(ctx) // every outcome is right but a leak
				cancel()
			}
		})
	}
	all.Wait()
	eventually(t, "no more connections are open than a pool keeps", func() bool { return s.Fake.Connections() <= mostPooled })
	if h := s.Client.Health(); h.InFlight != 0 || h.Waiting != 0 {
		t.Errorf("%d calls in flight, %d waiting", h.InFlight, h.Waiting)
	}
	if err := s.Client.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "every connection is closed", func() bool { return s.Fake.Connections() == 0 })
}

// mostPooled is more than a pool keeps open for some calls at once: dials that outlived their call come to it.
const mostPooled = 64

func poisonConfig(t testing.TB, h Harness) {
	for field, limits := range map[string]base.Limits{
		"limits.retries":          {Retries: 1000},
		"limits.rate":             {Rate: math.NaN()},
		"limits.retry_ratio":      {RetryRatio: math.Inf(1)},
		"limits.breaker.ratio":    {Breaker: base.Breaker{Ratio: 2}},
		"limits.burst":            {Burst: -1},
		"limits.max_waiting":      {MaxWaiting: -1},
		"limits.retry_after":      {RetryAfter: -1},
		"limits.attempt":          {Timeout: base.Duration(time.Second), Attempt: base.Duration(time.Minute)},
		"limits.breaker.window":   {Breaker: base.Breaker{Window: -1}},
		"limits.breaker.probes":   {Breaker: base.Breaker{Probes: -1}},
		"limits.breaker.open_for": {Breaker: base.Breaker{OpenFor: -1}},
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
	if err := h.Configure(base.Limits{}); err != nil {
		t.Errorf("limits of the default: %v", err)
	}
}

func honestPing(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	if state := s.Client.Health().State; state != base.Unproven {
		t.Errorf("before the first call the source is %s", state)
	}
	if err := s.Client.Ping(timeout(t, patience)); err != nil {
		t.Fatal(err)
	}
	if state := s.Client.Health().State; state != base.Ready {
		t.Errorf("after a good ping the source is %s", state)
	}
	s.Fake.Fail(fault.Silent(), 1)
	within(t, 300*time.Millisecond, func() {
		if err := s.Client.Ping(timeout(t, 300*time.Millisecond)); err == nil {
			t.Error("the server is silent and Ping is content")
		}
	})
	s.Fake.Fail(h.Transient, -1)
	if err := s.Client.Ping(timeout(t, patience)); err == nil {
		t.Error("the server refuses all work and Ping is content")
	}
	if state := s.Client.Health().State; state == base.Ready {
		t.Errorf("after a bad ping the source is %s", state)
	}
	activity(t, h, s.Client)
}

// activity checks what a client that was pinged well and badly tells of its calls.
func activity(t testing.TB, h Harness, c base.Client) {
	a := c.Health().Activity()
	if a == nil || a.Calls < 3 || a.Attempts < 3 || a.Failed < 2 || a.Running != 0 || len(a.Failures) == 0 {
		t.Errorf("after one good ping and two bad ones the activity is %+v", a)
	}
	if a != nil && a.Latency == nil && a.Failed < a.Calls { // a good ping may be an answer that refuses it
		t.Error("no latency of the good ping is known")
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Error(err)
	}
	h.search(t, "the activity", string(text))
}

func closeUnderLoad(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: base.Limits{Retries: -1}})
	s.Fake.Fail(fault.Delay(100*time.Millisecond), -1)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _, _ = s.Read(timeout(t, 2*patience)) })
	}
	eventually(t, "calls run", func() bool { return s.Client.Health().InFlight > 0 })
	within(t, 3*patience, func() { _ = s.Client.Close() })
	before := s.Fake.Calls()
	_, err := s.Read(timeout(t, time.Second))
	h.fails(t, err, base.KindClosed)
	all.Wait()
	if calls := s.Fake.Calls(); calls != before {
		t.Errorf("%d requests after Close", calls-before)
	}
	if err := s.Client.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	eventually(t, "every connection is closed", func() bool { return s.Fake.Connections() == 0 })
}

func closeOnSilence(t testing.TB, h Harness) {
	long := base.Duration(time.Minute)
	s := h.New(t, Settings{Limits: base.Limits{Retries: -1, Timeout: long, Attempt: long, Idle: long}})
	s.Fake.Fail(fault.IgnoreCancel(), -1)
	read := make(chan error, 1)
	go func() { // ends with the deadline of its context at the latest
		_, err := s.Read(timeout(t, 4*base.CloseGrace))
		read <- err
	}()
	eventually(t, "the call runs", func() bool { return s.Client.Health().InFlight > 0 })
	within(t, 2*base.CloseGrace, func() {
		if err := s.Client.Close(); err == nil {
			t.Error("a call was cut, and Close does not say so")
		}
	})
	select {
	case err := <-read:
		if err == nil {
			t.Error("a call that was cut returned without an error")
		} else {
			h.clean(t, err)
		}
	case <-time.After(time.Second):
		t.Error("the call runs on though the client is closed")
	}
}
