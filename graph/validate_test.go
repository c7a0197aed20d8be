package graph

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base/code"
)

func TestSequencesAreComparedByWhatIsInBothInOrder(t *testing.T) {
	t.Parallel()
	words := strings.Fields
	for name, test := range map[string]struct {
		expected, observed string
		want               FlowVerdict
	}{
		"the same":     {"a b c", "a b c", FlowVerdict{InOrder: true, Confidence: 1}},
		"repeated":     {"a b c", "a a b c c", FlowVerdict{InOrder: true, Confidence: 1}},
		"one missing":  {"a b c", "a c", FlowVerdict{Missing: words("b"), InOrder: true, Confidence: 0.8}},
		"one more":     {"a c", "a b c", FlowVerdict{Unexpected: words("b"), InOrder: true, Confidence: 0.8}},
		"out of order": {"a b", "b a", FlowVerdict{Confidence: 0.5}},
		"nothing seen": {"a b", "", FlowVerdict{Missing: words("a b"), InOrder: true}},
		"all others":   {"a", "x y", FlowVerdict{Missing: words("a"), Unexpected: words("x y"), InOrder: true}},
	} {
		got := compare(words(test.expected), words(test.observed), len(words(test.observed)))
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(FlowVerdict{}, "Expected", "Observed")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestPlacesAreFoundInLinesOfLogs(t *testing.T) {
	t.Parallel()
	got := sitesOf([]string{
		"08:42:22.382 INFO  t.s.TravelServiceImpl#532 TraceID: x",
		"com.example.OrderService.find(17) took 3 ms",
		"[Store::save] done",
		"no place here, V1.2 of nothing",
		"#31 alone",
	})
	want := []code.Frame{
		{Class: "TravelServiceImpl", Line: 532}, {Class: "OrderService", Method: "find"}, {Class: "Store", Method: "save"}, {Class: "V1", Line: 2},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(code.Frame{}, "Text")); diff != "" {
		t.Error(diff)
	}
}

func TestAFrameFitsMostSurelyByItsLine(t *testing.T) {
	t.Parallel()
	method := func(name string, from, to int) code.Symbol {
		return code.Symbol{ID: name, Kind: code.KindMethod, Class: "Order", Name: name, Line: from, End: to}
	}
	class := code.Symbol{ID: "class", Kind: code.KindClass, Name: "Order"}
	for name, test := range map[string]struct {
		frame      code.Frame
		candidates []code.Symbol
		match      code.Match
		first      string
	}{
		"line and method":   {code.Frame{Method: "find", Line: 12}, []code.Symbol{class, method("find", 10, 20)}, code.MatchLine, "find"},
		"the narrowest":     {code.Frame{Line: 12}, []code.Symbol{method("outer", 1, 50), method("inner", 10, 20)}, code.MatchLine, "inner"},
		"a line that moved": {code.Frame{Method: "find", Line: 99}, []code.Symbol{method("find", 10, 20)}, code.MatchMethod, "find"},
		"a constructor":     {code.Frame{Method: "<init>", Line: 5}, []code.Symbol{class, method("Order", 4, 6)}, code.MatchLine, "Order"},
		"the class":         {code.Frame{Method: "gone", Line: 99}, []code.Symbol{class, method("find", 10, 20)}, code.MatchClass, "class"},
		"nothing":           {code.Frame{Method: "gone"}, nil, code.MatchNone, ""},
	} {
		match, symbols := best(test.frame, test.candidates)
		if match != test.match || test.first != "" && symbols[0].ID != test.first {
			t.Errorf("%s: %s %v", name, match, symbols)
		}
	}
}
