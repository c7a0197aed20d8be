package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
	"github.com/fourkites/sources/internal/incident"
)

// codeGraph is a client of a server in process that holds the code graph.
func codeGraph(t *testing.T, text []byte) *graph.Client {
	t.Helper()
	server := graphtest.NewServer()
	t.Cleanup(server.Close)
	if err := server.Load(text); err != nil {
		t.Fatal(err)
	}
	client, err := graph.New(t.Context(), server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// shopCode is the code of the shop.
func shopCode(t *testing.T) *graph.Client {
	t.Helper()
	return codeGraph(t, []byte(`{"repo": "acme/shop", "classes": [
		{"service": "stock", "path": "stock/Stock.java", "class": "Stock", "methods": [{"name": "reserve", "line": 3, "end": 12}]},
		{"service": "orders", "path": "orders/Orders.java", "class": "Orders", "methods": [{"name": "place", "line": 8, "end": 40}],
			"calls": [{"line": 15, "method": "place", "to": "stock"}]}],
		"edges": [{"from": "orders", "to": "stock"}]}`))
}

func withCode(t *testing.T, name string, graph code.Source) evidence.Report {
	t.Helper()
	c := shop(120, from(60, faults[name].change))
	s := sources("recorded", c)
	s.Code = graph
	r, err := evidence.Investigate(t.Context(), evidence.Incident{Window: c.Window}, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rowOf is what the report says of a source.
func rowOf(r evidence.Report, name string) evidence.SourceReport {
	at := slices.IndexFunc(r.Sources, func(s evidence.SourceReport) bool { return s.Name == name })
	if at < 0 {
		return evidence.SourceReport{}
	}
	return r.Sources[at]
}

func TestAPlaceInTheCodeComesWithItsMethodAndItsCallers(t *testing.T) {
	t.Parallel()
	r := withCode(t, "a line that was never seen", shopCode(t))
	cause := first(t, r)
	place := code.Symbol{Kind: code.KindMethod, Name: "place", Class: "Orders", Service: "orders", Repo: "acme/shop", File: "orders/Orders.java", Line: 8, End: 40}
	want := []evidence.CodePlace{{
		Region:  evidence.CodeRegion{Symbol: "shop.Stock", Lines: [2]int{5, 9}},
		Symbol:  code.Symbol{Kind: code.KindMethod, Name: "reserve", Class: "Stock", Service: "stock", Repo: "acme/shop", File: "stock/Stock.java", Line: 3, End: 12},
		Callers: []code.Symbol{place, {Kind: code.KindService, Name: "orders", Service: "orders"}},
		Called:  "stock", Evidence: []string{"code-1", "code-2"},
	}}
	if diff := cmp.Diff(want, cause.Places, cmpopts.IgnoreFields(code.Symbol{}, "ID")); diff != "" {
		t.Error(diff)
	}
	var said []string
	for _, item := range r.Evidence {
		if item.Type == evidence.CodeItem {
			said = append(said, item.Source+": "+item.Ref.Key+": "+item.Summary)
		}
	}
	if diff := cmp.Diff([]string{
		"graph: Stock#reserve: Stock#reserve covers shop.Stock#5-9: stock/Stock.java:3-12 of acme/shop in service stock",
		"graph: Stock#reserve: stock is called by Orders#place, orders",
	}, said); diff != "" {
		t.Error(diff)
	}
	if row := rowOf(r, "graph"); row.Outcome != "data" || len(r.NotSeen) != 1 {
		t.Errorf("%+v %q", row, r.NotSeen)
	}
}

// crookedGraph fails in one of its ways, and else does what its source does.
type crookedGraph struct {
	code.Source
	symbols, callers func(context.Context) error
	many             bool
}

func (g crookedGraph) FindSymbols(ctx context.Context, q code.SymbolsQuery) ([]code.Symbol, error) {
	if g.symbols != nil {
		return nil, g.symbols(ctx)
	}
	return g.Source.FindSymbols(ctx, q)
}

func (g crookedGraph) Callers(ctx context.Context, q code.CallsQuery) ([]code.Call, error) {
	if g.callers != nil {
		return nil, g.callers(ctx)
	}
	if g.many {
		var all []code.Call
		for i := range 12 {
			all = append(all, code.Call{From: code.Symbol{Name: fmt.Sprint("caller-", i)}})
		}
		return all, nil
	}
	return g.Source.Callers(ctx, q)
}

func TestAGraphThatIsMissingOrFailsChangesNothingElse(t *testing.T) {
	t.Parallel()
	const fault = "a line that was never seen"
	without := withCode(t, fault, nil)
	if row := rowOf(without, "code"); row.Outcome != "skipped" || row.Hint != "no client was given" {
		t.Errorf("%+v", row)
	}
	gone := func(context.Context) error { return base.NewError(base.KindUnavailable, errors.New("gone")) }
	for name, c := range map[string]struct {
		graph   crookedGraph
		outcome string
		places  int
	}{
		"down":       {crookedGraph{symbols: gone}, "failed", 0},
		"a panic":    {crookedGraph{symbols: func(context.Context) error { panic("x") }}, "failed", 0},
		"no callers": {crookedGraph{callers: gone}, "partial", 1},
	} {
		c.graph.Source = shopCode(t)
		r := withCode(t, fault, c.graph)
		if row := rowOf(r, "graph"); row.Outcome != c.outcome || !slices.ContainsFunc(r.NotSeen, func(s string) bool { return strings.HasPrefix(s, "graph: the code at shop.Stock#5-9: ") }) {
			t.Errorf("%s: %+v %q", name, row, r.NotSeen)
		}
		if got := first(t, r); len(got.Places) != c.places {
			t.Errorf("%s: %+v", name, got.Places)
		} else if got.Places = nil; !cmp.Equal(without.Causes[0], got) {
			t.Errorf("%s: %s", name, cmp.Diff(without.Causes[0], got))
		}
	}
	if r := withCode(t, "a slow network", shopCode(t)); rowOf(r, "graph").Outcome != "skipped" || len(r.Causes[0].Places) > 0 {
		t.Errorf("no place in the code: %+v", r.Sources)
	}
	if r := withCode(t, fault, crookedGraph{Source: shopCode(t), many: true}); len(r.Causes[0].Places[0].Callers) != 10 || !r.Causes[0].Places[0].More {
		t.Errorf("many callers: %+v", r.Causes[0].Places)
	}
	c := shop(2, nil)
	s := sources("recorded", c)
	s.Code = (*graph.Client)(nil)
	if _, err := evidence.Investigate(t.Context(), evidence.Incident{Window: c.Window}, s); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "sources.code") {
		t.Errorf("a nil client: %v", err)
	}
}

// graphOfNothing has a name, and no server: a test in a bubble of time has no network.
type graphOfNothing struct{ code.Source }

func (graphOfNothing) Name() string { return "graph" }

func TestAGraphThatHangsDoesNotHoldUpTheReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		hung := crookedGraph{Source: graphOfNothing{}, symbols: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		r := withCode(t, "a line that was never seen", hung)
		if time.Since(begin) != 15*time.Second || first(t, r).Service != "stock" || rowOf(r, "graph").Outcome != "failed" {
			t.Errorf("after %s: %+v", time.Since(begin), r.Sources)
		}
	})
}

// TestIncidentPlacesAreFoundInTheCodeGraph looks up the places of the first causes of the recorded incidents whose logs
// are there, and holds the scores to what they are without a graph.
func TestIncidentPlacesAreFoundInTheCodeGraph(t *testing.T) {
	t.Parallel()
	recordings(t)
	text, err := os.ReadFile(filepath.Join(recordedIncidents, "code_graph.json"))
	if err != nil {
		t.Skipf("the code graph is not beside the recorded incidents: %v", err)
	}
	known := codeGraph(t, text)
	for _, name := range recordings(t) {
		if name[0] != 'C' || healthy(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, b := recording(t, name), recording(t, healthyDay(name))
			truth, err := incident.ReadTruth(filepath.Join(recordedIncidents, name, "truth.json"))
			if err != nil {
				t.Fatal(err)
			}
			s := sources("recorded", c)
			s.Code = known
			r, err := evidence.Investigate(t.Context(), evidence.Incident{
				Window: c.Window, Baseline: b.Window, BaselineSources: sources("healthy", b),
			}, s)
			if err != nil {
				t.Fatal(err)
			}
			if p := pointsOf(truth, r, c); p.total(truth.Region != "") != 100 {
				t.Errorf("%+v", p)
			}
			cause := r.Causes[0]
			for _, place := range cause.Places {
				t.Logf("%s: %s of %s, called by %d", place.Region, place.Symbol, place.Symbol.Service, len(place.Callers))
				if place.Symbol.Service != cause.Service || place.Symbol.Kind != code.KindMethod {
					t.Errorf("%+v", place)
				}
			}
			if len(cause.Code) > 0 && len(cause.Places) == 0 {
				t.Errorf("none of %v is in the graph", cause.Code)
			}
		})
	}
}
