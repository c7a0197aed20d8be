package basetest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
)

// unreachable are the kinds of a source that cannot be reached at all.
var unreachable = []base.Kind{base.KindUnavailable, base.KindAttemptTimeout, base.KindDeadline}

func timeout(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func refused(t *testing.T, h Harness) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	s := h.New(t, Settings{Address: address, Limits: patientLimits(base.Limits{Retries: 1})})
	_, err = s.Read(timeout(t, 5*time.Second))
	h.fails(t, err, base.KindUnavailable)
	if e := typed(err); e.Sent != base.NotSent || e.Attempts != 2 {
		t.Errorf("sent %v in %d attempts; a refused connection is safe to retry", e.Sent, e.Attempts)
	}
	if !names(err, address) {
		t.Errorf("the error does not name %s: %v", address, err)
	}
}

func unresolved(t *testing.T, h Harness) {
	resolver := func(_ context.Context, _, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	s := h.New(t, Settings{Address: "no-such-host.invalid:1", Options: []base.Option{base.WithDialer(resolver)}})
	_, err := s.Read(timeout(t, 5*time.Second))
	h.fails(t, err, base.KindInvalid)
	if e := typed(err); e.Attempts != 1 || !names(err, "no-such-host.invalid") {
		t.Errorf("%d attempts: %v", e.Attempts, err)
	}
}

func blackHole(t *testing.T, h Harness) {
	hole := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: context.Cause(ctx)}
	}
	s := h.New(t, Settings{Options: []base.Option{base.WithDialer(hole)}, Limits: base.Limits{Retries: -1}})
	within(t, time.Second, func() {
		_, err := s.Read(timeout(t, time.Second))
		h.fails(t, err, unreachable...)
	})
}

func silent(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: base.Limits{Retries: -1}})
	for _, f := range []fault.Fault{fault.Silent(), fault.Silent().OnConnect()} {
		s.Fake.Fail(f, 1)
		within(t, 300*time.Millisecond, func() {
			_, err := s.Read(timeout(t, 300*time.Millisecond))
			if err != nil { // a pooled connection never sees a fault on connecting
				h.fails(t, err, base.KindDeadline)
			}
		})
	}
}

func resetBefore(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(fault.Reset(), 1)
	before := s.Fake.Calls()
	works(t, s)
	if calls := s.Fake.Calls() - before; calls < 2 {
		t.Errorf("%d requests: the fault did not strike", calls)
	}
}

func cutInTheMiddle(t *testing.T, h Harness) {
	for _, f := range []fault.Fault{fault.CutMidBody(), fault.ResetMidBody(), fault.Cut(7)} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
		s.Fake.Fail(f, 1)
		n, err := s.Read(timeout(t, 5*time.Second))
		if err == nil {
			t.Fatalf("%s: %d of %d items without an error", f, n, s.Items)
		}
		h.fails(t, err, base.KindUnavailable, base.KindProtocol)
		works(t, s)
	}
}

func trickle(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.Slow(1, 100*time.Millisecond), 1)
	within(t, 400*time.Millisecond, func() {
		_, err := s.Read(timeout(t, 400*time.Millisecond))
		h.fails(t, err, base.KindDeadline, base.KindUnavailable)
	})
}

func garbage(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.Garbage(), 1)
	_, err := s.Read(timeout(t, 5*time.Second))
	h.fails(t, err, base.KindProtocol, base.KindUnavailable)
	works(t, s)
}

func hostileLength(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.HostileLength(), 1)
	grown := heapGrowth(func() {
		_, err := s.Read(timeout(t, 2*time.Second))
		h.fails(t, err, base.KindProtocol, base.KindUnavailable, base.KindTooLarge, base.KindDeadline)
	})
	if grown > 256<<20 {
		t.Errorf("%d MiB were allocated for a length that came from outside", grown>>20)
	}
}

func oversized(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.Oversized(), 1)
	within(t, 20*time.Second, func() {
		_, err := s.Read(timeout(t, 20*time.Second))
		if err == nil {
			t.Fatal("an answer without an end was returned as whole")
		}
		h.clean(t, err)
	})
	eventually(t, "the connection is closed or idle", func() bool { return running(s) == 0 })
}

func bomb(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.Bomb(), 1)
	grown := heapGrowth(func() {
		_, err := s.Read(timeout(t, 20*time.Second))
		h.fails(t, err, base.KindTooLarge, base.KindProtocol)
	})
	if grown > 512<<20 {
		t.Errorf("%d MiB were allocated for a small compressed body", grown>>20)
	}
}

func corruptCompression(t *testing.T, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.CorruptCompression(), 1)
	_, err := s.Read(timeout(t, 5*time.Second))
	h.fails(t, err, base.KindProtocol, base.KindUnavailable)
	works(t, s)
}
