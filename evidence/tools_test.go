package evidence_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/evidence"
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
		evidence_explain_stuck_load analyze_logs_with_drain`) {
		if !slices.Contains(names, name) {
			t.Errorf("there is no tool %s", name)
		}
	}
}

func TestEveryToolAnswersAndItsAnswerFitsItsSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	set := tool.Set(slices.Concat(w.sources.Tools(), w.sources.Aliases()))
	text := func(at time.Time) string { return at.Format(time.RFC3339) }
	hours := func(from, to int) string {
		return fmt.Sprintf(`{"from":%q,"to":%q}`, text(noon.Add(time.Duration(from)*time.Hour)), text(noon.Add(time.Duration(to)*time.Hour)))
	}
	for _, call := range []struct{ name, args, has string }{
		{"evidence_find_log_patterns", `{"window":` + hours(0, 1) + `,"min_severity":"warn"}`, `"count":3`},
		{"evidence_diff_log_patterns", `{"before":` + hours(-1, 0) + `,"during":` + hours(0, 1) + `,"services":["assigner"]}`, `"change":"new"`},
		{"evidence_mine_log_lines", `{"logs":["a 1","a 2","b"]}`, `"template":"a \u003cnum\u003e"`},
		{"analyze_logs_with_drain", `{"logs":["a 1","a 2","b"],"max_patterns":1}`, `"left":1`},
		{"evidence_explain_stuck_load", `{"tracking_id":"` + stuckID + `","window":` + hours(-1, 1) + `}`, `"kind":"configuration"`},
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
		{"evidence_explain_stuck_load", `{"tracking_id":"LP20417"}`, "tracking_id"},
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
