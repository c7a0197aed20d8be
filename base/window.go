package base

import (
	"errors"
	"fmt"
	"time"
)

// Window is a half-open span of time, From included and To excluded. Both ends carry their zone; sources convert
// to UTC before they ask. The zero Window means that no time was named.
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Around returns the window that begins before the instant and ends after it.
func Around(at time.Time, before, after time.Duration) Window {
	return Window{From: at.Add(-before), To: at.Add(after)}
}

// IsZero reports whether neither end is set.
func (w Window) IsZero() bool { return w.From.IsZero() && w.To.IsZero() }

// Duration is the length of the window, zero when an end is missing.
func (w Window) Duration() time.Duration {
	if w.From.IsZero() || w.To.IsZero() {
		return 0
	}
	return w.To.Sub(w.From)
}

// Contains reports whether the instant lies in the window.
func (w Window) Contains(at time.Time) bool { return !at.Before(w.From) && at.Before(w.To) }

// Validate reports a missing end or a window that does not run forward. The error names the end that is wrong.
func (w Window) Validate() error {
	switch {
	case w.From.IsZero():
		return errors.New("window.from: missing")
	case w.To.IsZero():
		return errors.New("window.to: missing")
	case !w.To.After(w.From):
		return fmt.Errorf("window.to: %s is not after window.from %s",
			w.To.UTC().Format(time.RFC3339Nano), w.From.UTC().Format(time.RFC3339Nano))
	}
	return nil
}
