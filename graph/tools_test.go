package graph_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/graph"
)

func TestToolsAreSuchAsEveryHostTakes(t *testing.T) {
	t.Parallel()
	c := newClient(t, fake(t).Config())
	seen := map[string]bool{}
	for _, one := range append(c.Tools(), c.Aliases()...) {
		if err := one.Check(); err != nil {
			t.Error(err)
		}
		if seen[one.Name()] || !one.ReadOnly() {
			t.Error(one.Name())
		}
		seen[one.Name()] = true
	}
	for _, one := range c.Tools() {
		if !strings.HasPrefix(one.Name(), "graph_") {
			t.Error(one.Name())
		}
	}
}

func TestARemoteClientGivesTheSameAnswers(t *testing.T) {
	t.Parallel()
	c := newClient(t, fake(t).Config())
	remote := graph.Remote(tool.Set(c.Tools()))
	ctx := t.Context()
	same := func(what string, want any, wantErr error, got any, gotErr error) {
		t.Helper()
		diff := cmp.Diff(want, got, cmpopts.EquateEmpty())
		if diff != "" || (wantErr == nil) != (gotErr == nil) || base.KindOf(wantErr) != base.KindOf(gotErr) ||
			errors.Is(wantErr, base.ErrTruncated) != errors.Is(gotErr, base.ErrTruncated) {
			t.Errorf("%s: %v %v %.600s", what, wantErr, gotErr, diff)
		}
	}
	for _, symbol := range []string{"ShipmentService", "ShipmentService#save", "find", "Nobody#home"} {
		for _, limit := range []int{0, 1} {
			q := code.CallsQuery{Symbol: symbol, Limit: limit}
			want, wantErr := c.Callers(ctx, q)
			got, gotErr := remote.Callers(ctx, q)
			same("callers of "+symbol, want, wantErr, got, gotErr)
			want, wantErr = c.Callees(ctx, q)
			got, gotErr = remote.Callees(ctx, q)
			same("callees of "+symbol, want, wantErr, got, gotErr)
			symbols, wantErr := c.FindSymbols(ctx, code.SymbolsQuery{Name: symbol, Limit: limit})
			others, gotErr := remote.FindSymbols(ctx, code.SymbolsQuery{Name: symbol, Limit: limit})
			same("symbols "+symbol, symbols, wantErr, others, gotErr)
			impact, wantErr := c.Impact(ctx, graph.ImpactQuery{Symbol: symbol, Limit: limit})
			other, gotErr := remote.Impact(ctx, graph.ImpactQuery{Symbol: symbol, Limit: limit})
			same("impact of "+symbol, impact, wantErr, other, gotErr)
			flow, wantErr := c.Flow(ctx, graph.FlowQuery{Entry: symbol, Limit: limit})
			another, gotErr := remote.Flow(ctx, graph.FlowQuery{Entry: symbol, Limit: limit})
			same("flow of "+symbol, flow, wantErr, another, gotErr)
		}
	}
	path := graph.PathQuery{From: "ShipmentController", To: "ShipmentService#save"}
	want, wantErr := c.CallPath(ctx, path)
	got, gotErr := remote.CallPath(ctx, path)
	if len(want) == 0 {
		t.Error("no path")
	}
	same("path", want, wantErr, got, gotErr)
	check := graph.FlowCheck{Entry: "ShipmentController#get", Logs: []string{"ShipmentController#21 [get]", "c.e.s.ShipmentService#find"}}
	verdict, wantErr := c.ValidateFlow(ctx, check)
	other, gotErr := remote.ValidateFlow(ctx, check)
	same("verdict", verdict, wantErr, other, gotErr)
	schema, wantErr := c.Schema(ctx)
	another, gotErr := remote.Schema(ctx)
	same("schema", schema, wantErr, another, gotErr)
	trace := graph.FramesQuery{Frames: []code.Frame{{Class: "ShipmentService", Method: "find", Line: 31}, {File: "main.go", Method: "main"}}}
	frames, wantErr := c.ResolveFrames(ctx, trace)
	others, gotErr := remote.ResolveFrames(ctx, trace)
	same("frames", frames, wantErr, others, gotErr)
	var _, told base.Stats
	if _, err := remote.Callers(base.WithStats(ctx, &told), code.CallsQuery{Symbol: "ShipmentService"}); err != nil || told.Calls == 0 {
		t.Errorf("%+v, %v", told, err)
	}
}

func TestOlderNamesKeepTheirParameters(t *testing.T) {
	t.Parallel()
	c := newClient(t, fake(t).Config())
	set := tool.Set(c.Aliases())
	for name, test := range map[string]struct{ in, want string }{
		"search_code":             {`{"class_name":"ShipmentService","method_name":"save","service":"shipment-service"}`, `"class":"ShipmentService"`},
		"get_code_flow":           {`{"entry_point":"ShipmentController#get"}`, `"name":"find"`},
		"validate_execution_flow": {`{"logs":["ShipmentController.get"],"expected_flow":["ShipmentController#get","ShipmentService#find"]}`, `"missing":["ShipmentService#find"]`},
	} {
		out, err := set.CallTool(t.Context(), name, json.RawMessage(test.in))
		if err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
}

func TestAStatementOfAToolSaysWhenItIsCut(t *testing.T) {
	t.Parallel()
	c := newClient(t, fake(t).Config())
	out, err := graph.QueryCypher.Call(t.Context(), tool.Set(c.Tools()), graph.QueryInput{
		Cypher: "UNWIND range(1, $n) AS x RETURN x, 0.0 / 0.0 AS none", Args: map[string]any{"n": 300.0},
	})
	if err != nil || out.Outcome != base.Truncated || len(out.Items) != 100 || len(out.Stats.Notes) != 1 || out.Items[0]["none"] != "NaN" {
		t.Errorf("%v %d %v, %v", out.Outcome, len(out.Items), out.Stats.Notes, err)
	}
}
