package basetest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// recorder is a test whose failure is not one: what a row says of a bad client is written down.
type recorder struct {
	testing.TB // for TempDir, Name and Helper
	ctx        context.Context
	cancel     context.CancelFunc

	mu       sync.Mutex
	failures []string
	skipped  string
	cleanups []func()
}

// record runs f to its end, cleanups included, on a goroutine of its own.
func record(t *testing.T, f func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	r.ctx, r.cancel = context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.clean()
		defer r.cancel()
		f(r)
	}()
	<-done
	return r
}

// clean runs the cleanups, the last one first, whatever they do to the goroutine.
func (r *recorder) clean() {
	for {
		r.mu.Lock()
		if len(r.cleanups) == 0 {
			r.mu.Unlock()
			return
		}
		last := r.cleanups[len(r.cleanups)-1]
		r.cleanups = r.cleanups[:len(r.cleanups)-1]
		r.mu.Unlock()
		defer r.clean() // should this one end the goroutine
		last()
	}
}

func (r *recorder) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.failures, "\n")
}

func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }
func (r *recorder) Fail()             { r.Errorf("failed") }
func (r *recorder) Failed() bool      { return r.said() != "" }

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

func (r *recorder) Skip(args ...any) {
	r.mu.Lock()
	r.skipped = fmt.Sprint(args...)
	r.mu.Unlock()
	runtime.Goexit()
}

func TestTheRecorderCleansUpWhateverHappens(t *testing.T) {
	t.Parallel()
	var order []string
	r := record(t, func(t testing.TB) {
		t.Cleanup(func() { order = append(order, "first") })
		t.Cleanup(func() { t.Fatal("in a cleanup") })
		t.Cleanup(func() { order = append(order, "last") })
		t.Fatal("in the test")
	})
	if got := strings.Join(order, " "); got != "last first" || r.said() != "in the test\nin a cleanup" {
		t.Errorf("%q, %q", got, r.said())
	}
}
