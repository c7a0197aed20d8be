package evidence

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

// logMerge joins what the readers of the tiers hand over into one list.
type logMerge struct {
	*logQuestion
	running sync.WaitGroup
	lanes   []*logLane
	seen    int64         // records handed out
	last    []logs.Record // those of them of the last instant
	left    bool          // before the end, by the limit or by the caller
	more    bool          // match, beyond the limit
}

// logLane is the merge's end of one reader.
type logLane struct {
	*tierReader
	tier   int
	head   logBatchOf
	bound  time.Time // nothing that comes lies before it, in the order of the list
	closed bool
	out    []int64 // records handed out, by source
	twice  []int64
}

// answer asks the tiers and gives the records to yield until it says no.
func (l *logQuestion) answer(ctx context.Context, coverage *LogCoverage, yield func(logs.Record) bool) error {
	m := &logMerge{logQuestion: l}
	m.run(ctx, yield)
	seen := m.coverage()
	if coverage != nil {
		*coverage = seen
	}
	m.tell(ctx, seen)
	return m.ending(ctx, seen)
}

// run starts the readers, joins what they hand over and waits for their end, also when the loop body panics.
func (m *logMerge) run(ctx context.Context, yield func(logs.Record) bool) {
	reading, stop := context.WithCancelCause(ctx)
	defer m.running.Wait()
	defer stop(errLeft)
	for i, t := range m.tiers {
		if part := m.part(t, m.window); part.From.Before(part.To) {
			m.lanes = append(m.lanes, newLogLane(i, newTierReader(m.logQuestion, t, part)))
		}
	}
	for _, lane := range m.lanes {
		lane.start(reading, &m.running)
	}
	for ctx.Err() == nil {
		one := m.next()
		if len(one.records) == 0 {
			return
		}
		one.ordered(m.newest())
		one.beyond(m.after, m.newest())
		if m.left = !m.give(one, yield); m.left {
			return
		}
	}
}

func newLogLane(tier int, r *tierReader) *logLane {
	lane := &logLane{tierReader: r, tier: tier, bound: r.window.From, out: make([]int64, len(r.sources)), twice: make([]int64, len(r.sources))}
	if r.newest {
		lane.bound = r.window.To.Add(-1)
	}
	return lane
}

// give yields the records of one instant; it is false when the list ends there.
func (m *logMerge) give(one instant, yield func(logs.Record) bool) bool {
	for i, r := range one.records {
		if m.limit >= 0 && m.seen == int64(m.limit) {
			m.more = true
			return false
		}
		lane := m.lanes[one.owners[i]]
		lane.out[lane.head.source]++
		m.seen++
		m.last = one.records[:i+1]
		if !yield(r) {
			return false
		}
	}
	return true
}

// next is the first instant that has not been handed out, with the records that any tier has of it; empty at the end.
func (m *logMerge) next() instant {
	for m.fetch() {
	}
	first := m.first()
	if first == nil {
		return instant{}
	}
	at := first.head.records[0].Time
	var one instant
	for i, lane := range m.lanes {
		if len(lane.head.records) == 0 || !lane.head.records[0].Time.Equal(at) {
			continue
		}
		all, twice := joinInstant(one.records, lane.take(at))
		lane.twice[lane.head.source] += int64(twice)
		for len(one.owners) < len(all) {
			one.owners = append(one.owners, i)
		}
		one.records = all
	}
	return one
}

// first is the lane whose head comes first; nil where no lane has one.
func (m *logMerge) first() *logLane {
	var first *logLane
	for _, lane := range m.lanes {
		if len(lane.head.records) > 0 && (first == nil || m.before(lane.head.records[0].Time, first.head.records[0].Time)) {
			first = lane
		}
	}
	return first
}

// before is the order of the list.
func (m *logMerge) before(a, b time.Time) bool {
	if m.newest() {
		return b.Before(a)
	}
	return a.Before(b)
}

// fetch waits for the one lane whose next records could come first, and is false where none has to be waited for: a tier
// that is slow holds up its own records and no others.
func (m *logMerge) fetch() bool {
	var wanted *logLane
	for _, lane := range m.lanes {
		if !lane.closed && len(lane.head.records) == 0 && (wanted == nil || m.before(lane.bound, wanted.bound)) {
			wanted = lane
		}
	}
	if first := m.first(); wanted == nil || first != nil && m.before(first.head.records[0].Time, wanted.bound) {
		return false
	}
	batch, ok := <-wanted.batches
	wanted.closed = !ok
	if ok {
		wanted.head = batch
	}
	return true
}

// take removes the records of the instant from the head.
func (lane *logLane) take(at time.Time) []logs.Record {
	all := lane.head.records
	n := slices.IndexFunc(all, func(r logs.Record) bool { return !r.Time.Equal(at) })
	if n < 0 {
		n = len(all)
	}
	lane.head.records = all[n:]
	if lane.bound = at.Add(1); lane.newest {
		lane.bound = at.Add(-1)
	}
	return all[:n:n]
}

// window of what was handed out, or lies between two records that were.
func (m *logMerge) passed() base.Window {
	w := utc(m.window)
	if !m.left || len(m.last) == 0 {
		return w
	}
	if at := m.last[0].Time.UTC(); m.newest() {
		w.From = later(w.From, at)
	} else {
		w.To = earlier(w.To, at.Add(1))
	}
	return w
}
