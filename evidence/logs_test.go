package evidence_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/evidence"
)

// line is a record of that time.
func line(at time.Time, body string) logs.Record {
	return logs.Record{Time: at, ID: body, Service: "s", Body: body}
}

func bodies(all []logs.Record) string {
	var texts []string
	for _, r := range all {
		texts = append(texts, r.Body)
	}
	return strings.Join(texts, " ")
}

// byAge are the tiers of the house at the time of the tests.
func byAge(live logs.Source, history ...logs.Source) evidence.LogTiers {
	t := evidence.LogsByAge(live, history...)
	t.Now = clockOf(today)
	return t
}

var always = base.Window{From: ago(180), To: today.Add(time.Hour)}

func TestAWindowIsCutAtThirtyAndAHundredAndEightyDays(t *testing.T) {
	t.Parallel()
	all := []logs.Record{
		line(ago(180).Add(-1), "older"), line(ago(180), "oldest"), line(ago(30).Add(-1), "before"), line(ago(30), "boundary"), line(today.Add(time.Minute), "ahead"),
	}
	live, history := newShelf("live", all...), newShelf("history", all...)
	tiers := byAge(live, history)
	tiers.Now = clockOf(today.Add(999 * time.Millisecond).In(time.FixedZone("", 3600))) // ages count from the whole second
	for order, want := range []string{"ahead boundary before oldest", "oldest before boundary ahead"} {
		live.asked, history.asked = nil, nil
		var coverage evidence.LogCoverage
		got, err := base.Collect(evidence.Logs(t.Context(), tiers, logs.Query{Window: always, Order: logs.Order(order)}, &coverage))
		if err != nil || bodies(got) != want {
			t.Errorf("%s, %v", bodies(got), err)
		}
		recent, past := base.Window{From: ago(30), To: always.To}, base.Window{From: ago(180), To: ago(30)}
		wants := []evidence.LogPart{
			{Source: "live", Outcome: "data", Asked: recent, Covered: recent, Records: 2},
			{Tier: 1, Source: "history", Outcome: "data", Asked: past, Covered: past, Records: 2},
		}
		if diff := cmp.Diff(wants, coverage.Parts, cmp.FilterPath(func(p cmp.Path) bool {
			return slices.Contains([]string{"given", "left", "Elapsed"}, strings.TrimPrefix(p.Last().String(), "."))
		}, cmp.Ignore())); diff != "" || len(coverage.Gaps) > 0 {
			t.Errorf("%s%+v", diff, coverage.Gaps)
		}
		if live.asked[0].Window != recent || history.asked[0].Window != past || len(live.asked)+len(history.asked) != 2 {
			t.Errorf("asked: %+v %+v", live.asked, history.asked)
		}
	}
}

func TestWhatIsOlderThanAllTiersIsRefusedOrAGap(t *testing.T) {
	t.Parallel()
	live, history := newShelf("live", line(ago(1), "new")), newShelf("history")
	_, err := base.Collect(evidence.Logs(t.Context(), byAge(live, history), logs.Query{Window: base.Window{From: ago(300), To: ago(180)}}, nil))
	if !errors.Is(err, base.ErrInvalid) || errors.Is(err, base.ErrPartial) || !strings.Contains(err.Error(), "older than 180 days") || !strings.Contains(err.Error(), "from 2025-12-03T12:00:00Z on") {
		t.Errorf("%v", err)
	}
	if len(live.asked)+len(history.asked) != 0 {
		t.Error("a source was asked")
	}
	for order := range logs.Order(2) {
		var coverage evidence.LogCoverage
		got, err := base.Collect(evidence.Logs(t.Context(), byAge(live, history), logs.Query{Window: base.Window{From: ago(181), To: today}, Order: order}, &coverage))
		want := []evidence.LogGap{{Window: base.Window{From: ago(181), To: ago(180)}, Tier: -1, Reason: "older than 180 days, and no tier keeps such logs"}}
		if diff := cmp.Diff(want, coverage.Gaps); diff != "" || bodies(got) != "new" || !errors.Is(err, base.ErrPartial) || !strings.Contains(err.Error(), "2025-12-02T12:00:00Z to 2025-12-03T12:00:00Z") {
			t.Errorf("%s%s, %v", diff, bodies(got), err)
		}
	}
	_, err = base.Collect(evidence.Logs(t.Context(), byAge(live), logs.Query{Window: base.Window{From: ago(40), To: ago(35)}}, nil))
	if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "older than 30 days") {
		t.Errorf("without history: %v", err)
	}
	holed := evidence.LogTiers{Now: clockOf(today), Tiers: []evidence.LogTier{
		{Sources: []logs.Source{live}, Oldest: 24 * time.Hour}, {Sources: []logs.Source{history}, Youngest: 48 * time.Hour},
	}}
	_, err = base.Collect(holed.Logs(t.Context(), logs.Query{Window: base.Window{From: ago(9), To: today}}))
	if !errors.Is(err, base.ErrPartial) || !strings.Contains(err.Error(), "2026-05-30T12:00:00Z to 2026-05-31T12:00:00Z (no tier keeps logs of that age)") {
		t.Errorf("a hole between tiers: %v", err)
	}
}

func TestAnotherSourceGoesOnFromWhereTheFirstStopped(t *testing.T) {
	t.Parallel()
	past := []logs.Record{line(ago(40), "a"), line(ago(40), "b"), line(ago(50), "c"), line(ago(60), "d")}
	for order, want := range []string{"new b a c d", "d c a b new"} {
		for stop := range 5 {
			live, trino, athena := newShelf("live", line(ago(1), "new")), newShelf("trino", past...), newShelf("athena", past...)
			trino.failAfter = stop
			var coverage evidence.LogCoverage
			var stats base.Stats
			q := logs.Query{Window: always, Order: logs.Order(order)}
			got, err := base.Collect(evidence.Logs(base.WithStats(t.Context(), &stats), byAge(live, trino, athena), q, &coverage))
			if err != nil || bodies(got) != want {
				t.Errorf("after %d: %s, %v", stop, bodies(got), err)
			}
			first, second := coverage.Parts[1], coverage.Parts[2]
			if !strings.Contains(second.Degraded, "in the place of trino: unavailable") || second.Outcome != "data" || first.Outcome == "data" || first.Reason == "" {
				t.Errorf("after %d: %+v", stop, coverage.Parts)
			}
			if len(stats.Notes) != 1 || !strings.HasPrefix(stats.Notes[0], "athena answered for ") {
				t.Errorf("after %d: notes %q", stop, stats.Notes)
			}
			if d := first.Covered.Duration() + second.Covered.Duration(); d != ago(30).Sub(ago(180)) {
				t.Errorf("after %d: %s and %s are covered", stop, first.Covered, second.Covered)
			}
		}
	}
}

func TestATierThatFailsLeavesAGapAndTheOthersInOrder(t *testing.T) {
	t.Parallel()
	live, history, mirror := newShelf("live", line(ago(2), "2"), line(ago(1), "1")), newShelf("history", line(ago(40), "40"), line(ago(50), "50")), newShelf("mirror")
	live.failAfter, mirror.failAfter = 1, 0
	var coverage evidence.LogCoverage
	got, err := base.Collect(evidence.Logs(t.Context(), byAge(live, history), logs.Query{Window: always}, &coverage))
	if bodies(got) != "1 40 50" || !errors.Is(err, base.ErrPartial) || !errors.Is(err, errGone) || base.KindOf(err) != base.KindUnavailable {
		t.Errorf("%s, %v", bodies(got), err)
	}
	want := base.Window{From: ago(30), To: ago(1).Add(1)}
	if len(coverage.Gaps) != 1 || coverage.Gaps[0].Window != want || !strings.Contains(err.Error(), "2026-05-02T12:00:00Z to 2026-05-31T12:00:00.000000001Z (live: unavailable") {
		t.Errorf("%+v, %v", coverage.Gaps, err)
	}
	if p := coverage.Parts[0]; p.Outcome != "partial" || p.Records != 1 || p.Covered != (base.Window{From: want.To, To: always.To}) {
		t.Errorf("%+v", p)
	}
	history.failAfter, live.failAfter, live.given = 0, 0, 0
	got, err = base.Collect(evidence.Logs(t.Context(), byAge(live, history, mirror), logs.Query{Window: always}, nil))
	if len(got) != 0 || errors.Is(err, base.ErrPartial) || !errors.Is(err, base.ErrUnavailable) || !strings.Contains(err.Error(), "history: unavailable; mirror: unavailable") {
		t.Errorf("nobody answered: %v", err)
	}
}

func TestALimitEndsTheListWithACursorAndNoFurtherCall(t *testing.T) {
	t.Parallel()
	live, history := newShelf("live"), newShelf("history")
	for i := range 500 {
		live.records = append(live.records, line(ago(1).Add(time.Duration(i)), fmt.Sprintf("live-%03d", i)))
		history.records = append(history.records, line(ago(100).Add(time.Duration(i)), fmt.Sprintf("history-%03d", i)))
	}
	var coverage evidence.LogCoverage
	got, err := base.Collect(evidence.Logs(t.Context(), byAge(live, history), logs.Query{Window: always, Limit: 100}, &coverage))
	e, ok := errors.AsType[*base.IncompleteError](err)
	if len(got) != 100 || !ok || !errors.Is(err, base.ErrTruncated) || errors.Is(err, base.ErrPartial) || e.Seen != 100 {
		t.Fatalf("%d, %v", len(got), err)
	}
	if len(live.asked) != 1 || len(history.asked) != 1 {
		t.Errorf("asked %d and %d times", len(live.asked), len(history.asked))
	}
	if p := coverage.Parts[0]; p.Outcome != "truncated" || p.Records != 100 || p.Covered.From != got[99].Time || len(coverage.Gaps) > 0 {
		t.Errorf("%+v", coverage)
	}
	if p := coverage.Parts[1]; p.Outcome != "truncated" || p.Records != 0 || !p.Covered.IsZero() {
		t.Errorf("%+v", p)
	}
	page, err := evidence.LogsPage(t.Context(), byAge(live, history), logs.Query{Window: always, Limit: 1}, e.Cursor)
	if err != nil || bodies(page.Items) != "live-399" || !page.More || page.Outcome != base.Data {
		t.Errorf("%+v, %v", page, err)
	}
	for name, q := range map[string]logs.Query{
		"another window": {Window: base.Window{From: ago(2), To: today}}, "another order": {Window: always, Order: logs.OldestFirst},
	} {
		if _, err := evidence.LogsPage(t.Context(), byAge(live, history), q, e.Cursor); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("%s: %v", name, err)
		}
	}
	live.failAfter, live.given = 50, 0
	_, err = base.Collect(evidence.Logs(t.Context(), byAge(live, history), logs.Query{Window: always, Limit: 100}, nil))
	if !errors.Is(err, base.ErrPartial) || !errors.Is(err, base.ErrTruncated) {
		t.Errorf("a gap before the cut: %v", err)
	}
	live.given = 0
	page, err = evidence.LogsPage(t.Context(), byAge(live, history), logs.Query{Window: always, Limit: 100}, "")
	if err != nil || page.Outcome != base.Partial || !page.More || len(page.Coverage.Gaps) != 1 {
		t.Errorf("%+v, %v", page.Coverage, err)
	}
}

func TestTheSameRecordOfTwoStoresComesOnce(t *testing.T) {
	t.Parallel()
	at := ago(10)
	record := func(id, body string) logs.Record {
		return logs.Record{Time: at, ID: id, Service: "s", Body: body, TraceID: "t"}
	}
	other := record("", "x")
	other.TraceID = "another"
	for name, c := range map[string]struct{ a, b, want []logs.Record }{
		"the same id":                     {[]logs.Record{record("1", "x")}, []logs.Record{record("1", "x")}, []logs.Record{record("1", "x")}},
		"another id":                      {[]logs.Record{record("1", "x")}, []logs.Record{record("2", "x")}, []logs.Record{record("1", "x"), record("2", "x")}},
		"no id on one side":               {[]logs.Record{record("", "x")}, []logs.Record{record("2", "x")}, []logs.Record{record("2", "x")}},
		"the same id, another text":       {[]logs.Record{record("1", "x")}, []logs.Record{record("1", "y")}, []logs.Record{record("1", "x"), record("1", "y")}},
		"another trace":                   {[]logs.Record{record("", "x")}, []logs.Record{other}, []logs.Record{record("", "x"), other}},
		"twice in both":                   {[]logs.Record{record("", "x"), record("", "x")}, []logs.Record{record("", "x"), record("", "x")}, []logs.Record{record("", "x"), record("", "x")}},
		"twice in one":                    {[]logs.Record{record("", "x")}, []logs.Record{record("", "x"), record("", "x")}, []logs.Record{record("", "x"), record("", "x")}},
		"ids on one side, one lost":       {[]logs.Record{record("1", "x"), record("2", "x")}, []logs.Record{record("", "x")}, []logs.Record{record("1", "x"), record("2", "x")}},
		"an id goes to its own":           {[]logs.Record{record("", "x"), record("2", "x")}, []logs.Record{record("2", "x")}, []logs.Record{record("", "x"), record("2", "x")}},
		"severity and attributes may not": {[]logs.Record{{Time: at, Body: "x", SeverityText: "warn"}}, []logs.Record{{Time: at, Body: "x"}}, []logs.Record{{Time: at, Body: "x", SeverityText: "warn"}}},
	} {
		tiers := evidence.LogTiers{Tiers: []evidence.LogTier{{Sources: []logs.Source{newShelf("a", c.a...)}}, {Sources: []logs.Source{newShelf("b", c.b...)}}}}
		var coverage evidence.LogCoverage
		got, err := base.Collect(evidence.Logs(t.Context(), tiers, logs.Query{Window: always, Order: logs.OldestFirst}, &coverage))
		key := func(r logs.Record) string { return r.ID + " " + r.Body + " " + r.TraceID }
		for _, list := range [][]logs.Record{got, c.want} {
			slices.SortStableFunc(list, func(a, b logs.Record) int { return strings.Compare(key(a), key(b)) })
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %s%v", name, diff, err)
		}
		if twice := coverage.Parts[1].Twice; twice != int64(len(c.a)+len(c.b)-len(c.want)) {
			t.Errorf("%s: %d twice", name, twice)
		}
	}
}

func TestASlowTierHoldsUpNoRecordsBeforeItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		live, history := newShelf("live", line(ago(1), "new")), newShelf("history", line(ago(50), "old"))
		history.opens = func(ctx context.Context) error { // it answers after a minute, or never where the list is left
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Minute):
				return nil
			}
		}
		begin := time.Now()
		for r, err := range byAge(live, history).Logs(t.Context(), logs.Query{Window: always}) {
			if err != nil || r.Body == "new" && time.Since(begin) > 0 || r.Body == "old" && time.Since(begin) != time.Minute {
				t.Errorf("%s after %s, %v", r.Body, time.Since(begin), err)
			}
		}
		for _, err := range byAge(live, history).Logs(t.Context(), logs.Query{Window: always}) {
			if err != nil {
				t.Error(err)
			}
			break // the bubble ends only when all sources have
		}
		if time.Since(begin) != time.Minute {
			t.Errorf("leaving took %s", time.Since(begin)-time.Minute)
		}
	})
}

func TestASourceThatHangsLeavesTimeForTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		trino, athena := newShelf("trino"), newShelf("athena", line(ago(50), "old"))
		trino.opens = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		var coverage evidence.LogCoverage
		got, err := base.Collect(evidence.Logs(ctx, byAge(nil, trino, athena), logs.Query{Window: base.Window{From: ago(60), To: ago(40)}}, &coverage))
		if err != nil || bodies(got) != "old" || time.Since(begin) != 30*time.Second || !strings.Contains(coverage.Parts[0].Reason, "share of the time") {
			t.Errorf("%s after %s, %+v, %v", bodies(got), time.Since(begin), coverage, err)
		}
		if _, err = base.Collect(byAge(nil, trino).Logs(ctx, logs.Query{Window: base.Window{From: ago(60), To: ago(40)}})); !errors.Is(err, base.ErrDeadline) {
			t.Errorf("the deadline: %v", err)
		}
	})
}

func TestTheEndOfTheContextEndsTheList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		live, history := newShelf("live", line(ago(1), "1"), line(ago(2), "2")), newShelf("history", line(ago(50), "old"))
		n := 0
		var last error
		for _, err := range byAge(live, history).Logs(ctx, logs.Query{Window: always}) {
			if last = err; err == nil {
				n++
				cancel()
			}
		}
		if n != 1 || !errors.Is(last, base.ErrCanceled) || errors.Is(last, base.ErrPartial) {
			t.Errorf("%d, %v", n, last)
		}
	})
}

func TestASourceThatBreaksItsPromisesFailsAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*shelf)
		kind  base.Kind
	}{
		"a panic":              {func(s *shelf) { s.opens = func(context.Context) error { panic("x") } }, base.KindInternal},
		"the end of goroutine": {func(s *shelf) { s.opens = func(context.Context) error { runtime.Goexit(); return nil } }, base.KindInternal},
		"no order":             {func(s *shelf) { s.raw = []logs.Record{line(ago(60), "60"), line(ago(40), "40")} }, base.KindProtocol},
		"another window":       {func(s *shelf) { s.raw = []logs.Record{line(ago(29), "29")} }, base.KindProtocol},
		"one instant for ever": {func(s *shelf) {
			for range 50_001 {
				s.records = append(s.records, line(ago(90), "same"))
			}
		}, base.KindTooLarge},
		"a cap that it cannot pass": {func(s *shelf) {
			s.most = 2
			s.records = append(s.records, line(ago(90), "1"), line(ago(90), "2"), line(ago(90), "3"))
		}, base.KindTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			live, history := newShelf("live", line(ago(1), "new")), newShelf("history", line(ago(40), "40"), line(ago(60), "60"))
			c.spoil(history)
			got, err := base.Collect(byAge(live, history).Logs(t.Context(), logs.Query{Window: always, Limit: -1}))
			if len(got) == 0 || got[0].Body != "new" || !errors.Is(err, base.ErrPartial) || base.KindOf(err) != c.kind {
				t.Errorf("%d, %v", len(got), err)
			}
		})
	}
}

func TestASourceIsReadNoFurtherThanTheLoopHasCome(t *testing.T) {
	t.Parallel()
	live, history := newShelf("live"), newShelf("history")
	for i := range 5000 {
		live.records = append(live.records, line(ago(1).Add(time.Duration(i)), "live"))
		history.records = append(history.records, line(ago(100).Add(time.Duration(i)), "history"))
	}
	n := 0
	for _, err := range byAge(live, history).Logs(t.Context(), logs.Query{Window: always, Limit: -1}) {
		if n++; n == 1000 || err != nil {
			break
		}
	}
	if live.given > 1000+200 || history.given > 200 {
		t.Errorf("%d and %d records were read for 1000", live.given, history.given)
	}
}

func TestALogQuestionThatCannotBeAskedIsRefused(t *testing.T) {
	t.Parallel()
	some := newShelf("some")
	one := []evidence.LogTier{{Sources: []logs.Source{some}}}
	for want, c := range map[string]struct {
		tiers []evidence.LogTier
		query logs.Query
	}{
		"tiers: none":                            {nil, logs.Query{Window: always}},
		"tiers[0].sources: none":                 {[]evidence.LogTier{{}}, logs.Query{Window: always}},
		"invalid: tiers[0].sources[0]: is nil":   {[]evidence.LogTier{{Sources: []logs.Source{nil}}}, logs.Query{Window: always}},
		"invalid: tiers[0].sources[1]: is a nil": {[]evidence.LogTier{{Sources: []logs.Source{some, (*shelf)(nil)}}}, logs.Query{Window: always}},
		"tiers[0]: an age is negative":           {[]evidence.LogTier{{Sources: one[0].Sources, Oldest: -1}}, logs.Query{Window: always}},
		"tiers[0].oldest: 1h0m0s is not":         {[]evidence.LogTier{{Sources: one[0].Sources, Oldest: time.Hour, Youngest: time.Hour}}, logs.Query{Window: always}},
		"window.from: missing":                   {one, logs.Query{}},
		"order: 2 is not known":                  {one, logs.Query{Window: always, Order: 2}},
		"is not after window.from":               {one, logs.Query{Window: base.Window{From: always.To, To: always.From}}},
		"give a tier that keeps them":            {[]evidence.LogTier{{Sources: one[0].Sources, Youngest: time.Hour}}, logs.Query{Window: base.Window{From: today.Add(-time.Minute), To: today}}},
		"ask for a window from 2026-06-01T1":     {[]evidence.LogTier{{Sources: one[0].Sources, Oldest: time.Hour}}, logs.Query{Window: base.Window{From: ago(2), To: ago(1)}}},
	} {
		tiers := evidence.LogTiers{Tiers: c.tiers, Now: clockOf(today)}
		got, err := base.Collect(tiers.Logs(t.Context(), c.query))
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) || len(got) > 0 {
			t.Errorf("%s: %v", want, err)
		}
		if p, err := evidence.LogsPage(t.Context(), tiers, c.query, ""); !errors.Is(err, base.ErrInvalid) || p.Outcome != base.Failed {
			t.Errorf("%s: a page: %v", want, err)
		}
	}
	if len(some.asked) > 0 {
		t.Error("a source was asked")
	}
}

func TestTheToolOfLogsTellsWhoAnsweredForWhat(t *testing.T) {
	t.Parallel()
	live, history := newShelf("live", line(ago(1), "new")), newShelf("history", line(ago(40), "old"))
	history.failAfter = 0
	set := tool.Set(evidence.Sources{Logs: byAge(live, history)}.Tools())
	page, err := evidence.SearchLogs.Call(t.Context(), set, evidence.LogsInput{Window: always})
	if err != nil || page.Outcome != base.Partial || bodies(page.Items) != "new" || len(page.Coverage.Parts) != 2 || page.Coverage.Parts[1].Outcome != "failed" ||
		len(page.Coverage.Gaps) != 1 || page.Coverage.Gaps[0].Tier != 1 || page.More {
		t.Errorf("%+v, %v", page, err)
	}
	raw, err := set.CallTool(t.Context(), evidence.SearchLogs.Name(), json.RawMessage(`{"window":{"from":"2026-05-01T00:00:00Z","to":"2026-06-01T12:00:00Z"}}`))
	if err != nil {
		t.Fatal(err)
	}
	fits(t, set, evidence.SearchLogs.Name(), raw)
	if _, err := evidence.SearchLogs.Call(t.Context(), tool.Set(evidence.Sources{}.Tools()), evidence.LogsInput{Window: always}); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "sources.logs") {
		t.Errorf("no logs: %v", err)
	}
}

func TestASourceThatWasCutIsNotCalledFailed(t *testing.T) {
	t.Parallel()
	live, history := newShelf("live", line(ago(1), "1"), line(ago(2), "2")), newShelf("history")
	history.opens = func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	var coverage evidence.LogCoverage
	for _, err := range evidence.Logs(t.Context(), byAge(live, history), logs.Query{Window: always}, &coverage) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	for _, p := range coverage.Parts {
		if p.Outcome != "truncated" || p.Reason != "the list was cut" {
			t.Errorf("%+v", p)
		}
	}
	if len(coverage.Gaps) > 0 {
		t.Errorf("%+v", coverage.Gaps)
	}
}
