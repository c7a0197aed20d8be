package basetest

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
)

// through makes a subject whose client reaches its fake through a gate.
func through(t testing.TB, h Harness, g *gate, s Settings) Subject {
	t.Helper()
	s.Address = g.Address
	subject := h.New(t, s)
	g.To(subject.Fake.Address)
	return subject
}

func needTLS(t testing.TB, h Harness) {
	t.Helper()
	if !h.TLS {
		t.Skip("the harness makes no client that speaks TLS")
	}
}

func badCertificate(t testing.TB, h Harness) {
	needTLS(t, h)
	ours := newAuthority(t)
	good := []tls.Certificate{ours.issue(nil)}
	for name, config := range map[string]*tls.Config{
		"expired":    {Certificates: []tls.Certificate{ours.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}},
		"early":      {Certificates: []tls.Certificate{ours.issue(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour / 2) })}},
		"other host": {Certificates: []tls.Certificate{ours.issue(func(c *x509.Certificate) { c.IPAddresses = nil; c.DNSNames = []string{"other.example.com"} })}},
		"stranger":   {Certificates: []tls.Certificate{newAuthority(t).issue(nil)}},
		"TLS 1.1":    {Certificates: good, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		g := newGate(t, config)
		s := through(t, h, g, Settings{CAFile: ours.File, Limits: patientLimits(base.Limits{})})
		_, err := s.Read(timeout(t, patience))
		h.fails(t, err, base.KindInvalid)
		if e := typed(err); e.Attempts != 1 || g.Accepted() != 1 || s.Fake.Calls() != 0 || !names(err, "tls") {
			t.Errorf("%s: %d attempts on %d connections, %d requests: %v", name, e.Attempts, g.Accepted(), s.Fake.Calls(), err)
		}
	}
	works(t, through(t, h, newGate(t, &tls.Config{Certificates: good, MinVersion: tls.VersionTLS12}), Settings{CAFile: ours.File}))
}

func rotatedCertificate(t testing.TB, h Harness) {
	needTLS(t, h)
	ours, dir := newAuthority(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ours.client(7, certFile, keyFile)
	g := newGate(t, &tls.Config{
		Certificates: []tls.Certificate{ours.issue(nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.pool(), MinVersion: tls.VersionTLS12,
	})
	s := through(t, h, g, Settings{CAFile: ours.File, CertFile: certFile, KeyFile: keyFile, Limits: patientLimits(base.Limits{})})
	works(t, s)
	before := g.Shown()
	ours.client(8, certFile, keyFile)
	g.Drop()
	works(t, s)
	if after := g.Shown(); before != "7" || after != "8" {
		t.Errorf("the client showed certificate %q, after the rotation %q", before, after)
	}
}

func hangingHandshake(t testing.TB, h Harness) {
	needTLS(t, h)
	s := h.New(t, Settings{CAFile: newAuthority(t).File, Address: silentPeer(t), Limits: patientLimits(base.Limits{Retries: -1})})
	within(t, longestConnect, func() {
		_, err := s.Read(timeout(t, 3*longestConnect))
		h.fails(t, err, unreachable...)
	})
}

func redirectLoop(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	s.Fake.Fail(fault.Status(302, "Location", "http://"+s.Fake.Address+"/"), -1)
	before := s.Fake.Calls()
	_, err := s.Read(timeout(t, patience))
	h.fails(t, err, base.KindProtocol, base.KindInvalid)
	if calls := s.Fake.Calls() - before; calls != 1 {
		t.Errorf("%d requests went round in a circle", calls)
	}
}

func refusedCredential(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	if s.Fake.Refuse == nil {
		t.Skip("the source has no credential")
	}
	s.Fake.Refuse()
	before := s.Fake.Calls()
	_, err := s.Read(timeout(t, patience))
	h.fails(t, err, base.KindUnauthenticated)
	if calls := s.Fake.Calls() - before; calls > 2 {
		t.Errorf("%d requests with a refused credential", calls)
	}
}

// rotated has many calls meet a rotation: each may be refused once, and none may fail.
func rotated(t testing.TB, h Harness) {
	const calls = 20
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{Concurrency: 4})})
	if s.Fake.Rotate == nil {
		t.Skip("the harness rotates no credential")
	}
	works(t, s)
	for range 2 {
		before := s.Fake.Calls()
		s.Fake.Rotate()
		var all sync.WaitGroup
		for range calls {
			all.Go(func() {
				if n, err := s.Read(timeout(t, 2*patience)); err != nil || n != s.Items {
					t.Errorf("a rotation cost a call: %v", err)
				}
			})
		}
		all.Wait()
		if made := s.Fake.Calls() - before; made > 2*calls {
			t.Errorf("%d requests for %d calls", made, calls)
		}
	}
}

func skewedClock(t testing.TB, h Harness) {
	s := h.New(t, Settings{Limits: patientLimits(base.Limits{})})
	if s.Fake.Skew == nil {
		t.Skip("the credential does not carry a time")
	}
	for skew, word := range map[time.Duration]string{10 * time.Minute: "behind", -10 * time.Minute: "ahead"} {
		s.Fake.Skew(skew)
		before := s.Fake.Calls()
		_, err := s.Read(timeout(t, patience))
		h.fails(t, err, base.KindUnauthenticated)
		if !names(err, word) || !(names(err, "10m0s") || names(err, "9m59s") || names(err, "10m1s")) {
			t.Errorf("the error does not say that our clock is 10 minutes %s: %v", word, err)
		}
		if calls := s.Fake.Calls() - before; calls > 2 {
			t.Errorf("%d requests with a clock that is off", calls)
		}
	}
	s.Fake.Skew(0)
	works(t, s)
}

func echoed(t testing.TB, h Harness) {
	if len(h.Secrets) == 0 {
		t.Fatal("the harness plants no secret")
	}
	echo := "refused: " + strings.Join(h.Secrets, " ")
	for _, f := range []fault.Fault{
		fault.Reset(), fault.CutMidBody(), fault.Garbage(), fault.MalformedBlock(), fault.CorruptCompression(), h.Transient,
		h.Transient.WithMessage(echo), fault.Error(403, echo), fault.Error(500, echo), fault.WrongPassword().WithMessage(echo),
	} {
		s := h.New(t, Settings{Limits: patientLimits(base.Limits{Retries: -1})})
		s.Fake.Fail(f, 1)
		if _, err := s.Read(timeout(t, patience)); err != nil {
			h.clean(t, err)
		}
	}
}
