package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

// found is a question that finds n things and ends so.
func found(n int, err error) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return n, err }
}

func TestAnInquiryHasOneRowForEachClient(t *testing.T) {
	t.Parallel()
	hour := base.Around(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), time.Hour, 0)
	cut := base.NewIncomplete(base.Truncated, "click", "Logs", 3, "raise the limit", nil)
	down := base.NewError(base.KindUnavailable, nil).WithText("connection refused")
	for name, c := range map[string]struct {
		questions []func(context.Context) (int, error)
		outcome   string
		hint      string
		unseen    int
	}{
		"data":                {[]func(context.Context) (int, error){found(3, nil), found(0, nil)}, "data", "", 0},
		"no data":             {[]func(context.Context) (int, error){found(0, nil)}, "no_data", "", 0},
		"truncated":           {[]func(context.Context) (int, error){found(3, nil), found(3, cut)}, "truncated", "raise the limit", 1},
		"failed once":         {[]func(context.Context) (int, error){found(3, nil), found(0, down)}, "partial", "unavailable", 1},
		"failed":              {[]func(context.Context) (int, error){found(0, down), found(0, down)}, "failed", "unavailable", 2},
		"failed midway":       {[]func(context.Context) (int, error){found(3, down)}, "partial", "unavailable", 1},
		"not known":           {[]func(context.Context) (int, error){func(context.Context) (int, error) { return one(base.NewError(base.KindNotFound, nil)) }}, "no_data", "not found", 0},
		"no such table":       {[]func(context.Context) (int, error){found(0, base.NewError(base.KindNotFound, nil))}, "failed", "not found", 1},
		"a panic of a source": {[]func(context.Context) (int, error){func(context.Context) (int, error) { panic("odd\nthing") }}, "failed", "odd thing", 1},
	} {
		q := newInquiry(hour, nil)
		for i, run := range c.questions {
			q.start(t.Context(), "click", fmt.Sprintf("question %d", i), func(ctx context.Context) (int, error) {
				base.AddStats(ctx, base.Stats{Calls: 1, Attempts: 2, Covered: base.Around(hour.To, 2*time.Hour, time.Hour)})
				return run(ctx)
			})
		}
		q.wait()
		var r Report
		q.report(&r)
		if len(r.Sources) != 1 {
			t.Fatalf("%s: %+v", name, r.Sources)
		}
		row := r.Sources[0]
		if row.Name != "click" || row.Outcome != c.outcome || row.Attempts != 2*len(c.questions) || row.Calls != len(c.questions) || row.Covered != hour || !strings.Contains(row.Hint, c.hint) {
			t.Errorf("%s: %+v", name, row)
		}
		if len(r.NotSeen) != c.unseen || c.unseen > 0 && !strings.HasPrefix(r.NotSeen[len(r.NotSeen)-1], "click: question ") {
			t.Errorf("%s: not seen: %q", name, r.NotSeen)
		}
	}
}

func TestASourceWithoutAClientIsSkippedAndNotSeen(t *testing.T) {
	t.Parallel()
	var told []string
	q := newInquiry(base.Window{}, func(r SourceReport) { told = append(told, r.Name+" "+r.Outcome) })
	q.lack("metrics", "load of the machines")
	if err := q.ask(t.Context(), "click", "logs", found(1, nil)); err != nil {
		t.Error(err)
	}
	q.skip("click", "asked enough")
	var r Report
	q.report(&r)
	want := []SourceReport{{Name: "metrics", Outcome: "skipped", Hint: "no client was given"}, {Name: "click", Outcome: "data", Calls: 1, Attempts: 1, Hint: "asked enough"}}
	if diff := cmp.Diff(want, r.Sources); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(r.NotSeen, []string{"metrics: load of the machines: no client was given"}) {
		t.Errorf("%q", r.NotSeen)
	}
	if want := []string{"metrics skipped", "click pending", "click data", "click data"}; !slices.Equal(told, want) {
		t.Errorf("progress %q, want %q", told, want)
	}
}

func TestEvidenceKeepsItsID(t *testing.T) {
	t.Parallel()
	q := newInquiry(base.Window{}, nil)
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.FixedZone("", 3600))
	one := Item{Source: "click", Type: LogItem, Time: at, Ref: Ref{TimeUnixNano: at.UnixNano()}, Summary: "a"}
	ids := []string{q.add(one), q.add(Item{Source: "click", Type: SpanItem}), q.add(Item{Source: "other", Type: LogItem, Time: at, Ref: one.Ref})}
	one.Time = at.UTC()
	ids = append(ids, q.add(one))
	one.Summary = "another line of the same instant"
	ids = append(ids, q.add(one))
	if want := []string{"log-1", "span-1", "log-2", "log-1", "log-3"}; !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
	var r Report
	q.report(&r)
	if len(r.Evidence) != 4 || r.Evidence[0].Time.Location() != time.UTC {
		t.Errorf("%+v", r.Evidence)
	}
}

func TestQuestionsRunSideBySideWithinBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newInquiry(base.Window{}, nil)
		var now, most atomic.Int64
		for i := range 3 * maxAsked {
			q.start(t.Context(), fmt.Sprintf("client %d", i%3), "anything", func(context.Context) (int, error) {
				for n := now.Add(1); ; {
					if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
						break
					}
				}
				time.Sleep(time.Second)
				now.Add(-1)
				return 1, nil
			})
		}
		began := time.Now()
		q.wait()
		if most.Load() != maxAsked || time.Since(began) != 3*time.Second {
			t.Errorf("%d ran at a time, for %s", most.Load(), time.Since(began))
		}
		var r Report
		q.report(&r)
		for _, row := range r.Sources {
			if row.ElapsedMS > 3000 { // side by side counts once
				t.Errorf("%+v", row)
			}
		}
	})
}

func TestAQuestionThatWaitsForItsTurnEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newInquiry(base.Window{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range maxAsked {
			q.start(ctx, "slow", "anything", func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, context.Cause(ctx)
			})
		}
		synctest.Wait()
		err := q.ask(ctx, "late", "anything", func(context.Context) (int, error) { panic("it had no turn") })
		q.wait()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
