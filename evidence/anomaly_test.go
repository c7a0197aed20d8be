package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/evidence"
)

// halves are the first and the second minute of a shop of 120 visits.
func halves() (before, during base.Window) {
	middle := noonUTC.Add(time.Minute)
	return base.Window{From: noonUTC, To: middle}, base.Window{From: middle, To: middle.Add(time.Minute)}
}

func anomaliesOf(t *testing.T, source traces.Source, o evidence.AnomalyOptions) evidence.Anomalies {
	t.Helper()
	before, during := halves()
	a, err := evidence.TraceAnomalies(t.Context(), source, during, before, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// strongest are kind, callee and caller of the anomalies, the strongest first.
func strongest(a evidence.Anomalies) []string {
	var all []string
	for _, one := range a.Anomalies {
		all = append(all, fmt.Sprintf("%s %s %s<%s", one.Kind, one.Service, one.Operation, one.Caller))
	}
	return all
}

func TestASlowNetworkIsLostTimeOfOneEdge(t *testing.T) {
	t.Parallel()
	c := shop(120, from(60, func(v *visit) { v.trace.shift(v.of(stockSpan).End(), 300*time.Millisecond) }))
	a := anomaliesOf(t, memory{"spans", c}, evidence.AnomalyOptions{})
	if a.Outcome != base.Data || a.Traces != 60 || a.Before != 60 || a.Cut != 0 {
		t.Errorf("%+v", a)
	}
	for _, one := range a.Anomalies {
		if one.Kind != evidence.Slower {
			t.Errorf("%+v", one)
		}
		lost := one.Service == "stock" && one.Caller == "orders" || one.Service == "orders" && one.Operation == "GET" && one.Caller == ""
		if (one.OwnStrength > a.Bar) != lost {
			t.Errorf("own strength %v of %+v", one.OwnStrength, one)
		}
		if one.Service == "stock" && (one.Before.Median != 20*time.Millisecond || one.During.Median != 320*time.Millisecond || one.During.OwnMedian != 304*time.Millisecond) {
			t.Errorf("%+v", one)
		}
	}
	if len(a.Anomalies) == 0 || len(a.Anomalies[0].Examples) != 3 || len(a.Anomalies[0].Baseline) != 3 {
		t.Errorf("%+v", a.Anomalies)
	}
}

func TestFailingMissingAndNewCallsAreAnomalies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*visit)
		want   []string
	}{
		"failing": {
			func(v *visit) { v.of(pricesSpan).Failed = true },
			[]string{"failing prices Prices.of<", "failing prices Prices.of<orders"},
		},
		"missing": {
			func(v *visit) { v.trace.cutAfter(v.id(ordersSpan), v.of(stockCallSpan).End(), v.of(ordersSpan).End()) },
			[]string{"missing prices Prices.of<orders"},
		},
		"new": {
			func(v *visit) { v.span("extra", ordersSpan, "audit", "Audit.note", 75, 78) },
			[]string{"new audit Audit.note<orders"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := anomaliesOf(t, memory{"spans", shop(120, from(60, test.change))}, evidence.AnomalyOptions{})
			if diff := cmp.Diff(test.want, strongest(a)); diff != "" {
				t.Error(diff)
			}
			if got := a.Anomalies[0].Examples; len(got) != 3 || got[0].Start.Before(noonUTC.Add(time.Minute)) {
				t.Errorf("examples %+v", got)
			}
		})
	}
}

func TestHealthyTracesHaveNoAnomalies(t *testing.T) {
	t.Parallel()
	a := anomaliesOf(t, memory{"spans", shop(120, nil)}, evidence.AnomalyOptions{})
	if a.Outcome != base.Data || len(a.Anomalies) != 0 || a.Bar < 3 {
		t.Errorf("%+v", a)
	}
}

func TestACallThatIsSomewhatRarerIsNotMissing(t *testing.T) {
	t.Parallel()
	c := shop(120, from(60, func(v *visit) {
		if v.n%3 == 0 {
			v.trace.cutAfter(v.id(ordersSpan), v.of(stockCallSpan).End(), v.of(ordersSpan).End())
		}
	}))
	if a := anomaliesOf(t, memory{"spans", c}, evidence.AnomalyOptions{}); len(a.Anomalies) != 0 {
		t.Errorf("%v", strongest(a))
	}
}

func TestATraceThatTheWindowCutMissesNothing(t *testing.T) {
	t.Parallel()
	// Each trace of the window begins before it or ends behind it, so that its later calls are not read.
	c := shop(120, from(60, func(v *visit) { v.trace.shift(v.of(webSpan).Start.Add(1), 950*time.Millisecond) }))
	before, _ := halves()
	during := base.Window{From: noonUTC.Add(80*time.Second + 300*time.Millisecond), To: noonUTC.Add(81*time.Second + 200*time.Millisecond)}
	a, err := evidence.TraceAnomalies(t.Context(), memory{"spans", c}, during, before, evidence.AnomalyOptions{})
	if err != nil || a.Traces != 0 || a.Cut != 2 || a.Outcome != base.NoData || len(a.Anomalies) != 0 || len(a.Stats.Notes) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestAnomaliesAreNarrowedAndCounted(t *testing.T) {
	t.Parallel()
	c := shop(120, from(60, func(v *visit) {
		v.of(pricesSpan).Failed = true
		v.of(stockSpan).Failed = true
	}))
	a := anomaliesOf(t, memory{"spans", c}, evidence.AnomalyOptions{Services: []string{"stock"}})
	if diff := cmp.Diff([]string{"failing stock Stock.reserve<", "failing stock Stock.reserve<orders"}, strongest(a)); diff != "" {
		t.Error(diff)
	}
	a = anomaliesOf(t, memory{"spans", c}, evidence.AnomalyOptions{MaxAnomalies: 1, Examples: 1})
	if len(a.Anomalies) != 1 || a.Left != 3 || a.Outcome != base.Truncated || len(a.Anomalies[0].Examples) != 1 || len(a.Stats.Notes) != 1 {
		t.Errorf("%+v", a)
	}
}

// broken is a source that fails after so many spans.
type broken struct {
	memory
	after int
}

var errBroken = base.NewError(base.KindUnavailable, errors.New("connection lost"))

func (b broken) Spans(ctx context.Context, q traces.Query) iter.Seq2[traces.Span, error] {
	return func(yield func(traces.Span, error) bool) {
		n := 0
		for s, err := range b.memory.Spans(ctx, q) {
			if n++; n > b.after {
				yield(traces.Span{}, errBroken)
				return
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func TestAnomaliesSayWhatWasNotRead(t *testing.T) {
	t.Parallel()
	c := shop(120, from(60, func(v *visit) { v.of(pricesSpan).Failed = true }))
	before, during := halves()
	a, err := evidence.TraceAnomalies(t.Context(), broken{memory{"spans", c}, 0}, during, before, evidence.AnomalyOptions{})
	if !errors.Is(err, base.ErrUnavailable) || a.Outcome != base.Failed {
		t.Errorf("%+v, %v", a, err)
	}
	a = anomaliesOf(t, broken{memory{"spans", c}, 212}, evidence.AnomalyOptions{})
	if a.Outcome != base.Partial || len(a.Stats.Notes) != 2 || a.Traces != 30 || a.Cut != 2 || !a.Window.From.After(during.From) {
		t.Errorf("%+v", a)
	}
	if len(a.Anomalies) != 2 {
		t.Errorf("%v", strongest(a))
	}
}

func TestAnomalyQuestionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	before, during := halves()
	source := memory{"spans", shop(1, nil)}
	ask := func(source traces.Source, w, b base.Window, o evidence.AnomalyOptions) error {
		_, err := evidence.TraceAnomalies(t.Context(), source, w, b, o)
		return err
	}
	for name, err := range map[string]error{
		"no source":       ask(nil, during, before, evidence.AnomalyOptions{}),
		"no window":       ask(source, base.Window{}, before, evidence.AnomalyOptions{}),
		"no baseline":     ask(source, during, base.Window{}, evidence.AnomalyOptions{}),
		"overlap":         ask(source, during, during, evidence.AnomalyOptions{}),
		"negative":        ask(source, during, before, evidence.AnomalyOptions{MaxAnomalies: -1}),
		"many examples":   ask(source, during, before, evidence.AnomalyOptions{Examples: 11}),
		"too many spans":  ask(source, during, before, evidence.AnomalyOptions{MaxSpans: 3_000_000}),
		"reversed window": ask(source, base.Window{From: during.To, To: during.From}, before, evidence.AnomalyOptions{}),
	} {
		if !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleTraceAnomalies() {
	server := clickhousetest.NewServer()
	defer server.Close()
	day := shop(120, from(60, func(v *visit) { v.trace.shift(v.of(stockSpan).End(), 300*time.Millisecond) }))
	server.InsertSpans(day.Spans...)
	ctx := context.Background()
	client, err := clickhouse.New(ctx, clickhouse.Config{Addresses: []string{server.Addr()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	healthy := base.Window{From: noonUTC, To: noonUTC.Add(time.Minute)}
	slow := base.Window{From: noonUTC.Add(time.Minute), To: noonUTC.Add(2 * time.Minute)}
	found, err := evidence.TraceAnomalies(ctx, client, slow, healthy, evidence.AnomalyOptions{Services: []string{"stock"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range found.Anomalies {
		fmt.Println(a.Kind, a.Caller, "to", a.Service, a.Before.Median, "to", a.During.Median, "lost between them:", a.During.OwnMedian)
	}
	// Output: slower orders to stock 20ms to 320ms lost between them: 304ms
}
