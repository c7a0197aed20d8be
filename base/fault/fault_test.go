package fault_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base/fault"
)

func TestAFaultNamesItself(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]fault.Fault{
		"none":                    {},
		"refuse":                  fault.Refuse(),
		"silent":                  fault.Silent(),
		"silent on connect":       fault.Silent().OnConnect(),
		"cut after 12 bytes":      fault.Cut(12),
		"cut after 0 bytes":       fault.Cut(-1),
		"delay of 2s":             fault.Delay(2 * time.Second),
		"slow by 1 bytes per 1s":  fault.Slow(0, 0),
		"status 429":              fault.RetryAfter("soon"),
		"error 241":               fault.Error(241, "memory"),
		"error 241 after 3":       fault.ErrorAfter(3, 241, "memory"),
		"wrong password":          fault.WrongPassword(),
		"malformed block":         fault.MalformedBlock(),
		"slow by 8 bytes per 2ms": fault.Slow(8, 2*time.Millisecond),
		"garbage on connect":      fault.Garbage().OnConnect(),
		"kind 200":                {Kind: 200},
		"corrupt compression":     fault.CorruptCompression(),
		"reset mid-body":          fault.ResetMidBody(),
		"ignore cancel":           fault.IgnoreCancel(),
		"hostile length":          fault.HostileLength(),
		"oversized":               fault.Oversized().WithMessage("ignored"),
		"bomb":                    fault.Bomb(),
		"status 301":              fault.Status(301, "Location", "https://example.com/", "odd one out"),
		"cut mid-body":            fault.CutMidBody(),
		"reset":                   fault.Reset(),
	} {
		if got := f.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestAStatusCarriesItsHeaders(t *testing.T) {
	t.Parallel()
	f := fault.RetryAfter("-1")
	if f.Code != http.StatusTooManyRequests || f.Header.Get("Retry-After") != "-1" {
		t.Errorf("got %+v", f)
	}
}

func TestAPlanHandsOutEachFaultAsOftenAsPlanned(t *testing.T) {
	t.Parallel()
	var p fault.Plan
	p.Add(fault.Reset(), 0)
	p.Add(fault.Silent(), 2)
	p.Add(fault.Refuse(), 1)
	p.Add(fault.Garbage(), -1)
	if got := p.Left(); got != -1 {
		t.Errorf("Left() = %d, want -1", got)
	}
	if f, ok := p.NextAt(fault.OnConnect); !ok || f.Kind != fault.KindRefuse {
		t.Errorf("first on connect = %v, %v", f, ok)
	}
	if f, ok := p.NextAt(fault.OnConnect); ok {
		t.Errorf("second on connect = %v", f)
	}
	want := []fault.Kind{fault.KindSilent, fault.KindSilent, fault.KindGarbage, fault.KindGarbage, fault.KindGarbage}
	for i, kind := range want {
		if f, ok := p.Next(); !ok || f.Kind != kind {
			t.Errorf("strike %d = %v, %v; want %v", i, f, ok, kind)
		}
	}
	p.Clear()
	if f, ok := p.Next(); ok || p.Left() != 0 {
		t.Errorf("after Clear: %v, %d left", f, p.Left())
	}
}

func TestConcurrentTakersShareAPlan(t *testing.T) {
	t.Parallel()
	var p fault.Plan
	p.Add(fault.Silent(), 100)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, ok := p.Next(); ok {
					taken.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() != 100 {
		t.Errorf("%d faults were handed out, want 100", taken.Load())
	}
}
