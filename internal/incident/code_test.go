package incident_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/internal/incident"
)

const shopCode = `{"repo": "acme/shop (a fork)", "classes": [
	{"service": "stock", "path": "stock/src/Stock.java", "class": "Stock", "methods": [{"name": "reserve", "line": 3, "end": 12}, {"name": "release", "line": 13, "end": 20}]},
	{"service": "orders", "path": "orders/src/Orders.java", "class": "Orders", "methods": [{"name": "place", "line": 8, "end": 40}],
		"calls": [{"line": 15, "method": "place", "to": "stock"}, {"line": 25, "method": "place", "to": "prices"}]}],
	"edges": [{"from": "orders", "to": "stock", "call_sites": 1}]}`

func TestACodeGraphOfAFileAnswers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "code_graph.json")
	if err := os.WriteFile(path, []byte(shopCode), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := incident.ReadCode("graph", path)
	if err != nil || g.Name() != "graph" {
		t.Fatal(err)
	}
	names := func(all []code.Symbol) (names []string) {
		for _, s := range all {
			names = append(names, s.String())
		}
		return names
	}
	for _, c := range []struct {
		query code.SymbolsQuery
		want  []string
	}{
		{code.SymbolsQuery{Name: "Stock", Line: 5}, []string{"Stock#reserve", "Stock"}},
		{code.SymbolsQuery{Name: "a.b.Stock", Line: 13}, []string{"Stock#release", "Stock"}},
		{code.SymbolsQuery{Name: "Stock#reserve"}, []string{"Stock#reserve"}},
		{code.SymbolsQuery{Name: "Stock", Service: "orders"}, nil},
		{code.SymbolsQuery{File: "Orders.java", Line: 9, Kind: code.KindMethod}, []string{"Orders#place"}},
		{code.SymbolsQuery{File: "rders.java"}, nil},
		{code.SymbolsQuery{Name: "prices"}, []string{"prices"}},
	} {
		found, err := g.FindSymbols(t.Context(), c.query)
		if diff := cmp.Diff(c.want, names(found)); diff != "" || err != nil {
			t.Errorf("%+v: %v %s", c.query, err, diff)
		}
	}
	callers, err := g.Callers(t.Context(), code.CallsQuery{Symbol: "stock"})
	if err != nil || len(callers) != 2 || callers[0].From.String() != "Orders#place" || callers[1].From.Name != "orders" {
		t.Errorf("%+v, %v", callers, err)
	}
	callees, err := g.Callees(t.Context(), code.CallsQuery{Symbol: "Orders#place", Limit: 1})
	if !errors.Is(err, base.ErrTruncated) || len(callees) != 1 || callees[0].To.Name != "stock" {
		t.Errorf("%+v, %v", callees, err)
	}
	if _, err := g.Callers(t.Context(), code.CallsQuery{Symbol: "nobody"}); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
	if _, err := g.FindSymbols(t.Context(), code.SymbolsQuery{}); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
	for _, text := range []string{"", "[]", `{"classes": 7}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := incident.ReadCode("graph", path); !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := incident.ReadCode("graph", filepath.Join(t.TempDir(), "none")); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}
