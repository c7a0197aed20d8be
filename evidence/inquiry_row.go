package evidence

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

// sourceRow is what is known of one client in the course of an inquiry. The inquiry's lock guards it.
type sourceRow struct {
	name     string
	asked    int // questions put, those that still run included
	outcomes [int(base.Failed) + 1]int
	calls    int
	attempts int
	covered  []base.Window // by question
	hints    []string

	inside int // questions that run now
	since  time.Time
	busy   time.Duration // while at least one question ran
}

func (r *sourceRow) enter(now time.Time) {
	if r.inside == 0 {
		r.since = now
	}
	r.inside++
}

func (r *sourceRow) leave(now time.Time) {
	if r.inside--; r.inside == 0 {
		r.busy += now.Sub(r.since)
	}
}

// close counts a question that has ended. A client that reports no calls was asked once.
func (r *sourceRow) close(outcome base.Outcome, stats base.Stats, err error) {
	r.outcomes[outcome]++
	r.calls += stats.Calls
	r.attempts += stats.Attempts
	if stats.Calls == 0 && !errors.Is(err, base.ErrInvalid) && !errors.Is(err, base.ErrLocal) {
		r.calls++
		r.attempts++
	}
	if !stats.Covered.IsZero() {
		r.covered = append(r.covered, stats.Covered)
	}
	for _, note := range stats.Notes {
		r.note(note)
	}
	if err != nil {
		r.note(hintOf(err))
	}
}

func (r *sourceRow) note(text string) {
	if text = oneLine(text); text != "" && !slices.Contains(r.hints, text) && len(r.hints) < maxHints {
		r.hints = append(r.hints, text)
	}
}

// maxHints bounds what a row says: a client that notes something for every call must not drown the report.
const maxHints = 4

// outcome is the worst of what the client's questions came to that still tells the whole: a client that answered some
// of them is partial, never failed.
func (r *sourceRow) outcome() string {
	answered := r.outcomes[base.Data] + r.outcomes[base.NoData] + r.outcomes[base.Truncated] + r.outcomes[base.Partial]
	switch {
	case r.asked == 0:
		return skipped
	case answered+r.outcomes[base.Failed] < r.asked:
		return base.Pending.String()
	case answered == 0:
		return base.Failed.String()
	case r.outcomes[base.Failed]+r.outcomes[base.Partial] > 0:
		return base.Partial.String()
	case r.outcomes[base.Truncated] > 0:
		return base.Truncated.String()
	case r.outcomes[base.Data] > 0:
		return base.Data.String()
	}
	return base.NoData.String()
}

// skipped is the outcome of a client that was not asked.
const skipped = "skipped"

func (r *sourceRow) report(window base.Window) SourceReport {
	report := SourceReport{
		Name: r.name, Outcome: r.outcome(), ElapsedMS: r.busy.Milliseconds(),
		Calls: r.calls, Attempts: r.attempts, Hint: strings.Join(r.hints, "; "),
	}
	for _, w := range r.covered {
		report.Covered = joined(report.Covered, clipped(w, window))
	}
	return report
}

// clipped is the part of w within the bounds, in UTC; zero bounds hold everything, and a zero window is nothing.
func clipped(w, bounds base.Window) base.Window {
	w = base.Window{From: w.From.UTC(), To: w.To.UTC()}
	if bounds.IsZero() {
		return w
	}
	if w.From.Before(bounds.From) {
		w.From = bounds.From.UTC()
	}
	if w.To.After(bounds.To) {
		w.To = bounds.To.UTC()
	}
	if !w.From.Before(w.To) {
		return base.Window{}
	}
	return w
}

// joined is the shortest window that holds both.
func joined(a, b base.Window) base.Window {
	switch {
	case a.IsZero():
		return b
	case b.IsZero():
		return a
	}
	if b.From.Before(a.From) {
		a.From = b.From
	}
	if b.To.After(a.To) {
		a.To = b.To
	}
	return a
}

// hintOf is what a caller may do about the error, or else what it is.
func hintOf(err error) string {
	if e, ok := errors.AsType[*base.IncompleteError](err); ok && e.Unwrap() == nil {
		return e.Missing
	}
	if e, ok := errors.AsType[*base.Error](err); ok && e.Hint != "" {
		return e.Kind.String() + ": " + e.Hint
	}
	return err.Error()
}

// maxLine bounds a text that came from outside and stands in a line of a report.
const maxLine = 300

// oneLine makes one line of a text, of bounded length.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text[:min(len(text), 4*maxLine)], "")), " ")
	if len(text) <= maxLine {
		return text
	}
	cut := maxLine
	for text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + "…"
}
