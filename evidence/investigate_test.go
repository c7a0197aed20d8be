package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

// first is the cause that a report puts first.
func first(t *testing.T, r evidence.Report) evidence.Cause {
	t.Helper()
	if r.Verdict != evidence.Fault || len(r.Causes) == 0 {
		t.Fatalf("verdict %s: %+v", r.Verdict, r.Causes)
	}
	return r.Causes[0]
}

// faults are what may happen to a shop, from its 60th visit on, and what an investigation should find.
var faults = map[string]struct {
	change  func(*visit)
	service string
	kind    evidence.CauseKind
	code    []evidence.CodeRegion
}{
	"a line that vanishes": {
		func(v *visit) { v.trace.cutAfter(v.id(ordersSpan), v.at.Add(12*time.Millisecond), time.Time{}) },
		"orders", evidence.Exception,
		[]evidence.CodeRegion{{Symbol: "shop.Orders", Lines: [2]int{10, 20}}},
	},
	"a step that is left out": {
		func(v *visit) {
			v.trace.lines = slices.DeleteFunc(v.trace.lines, func(l logs.Record) bool { return strings.Contains(l.Body, "#20") })
		},
		"orders", evidence.Return,
		[]evidence.CodeRegion{{Symbol: "shop.Orders", Lines: [2]int{10, 20}}},
	},
	"a line that was never seen": {
		func(v *visit) {
			v.trace.cutAfter(v.id(stockSpan), v.at.Add(25*time.Millisecond), time.Time{})
			v.line(stockSpan, 25, logs.SeverityWarn, "WARN shop.Stock#7 nothing is left")
			v.trace.fail(v.id(stockSpan), false)
		},
		"stock", evidence.Return,
		[]evidence.CodeRegion{{Symbol: "shop.Stock", Lines: [2]int{5, 9}}},
	},
	"an exception that is told": {
		func(v *visit) {
			v.trace.cutAfter(v.id(stockSpan), v.at.Add(25*time.Millisecond), time.Time{})
			v.line(stockSpan, 25, logs.SeverityError, "ERROR shop.Web#99 request failed: shop.OutOfStockException: none left")
			v.trace.fail(v.id(stockSpan), true)
		},
		"stock", evidence.Exception,
		[]evidence.CodeRegion{{Symbol: "shop.Stock", Lines: [2]int{5, 9}}},
	},
	"an error that only names the service": {
		func(v *visit) {
			v.trace.cutAfter(v.id(ordersSpan), v.at.Add(12*time.Millisecond), time.Time{})
			v.line(ordersSpan, 13, logs.SeverityError, "ERROR shop.Client#3 no instance of stock is available")
		},
		"stock", evidence.Return, nil,
	},
	"a slow network": {
		func(v *visit) { v.trace.shift(v.of(stockSpan).End(), 200*time.Millisecond) },
		"stock", evidence.NetworkDelay, nil,
	},
	"spans that fail": {
		func(v *visit) {
			v.of(pricesSpan).Failed, v.of(ordersSpan).Failed, v.of(webSpan).Failed = true, true, true
		},
		"prices", evidence.Exception, nil,
	},
	"slow work without a sign why": {
		func(v *visit) { v.trace.shift(v.of(pricesSpan).End().Add(-1), 300*time.Millisecond) },
		"prices", evidence.UnknownCause, nil,
	},
}

func TestAnInvestigationFindsTheCause(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := shop(120, from(60, fault.change))
			r := investigate(t, c, nil)
			cause := first(t, r)
			if cause.Service != fault.service || cause.Kind != fault.kind {
				t.Errorf("%s %s: %s", cause.Service, cause.Kind, cause.Why)
			}
			if off := cause.Onset.Sub(noonUTC.Add(time.Minute)); off < 0 || off > time.Second {
				t.Errorf("onset %s", cause.Onset)
			}
			if diff := cmp.Diff(fault.code, cause.Code); diff != "" {
				t.Error(diff)
			}
			checkCitations(t, r, c)
		})
	}
}

// checkCitations follows every id of a report to its item, and every item to the recording.
func checkCitations(t *testing.T, r evidence.Report, c incident.Case) {
	t.Helper()
	items := map[string]evidence.Item{}
	for _, item := range r.Evidence {
		items[item.ID] = item
		if item.Source == "" || item.Service == "" || item.Summary == "" || item.Time.Location() != time.UTC {
			t.Errorf("%+v", item)
		}
	}
	if !cited(r, c) {
		t.Errorf("the first cause cites what is not there: %+v", r.Causes[0].Evidence)
	}
	for _, cause := range r.Causes {
		if cause.Why == "" || strings.Count(cause.Why, "\n") > 0 || !strings.HasSuffix(cause.Why, ".") {
			t.Errorf("why: %q", cause.Why)
		}
		for _, id := range cause.Evidence {
			if items[id].Ref.From != "" {
				t.Errorf("%s cites %+v of quiet times", cause.Service, items[id])
			}
		}
		for _, id := range cause.Compared {
			if items[id].Ref.From != "baseline" {
				t.Errorf("%s compares with %+v", cause.Service, items[id])
			}
		}
	}
}

func TestAPodShortOfCoresIsTheCause(t *testing.T) {
	t.Parallel()
	since := noonUTC.Add(60 * time.Second)
	uneven := from(60, func(v *visit) {
		v.trace.shift(v.of(pricesSpan).End().Add(-1), time.Duration(v.n%5*v.n%7*40)*time.Millisecond)
	})
	even := from(60, func(v *visit) { v.trace.shift(v.of(pricesSpan).End().Add(-1), 400*time.Millisecond) })
	for name, test := range map[string]struct {
		change func(*visit)
		kind   evidence.CauseKind
	}{"others take them": {uneven, evidence.CPUContention}, "the code burns them": {even, evidence.CPUConsumed}, "nothing is slow": {nil, evidence.CPUContention}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cores(shop(120, test.change), "prices", since)
			r := investigate(t, c, nil)
			cause := first(t, r)
			if cause.Service != "prices" || cause.Kind != test.kind || cause.Metric != "cpu_usage_percent" {
				t.Errorf("%s %s %s: %s", cause.Service, cause.Kind, cause.Metric, cause.Why)
			}
			if off := cause.Onset.Sub(since).Abs(); off > 30*time.Second {
				t.Errorf("onset %s", cause.Onset)
			}
			checkCitations(t, r, c)
		})
	}
}

func TestTwoCallersThatStopPointToTheirCallee(t *testing.T) {
	t.Parallel()
	// Every second visit asks for prices from web, the others from orders; both go on to stock or to mail.
	build := func(broken func(v *visit) bool) incident.Case {
		return shop(120, func(v *visit) {
			if v.n%2 == 0 {
				v.span("web-prices", webSpan, "web", "GET", 96, 97)
				v.span("prices-2", "web-prices", "prices", "Prices.of", 96, 97)
				v.span("web-mail", webSpan, "web", "GET", 98, 99)
				v.span("mail", "web-mail", "mail", "Mail.send", 98, 99)
			} else {
				v.span("orders-mail", ordersSpan, "orders", "GET", 72, 78)
				v.span("mail", "orders-mail", "mail", "Mail.send", 73, 77)
			}
			if v.n < 60 || !broken(v) {
				return
			}
			if v.n%2 == 0 {
				v.trace.cutAfter(v.id(webSpan), v.of("prices-2").End(), time.Time{})
			} else {
				v.trace.cutAfter(v.id(ordersSpan), v.of(pricesSpan).End(), time.Time{})
			}
		})
	}
	both := first(t, investigate(t, build(func(*visit) bool { return true }), nil))
	if both.Service != "prices" || both.Kind != evidence.Return {
		t.Errorf("%s %s: %s", both.Service, both.Kind, both.Why)
	}
	one := first(t, investigate(t, build(func(v *visit) bool { return v.n%2 == 1 }), nil))
	if one.Service != "orders" {
		t.Errorf("one caller alone: %s %s: %s", one.Service, one.Kind, one.Why)
	}
}

func TestHealthAndBlipsAreNoFault(t *testing.T) {
	t.Parallel()
	slow := func(v *visit) { v.trace.shift(v.of(stockSpan).End(), 200*time.Millisecond) }
	for name, change := range map[string]func(*visit){
		"nothing happens": nil,
		"a blip that recovers": func(v *visit) {
			if v.n >= 30 && v.n < 36 {
				slow(v)
			}
		},
		"noise all along": func(v *visit) {
			if v.n%13 == 5 {
				slow(v)
			}
		},
		"an error that goes away": func(v *visit) {
			if v.n < 60 {
				v.line(stockSpan, 37, logs.SeverityError, "ERROR shop.Stock#11 a retry helped")
			}
		},
		"traffic that changes": func(v *visit) {
			if v.n%2 == 0 || v.n > 60 {
				v.of(webSpan).Name = "GET /other"
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r := investigate(t, cores(shop(120, change), "", time.Time{}), nil); r.Verdict != evidence.NoFault {
				t.Errorf("%s: %+v", r.Verdict, r.Causes)
			}
		})
	}
}

func TestSlowWorkWithoutASignNeedsTwiceAsMuch(t *testing.T) {
	t.Parallel()
	work := shop(12, from(6, faults["slow work without a sign why"].change))
	if r := investigate(t, work, nil); r.Verdict != evidence.NoFault {
		t.Errorf("%s: %+v", r.Verdict, r.Causes)
	}
	network := shop(12, from(6, faults["a slow network"].change))
	if cause := first(t, investigate(t, network, nil)); cause.Service != "stock" {
		t.Errorf("%s: %s", cause.Service, cause.Why)
	}
	first(t, investigate(t, cores(work, "prices", noonUTC.Add(6*time.Second)), nil))
}

func TestABaselineTellsWhatTheWindowCannot(t *testing.T) {
	t.Parallel()
	fault := func(v *visit) { v.trace.cutAfter(v.id(stockSpan), v.at.Add(25*time.Millisecond), time.Time{}) }
	c := shop(30, from(4, fault))
	if r := investigate(t, c, nil); len(r.Causes) > 0 && r.Causes[0].Confidence > 0.9 {
		t.Errorf("sure with four healthy visits: %+v", r.Causes)
	}
	day := shop(120, nil)
	r := investigate(t, c, &day)
	cause := first(t, r)
	if cause.Service != "stock" || r.Baseline != day.Window {
		t.Errorf("%s: %s", cause.Service, cause.Why)
	}
	from := map[string]int{}
	for _, item := range r.Evidence {
		from[item.Source+item.Ref.From]++
	}
	if from["healthybaseline"] == 0 || from["recorded"] == 0 {
		t.Errorf("%v", from)
	}
}

func TestTheOrderOfRowsAndTheNamesOfServicesChangeNothing(t *testing.T) {
	t.Parallel()
	c := shop(120, from(60, faults["a line that was never seen"].change))
	want := investigate(t, c, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(c.Spans), func(a, b int) { c.Spans[a], c.Spans[b] = c.Spans[b], c.Spans[a] })
	rng.Shuffle(len(c.Logs), func(a, b int) { c.Logs[a], c.Logs[b] = c.Logs[b], c.Logs[a] })
	got := investigate(t, c, nil)
	if diff := cmp.Diff(want.Causes, got.Causes); diff != "" {
		t.Error(diff)
	}
	for i := range c.Spans {
		c.Spans[i].Service = "x-" + c.Spans[i].Service
	}
	for i := range c.Logs {
		c.Logs[i].Service = "x-" + c.Logs[i].Service
	}
	renamed := investigate(t, c, nil)
	if a, b := want.Causes[0], renamed.Causes[0]; b.Service != "x-"+a.Service || a.Kind != b.Kind || a.Confidence != b.Confidence {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestAnInvestigationGoesOnWithoutASource(t *testing.T) {
	t.Parallel()
	c := cores(shop(120, from(60, faults["a line that was never seen"].change)), "", time.Time{})
	rows := func(r evidence.Report) map[string]string {
		all := map[string]string{}
		for _, s := range r.Sources {
			all[s.Name] = s.Outcome
		}
		return all
	}
	for name, test := range map[string]struct {
		drop  func(*incident.Case)
		cause string
		rows  map[string]string
	}{
		"no logs":     {func(c *incident.Case) { c.Logs = nil }, "orders", map[string]string{"recorded": "data", "logs": "skipped"}},
		"no spans":    {func(c *incident.Case) { c.Spans = nil }, "stock", map[string]string{"recorded": "data", "traces": "skipped", "code": "skipped"}},
		"no measures": {func(c *incident.Case) { c.Metrics = nil }, "stock", map[string]string{"recorded": "data", "metrics": "skipped", "code": "skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := c
			test.drop(&c)
			r := investigate(t, c, nil)
			if got := first(t, r).Service; got != test.cause {
				t.Errorf("cause %s: %s", got, r.Causes[0].Why)
			}
			if diff := cmp.Diff(test.rows, rows(r)); diff != "" {
				t.Error(diff)
			}
			if len(r.NotSeen) != len(test.rows)-1 || !strings.Contains(r.NotSeen[0], "no client was given") {
				t.Errorf("not seen: %q", r.NotSeen)
			}
		})
	}
}

func TestAnInvestigationOfNothingIsUnknown(t *testing.T) {
	t.Parallel()
	c := shop(10, nil)
	empty := memory{"empty", incident.Case{}}
	r, err := evidence.Investigate(t.Context(), evidence.Incident{Window: c.Window}, evidence.Sources{Logs: empty, Traces: empty, Metrics: empty})
	if err != nil || r.Verdict != evidence.Unknown || len(r.NotSeen) != 3 || r.Sources[0].Outcome != "no_data" {
		t.Errorf("%+v, %v", r, err)
	}
	if r.Causes == nil || r.Evidence == nil {
		t.Error("a list is nil")
	}
}

func TestASourceThatBreaksOffLeavesTheNewestPart(t *testing.T) {
	t.Parallel()
	c := shop(120, from(60, func(v *visit) { v.trace.cutAfter(v.id(stockSpan), v.at.Add(25*time.Millisecond), time.Time{}) }))
	m := memory{"recorded", c}
	r, err := evidence.Investigate(t.Context(), evidence.Incident{Window: c.Window}, evidence.Sources{Logs: m, Traces: broken{memory{"spans", c}, 7 * 90}})
	if err != nil {
		t.Fatal(err)
	}
	if cause := first(t, r); cause.Service != "stock" {
		t.Errorf("%s: %s", cause.Service, cause.Why)
	}
	outcomes := map[string]string{}
	for _, s := range r.Sources {
		outcomes[s.Name] = s.Outcome
	}
	if outcomes["spans"] != "partial" || len(r.NotSeen) != 3 {
		t.Errorf("%v %q", outcomes, r.NotSeen)
	}
}

// silent is a source that answers only when its context ends.
type silent struct{ memory }

func (silent) Logs(ctx context.Context, _ logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		<-ctx.Done()
		yield(logs.Record{}, context.Cause(ctx))
	}
}

func TestAnInvestigationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := shop(10, nil)
	var mu sync.Mutex
	told := 0
	progress := func(evidence.SourceReport) {
		mu.Lock()
		defer mu.Unlock()
		if told++; told == 1 {
			cancel()
		}
	}
	_, err := evidence.Investigate(ctx, evidence.Incident{Window: c.Window, Progress: progress}, evidence.Sources{Logs: silent{memory{"silent", c}}})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, base.ErrCanceled) {
		t.Errorf("%v", err)
	}
}

func TestInvestigationsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	c := shop(1, nil)
	good := sources("recorded", c)
	long := base.Window{From: noonUTC, To: noonUTC.Add(25 * time.Hour)}
	for name, test := range map[string]struct {
		incident evidence.Incident
		sources  evidence.Sources
		says     string
	}{
		"no window":         {evidence.Incident{}, good, "window.from"},
		"reversed":          {evidence.Incident{Window: base.Window{From: c.Window.To, To: c.Window.From}}, good, "window.to"},
		"long":              {evidence.Incident{Window: long}, good, "window"},
		"half a baseline":   {evidence.Incident{Window: c.Window, Baseline: base.Window{From: noonUTC}}, good, "baseline"},
		"long baseline":     {evidence.Incident{Window: c.Window, Baseline: long}, good, "baseline"},
		"no source":         {evidence.Incident{Window: c.Window}, evidence.Sources{}, "sources"},
		"only other source": {evidence.Incident{Window: c.Window}, evidence.Sources{Loads: []evidence.LoadSource{}}, "sources"},
	} {
		_, err := evidence.Investigate(t.Context(), test.incident, test.sources)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleInvestigate() {
	server := clickhousetest.NewServer()
	defer server.Close()
	day := shop(120, from(60, faults["a line that was never seen"].change))
	server.InsertSpans(day.Spans...)
	server.Insert(day.Logs...)
	ctx := context.Background()
	client, err := clickhouse.New(ctx, clickhouse.Config{Addresses: []string{server.Addr()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	report, err := evidence.Investigate(ctx, evidence.Incident{Window: day.Window}, evidence.Sources{Logs: client, Traces: client})
	if err != nil {
		fmt.Println(err)
		return
	}
	cause := report.Causes[0]
	fmt.Println(report.Verdict, cause.Service, cause.Kind, cause.Code[0].Symbol, cause.Code[0].Lines)
	fmt.Println(cause.Why)
	// Output:
	// fault stock return shop.Stock [5 9]
	// Since 12:01:00 stock no longer goes from shop.Stock#5 to shop.Stock#9 in 60 of 60 traces (before: 0 of 60); it goes on with shop.Stock#7.
}

func BenchmarkInvestigate(b *testing.B) {
	c := cores(shop(2000, from(1000, faults["a line that was never seen"].change)), "", time.Time{})
	s := sources("recorded", c)
	b.ReportAllocs()
	for b.Loop() {
		r, err := evidence.Investigate(b.Context(), evidence.Incident{Window: c.Window}, s)
		if err != nil || r.Verdict != evidence.Fault {
			b.Fatal(r.Verdict, err)
		}
	}
}

var (
	_ logs.Source    = memory{}
	_ traces.Source  = memory{}
	_ metrics.Source = memory{}
)
