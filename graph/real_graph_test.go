package graph_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/internal/incident"
)

// shop has its own labels, so that other tests of the same server do not see it.
var shop = graph.Model{Class: "ShopClass", Method: "ShopMethod", Service: "ShopService", HasMethod: "SHOP_HAS", Calls: "SHOP_CALLS"}

// narrow is a graph of names alone.
const narrow = `CREATE (web:ShopClass {name: 'WebController'}), (orders:ShopClass {name: 'OrderService'}), (store:ShopClass {name: 'Store'}),
(place:ShopMethod {name: 'place'}), (check:ShopMethod {name: 'check'}), (save:ShopMethod {name: 'save'}), (load:ShopMethod {name: 'load'}),
(web)-[:SHOP_HAS]->(place), (orders)-[:SHOP_HAS]->(check), (orders)-[:SHOP_HAS]->(save), (store)-[:SHOP_HAS]->(load),
(place)-[:SHOP_CALLS {line: 2}]->(save), (place)-[:SHOP_CALLS {line: 1}]->(check), (save)-[:SHOP_CALLS]->(load), (check)-[:SHOP_CALLS]->(load),
(load)-[:SHOP_CALLS]->(load)`

func names(calls []code.Call) (all []string) {
	for _, c := range calls {
		all = append(all, fmt.Sprintf("%d %s -> %s", c.Depth, c.From, c.To))
	}
	return all
}

func TestRealQuestionsAreAnsweredFromANarrowGraph(t *testing.T) {
	t.Parallel()
	server := engines.SharedNeo4j(t)
	server.Admin(t, narrow)
	client := realClient(t, server, func(c *graph.Config) { c.Model = shop })
	ctx := t.Context()
	var source code.Source = client

	found, err := source.FindSymbols(ctx, code.SymbolsQuery{Name: "com.example.OrderService#save"})
	if err != nil || len(found) != 1 || found[0].String() != "OrderService#save" || found[0].Kind != code.KindMethod {
		t.Errorf("found %v, %v", found, err)
	}
	callers, err := source.Callers(ctx, code.CallsQuery{Symbol: "Store#load"})
	want := []string{
		"1 OrderService#check -> Store#load", "1 OrderService#save -> Store#load", "1 Store#load -> Store#load",
		"2 WebController#place -> OrderService#check", "2 WebController#place -> OrderService#save",
	}
	got := names(callers)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("callers: %v %s", err, diff)
	}
	callees, err := source.Callees(ctx, code.CallsQuery{Symbol: "WebController", Depth: 1})
	if diff := cmp.Diff([]string{"1 WebController#place -> OrderService#check", "1 WebController#place -> OrderService#save"}, names(callees)); diff != "" || err != nil {
		t.Errorf("callees: %v %s", err, diff)
	}
	callees, err = source.Callees(ctx, code.CallsQuery{Symbol: "WebController", Limit: 2})
	if !errors.Is(err, base.ErrTruncated) || len(callees) != 2 {
		t.Errorf("a limit: %v, %v", names(callees), err)
	}
	if _, err = source.Callers(ctx, code.CallsQuery{Symbol: "Nobody#home"}); !errors.Is(err, base.ErrNotFound) {
		t.Errorf("an unknown symbol: %v", err)
	}
	if _, err = source.Callers(ctx, code.CallsQuery{Symbol: "Store", Depth: 1000}); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "depth: 1000") {
		t.Errorf("a depth of 1,000: %v", err)
	}
	path, err := client.CallPath(ctx, graph.PathQuery{From: "WebController", To: "Store#load"})
	if err != nil || len(path) != 2 || path[0].From.String() != "WebController#place" || path[1].To.String() != "Store#load" {
		t.Errorf("path %v, %v", names(path), err)
	}
	if path, err = client.CallPath(ctx, graph.PathQuery{From: "Store#load", To: "WebController"}); err != nil || len(path) != 0 {
		t.Errorf("no path: %v, %v", names(path), err)
	}
	impact, err := client.Impact(ctx, graph.ImpactQuery{Symbol: "Store"})
	if err != nil || len(impact.Callers) != 5 || len(impact.Entries) != 1 || impact.Entries[0].String() != "WebController#place" {
		t.Errorf("impact %+v, %v", impact, err)
	}
	flow, err := client.Flow(ctx, graph.FlowQuery{Entry: "WebController#place"})
	var steps []string
	for _, s := range flow.Steps {
		steps = append(steps, fmt.Sprintf("%d %s %t", s.Depth, s.Symbol, s.Again))
	}
	want = []string{"1 OrderService#check false", "2 Store#load false", "3 Store#load true", "1 OrderService#save false", "2 Store#load true"}
	if diff := cmp.Diff(want, steps); diff != "" || err != nil {
		t.Errorf("flow: %v %s", err, diff)
	}
	verdict, err := client.ValidateFlow(ctx, graph.FlowCheck{Entry: "WebController#place", Logs: []string{
		"INFO WebController.place begin", "DEBUG c.e.OrderService#save saved", "nothing of interest", "WARN Store#load",
	}})
	if err != nil || !slices.Equal(verdict.Missing, []string{"OrderService#check"}) || len(verdict.Unexpected) > 0 || verdict.Unread != 1 || verdict.Confidence < 0.6 || verdict.Confidence >= 1 {
		t.Errorf("verdict %+v, %v", verdict, err)
	}
	frames, err := client.ResolveFrames(ctx, graph.FramesQuery{Trace: "java.lang.IllegalStateException: empty\n" +
		"\tat com.example.Store.load(Store.java:17)\n\tat com.example.OrderService.save(OrderService.java:9)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\n"})
	if err != nil || len(frames) != 3 || frames[0].Match != code.MatchMethod || frames[1].Symbols[0].String() != "OrderService#save" || frames[2].Match != code.MatchNone {
		t.Errorf("frames %+v, %v", frames, err)
	}
	schema, err := client.Schema(ctx)
	if err != nil || schema.Counts["ShopMethod"] != 4 || !slices.Contains(schema.Missing, "ShopService") {
		t.Errorf("schema %+v, %v", schema, err)
	}
}

const incidents = "../../shared/data/incidents"

func codeGraph(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join(incidents, "code_graph.json"))
	if err != nil {
		t.Skip("no incidents here: ", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

var site = regexp.MustCompile(`\b([\w$]+(?:\.[\w$]+)*#\d+)\b`)

// The code graph of a real system is imported; then the symbol behind each log line that says where it was written is found.
func TestRealLogLinesLeadToTheirCode(t *testing.T) {
	t.Parallel()
	file := codeGraph(t)
	client := realClient(t, engines.SharedNeo4j(t), func(c *graph.Config) { c.AllowWrites = true })
	first, err := client.Import(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	counts := func() []map[string]any {
		got, err := realAnswer(t, client, "MATCH (n) WHERE n:Class OR n:Method OR n:Service OR n:File OR n:Repo OR n:Log OPTIONAL MATCH (n)-[r]->() "+
			"RETURN count(DISTINCT n) AS nodes, count(r) AS relationships", nil)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	before := counts()
	second, err := client.Import(t.Context(), file)
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("again: %v, %s", err, diff)
	}
	if diff := cmp.Diff(before, counts()); diff != "" {
		t.Errorf("the same import again changed something: %s", diff)
	}
	t.Logf("imported %+v; %v", first, before)
	if first.Classes != 107 || first.Methods != 656 || first.Logs != 852 {
		t.Errorf("imported %+v", first)
	}
	for _, name := range []string{"C0-baseline", "C1-contacts-return", "C2-basic-return", "C3-network-delay", "C4-cpu-contention", "C5-exception"} {
		findSites(t, client, name)
	}
}

func findSites(t *testing.T, client *graph.Client, name string) {
	t.Helper()
	recorded, err := incident.Read(t.Context(), filepath.Join(incidents, name))
	if err != nil {
		t.Fatal(err)
	}
	lines, found := 0, 0
	known := map[[2]string]bool{}
	missing := map[string]int{}
	for _, record := range recorded.Logs {
		at := site.FindString(record.Body)
		if at == "" {
			continue
		}
		lines++
		key := [2]string{record.Service, at}
		if _, asked := known[key]; !asked {
			symbols, err := client.FindSymbols(t.Context(), code.SymbolsQuery{Name: at, Service: record.Service})
			if err != nil {
				t.Fatal(err)
			}
			known[key] = len(symbols) > 0 && symbols[0].Kind == code.KindMethod
		}
		if known[key] {
			found++
		} else {
			missing[record.Service+" "+at]++
		}
	}
	t.Logf("%s: %d of %d lines, %d places; not found: %v", name, found, lines, len(known), missing)
	if lines == 0 || float64(found) < 0.99*float64(lines) {
		t.Errorf("%s: %d of %d lines lead to a method", name, found, lines)
	}
}
