package rotation_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
)

const (
	workers   = 8
	newcomers = 2 // connections that a crowd of calls has to make
	rotations = 2
	perPhase  = 3 // calls of each worker before the next step of a rotation
	callLimit = 30 * time.Second
	runLimit  = 2 * time.Minute
)

// subject is one client with its server.
type subject struct {
	source, engine string
	client         interface{ Close() error }
	read           func(context.Context) error // makes one whole call
	// logsIn says that a connection logs in once and is then kept, so that a crowd is needed for one to log in.
	logsIn  bool
	accepts accepts
	refused func() int // answers of the server that refuse a credential
	// most is how many of those one rotation may cost; 0: one for each call that runs.
	most int
	tap  *tap
	// rekeys says that connections log in once, so that those of an older credential must go.
	rekeys bool
	left   func() int // connections of the client that the server has open
	end    func()     // ends a fake; nil for an engine
}

// starter makes the subject whose credential a store keeps.
type starter func(*testing.T, store) *subject

// load is what the workers of one row do.
type load struct {
	subject *subject
	ctx     context.Context

	mu      sync.Mutex
	line    line
	made    [workers]int
	errs    []error
	changed chan struct{} // has room for one: a call has ended
}

// call makes one call and counts it.
func (l *load) call() {
	var stats base.Stats
	ctx, cancel := context.WithTimeout(base.WithStats(l.ctx, &stats), callLimit)
	defer cancel()
	began := time.Now()
	err := l.subject.read(ctx)
	took := time.Since(began)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line.calls++
	retries := max(0, stats.Attempts-stats.Calls)
	l.line.retries += retries
	l.line.longest = max(l.line.longest, took)
	if err == nil && retries > 1 {
		err = fmt.Errorf("%d attempts for one call", stats.Attempts)
	}
	if err != nil {
		l.line.failed++
		if len(l.errs) < 3 {
			l.errs = append(l.errs, err)
		}
	}
}

// work calls until the row is over.
func (l *load) work(worker int, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
		}
		l.call()
		l.mu.Lock()
		l.made[worker]++
		l.mu.Unlock()
		select {
		case l.changed <- struct{}{}:
		default:
		}
	}
}

// each waits until every worker has ended that many more calls.
func (l *load) each(n int) error {
	l.mu.Lock()
	from := l.made
	l.mu.Unlock()
	for {
		l.mu.Lock()
		done := true
		for i, made := range l.made {
			done = done && made >= from[i]+n
		}
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-l.changed:
		case <-l.ctx.Done():
			return errors.New("the workers stand still")
		}
	}
}

// gather has more calls run beside those of the workers than there are connections, and holds all answers back until some
// have logged in.
func (l *load) gather() {
	if !l.subject.logsIn {
		return
	}
	n := l.subject.tap.left(1<<30) + newcomers
	l.subject.tap.hold(newcomers)
	var calls sync.WaitGroup
	for range n {
		calls.Go(l.call)
	}
	calls.Wait()
}

// rotate turns the credential once, and reports how many answers refused one, and how many of them after the client had
// every reason to know better.
func (l *load) rotate(s store) (refused, late int, err error) {
	was := l.subject.refused()
	old, _ := l.subject.tap.count()
	l.gather()
	if err := s.issue(l.ctx); err != nil {
		return 0, 0, err
	}
	if err := l.each(perPhase); err != nil {
		return 0, 0, err
	}
	if err := s.revoke(l.ctx); err != nil {
		return 0, 0, err
	}
	l.gather()
	if err := l.each(2); err != nil { // what began before the refusals has ended
		return 0, 0, err
	}
	known := l.subject.refused()
	l.gather()
	if err := l.each(perPhase); err != nil {
		return 0, 0, err
	}
	now := l.subject.refused()
	if l.subject.rekeys && !soon(l.ctx, func() bool { return l.subject.tap.left(old) == 0 }) {
		err = fmt.Errorf("%d connections of the old credential are still open", l.subject.tap.left(old))
	}
	return now - was, now - known, err
}

// endures runs a row: the workers call for as long as the rotations take.
func endures(t *testing.T, title string, s store, start starter) {
	label := labeled(t)
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	sub := start(t, s)
	l := &load{subject: sub, ctx: ctx, changed: make(chan struct{}, 1)}
	l.line = line{source: sub.source, store: title, engine: sub.engine, workers: workers}
	over := make(chan struct{})
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { l.work(i, over) })
	}
	problem := l.each(perPhase)
	for problem == nil && l.line.rotations < rotations {
		var refused, late int
		refused, late, problem = l.rotate(s)
		l.line.rotations++
		l.line.refused += refused
		l.line.late += late
		most := sub.most
		if most == 0 {
			most = 4 * workers
		}
		if refused > most {
			t.Errorf("rotation %d: the server refused %d times, more than %d", l.line.rotations, refused, most)
		}
	}
	close(over)
	all.Wait()
	l.settle(t, s, label)
	l.judge(t, s, problem)
	results.add(l.line)
}

// settle closes the client and counts what is left of it.
func (l *load) settle(t *testing.T, s store, label string) {
	t.Helper()
	if err := l.subject.client.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	left := func() int { return max(l.subject.left(), l.subject.tap.left(1<<30)) }
	soon(t.Context(), func() bool { return left() == 0 })
	l.line.connections = left()
	if l.subject.end != nil {
		l.subject.end()
	}
	if c, ok := s.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	}
	pprof.SetGoroutineLabels(context.Background())
	soon(t.Context(), func() bool { return goroutines(label) == 0 })
	l.line.goroutines = goroutines(label)
}

func (l *load) judge(t *testing.T, s store, problem error) {
	t.Helper()
	allowed := 0
	if s.timed() {
		allowed = workers
	}
	if problem != nil {
		t.Error(problem)
	}
	for _, err := range l.errs {
		t.Errorf("a rotation cost a call: %v", err)
	}
	if n := l.line; n.failed > 0 || n.late > allowed || n.connections > 0 || n.goroutines > 0 {
		t.Errorf("%d calls failed; an old credential was shown %d times after it had been refused; %d connections and %d goroutines are left",
			n.failed, n.late, n.connections, n.goroutines)
	}
	if t.Failed() {
		return
	}
	if l.line.rotations != rotations || l.line.calls < workers*perPhase*(2*rotations+1) {
		t.Errorf("%d calls in %d rotations show nothing", l.line.calls, l.line.rotations)
	}
}

// soon waits for a condition that another goroutine brings about.
func soon(ctx context.Context, is func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return is()
		}
	}
	return true
}

const labelKey = "rotation"

var labels atomic.Int64

// labeled has the goroutines that the test starts from here on bear a label, which it returns.
func labeled(t *testing.T) string {
	t.Helper()
	label := strconv.FormatInt(labels.Add(1), 10)
	pprof.SetGoroutineLabels(pprof.WithLabels(t.Context(), pprof.Labels(labelKey, label)))
	return label
}

// goroutines is how many goroutines bear the label.
func goroutines(label string) int {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // a buffer takes everything
	n := 0
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, `"`+labelKey+`":"`+label+`"`) {
			count, _, _ := strings.Cut(stack, " ")
			k, _ := strconv.Atoi(count)
			n += k
		}
	}
	return n
}
