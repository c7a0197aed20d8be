package fkapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func TestABaseURLWithAWrongPathIsNoMissingLoad(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	server.AddCompany(fkapi.Company{Permalink: "acme"})
	c := server.Config()
	c.TrackingURL, c.CompanyURL = server.URL+"/wrong", server.URL+"/wrong"
	c.Limits.Breaker.Ratio = -1
	trackingClient, err := fkapi.NewTracking(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trackingClient.Close() }()
	companyClient, err := fkapi.NewCompany(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = companyClient.Close() }()
	for name, call := range map[string]func() error{
		"ping of tracking": func() error { return trackingClient.Ping(bounded(t)) },
		"ping of company":  func() error { return companyClient.Ping(bounded(t)) },
		"load":             func() error { _, err := trackingClient.Load(bounded(t), "123456001"); return err },
		"company":          func() error { _, err := companyClient.Company(bounded(t), "acme"); return err },
	} {
		err := call()
		wantKind(t, err, base.KindInvalid)
		if err == nil || !strings.Contains(err.Error(), "check the base URL") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyTheServicesOwnNotFoundIsOne(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Breaker.Ratio = -1 })
	for body, want := range map[string]base.Kind{
		`{"statusCode":404,"message":"load not found"}`:    base.KindNotFound,
		`{"statusCode":404}`:                               base.KindNotFound,
		`{"errors":["no load has this id"]}`:               base.KindNotFound,
		`{}`:                                               base.KindInvalid,
		`{"message":"Not Found"}`:                          base.KindInvalid,
		`{"error":"not_found"}`:                            base.KindInvalid,
		`{"message":"no Route matched with those values"}`: base.KindInvalid,
		`{"statusCode":404,"message":"Cannot GET /api","error":"Not Found"}`: base.KindInvalid,
		`{"status":404,"error":"Not Found","path":"/api"}`:                   base.KindInvalid,
		`<html>404</html>`: base.KindInvalid,
	} {
		server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Status: 404, Body: body})
		_, err := client.Load(bounded(t), "1")
		if base.KindOf(err) != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestNotFoundNamesWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	trackingClient, companyClient := tracking(t, server, nil), company(t, server)
	names := func(err error, parts ...string) {
		t.Helper()
		wantKind(t, err, base.KindNotFound)
		for _, part := range parts {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q is not in: %v", part, err)
			}
		}
	}
	_, err := trackingClient.Load(bounded(t), "4040")
	names(err, "4040")
	_, err = trackingClient.LoadByNumber(bounded(t), "NONE-7", "acme")
	names(err, "NONE-7")
	server.Fail(fault.Error(404, "gone"), 1)
	_, err = trackingClient.Load(bounded(t), "4041")
	names(err, "4041", "gone")
	_, err = companyClient.Company(bounded(t), "Larkspur")
	names(err, `"Larkspur"`, "permalinks are lower case")
	_, err = companyClient.RelationshipsPage(bounded(t), fkapi.RelationshipsOptions{Company: "Larkspur"}, "")
	names(err, `"Larkspur"`, "permalinks are lower case")
	_, err = companyClient.CheckNetwork(bounded(t), "Larkspur", "swift")
	names(err, `"Larkspur"`, "permalinks are lower case")
}

func TestWithoutARelationshipTheReasonSaysWhetherTheCarrierExists(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddCompany(fkapi.Company{Permalink: "larkspur"}, fkapi.Company{Permalink: "ninefold"})
	client := company(t, server)
	reason := func(carrier string) string {
		t.Helper()
		n, err := client.CheckNetwork(bounded(t), "larkspur", carrier)
		if err != nil || n.Verdict != fkapi.NoRelationship {
			t.Errorf("%+v, %v", n, err)
		}
		return n.Reason
	}
	if got := reason("ninefoldd"); !strings.Contains(got, `no company has the permalink "ninefoldd"`) {
		t.Error(got)
	}
	if got := reason("ninefold"); !strings.Contains(got, "carrier exists") {
		t.Error(got)
	}
	server.ReplyTo("/api/v1/companies/ninefold", fkapitest.Reply{Status: 403, Body: `{"message":"no"}`})
	if got := reason("ninefold"); !strings.Contains(got, "could not be looked up") || !strings.Contains(got, "permission") {
		t.Error(got)
	}
}

func TestAnUnknownStatusIsNotedWithTheNearestWord(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 1)
	client := tracking(t, server, nil)
	for status, want := range map[fkapi.LoadStatus]string{
		"deliverd": `the nearest is "delivered"`, "in transit": "none of the words that are known", "Delivered": "", "": "",
	} {
		page, err := client.FilterLoadsPage(bounded(t), fkapi.LoadsFilter{Status: status}, "")
		if err != nil {
			t.Fatal(err)
		}
		var stats base.Stats
		if _, err := base.Collect(client.FilterLoads(base.WithStats(bounded(t), &stats), fkapi.LoadsFilter{Status: status})); err != nil {
			t.Fatal(err)
		}
		for _, notes := range [][]string{page.Stats.Notes, stats.Notes} {
			if noted := slices.ContainsFunc(notes, func(n string) bool { return want != "" && strings.Contains(n, want) }); noted != (want != "") || len(notes) > 1 {
				t.Errorf("%q: %q", status, notes)
			}
		}
	}
}

func TestAnErrorNamesTheMethodThatWasCalled(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Fail(fault.Status(403), -1)
	trackingClient, companyClient := tracking(t, server, nil), company(t, server)
	ops := map[string]func() error{
		"SearchLoadsPage": func() error {
			_, err := trackingClient.SearchLoadsPage(bounded(t), fkapi.SearchOptions{}, "")
			return err
		},
		"FilterLoadsPage": func() error {
			_, err := trackingClient.FilterLoadsPage(bounded(t), fkapi.LoadsFilter{}, "")
			return err
		},
		"RelationshipsPage": func() error {
			_, err := companyClient.RelationshipsPage(bounded(t), fkapi.RelationshipsOptions{Company: "acme"}, "")
			return err
		},
		"SearchLoads": func() error {
			_, err := base.Collect(trackingClient.SearchLoads(bounded(t), fkapi.SearchOptions{}))
			return err
		},
	}
	for name, call := range ops {
		if err := call(); err == nil || !strings.Contains(err.Error(), " "+name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
