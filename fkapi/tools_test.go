package fkapi_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/fkapi"
)

func TestToolsHaveTheirNamesAndPassTheCheck(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	trackingClient, companyClient := tracking(t, server, nil), company(t, server)
	var names []string
	for _, one := range slices.Concat(trackingClient.Tools(), trackingClient.Aliases(), companyClient.Tools(), companyClient.Aliases()) {
		if err := one.Check(); err != nil {
			t.Error(err)
		}
		if !one.ReadOnly() {
			t.Errorf("%s writes", one.Name())
		}
		names = append(names, one.Name())
	}
	if diff := cmp.Diff(strings.Fields(`tracking_get_load tracking_search_loads tracking_get_load_stops tracking_get_load_timeline tracking_filter_loads
		get_load search_loads get_load_stops get_load_timeline filter_loads
		company_get_company company_get_relationships company_check_network get_company get_relationships check_network`), names); diff != "" {
		t.Error(diff)
	}
}

// existing are the tools that served before there was this package, and those that were wanted beside them: their names
// and parameters stay as they are. What is new may be added, and none of it is required.
var existing = map[string]string{
	"get_load": "tracking_id*", "search_loads": "load_number shipper_id", "get_load_stops": "tracking_id*", "get_load_timeline": "tracking_id*",
	"filter_loads": "shipper carrier status date_range",
	"get_company":  "company_id*", "get_relationships": "company_id* relationship_type", "check_network": "shipper_id* carrier_id*",
}

func TestExistingToolsKeepTheirParameters(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	aliases := slices.Concat(tracking(t, server, nil).Aliases(), company(t, server).Aliases())
	for _, one := range aliases {
		schema := one.InputSchema()
		var required []string
		for parameter := range strings.FieldsSeq(existing[one.Name()]) {
			name, must := strings.CutSuffix(parameter, "*")
			if must {
				required = append(required, name)
			}
			if p := schema.Properties[name]; p == nil || p.Type != "string" || p.Description == "" {
				t.Errorf("%s: %s is %+v", one.Name(), name, p)
			}
		}
		if diff := cmp.Diff(required, schema.Required); diff != "" {
			t.Errorf("%s: %s", one.Name(), diff)
		}
	}
	if len(aliases) != len(existing) {
		t.Errorf("%d aliases for %d tools", len(aliases), len(existing))
	}
}

func TestEveryToolAnswersByItsOldNameAndParameters(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 3)
	server.AddCompany(fkapi.Company{Permalink: "acme", Name: "Acme Foods"})
	server.AddRelationship("acme", live("swift"))
	set := tool.Set(slices.Concat(tracking(t, server, nil).Aliases(), company(t, server).Aliases()))
	for _, call := range []struct{ name, args, has string }{
		{"get_load", `{"tracking_id":"123456001"}`, `"loadNumber":"LOAD001"`},
		{"search_loads", `{"load_number":"LOAD002","shipper_id":"acme"}`, `"id":"123456002"`},
		{"get_load_stops", `{"tracking_id":"123456001"}`, `{"stops":[]}`},
		{"get_load_timeline", `{"tracking_id":"123456001"}`, `"event":"created"`},
		{"filter_loads", `{"shipper":"acme","carrier":"swift","status":"Awaiting Tracking Info","date_range":"5d"}`, `"id":"123456003"`},
		{"filter_loads", `{"carrier":"nobody"}`, `"items":[]`},
		{"get_company", `{"company_id":"acme"}`, `"name":"Acme Foods"`},
		{"get_relationships", `{"company_id":"acme","relationship_type":""}`, `"status":"live"`},
		{"check_network", `{"shipper_id":"acme","carrier_id":"swift"}`, `"verdict":"RELATIONSHIP_OK"`},
	} {
		answer, err := set.CallTool(bounded(t), call.name, json.RawMessage(call.args))
		if err != nil || !strings.Contains(string(answer), call.has) {
			t.Errorf("%s %s: %s, %v", call.name, call.args, answer, err)
		}
		fits(t, set, call.name, answer)
	}
	_, err := set.CallTool(t.Context(), "filter_loads", json.RawMessage(`{"date_range":"lately"}`))
	wantKind(t, err, base.KindInvalid)
	if err == nil || !strings.Contains(err.Error(), "date_range") {
		t.Errorf("%v", err)
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

func TestARemoteClientGivesTheSameAnswers(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	server.AddRelationship("acme", live("swift"))
	here, companies := tracking(t, server, nil), company(t, server)
	there := fkapi.Remote("far", tool.Set(slices.Concat(here.Tools(), companies.Tools())))
	want, err := here.Load(bounded(t), "123456001")
	if err != nil {
		t.Fatal(err)
	}
	got, err := there.Load(bounded(t), "123456001")
	if diff := cmp.Diff(want, got); err != nil || diff != "" || there.Name() != "far" {
		t.Error(diff, err)
	}
	n, err := there.CheckNetwork(bounded(t), "acme", "swift")
	if err != nil || n.Verdict != fkapi.RelationshipOK {
		t.Errorf("%+v, %v", n, err)
	}
	_, err = there.Load(bounded(t), "1/2")
	wantKind(t, err, base.KindInvalid)
}
