package breaker

import "time"

// slots is how finely the window is cut; a call is forgotten at most one slot early.
const slots = 10

// window counts calls over a sliding span of time. It knows no clock of its own.
type window struct {
	good, bad [slots]int64
	current   int
	began     time.Duration // of the current slot
}

// turn moves the window to now; what is older than the span is forgotten.
func (w *window) turn(now, span time.Duration) {
	passed := (now - w.began) / length(span)
	for range min(passed, slots) {
		w.current = (w.current + 1) % slots
		w.good[w.current], w.bad[w.current] = 0, 0
	}
	w.began += max(0, passed) * length(span)
}

// length is that of one slot.
func length(span time.Duration) time.Duration { return max(1, span/slots) }

func (w *window) sum() (good, bad int64) {
	for i := range slots {
		good += w.good[i]
		bad += w.bad[i]
	}
	return good, bad
}
