package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

// coverage is the account of a list whose readers have ended.
func (m *logMerge) coverage() LogCoverage {
	seen := LogCoverage{Parts: []LogPart{}, Gaps: []LogGap{}}
	passed := m.passed()
	for _, lane := range m.lanes {
		for i, p := range lane.parts {
			p.Tier, p.Records, p.Twice = lane.tier, lane.out[i], lane.twice[i]
			if m.left {
				p.cut(passed)
			}
			seen.Parts = append(seen.Parts, p)
		}
		if gap, ok := lane.gap(passed); ok {
			seen.Gaps = append(seen.Gaps, gap)
		}
	}
	for _, gap := range m.gaps() {
		if gap.Window = within(gap.Window, passed); !gap.Window.IsZero() {
			seen.Gaps = append(seen.Gaps, gap)
		}
	}
	slices.SortStableFunc(seen.Gaps, func(a, b LogGap) int { return a.Window.From.Compare(b.Window.From) })
	return seen
}

// gap is the part of its window that the tier failed for, as far as the list has come.
func (lane *logLane) gap(passed base.Window) (LogGap, bool) {
	w := within(lane.left, passed)
	if lane.failure == nil || w.IsZero() {
		return LogGap{}, false
	}
	var reasons []string
	for _, p := range lane.parts {
		reasons = append(reasons, p.Source+": "+p.Reason)
	}
	return LogGap{Window: w, Tier: lane.tier, Reason: strings.Join(reasons, "; ")}, true
}

// tell adds what a reader of the stats must know.
func (m *logMerge) tell(ctx context.Context, seen LogCoverage) {
	stats := base.Stats{Asked: m.window}
	for _, p := range seen.Parts {
		if p.Outcome != skipped && p.Degraded != "" {
			stats.Notes = append(stats.Notes, fmt.Sprintf("%s answered for %s to %s, %s", p.Source, clock(p.Asked.From), clock(p.Asked.To), p.Degraded))
		}
		if !p.Covered.IsZero() {
			base.AddStats(ctx, base.Stats{Covered: p.Covered})
		}
	}
	for _, g := range seen.Gaps {
		stats.Notes = append(stats.Notes, "not seen: "+g.String())
	}
	base.AddStats(ctx, stats)
}

// ending is the error that the list ends with, nil when it is whole.
func (m *logMerge) ending(ctx context.Context, seen LogCoverage) error {
	if err := ctx.Err(); err != nil {
		e := base.NewError(base.KindOf(err), context.Cause(ctx))
		e.Source, e.Op = evidenceName, m.op
		return e
	}
	failures := m.failures()
	cause := errors.Join(failures...)
	if m.seen == 0 && len(failures) > 0 && !m.answered(seen) {
		e := base.NewError(base.KindOf(cause), cause).WithText(m.missing(seen.Gaps))
		e.Source, e.Op = evidenceName, m.op
		return e
	}
	if m.more {
		cut := base.NewIncomplete(base.Truncated, evidenceName, m.op, m.seen,
			"more match than the limit; raise it, narrow the window, or go on from the cursor", nil)
		cut.Cursor = m.cursor()
		if len(seen.Gaps) == 0 {
			return cut
		}
		cause = errors.Join(cut, cause)
	}
	if len(seen.Gaps) == 0 {
		return nil
	}
	e := base.NewIncomplete(base.Partial, evidenceName, m.op, m.seen, m.missing(seen.Gaps), cause)
	if m.more {
		e.Cursor = m.cursor()
	}
	return e
}

// failures are those of the tiers.
func (m *logMerge) failures() []error {
	var all []error
	for _, lane := range m.lanes {
		if lane.failure != nil {
			all = append(all, lane.failure)
		}
	}
	return all
}

// answered says whether any source answered for any part of the window.
func (m *logMerge) answered(seen LogCoverage) bool {
	return slices.ContainsFunc(seen.Parts, func(p LogPart) bool { return !p.Covered.IsZero() || p.given > 0 })
}

// missing names the parts that nobody answered for.
func (m *logMerge) missing(gaps []LogGap) string {
	var all []string
	for _, g := range gaps {
		all = append(all, g.String())
	}
	return "nobody answered for " + strings.Join(all, ", ")
}
