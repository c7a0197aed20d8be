// Package basetest is the suite of promises that every source keeps: what happens when the network, the server, the
// caller or the operator does something wrong. A source's test gives it a [Harness] and calls [Run]; each of the faults
// F01 to F52 is named, and one that does not concern the source, or that the source skips, says why.
//
// Beside its own promise, every row checks that no secret, nor twelve letters of one, shows in an error, a log, a span or
// a measurement in any encoding, and that the closed client leaves neither a connection nor a goroutine behind.
package basetest

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/canary"
)

// Family is the shape of a source's protocol.
type Family uint8

// HTTP sources answer requests with documents; Held sources stream rows over a connection of their own; Paged sources
// stream the rows of one statement over HTTP requests, and keep the promises of both.
const (
	HTTP Family = iota
	Held
	Paged
)

// Settings is what a row asks a harness to make a client with.
type Settings struct {
	Address string      // instead of the fake's; empty = the fake's
	Limits  base.Limits // zero fields: the source's defaults
	Options []base.Option
	// CAFile has the client speak TLS and trust the authority of that PEM file; CertFile and KeyFile are the certificate
	// that it shows, empty = none. Rows use them only where Harness.TLS says so.
	CAFile, CertFile, KeyFile string
}

// Fake is what the suite needs of a source's fake.
type Fake struct {
	Address     string // host:port
	Fail        func(f fault.Fault, n int)
	Calls       func() int // requests that did work, pings and handshakes not counted
	Connections func() int // open now
	Running     func() int // requests in progress; nil where the fake cannot tell
	Close       func()
	// Refuse makes the fake refuse the present credential; nil where it has none.
	Refuse func()
	// Rotate replaces the credential at the fake and in the client's secret source; nil where there is none to rotate.
	Rotate func()
	// Skew moves the fake's clock; nil where the credential does not carry a time.
	Skew func(time.Duration)
}

// Subject is one client with its fake.
type Subject struct {
	Client base.Client
	Fake   Fake
	Items  int // how many items Read gives when nothing is wrong; at least one
	// Read makes one whole idempotent read and returns how many items it gave.
	Read func(context.Context) (int, error)
	// Each reads item by item; nil where the source has no such method.
	Each func(context.Context) iter.Seq2[int, error]
	// Write makes one call that is not idempotent; nil where the source has none.
	Write func(context.Context) error
}

// Harness makes the subjects of one source.
type Harness struct {
	Family Family
	// New makes a fake that answers and a client for it. Both are closed by the test's cleanup. Retries must not be
	// slowed down; what Settings says of limits stands.
	New func(t testing.TB, s Settings) Subject
	// TLS says that New heeds CAFile, CertFile and KeyFile.
	TLS bool
	// Configure makes a client with broken limits and returns the error of its constructor.
	Configure func(base.Limits) error
	// Secrets are the values planted in the client's Config: they must show nowhere.
	Secrets []string
	// Transient is the fault with which the server says "not now", which a read is retried for.
	Transient fault.Fault
	// Inside is the fault of an answer that begins well and holds an error; zero = an error after the first part.
	Inside fault.Fault
	// Missing is the Kind of a 404 and a 410; zero = KindNotFound. It is another one where the server says within an answer what
	// it does not have, so that these statuses speak of the address alone.
	Missing base.Kind
	// Skip names the rows that the source does not run, with the reason.
	Skip map[string]string

	planted *canary.Set // the Secrets, while a row runs
}

// Run runs every row as a sub-test of its own.
func Run(t *testing.T, h Harness) {
	t.Helper()
	known := map[string]bool{}
	for _, r := range rows() {
		known[r.id] = true
		t.Run(r.id+" "+r.promise, func(t *testing.T) {
			if !r.alone {
				t.Parallel()
			}
			r.check(t, h)
		})
	}
	for id, reason := range h.Skip {
		if !known[id] || reason == "" {
			t.Errorf("the harness skips row %s, which does not exist or names no reason", id)
		}
	}
}

// row is one promise.
type row struct {
	id      string
	promise string
	family  func(Family) string // why the row does not concern a family; nil = it concerns all
	alone   bool                // it measures the process, so that no other row may run beside it
	run     func(t testing.TB, h Harness)
}

func (r row) check(t testing.TB, h Harness) {
	t.Helper()
	if reason := r.skipped(h); reason != "" {
		t.Skip(reason)
	}
	r.run(t, watch(t, h))
}

func (r row) skipped(h Harness) string {
	if r.family != nil {
		if reason := r.family(h.Family); reason != "" {
			return reason
		}
	}
	if reason := h.Skip[r.id]; reason != "" {
		return "skipped by the source: " + reason
	}
	return ""
}

// only is for rows of one family; the reason is that of the other. Paged sources keep those of both.
func only(f Family, reason string) func(Family) string {
	return func(have Family) string {
		if have == f || have == Paged {
			return ""
		}
		return reason
	}
}

// elsewhere is for faults that concern no source of these families, or that are tested where they are handled.
func elsewhere(reason string) func(Family) string {
	return func(Family) string { return reason }
}
