package mcp_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/tool"
)

// older are the tools that servers before this one had, and those that their callers asked for: they keep their names and
// parameters. A star marks what must be given; behind the bar stands what this house has added, which nobody has to know.
var older = []struct{ endpoint, call, canonical string }{
	{"clickhouse", "query_logs(service, start_time*, end_time*, severity, contains, limit)", "clickhouse_search_logs"},
	{"clickhouse", "search_by_correlation_id(correlation_id*)", "clickhouse_search_logs"},
	{"clickhouse", "get_service_list()", "clickhouse_list_services"},
	{"clickhouse", "get_log_statistics(service, time_range)", "clickhouse_count_logs"},

	{"graph", "search_code(class_name, method_name, service)", "graph_find_symbols"},
	{"graph", "get_code_flow(entry_point*, depth)", "graph_trace_flow"},
	{"graph", "validate_execution_flow(logs*, expected_flow*)", "graph_validate_flow"},
	{"graph", "analyze_logs_with_drain(logs*, max_patterns)", "evidence_mine_log_lines"},
	{"graph", "query_jira_issue(issue_key*)", "evidence_get_ticket"},
	{"graph", "trace_correlation_id(correlation_id*)", "evidence_trace_correlation"},

	{"jira", "get_issue(issue_key*)", "jira_get_issue"},
	{"jira", "search_issues(jql*)", "jira_search_issues"},
	{"jira", "add_comment(issue_key*, comment*)", "jira_add_comment"},
	{"jira", "get_pull_requests(issue_key*)", "jira_get_pull_requests"},
	{"jira", "convert_issue_key_to_id(issue_key*)", "jira_get_issue_id"},

	{"redshift", "query_redshift(sql*, schema)", "redshift_query_sql"},
	{"redshift", "list_tables(schema)", "redshift_list_tables"},
	{"redshift", "describe_table(table_name*, schema)", "redshift_describe_table"},
	{"redshift", "get_recent_data(table_name*, limit)", "redshift_list_recent_rows"},
	{"redshift", "query(sql*, schema)", "redshift_query_sql"},
	{"redshift", "get_load_metadata(tracking_id*)", "redshift_get_load"},
	{"redshift", "get_company(permalink*)", "redshift_get_company"},
	{"redshift", "get_network_relationships(shipper_id*, carrier_id*)", "redshift_get_relationship"},
	{"redshift", "query_load_files(tracking_id*)", "redshift_list_load_files"},

	{"tracking", "get_load(tracking_id*)", "tracking_get_load"},
	{"tracking", "search_loads(load_number, shipper_id | per_page, cursor)", "tracking_search_loads"},
	{"tracking", "get_load_stops(tracking_id*)", "tracking_get_load_stops"},
	{"tracking", "get_load_timeline(tracking_id*)", "tracking_get_load_timeline"},
	{"tracking", "filter_loads(shipper, carrier, status, date_range | per_page, cursor)", "tracking_filter_loads"},

	{"github", "search_code(query*, repo, language)", "github_search_code"},
	{"github", "get_file_content(repo*, path*, ref)", "github_get_file"},
	{"github", "search_classes(class_name*, repo)", "github_search_classes"},
	{"github", "list_repos(org*)", "github_list_repos"},

	{"trino", "query(sql*, catalog, schema)", "trino_query_sql"},
	{"trino", "query_load_files(tracking_id*, date_range*)", "trino_list_load_files"},
	{"trino", "query_callbacks(tracking_id*, date_range*)", "trino_list_callbacks"},
	{"trino", "query_logs(service, date_range*, severity)", "trino_search_logs"},

	{"athena", "query(sql*, catalog, database)", "athena_query_sql"}, // athena stands in for trino, under its names
	{"athena", "query_load_files(tracking_id*, date_range*)", "athena_list_load_files"},
	{"athena", "query_callbacks(tracking_id*, date_range*)", "athena_list_callbacks"},
	{"athena", "query_logs(service, date_range*, severity)", "athena_search_logs"},

	{"confluence", "search_docs(query*, space)", "confluence_search_docs"},
	{"confluence", "get_page(page_id*)", "confluence_get_page"},
	{"confluence", "get_service_docs(service_name*, category)", "confluence_get_service_docs"},

	{"company", "get_company(company_id*)", "company_get_company"},
	{"company", "get_relationships(company_id*, relationship_type | cursor)", "company_get_relationships"},
	{"company", "check_network(shipper_id*, carrier_id*)", "company_check_network"},
}

// signature takes a call of the table apart; required are the parameters with a star.
func signature(call string) (name string, all, required []string) {
	name, params, _ := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	for p := range strings.FieldsFuncSeq(params, func(r rune) bool { return strings.ContainsRune(", |", r) }) {
		bare, must := strings.CutSuffix(p, "*")
		if must {
			required = append(required, bare)
		}
		all = append(all, bare)
	}
	slices.Sort(all)
	slices.Sort(required)
	return name, all, required
}

// standsFor is the canonical name of an older tool.
func standsFor(endpoint, name string) string {
	for _, one := range older {
		if is, _, _ := signature(one.call); one.endpoint == endpoint && is == name {
			return one.canonical
		}
	}
	return ""
}

func TestOlderNamesOfTheCatalogKeepTheirParameters(t *testing.T) {
	t.Parallel()
	found := map[string]tool.Tool{}
	canonical := map[string]tool.Tool{}
	for _, box := range newHouse(t).boxes {
		for _, one := range olderOf(box) {
			found[box.Name()+" "+one.Name()] = one
		}
		for _, one := range box.Tools() {
			canonical[one.Name()] = one
		}
	}
	for _, want := range older {
		name, all, required := signature(want.call)
		one, ok := found[want.endpoint+" "+name]
		delete(found, want.endpoint+" "+name)
		if !ok {
			t.Errorf("/mcp/%s has no tool %s", want.endpoint, want.call)
			continue
		}
		if diff := cmp.Diff(all, slices.Sorted(maps.Keys(one.InputSchema().Properties))); diff != "" && len(all)+len(one.InputSchema().Properties) > 0 {
			t.Errorf("%s: parameters of %s:\n%s", want.endpoint, want.call, diff)
		}
		if diff := cmp.Diff(required, slices.Sorted(slices.Values(one.InputSchema().Required))); diff != "" {
			t.Errorf("%s: required of %s:\n%s", want.endpoint, want.call, diff)
		}
		for _, problem := range differences(one, canonical[want.canonical]) {
			t.Errorf("%s %s and %s: %s", want.endpoint, name, want.canonical, problem)
		}
	}
	for name := range found {
		t.Errorf("%s is in no row of the table of older tools", name)
	}
}

// differences are what an older name must not differ in from the tool that it stands for.
func differences(older, canonical tool.Tool) []string {
	if canonical == nil {
		return []string{"there is no such tool"}
	}
	var all []string
	if older.ReadOnly() != canonical.ReadOnly() {
		all = append(all, "one of them writes")
	}
	a, errA := json.Marshal(older.OutputSchema())
	b, errB := json.Marshal(canonical.OutputSchema())
	if errA != nil || errB != nil || string(a) != string(b) {
		all = append(all, fmt.Sprintf("the answers are declared in two ways: %s and %s", a, b))
	}
	return all
}
