package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// endpoints are those of the demo: ten clients, and the questions that need several.
var endpoints = []string{"athena", "clickhouse", "company", "confluence", "evidence", "github", "graph", "jira", "redshift", "tracking", "trino"}

func TestEveryReadToolOfEveryEndpointIsListedWithItsSchemas(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	all := list(t, connect(t, p.url))
	counted := 0
	for _, name := range endpoints {
		own := list(t, connect(t, p.url+"/"+name))
		canonical := 0
		for tool, shown := range own {
			input, output := schema(t, shown.InputSchema), schema(t, shown.OutputSchema)
			if input["type"] != "object" || output["type"] != "object" || shown.Description == "" || shown.Annotations == nil || !shown.Annotations.ReadOnlyHint {
				t.Errorf("%s: %+v", tool, shown)
			}
			if all[tool] != nil {
				canonical++
			}
		}
		counted += canonical
		if canonical < 3 || !strings.Contains(p.stdout, p.url+"/"+name+" ") {
			t.Errorf("%s: %d tools, printed as\n%s", name, canonical, p.stdout)
		}
	}
	if counted != len(all) || len(all) < 100 {
		t.Errorf("%d tools at all endpoints, %d at %s", counted, len(all), p.url)
	}
	for _, writes := range []string{"jira_add_comment", "athena_start_query", "athena_stop_query", "trino_cancel_query", "redshift_cancel_query"} {
		if all[writes] != nil {
			t.Errorf("%s is served without -writes", writes)
		}
	}
}

func schema(t *testing.T, s any) map[string]any {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// asked are questions about the incident to each of the endpoints, and what their answers tell.
var asked = map[string]struct{ args, want string }{
	"clickhouse_search_logs":            {`{"window": WHEN, "min_severity": "ERROR", "tracking_id": "482913377"}`, "NullPointerException: stops at StopCheck.check:7"},
	"clickhouse_get_trace":              {`{"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}`, `"services":["carrier-files","load-intake-service"]`},
	"clickhouse_list_metrics":           {`{"window": WHEN}`, "http_server_errors"},
	"redshift_list_load_events":         {`{"window": WHEN, "tracking_id": "482913377"}`, "ASSIGNMENT_FAILED"},
	"redshift_list_carrier_files":       {`{"identifiers": ["LPX20417735"]}`, "assign_0114.csv"},
	"trino_list_locations":              {`{"window": WHEN, "tracking_id": "482913377"}`, "POST /assignments answered 500"},
	"athena_list_callbacks":             {`{"window": WHEN, "tracking_id": "482913377"}`, "LOAD_CREATION"},
	"github_blame_file":                 {`{"repo": "acme/load-intake", "path": "src/com/acme/intake/StopCheck.java", "start_line": 7}`, "Check stops before intake (#1)"},
	"github_get_deploy_timeline":        {`{"repos": ["acme/load-intake"], "from": "FROM", "to": "TO"}`, `"kind":"deployment"`},
	"graph_list_callers":                {`{"symbol": "StopCheck.check"}`, "RecordReader"},
	"jira_parse_issue":                  {`{"issue_key": "OPS-482"}`, "StopCheck.java"},
	"confluence_get_service_docs":       {`{"service_name": "load-intake-service"}`, "load-intake-service runbook"},
	"tracking_get_load":                 {`{"tracking_id": "482913377"}`, "awaiting_tracking_info"},
	"company_check_network":             {`{"shipper_id": "acme-foods", "carrier_id": "demo-lines"}`, "RELATIONSHIP_OK"},
	"evidence_explain_stuck_load":       {`{"tracking_id": "482913377"}`, "load-intake-service complains of load 482913377"},
	"evidence_get_load_metadata":        {`{"tracking_id": "482913377", "compare": true}`, `"agreement":"agrees"`},
	"evidence_investigate_incident":     {`{"window": WHEN}`, `"rank":1,"service":"load-intake-service"`},
	"evidence_search_logs":              {`{"window": {"from": "LONG AGO", "to": "TO"}, "min_severity": "ERROR", "oldest_first": true}`, "load 481200733 got no truck: no stops"},
	"evidence_get_ticket":               {`{"issue_key": "OPS-482"}`, `"value":"482913377"`},
	"evidence_trace_correlation":        {`{"correlation_id": "assign-482913377", "window": WHEN}`, `"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"`},
	"evidence_find_trace_anomalies":     {`{"baseline": {"from": "FROM", "to": "SINCE"}, "window": {"from": "SINCE", "to": "TO"}}`, "load-intake-service"},
	"redshift_list_validation_attempts": {`{"tracking_id": "482913377"}`, "acme-foods"},
}

func TestEverySourceOfTheDemoTellsItsPartOfTheIncident(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	s := connect(t, p.url)
	window := regexpWindow.FindStringSubmatch(p.stderr.String())
	if window == nil {
		t.Fatalf("no window is told: %s", p.stderr)
	}
	if !strings.Contains(p.stderr.String(), "assign-482913377") {
		t.Errorf("no correlation id is told: %s", p.stderr)
	}
	from, err := time.Parse(time.RFC3339, window[1])
	if err != nil {
		t.Fatal(err)
	}
	instants := strings.NewReplacer("WHEN", `{"from": "FROM", "to": "TO"}`)
	values := strings.NewReplacer("FROM", window[1], "TO", window[2],
		"SINCE", from.Add(time.Hour).Format(time.RFC3339), "LONG AGO", from.AddDate(0, 0, -41).Format(time.RFC3339))
	answered := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		answer := call(t, s, name, json.RawMessage(values.Replace(instants.Replace(asked[name].args))))
		if !strings.Contains(answer, asked[name].want) {
			t.Errorf("%s: no %q in %s", name, asked[name].want, answer)
		}
		source, _, _ := strings.Cut(name, "_")
		answered[source] = true
	}
	if got := slices.Sorted(maps.Keys(answered)); !slices.Equal(got, endpoints) {
		t.Errorf("asked %v of %v", got, endpoints)
	}
}

func TestOlderNamesStandOnTheEndpointThatHasHadThem(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	all := list(t, connect(t, p.url))
	s := connect(t, p.url+"/graph")
	own := list(t, s)
	for _, name := range []string{"analyze_logs_with_drain", "get_code_flow", "validate_execution_flow"} {
		if own[name] == nil || all[name] != nil {
			t.Errorf("%s: at its endpoint %v, at %s %v", name, own[name] != nil, p.url, all[name] != nil)
		}
	}
	if answer := call(t, s, "analyze_logs_with_drain", map[string]any{"logs": []string{"load 1 stored", "load 2 stored"}}); !strings.Contains(answer, `"count":2`) {
		t.Error(answer)
	}
}

func TestWritingIsServedToThoseWhoAskForIt(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, "-writes")
	s := connect(t, p.url+"/jira")
	call(t, s, "jira_add_comment", map[string]any{"issue_key": demoKey, "markdown": "found it: **StopCheck**"})
	if answer := call(t, s, "jira_list_comments", map[string]any{"issue_key": demoKey}); !strings.Contains(answer, "found it: **StopCheck**") {
		t.Error(answer)
	}
}

func TestWithoutSessionsTheSameIsServed(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, "-stateless")
	s := connect(t, p.url+"/tracking")
	if got := s.InitializeResult().ProtocolVersion; got != "2026-07-28" || s.ID() != "" {
		t.Errorf("protocol %s, session %q", got, s.ID())
	}
	if answer := call(t, s, "tracking_get_load", map[string]any{"tracking_id": demoLoad}); !strings.Contains(answer, demoNumber) {
		t.Error(answer)
	}
}

func TestAModelIsToldWhatTheDemoIsAbout(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	if text := connect(t, p.url).InitializeResult().Instructions; !strings.Contains(text, "made up") || !strings.Contains(text, demoKey) {
		t.Errorf("%q", text)
	}
}
