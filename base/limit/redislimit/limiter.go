package redislimit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
)

// Limiter is one process' part in a shared limit. It implements base.Limiter and base.QuotaObserver and is safe for
// concurrent use. New makes it, and who makes it closes it, after the clients that it was given to. The zero Limiter is a
// closed one.
type Limiter struct {
	id        string // of this process' part, as good as unique
	name      string
	prefix    string
	keys      []string
	script    *redis.Script
	client    redis.UniversalClient
	connector *connector
	logger    *slog.Logger

	life    context.Context // of the keeper and the listener
	end     context.CancelFunc
	wake    chan struct{} // there is something to tell
	used    chan struct{} // closed by the first call
	kept    chan struct{} // closed when the keeper has ended
	heard   chan struct{} // closed when the listener has ended
	hearing atomic.Bool   // the listener is subscribed
	changes chan struct{} // has a token when places came back, for Close
	shown   *shown        // the keeper's
	number  uint64        // the keeper's
	closed  sync.Once

	mu     sync.Mutex
	config Config
	done   bool // no new calls
	serial uint64
	fresh  []*request
	asking []*request // those whose first exchange is under way
	line   map[string]*request
	left   []string
	held   int64
	dirty  bool // what this process holds is not what it told
	again  bool // the last answer was lost
	quota  quota
	outage outage
	lately answer
	epoch  string
	told   time.Time // when Redis last answered
	counts counts
}

// quota is what the source's headers said last.
type quota struct {
	until time.Time
	news  bool // the others do not know
}

// outage is why Redis could not be asked; the zero value is none.
type outage struct {
	since time.Time
	err   error
}

type counts struct{ acquired, refused, opened, lost, outages uint64 }

var (
	_ base.Limiter       = (*Limiter)(nil)
	_ base.QuotaObserver = (*Limiter)(nil)
)

// New makes a limiter. It does not call Redis: see Ping. ctx is for the resolution of the password's reference alone. Of
// the options it takes WithLogger, which hears of outages, WithSecrets, WithDialer and WithTLS; another one is an error.
func New(ctx context.Context, c Config, opts ...base.Option) (*Limiter, error) {
	o, err := base.NewOptions(opts, "Secrets", "Dialer", "TLS")
	if o.TracerProvider != nil || o.MeterProvider != nil || o.Limiter != nil {
		err = errors.Join(err, errors.New("option: a limiter has no use for WithTracerProvider, WithMeterProvider and WithLimiter"))
	}
	if err := errors.Join(c.Validate(), err); err != nil {
		return nil, fmt.Errorf("redislimit: %w", err)
	}
	c = c.withDefaults()
	d, err := newConnector(ctx, c, o)
	if err != nil {
		return nil, fmt.Errorf("redislimit: %w", err)
	}
	life, end := context.WithCancel(context.Background())
	l := &Limiter{
		id: rand.Text(), name: c.Name, prefix: c.Prefix + "{" + c.Name + "}:", script: redis.NewScript(tend),
		client: d.client(c), connector: d, logger: o.Logger, life: life, end: end, config: c, line: map[string]*request{},
		wake: make(chan struct{}, 1), used: make(chan struct{}), kept: make(chan struct{}), heard: make(chan struct{}),
		changes: make(chan struct{}, 1),
	}
	for _, key := range []string{"state", "alive", "used", "line", "grants"} {
		l.keys = append(l.keys, l.prefix+key)
	}
	go l.keep()
	go l.listen()
	return l, nil
}

// channel is where a process hears that a call of its own may go.
func (l *Limiter) channel(process string) string { return l.prefix + "go:" + process }

// Acquire waits for a place of that weight (at least 1) and a token of the rate, in the order of all processes. It ends
// early with the context's error, and with a *Refusal: limit.ErrNoTime at once when the rate or the server's quota would
// keep the call beyond its deadline, limit.ErrFull when too many wait, ErrOutage while Redis is away and OnOutage is
// closed; with limit.ErrClosed after Close. A call that was not let through took no token, but for one whose context ends
// within the last 20 ms before its token is due. release gives the place back;
// it does not wait, and calls after the first do nothing.
func (l *Limiter) Acquire(ctx context.Context, weight int64) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := l.enter(ctx, max(1, weight))
	select {
	case <-r.done:
	case <-ctx.Done():
		l.leave(r)
	}
	l.mu.Lock()
	err = r.err
	l.mu.Unlock()
	if r.gone {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	release = l.releaser(r.weight)
	if r.wait > 0 {
		if err := pause(ctx, r.wait); err != nil {
			release()
			return nil, err
		}
	}
	return release, nil
}

// underWay is how many calls, beside those that may wait, may be on their way to Redis.
const underWay = 1000

// enter hands a call to the keeper, or ends it where there is nothing to wait for.
func (l *Limiter) enter(ctx context.Context, weight int64) *request {
	r := &request{weight: weight, done: make(chan struct{})}
	r.deadline, _ = ctx.Deadline()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.done || l.client == nil:
		r.end(limit.ErrClosed)
	case l.outage.err != nil:
		l.passOver(r)
	case len(l.fresh)+len(l.line) >= l.config.MaxWaiting+underWay:
		l.refuse(r, 0, limit.ErrFull)
	default:
		if l.serial++; l.serial == 1 {
			close(l.used)
		}
		r.id = l.id + "/" + strconv.FormatUint(l.serial, 10) + "/" + strconv.FormatInt(weight, 10)
		l.fresh = append(l.fresh, r)
		l.rouse()
	}
	return r
}

// leave gives the call up, unless it was ended just now.
func (l *Limiter) leave(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.gone = true
	if r.ended {
		if r.err == nil {
			l.giveBack(r.weight)
		}
		return
	}
	r.end(nil)
	if _, stands := l.line[r.id]; stands {
		delete(l.line, r.id)
		l.left = append(l.left, r.id)
		l.rouse()
	}
}

func (l *Limiter) releaser(weight int64) func() {
	var given atomic.Bool
	return func() {
		if given.CompareAndSwap(false, true) {
			l.mu.Lock()
			l.giveBack(weight)
			l.mu.Unlock()
		}
	}
}

// giveBack returns a place; the caller holds the lock.
func (l *Limiter) giveBack(weight int64) {
	l.held -= weight
	if l.config.Concurrency > 0 {
		l.dirty = true
		l.rouse()
	}
	select {
	case l.changes <- struct{}{}:
	default:
	}
}

// rouse has the keeper look.
func (l *Limiter) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// settledFor is how far apart two headers must be to be two instants.
const settledFor = time.Second

// Observe reads the quota headers of an answer, as limit.Quota does: with no calls remaining, no process lets a call
// through until the reset, for an hour at most. It does not wait. A later answer with calls remaining does not open the
// quota, for over many processes nobody knows which of two answers is the newer.
func (l *Limiter) Observe(h http.Header) {
	now := time.Now()
	wait := limit.Reset(h, now)
	if wait <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := now.Add(wait); until.After(l.quota.until.Add(settledFor)) || !l.quota.until.After(now) {
		l.quota.until, l.quota.news = until, true
		l.rouse()
	}
}

// Reload replaces Concurrency, Rate, Burst, MaxWaiting, Lease, CoolDown, Timeout and OnOutage while calls run; a Timeout
// longer than that of New does not make a connection wait longer. The other fields must be as they were. Calls that go already are left alone.
func (l *Limiter) Reload(c Config) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("redislimit: %w", err)
	}
	c = c.withDefaults()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.sameServer(l.config) {
		return errors.New("redislimit: the name, the prefix or the way to Redis is another one; make another limiter")
	}
	l.config, l.dirty = c, true
	l.rouse()
	return nil
}

// Ping asks Redis whether it is there and takes the account, within the context and Config.Timeout.
func (l *Limiter) Ping(ctx context.Context) error {
	if l.client == nil {
		return &Refusal{Err: limit.ErrClosed}
	}
	l.mu.Lock()
	timeout := l.config.Timeout.D()
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := guarded(func() error { return l.client.Ping(ctx).Err() }); err != nil {
		return &Refusal{Limit: l.name, Err: fmt.Errorf("%w: %w", ErrOutage, l.connector.clean(err))}
	}
	return nil
}
