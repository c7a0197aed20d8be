package base

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base/breaker"
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
	base    context.Context // of everything that runs; Close ends it
	stop    context.CancelFunc

	mu      sync.Mutex
	started bool
	closed  bool
	running sync.WaitGroup // probes and watches
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
	// State is the gravest of the required sources, in the order Ready, Degraded, Unproven, Down. An optional source
	// that is not Ready counts as Degraded.
	State   State    `json:"state"`
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

// run starts a goroutine that Close waits for, unless the monitor is closed.
func (m *Monitor) run(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.running.Go(f)
	return true
}

// Check probes every client side by side and waits for all of them, at most for the time of one probe, until the
// context's end, or until Close. It is the check to make at start-up; an optional source that does not answer makes the
// report Degraded, not Down.
func (m *Monitor) Check(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	defer context.AfterFunc(m.base, cancel)()
	done := make(chan struct{}, len(m.watched))
	for _, w := range m.watched {
		if !m.run(func() { m.probe(ctx, w); done <- struct{}{} }) {
			return m.Report()
		}
	}
	for range m.watched {
		select {
		case <-done:
		case <-ctx.Done(): // a probe that does not heed its context ends later, within Close's sight
		}
	}
	return m.Report()
}

// Start watches until Close. Only the first Start does something.
func (m *Monitor) Start() {
	m.mu.Lock()
	again := m.started
	m.started = true
	m.mu.Unlock()
	if again {
		return
	}
	for _, w := range m.watched {
		m.run(func() { m.watch(w) })
	}
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

// looks is how often a watch looks within one interval. A look reads what is known and costs next to nothing.
const looks = 6

// pause is the time to the next look: sooner where an open breaker is about to let a probe through.
func (m *Monitor) pause(w *watched) time.Duration {
	d := m.config.Interval / looks
	if next := w.Client.Health().NextProbe; next > 0 {
		d = min(d, next)
	}
	return d + time.Duration(rand.Int64N(int64(d)/looks+1))
}

// due says whether traffic and the last probe leave a question open.
func (m *Monitor) due(w *watched) bool {
	h := w.Client.Health()
	w.mu.Lock()
	probed := !w.at.IsZero() && time.Since(w.at) < m.config.Interval
	w.mu.Unlock()
	switch {
	case h.Breaker == breaker.HalfOpen.String():
		return true
	case h.Breaker == breaker.Open.String(), h.SinceReady >= 0 && h.SinceReady < m.config.Interval:
		return false
	}
	return !probed
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

// gravity orders the states by what they mean for the whole.
var gravity = []State{Ready, Degraded, Unproven, Down}

// Report is what is known now; it makes no call.
func (m *Monitor) Report() Report {
	r := Report{State: Ready}
	for _, w := range m.watched {
		s := w.status()
		r.Sources = append(r.Sources, s)
		state := s.State
		if s.Optional && state != Ready {
			state = Degraded
		}
		if slices.Index(gravity, state) > slices.Index(gravity, r.State) {
			r.State = state
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
		s.Probed, s.ProbeErr = time.Since(w.at), kindOfProbe(w.err)
		s.believe()
	}
	return s
}

// believe lets a failed probe count against a source of which traffic tells nothing newer.
func (s *Status) believe() {
	if s.ProbeErr == KindUnknown || s.ProbeErr == KindCanceled {
		return
	}
	switch {
	case s.State == Unproven:
		s.State, s.Kind = Down, s.ProbeErr
	case s.State == Ready && s.SinceReady > s.Probed:
		s.State, s.Kind = Degraded, s.ProbeErr
	}
}

func kindOfProbe(err error) Kind {
	if kind := KindOf(err); err == nil || kind != KindUnknown {
		return kind
	}
	return KindInternal
}

// Close ends the watching and the probes and waits for them, for a Ping that does not heed its context at most the
// timeout of a probe; then the error says so. The clients are not closed. It may be called again.
func (m *Monitor) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	ended := make(chan struct{})
	go func() {
		m.running.Wait()
		close(ended)
	}()
	timer := time.NewTimer(m.config.Timeout)
	defer timer.Stop()
	select {
	case <-ended:
		return nil
	case <-timer.C:
		return errors.New("monitor: close: a probe has not ended")
	}
}
