package evidence_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/evidence"
)

// listed is a code graph that answers as it is told.
type listed struct {
	symbols func(code.SymbolsQuery) ([]code.Symbol, error)
	callers func(code.CallsQuery) ([]code.Call, error)
}

func (listed) Name() string { return "graph" }

func (g listed) FindSymbols(_ context.Context, q code.SymbolsQuery) ([]code.Symbol, error) {
	return g.symbols(q)
}

func (g listed) Callers(_ context.Context, q code.CallsQuery) ([]code.Call, error) {
	if g.callers == nil {
		return nil, nil
	}
	return g.callers(q)
}

func (listed) Callees(context.Context, code.CallsQuery) ([]code.Call, error) { return nil, nil }

func answering(all ...code.Symbol) func(code.SymbolsQuery) ([]code.Symbol, error) {
	return func(code.SymbolsQuery) ([]code.Symbol, error) { return all, nil }
}

// The place of the cause is shop.Stock#5-9 of the service stock.
func TestThePlaceOfACauseIsTheNarrowestSymbolThatIsKnown(t *testing.T) {
	t.Parallel()
	var (
		class   = code.Symbol{Kind: code.KindClass, Name: "Stock", Line: 1, End: 90, Service: "stock"}
		unlined = code.Symbol{Kind: code.KindClass, Name: "Stock", Service: "stock"}
		wide    = code.Symbol{Kind: code.KindMethod, Name: "wide", Class: "Stock", Line: 3, End: 30, Service: "stock"}
		narrow  = code.Symbol{Kind: code.KindMethod, Name: "narrow", Class: "Stock", Line: 4, End: 9, Service: "stock"}
		later   = code.Symbol{Kind: code.KindMethod, Name: "later", Class: "Stock", Line: 9, End: 12, Service: "stock"}
		nowhere = code.Symbol{Kind: code.KindMethod, Name: "nowhere", Class: "Stock"}
	)
	cut := base.NewIncomplete(base.Truncated, "graph", "FindSymbols", 1, "more", nil)
	unknown := base.NewError(base.KindNotFound, nil)
	for name, c := range map[string]struct {
		symbols func(code.SymbolsQuery) ([]code.Symbol, error)
		want    string
	}{
		"the narrowest":           {answering(class, wide, narrow), "narrow"},
		"the narrowest first":     {answering(narrow, wide, class), "narrow"},
		"lines before none":       {answering(unlined, wide), "wide"},
		"lines before none, last": {answering(wide, unlined), "wide"},
		"a class without lines":   {answering(nowhere, unlined), "Stock"},
		"no method without lines": {answering(nowhere), ""},
		"its last line": {func(q code.SymbolsQuery) ([]code.Symbol, error) {
			if q.Line != 9 {
				return nil, nil
			}
			return []code.Symbol{later}, nil
		}, "later"},
		"of another service": {func(q code.SymbolsQuery) ([]code.Symbol, error) {
			if q.Service != "" {
				return nil, unknown
			}
			return []code.Symbol{narrow}, nil
		}, "narrow"},
		"of a list that was cut": {func(code.SymbolsQuery) ([]code.Symbol, error) { return []code.Symbol{narrow}, cut }, "narrow"},
	} {
		r := withCode(t, "a line that was never seen", listed{symbols: c.symbols})
		got := ""
		for _, p := range first(t, r).Places {
			got += p.Symbol.Name
		}
		if got != c.want || rowOf(r, "graph").Outcome == "failed" {
			t.Errorf("%s: %q, want %q: %+v", name, got, c.want, rowOf(r, "graph"))
		}
	}
}

func TestTheCallersOfAPlaceAreThoseOfItsServiceWhereItHasNone(t *testing.T) {
	t.Parallel()
	narrow := code.Symbol{Kind: code.KindMethod, Name: "narrow", Class: "Stock", Line: 4, End: 9, Service: "stock"}
	call := func(from string) code.Call { return code.Call{From: code.Symbol{Name: from}, To: narrow, Depth: 1} }
	cut := base.NewIncomplete(base.Truncated, "graph", "Callers", 1, "more", nil)
	unknown := base.NewError(base.KindNotFound, nil)
	for name, c := range map[string]struct {
		callers func(code.CallsQuery) ([]code.Call, error)
		want    evidence.CodePlace
	}{
		"each once": {func(code.CallsQuery) ([]code.Call, error) {
			return []code.Call{call("a"), call("b"), call("a")}, nil
		}, evidence.CodePlace{Callers: []code.Symbol{{Name: "a"}, {Name: "b"}}, Called: "Stock#narrow"}},
		"more than were told": {func(code.CallsQuery) ([]code.Call, error) {
			return []code.Call{call("a")}, cut
		}, evidence.CodePlace{Callers: []code.Symbol{{Name: "a"}}, Called: "Stock#narrow", More: true}},
		"of the service": {func(q code.CallsQuery) ([]code.Call, error) {
			if q.Symbol != "stock" {
				return nil, unknown
			}
			return []code.Call{call("till")}, nil
		}, evidence.CodePlace{Callers: []code.Symbol{{Name: "till"}}, Called: "stock"}},
		"none": {func(code.CallsQuery) ([]code.Call, error) { return nil, unknown }, evidence.CodePlace{Callers: []code.Symbol{}}},
	} {
		r := withCode(t, "a line that was never seen", listed{symbols: answering(narrow), callers: c.callers})
		places := first(t, r).Places
		if len(places) != 1 {
			t.Errorf("%s: %+v", name, places)
			continue
		}
		got := evidence.CodePlace{Callers: places[0].Callers, Called: places[0].Called, More: places[0].More}
		if diff := cmp.Diff(c.want, got); diff != "" || rowOf(r, "graph").Outcome != "data" {
			t.Errorf("%s: %s%+v", name, diff, rowOf(r, "graph"))
		}
	}
}
