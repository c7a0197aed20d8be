package evidence_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/race"
)

// shelf is a store of logs that holds what it answers with, and fails as it is told.
type shelf struct {
	name      string
	records   []logs.Record
	most      int           // records of one answer; 0 = as many as are asked for
	failAfter int           // records of all calls, after which it fails for good; negative = never
	failure   error         // how it fails; nil = it is not available
	given     int           // so far
	asked     []logs.Query  // so far
	raw       []logs.Record // what it gives whatever it is asked for, where it is set
	opens     func(context.Context) error
}

var errGone = base.NewError(base.KindUnavailable, errors.New("the store is gone"))

func newShelf(name string, records ...logs.Record) *shelf {
	return &shelf{name: name, records: records, failAfter: -1, failure: errGone}
}

func (s *shelf) Name() string { return s.name }

// byTime is the order of a store: by time and then by id, both in the same direction.
func byTime(order logs.Order) func(a, b logs.Record) int {
	return func(a, b logs.Record) int {
		if order == logs.NewestFirst {
			a, b = b, a
		}
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	}
}

func (s *shelf) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		s.asked = append(s.asked, q)
		if s.opens != nil {
			if err := s.opens(ctx); err != nil {
				yield(logs.Record{}, err)
				return
			}
		}
		found := slices.DeleteFunc(slices.Clone(s.records), func(r logs.Record) bool { return !q.Window.Contains(r.Time) })
		slices.SortStableFunc(found, byTime(q.Order))
		if s.raw != nil {
			found = s.raw
		}
		limit := q.Limit
		if s.most > 0 {
			limit = min(limit, s.most)
		}
		for i, r := range found {
			switch {
			case s.failAfter >= 0 && s.given >= s.failAfter:
				yield(logs.Record{}, s.failure)
				return
			case i == limit && limit >= 0:
				yield(logs.Record{}, base.NewIncomplete(base.Truncated, s.name, "Logs", int64(i), "more match", nil))
				return
			}
			s.given++
			if !yield(r, nil) {
				return
			}
		}
		if s.failAfter >= 0 && s.given >= s.failAfter {
			yield(logs.Record{}, s.failure)
		}
	}
}

// today is when the tests of logs by age are asked.
var today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func clockOf(at time.Time) func() time.Time { return func() time.Time { return at } }

func ago(days float64) time.Time { return today.Add(-time.Duration(days * 24 * float64(time.Hour))) }

// told is what a record says, whichever store it comes from.
type told struct {
	at            int64
	service, body string
}

func tell(r logs.Record) told { return told{r.Time.UnixNano(), r.Service, r.Body} }

func counts(all []logs.Record) map[told]int {
	n := map[told]int{}
	for _, r := range all {
		n[tell(r)]++
	}
	return n
}

// archive is some hundred records and the stores that keep them: live and history overlap by days, history has a
// mirror, and some records are twice in their store.
type archive struct {
	truth                 []logs.Record
	live, history, mirror *shelf
	tiers                 evidence.LogTiers
}

func newArchive(rng *rand.Rand) archive {
	a := archive{live: newShelf("live"), history: newShelf("history"), mirror: newShelf("mirror")}
	overlap := time.Duration(rng.IntN(20)) * 24 * time.Hour
	youngest := evidence.LiveLogs - overlap
	cuts := []time.Time{today.Add(-youngest), today.Add(-evidence.LiveLogs), today.Add(-evidence.HistoryLogs)}
	nameless := rng.IntN(3) == 0 // history keeps no ids
	for i := range rng.IntN(400) {
		at := today.Add(-time.Duration(rng.Int64N(int64(evidence.HistoryLogs))))
		switch rng.IntN(4) {
		case 0: // many records of a few instants
			at = today.Add(-time.Duration(rng.IntN(12)) * 15 * 24 * time.Hour)
		case 1: // about a boundary
			at = cuts[rng.IntN(3)].Add(time.Duration(rng.IntN(3) - 1))
		}
		if at.Before(cuts[2]) || at.After(today) {
			continue
		}
		r := logs.Record{Time: at, Service: "s", Body: fmt.Sprint("line ", rng.IntN(4)), ID: fmt.Sprintf("id-%03d", i)}
		a.put(r, !at.Before(cuts[1]), at.Before(cuts[0]), nameless)
		if rng.IntN(8) == 0 { // the same line twice
			r.ID += "-again"
			a.put(r, !at.Before(cuts[1]), at.Before(cuts[0]), nameless)
		}
	}
	a.mirror.records = a.history.records
	a.tiers = evidence.LogTiers{Now: clockOf(today), Tiers: []evidence.LogTier{
		{Sources: []logs.Source{a.live}, Oldest: evidence.LiveLogs},
		{Sources: []logs.Source{a.history, a.mirror}, Youngest: youngest, Oldest: evidence.HistoryLogs},
	}}
	for _, s := range []*shelf{a.live, a.history, a.mirror} {
		if rng.IntN(2) == 0 {
			s.most = 20 + rng.IntN(200)
		}
	}
	return a
}

// put files a record where its age belongs, and now and then where it does not: from there it must not come.
func (a *archive) put(r logs.Record, live, history, nameless bool) {
	a.truth = append(a.truth, r)
	stray := len(a.truth)%5 == 0
	if live || stray {
		a.live.records = append(a.live.records, r)
	}
	if history || stray {
		if nameless {
			r.ID = ""
		}
		a.history.records = append(a.history.records, r)
	}
}

// sortedAs says whether records are in the order of the query.
func sortedAs(all []logs.Record, order logs.Order) bool {
	return slices.IsSortedFunc(all, func(a, b logs.Record) int {
		if order == logs.NewestFirst {
			a, b = b, a
		}
		return a.Time.Compare(b.Time)
	})
}

// TestNothingIsLostAndNothingComesTwice holds lists of generated stores to what was put into them: whole ones, ones
// whose tier fails in the middle with and without another source behind it, and pages.
func TestNothingIsLostAndNothingComesTwice(t *testing.T) {
	t.Parallel()
	for seed := range uint64(race.Of(150, 30)) {
		checkArchive(t, seed)
	}
}

func FuzzLogs(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { checkArchive(t, seed) })
}

func checkArchive(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	a := newArchive(rng)
	q := logs.Query{Window: base.Window{From: ago(180), To: today.Add(time.Hour)}, Limit: -1, Order: logs.Order(rng.IntN(2))}
	switch rng.IntN(4) {
	case 1:
		a.history.failAfter = rng.IntN(len(a.history.records) + 1)
	case 2:
		a.history.failAfter, a.mirror.failAfter = rng.IntN(len(a.history.records)+1), rng.IntN(len(a.mirror.records)+1)
	case 3:
		a.live.failAfter = rng.IntN(len(a.live.records) + 1)
	}
	var coverage evidence.LogCoverage
	got, err := base.Collect(evidence.Logs(t.Context(), a.tiers, q, &coverage))
	if !sortedAs(got, q.Order) {
		t.Errorf("seed %d: out of order", seed)
	}
	have, missing := counts(got), 0
	for record, n := range counts(a.truth) {
		switch lost := n - have[record]; {
		case lost < 0:
			t.Errorf("seed %d: %d times %+v, not %d", seed, have[record], record, n)
		case lost > 0 && !slices.ContainsFunc(coverage.Gaps, func(g evidence.LogGap) bool { return g.Window.Contains(time.Unix(0, record.at)) }):
			t.Errorf("seed %d: %d times %+v, not %d, and no gap holds it: %+v", seed, have[record], record, n, coverage.Gaps)
		default:
			missing += lost
		}
		delete(have, record)
	}
	if len(have) > 0 {
		t.Errorf("seed %d: made up: %+v", seed, have)
	}
	if wants := len(coverage.Gaps) > 0; wants == (err == nil) || missing > 0 && !wants || err != nil && len(got) > 0 && !errors.Is(err, base.ErrPartial) {
		t.Errorf("seed %d: %d missing, %+v, %v", seed, missing, coverage, err)
	}
	if err == nil {
		checkPages(t, seed, rng, a, q, got)
	}
}

// checkPages holds the pages of a list to the list.
func checkPages(t *testing.T, seed uint64, rng *rand.Rand, a archive, q logs.Query, want []logs.Record) {
	t.Helper()
	a.live.failAfter, a.history.failAfter = -1, -1
	whole, err := base.Collect(evidence.Logs(t.Context(), a.tiers, q, nil))
	if err != nil || len(whole) != len(want) {
		t.Errorf("seed %d: %d records, then %d: %v", seed, len(want), len(whole), err)
	}
	q.Limit = 1 + rng.IntN(90)
	var paged []logs.Record
	for cursor, more := "", true; more; {
		p, err := evidence.LogsPage(t.Context(), a.tiers, q, cursor)
		if err != nil || len(p.Items) > q.Limit || p.More && len(p.Items) < q.Limit {
			t.Fatalf("seed %d: %d of %d, %v", seed, len(p.Items), q.Limit, err)
		}
		paged, cursor, more = append(paged, p.Items...), p.Cursor, p.More
	}
	if !slices.EqualFunc(whole, paged, func(a, b logs.Record) bool { return a.ID == b.ID && tell(a) == tell(b) }) {
		t.Errorf("seed %d: %d records by pages of %d are not the %d of the list", seed, len(paged), q.Limit, len(whole))
	}
}
