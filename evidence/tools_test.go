package evidence_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
)

func TestToolsHaveTheirNamesAndPassTheCheck(t *testing.T) {
	t.Parallel()
	var names []string
	for _, one := range slices.Concat(evidence.Sources{}.Tools(), evidence.Sources{}.Aliases()) {
		if err := one.Check(); err != nil {
			t.Error(err)
		}
		if !one.ReadOnly() {
			t.Errorf("%s writes", one.Name())
		}
		names = append(names, one.Name())
	}
	for name := range strings.FieldsSeq(`evidence_find_log_patterns evidence_diff_log_patterns evidence_mine_log_lines
		evidence_explain_stuck_load evidence_get_load_metadata evidence_investigate_incident evidence_find_trace_anomalies
		evidence_search_logs evidence_get_ticket evidence_trace_correlation analyze_logs_with_drain query_jira_issue trace_correlation_id`) {
		if !slices.Contains(names, name) {
			t.Errorf("there is no tool %s", name)
		}
	}
}

func TestEveryToolAnswersAndItsAnswerFitsItsSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.sources.Loads = append(w.sources.Loads, warehouse{load: fkapi.Load{ID: stuckID, LoadNumber: "LP1"}})
	set := tool.Set(slices.Concat(w.sources.Tools(), w.sources.Aliases()))
	text := func(at time.Time) string { return at.Format(time.RFC3339) }
	hours := func(from, to int) string {
		return fmt.Sprintf(`{"from":%q,"to":%q}`, text(noon.Add(time.Duration(from)*time.Hour)), text(noon.Add(time.Duration(to)*time.Hour)))
	}
	for _, call := range []struct{ name, args, has string }{
		{"evidence_search_logs", `{"window":` + hours(0, 1) + `,"limit":2}`, `"more":true`},
		{"evidence_find_log_patterns", `{"window":` + hours(0, 1) + `,"min_severity":"warn"}`, `"count":3`},
		{"evidence_diff_log_patterns", `{"before":` + hours(-1, 0) + `,"during":` + hours(0, 1) + `,"services":["assigner"]}`, `"change":"new"`},
		{"evidence_mine_log_lines", `{"logs":["a 1","a 2","b"]}`, `"template":"a \u003cnum\u003e"`},
		{"analyze_logs_with_drain", `{"logs":["a 1","a 2","b"],"max_patterns":1}`, `"left":1`},
		{"evidence_explain_stuck_load", `{"tracking_id":"` + stuckID + `","window":` + hours(-1, 1) + `}`, `"kind":"configuration"`},
		{"evidence_get_load_metadata", `{"tracking_id":"` + stuckID + `"}`, `"outcome":"skipped"`},
		{"evidence_get_load_metadata", `{"tracking_id":"` + stuckID + `","compare":true}`, `{"field":"loadNumber","answer":"LP20417","other":"LP1"}`},
		{"evidence_investigate_incident", `{"window":` + hours(-1, 1) + `,"baseline":` + hours(-2, -1) + `}`, `"verdict":"`},
		{"evidence_find_trace_anomalies", `{"window":` + hours(0, 1) + `,"baseline":` + hours(-1, 0) + `}`, `"outcome":"no_data"`},
	} {
		answer, err := set.CallTool(t.Context(), call.name, json.RawMessage(call.args))
		if err != nil || !strings.Contains(string(answer), call.has) {
			t.Errorf("%s %s: %s, %v", call.name, call.args, answer, err)
			continue
		}
		fits(t, set, call.name, answer)
	}
	for _, call := range []struct{ name, args, field string }{
		{"evidence_find_log_patterns", `{"window":` + hours(0, 1) + `,"min_severity":"loud"}`, "min_severity"},
		{"evidence_search_logs", `{"window":` + hours(0, 1) + `,"min_severity":"loud"}`, "min_severity"},
		{"evidence_search_logs", `{"window":` + hours(0, 1) + `,"limit":10001}`, "limit"},
		{"evidence_search_logs", `{"window":` + hours(0, 1) + `,"cursor":"AAAA"}`, "cursor"},
		{"evidence_explain_stuck_load", `{"tracking_id":"LP20417"}`, "tracking_id"},
		{"evidence_get_load_metadata", `{"id":"7"}`, "id"},
		{"evidence_investigate_incident", `{"window":` + hours(-24, 1) + `}`, "window"},
		{"evidence_investigate_incident", `{"window":` + hours(0, 1) + `,"baseline":` + hours(-48, -1) + `}`, "baseline"},
		{"evidence_find_trace_anomalies", `{"window":` + hours(0, 1) + `,"baseline":` + hours(0, 1) + `}`, "overlap"},
		{"evidence_find_trace_anomalies", `{"window":` + hours(0, 1) + `,"baseline":` + hours(-1, 0) + `,"examples":11}`, "examples"},
		{"analyze_logs_with_drain", `{"logs":[],"max_patterns":-1}`, "max_patterns"},
	} {
		_, err := set.CallTool(t.Context(), call.name, json.RawMessage(call.args))
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), call.field) {
			t.Errorf("%s %s: %v", call.name, call.args, err)
		}
	}
}

// fits checks an answer against the schema that its tool declares.
func fits(t *testing.T, set tool.Set, name string, answer json.RawMessage) {
	t.Helper()
	at := slices.IndexFunc(set, func(one tool.Tool) bool { return one.Name() == name })
	schema, err := set[at].OutputSchema().Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(answer, &value); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestARemoteAnswerIsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	in := evidence.StuckLoadInput{TrackingID: stuckID, Window: base.Around(noon, time.Hour, time.Hour)}
	got, err := evidence.ExplainStuckLoad.Call(t.Context(), tool.Set(w.sources.Tools()), in)
	if err != nil {
		t.Fatal(err)
	}
	want, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: stuckID, Window: in.Window}, w.sources)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Causes, got.Causes); diff != "" || got.Load.Value.LoadNumber != "LP20417" || got.Verdict != evidence.Fault {
		t.Errorf("%s%+v", diff, got)
	}
}

// A model is told who answered, how old and how good the answer is, whatever the sources did.
func TestTheToolOfALoadTellsWhoAnsweredAndHowWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.api.AddLoad(fkapi.Load{ID: "7"})
	w.sources.Loads = append(w.sources.Loads, warehouse{load: stuckLoad(), age: 10 * time.Minute})
	set := tool.Set(w.sources.Tools())
	got, err := evidence.GetLoadMetadata.Call(t.Context(), set, evidence.LoadMetadataInput{TrackingID: stuckID})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Steps {
		got.Steps[i].ElapsedMS = 0
	}
	got.Load = fkapi.Load{ID: got.Load.ID}
	want := evidence.LoadMetadataReport{
		Load: fkapi.Load{ID: stuckID}, Source: "warehouse", Degraded: "up to 10 minutes old", Age: 10 * time.Minute,
		Steps: []evidence.LoadStep{
			{Source: "tracking", Outcome: "no_data", Calls: 1, Attempts: 1, Reason: got.Steps[0].Reason},
			{Source: "warehouse", Outcome: "data", Degraded: "up to 10 minutes old", Age: 10 * time.Minute, Notes: []string{"behind"}},
		},
		Agreement: []evidence.LoadAgreement{{Source: "tracking", Agreement: evidence.Denies}},
	}
	if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(got.Steps[0].Reason, "not found") {
		t.Errorf("%s%q", diff, got.Steps[0].Reason)
	}
	w.api.Fail(fault.Status(503), -1)
	if got, err = evidence.GetLoadMetadata.Call(t.Context(), set, evidence.LoadMetadataInput{TrackingID: stuckID}); err != nil || got.Steps[0].Outcome != "failed" || got.Agreement[0].Agreement != evidence.NotCompared {
		t.Errorf("%+v, %v", got, err)
	}
	for name, loads := range map[string][]evidence.LoadSource{
		"no source": nil, "a source that fails": {warehouse{err: base.NewError(base.KindUnavailable, nil)}},
	} {
		_, err := evidence.GetLoadMetadata.Call(t.Context(), tool.Set(evidence.Sources{Loads: loads}.Tools()), evidence.LoadMetadataInput{TrackingID: stuckID})
		if _, ok := errors.AsType[*base.Error](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnIncidentIsInvestigatedByATool(t *testing.T) {
	t.Parallel()
	c := shop(120, from(60, faults["an exception that is told"].change))
	recorded := memory{"recorded", c}
	set := tool.Set(evidence.Sources{Logs: recorded, Traces: recorded}.Tools())
	report, err := evidence.InvestigateIncident.Call(t.Context(), set, evidence.IncidentInput{Window: c.Window})
	if err != nil || first(t, report).Service != "stock" {
		t.Errorf("%+v, %v", report, err)
	}
	failing := memory{"recorded", shop(120, from(60, func(v *visit) { v.of(pricesSpan).Failed = true }))}
	before, during := halves()
	in := evidence.TraceAnomaliesInput{Window: during, Baseline: before, Services: []string{"prices"}, MaxAnomalies: 1, Examples: 2}
	anomalies, err := evidence.FindTraceAnomalies.Call(t.Context(), tool.Set(evidence.Sources{Traces: failing}.Tools()), in)
	if err != nil || len(anomalies.Anomalies) != 1 || anomalies.Anomalies[0].Kind != evidence.Failing || len(anomalies.Anomalies[0].Examples) != 2 || anomalies.Left != 1 {
		t.Errorf("%+v, %v", anomalies, err)
	}
	_, err = evidence.InvestigateIncident.Call(t.Context(), tool.Set(evidence.Sources{}.Tools()), evidence.IncidentInput{Window: c.Window})
	if base.KindOf(err) != base.KindInvalid {
		t.Errorf("no source: %v", err)
	}
}
