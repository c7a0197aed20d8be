// Package basetest is the suite of promises that every source keeps: what happens when the network, the server, the
// caller or the operator does something wrong. A source's test gives it a [Harness] and calls [Run]; each row is named,
// and a row that a source skips names the reason.
package basetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
)

// Family is the shape of a source's protocol.
type Family uint8

// HTTP sources answer requests with documents; Held sources stream rows over a connection of their own.
const (
	HTTP Family = iota
	Held
)

// Settings is what a row asks a harness to make a client with.
type Settings struct {
	Address string      // instead of the fake's; empty = the fake's
	Limits  base.Limits // zero fields: the source's defaults
	Options []base.Option
}

// Fake is what the suite needs of a source's fake.
type Fake struct {
	Address     string // host:port
	Fail        func(f fault.Fault, n int)
	Calls       func() int // requests that did work, pings and handshakes not counted
	Connections func() int // open now
	Running     func() int // requests in progress; nil where the fake cannot tell
	Close       func()
	// Refuse makes the fake refuse the present credential until Accept; nil where it has none.
	Refuse func()
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
	// Configure makes a client with broken limits and returns the error of its constructor.
	Configure func(base.Limits) error
	// Secrets are the values planted in the client's Config: they must show nowhere.
	Secrets []string
	// Transient is the fault with which the server says "not now", which a read is retried for.
	Transient fault.Fault
	// Skip names the rows that the source does not run, with the reason.
	Skip map[string]string
}

// row is one promise.
type row struct {
	id      string
	promise string
	family  func(Family) string // why the row does not concern a family; nil = it concerns all
	run     func(t *testing.T, h Harness)
}

func only(f Family, reason string) func(Family) string {
	return func(have Family) string {
		if have == f {
			return ""
		}
		return reason
	}
}

// Run runs every row as a sub-test of its own.
func Run(t *testing.T, h Harness) {
	t.Helper()
	known := map[string]bool{}
	for _, r := range rows() {
		known[r.id] = true
		t.Run(r.id+" "+r.promise, func(t *testing.T) {
			t.Parallel()
			if reason := r.skipped(h); reason != "" {
				t.Skip(reason)
			}
			r.run(t, h)
		})
	}
	for id := range h.Skip {
		if !known[id] {
			t.Errorf("the harness skips row %s, which does not exist", id)
		}
	}
}

func (r row) skipped(h Harness) string {
	if reason, ok := h.Skip[r.id]; ok {
		return "skipped by the source: " + reason
	}
	if r.family != nil {
		return r.family(h.Family)
	}
	return ""
}

// grace is how much later than its deadline a call may return on a busy machine.
const grace = 250 * time.Millisecond

// within fails the test when f takes longer than the deadline plus the grace.
func within(t *testing.T, deadline time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took > deadline+grace {
		t.Errorf("returned after %s, deadline %s", took, deadline)
	}
}

// fails checks an error: its kind is one of those, it is typed, and it holds no secret in any verb.
func (h Harness) fails(t *testing.T, err error, kinds ...base.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v", kinds)
	}
	h.clean(t, err)
	if _, ok := errors.AsType[*base.Error](err); !ok {
		t.Errorf("not a *base.Error: %v", err)
	}
	for _, k := range kinds {
		if base.KindOf(err) == k {
			return
		}
	}
	t.Errorf("kind %v, want one of %v: %v", base.KindOf(err), kinds, err)
}

// clean searches the text of an error for the planted secrets.
func (h Harness) clean(t *testing.T, err error) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(verb, err)
		for _, s := range h.Secrets {
			if strings.Contains(text, s) {
				t.Errorf("a secret shows in %s of an error", verb)
			}
		}
	}
}

// works checks that the subject answers in full.
func works(t *testing.T, s Subject) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if n, err := s.Read(ctx); err != nil || n != s.Items {
		t.Fatalf("a read gave %d of %d items, %v", n, s.Items, err)
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// patientLimits switches the breaker off, so that one row's faults do not end in another's rejection.
func patientLimits(l base.Limits) base.Limits {
	l.Breaker.Ratio = -1
	return l
}
