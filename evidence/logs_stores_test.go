package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// The ages of the stores in these tests. They overlap by twenty days, of which both keep every record.
const (
	liveKeeps     = 40 * 24 * time.Hour
	historyBegins = 20 * 24 * time.Hour
)

// keptLogs are records of up to 100 days, in the order in which they were written: some of one instant, some twice, some
// at the ages at which the stores begin and end.
func keptLogs(now time.Time) []logs.Record {
	var all []logs.Record
	add := func(at time.Time, text string) {
		n := len(all)
		all = append(all, logs.Record{
			Time: at.UTC(), ID: fmt.Sprintf("%07d", n), Service: "till", Severity: logs.SeverityWarn, SeverityText: "WARN", Body: text,
			TraceID: fmt.Sprintf("%032x", n+1), SpanID: fmt.Sprintf("%016x", n+1), Resources: map[string]string{"service.name": "till"},
		})
	}
	for hours := 100 * 24; hours > 0; hours -= 7 {
		at := now.Add(-time.Duration(hours) * time.Hour)
		add(at.Add(time.Duration(hours)), fmt.Sprintf("load %d is late", hours))
		if hours%5 == 0 {
			add(at.Add(time.Duration(hours)), "of the same instant")
		}
		if hours%11 == 0 {
			again := all[len(all)-1]
			again.ID += "-again"
			all = append(all, again)
		}
	}
	for _, age := range []time.Duration{liveKeeps, historyBegins} {
		for _, off := range []time.Duration{-1, 0, 1} {
			add(now.Add(-age+off), fmt.Sprintf("at %s and %s", age, off))
		}
	}
	slices.SortStableFunc(all, byTime(logs.OldestFirst))
	return all
}

// younger are the records of up to that age, and older those of at least that age; a store keeps more than it is asked
// for.
func younger(all []logs.Record, now time.Time, age time.Duration) []logs.Record {
	return slices.DeleteFunc(slices.Clone(all), func(r logs.Record) bool { return r.Time.Before(now.Add(-age)) })
}

func older(all []logs.Record, now time.Time, age time.Duration) []logs.Record {
	return slices.DeleteFunc(slices.Clone(all), func(r logs.Record) bool { return r.Time.After(now.Add(-age)) })
}

// logStores are clients of stores that keep the same records. Each source of history keeps all of history: one more of
// them, such as Athena over the same files, is one more element.
type logStores struct {
	live    logs.Source
	history []logs.Source
}

func (s logStores) tiers(now time.Time) evidence.LogTiers {
	return evidence.LogTiers{Now: clockOf(now), Tiers: []evidence.LogTier{
		{Sources: []logs.Source{s.live}, Oldest: liveKeeps},
		{Sources: s.history, Youngest: historyBegins, Oldest: 170 * 24 * time.Hour},
	}}
}

// brittle fails after so many records of all its calls.
type brittle struct {
	logs.Source
	after *int
}

func brittleAfter(s logs.Source, after int) brittle { return brittle{s, &after} }

func (b brittle) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		for r, err := range b.Source.Logs(ctx, q) {
			if err == nil {
				if *b.after--; *b.after < 0 {
					r, err = logs.Record{}, errGone
				}
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// checkStores asks the stores in every way that matters and holds the answers to what was written.
func checkStores(t *testing.T, s logStores, now time.Time, written []logs.Record) {
	t.Helper()
	q := logs.Query{Window: base.Window{From: now.AddDate(0, 0, -120), To: now}, Limit: -1, Services: []string{"till"}}
	for _, order := range []logs.Order{logs.OldestFirst, logs.NewestFirst} {
		q.Order = order
		slices.SortStableFunc(written, byTime(order))
		var coverage evidence.LogCoverage
		got, err := base.Collect(evidence.Logs(t.Context(), s.tiers(now), q, &coverage))
		if diff := cmp.Diff(written, got); diff != "" || err != nil {
			t.Errorf("order %d: %v %s", order, err, diff)
		}
		if coverage.Parts[1].Twice+coverage.Parts[0].Twice == 0 || coverage.Parts[1].Records == 0 || len(coverage.Gaps) > 0 {
			t.Errorf("order %d: %+v", order, coverage)
		}
		next := s.history[min(1, len(s.history)-1):]
		for _, after := range []int{0, 1, 57, 150} { // the source behind it goes on
			replaced := logStores{s.live, append([]logs.Source{brittleAfter(s.history[0], after)}, next...)}
			checkTakeover(t, replaced, now, q, written)
		}
		checkFailing(t, s, now, q, written)
	}
	checkStorePages(t, s, now, q, written)
}

// checkTakeover has the first store of history fail, and the second one give what is left.
func checkTakeover(t *testing.T, s logStores, now time.Time, q logs.Query, written []logs.Record) evidence.LogCoverage {
	t.Helper()
	var coverage evidence.LogCoverage
	got, err := base.Collect(evidence.Logs(t.Context(), s.tiers(now), q, &coverage))
	if diff := cmp.Diff(written, got); diff != "" || err != nil {
		t.Errorf("order %d: %v %s", q.Order, err, diff)
	}
	if p := coverage.Parts[2]; p.Source != s.history[1].Name() || p.Records == 0 || p.Degraded == "" || len(coverage.Gaps) > 0 {
		t.Errorf("order %d: %+v", q.Order, coverage)
	}
	return coverage
}

// checkFailing has history fail in the middle with nobody behind it.
func checkFailing(t *testing.T, s logStores, now time.Time, q logs.Query, written []logs.Record) {
	t.Helper()
	failing := logStores{s.live, []logs.Source{brittleAfter(s.history[0], 57)}}
	var coverage evidence.LogCoverage
	got, err := base.Collect(evidence.Logs(t.Context(), failing.tiers(now), q, &coverage))
	if !errors.Is(err, base.ErrPartial) || len(coverage.Gaps) != 1 {
		t.Fatalf("%+v, %v", coverage.Gaps, err)
	}
	kept := slices.DeleteFunc(slices.Clone(written), func(r logs.Record) bool {
		return r.Time.Before(now.Add(-liveKeeps)) && coverage.Gaps[0].Window.Contains(r.Time)
	})
	got = slices.DeleteFunc(got, func(r logs.Record) bool { // of the instant at which it failed some may have come
		return r.Time.Before(now.Add(-liveKeeps)) && coverage.Gaps[0].Window.Contains(r.Time)
	})
	if diff := cmp.Diff(kept, got); diff != "" || len(kept) == len(written) {
		t.Errorf("%d of %d: %s", len(kept), len(written), diff)
	}
}

func checkStorePages(t *testing.T, s logStores, now time.Time, q logs.Query, written []logs.Record) {
	t.Helper()
	q.Limit = 83
	var paged []logs.Record
	for cursor, more := "", true; more; {
		p, err := evidence.LogsPage(t.Context(), s.tiers(now), q, cursor)
		if err != nil || p.Outcome != base.Data {
			t.Fatalf("%s, %v, %+v", p.Outcome, err, p.Coverage)
		}
		paged, cursor, more = append(paged, p.Items...), p.Cursor, p.More
	}
	if diff := cmp.Diff(written, paged); diff != "" {
		t.Error(diff)
	}
}

// fakes are stores in process that keep the records as their ages say.
type fakes struct {
	live   *clickhousetest.Server
	trino  *trinotest.Server
	athena *athenatest.Server
}

// fakeStores are clients of new ones, history from Trino with Athena behind it.
func fakeStores(t *testing.T, now time.Time, written []logs.Record) (logStores, fakes) {
	t.Helper()
	f := fakes{clickhousetest.NewServer(), trinotest.NewServer(), athenatest.NewServer()}
	t.Cleanup(f.live.Close)
	t.Cleanup(f.trino.Close)
	t.Cleanup(f.athena.Close)
	f.live.Insert(younger(written, now, liveKeeps)...)
	past := older(written, now, historyBegins)
	f.trino.AddLogs(past...)
	f.athena.AddLogs(past...)
	recent, err1 := clickhouse.New(t.Context(), clickhouse.Config{Addresses: []string{f.live.Addr()}})
	first, err2 := trino.New(t.Context(), f.trino.Config(), f.trino.Options()...)
	config := f.athena.Config()
	config.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey)
	second, err3 := athena.New(t.Context(), config)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(recent.Close(), first.Close(), second.Close()); err != nil {
			t.Error(err)
		}
	})
	return logStores{recent, []logs.Source{first, second}}, f
}

func TestStoresThatOverlapGiveOneList(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	written := keptLogs(now)
	stores, f := fakeStores(t, now, written)
	checkStores(t, stores, now, written)
	checkStores(t, logStores{stores.live, stores.history[1:]}, now, written) // Athena alone keeps history

	f.live.Fail(fault.ErrorAfter(1, 241, "Memory limit exceeded"), -1)
	var coverage evidence.LogCoverage
	got, err := base.Collect(evidence.Logs(t.Context(), stores.tiers(now), logs.Query{Window: base.Window{From: now.AddDate(0, 0, -120), To: now}, Limit: -1}, &coverage))
	past := older(written, now, historyBegins+1) // a record of exactly that age is of the live store alone
	if !errors.Is(err, base.ErrPartial) || len(coverage.Gaps) != 1 || len(got) != len(past) {
		t.Errorf("%d, %+v, %v", len(got), coverage.Gaps, err)
	}
	f.live.ClearFaults()
	f.trino.Close()
	f.athena.Close()
	for r, err := range stores.tiers(now).Logs(t.Context(), logs.Query{Window: base.Window{From: now.AddDate(0, 0, -10), To: now}}) {
		if err != nil || r.Body == "" {
			t.Errorf("a store that is not needed is not asked: %v", err)
		}
	}
}

// striking is a network that does something before one of its requests, told by how many there were before.
type striking struct {
	next   http.RoundTripper
	left   atomic.Int64
	strike func()
}

// newStriking does it once armed, before the request after so many.
func newStriking(t *testing.T, strike func()) *striking {
	t.Helper()
	pool := &http.Transport{}
	t.Cleanup(pool.CloseIdleConnections)
	s := &striking{next: pool, strike: strike}
	s.arm(-1)
	return s
}

func (s *striking) arm(after int64) { s.left.Store(after + 1) }

// RoundTrip makes one exchange.
func (s *striking) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.left.Add(-1) == 0 {
		s.strike()
	}
	return s.next.RoundTrip(r)
}

// checkStruck has Trino fail after so many requests, in the middle of its part of the window, and Athena give the rest.
func checkStruck(t *testing.T, s logStores, network *striking, after int64, repair func(), now time.Time, written []logs.Record) {
	t.Helper()
	q := logs.Query{Window: base.Window{From: now.AddDate(0, 0, -120), To: now}, Limit: -1, Services: []string{"till"}}
	for _, order := range []logs.Order{logs.OldestFirst, logs.NewestFirst} {
		q.Order = order
		slices.SortStableFunc(written, byTime(order))
		network.arm(after)
		coverage := checkTakeover(t, s, now, q, written)
		if p := coverage.Parts[1]; p.Outcome != "partial" || p.Records+p.Twice == 0 {
			t.Errorf("order %d: Trino did not fail in the middle: %+v", order, p)
		}
		repair()
	}
}

// The server itself fails in the middle: it has answered for some days, and then every query ends in an error.
func TestAthenaTakesOverWhereTrinoFailsInTheMiddle(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Second)
	written := keptLogs(now)
	stores, f := fakeStores(t, now, written)
	network := newStriking(t, func() { f.trino.Fail(fault.ErrorAfter(9, 1, "Query exceeded its memory limit"), -1) })
	config := f.trino.Config()
	config.Limits.Concurrency = 1 // one piece of the window after the other
	client, err := trino.New(t.Context(), config, base.WithTransport(network))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	stores.history[0] = client
	checkStruck(t, stores, network, 16, f.trino.ClearFaults, now, written)

	asked := len(f.athena.Executions())
	q := logs.Query{Window: base.Window{From: now.AddDate(0, 0, -120), To: now}, Limit: -1}
	if got, err := base.Collect(evidence.Logs(t.Context(), stores.tiers(now), q, nil)); err != nil || len(got) != len(written) {
		t.Errorf("%d of %d, %v", len(got), len(written), err)
	}
	if n := len(f.athena.Executions()) - asked; n > 0 || asked == 0 {
		t.Errorf("Athena was asked %d times though Trino answers, %d times before", n, asked)
	}
}
