package base

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/fourkites/sources/base/breaker"
)

// Limits bounds what one client asks of its source. Plain data that an operator writes: the zero value of a field is
// its default, which the source states; a negative value switches the bound off.
type Limits struct {
	Concurrency int      `json:"concurrency,omitempty" yaml:"concurrency"` // weight of calls in flight; 0 = the source's
	MaxWaiting  int      `json:"max_waiting,omitempty" yaml:"max_waiting"` // calls that may wait for a permit; 0 = 1,000
	Rate        float64  `json:"rate,omitempty" yaml:"rate"`               // calls a second; 0 = the source's, mostly none
	Burst       int      `json:"burst,omitempty" yaml:"burst"`             // calls at once under Rate; 0 = 1
	Retries     int      `json:"retries,omitempty" yaml:"retries"`         // after the first attempt; 0 = 3, negative = none
	RetryRatio  float64  `json:"retry_ratio,omitempty" yaml:"retry_ratio"` // retries per call over time; 0 = 0.1, negative = no budget
	RetryAfter  Duration `json:"retry_after,omitempty" yaml:"retry_after"` // longest wait that a source may ask for; 0 = 60 s
	Timeout     Duration `json:"timeout,omitempty" yaml:"timeout"`         // of a whole call; 0 = the source's
	Attempt     Duration `json:"attempt,omitempty" yaml:"attempt"`         // of one attempt; 0 = what is left of the call
	Idle        Duration `json:"idle,omitempty" yaml:"idle"`               // silence of the source between two parts of an answer; 0 = the source's
	Breaker     Breaker  `json:"breaker,omitzero" yaml:"breaker"`
}

// Breaker says when calls to a failing source stop. The zero value of each field is its default.
type Breaker struct {
	Ratio    float64  `json:"ratio,omitempty" yaml:"ratio"`         // share of failures; 0 = 0.5, negative = no breaker
	MinCalls int      `json:"min_calls,omitempty" yaml:"min_calls"` // in the window; 0 = 10
	Window   Duration `json:"window,omitempty" yaml:"window"`       // 0 = 30 s
	OpenFor  Duration `json:"open_for,omitempty" yaml:"open_for"`   // before the first probe; 0 = 5 s
	Probes   int      `json:"probes,omitempty" yaml:"probes"`       // 0 = 1
}

// Duration is a length of time that reads and writes as text such as "30s".
type Duration time.Duration

// D is the same length as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String is the length as time.Duration prints it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the length as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form that time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New(`not a duration; write it as "30s" or "5m"`)
	}
	*d = Duration(parsed)
	return nil
}

const (
	defaultWaiting    = 1000
	defaultRetries    = 3
	defaultRatio      = 0.1
	budgetCap         = 10
	defaultRetryAfter = 60 * time.Second
)

// Over returns the limits with the zero fields taken from the defaults given.
func (l Limits) Over(defaults Limits) Limits {
	pick(&l.Concurrency, defaults.Concurrency)
	pick(&l.MaxWaiting, defaults.MaxWaiting)
	pick(&l.Rate, defaults.Rate)
	pick(&l.Burst, defaults.Burst)
	pick(&l.Retries, defaults.Retries)
	pick(&l.RetryRatio, defaults.RetryRatio)
	pick(&l.RetryAfter, defaults.RetryAfter)
	pick(&l.Timeout, defaults.Timeout)
	pick(&l.Attempt, defaults.Attempt)
	pick(&l.Idle, defaults.Idle)
	pick(&l.Breaker.Ratio, defaults.Breaker.Ratio)
	pick(&l.Breaker.MinCalls, defaults.Breaker.MinCalls)
	pick(&l.Breaker.Window, defaults.Breaker.Window)
	pick(&l.Breaker.OpenFor, defaults.Breaker.OpenFor)
	pick(&l.Breaker.Probes, defaults.Breaker.Probes)
	return l
}

func pick[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// withDefaults fills in what no source decides.
func (l Limits) withDefaults() Limits {
	return l.Over(Limits{
		Concurrency: -1, MaxWaiting: defaultWaiting, Retries: defaultRetries, RetryRatio: defaultRatio,
		RetryAfter: Duration(defaultRetryAfter), Breaker: Breaker{Ratio: 0.5},
	})
}

// Validate reports every field that makes no sense, by name.
func (l Limits) Validate() error {
	var problems []error
	number := func(field string, v float64) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			problems = append(problems, fmt.Errorf("limits.%s: not a number", field))
		}
	}
	number("rate", l.Rate)
	number("retry_ratio", l.RetryRatio)
	number("breaker.ratio", l.Breaker.Ratio)
	if l.Breaker.Ratio > 1 {
		problems = append(problems, fmt.Errorf("limits.breaker.ratio: %v is above 1", l.Breaker.Ratio))
	}
	if l.Retries > 10 {
		problems = append(problems, fmt.Errorf("limits.retries: %d is above 10", l.Retries))
	}
	if l.Attempt > 0 && l.Timeout > 0 && l.Attempt > l.Timeout {
		problems = append(problems, fmt.Errorf("limits.attempt: %s is longer than limits.timeout %s", l.Attempt, l.Timeout))
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"max_waiting", int64(l.MaxWaiting)},
		{"burst", int64(l.Burst)},
		{"retry_after", int64(l.RetryAfter)},
		{"breaker.min_calls", int64(l.Breaker.MinCalls)},
		{"breaker.window", int64(l.Breaker.Window)},
		{"breaker.open_for", int64(l.Breaker.OpenFor)},
		{"breaker.probes", int64(l.Breaker.Probes)},
	} {
		if f.value < 0 {
			problems = append(problems, fmt.Errorf("limits.%s: negative", f.name))
		}
	}
	return errors.Join(problems...)
}

func (b Breaker) config() breaker.Config {
	return breaker.Config{
		Ratio: b.Ratio, MinCalls: b.MinCalls, Window: b.Window.D(), OpenFor: b.OpenFor.D(), Probes: b.Probes,
	}
}
