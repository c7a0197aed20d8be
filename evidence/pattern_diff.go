package evidence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

// Change says how a pattern differs between two windows.
type Change string

// A pattern is one of these, or it has not changed.
const (
	NewPattern  Change = "new"  // only in the later window
	GonePattern Change = "gone" // only in the earlier one
	MoreOften   Change = "more"
	LessOften   Change = "less"
)

// PatternChange is a pattern whose rate differs between the windows.
type PatternChange struct {
	Change Change `json:"change"`
	// Pattern is what was seen of it in both windows; its examples are of the later one, and of the earlier one where
	// the pattern is gone.
	Pattern    Pattern `json:"pattern"`
	Before     int64   `json:"before"` // records
	During     int64   `json:"during"`
	RateBefore float64 `json:"rate_before"` // records a minute
	RateDuring float64 `json:"rate_during"`
	// Surprise is how unlikely the two counts are if nothing has changed: the log-likelihood ratio of two Poisson rates
	// against one, in nats, divided by how much more than Poisson counts the patterns vary as a whole.
	Surprise float64 `json:"surprise"`
	// Significant reports whether the surprise is beyond what chance gives one time in twenty, of that many patterns.
	Significant bool `json:"significant"`
}

// Diff is what has changed in the logs between two windows.
type Diff struct {
	Before        base.Window `json:"before"` // what the rates are of: the part of the window that was read
	During        base.Window `json:"during"`
	RecordsBefore int64       `json:"records_before"`
	RecordsDuring int64       `json:"records_during"`
	// Traffic is the factor by which the rates of all lines changed together, the median of the patterns that stand in
	// both windows. The comparison takes it out. It is 1 where fewer than ten patterns stand in both.
	Traffic float64 `json:"traffic"`
	// Changes are ordered by surprise, the greatest first. Every new and every gone pattern is among them, significant
	// or not; of the others those that are significant and differ by half at least.
	Changes   []PatternChange `json:"changes"`
	Unchanged int             `json:"unchanged"` // patterns
	Left      int             `json:"left"`      // changes beyond max_patterns
	Outcome   base.Outcome    `json:"outcome"`
	Stats     base.Stats      `json:"stats,omitzero"`
}

// PatternDiff compares the patterns of two windows that do not overlap: what is new, what is gone, what is more
// frequent or rarer than the traffic as a whole explains. A line that is gone counts as much as a new one. Rates are by
// the minute, so the windows need not be equally long; where a window was read in part, the part counts. The query's own window is not used, and its limit
// holds for each window. See LogPatterns for limits, bounds and errors; a window that cannot be read at all is an error.
func PatternDiff(ctx context.Context, source logs.Source, q logs.Query, before, during base.Window, o PatternOptions) (Diff, error) {
	const op = "PatternDiff"
	o, err := o.withDefaults(op)
	if err != nil {
		return Diff{}, err
	}
	if err := checkWindows(op, before, during); err != nil {
		return Diff{}, err
	}
	if source == nil {
		return Diff{}, base.Invalid("evidence", op, "source: missing; pass a client that has logs")
	}
	sides := [2]*side{newSide(o, before), newSide(o, during)}
	var reading sync.WaitGroup
	for _, s := range sides {
		reading.Go(func() { s.read(ctx, source, q) })
	}
	reading.Wait()
	for _, s := range sides {
		if s.err != nil && s.miner.records == 0 {
			return Diff{Outcome: base.Failed, Stats: s.stats}, s.err
		}
	}
	return compareSides(sides[0], sides[1]), nil
}

func checkWindows(op string, before, during base.Window) error {
	if err := before.Validate(); err != nil {
		return base.Invalid("evidence", op, "before: %s", err)
	}
	if err := during.Validate(); err != nil {
		return base.Invalid("evidence", op, "during: %s", err)
	}
	if before.From.Before(during.To) && during.From.Before(before.To) {
		return base.Invalid("evidence", op, "before and during overlap; a record must lie in one of them")
	}
	return nil
}

// side is one window of a comparison.
type side struct {
	miner  *miner
	window base.Window
	stats  base.Stats
	err    error
}

func newSide(o PatternOptions, w base.Window) *side { return &side{miner: newMiner(o), window: w} }

func (s *side) read(ctx context.Context, source logs.Source, q logs.Query) {
	q.Window = s.window
	_, s.err = guarded(ctx, func(ctx context.Context) (int, error) {
		var err error
		s.stats, err = s.miner.read(ctx, source, q)
		return int(s.miner.records), err
	})
	if covered := clipped(s.stats.Covered, s.window); s.err != nil && !covered.IsZero() {
		s.window = covered
	}
}

// compareSides mines the lines of both windows together, so that a template means the same in both.
func compareSides(before, during *side) Diff {
	d := Diff{
		Before: before.window, During: during.window, RecordsBefore: before.miner.records, RecordsDuring: during.miner.records,
		Changes: []PatternChange{}, Outcome: base.Data,
	}
	if d.RecordsBefore+d.RecordsDuring == 0 {
		d.Outcome = base.NoData
	}
	all := newMiner(before.miner.options)
	for i, s := range []*side{before, during} {
		all.take(s.miner)
		d.Stats.Add(s.stats)
		d.Stats.Notes = append(d.Stats.Notes, s.miner.notes()...)
		if s.err != nil {
			d.Outcome = worse(d.Outcome, base.OutcomeOf(1, s.err))
			d.Stats.Notes = append(d.Stats.Notes, [...]string{"before: ", "during: "}[i]+missingOf(s.err))
		}
	}
	var pairs []*pair
	for _, g := range all.merged() {
		pairs = append(pairs, &pair{whole: g, before: before.miner.part(g), during: during.miner.part(g)})
	}
	d.weigh(pairs)
	d.choose(pairs, all)
	return d
}

// worse is the outcome that says less of the two; data that were cut are better than data that could not be read.
func worse(a, b base.Outcome) base.Outcome {
	if a == base.Partial || b == base.Partial {
		return base.Partial
	}
	return max(a, b)
}

// take adds the lines of another miner.
func (m *miner) take(o *miner) {
	m.records += o.records
	m.folded += o.folded
	for key, g := range o.shapes {
		known, ok := m.shapes[key]
		if !ok {
			known = &lineGroup{key: key, pieces: slices.Clone(g.pieces), site: g.site}
			known.own()
			m.shapes[key] = known
		}
		known.absorb(g, m.options.Examples)
	}
}

// part is what this miner has of a template that several miners' lines were merged into.
func (m *miner) part(whole *lineGroup) *lineGroup {
	part := &lineGroup{}
	part.own()
	for _, key := range whole.keys() {
		if g, ok := m.shapes[key]; ok {
			part.absorb(g, m.options.Examples)
		}
	}
	return part
}

// pair is one template in both windows.
type pair struct {
	whole, before, during *lineGroup
	surprise              float64
}

// The thresholds of a comparison.
const (
	chance       = 0.05 // of a change that is none to be called significant, in the whole of a comparison
	leastFactor  = 1.5  // between rates that are called different
	mostVariance = 10   // that a comparison takes for usual, in units of a Poisson count's
	steadyCount  = 10   // records of a pattern, and such patterns, that say what is usual
)

// weigh finds how surprising each pair is.
func (d *Diff) weigh(pairs []*pair) {
	steady := slices.DeleteFunc(slices.Clone(pairs), func(p *pair) bool {
		return p.before.count == 0 || p.during.count == 0 || p.whole.count < steadyCount
	})
	d.Traffic = 1
	if len(steady) >= steadyCount {
		d.Traffic = medianOf(steady, func(p *pair) float64 {
			return rate(p.during.count, d.During) / rate(p.before.count, d.Before)
		})
	}
	t0, t1 := d.Before.Duration().Minutes(), d.During.Duration().Minutes()*d.Traffic
	for _, p := range pairs {
		p.surprise = surpriseOf(p.before.count, p.during.count, t0, t1)
	}
	// Log lines come in bursts. Twice the surprise of a count that is Poisson has the median 0.455 (chi-squared, one
	// degree of freedom); what the median pattern has beyond that is how much more lines vary when nothing has changed.
	variance := 1.0
	if len(steady) >= steadyCount {
		variance = medianOf(steady, func(p *pair) float64 { return 2 * p.surprise / 0.4549 })
		variance = min(max(1, variance), mostVariance)
	}
	for _, p := range pairs {
		p.surprise /= variance
	}
}

// medianOf is the middle one of the values that not a few pairs have.
func medianOf(pairs []*pair, value func(*pair) float64) float64 {
	all := make([]float64, 0, len(pairs))
	for _, p := range pairs {
		all = append(all, value(p))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// rate is records a minute.
func rate(count int64, w base.Window) float64 { return float64(count) / w.Duration().Minutes() }

// choose keeps the pairs that have changed, the most surprising first.
func (d *Diff) choose(pairs []*pair, all *miner) {
	slices.SortStableFunc(pairs, func(a, b *pair) int {
		return cmp.Or(cmp.Compare(b.surprise, a.surprise), cmp.Compare(b.whole.worst, a.whole.worst), cmp.Compare(b.whole.count, a.whole.count))
	})
	bar := math.Log(max(1, float64(len(pairs))) / chance)
	for _, p := range pairs {
		c := d.change(p, all)
		c.Significant = c.Surprise >= bar
		switch {
		case c.Change == "", !c.Significant && (c.Change == MoreOften || c.Change == LessOften):
			d.Unchanged++
		case len(d.Changes) >= all.options.MaxPatterns:
			d.Left++
		default:
			d.Changes = append(d.Changes, c)
		}
	}
	if d.Left > 0 {
		d.Outcome = worse(d.Outcome, base.Truncated)
		d.Stats.Notes = append(d.Stats.Notes, fmt.Sprintf("%d less surprising changes are left out; raise max_patterns", d.Left))
	}
}

func (d *Diff) change(p *pair, all *miner) PatternChange {
	c := PatternChange{
		Pattern: p.whole.pattern(all), Before: p.before.count, During: p.during.count, Surprise: p.surprise,
		RateBefore: rate(p.before.count, d.Before), RateDuring: rate(p.during.count, d.During),
	}
	c.Pattern.Examples = slices.Clone(p.during.examples)
	switch {
	case c.Before == 0:
		c.Change = NewPattern
	case c.During == 0:
		c.Change = GonePattern
		c.Pattern.Examples = slices.Clone(p.before.examples)
	case c.RateDuring >= c.RateBefore*d.Traffic*leastFactor:
		c.Change = MoreOften
	case c.RateBefore*d.Traffic >= c.RateDuring*leastFactor:
		c.Change = LessOften
	}
	return c
}

// surpriseOf is the log-likelihood ratio of two counts in nats: how well a rate of its own explains each, against
// one rate for both.
func surpriseOf(k0, k1 int64, t0, t1 float64) float64 {
	n, share := float64(k0+k1), t1/(t0+t1)
	return max(0, likelier(float64(k0), n*(1-share))+likelier(float64(k1), n*share))
}

func likelier(seen, expected float64) float64 {
	if seen == 0 {
		return 0
	}
	return seen * math.Log(seen/expected)
}
