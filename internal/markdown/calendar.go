package markdown

import (
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
)

// Calendar writes times of day, and the date before those of another day.
type Calendar struct{ day string }

const dayLayout = "2006-01-02"

// CalendarOf is the calendar of the day of that instant, in UTC.
func CalendarOf(at time.Time) Calendar { return Calendar{at.UTC().Format(dayLayout)} }

// At is the time to the second; empty for no time.
func (c Calendar) At(at time.Time) string { return c.write(at, "15:04:05") }

// Exactly is the time to the millisecond; empty for no time.
func (c Calendar) Exactly(at time.Time) string { return c.write(at, "15:04:05.000") }

func (c Calendar) write(at time.Time, layout string) string {
	at = at.UTC()
	switch {
	case at.IsZero():
		return ""
	case at.Format(dayLayout) == c.day:
		return at.Format(layout)
	}
	return at.Format(dayLayout + " " + layout)
}

// Column is the head of a column of its times.
func (c Calendar) Column() string { return "UTC, " + c.day }

// Instant is date and time to the second.
func Instant(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// Window is "2025-09-16 12:20:00 to 14:20:00 UTC".
func Window(w base.Window) string {
	from, to := w.From.UTC(), w.To.UTC()
	if w.IsZero() {
		return ""
	}
	layout := "15:04:05"
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		layout = "2006-01-02 15:04:05"
	}
	return from.Format("2006-01-02 15:04:05") + " to " + to.Format(layout) + " UTC"
}

// Millis is a number of milliseconds as a length of time.
func Millis(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(time.Millisecond).String()
}

// Counted is a number of things: "1 call", "2 calls".
func Counted[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Said is yes, no, or that nobody said.
func Said(v *bool) string {
	switch {
	case v == nil:
		return "not said"
	case *v:
		return "yes"
	}
	return "no"
}
