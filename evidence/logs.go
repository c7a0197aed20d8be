package evidence

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/output"
)

// The ages at which [LogsByAge] cuts a window.
const (
	LiveLogs    = 30 * 24 * time.Hour  // how old the logs of the live store may be
	HistoryLogs = 180 * 24 * time.Hour // how old logs may be at all
)

// LogTier is a range of ages of logs, and who keeps logs of these ages. A record whose age is Oldest to the nanosecond
// belongs to the tier, one whose age is Youngest does not: it belongs to the tier that ends there.
type LogTier struct {
	// Sources keep the same logs, the best first. A further one is asked for what those before it could not give, from
	// the instant on at which they stopped. One that is a [HealthSource] and down is passed over; what a [LesserSource]
	// lacks stands in the coverage.
	Sources  []logs.Source
	Youngest time.Duration // 0 = no bound: what lies ahead of the clock belongs to the tier too
	Oldest   time.Duration // 0 = no bound
}

// LogTiers are the stores of logs by age. Tiers may overlap, and then a record that several of them keep comes once; ages
// that no tier has are a gap. It is itself a [logs.Source], safe for concurrent use as far as its sources are. The caller
// closes the sources.
type LogTiers struct {
	Tiers []LogTier
	// Now is the clock that ages are told by; nil = time.Now. Ages count from its last whole second in UTC, so that a
	// store of coarser times cuts at the same instant.
	Now func() time.Time
}

// LogsByAge are the tiers of the house: live, as a rule ClickHouse, keeps logs of up to 30 days; history keeps those up
// to 180 days, as a rule Trino with Athena behind it. A live that is nil, or no history, leaves that tier out.
func LogsByAge(live logs.Source, history ...logs.Source) LogTiers {
	var t LogTiers
	if live != nil {
		t.Tiers = append(t.Tiers, LogTier{Sources: []logs.Source{live}, Oldest: LiveLogs})
	}
	if len(history) > 0 {
		t.Tiers = append(t.Tiers, LogTier{Sources: history, Youngest: LiveLogs, Oldest: HistoryLogs})
	}
	return t
}

// Name is that of the tiers together, as one source.
func (LogTiers) Name() string { return "logs" }

// Logs is the function [Logs] without its coverage; what was degraded or missing stands in the notes of [base.Stats].
func (t LogTiers) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return Logs(ctx, t, q, nil)
}

const (
	evidenceName = "evidence"
	opLogs       = "Logs"
	opLogsPage   = "LogsPage"
)

// Logs yields the records that match from all tiers, in the order of time that the query names; records of one instant
// come by id, in the same direction. The window is cut at the ages of the tiers, and the tiers are asked side by side. A
// record that several tiers keep comes once: DESIGN.md says which records are the same one. q.Limit counts records of all
// tiers together: 0 is 10,000, negative is all.
//
// Memory is bounded by some hundred records and one answer of 10,000 at most of each tier, and by 50,000 records of one
// instant; a tier with more of them at one instant fails there. Each tier is asked for a part of its window at a time, so
// that between two parts no source holds a permit while the loop body runs.
//
// The sequence ends without an error only when all that matched was yielded. Else its last yield is
//   - an [base.IncompleteError] that is [base.ErrPartial], and names the parts of the window that nobody answered for and
//     why: all sources of a tier failed, or no tier keeps logs of that age. The records of the other tiers came before it,
//     in order;
//   - one that is [base.ErrTruncated], with the cursor that [LogsPage] goes on from, where the limit cut the list; where a
//     part is missing before the cut it is both;
//   - a *[base.Error]: ErrInvalid for a question or tiers that cannot be asked, and for a window whose logs no tier keeps;
//     what the sources said where none answered anything; that of the context.
//
// coverage, where it is not nil, is filled before the last yield, and when the loop is left: read it after the loop.
// Leaving the loop stops all sources and waits for them. Each loop asks anew.
func Logs(ctx context.Context, tiers LogTiers, q logs.Query, coverage *LogCoverage) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		question, err := tiers.question(opLogs, q, "")
		if err != nil {
			yield(logs.Record{}, err)
			return
		}
		question.limit = listLimit(q.Limit)
		left := false
		err = question.answer(ctx, coverage, func(r logs.Record) bool {
			left = !yield(r, nil)
			return !left
		})
		if err != nil && !left {
			yield(logs.Record{}, err)
		}
	}
}

func listLimit(limit int) int {
	if limit == 0 {
		return output.MaxItems
	}
	return limit
}

// logQuestion is one question to the tiers.
type logQuestion struct {
	op      string
	tiers   []LogTier
	now     time.Time
	query   logs.Query
	window  base.Window // what of the query's window is left to look at, in UTC
	limit   int         // negative = all
	after   *logPlace   // of the last record of the page before; nil = the first page
	binding string
}

// question checks what can be wrong before a source is asked. cursor is empty for a first page.
func (t LogTiers) question(op string, q logs.Query, cursor string) (*logQuestion, error) {
	if err := t.check(op); err != nil {
		return nil, err
	}
	if err := q.Window.Validate(); err != nil {
		return nil, base.Invalid(evidenceName, op, "%v", err)
	}
	if q.Order > logs.OldestFirst {
		return nil, base.Invalid(evidenceName, op, "order: %d is not known; it is NewestFirst or OldestFirst", q.Order)
	}
	clock := t.Now
	if clock == nil {
		clock = time.Now
	}
	l := &logQuestion{
		op: op, tiers: t.Tiers, now: clock().UTC().Truncate(time.Second), query: q, window: utc(q.Window), binding: logBinding(q),
	}
	if gaps := l.gaps(); len(gaps) == 1 && gaps[0].Window == l.window {
		return nil, base.Invalid(evidenceName, op, "window: %s; %s", gaps[0].Reason, l.advice())
	}
	return l, l.resume(cursor)
}

func (t LogTiers) check(op string) error {
	if len(t.Tiers) == 0 {
		return base.Invalid(evidenceName, op, "tiers: none; give at least one")
	}
	for i, tier := range t.Tiers {
		switch {
		case len(tier.Sources) == 0:
			return base.Invalid(evidenceName, op, "tiers[%d].sources: none; give at least one, or leave the tier out", i)
		case tier.Youngest < 0 || tier.Oldest < 0:
			return base.Invalid(evidenceName, op, "tiers[%d]: an age is negative; write 0 for no bound", i)
		case tier.Oldest > 0 && tier.Oldest <= tier.Youngest:
			return base.Invalid(evidenceName, op, "tiers[%d].oldest: %s is not above youngest %s", i, tier.Oldest, tier.Youngest)
		}
		if err := checkSources(op, fmt.Sprintf("tiers[%d].sources", i), tier.Sources); err != nil {
			return err
		}
	}
	return nil
}

func (l *logQuestion) newest() bool { return l.query.Order == logs.NewestFirst }

// part is what of a window has an age of the tier; one that does not run forward is empty.
func (l *logQuestion) part(t LogTier, w base.Window) base.Window {
	if t.Oldest > 0 {
		w.From = later(w.From, l.now.Add(-t.Oldest))
	}
	if t.Youngest > 0 {
		w.To = earlier(w.To, l.now.Add(-t.Youngest))
	}
	return w
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// gaps are the parts of the window whose age no tier has.
func (l *logQuestion) gaps() []LogGap {
	parts := make([]base.Window, 0, len(l.tiers))
	for _, t := range l.tiers {
		if w := l.part(t, l.window); w.From.Before(w.To) {
			parts = append(parts, w)
		}
	}
	slices.SortFunc(parts, func(a, b base.Window) int { return a.From.Compare(b.From) })
	var all []LogGap
	at := l.window.From
	for _, p := range append(parts, base.Window{From: l.window.To, To: l.window.To}) {
		if at.Before(p.From) {
			w := base.Window{From: at, To: p.From}
			all = append(all, LogGap{Window: w, Tier: -1, Reason: l.unkept(w)})
		}
		at = later(at, p.To)
	}
	return all
}

// unkept says why nobody can answer for the window.
func (l *logQuestion) unkept(w base.Window) string {
	oldest := l.oldest()
	if oldest == 0 || l.now.Add(-oldest).Before(w.To) {
		return "no tier keeps logs of that age"
	}
	return fmt.Sprintf("older than %s, and no tier keeps such logs", days(oldest))
}

// oldest is the age up to which any tier keeps logs, 0 where one has no bound.
func (l *logQuestion) oldest() time.Duration {
	var most time.Duration
	for _, t := range l.tiers {
		if t.Oldest == 0 {
			return 0
		}
		most = max(most, t.Oldest)
	}
	return most
}

// advice is what to ask instead of a window that nobody keeps.
func (l *logQuestion) advice() string {
	if oldest := l.oldest(); oldest > 0 {
		return "ask for a window from " + l.now.Add(-oldest).Format(time.RFC3339) + " on"
	}
	return "give a tier that keeps them"
}

const day = 24 * time.Hour

// days spells an age.
func days(age time.Duration) string {
	if age%day == 0 {
		return fmt.Sprintf("%d days", age/day)
	}
	return age.String()
}
