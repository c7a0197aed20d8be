package code_test

import (
	"fmt"
	"testing"

	"github.com/fourkites/sources/base/code"
)

func TestNamesAreTakenApartAsLogsWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"OrderService#find":                    {"OrderService", "find"},
		"com.example.orders.OrderService#find": {"OrderService", "find"},
		"OrderService.find":                    {"OrderService", "find"},
		"com.example.OrderService.find":        {"OrderService", "find"},
		"Orders::Service#find":                 {"Service", "find"},
		"Orders::find":                         {"Orders", "find"},
		"com.example.OrderService":             {"", "OrderService"},
		" find ":                               {"", "find"},
		"":                                     {"", ""},
		".":                                    {"", ""},
	} {
		if class, name := code.SplitName(text); class != want[0] || name != want[1] {
			t.Errorf("%q: %q, %q; want %q", text, class, name, want)
		}
	}
}

func TestASymbolCoversItsLines(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		symbol code.Symbol
		line   int
		want   bool
	}{
		{code.Symbol{Line: 3, End: 5}, 3, true},
		{code.Symbol{Line: 3, End: 5}, 5, true},
		{code.Symbol{Line: 3, End: 5}, 6, false},
		{code.Symbol{Line: 3, End: 5}, 2, false},
		{code.Symbol{Line: 3}, 3, true},
		{code.Symbol{Line: 3}, 4, false},
		{code.Symbol{}, 0, false},
	} {
		if got := tc.symbol.Covers(tc.line); got != tc.want {
			t.Errorf("%+v covers line %d: %v", tc.symbol, tc.line, got)
		}
	}
}

func ExampleSymbol() {
	fmt.Println(code.Symbol{Kind: code.KindMethod, Class: "OrderService", Name: "find"})
	// Output: OrderService#find
}
