package base

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base/breaker"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/retry"
)

// Guard is the only door out of the process for one client: every call goes through [Do], [Open] or [Stream], which
// bound it, retry it, stop calling a source that is down, and tell what happened. It is safe for concurrent use. The
// client that made it closes it.
type Guard struct {
	config  GuardConfig
	epoch   time.Time
	set     atomic.Pointer[settings]
	breaker *breaker.Breaker
	permits *limit.Permits
	quota   limit.Quota
	budget  *retry.Budget
	ops     atomic.Pointer[map[*Op]*opState]
	opsLock sync.Mutex

	telemetry *telemetry
	logger    *slog.Logger
	limiter   Limiter
	observer  QuotaObserver // the limiter, where it is one

	reload   sync.Mutex // one Reload at a time
	traffic  traffic
	closed   atomic.Bool
	closing  chan struct{} // closed by the first Close: nobody waits any longer to make a call
	drained  chan struct{} // closed when closed and nothing is in flight
	closeOne sync.Once
	drainOne sync.Once
	passive  passive
	nested   nested

	concealer atomic.Pointer[concealer]
}

// GuardConfig describes the source that a guard stands before.
type GuardConfig struct {
	Name     string // of the client: the Source of its errors, spans and metrics
	System   string // db.system.name or the like: "clickhouse", "http"
	Address  string // host:port, for spans and for errors; no credential
	Limits   Limits // what the operator wrote
	Defaults Limits // what the source takes where the operator wrote nothing

	// Classify turns a driver's error into an *Error with its Kind, Code, Sent, RetryAfter and ids, made with NewError.
	// It may return nil for an error that it does not know. Errors of the network are known without it.
	Classify func(error) *Error
	// Refresh gets a new credential after an Unauthenticated answer; nil where there is nothing to refresh. It is
	// called at most once per call, by several calls at once: a secret.Cache makes one flight of them.
	Refresh func(context.Context) error
	// Secrets are the values that must not show in any text; they are asked for only when an error is made.
	Secrets func() []string
	// Policies replaces the retry policy of some Kinds.
	Policies map[Kind]retry.Policy
}

// settings is one snapshot of what can be replaced while calls run.
type settings struct {
	limits  Limits
	retries int
	timeout time.Duration
	attempt time.Duration
	rate    *limit.Rate
}

// NewGuard makes a guard. It reports what is wrong with the limits.
func NewGuard(config GuardConfig, options Options) (*Guard, error) {
	g := &Guard{
		config: config, closing: make(chan struct{}), drained: make(chan struct{}),
		logger: options.Logger, limiter: options.Limiter,
	}
	g.observer, _ = options.Limiter.(QuotaObserver)
	g.ops.Store(&map[*Op]*opState{})
	limits, err := g.effective(config.Limits)
	if err != nil {
		return nil, err
	}
	g.breaker = breaker.New(limits.Breaker.config())
	g.epoch = g.breaker.Epoch() // one clock for both
	g.permits = limit.NewPermits(int64(limits.Concurrency), limits.MaxWaiting)
	g.budget = retry.NewBudget(limits.RetryRatio, budgetCap)
	if g.telemetry, err = newTelemetry(g, options); err != nil {
		return nil, err
	}
	g.breaker.OnChange(g.breakerChanged)
	g.store(limits)
	return g, nil
}

func (g *Guard) effective(l Limits) (Limits, error) {
	if err := l.Validate(); err != nil {
		return l, err
	}
	all := l.Over(g.config.Defaults).withDefaults()
	if l.Attempt > 0 && all.Timeout > 0 && l.Attempt > all.Timeout {
		return all, fmt.Errorf("limits.attempt: %s is longer than limits.timeout, which is %s by default; raise both", l.Attempt, all.Timeout)
	}
	return all, nil
}

func (g *Guard) store(l Limits) {
	s := &settings{limits: l, retries: max(0, l.Retries), timeout: max(0, l.Timeout.D()), attempt: max(0, l.Attempt.D())}
	was := g.set.Load()
	switch {
	case l.Rate <= 0:
	case was != nil && was.limits.Rate == l.Rate && was.limits.Burst == l.Burst:
		s.rate = was.rate // a new one would begin with a whole burst
	default:
		s.rate = limit.NewRate(l.Rate, l.Burst)
	}
	g.set.Store(s)
}

// Reload replaces the limits while calls run. Each call keeps the limits it began with, but a lower concurrency takes
// effect as permits come back.
func (g *Guard) Reload(l Limits) error {
	limits, err := g.effective(l)
	if err != nil {
		return err
	}
	g.reload.Lock()
	defer g.reload.Unlock()
	g.breaker.Reload(limits.Breaker.config())
	g.permits.Resize(int64(limits.Concurrency), limits.MaxWaiting)
	g.budget.Set(limits.RetryRatio, budgetCap)
	g.store(limits)
	return nil
}

// Limits is the present snapshot, defaults filled in.
func (g *Guard) Limits() Limits { return g.set.Load().limits }

// Name is the client's name.
func (g *Guard) Name() string { return g.config.Name }

// Quota lets a source report the quota headers of an answer.
func (g *Guard) Quota() *limit.Quota { return &g.quota }

// ObserveQuota reports the headers of an answer, to the guard's own quota and to a limiter that is a [QuotaObserver].
func (g *Guard) ObserveQuota(header http.Header) {
	g.quota.Observe(header, time.Now())
	if g.observer != nil {
		guarded(func() { g.observer.Observe(header) })
	}
}

// Close refuses new calls at once, sends away those who wait for a place or between two attempts, and waits for the
// attempts that run until the context ends. A second Close waits as the first. It returns the context's error if calls
// were still running.
func (g *Guard) Close(ctx context.Context) error {
	g.closed.Store(true)
	g.closeOne.Do(func() {
		close(g.closing)
		g.permits.Close()
		g.telemetry.close()
	})
	if g.traffic.running() == 0 {
		g.drain()
	}
	select {
	case <-g.drained:
		return nil
	default:
	}
	select {
	case <-g.drained:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave counts a call out.
func (g *Guard) leave() {
	if g.traffic.end() == 0 && g.closed.Load() {
		g.drain()
	}
}

func (g *Guard) drain() { g.drainOne.Do(func() { close(g.drained) }) }

func (g *Guard) now() time.Duration { return time.Since(g.epoch) }

func (g *Guard) breakerChanged(s breaker.State) {
	if g.logger != nil {
		guarded(func() { g.logger.Warn("breaker changed", "source", g.config.Name, "state", s.String()) })
	}
}

// opState is what one guard prepares once for each Op.
type opState struct {
	weight   int64
	rejected [kindCount]*Error // the local rejections, made once
	refusals refusals
	attrs    opAttributes
}

func (g *Guard) state(op *Op) *opState {
	if s, ok := (*g.ops.Load())[op]; ok {
		return s
	}
	return g.addState(op)
}

func (g *Guard) addState(op *Op) *opState {
	g.opsLock.Lock()
	defer g.opsLock.Unlock()
	known := *g.ops.Load()
	if s, ok := known[op]; ok {
		return s
	}
	s := &opState{weight: max(1, op.Weight), attrs: g.telemetry.attributes(g, op)}
	for kind, hint := range localHints {
		s.rejected[kind] = &Error{Kind: kind, Source: g.config.Name, Op: op.Name, Sent: NotSent, Hint: hint}
	}
	s.rejected[KindNoTimeLeft].ctx = context.DeadlineExceeded
	next := maps.Clone(known)
	next[op] = s
	g.ops.Store(&next)
	return s
}

var localHints = map[Kind]string{
	KindCircuitOpen:   "the source failed too often; Health says when it is tried again",
	KindLimitExceeded: "more calls than limits.concurrency or limits.rate allow; ask for less at once, or raise them",
	KindNoTimeLeft:    "the deadline had passed before the call could be sent; give it more time",
	KindClosed:        "the client was closed",
}

const quotaHint = "the source said that its quota is used up for so long; wait, or ask for less"

// sharedHint is for what a limiter beyond this process refused.
const sharedHint = "the limit that is shared with other processes did not let the call through in time"

// unaskedHint is for a limiter that failed itself: neither the source nor the other calls have to do with it.
const unaskedHint = "the limit that is shared with other processes could not be asked; the source was not called and may be well"

// heldHint explains the rejection that would otherwise be a deadlock.
const heldHint = "this context holds a permit of the same client already (a call within a loop over rows, or within " +
	"another call), and none is free: read the rows to their end first, or raise limits.concurrency"

// PanicError is the cause of an Internal error when code that a call ran panicked.
type PanicError struct {
	Value any    // what was passed to panic
	Stack string // of the goroutine that panicked
}

// Error names the type of what was passed to panic, never its value, which may hold anything.
func (e *PanicError) Error() string { return "panic in the code of a call" }

var errGoexit = errors.New("the goroutine of the call ended")
