package breaker

import "time"

// slots is how finely the window is cut; a call is forgotten at most one slot late.
const slots = 10

// window counts calls over a sliding span of time. Successes are collected outside, without reading a clock, and are
// brought in with the next failure: they belong to the slot that was current when the window was last turned.
type window struct {
	good, bad [slots]int64
	slot      int64 // number of the current slot
}

// turn moves the window to now and brings in the successes seen since the last turn.
func (w *window) turn(now, span time.Duration, good int64) {
	w.good[w.slot%slots] += good
	next := int64(now) / max(1, int64(span)/slots)
	for n := max(w.slot+1, next-slots+1); n <= next; n++ {
		w.good[n%slots], w.bad[n%slots] = 0, 0
	}
	w.slot = max(w.slot, next)
}

func (w *window) fail() { w.bad[w.slot%slots]++ }

func (w *window) sum() (good, bad int64) {
	for i := range slots {
		good += w.good[i]
		bad += w.bad[i]
	}
	return good, bad
}
