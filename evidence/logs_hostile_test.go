package evidence_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
)

// sequence is a source that is nothing but what it gives, whatever it is asked for.
type sequence func(yield func(logs.Record, error) bool)

func (sequence) Name() string { return "sequence" }

func (s sequence) Logs(context.Context, logs.Query) iter.Seq2[logs.Record, error] {
	return iter.Seq2[logs.Record, error](s)
}

// A source that goes on after its error, or after nobody wants more, panics in Go's own loop: what it said before counts.
func TestASourceThatGoesOnAfterItsErrorIsToldByTheError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source sequence
		kind   base.Kind
		reason string
	}{
		"after its error": {func(yield func(logs.Record, error) bool) {
			yield(line(ago(40), "40"), nil)
			yield(logs.Record{}, errGone)
			yield(line(ago(50), "50"), nil)
		}, base.KindUnavailable, "unavailable"},
		"after a record out of order": {func(yield func(logs.Record, error) bool) {
			yield(line(ago(40), "40"), nil)
			yield(line(ago(35), "35"), nil)
			yield(line(ago(50), "50"), nil)
		}, base.KindProtocol, "out of order"},
	} {
		var coverage evidence.LogCoverage
		got, err := base.Collect(evidence.Logs(t.Context(), byAge(newShelf("live", line(ago(1), "new")), c.source), logs.Query{Window: always}, &coverage))
		if bodies(got) != "new 40" || base.KindOf(err) != c.kind || !errors.Is(err, base.ErrPartial) || !strings.Contains(coverage.Parts[1].Reason, c.reason) {
			t.Errorf("%s: %s, %v, %s", name, bodies(got), err, coverage.Parts[1].Reason)
		}
	}
}

func TestASourceWithoutEndIsReadInBoundsAndLeft(t *testing.T) {
	t.Parallel()
	ended := false
	endless := sequence(func(yield func(logs.Record, error) bool) {
		for at := ago(170); yield(line(at, "x"), nil); at = at.Add(1) {
		}
		ended = true
	})
	n := 0
	for _, err := range byAge(nil, endless).Logs(t.Context(), logs.Query{Window: always, Order: logs.OldestFirst, Limit: 20_000}) {
		if n++; err != nil && !errors.Is(err, base.ErrTruncated) {
			t.Error(err)
		}
	}
	if n != 20_001 || !ended {
		t.Errorf("%d yields, ended %t", n, ended)
	}
}

func TestASourceThatGivesOneInstantWithoutEndIsEnded(t *testing.T) {
	t.Parallel()
	endless := sequence(func(yield func(logs.Record, error) bool) {
		for yield(line(ago(40), "40"), nil) {
		}
	})
	got, err := base.Collect(byAge(nil, endless).Logs(t.Context(), logs.Query{Window: always, Limit: -1}))
	if len(got) > 50_000 || base.KindOf(err) != base.KindTooLarge {
		t.Errorf("%d, %v", len(got), err)
	}
}

func TestASourceThatHasBegunMayTakeItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		slow := waiting{func(yield func(logs.Record, error) bool) {
			_ = yield(line(ago(40), "40"), nil) && yield(line(ago(50), "50"), nil)
		}, 25 * time.Second}
		athena := newShelf("athena")
		got, err := base.Collect(byAge(nil, slow, athena).Logs(ctx, logs.Query{Window: base.Window{From: ago(60), To: ago(31)}}))
		if err != nil || bodies(got) != "40 50" || len(athena.asked) > 0 {
			t.Errorf("%s, %v, another was asked %d times", bodies(got), err, len(athena.asked))
		}
	})
}

// waiting waits behind each record, or for the end of its context.
type waiting struct {
	sequence
	pause time.Duration
}

func (w waiting) Logs(ctx context.Context, _ logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		for r, err := range iter.Seq2[logs.Record, error](w.sequence) {
			if !yield(r, err) {
				return
			}
			select {
			case <-ctx.Done():
				yield(logs.Record{}, ctx.Err())
				return
			case <-time.After(w.pause):
			}
		}
	}
}

func TestASourceIsAskedForTenThousandRecordsAtATimeOrOneInstant(t *testing.T) {
	t.Parallel()
	spread, dense := newShelf("spread"), newShelf("dense")
	for i := range 25_000 {
		spread.records = append(spread.records, line(ago(10).Add(time.Duration(i)), "x"))
		dense.records = append(dense.records, line(ago(40), "x"))
	}
	q := logs.Query{Window: always, Limit: -1}
	got, err := base.Collect(byAge(spread, dense).Logs(t.Context(), q))
	if err != nil || len(got) != 50_000 {
		t.Errorf("%d, %v", len(got), err)
	}
	for i, asked := range spread.asked {
		if asked.Limit != 10_000 {
			t.Errorf("question %d is for %d", i, asked.Limit)
		}
	}
	if first, last := dense.asked[0].Limit, dense.asked[len(dense.asked)-1].Limit; len(spread.asked) != 3 || first != 10_000 || last != 40_000 {
		t.Errorf("%d questions; %d, then %d of one instant", len(spread.asked), first, last)
	}
}

func TestTheCoverageOfACutListEndsWithItsLastRecord(t *testing.T) {
	t.Parallel()
	live := newShelf("live", line(ago(3), "3"), line(ago(2), "2"), line(ago(1), "1"))
	window := base.Window{From: ago(5), To: today}
	for order, want := range []base.Window{{From: ago(2), To: today}, {From: ago(5), To: ago(2).Add(1)}} {
		page, err := evidence.LogsPage(t.Context(), byAge(live), logs.Query{Window: window, Limit: 2, Order: logs.Order(order)}, "")
		if err != nil || !page.More || page.Coverage.Parts[0].Covered != want || page.Stats.Asked != window || page.Stats.Covered != want {
			t.Errorf("order %d: %+v, %+v, %v", order, page.Coverage, page.Stats, err)
		}
	}
}
