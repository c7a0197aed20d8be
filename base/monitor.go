package base

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Watch names a client that a Monitor watches.
type Watch struct {
	Client   Client
	Optional bool // the program can work without it: it never makes the whole unready
}

// MonitorConfig says how a Monitor probes. The zero value of each field is its default.
type MonitorConfig struct {
	Interval time.Duration // a source that traffic has proved within it is not probed; 0 = 30 s
	Timeout  time.Duration // of one probe; 0 = 5 s
}

// Monitor keeps an eye on clients. It believes traffic first and probes only what is idle or coming back, one probe at
// a time per client, at jittered times. It is safe for concurrent use; Close ends it.
type Monitor struct {
	config  MonitorConfig
	watched []*watched
	stop    context.CancelFunc
	ended   sync.WaitGroup
	started sync.Once
	base    context.Context
}

type watched struct {
	Watch
	flight chan struct{} // holds one: the probe that runs
	mu     sync.Mutex
	err    error
	at     time.Time
}

// Report is the health of all watched clients at one instant.
type Report struct {
	State   State    `json:"state"` // Ready, Degraded (an optional source is not ready) or Down
	Sources []Status `json:"sources"`
}

// Status is one line of a Report.
type Status struct {
	Health
	Optional bool          `json:"optional,omitempty"`
	Probed   time.Duration `json:"probed_ns"`            // age of the last probe; negative = never
	ProbeErr Kind          `json:"probe_kind,omitempty"` // its failure
}

// NewMonitor makes a monitor; it probes nothing until Check or Start.
func NewMonitor(config MonitorConfig, watch ...Watch) *Monitor {
	config.Interval = cmp.Or(max(0, config.Interval), 30*time.Second)
	config.Timeout = cmp.Or(max(0, config.Timeout), 5*time.Second)
	m := &Monitor{config: config}
	m.base, m.stop = context.WithCancel(context.Background())
	for _, w := range watch {
		m.watched = append(m.watched, &watched{Watch: w, flight: make(chan struct{}, 1)})
	}
	return m
}

// Check probes every client side by side and waits for all of them, at most until the context's deadline. It is the
// check to make at start-up; an optional source that does not answer makes the report Degraded, not Down.
func (m *Monitor) Check(ctx context.Context) Report {
	var all sync.WaitGroup
	done := make(chan struct{})
	for _, w := range m.watched {
		all.Go(func() { m.probe(ctx, w) })
	}
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done(): // a probe that does not heed its context ends later, within Close's sight
		m.ended.Go(func() { <-done })
	}
	return m.Report()
}

// Start watches until Close. Only the first Start does something.
func (m *Monitor) Start() {
	m.started.Do(func() {
		for _, w := range m.watched {
			m.ended.Go(func() { m.watch(w) })
		}
	})
}

func (m *Monitor) watch(w *watched) {
	for {
		timer := time.NewTimer(m.pause(w))
		select {
		case <-timer.C:
			if m.due(w) {
				m.probe(m.base, w)
			}
		case <-m.base.Done():
			timer.Stop()
			return
		}
	}
}

// pause is the time to the next look: sooner where an open breaker is about to let a probe through.
func (m *Monitor) pause(w *watched) time.Duration {
	d := m.config.Interval
	if next := w.Client.Health().NextProbe; next > 0 {
		d = min(d, next)
	}
	return d + time.Duration(rand.Int64N(int64(d)/5+1))
}

// due says whether traffic leaves a question open.
func (m *Monitor) due(w *watched) bool {
	h := w.Client.Health()
	if h.Breaker == "open" {
		return false
	}
	return h.Breaker == "half-open" || h.SinceReady < 0 || h.SinceReady >= m.config.Interval
}

// probe runs one Ping with its own deadline; while one runs, another probe of the same client waits for it.
func (m *Monitor) probe(ctx context.Context, w *watched) {
	select {
	case w.flight <- struct{}{}:
	default:
		select { // join the one that runs
		case w.flight <- struct{}{}:
			<-w.flight
		case <-ctx.Done():
		}
		return
	}
	defer func() { <-w.flight }()
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	err := ping(ctx, w.Client)
	w.mu.Lock()
	w.err, w.at = err, time.Now()
	w.mu.Unlock()
}

func ping(ctx context.Context, c Client) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = crashed(value)
		}
	}()
	return c.Ping(ctx)
}

// Report is what is known now; it makes no call.
func (m *Monitor) Report() Report {
	r := Report{State: Ready}
	for _, w := range m.watched {
		s := w.status()
		r.Sources = append(r.Sources, s)
		switch {
		case s.State == Ready:
		case s.Optional:
			r.State = max(r.State, Degraded)
		default:
			r.State = max(r.State, s.State, Degraded)
		}
	}
	slices.SortStableFunc(r.Sources, func(a, b Status) int { return cmp.Compare(a.Source, b.Source) })
	return r
}

func (w *watched) status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Status{Health: w.Client.Health(), Optional: w.Optional, Probed: -1}
	if !w.at.IsZero() {
		s.Probed, s.ProbeErr = time.Since(w.at), KindOf(w.err)
		if w.err != nil && s.State == Unproven {
			s.State, s.Kind = Down, s.ProbeErr
		}
	}
	return s
}

// Close ends the watching and waits for probes that run. The clients are not closed.
func (m *Monitor) Close() error {
	m.stop()
	m.ended.Wait()
	return nil
}
