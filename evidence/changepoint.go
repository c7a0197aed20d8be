package evidence

import (
	"math"
	"time"
)

// event is one trace seen by one question: did it show the thing or not. It is the unit of every statistic here, for
// what happens several times within one trace is not independent.
type event struct {
	at     int64 // nanoseconds
	shown  bool
	proof  proof
	caller string // the service that called, where that matters
}

// tally counts events.
type tally struct{ n, shown float64 }

func (t tally) plus(o tally) tally { return tally{t.n + o.n, t.shown + o.shown} }

func (t tally) rate() float64 {
	if t.n == 0 {
		return 0
	}
	return t.shown / t.n
}

func tallyOf(events []event) tally {
	var t tally
	for _, e := range events {
		t.n++
		if e.shown {
			t.shown++
		}
	}
	return t
}

// rising is a rate that rose at one point and stayed up to the end.
type rising struct {
	first    int     // the first event after the point
	strength float64 // nats; zero if there is no such point
	before   tally   // the baseline and the prior doubt included
	after    tally
}

const (
	// priorDoubt is how many events without the thing are taken as seen before anything was: what was not seen yet is
	// rare. Without it two quiet events would already prove a change.
	priorDoubt = 2
	// rare is the most that a thing may show in quiet times: what is more common is a habit, and habits shift with the
	// traffic.
	rare = 0.1
)

// findStep finds the point at which the rate of the thing rose the most beyond chance, and stayed up. known is what was
// seen of it in the baseline.
func findStep(events []event, known tally) rising {
	after := tallyOf(events)
	var own tally
	var best rising
	for i, e := range events {
		before := own.plus(known).plus(tally{n: priorDoubt})
		if e.shown && before.rate() <= rare && after.rate() > before.rate() {
			if s := joint(rise(own, after), rise(before, after)); s > best.strength {
				best = rising{first: i, strength: s, before: before, after: after}
			}
		}
		one := tallyOf(events[i : i+1])
		own = own.plus(one)
		after = tally{after.n - one.n, after.shown - one.shown}
	}
	if best.strength > 0 {
		best.strength *= lasting(events, best) / dispersion(events, best)
	}
	return best
}

// foreign is how many nats the baseline alone may add, twice over: too few for a fault.
const foreign = 10

// joint is the strength of what the window itself shows, and of that together with what was known before. What differs
// from another day only may be the other day, so the window has to bear its share.
func joint(own, all float64) float64 {
	return own + min(max(0, all-own), own+foreign)/2
}

// rise is the log-likelihood ratio of two rates against one.
func rise(before, after tally) float64 {
	return likelihood(before) + likelihood(after) - likelihood(before.plus(after))
}

// likelihood is the log-likelihood of what was counted under its own rate.
func likelihood(t tally) float64 {
	return xlogx(t.shown) + xlogx(t.n-t.shown) - xlogx(t.n)
}

func xlogx(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(x)
}

// blip is how long, in nanoseconds, something odd goes on now and then in health.
const blip = int64(30 * time.Second)

// lasting lessens what began so shortly before the end of a longer watch that it may be a blip.
func lasting(events []event, s rising) float64 {
	last := events[len(events)-1].at
	least := min(blip, (last-events[0].at)/4)
	return min(1, float64(last-events[s.first].at+1)/float64(least+1))
}

// blocks is into how many pieces of equal time a window is cut to see how evenly a thing shows.
const blocks = 18

// dispersion is how much more the rate varies from block to block, before and after the step, than it would if events
// were independent: the statistic of Pearson by its degrees of freedom. Slow spells come in runs, and a run is one piece
// of evidence; a spell that is over by itself is such a run.
func dispersion(events []event, s rising) float64 {
	from, width := events[0].at, (events[len(events)-1].at-events[0].at)/blocks+1
	chi, used := 0.0, 0
	for _, side := range [][]event{events[:s.first], events[s.first:]} {
		all := tallyOf(side)
		p := min(max(all.rate(), 0.5/max(all.n, 1)), 1-0.5/max(all.n, 1))
		for len(side) > 0 {
			n := 0
			for n < len(side) && (side[n].at-from)/width == (side[0].at-from)/width {
				n++
			}
			block := tallyOf(side[:n])
			chi += (block.shown - block.n*p) * (block.shown - block.n*p) / (block.n * p * (1 - p))
			used++
			side = side[n:]
		}
	}
	if used <= 3 {
		return 1
	}
	return max(1, chi/float64(used-2))
}
