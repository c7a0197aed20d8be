package fkapi_test

import (
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func TestVerdictsAreGivenInTheirOrder(t *testing.T) {
	t.Parallel()
	no := false
	for name, tc := range map[string]struct {
		have []fkapi.Relationship
		want fkapi.Verdict
	}{
		"none":                {nil, fkapi.NoRelationship},
		"with another":        {[]fkapi.Relationship{live("other")}, fkapi.NoRelationship},
		"nothing is right":    {[]fkapi.Relationship{{Active: &no, Status: "draft", AllowTracking: &no, Target: fkapi.Company{Permalink: "swift"}}}, fkapi.RelationshipInactive},
		"active is missing":   {[]fkapi.Relationship{{Status: "live", AllowTracking: yes(), Target: fkapi.Company{Permalink: "swift"}}}, fkapi.RelationshipInactive},
		"not live":            {[]fkapi.Relationship{{Active: yes(), Status: "pending", Target: fkapi.Company{Permalink: "swift"}}}, fkapi.RelationshipNotLive},
		"tracking is off":     {[]fkapi.Relationship{{Active: yes(), Status: " LIVE", AllowTracking: &no, Target: fkapi.Company{Permalink: "swift"}}}, fkapi.TrackingDisabled},
		"good":                {[]fkapi.Relationship{live("swift")}, fkapi.RelationshipOK},
		"the best of several": {[]fkapi.Relationship{{Active: &no, Target: fkapi.Company{Permalink: "swift"}}, live("swift")}, fkapi.RelationshipOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.AddCompany(fkapi.Company{Permalink: "acme"})
			server.AddRelationship("acme", tc.have...)
			n, err := company(t, server).CheckNetwork(bounded(t), "acme", "swift")
			if err != nil || n.Verdict != tc.want || n.Reason == "" || (n.Relationship == nil) != (tc.want == fkapi.NoRelationship) {
				t.Errorf("%+v, %v", n, err)
			}
		})
	}
}

func TestAnUnknownShipperIsNotAMissingRelationship(t *testing.T) {
	t.Parallel()
	_, err := company(t, newServer(t)).CheckNetwork(bounded(t), "nobody", "swift")
	wantKind(t, err, base.KindNotFound)
}

func TestNoVerdictIsGivenOnHalfAList(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("/api/v1/companies/acme/relationships",
		fkapitest.Reply{Body: `{"relationships":[{"id":1,"targetCompany":{"permalink":"other"}}],"pagination":{"totalPages":2,"count":2}}`},
		fkapitest.Reply{Status: 403})
	n, err := company(t, server).CheckNetwork(bounded(t), "acme", "swift")
	wantKind(t, err, base.KindPermission)
	if n.Verdict != "" {
		t.Errorf("a verdict all the same: %+v", n)
	}
}

func TestCompanyAndRelationshipsKeepWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("/api/v1/companies/acme", fkapitest.Reply{Body: `{"company":{"id":1,"permalink":"acme","name":"Acme Foods","active":null,"tier":3}}`})
	server.ReplyTo("/api/v1/companies/acme/relationships", fkapitest.Reply{Body: `{"relationships":[{"id":12345678901234567890,"active":"true",
		"status":"live","allowTracking":1,"allScacs":["SWFT"],"colour":"red","targetCompany":{"id":5,"permalink":"swift"},
		"superFileConfigurations":[{"id":1,"identifier1":{"key":"pro","type":"regex","regex":"\\d+"},"identifier2":null}]}]}`})
	client := company(t, server)
	all, err := base.Collect(client.Relationships(bounded(t), fkapi.RelationshipsOptions{Company: "acme", Related: "swift"}))
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	r := all[0]
	if r.ID != "12345678901234567890" || string(r.Extras["colour"]) != `"red"` || r.SuperFiles[0].Identifiers[0].Regex != `\d+` || len(r.SuperFiles[0].Identifiers) != 1 {
		t.Errorf("%+v", r)
	}
	if v, reason := fkapi.VerdictOf(&r); v != fkapi.RelationshipOK {
		t.Error(v, reason)
	}
	c, err := client.Company(bounded(t), "acme")
	if err != nil || c.Name != "Acme Foods" || c.Active != nil || string(c.Extras["tier"]) != "3" {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = client.Company(bounded(t), "nobody")
	wantKind(t, err, base.KindNotFound)
	if err := client.Ping(bounded(t)); err != nil {
		t.Errorf("ping: %v", err)
	}
}
