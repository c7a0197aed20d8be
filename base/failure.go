package base

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Failure is what is known of the calls of one method that failed in one way. It holds no text of an error.
type Failure struct {
	Kind     Kind          `json:"kind"`
	Op       string        `json:"op"`                   // the method
	Code     string        `json:"code,omitempty"`       // the source's own: SQLSTATE, ClickHouse number, HTTP status
	Calls    int64         `json:"calls"`                // that ended so
	Retried  int64         `json:"retried"`              // attempts that ended so and were followed by another one
	Age      time.Duration `json:"age_ns"`               // of the last time
	Sent     Sent          `json:"sent"`                 // how far the request got, the last time
	Attempts int           `json:"attempts"`             // of the call until then, the last time
	Elapsed  time.Duration `json:"elapsed_ns,omitempty"` // of the call until then, the last time; 0 = not known, as of a call that was never sent
	Stopped  Kind          `json:"stopped,omitzero"`     // why it was not retried, the last time
}

// mostFailures bounds how many different failures of a source are kept: a new one takes the place of the oldest.
const mostFailures = 16

// failures are the last different failures of calls that left the process, or whose caller gave up.
type failures struct {
	mu  sync.Mutex
	all []Failure // Age is since the guard's epoch here
}

// add counts a failure: one that ended its call, or one after which the call went on.
func (f *failures) add(e *Error, attempts int, at, elapsed time.Duration, retried bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	code := clean(e.Code)
	i := slices.IndexFunc(f.all, func(o Failure) bool { return o.Kind == e.Kind && o.Op == e.Op && o.Code == code })
	if i < 0 {
		i = f.room()
		f.all[i] = Failure{Kind: e.Kind, Op: e.Op, Code: code}
	}
	to := &f.all[i]
	to.Age, to.Sent, to.Attempts, to.Elapsed, to.Stopped = at, e.Sent, attempts, elapsed, e.Stopped
	if retried {
		to.Retried++
	} else {
		to.Calls++
	}
}

// room is the place of a new failure.
func (f *failures) room() int {
	if len(f.all) < mostFailures {
		f.all = append(f.all, Failure{})
		return len(f.all) - 1
	}
	oldest := 0
	for i := range f.all {
		if f.all[i].Age < f.all[oldest].Age {
			oldest = i
		}
	}
	return oldest
}

// read is a copy with ages as of now.
func (f *failures) read(now time.Duration) []Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.Clone(f.all)
	for i := range all {
		all[i].Age = max(0, now-all[i].Age)
	}
	return all
}

// failures are the last different failures of the guard's calls, the newest first, those that never left the process
// among them.
func (g *Guard) failures(now time.Duration) []Failure {
	all := g.traffic.failures.read(now)
	for op, state := range *g.ops.Load() {
		for kind := KindCircuitOpen; kind < kindCount; kind++ {
			if calls, last := state.refusals.of(kind); calls > 0 {
				all = append(all, Failure{Kind: kind, Op: op.Name, Calls: calls, Sent: NotSent, Age: max(0, now-last)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Age, b.Age), cmp.Compare(a.Op, b.Op), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Code, b.Code))
	})
	return all[:min(len(all), mostFailures)]
}
