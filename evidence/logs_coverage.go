package evidence

import (
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

// LogCoverage says who answered for which part of a window of logs. Its JSON form is stable. All instants are UTC.
type LogCoverage struct {
	Parts []LogPart `json:"parts" jsonschema:"one row per source, by tier, the preferred source of a tier first"`
	Gaps  []LogGap  `json:"gaps" jsonschema:"parts of the window that nobody answered for, by time; of a list that was cut, up to there"`
}

// LogPart is how one source did.
type LogPart struct {
	Tier     int           `json:"tier" jsonschema:"from 0"`
	Source   string        `json:"source"`
	Outcome  string        `json:"outcome" jsonschema:"data, no_data, partial (it failed in the middle), truncated (the list was cut before its end), failed or skipped"`
	Asked    base.Window   `json:"asked,omitzero"`   // the part of the window that it was asked for
	Covered  base.Window   `json:"covered,omitzero"` // the part of it that is handed out wholly
	Records  int64         `json:"records" jsonschema:"handed out from it"`
	Twice    int64         `json:"twice,omitempty" jsonschema:"not handed out, for a tier before had them too"`
	Age      time.Duration `json:"age_ns,omitempty" jsonschema:"nanoseconds; how old its answer may be"`
	Degraded string        `json:"degraded,omitempty" jsonschema:"in whose place it answered and why, and what its answers lack"`
	Reason   string        `json:"reason,omitempty" jsonschema:"why it failed, was cut, or was not asked"`
	Elapsed  int64         `json:"elapsed_ms"`
	Calls    int           `json:"calls"`
	Attempts int           `json:"attempts"` // of all calls; what is more than Calls are retries
	Notes    []string      `json:"notes,omitempty"`

	given int  // records that it gave
	left  bool // it was stopped before its end, for nobody wanted more
}

// LogGap is a part of the window that nobody answered for.
type LogGap struct {
	Window base.Window `json:"window"`
	Tier   int         `json:"tier" jsonschema:"-1: no tier keeps logs of that age"`
	Reason string      `json:"reason"`
}

// account notes how the questions to a source ended.
func (p *LogPart) account(given int, err error, stats base.Stats, took time.Duration) {
	p.given, p.Elapsed, p.Age, p.Notes = given, took.Milliseconds(), stats.Age, stats.Notes
	p.Calls, p.Attempts = stats.Calls, stats.Attempts
	if err != nil {
		p.Reason = oneLine(err.Error())
	}
	p.Outcome = base.OutcomeOf(given, err).String()
}

// cut holds the part to what was handed out before the list was cut: what the reader saw beyond that is nobody's.
func (p *LogPart) cut(passed base.Window) {
	covered := within(p.Covered, passed)
	if p.left { // what was handed out tells more than what the reader had come to
		covered = within(p.Asked, passed)
	}
	if p.Asked.IsZero() || covered == p.Asked {
		return
	}
	if p.Covered == p.Asked || p.left {
		p.Outcome, p.Reason = base.Truncated.String(), "the list was cut"
	}
	p.Covered = covered
}

// within is what two windows share; the zero window for nothing.
func within(a, b base.Window) base.Window {
	return forward(base.Window{From: later(a.From, b.From), To: earlier(a.To, b.To)})
}

// forward is the window, or the zero one if it does not run forward.
func forward(w base.Window) base.Window {
	if w.From.Before(w.To) {
		return w
	}
	return base.Window{}
}

// joinedText joins what is not empty.
func joinedText(texts ...string) string {
	var all []string
	for _, text := range texts {
		if text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

// String names the gap in one line.
func (g LogGap) String() string {
	return fmt.Sprintf("%s to %s (%s)", clock(g.Window.From), clock(g.Window.To), g.Reason)
}

func clock(at time.Time) string { return at.Format(time.RFC3339Nano) }
