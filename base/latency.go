package base

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Latency is how long the calls of a client took that had an answer: from their beginning, waits and retries included,
// to the answer, or to its first part where it is read part by part. The percentiles are right to within 7 %.
type Latency struct {
	P50 time.Duration `json:"p50_ns"`
	P95 time.Duration `json:"p95_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
	// Measured is how many calls were measured: all of them up to some 500 a second, a fair share of them above.
	Measured int64         `json:"measured"`
	Window   time.Duration `json:"window_ns"` // how far back the measured calls reach, at most
}

const (
	latencySlots = 6
	latencySlot  = time.Minute
	// mostMeasured is how many calls of a second are measured before their share is halved.
	mostMeasured = 512
	// shareHolds is how long a share below one is believed when no call confirms it: a source that has become quiet is
	// measured in full again.
	shareHolds = 2 * time.Second

	exactBuckets   = 16 // one for each microsecond
	perOctave      = 8
	octaves        = 28 // from 16 microseconds to more than an hour
	latencyBuckets = exactBuckets + octaves*perOctave
)

// latency is a histogram of the last minutes. Reading the clock at the end of a call costs as much as a quarter of the
// guard, so of very many calls only a share is measured, and each of those counts for the others.
type latency struct {
	halvings atomic.Uint32 // a call is measured with the chance 1/2^halvings
	until    atomic.Int64  // since the guard's epoch: when halvings is no longer believed

	mu     sync.Mutex
	second int64 // the second of the last measured call
	taken  int   // calls measured in it since the share was halved
	slots  [latencySlots]struct {
		turn     int64 // which minute, plus one
		measured int64
		max      time.Duration
		counts   [latencyBuckets]uint32
	}
}

// golden spreads the numbers of calls evenly, so that two kinds of calls that alternate are both measured.
const golden = 0x9E3779B97F4A7C15

// share says whether the call of that number is measured: zero, or the present halvings plus one.
func (l *latency) share(number uint64, at time.Duration) uint8 {
	halvings := l.halvings.Load()
	if halvings == 0 {
		return 1
	}
	if int64(at) > l.until.Load() {
		l.halvings.Store(0)
		return 1
	}
	if (number*golden)>>(64-halvings) == 0 {
		return uint8(halvings + 1)
	}
	return 0
}

// record counts one measured call for all those that were not.
func (l *latency) record(at, took time.Duration, halvings uint8) {
	l.mu.Lock()
	defer l.mu.Unlock()
	turn := int64(at/latencySlot) + 1
	s := &l.slots[turn%latencySlots]
	if s.turn != turn {
		s.turn, s.measured, s.max = turn, 0, 0
		clear(s.counts[:])
	}
	s.measured++
	s.max = max(s.max, took)
	s.counts[bucketOf(took)] += 1 << halvings
	l.adapt(at)
}

// adapt keeps the number of calls measured in a second near mostMeasured; the caller holds the lock.
func (l *latency) adapt(at time.Duration) {
	halvings := l.halvings.Load()
	if second := int64(at / time.Second); second != l.second {
		if l.taken < mostMeasured/4 && halvings > 0 {
			halvings--
		}
		l.second, l.taken = second, 0
	}
	if l.taken++; l.taken >= mostMeasured {
		l.taken = 0
		halvings = min(halvings+1, 20)
	}
	l.until.Store(int64(at + shareHolds))
	l.halvings.Store(halvings)
}

// read is the latency as of now; nil where nothing was measured.
func (l *latency) read(now time.Duration) *Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	var counts [latencyBuckets]int64
	sum := Latency{Window: min(now, latencySlots*latencySlot)}
	turn := int64(now/latencySlot) + 1
	for i := range l.slots {
		s := &l.slots[i]
		if s.turn <= turn-latencySlots || s.measured == 0 {
			continue
		}
		sum.Measured += s.measured
		sum.Max = max(sum.Max, s.max)
		for b, n := range s.counts {
			counts[b] += int64(n)
		}
	}
	if sum.Measured == 0 {
		return nil
	}
	sum.P50 = min(sum.Max, percentile(&counts, 50))
	sum.P95 = min(sum.Max, percentile(&counts, 95))
	sum.P99 = min(sum.Max, percentile(&counts, 99))
	return &sum
}

// percentile is the middle of the bucket in which that share of the calls is reached.
func percentile(counts *[latencyBuckets]int64, percent int64) time.Duration {
	var all, seen int64
	for _, n := range counts {
		all += n
	}
	for b, n := range counts {
		if seen += n; n > 0 && seen*100 >= all*percent {
			return middleOf(b)
		}
	}
	return 0
}

// bucketOf is the bucket of a duration: eight to each doubling.
func bucketOf(d time.Duration) int {
	us := uint64(max(0, d/time.Microsecond))
	if us < exactBuckets {
		return int(us)
	}
	octave := bits.Len64(us) - 5 // zero for 16 to 31 microseconds
	if octave >= octaves {
		return latencyBuckets - 1
	}
	return exactBuckets + octave*perOctave + int(us>>(octave+1))&(perOctave-1)
}

func middleOf(bucket int) time.Duration {
	if bucket < exactBuckets {
		return time.Duration(bucket)*time.Microsecond + time.Microsecond/2
	}
	octave, part := (bucket-exactBuckets)/perOctave, (bucket-exactBuckets)%perOctave
	width := time.Microsecond << (octave + 1)
	return width*time.Duration(perOctave+part) + width/2
}
