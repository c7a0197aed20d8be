package base_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

// gives is a step that answers with the text.
func gives(source, text string) base.Step[string] {
	return base.Step[string]{Source: source, Run: func(context.Context) (string, error) { return text, nil }}
}

// breaks is a step that fails.
func breaks(source string, err error) base.Step[string] {
	return base.Step[string]{Source: source, Run: func(context.Context) (string, error) { return "", err }}
}

func TestAFallbackEndsAtItsFirstAnswerAndTellsHowItCameToIt(t *testing.T) {
	t.Parallel()
	cache := gives("cache", "old")
	cache.Degrades = "up to 10 minutes old"
	down := gives("replica", "never asked")
	down.Health = func() base.Health { return base.Health{State: base.Down} }
	a, err := base.First(base.Fallback(t.Context(), breaks("api", errDown), down, cache, gives("file", "older")))
	if err != nil || a.Value != "old" || a.Source != "cache" || a.Degraded != "up to 10 minutes old" {
		t.Fatalf("%+v, %v", a, err)
	}
	var told []string
	for _, tried := range a.Tried {
		told = append(told, fmt.Sprintf("%s: %q err=%t answered=%t", tried.Source, tried.Skipped, tried.Err != nil, tried.Answered()))
	}
	if diff := cmp.Diff([]string{
		`api: "" err=true answered=false`, `replica: "the source is down" err=false answered=false`,
		`cache: "" err=false answered=true`, `file: "cache answered" err=false answered=false`,
	}, told); diff != "" {
		t.Error(diff)
	}
}

func TestAFallbackWithoutAnAnswerGivesEveryReason(t *testing.T) {
	t.Parallel()
	down := gives("replica", "")
	down.Health = func() base.Health { return base.Health{State: base.Down} }
	a, err := base.First(base.Fallback(t.Context(), breaks("api", errDown), breaks("store", base.ErrNotFound), down))
	if !errors.Is(err, errDown) || !errors.Is(err, base.ErrNotFound) || !strings.Contains(err.Error(), "replica: unavailable: skipped: the source is down") || !errors.Is(err, base.ErrUnavailable) || len(a.Tried) != 3 {
		t.Errorf("%v", err)
	}
	if _, err := base.First(base.Fallback[int](t.Context())); !errors.Is(err, base.ErrInvalid) {
		t.Errorf("no step at all: %v", err)
	}
}

func TestAnAnswerThatIsNotEnoughIsKeptForWantOfABetterOne(t *testing.T) {
	t.Parallel()
	enough := func(s string) bool { return s == "whole" }
	part, lesser, whole := gives("a", "part"), gives("b", "less"), gives("c", "whole")
	part.Enough, lesser.Enough, whole.Enough = enough, enough, enough
	for want, steps := range map[string][]base.Step[string]{
		"part":  {part, lesser, breaks("d", errDown)},
		"less":  {breaks("d", errDown), lesser, part},
		"whole": {part, lesser, whole, gives("e", "later")},
	} {
		a, err := base.First(base.Fallback(t.Context(), steps...))
		if err != nil || a.Value != want {
			t.Errorf("%q, %v; want %q", a.Value, err, want)
		}
	}
	unnamed, err := base.First(base.Fallback(t.Context(), gives("", "x"), gives("", "y")))
	if err != nil || unnamed.Value != "x" || unnamed.Tried[1].Skipped == "" {
		t.Errorf("a step without a name: %+v, %v", unnamed, err)
	}
}

func TestTheTimeThatIsLeftIsSplitBetweenTheSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		hang := func(name string) base.Step[string] {
			return base.Step[string]{Source: name, Run: func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }}
		}
		quick := breaks("quick", errDown)
		a, err := base.First(base.Fallback(ctx, hang("first"), quick, hang("last"), gives("late", "x")))
		var took []time.Duration
		for _, tried := range a.Tried {
			took = append(took, tried.Took)
		}
		// 30 s between four; what the quick one leaves goes to the others: 22.5 s between two.
		if diff := cmp.Diff([]time.Duration{7500 * time.Millisecond, 0, 11250 * time.Millisecond, 0}, took); diff != "" {
			t.Error(diff)
		}
		if err != nil || a.Source != "late" {
			t.Errorf("%+v, %v", a, err)
		}
		time.Sleep(time.Minute)
		a, err = base.First(base.Fallback(ctx, gives("x", "x")))
		if err == nil || a.Tried[0].Skipped != "no time was left" {
			t.Errorf("%+v, %v", a, err)
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		a, _ = base.First(base.Fallback(stopped, gives("x", "x")))
		if a.Tried[0].Skipped != "the caller gave up" {
			t.Errorf("%+v", a)
		}
	})
}

func TestAPanicInAStepIsItsErrorAndTheNextOneRuns(t *testing.T) {
	t.Parallel()
	crash := func(change func(*base.Step[string])) base.Step[string] {
		s := gives("crash", "x")
		change(&s)
		return s
	}
	for name, s := range map[string]base.Step[string]{
		"run":    crash(func(s *base.Step[string]) { s.Run = func(context.Context) (string, error) { panic("x") } }),
		"no run": crash(func(s *base.Step[string]) { s.Run = nil }),
		"health": crash(func(s *base.Step[string]) { s.Health = func() base.Health { panic("x") } }),
		"enough": crash(func(s *base.Step[string]) { s.Enough = func(string) bool { panic("x") } }),
	} {
		a, err := base.First(base.Fallback(t.Context(), s, gives("next", "y")))
		p, ok := errors.AsType[*base.PanicError](a.Tried[0].Err)
		if err != nil || a.Value != "y" || !ok || p.Stack == "" {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestAFallbackTellsWhatEachStepCostAndHowOldItsAnswerMayBe(t *testing.T) {
	t.Parallel()
	spends := func(source string, s base.Stats, err error) base.Step[string] {
		return base.Step[string]{Source: source, Run: func(ctx context.Context) (string, error) {
			base.AddStats(ctx, s)
			base.AddStats(ctx, base.Stats{Age: s.Age / 2})
			return source, err
		}}
	}
	var all base.Stats
	a, err := base.First(base.Fallback(base.WithStats(t.Context(), &all),
		spends("api", base.Stats{Calls: 2}, errDown), spends("store", base.Stats{Calls: 1, Age: time.Minute, Notes: []string{"late"}}, nil), gives("file", "x")))
	if err != nil || a.Value != "store" || a.Age != time.Minute {
		t.Errorf("%+v, %v", a, err)
	}
	var each []base.Stats
	for _, tried := range a.Tried {
		each = append(each, tried.Stats)
	}
	want := []base.Stats{{Calls: 2}, {Calls: 1, Age: time.Minute, Notes: []string{"late"}}, {}}
	if diff := cmp.Diff(want, each); diff != "" {
		t.Error(diff)
	}
	if all.Calls != 3 || all.Age != time.Minute {
		t.Errorf("the caller's own stats: %+v", all)
	}
}

func TestLeavingAFallbackSkipsTheRest(t *testing.T) {
	t.Parallel()
	ran := 0
	count := base.Step[string]{Source: "x", Run: func(context.Context) (string, error) { ran++; return "", errDown }}
	for _, err := range base.Fallback(t.Context(), count, count, count) {
		if err != nil {
			break
		}
	}
	if ran != 1 {
		t.Errorf("%d steps ran", ran)
	}
}
