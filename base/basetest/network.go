package basetest

import (
	"context"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
)

// unreachable are the kinds of a source that cannot be reached at all.
var unreachable = []base.Kind{base.KindUnavailable, base.KindAttemptTimeout, base.KindDeadline}

// longestConnect bounds what a source may take to find out that nobody answers, however long the call may last.
const longestConnect = 10 * time.Second

// nobody is an address where nobody listens.
func nobody(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// silentPeer accepts connections and never says a word.
func silentPeer(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the system accepts for it
	return l.Addr().String()
}

func refused(t testing.TB, h Harness) {
	address := nobody(t)
	s := h.New(t, Settings{Address: address, Limits: patientLimits(base.Limits{Retries: 1})})
	_, err := s.Read(timeout(t, patience))
	h.fails(t, err, base.KindUnavailable)
	if e := typed(err); e.Sent != base.NotSent || e.Attempts != 2 {
		t.Errorf("sent %v in %d attempts; a refused connection is safe to retry", e.Sent, e.Attempts)
	}
	if !names(err, address) {
		t.Errorf("the error does not name %s: %v", address, err)
	}
	if s.Write == nil {
		return
	}
	err = s.Write(timeout(t, patience))
	h.fails(t, err, base.KindUnavailable)
	if e := typed(err); e.Sent != base.NotSent || e.Attempts != 2 {
		t.Errorf("a write: sent %v in %d attempts", e.Sent, e.Attempts)
	}
}

// resolving is a dialer that looks the host up as it is told before it dials the address of the fake.
func resolving(target *atomic.Pointer[string], problem func(host string) *net.DNSError) base.Option {
	return base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if dns := problem(host); dns != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: dns}
		}
		return new(net.Dialer).DialContext(ctx, network, *target.Load())
	})
}

const unknownHost = "no-such-host.invalid"

func unresolved(t testing.TB, h Harness) {
	var lookups atomic.Int64
	var sick atomic.Pointer[net.DNSError]
	var target atomic.Pointer[string]
	option := resolving(&target, func(host string) *net.DNSError {
		lookups.Add(1)
		dns := sick.Load()
		if dns != nil {
			known := *dns
			known.Name = host
			dns = &known
		}
		return dns
	})
	s := h.New(t, Settings{Address: unknownHost + ":1", Options: []base.Option{option}, Limits: patientLimits(base.Limits{Retries: 2})})
	target.Store(&s.Fake.Address)
	for name, tc := range map[string]struct {
		dns      net.DNSError
		kind     base.Kind
		attempts int
	}{
		"unknown": {net.DNSError{Err: "no such host", IsNotFound: true}, base.KindInvalid, 1},
		"sick":    {net.DNSError{Err: "server misbehaving", IsTemporary: true}, base.KindUnavailable, 3},
		"silent":  {net.DNSError{Err: "i/o timeout", IsTimeout: true}, base.KindUnavailable, 3},
	} {
		sick.Store(&tc.dns)
		_, err := s.Read(timeout(t, patience))
		h.fails(t, err, tc.kind)
		if e := typed(err); e.Attempts != tc.attempts || e.Sent != base.NotSent || !names(err, unknownHost) {
			t.Errorf("%s: %d attempts, %v: %v", name, e.Attempts, e.Sent, err)
		}
	}
	sick.Store(nil)
	before := lookups.Load()
	works(t, s)
	if lookups.Load() == before {
		t.Error("the name was not asked for again")
	}
}

func movedHost(t testing.TB, h Harness) {
	first, second := newGate(t, nil), newGate(t, nil)
	var target atomic.Pointer[string]
	target.Store(&first.Address)
	s := h.New(t, Settings{Address: "source.example.com:1", Options: []base.Option{
		resolving(&target, func(string) *net.DNSError { return nil }),
	}})
	first.To(s.Fake.Address)
	second.To(s.Fake.Address)
	works(t, s)
	target.Store(&second.Address)
	first.Drop()
	first.Shut(true)
	works(t, s)
	if second.Accepted() == 0 {
		t.Error("the new address was not used")
	}
}

func blackHole(t testing.TB, h Harness) {
	hole := base.WithDialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: network, Err: context.Cause(ctx)}
	})
	s := h.New(t, Settings{Options: []base.Option{hole}, Limits: base.Limits{Retries: -1}})
	within(t, longestConnect, func() {
		_, err := s.Read(timeout(t, 3*longestConnect))
		h.fails(t, err, base.KindUnavailable, base.KindAttemptTimeout)
	})
	within(t, time.Second, func() {
		_, err := s.Read(timeout(t, time.Second))
		h.fails(t, err, unreachable...)
	})
}

func silent(t testing.TB, h Harness) {
	const deadline = 300 * time.Millisecond
	s := h.New(t, Settings{Limits: base.Limits{Retries: -1}})
	s.Fake.Fail(fault.Silent(), 1)
	within(t, deadline, func() {
		_, err := s.Read(timeout(t, deadline))
		h.fails(t, err, base.KindDeadline)
	})
	address := silentPeer(t)
	s = h.New(t, Settings{Address: address, Limits: base.Limits{Retries: -1}})
	within(t, deadline, func() {
		_, err := s.Read(timeout(t, deadline))
		h.fails(t, err, base.KindDeadline)
	})
	s = h.New(t, Settings{Address: address, Limits: base.Limits{Retries: -1, Attempt: base.Duration(deadline)}})
	within(t, deadline, func() {
		_, err := s.Read(timeout(t, patience))
		h.fails(t, err, base.KindAttemptTimeout)
		if !names(err, address) {
			t.Errorf("the error does not name %s: %v", address, err)
		}
	})
}

func resetBefore(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(fault.Reset(), 1)
	before := s.Fake.Calls()
	works(t, s)
	if calls := s.Fake.Calls() - before; calls < 2 {
		t.Errorf("%d requests: the fault did not strike", calls)
	}
}

func cutInTheMiddle(t testing.TB, h Harness) {
	for _, f := range []fault.Fault{fault.CutMidBody(), fault.ResetMidBody()} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
		s.Fake.Fail(f, 1)
		n, err := s.Read(timeout(t, patience))
		if err == nil {
			t.Fatalf("%s: %d of %d items without an error", f, n, s.Items)
		}
		h.fails(t, err, base.KindUnavailable, base.KindProtocol)
		works(t, s)
	}
}

func truncatedFrame(t testing.TB, h Harness) {
	for _, n := range []int64{0, 1, 2, 3, 5, 8, 9, 13, 21, 34, 40, 55} {
		// Of its own, for a client may still ask what became of the call before.
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
		f := fault.Cut(n)
		s.Fake.Fail(f, 1)
		n, err := s.Read(timeout(t, patience))
		if err == nil {
			t.Fatalf("%s: %d of %d items without an error", f, n, s.Items)
		}
		h.fails(t, err, base.KindUnavailable, base.KindProtocol)
		works(t, s)
	}
}

func trickle(t testing.TB, h Harness) {
	const deadline = 400 * time.Millisecond
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.Slow(1, 100*time.Millisecond), 1)
	within(t, deadline, func() {
		_, err := s.Read(timeout(t, deadline))
		h.fails(t, err, base.KindDeadline, base.KindUnavailable)
	})
	s = h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1, Idle: base.Duration(deadline)})})
	s.Fake.Fail(fault.HostileLength(), 1) // the rest of the answer does not come
	within(t, deadline, func() {
		_, err := s.Read(timeout(t, patience))
		h.fails(t, err, base.KindAttemptTimeout, base.KindProtocol, base.KindTooLarge, base.KindUnavailable)
	})
}

func deadWhileIdle(t testing.TB, h Harness) {
	g := newGate(t, nil)
	s := through(t, h, g, Settings{Limits: patientLimits(base.Limits{})})
	works(t, s)
	g.Drop() // the server closed what was idle
	works(t, s)
	g.Cross() // and now the client writes before it can know
	works(t, s)
}

func forgottenWhileIdle(t testing.TB, h Harness) {
	g := newGate(t, nil)
	s := through(t, h, g, Settings{Limits: patientLimits(base.Limits{Concurrency: 1, Attempt: base.Duration(1500 * time.Millisecond)})})
	works(t, s)
	g.Block() // something in between forgot it, and nobody was told
	works(t, s)
}

func garbage(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.Garbage(), 1)
	_, err := s.Read(timeout(t, patience))
	h.fails(t, err, base.KindProtocol, base.KindUnavailable)
	works(t, s)
}

func hostileLength(t testing.TB, h Harness) {
	allocatesAtMost(t, 1<<30, "a length that came from outside", func() {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
		s.Fake.Fail(fault.HostileLength(), 1)
		_, err := s.Read(timeout(t, 700*time.Millisecond))
		h.fails(t, err, base.KindProtocol, base.KindUnavailable, base.KindTooLarge, base.KindDeadline)
	})
}

func oversized(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.Oversized(), 1)
	within(t, 4*patience, func() {
		_, err := s.Read(timeout(t, 4*patience))
		if err == nil {
			t.Fatal("an answer without an end was returned as whole")
		}
		h.clean(t, err)
	})
	eventually(t, "the server stops", func() bool { return running(s) == 0 })
}

func bomb(t testing.TB, h Harness) {
	allocatesAtMost(t, 512<<20, "a small compressed body", func() {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
		s.Fake.Fail(fault.Bomb(), 1)
		_, err := s.Read(timeout(t, 4*patience))
		h.fails(t, err, base.KindTooLarge, base.KindProtocol)
	})
}

func corruptCompression(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(fault.CorruptCompression(), 1)
	_, err := s.Read(timeout(t, patience))
	h.fails(t, err, base.KindProtocol, base.KindUnavailable)
	works(t, s)
}

func errorInside(t testing.TB, h Harness) {
	f := h.Inside
	if f.Kind == fault.KindNone {
		if h.Family == HTTP {
			t.Skip("the harness knows no answer that holds an error")
		}
		f = fault.ErrorAfter(1, 241, "memory limit exceeded")
	}
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
	s.Fake.Fail(f, 1)
	n, err := s.Read(timeout(t, patience))
	if err == nil {
		t.Fatalf("%d of %d items without an error", n, s.Items)
	}
	h.clean(t, err)
	if k := base.KindOf(err); k == base.KindUnknown || k == base.KindProtocol || k.Local() {
		t.Errorf("kind %v: %v", k, err)
	}
	works(t, s)
}

func noDescriptors(t testing.TB, h Harness) {
	var full atomic.Bool
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: 1}), Options: []base.Option{
		base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
			if full.Load() {
				return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("socket", syscall.EMFILE)}
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}),
	}})
	full.Store(true)
	_, err := s.Read(timeout(t, patience))
	h.fails(t, err, base.KindUnavailable)
	if e := typed(err); e.Sent != base.NotSent || !names(err, "too many") {
		t.Errorf("%v: %v", e.Sent, err)
	}
	full.Store(false)
	works(t, s)
}
